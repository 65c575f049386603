"""A forward beside a backward chunk on two streams: Figure 4 of the report, movable."""

from ...base.errors import InputError
from ...facts import tables
from ...model.config import load_model
from ...training.pipeline.chunk_pair import (
    COMMUNICATION,
    COMMUNICATIONS,
    COMPUTE,
    DURATION,
    ChunkDurations,
    busy,
    critical_path,
    nodes,
    sequential,
    static_share,
)
from ...training.pipeline.overlap import MAX_LAYERS_SEARCHED, best_order, dynamic_share, greedy, in_order
from ...training.pipeline.published import figure_4_widths, trace_durations
from .._define import Choice, Explorer, Metric, Number

ORDERS = {
    "drawn": "as Figure 4 draws it",
    "greedy": "longest path first",
    "best": "the best of all, of one or two layers",
}
SHARES = {
    "static": "set aside all the time",
    "dynamic": "taken only while it runs",
}
DURATIONS = {"trace": "DeepSeek's trace [ms]", "drawn": "widths of Figure 4 [points]"}
#: SMs of an H800, and those that V3 gives to communication
ALL_SMS = tables.lookup("accelerators", "h800-sxm", "num_sms").value
SMS = tables.lookup("v3_report", "training system", "communication_sms").value
#: Kind of an operation -> its name in Figure 4, and what it is.
NAMES = {
    "AF": ("ATTN", "forward"),
    "DF": ("DISPATCH", "forward"),
    "MF": ("MLP", "forward"),
    "CF": ("COMBINE", "forward"),
    "CB": ("COMBINE", "backward for inputs"),
    "MB": ("MLP", "backward for inputs"),
    "MW": ("MLP", "backward for weights"),
    "DB": ("DISPATCH", "backward for inputs"),
    "AB": ("ATTN", "backward for inputs"),
    "AW": ("ATTN", "backward for weights"),
    "PF": ("PP", "pipeline"),
    "PB": ("PP", "pipeline"),
}
#: Controls that stretch durations -> kinds of operations.
STRETCHED = {"attention": ("AF", "AB", "AW"), "mlp": ("MF", "MB", "MW"), "dispatch": ("DF", "CB"), "combine": ("CF", "DB")}


def chosen_durations(durations: str, communication: float, **stretches: float) -> ChunkDurations:
    """Published durations, stretched."""
    published, unit = (trace_durations(load_model("deepseek-v3")), 1000) if durations == "trace" else (figure_4_widths(), 1)
    factors = dict.fromkeys(DURATION, 1.0)
    for name, factor in stretches.items():
        factors |= dict.fromkeys(STRETCHED[name], factor)
    for kind in COMMUNICATIONS:
        factors[kind] *= communication
    return ChunkDurations(*(value / unit * factors[kind] for kind, value in zip(DURATION, published, strict=True)))


def with_all_sms(durations: ChunkDurations, saturating: int) -> ChunkDurations:
    """Durations of a GPU that has all SMs for whatever runs: published are those with V3's SMs set aside all the time."""
    slower = static_share(ChunkDurations(*[1.0] * len(durations)), SMS / ALL_SMS, saturating / ALL_SMS)
    return ChunkDurations(*(time / factor for time, factor in zip(durations, slower, strict=True)))


