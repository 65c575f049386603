"""What each way to free memory of a GPU takes for it: computing again, or sending to the CPU."""

from ...facts import tables
from ...hardware.host_reduce import fire_flyer_host
from ...model.catalog import counted_config
from ...model.flops import TRAINING_PASSES, model_flops_per_token
from ...training.activation_policy import ActivationPolicy
from ...training.cpu_average import Links, layout_average
from ...training.layout import Layout
from ...training.memory import Batch, memory
from ...training.recompute import recompute_trades
from .._choices import accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice
from .._define import Choice, Explorer, Metric, Number
from .model_states import SCHEDULES

AGAIN, WHOLE, SENT, ALL = "computed again", "again, by FLOPs alone", "to the CPU, beside the step", "V3's list"
NAMES = {"norm": "norms", "mla-up": "MLA up", "swiglu": "SwiGLU"}
LIST, LAYERS, SHARD, COPY = "all three", "whole layers", "average, in shards", "average, undivided"
CACHES = {"bf16": "in BF16", "fp8": "in FP8 and E5M6"}
DTYPES = {"bf16": "bfloat16", "fp8": "fp8_block"}
PCIE = (16, 32, 64, 128, 450)
RECIPE = "deepseek-v3"


def reached_share() -> float:
    """Of a PCIe port's nominal bandwidth, what a GPU reaches to its CPU's memory: a ratio, from a port of PCIe 4.0."""
    return fire_flyer_host().pcie / tables.lookup("accelerators", "a100-pcie", "scale_up_bandwidth").to("bytes/s")


def compute(model, cache, seq_len, micro_batches, step_s, pcie, schedule, pp, ep, dp, accelerator, accelerator_numbers):
    config = counted_config(model)
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    layout, batch = Layout(pp=pp, ep=ep, dp=dp, schedule=schedule), Batch(1, seq_len)
    policy = ActivationPolicy((), cache)
    dtype = DTYPES[cache] if gpu.peak_dense_fp8_flops_per_s else DTYPES["bf16"]
    trades = recompute_trades(config, gpu, layout, RECIPE, micro_batches, batch, policy, dtype)
    rows = [
        _row(NAMES[one.name], AGAIN, one.freed_bytes, one.time_s, step_s, one.low_s, one.high_s, one.flops_per_token)
        for one in trades
    ]
    freed, flops = (sum(getattr(one, name) for one in trades) for name in ("freed_bytes", "flops_per_token"))
    time_s, low_s, high_s = (sum(getattr(one, name) for one in trades) for name in ("time_s", "low_s", "high_s"))
    rows.append(_row(LIST, ALL, freed, time_s, step_s, low_s, high_s, flops))
    middle = pp // 2
    kept = [memory(config, layout, RECIPE, batch, ActivationPolicy(how, cache)).ranks[middle] for how in ((), ("full",))]
    layers = kept[0].activations - kept[1].activations
    forward = model_flops_per_token(config, seq_len)
    # at the rate of the rest of the step; an estimate without an interval
    rows.append(_row(LAYERS, WHOLE, layers, step_s / TRAINING_PASSES, step_s, None, None, forward))
    reached = pcie * 1e9 * reached_share()
    links = Links(reached, fire_flyer_host().memory, hbm=gpu.memory_bandwidth_bytes_per_s)
    averages = {}
    for name, sharded in ((SHARD, True), (COPY, False)):
        one = averages[name] = layout_average(config, layout, RECIPE, links, sharded)
        # at best the port gives what it has and the host keeps up; at worst the host begins when all has come
        ends = one.sent_bytes / (pcie * 1e9), one.copy_s + one.host_s
        rows.append(_row(name, SENT, one.freed_bytes, one.done_s, step_s, *ends, 0, one.sent_bytes))
    shard = averages[SHARD]
    metrics = {
        "freed": freed,
        "time": time_s,
        "share": time_s / step_s,
        "share_low": low_s / step_s,
        "share_high": high_s / step_s,
        "flops_share": flops / (TRAINING_PASSES * forward),
        "layers_freed": layers,
        "layers_time": step_s / TRAINING_PASSES,
        "average_freed": shard.freed_bytes,
        "average_copy": shard.copy_s,
        "average_host": shard.host_s,
        "average_hidden": "yes" if shard.hidden(step_s) else "no",
        "copy_freed": averages[COPY].freed_bytes,
        "copy_time": averages[COPY].done_s,
        "copy_hidden": "yes" if averages[COPY].hidden(step_s) else "no",
        "on_gpu": shard.on_gpu_s,
    }
    return metrics, rows


