"""Training against use: what a model's answers have taken since its release, beside what it took to make it."""

from ...economics.cost import HOURS_PER_DAY, training_gpu_hours
from ...economics.estimated import estimated_service, usual_layout
from ...economics.service_account import deepseek_day
from ...economics.tokens import gpu_seconds
from ...hardware.accelerator import load_accelerator
from ...industry.lifetime import Answer, answer_flops, break_even_days, pretraining_flops, used_after
from ...industry.reasoning import GPU, pretraining_utilisation, r1_gpu_hours, r1_ways
from ...model.config import load_model
from ...model.flops import training_flops_per_token
from ...serving.disaggregation import Requests
from ...serving.step_time import Running
from .._define import Choice, Explorer, Metric, Number

MODELS = {
    "deepseek-v3": "DeepSeek-V3 or R1",
    "deepseek-v3.2": "DeepSeek-V3.2",
    "kimi-k2": "Kimi K2",
    "qwen3-235b-a22b": "Qwen3 235B",
    "gpt-oss-120b": "gpt-oss-120b",
    "llama-3.1-8b": "Llama 3.1 8B",
}
FLOPS, HOURS = "flops", "hours"
MEASURES = {FLOPS: "FLOPs of the model", HOURS: "hours of an H800"}
AXES = {FLOPS: "FLOPs since release", HOURS: "GPU-hours since release"}
USE, TRAINED, RL, EVEN = "answers", "pre-training", "RL, as for R1", "even"
PUBLISHED = "published by DeepSeek, a day repeated"
SEQ_LEN = 4096
#: GPUs of a prefill and of a decode unit, and what a user gets, where hours are estimated.
PREFILL_GPUS, DECODE_GPUS, SPEED, RENT = 32, 144, 20, 2
#: Days at which a line is drawn.
DAYS = (1, 2, 4, 7, 12, 20, 30, 45, 65, 95, 140, 200, 270, 365, 530, 760, 1100, 1600, 2400, 3650)
#: How far a line reaches below and above what pre-training takes.
LEAST, MOST = 1 / 1500, 50
DAYS_OF_MONTH, DAYS_OF_YEAR = 365.25 / 12, 365
#: DeepSeek's day of February 2025, as answers of a thousand tokens.
INPUT_TOKENS, CACHE_HIT = 3619, 56.25
DIGITS = 4


def of_answer(config, model: str, measure: str, answer: Answer) -> tuple:
    """(what one answer takes, if steps are fast, if they are slow) in FLOPs or GPU-hours."""
    if measure == FLOPS:
        return (answer_flops(config, answer).flops,) * 3
    chip = load_accelerator(GPU)
    requests = Requests(1, answer.input_tokens, answer.output_tokens, answer.cache_hit)
    layouts = usual_layout(config, PREFILL_GPUS), usual_layout(config, DECODE_GPUS)
    found = estimated_service(config, chip, RENT, requests, *layouts, SPEED, Running(two_micro_batches=True))
    return tuple(sum(gpu_seconds(one)) / 3600 for one in (found.service, found.fast, found.slow))


def training_of(config, measure: str, tokens: float, mfu: float) -> tuple:
    """(pre-training, the least that RL took, the most) in FLOPs or GPU-hours."""
    if measure == FLOPS:
        ways = r1_ways()
        return pretraining_flops(config, tokens, SEQ_LEN), ways[0].flops, ways[-1].flops
    peak = load_accelerator(GPU).needed("peak_dense_bf16_flops_per_s")
    hours = training_gpu_hours(training_flops_per_token(config, SEQ_LEN), tokens, peak, mfu)
    return hours, r1_gpu_hours(), r1_gpu_hours()