def compute(durations, order, layers, communication, attention, mlp, dispatch, combine, shares, sms, saturating):
    published = chosen_durations(durations, communication, attention=attention, mlp=mlp, dispatch=dispatch, combine=combine)
    whole, part = with_all_sms(published, saturating), (sms / ALL_SMS, saturating / ALL_SMS)
    chosen, dynamic = static_share(whole, *part), shares == "dynamic"
    if dynamic and order != "drawn":
        raise InputError("SMs that are taken only while communication runs are known for the order of Figure 4 alone")
    if dynamic:
        found, best, barriers = dynamic_share(whole, layers, *part), None, None
        chosen = ChunkDurations(*(one[kind in COMMUNICATIONS] for kind, *one in zip(DURATION, whole, chosen, strict=True)))
    else:
        drawn = in_order(chosen, layers)
        found = drawn if order == "drawn" else {"greedy": greedy, "best": best_order}[order](chosen, layers)
        best = best_order(chosen, layers).makespan if layers <= MAX_LAYERS_SEARCHED else None
        barriers = in_order(chosen, layers, barriers=True).makespan - drawn.makespan
    works, alone = busy(chosen, layers), sequential(whole, layers)
    waits = found.makespan - sum(end - start for start, end in _compute_times(found, layers))
    metrics = {
        "makespan": found.makespan,
        "waits": max(waits, 0.0) if waits > 1e-9 * found.makespan else 0.0,
        "gain": None if best is None else 1 - best / drawn.makespan,
        "hidden": 1 - max(waits, 0.0) / works[COMMUNICATION],
        "saved": 1 - found.makespan / alone,
        "ratio": works[COMMUNICATION] / works[COMPUTE],
        "critical_path": critical_path(chosen, layers),
        "best": best,
        "barriers": barriers,
        "alone": alone,
    }
    return metrics, rows_of(found, layers)


def _compute_times(found, layers: int) -> list:
    return [found.times[node.name] for node in nodes(layers) if node.stream != COMMUNICATION]


def rows_of(found, layers: int) -> list:
    """An operation a row, those that take no time left out."""
    rows = []
    for node in nodes(layers):
        start, end = found.times[node.name]
        name, kind = NAMES[node.kind]
        if end > start:
            layer = "" if node.kind in ("PF", "PB") else str(node.layer + 1)
            row = {"operation": name, "kind": kind, "layer": layer, "stream": node.stream}
            rows.append(row | {"start": _short(start), "end": _short(end), "time": _short(end - start)})
    return rows


def _short(number: float) -> float:
    return float(f"{number:.6g}")


def _stretch(key: str, label: str) -> Number:
    return Number(key, label, 1.0, 0.25, 4.0, 0.25, "times")


EXPLORER = Explorer(
    name="chunk-overlap",
    title="One forward beside one backward chunk",
    description="Two lines over time, computation above and communication below. Forward is orange, backward for inputs "
    "green, backward for weights blue, pipeline sends purple. White in the upper line is time in which computation waits.",
    lead=("durations", "order", "layers", "communication", "shares", "sms"),
    headline=("makespan", "waits", "hidden"),
    controls=(
        Choice("durations", "Durations", "trace", tuple(DURATIONS.items())),
        Choice("order", "Order", "drawn", tuple(ORDERS.items())),
        Number("layers", "Layers of a chunk", 2, 1, 4, 1),
        Number("communication", "Communication lasts", 1.0, 0.2, 4.0, 0.2, "times"),
        Choice("shares", "SMs of communication are", "static", tuple(SHARES.items())),
        Number("sms", "SMs of communication", SMS, 4, 64, 4, "SMs"),
        Number("saturating", "Enough to fill the network", SMS, 4, 64, 4, "SMs"),
        _stretch("attention", "Attention lasts"),
        _stretch("mlp", "MLP lasts"),
        _stretch("dispatch", "Dispatch lasts"),
        _stretch("combine", "Combine lasts"),
    ),
    metrics={
        "makespan": Metric("Both chunks take"),
        "waits": Metric("Computation waits"),
        "gain": Metric("Another order is shorter by", "%", 1),
        "hidden": Metric("Communication that is hidden", "%", 1),
        "saved": Metric("Shorter than one after the other by", "%", 1),
        "ratio": Metric("Communication, of computation", "%", 1),
        "critical_path": Metric("Longest path"),
        "best": Metric("The best of all orders"),
        "barriers": Metric("The two barriers cost"),
        "alone": Metric("One after the other, with all SMs"),
    },
    columns={
        "operation": Metric("Operation"),
        "kind": Metric("Pass"),
        "layer": Metric("Layer"),
        "stream": Metric("Stream"),
        "start": Metric("Start"),
        "end": Metric("End"),
        "time": Metric("Takes"),
    },
    compute=compute,
)
