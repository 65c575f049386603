"""Decode: output of a GPU against the speed of an answer, by batch and by how many GPUs share the experts."""

from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...model.config import load_model
from ...serving.served_types import served_types
from ...serving.step_time import Running, decode_time
from ...serving.throughput import Point, expert_parallel, sweep
from ...serving.tpot_bound import TOKENS, tokens_per_expert, tpot_bound
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number
from .hidden_communication import ACCELERATORS

MODEL = "deepseek-v3"
SIZES = (32, 72, 128, 144, 320)
#: Sequences of a data parallel group for each of its GPUs.
BATCHES = (2, 4, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256, 320, 384, 512)
#: Redundant experts of the units that are published, at least.
REDUNDANT = 32
PLAIN, DRAFTS = "without drafts", "with MTP"
PUBLISHED, FAST = "published", "CloudMatrix, fast"
GPUS_OF_NODE = 8
#: Its last word is the batch of a GPU.
SGLANG = "decode_2k_batch_256"


def published_points() -> list:
    """(name, lowest and highest tokens/s of a user, tokens/s of a GPU) of each published deployment of V3 or R1."""
    known = tables.by_subject("serving")
    online, profile = known["DeepSeek V3/R1 online service"], known["DeepSeek profile on H800"]
    sglang, cloud = known["SGLang 96x H100 DeepSeek-V3"], known["CloudMatrix-Infer DeepSeek-R1 on Ascend 910C"]
    of_node, of_sglang = (one.value / GPUS_OF_NODE for one in (online["decode_throughput_per_node"], sglang[SGLANG]))
    slow, fast = (1 / cloud[name].to("s") for name in ("decode_tpot", "decode_within_15_ms_tpot"))
    traced, of_batch = 1 / profile["decode_tpot"].to("s"), of_sglang / int(SGLANG.split("_")[-1])
    return [
        ("service, EP144", *online["output_speed_per_user"].range_to("tokens/s"), of_node),
        ("profile, EP128", traced, traced, profile["decode"].value),
        ("SGLang, EP72", of_batch, of_batch, of_sglang),
        ("CloudMatrix", slow, slow, cloud["decode"].value),
        (FAST, fast, fast, cloud["decode_within_15_ms"].value),
    ]


def points_of(gpu: str, tp: int, context: int, cache: str, acceptance: float | None, sizes=SIZES) -> dict:
    """EP -> points of each batch whose caches fit; `acceptance` is None without drafts."""
    config, chip = load_model(MODEL), load_accelerator(gpu)
    running = Running(
        types=served_types(config, chip, cache=cache), two_micro_batches=True, acceptance=acceptance
    )
    found = {}
    for layout in expert_parallel(config, [size for size in sizes if size % tp == 0], tp, REDUNDANT):
        all_of_it = sweep(config, chip, [layout], [tp * batch for batch in BATCHES], context, running)
        found[layout.ep] = [point for point in all_of_it if point.fits]
    return found


def at_speed(points: dict, speed: float) -> Point | None:
    """The point with most output of a GPU among those in which an answer has so many tokens/s; None where none has."""
    fast = [one for of_size in points.values() for one in of_size if one.tokens_per_s_per_user >= speed]
    return max(fast, key=lambda one: one.tokens_per_s_per_gpu, default=None)


