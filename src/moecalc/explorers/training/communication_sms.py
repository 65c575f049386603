"""What SMs that move data take from computing, and what a co-processor would give back."""

from ...facts import tables
from ...hardware.all_to_all.sms import best_step, bytes_per_s_of_sm, measured_kernels, overlapped_step, reached_bytes_per_s
from ...hardware.all_to_all.traffic import Wire, bus_bandwidth, wire_bytes
from .._define import Choice, Explorer, Metric, Number

V1, V2 = "v1", "v2"
KERNELS = {V1: "DeepEP V1, as measured on H100", V2: "DeepEP V2, as published"}
V2_SUBJECT, V2_NODES = "DeepEP V2 SM90 EP 8x4", 4
REACHED, COMPUTING, THROUGHPUT = "links", "computing", "throughput"
NAMES = {
    "dispatch": "dispatch",
    "combine": "combine",
    COMPUTING: "computing alone",
    THROUGHPUT: "with communication beside it",
}
MEASURED = {"dispatch": "dispatch, measured", "combine": "combine, measured"}
CHOSEN, BEST = "chosen", "best"
#: SMs at which the lines are drawn: the first ones one by one, since links fill up there.
MOST_OF_LINKS = 32


def of_one_sm(kernels: str) -> Wire:
    """What one SM moves in dispatch and in combine [bytes/s]."""
    if kernels == V1:
        return bytes_per_s_of_sm()
    known = tables.by_subject("serving")[V2_SUBJECT]
    sms = known["sms"].value
    return Wire(*(bus_bandwidth(known[f"{name}_bw"].to("bytes/s"), V2_NODES) / sms for name in Wire._fields))


def compute(num_sms, ratio, kernels, gb_per_s, total):
    of_one, link = of_one_sm(kernels), gb_per_s * 1e9
    # what moves in one second over full links; its dispatch and combine are those of one token
    one = wire_bytes(7168)
    sent = one.times(link / (one.dispatch + one.combine))
    how = total, ratio, sent, of_one, link
    chosen, best = overlapped_step(num_sms, *how), best_step(*how)
    rows = []
    for number in range(0, min(MOST_OF_LINKS, total) + 1, 2):
        for name in Wire._fields:
            rate = reached_bytes_per_s(number, getattr(of_one, name), link)
            rows.append({"panel": REACHED, "what": NAMES[name], "num_sms": number, "gb_per_s": rate / 1e9, "share": None})
    if kernels == V1:
        for kernel in measured_kernels():
            rows.append(
                {
                    "panel": REACHED,
                    "what": MEASURED[kernel.direction],
                    "num_sms": kernel.num_sms,
                    "gb_per_s": kernel.bytes_per_s / 1e9,
                    "share": None,
                }
            )
    numbers = sorted({*range(0, min(24, total), 2), *range(24, total, 12), total, num_sms, best.num_sms})
    ideal = max(ratio, 1.0)
    for number in numbers:
        step = overlapped_step(number, *how)
        alone = min(1.0, ideal * (total - number) / total / ratio)
        for what, share in ((COMPUTING, alone), (THROUGHPUT, step.share_of_ideal)):
            rows.append({"panel": THROUGHPUT, "what": NAMES[what], "num_sms": number, "gb_per_s": None, "share": share})
    for what, step in ((BEST, best), (CHOSEN, chosen)):
        row = {"panel": THROUGHPUT, "what": what, "num_sms": step.num_sms, "gb_per_s": None, "share": step.share_of_ideal}
        rows.append(row)
    bandwidth = [reached_bytes_per_s(num_sms, one, link) / 1e9 for one in of_one]
    metrics = {
        "share": chosen.share_of_ideal,
        "gain": 1 / chosen.share_of_ideal - 1 if chosen.share_of_ideal else None,
        "best": best.num_sms,
        "best_share": best.share_of_ideal,
        "computing": total - num_sms,
        "given": num_sms / total,
        "dispatch_gb_per_s": bandwidth[0],
        "combine_gb_per_s": bandwidth[1],
        "bound_by": None if chosen.step_s is None else "computing" if chosen.step_s == chosen.compute_s else "communication",
    }
    return metrics, rows


EXPLORER = Explorer(
    name="communication-sms",
    title="SMs given to communication",
    description="Two panels against the number of SMs that move data: the bandwidth that they reach, which rises with each "
    "SM until the link is full, with measured points; and the throughput of a layer, which rises while communication is "
    "the longer and then falls as computing loses SMs.",
    headline=("share", "best", "gain"),
    controls=(
        Number("num_sms", "SMs for communication", 20, 0, 132, 1, "SMs"),
        Number("ratio", "Computing over communication", 1.0, 0.25, 4.0, 0.25),
        Choice("kernels", "Kernels", V1, tuple(KERNELS.items())),
        Number("gb_per_s", "Network card, arriving", 40, 20, 100, 5, "GB/s"),
        Number("total", "SMs of the GPU", 132, 16, 264, 4, "SMs"),
    ),
    metrics={
        "share": Metric("Throughput, of a co-processor's", "%", 1),
        "gain": Metric("A co-processor would add", "%", 1),
        "best": Metric("Best number of SMs", "SMs"),
        "best_share": Metric("Throughput there", "%", 1),
        "computing": Metric("SMs left for computing", "SMs"),
        "given": Metric("SMs given away", "%", 1),
        "dispatch_gb_per_s": Metric("Dispatch reaches", "GB/s", 3),
        "combine_gb_per_s": Metric("Combine reaches", "GB/s", 3),
        "bound_by": Metric("Bound by"),
    },
    columns={
        "what": Metric("What"),
        "num_sms": Metric("SMs for communication", "SMs"),
        "gb_per_s": Metric("Bandwidth", "GB/s", 3),
        "share": Metric("Throughput, of a co-processor's", "%", 1),
    },
    picks={"num_sms": "num_sms"},
    compute=compute,
)
