"""DeepEP's published bandwidths and latencies beside what full links would give."""

from functools import lru_cache

from ...facts import tables
from ...hardware.all_to_all.gate import Placement, gate_of
from ...hardware.all_to_all.plan import reach, tokens_chosen
from ...hardware.all_to_all.scores import Scores
from ...hardware.all_to_all.traffic import Wire, bus_bandwidth, copies_per_token, direct_bytes, transfer, wire_bytes
from ...model.config import load_model
from .._define import Choice, Explorer, Metric, Number

NORMAL, LOW_LATENCY = "normal", "low-latency"
KERNELS = {NORMAL: "normal, for training and prefill", LOW_LATENCY: "low latency, for decoding"}
COUNTED = {"published": "copies to the own node too, as published", "card": "what crosses the network card"}
GROUPS = (16, 32, 64, 128, 256)
LOW_LATENCY_GROUPS = (8, *GROUPS)
NUM_SAMPLES = 800
TOKENS = {NORMAL: 4096, LOW_LATENCY: 128}
WIDTH = 7168

#: Names of lines: what would fill which network.
OUT_FULL, UP_FULL = "network cards full", "NVLink full"
ROOF = {"dispatch": "least time, dispatch", "combine": "least time, combine"}
FINAL, INITIAL, APRIL, V2 = "final V1, June 2025", "first V1, February 2025", "V1, April 2025", "V2, April 2026"
#: Version -> subject in data/serving.csv of the normal kernels.
NORMAL_SUBJECTS = {
    INITIAL: "DeepEP V1 normal kernels (initial)",
    APRIL: "DeepEP V1 normal kernels (April 2025)",
    FINAL: "DeepEP V1 normal kernels",
}
V2_SUBJECTS = {16: "DeepEP V2 SM90 EP 8x2", 32: "DeepEP V2 SM90 EP 8x4"}
VERSIONS = {NORMAL: (INITIAL, APRIL, FINAL, V2), LOW_LATENCY: (INITIAL, FINAL)}


def published_bandwidths() -> list:
    """(version, direction, EP, GB/s) of the normal kernels between nodes."""
    known, found = tables.by_subject("serving"), []
    for version, subject in NORMAL_SUBJECTS.items():
        for ep in GROUPS:
            for direction in Wire._fields:
                if fact := known[subject].get(f"{direction}_ep{ep}"):
                    found.append((version, direction, ep, fact.to("GB/s")))
    for ep, subject in V2_SUBJECTS.items():
        found += [(V2, direction, ep, known[subject][f"{direction}_bw"].to("GB/s")) for direction in Wire._fields]
    return found


def published_latencies() -> list:
    """(version, direction, EP, us) of the low-latency kernels."""
    known, found = tables.by_subject("serving"), []
    for version, ending in ((INITIAL, " (initial)"), (FINAL, "")):
        for ep in LOW_LATENCY_GROUPS:
            facts = known.get(f"DeepEP V1 low-latency EP{ep}{ending}", {})
            for direction in Wire._fields:
                if fact := facts.get(f"{direction}_latency"):
                    found.append((version, direction, ep, fact.to("us")))
    return found


@lru_cache
def spread_over(ep: int) -> tuple:
    """Nodes, GPUs and experts of a token of DeepSeek-V3, in the mean."""
    where = reach(gate_of(load_model("deepseek-v3")), Placement(ep), Scores(), drawn())
    return where.nodes.mean, where.gpus.mean, where.num_experts


@lru_cache
def drawn() -> list:
    """The simulated tokens."""
    return tokens_chosen(gate_of(load_model("deepseek-v3")), Scores(), NUM_SAMPLES)