def compute(measure, users, answers, output, growth, tokens, model, input_tokens, cache_hit, mfu):
    config = load_model(model)
    each, fast, slow = of_answer(config, model, measure, Answer(input_tokens, output, cache_hit / 100))
    trained, rl_low, rl_high = training_of(config, measure, tokens * 1e12, mfu / 100)
    per_day = users * 1e6 * answers
    daily = (1 + growth / 100) ** (1 / DAYS_OF_MONTH)
    day, soon, late = (break_even_days(trained, per_day * one, daily) for one in (each, slow, fast))
    year = used_after(DAYS_OF_YEAR, per_day * each, daily)
    rl = [break_even_days(one, per_day * each, daily) for one in (rl_low, rl_high)]
    metrics = {
        "days": day,
        "training_share": trained / (trained + year),
        "tokens_per_day": per_day * (input_tokens + output),
        "soonest": soon if measure == HOURS else None,
        "latest": late if measure == HOURS else None,
        "rl_low": rl[0],
        "rl_high": rl[1],
        "users_of_a_year": trained / (each * answers) / used_after(DAYS_OF_YEAR, 1, daily) / 1e6,
    }
    metrics |= {"pretraining": f"{trained:.3g} {'FLOPs' if measure == FLOPS else 'GPU-hours'}"}
    ends = DAYS[0], DAYS[-1]
    rows = [{"line": TRAINED, "axis": AXES[measure], "day": n, "amount": trained} for n in ends]
    days = drawn(per_day * each, daily, trained)
    use = [{"line": USE, "day": n, "amount": used_after(n, per_day * each, daily)} for n in days]
    if use:
        use[len(use) // 4]["named"] = "yes"
    if measure == HOURS:
        for row in use:
            row |= {end: row["amount"] / each * one for end, one in (("low", fast), ("high", slow))}
    told_once = rl_low if rl_low == rl_high else None
    rows += [{"line": RL, "day": n, "amount": told_once, "low": rl_low, "high": rl_high} for n in ends]
    rows += use
    if measure == HOURS:
        told = deepseek_day()
        hours = told.nodes * told.gpus_per_node * HOURS_PER_DAY
        days = drawn(hours, 1, trained)
        whole = [{"line": PUBLISHED, "day": n, "amount": hours * n, "named": "yes"} for n in days]
        rows += [whole[0], {**whole[-1], "named": "no"}] if whole else []
    if day and ends[0] <= day <= ends[1]:
        rows.append({"line": EVEN, "day": day, "amount": trained})
    for row in rows:
        row |= {key: float(f"{row[key]:.{DIGITS}g}") for key in ("day", "amount", "low", "high") if row.get(key)}
        row |= {key: None for key in ("low", "high") if key not in row}
    return metrics, rows


def drawn(per_day: float, daily: float, trained: float) -> list:
    """Days at which a line of use is drawn: as long as it is within the picture, which stands around pre-training."""
    edges = [break_even_days(times * trained, per_day, daily) for times in (LEAST, MOST)]
    first, last = max(DAYS[0], edges[0]), min(DAYS[-1], edges[1])
    return [first, *(day for day in DAYS if first < day < last), last] if first < last else []


EXPLORER = Explorer(
    name="lifetime-compute",
    title="When answers have taken more than training",
    description="Two logarithmic axes: days since release, and what was spent. A rising line is what all answers together "
    "have taken, with its interval where hours are estimated. A level line is pre-training, a level band reinforcement "
    "learning like R1's, between what sources say. A dot marks the day on which answers have taken as much as pre-training.",
    lead=("measure", "users", "answers", "output", "growth", "tokens"),
    headline=("days", "training_share", "tokens_per_day"),
    controls=(
        Choice("measure", "Counted in", FLOPS, tuple(MEASURES.items())),
        Number("users", "Users a day", 16.8, 0.01, 1000.0, 0.01, "M", "log"),
        Number("answers", "Answers for each of them", 10, 1, 100, 1, "", "log"),
        Number("output", "Tokens written for an answer", 1000, 64, 65_536, 1, "tokens", "powers"),
        Number("growth", "Use grows in a month by", 0, 0, 40, 5, "%"),
        Number("tokens", "Tokens of pre-training", 14.8, 1.0, 60.0, 0.1, "T tokens", "log"),
        Choice("model", "Model", "deepseek-v3", tuple(MODELS.items())),
        Number("input_tokens", "Tokens read for an answer", INPUT_TOKENS, 64, 65_536, 1, "tokens", "powers"),
        Number("cache_hit", "Input found in the cache", CACHE_HIT, 0.0, 95.0, 5.0, "%"),
        Number("mfu", "MFU of pre-training, for hours", round(100 * pretraining_utilisation(), 1), 10.0, 60.0, 5.0, "%"),
    ),
    metrics={
        "days": Metric("Answers have taken as much after", "days", 3),
        "training_share": Metric("Pre-training, of all after a year", "%", 0),
        "tokens_per_day": Metric("Read and written a day", "tokens", 3),
        "soonest": Metric("in hours, if serving is slow, after", "days", 3),
        "latest": Metric("if it is fast, after", "days", 3),
        "rl_low": Metric("RL alone is overtaken after, at least", "days", 2),
        "rl_high": Metric("at most", "days", 2),
        "users_of_a_year": Metric("Users with whom it takes a year", "M", 3),
        "pretraining": Metric("Pre-training takes"),
    },
    columns={
        "line": Metric("What"),
        "day": Metric("Days", "", 4),
        "amount": Metric("Spent", "", 4),
        "low": Metric("at least", "", 4),
        "high": Metric("at most", "", 4),
    },
    compute=compute,
    says=("line", "day", "amount", "low", "high"),
)