def _row(name, kind, freed, time_s, step_s, low_s, high_s, flops, sent=None) -> dict:
    return {
        "name": name,
        "kind": kind,
        "freed": freed,
        "time": time_s,
        "low": low_s,
        "high": high_s,
        "share": time_s / step_s,
        "rate": freed / time_s if time_s else None,
        "flops": flops,
        "sent": sent,
        "step": step_s,
    }


EXPLORER = Explorer(
    name="memory-for-time",
    title="Memory that is freed, and the time it takes",
    description="A point for each way to free memory of a GPU: the higher, the more it frees, the further right, the longer "
    "it takes in a step, both on logarithmic scales. Bars are intervals. Two of them compute nothing again: they send to "
    "the CPU beside the step. A line stands where a step ends.",
    lead=("model", "cache", "seq_len", "micro_batches", "step_s", "pcie"),
    headline=("freed", "share", "average_hidden"),
    controls=(
        model_choice(),
        Choice("cache", "Activations kept", "fp8", tuple(CACHES.items())),
        Number("seq_len", "Sequence", 4096, 1024, 32768, 1024, "tokens", "powers"),
        Number("micro_batches", "Micro-batches of a pipeline", 120, 8, 512, 8, "", "log"),
        Number("step_s", "A step takes", 19.926, 1.0, 100.0, 0.001, "s", "log"),
        Choice("pcie", "GPU to CPU, nominal", 64, tuple((one, f"{one} GB/s") for one in PCIE)),
        Choice("schedule", "Pipeline schedule", "dualpipe", tuple(SCHEDULES.items())),
        Number("pp", "Pipeline parallel", 16, 1, 32, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 256, 1, "GPUs", "powers"),
        Number("dp", "Data parallel", 128, 1, 1024, 1, "replicas", "powers"),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "freed": Metric("V3's list frees", "bytes", 3),
        "time": Metric("It takes", "s", 3),
        "share": Metric("Of the step it takes", "%", 1),
        "share_low": Metric("at least", "%", 1),
        "share_high": Metric("at most", "%", 1),
        "flops_share": Metric("It adds to the model's FLOPs", "%", 1),
        "layers_freed": Metric("Whole layers free", "bytes", 3),
        "layers_time": Metric("for", "s", 2),
        "average_freed": Metric("An average in shards frees", "bytes", 3),
        "average_copy": Metric("Its copy takes", "s", 4),
        "average_host": Metric("the host's memory", "s", 4),
        "average_hidden": Metric("An average in shards is hidden"),
        "copy_freed": Metric("An undivided average frees", "bytes", 3),
        "copy_time": Metric("and takes", "s", 2),
        "copy_hidden": Metric("It is hidden"),
        "on_gpu": Metric("In shards, in the GPU's own memory", "s", 5),
    },
    columns={
        "name": Metric("What"),
        "kind": Metric("How"),
        "freed": Metric("Frees", "bytes", 3),
        "time": Metric("Takes in a step", "s", 4),
        "low": Metric("at least", "s", 4),
        "high": Metric("at most", "s", 4),
        "share": Metric("Of the step", "%", 2),
        "flops": Metric("FLOPs of a token", "FLOPs", 3),
        "sent": Metric("Over PCIe", "bytes", 3),
    },
    says=("name", "kind", "freed", "time", "low", "high", "share"),
    compute=compute,
)
