"""Prefill by operator: the report's unit and the one that went online, beside what was published."""

from ...base.errors import InputError
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...model.config import load_model
from ...serving.step_time import Running, StepTime, prefill_time
from ...serving.throughput import expert_parallel
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number
from .decode_pareto import GPUS_OF_NODE, REDUNDANT
from .hidden_communication import ACCELERATORS

MODEL = "deepseek-v3"
REPORT, ONLINE = 4, 1  # GPUs that share attention
#: Parts of a step -> what they are called here, in the order of the bars.
PARTS = {
    "projections": "projections",
    "attention": "attention",
    "all_reduce": "sums over TP",
    "dense_feed_forward": "dense, shared",
    "experts": "experts",
    "dispatch": "dispatch",
    "combine": "combine",
}
#: Parts that sequence parallelism would leave to one of the GPUs that share attention.
SMALL = ("small_kernels", "router")
OTHER, PUBLISHED = "other", "published"
#: Subject and quantity of data/serving.csv -> name.
MEASURED = {
    ("DeepSeek profile on H800", "prefill"): "DeepSeek, trace",
    ("DeepSeek V3/R1 online service", "prefill_throughput_per_node"): "DeepSeek, a day, hits too",
    ("SGLang 96x H100 DeepSeek-V3", "deepseek_blog_prefill_excl._cache_hits"): "DeepSeek, a day, no hits",
    ("SGLang 96x H100 DeepSeek-V3", "prefill_1k"): "SGLang, 1K, H100",
    ("SGLang 96x H100 DeepSeek-V3", "prefill_4k"): "SGLang, 4K, H100",
    ("SGLang 96x H100 DeepSeek-V3", "prefill_4k_perfect_eplb_simulated"): "SGLang, 4K, balanced",
    ("CloudMatrix-Infer DeepSeek-R1 on Ascend 910C", "prefill"): "CloudMatrix, 910C",
}


def published_rates() -> list:
    """(name, tokens/s of a node of eight, fact) of each published measurement."""
    known = [(name, tables.lookup("serving", *key)) for key, name in MEASURED.items()]
    return [(name, fact.value * (1 if fact.unit.endswith("node") else GPUS_OF_NODE), fact) for name, fact in known]


def step_of(gpu: str, tp: int, ep: int, prompt: int, tokens: int, cached: float, skew: float, two: bool) -> StepTime:
    """One step of prefill in which a GPU reads so many `tokens` of prompts, of which a share is `cached`."""
    config = load_model(MODEL)
    (layout,) = expert_parallel(config, (ep,), tp, REDUNDANT)
    known = round(prompt * cached)
    batch = tp * tokens // (prompt - known)
    if batch < 2:
        raise InputError(f"tokens of a GPU must fill two micro-batches; found {tokens} for prompts of {prompt}")
    running = Running(two_micro_batches=two, skew=skew)
    return prefill_time(config, load_accelerator(gpu), layout, batch, prompt - known, known, running)


def compute(gpu, prompt, tokens, ep, cached, skew):
    steps = {
        (tp, two): step_of(gpu, tp, ep, prompt, tokens, cached / 100, skew, two)
        for tp in (REPORT, ONLINE)
        for two in (False, True)
    }
    node = {key: step.tokens_per_s_per_gpu * GPUS_OF_NODE for key, step in steps.items()}
    best, report = steps[ONLINE, True], steps[REPORT, True]
    metrics = {
        "node": node[ONLINE, True],
        "report": node[REPORT, True],
        "gain": node[ONLINE, True] / node[ONLINE, False],
        "low": node[ONLINE, True] * best.step_s / best.high_s,
        "high": node[ONLINE, True] * best.step_s / best.low_s,
        "with_hits": node[ONLINE, True] / (1 - cached / 100),
        "sums": report.components.get("all_reduce", 0.0) / report.step_s,
        "sequence": (1 - 1 / REPORT) * sum(report.components.get(part, 0.0) for part in SMALL) / report.step_s,
        "exposed": (best.components.get("dispatch", 0.0) + best.components.get("combine", 0.0)) / best.step_s,
    }
    rows = []
    for (tp, two), step in steps.items():
        name = f"{'TP4 ' if tp == REPORT else ''}DP{ep // tp}, {'two micro-batches' if two else 'all at once'}"
        rows += _rows_of(name, step, node[tp, two])
    for name, rate, _ in published_rates():
        rows.append(_row(name, PUBLISHED, GPUS_OF_NODE / rate, rate, True))
    return metrics, rows


def _rows_of(name: str, step: StepTime, rate: float) -> list:
    """A part of a bar a row: time of a GPU for a token."""
    each = GPUS_OF_NODE / rate / step.step_s
    parts = {words: step.components.get(part, 0.0) * each for part, words in PARTS.items()}
    parts[OTHER] = GPUS_OF_NODE / rate - sum(parts.values())
    used = [words for words, value in parts.items() if value > 0]
    return [_row(name, words, parts[words], rate, words == used[-1]) for words in used]


def _row(name, part, seconds, rate, last) -> dict:
    return {
        "unit": name,
        "part": part,
        "time": float(f"{seconds * 1e6:.5g}"),
        "rate": float(f"{rate:.5g}"),
        "label": f"{rate / 1000:.1f} K" if last else None,
    }


EXPLORER = Explorer(
    name="prefill-operators",
    title="A prompt token of DeepSeek-V3, by operator",
    description="Bars, one for each layout and below them one for each published measurement: the time that a GPU spends on "
    "one token, stacked by operator for ours. Behind each bar stand the tokens that a node of eight reads in a second.",
    lead=("gpu", "prompt", "tokens", "ep", "skew", "cached"),
    headline=("node", "report", "gain"),
    controls=(
        some_accelerators(ACCELERATORS),
        Number("prompt", "Tokens of a prompt", 4096, 512, 32_768, 512, "tokens", "powers"),
        Number("tokens", "Tokens of a GPU in a step", 16_384, 4096, 65_536, 512, "tokens", "powers"),
        Choice("ep", "GPUs that share the experts", 32, tuple((size, str(size)) for size in (16, 32, 64))),
        Number("skew", "Fullest GPU over the mean", 1.0, 1.0, 2.0, 0.1, "times"),
        Number("cached", "Of a prompt in the cache already", 0, 0, 90, 10, "%"),
    ),
    metrics={
        "node": Metric("A node, DP attention", "tokens/s", 3),
        "report": Metric("A node, TP4", "tokens/s", 3),
        "gain": Metric("By two halves", "x", 3),
        "low": Metric("At least, eight in ten", "tokens/s", 3),
        "high": Metric("At most", "tokens/s", 3),
        "with_hits": Metric("With what the cache saves", "tokens/s", 3),
        "sums": Metric("Sums over TP4, of its step", "%", 1),
        "sequence": Metric("SP would spare the step", "%", 1),
        "exposed": Metric("Communication not hidden, of a step", "%", 1),
    },
    columns={
        "unit": Metric("Unit"),
        "part": Metric("Part"),
        "time": Metric("Time of a GPU for a token", "us", 4),
        "rate": Metric("A node", "tokens/s", 4),
    },
    compute=compute,
    says=("unit", "part", "time", "rate"),
)
