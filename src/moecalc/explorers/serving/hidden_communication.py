"""Two micro-batches on one GPU as bars over time: what of dispatch and combine is hidden."""

from ...base.errors import InputError
from ...hardware.accelerator import load_accelerator
from ...hardware.collectives.normal import USUAL_SMS
from ...model.config import load_model
from ...serving.half_batches import ENOUGH_SMS, gain, half_times, layer_times
from ...serving.layout import ServingLayout
from ...serving.micro_batches import (
    DECODE,
    ORDERS,
    PREFILL,
    REPORT,
    LayerTimes,
    steady_layer_s,
    timeline,
)
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number

MODEL = "deepseek-v3"
#: Accelerators whose nodes are joined by a network, or by NVLink over all.
ACCELERATORS = ("h800-sxm", "h100-sxm", "h200-sxm", "h20", "b200-sxm", "gb200-nvl72")
#: GPUs of the units whose traces DeepSeek published.
UNITS = {PREFILL: ServingLayout(dp=32, ep=32, redundant_experts=32), DECODE: ServingLayout(dp=128, ep=128)}
CONTEXT = 4096
#: What tables of the page go through.
COMMUNICATION_SMS, SEQUENCES = (4, 8, 12, 16, 20, 24, 40), (2, 16, 64, 128, 256, 512)
#: Layers that are run, the one that is drawn first, and how many are drawn.
RUN, FIRST, DRAWN = 12, 6, 2
#: Operation -> words on its bar.
NAMES = {
    "projections": "Q, K, V",
    "attention": "attention",
    "dispatch": "dispatch",
    "shared": "shared",
    "experts": "experts",
    "combine": "combine",
}
LANES = {"compute": "compute", "experts": "its other SMs", "communication": "network"}
HALVES = ("micro-batch A", "micro-batch B")


def unit_of(order: str) -> ServingLayout:
    """The published unit that runs an order."""
    return UNITS[PREFILL if order == PREFILL else DECODE]


def compute(order, communication, prompts, sequences, sms, gpu, context, enough):
    config, chip, unit = load_model(MODEL), load_accelerator(gpu), unit_of(order)
    batch = prompts if order == PREFILL else sequences
    if order == PREFILL and prompts * context > 131_072:
        raise InputError(f"prompts must have at most 131,072 tokens together; found {prompts} of {context:,}")
    half = _stretched(half_times(config, chip, unit, order, batch, context, sms, enough), communication)
    alone = layer_times(config, chip, unit, PREFILL if order == PREFILL else DECODE, batch, context)
    alone = _stretched(alone, communication)
    layer = steady_layer_s(half, order)
    long, longer = (timeline(half, order, layers) for layers in (RUN, 2 * RUN))
    exposed = (longer.exposed_s - long.exposed_s) / RUN
    exposed = exposed if exposed > 1e-9 * layer else 0.0
    metrics = {
        "layer": layer * 1e3,
        "exposed": exposed / layer,
        "gain": gain(half, order, alone),
        "hidden": max(0.0, 1 - exposed / (2 * half.communication)),
        "ratio": half.communication / half.compute,
        "alone": sum(alone) * 1e3,
        "slower": 2 * half.compute / (alone.compute) - 1,
    }
    return metrics, rows_of(long, layer)


def _stretched(times: LayerTimes, factor: float) -> LayerTimes:
    return times._replace(dispatch=times.dispatch * factor, combine=times.combine * factor)


def rows_of(found, layer_s: float) -> list:
    """What runs while some layers pass, far from the first: an operation a row, cut off at both ends."""
    begin = min(event.start_s for event in found.events if event.layer == FIRST)
    end, rows = begin + DRAWN * layer_s, []
    for event in found.events:
        start, stop = max(event.start_s, begin), min(event.end_s, end)
        if stop - start > 1e-9 * layer_s:
            row = {
                "operation": NAMES[event.operation],
                "half": HALVES[event.half],
                "lane": LANES[event.stream],
                "layer": event.layer - FIRST + 1,
            }
            row |= {"start": _ms(start - begin), "end": _ms(stop - begin)}
            rows.append(row | {"time": _ms(event.end_s - event.start_s)})
    return rows


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 4)


EXPLORER = Explorer(
    name="hidden-communication",
    title="Two micro-batches on one GPU of DeepSeek-V3",
    description="Bars over time on two lines, computing and the network, while two layers pass. Micro-batch A is orange, "
    "B blue. Where the upper line is white nothing computes. With the report's order of decoding a third line "
    "holds what runs on the SMs that attention leaves.",
    lead=("order", "communication", "sequences", "prompts", "sms", "gpu"),
    headline=("layer", "exposed", "gain"),
    controls=(
        Choice("order", "Step", PREFILL, tuple((key, ORDERS[key]) for key in (PREFILL, DECODE, REPORT))),
        Number("communication", "Dispatch and combine last", 1.0, 0.25, 4.0, 0.25, "times"),
        Number("prompts", "Prompts of a GPU in prefill", 4, 2, 16, 2, "prompts"),
        Number("sequences", "Sequences of a GPU in decode", 128, 2, 1024, 2, "sequences", "powers"),
        Number("sms", "SMs for communication", USUAL_SMS, 4, 60, 4, "SMs"),
        some_accelerators(ACCELERATORS),
        Number("context", "Tokens of each", CONTEXT, 512, 32_768, 512, "tokens", "powers"),
        Number("enough", "SMs enough to read weights", ENOUGH_SMS, 8, 128, 8, "SMs"),
    ),
    metrics={
        "layer": Metric("A layer takes both", "ms", 3),
        "exposed": Metric("Of it nothing computes", "%", 1),
        "gain": Metric("Faster than all at once", "x", 3),
        "hidden": Metric("Communication that is hidden", "%", 1),
        "ratio": Metric("Communication, of computing", "%", 1),
        "alone": Metric("All at once, one after the other", "ms", 3),
        "slower": Metric("Computing takes longer in halves by", "%", 1),
    },
    columns={
        "operation": Metric("Operation"),
        "half": Metric("Of"),
        "lane": Metric("On"),
        "layer": Metric("Layer"),
        "start": Metric("Start", "ms", 4),
        "end": Metric("End", "ms", 4),
        "time": Metric("Takes", "ms", 4),
    },
    compute=compute,
)