def normal_rows(out_gb_per_s, up_gb_per_s, counted) -> list:
    """What would be published if one network were full all the time, and what was."""
    wire, rows = wire_bytes(WIDTH), []

    def row(what, ep, handed, gb_per_s, direction=""):
        shown = gb_per_s if counted == "published" else bus_bandwidth(gb_per_s * 1e9, ep // 8) / 1e9
        us = TOKENS[NORMAL] * handed * getattr(wire, direction or "dispatch") / gb_per_s / 1e3
        return {"what": what, "direction": direction, "ep": ep, "gb_per_s": shown, "us": us if direction else None}

    handed = {}
    for ep in GROUPS:
        placement = Placement(ep)
        nodes, gpus, experts = spread_over(ep)
        copies = copies_per_token(nodes, gpus, experts, placement)
        handed[ep] = nodes
        rows.append(row(OUT_FULL, ep, handed[ep], out_gb_per_s * handed[ep] / copies.scale_out))
        rows.append(row(UP_FULL, ep, handed[ep], up_gb_per_s * handed[ep] / copies.scale_up))
    rows += [row(version, ep, handed[ep], rate, direction) for version, direction, ep, rate in published_bandwidths()]
    return rows


def low_latency_rows(out_gb_per_s, up_gb_per_s) -> list:
    """The least time in which a copy for each expert arrives, and what was published."""
    sent, rows = direct_bytes(TOKENS[LOW_LATENCY], 8, WIDTH), []
    for ep in LOW_LATENCY_GROUPS:
        placement = Placement(ep)
        nodes = placement.num_nodes
        for direction in Wire._fields:
            size = getattr(sent, direction)
            inside = size / nodes * (1 - 1 / placement.gpus_on_node)
            times = transfer(1, size * (1 - 1 / nodes), inside, out_gb_per_s * 1e9, up_gb_per_s * 1e9)
            us = times.longer_s * 1e6
            rows.append({"what": ROOF[direction], "direction": direction, "ep": ep, "us": us, "gb_per_s": size / us / 1e3})
    for version, direction, ep, us in published_latencies():
        rate = getattr(sent, direction) / us / 1e3
        rows.append({"what": version, "direction": direction, "ep": ep, "us": us, "gb_per_s": rate})
    return rows


def compute(kernels, ep, counted, out_gb_per_s, up_gb_per_s):
    if kernels == NORMAL:
        rows, lines = normal_rows(out_gb_per_s, up_gb_per_s, counted), (OUT_FULL, UP_FULL)
    else:
        rows, lines = low_latency_rows(out_gb_per_s, up_gb_per_s), (ROOF["dispatch"],)
    at = {row["what"]: row for row in rows if row["ep"] == ep and row["direction"] in ("", "dispatch")}
    first_full = min((at[name] for name in lines if name in at), key=lambda row: row["gb_per_s"], default=None)
    published = next((at[name] for name in (FINAL, INITIAL) if name in at), None)
    both = first_full and published
    metrics = {
        "reached": published["gb_per_s"] / first_full["gb_per_s"] if both else None,
        "published": published and published["gb_per_s"],
        "ours": first_full and first_full["gb_per_s"],
        "published_us": published and published["us"],
        "least_us": published["us"] * published["gb_per_s"] / first_full["gb_per_s"] if both else None,
        "over_card": _over_card(published, counted, ep) if kernels == NORMAL else None,
        "version": published and published["what"],
        "bound_by": first_full and first_full["what"],
    }
    return metrics, rows


def _over_card(published, counted, ep):
    if published is None:
        return None
    rate = published["gb_per_s"]
    return rate if counted == "card" else bus_bandwidth(rate * 1e9, ep // 8) / 1e9


EXPLORER = Explorer(
    name="deepep",
    title="DeepEP's published figures under what the links allow",
    description="Against the size of the expert-parallel group: two lines for what a kernel would reach if network cards "
    "or NVLink were always full, and points for the figures that DeepEP published, by date. For the low-latency kernels "
    "the lines are the least times, and points lie above them.",
    headline=("reached", "published", "ours"),
    controls=(
        Choice("kernels", "Kernels", NORMAL, tuple(KERNELS.items())),
        Choice("ep", "Expert parallel", 32, tuple((ep, f"{ep} GPUs") for ep in LOW_LATENCY_GROUPS)),
        Choice("counted", "Counted", "published", tuple(COUNTED.items())),
        Number("out_gb_per_s", "Network card", 50, 20, 100, 5, "GB/s"),
        Number("up_gb_per_s", "NVLink, one direction", 160, 40, 450, 10, "GB/s"),
    ),
    metrics={
        "reached": Metric("Published, of links full", "%", 0),
        "published": Metric("Dispatch, published", "GB/s", 3),
        "ours": Metric("Dispatch, links full", "GB/s", 3),
        "published_us": Metric("Time, published", "us", 4),
        "least_us": Metric("Least time", "us", 4),
        "over_card": Metric("Published, over the card", "GB/s", 3),
        "version": Metric("Version"),
        "bound_by": Metric("Line that binds"),
    },
    columns={
        "what": Metric("What"),
        "ep": Metric("GPUs", "GPUs"),
        "direction": Metric("Direction"),
        "gb_per_s": Metric("Bandwidth", "GB/s", 3),
        "us": Metric("Time", "us", 3),
    },
    compute=compute,
)
