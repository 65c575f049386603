"""One forward beside one backward chunk: kernels of two streams, predicted, and measured in DeepSeek's trace."""

from itertools import accumulate

from ...base.units import show
from ...hardware.accelerator import load_accelerator
from ...model.catalog import counted_config
from ...training.layout import Layout
from ...training.published_step import trace_communication, trace_kernels
from ...training.step import RUNNING
from ...training.timing.interval import interval
from ...training.trace_pair import Pair, chunk_pair
from .._choices import accelerator_numbers, chosen_accelerator
from .._define import Choice, Explorer, Metric, Number
from ._step import networked_accelerators

COMPUTE, COMMUNICATION = STREAMS = "compute", "communication"
PREDICTED, MEASURED = "predicted", "measured"
#: Kinds of kernels by stream, in the order drawn: name -> (fields of a :class:`Pair`, kinds of the trace).
KINDS = {
    COMPUTE: {
        "products": (("products",), ("products_forward_and_input", "products_router")),
        "experts": (("experts",), ("experts_forward_and_input",)),
        "weight gradients": (("weights",), ("products_weight",)),
        "casts": (("casts",), ("casts",)),
        "attention": (("attention",), ("attention_forward", "attention_backward")),
        "norms, moves": (("elementwise",), ("norms", "swiglu", "permutation", "rotary", "moves", "elementwise")),
        "waits for the host": (("host",), ()),
    },
    COMMUNICATION: {
        "dispatch": (("dispatch", "combine_backward"), ("dispatch_forward", "combine_backward")),
        "combine": (("combine", "dispatch_backward"), ("combine",)),
        "casts": ((), ("around",)),
        "waits for others": ((), ("waits",)),
    },
}
DEFAULTS = {"accelerator": "h800-sxm", "layers": 4, "seq_len": 4096, "ep": 64, "products": "fp8", "sms": RUNNING.sms}


def kinds(pair: Pair | None) -> dict:
    """Stream -> kind of kernel -> time [s]; of the trace where there is no pair."""
    if pair is None:
        trace = {COMPUTE: trace_kernels(), COMMUNICATION: trace_communication()}
        return {
            stream: {name: sum(trace[stream][one] for one in found) for name, (_, found) in own.items()}
            for stream, own in KINDS.items()
        }
    return {
        stream: {name: sum(getattr(pair, one) for one in fields) for name, (fields, _) in own.items()}
        for stream, own in KINDS.items()
    }


def measured_and_predicted() -> dict:
    """Whose -> stream -> kind of kernel -> time [s], of V3's own pair."""
    pair = chunk_pair(counted_config("deepseek-v3"), load_accelerator("h800-sxm"))
    return {PREDICTED: kinds(pair), MEASURED: kinds(None)}


def compute(accelerator, layers, seq_len, ep, products, sms, accelerator_numbers):
    chosen = {"accelerator": accelerator, "layers": layers, "seq_len": seq_len, "ep": ep, "products": products, "sms": sms}
    gpu, config = chosen_accelerator(accelerator, accelerator_numbers), counted_config("deepseek-v3")
    fp8 = products == "fp8" and bool(gpu.peak_dense_fp8_flops_per_s)
    pair = chunk_pair(config, gpu, layers, seq_len, ep, fp8, RUNNING._replace(sms=sms))
    by_whom = {PREDICTED: kinds(pair)}
    if chosen == DEFAULTS:
        by_whom[MEASURED] = kinds(None)
    was = {stream: sum(by_whom[MEASURED][stream].values()) for stream in STREAMS} if MEASURED in by_whom else {}
    low, high, _ = interval(gpu, Layout(ep=ep), True)
    metrics = {
        "time_s": 1000 * pair.time_s,
        "compute": 1000 * pair.compute,
        "communication": 1000 * pair.communication,
        "interval": f"{show(1000 * low * pair.time_s, 'ms', 3)} to {show(1000 * high * pair.time_s, 'ms', 3)}",
        "measured": 1000 * was[COMPUTE] if was else None,
        "error": pair.compute / was[COMPUTE] - 1 if was else None,
        "hidden": 1 - max(0.0, pair.time_s - pair.compute) / pair.communication if pair.communication else None,
        "ratio": pair.communication / pair.compute,
        "format": "FP8" if fp8 else "BF16",
    }
    rows = []
    for stream in STREAMS:
        for who, found in by_whom.items():
            times = found[stream]
            for (name, time_s), end in zip(times.items(), accumulate(times.values()), strict=True):
                if time_s:
                    row = {"bar": f"{stream}, {who}", "kind": name, "ms": _ms(time_s), "start": _ms(end - time_s)}
                    rows.append(row | {"end": _ms(end), "pair": _ms(pair.time_s)})
    return metrics, rows


def _ms(time_s: float) -> float:
    return float(f"{1000 * time_s:.6g}")


EXPLORER = Explorer(
    name="trace-pair",
    title="One forward beside one backward chunk, by kind of kernel",
    description="Bars of stacked times, one for each of the two streams: kernels that compute, and kernels that send. At "
    "V3's own numbers a second bar below each has the sums of DeepSeek's published trace. A line is where the pair ends.",
    lead=("layers", "seq_len", "ep", "products", "sms", "accelerator"),
    headline=("time_s", "compute", "communication"),
    controls=(
        networked_accelerators(),
        Number("layers", "Layers of a chunk", 4, 1, 8, 1),
        Number("seq_len", "Sequence", 4096, 1024, 32768, 1024, "tokens", "powers"),
        Number("ep", "Expert parallel", 64, 8, 256, 8, "GPUs", "powers"),
        Choice("products", "Products", "fp8", (("fp8", "in FP8, where the GPU has it"), ("bf16", "in BF16"))),
        Number("sms", "SMs of communication", RUNNING.sms, 4, 64, 4, "SMs"),
        accelerator_numbers(),
    ),
    metrics={
        "time_s": Metric("The pair takes", "ms", 4),
        "compute": Metric("Computing", "ms", 4),
        "communication": Metric("Sending", "ms", 4),
        "interval": Metric("Expected between, as steps like it"),
        "measured": Metric("Computing, in the trace", "ms", 4),
        "error": Metric("Off by", "%", 1),
        "hidden": Metric("Sending that is hidden", "%", 0),
        "ratio": Metric("Sending, of computing", "%", 0),
        "format": Metric("Products run in"),
    },
    columns={
        "bar": Metric("Stream"),
        "kind": Metric("Kernels"),
        "ms": Metric("Time", "ms", 3),
        "start": Metric("from", "ms", 3),
        "end": Metric("to", "ms", 3),
    },
    says=("kind", "ms", "bar"),
    compute=compute,
)