def compute(gpu, tp, context, cache, acceptance, speed):
    config, chip = load_model(MODEL), load_accelerator(gpu)
    plain, drafted = (points_of(gpu, tp, context, cache, one) for one in (None, acceptance / 100))
    best, with_drafts = at_speed(plain, speed), at_speed(drafted, speed)
    link = chip.needed("scale_up_bandwidth_bytes_per_s" if _one_network(chip) else "scale_out_bandwidth_bytes_per_s")
    bound = tpot_bound(config, link)
    found = interval(config, chip, best, context, cache) if best else (None, None)
    half = best and -(-best.batch // (2 * tp))
    metrics = {
        "output": best and best.tokens_per_s_per_gpu,
        "output_mtp": with_drafts and with_drafts.tokens_per_s_per_gpu,
        "fastest": max((one.tokens_per_s_per_user for size in drafted.values() for one in size), default=None),
        "low": found[0],
        "high": found[1],
        "ep": best and best.layout.ep,
        "batch": best and best.batch / tp,
        "expert": best and tokens_per_expert(config, half, best.layout.ep, best.layout.redundant_experts).mean,
        "fastest_plain": max((one.tokens_per_s_per_user for size in plain.values() for one in size), default=None),
        "bound": bound.tokens_per_s,
    }
    rows = [
        _row(f"EP{ep}", drafts, one.tokens_per_s_per_user, one.tokens_per_s_per_gpu, one.batch / tp)
        for drafts, points in ((PLAIN, plain), (DRAFTS, drafted))
        for ep, of_size in points.items()
        for one in of_size
    ]
    rows += [_row(name, PUBLISHED, low, output, None, high) for name, low, high, output in published_points()]
    return metrics, rows


def interval(config, chip, best: Point, context: int, cache: str) -> tuple:
    """Tokens/s of a GPU at both ends of the step's interval."""
    running = Running(types=served_types(config, chip, cache=cache), two_micro_batches=True)
    step = decode_time(config, chip, best.layout, best.batch, context, running)
    return tuple(step.tokens_per_s_per_gpu * step.step_s / end for end in (step.high_s, step.low_s))


def _one_network(chip) -> bool:
    """Whether more GPUs than a node's are joined by the scale-up network."""
    return (chip.scale_up_domain_gpus or GPUS_OF_NODE) > GPUS_OF_NODE


def _row(line, drafts, user, output, batch, high=None) -> dict:
    return {
        "line": line,
        "drafts": drafts,
        "user": float(f"{user:.5g}"),
        "high": float(f"{high or user:.5g}"),
        "output": float(f"{output:.5g}"),
        "batch": batch,
    }


EXPLORER = Explorer(
    name="decode-pareto",
    title="DeepSeek-V3 in decode: many users, or fast ones",
    description="Curves that fall from left to right: output of a GPU against the speed of one answer. A curve is a number "
    "of GPUs that share the experts, a point on it a batch. Drawn-out curves use MTP, dashed ones do not. "
    "Diamonds are published deployments.",
    lead=("gpu", "speed", "acceptance", "context", "tp", "cache"),
    headline=("output", "output_mtp", "fastest"),
    controls=(
        some_accelerators(ACCELERATORS),
        Number("speed", "An answer gets at least", 20, 5, 80, 5, "tokens/s"),
        Number("acceptance", "Drafted tokens accepted", 85, 50, 100, 5, "%"),
        Number("context", "Tokens cached by each", 4096, 512, 65_536, 512, "tokens", "powers"),
        Choice("tp", "Attention", 1, ((1, "each GPU its own sequences"), (4, "four GPUs share, TP4"))),
        Choice("cache", "Cache", "bfloat16", (("bfloat16", "BF16"), ("fp8", "FP8"))),
    ),
    metrics={
        "output": Metric("Output of a GPU", "tokens/s", 3),
        "output_mtp": Metric("With MTP", "tokens/s", 3),
        "fastest": Metric("The fastest answer", "tokens/s", 3),
        "low": Metric("Output at least, eight in ten", "tokens/s", 3),
        "high": Metric("Output at most", "tokens/s", 3),
        "ep": Metric("GPUs that share the experts"),
        "batch": Metric("Sequences of a GPU"),
        "expert": Metric("Tokens of an expert in a micro-batch", "", 3),
        "fastest_plain": Metric("The fastest answer without MTP", "tokens/s", 3),
        "bound": Metric(f"Bound by dispatch and combine of {TOKENS} tokens", "tokens/s", 3),
    },
    columns={
        "line": Metric("Of"),
        "drafts": Metric("Drafts"),
        "user": Metric("An answer", "tokens/s", 3),
        "output": Metric("A GPU", "tokens/s", 4),
        "batch": Metric("Sequences of a GPU"),
    },
    compute=compute,
    says=("line", "drafts", "user", "output", "batch"),
)
