"""What was published of reasoning models, in ``data/reasoning.csv``: tokens and scores of answers, and what RL took.

Sources disagree on the compute of R1's reinforcement learning, so that it leaves as a spread.
"""

from typing import NamedTuple

from ..facts import tables
from ..hardware.accelerator import load_accelerator
from ..model.config import load_model
from ..model.flops import training_flops_per_token
from ..training.mfu import model_flops_utilisation
from .lifetime import flops_of_hours, rl_flops_of_steps

TABLE, SCORE, RATING = "reasoning", "score", "rating"
#: The accelerator of R1's and V3's published hours.
GPU = "h800-sxm"
#: Runs of Table 7 of R1's paper, as quoted: subject, quantity.
R1_HOURS = (("R1-Zero", "rl_gpu_hours"), ("R1", "sft_data_gpu_hours"), ("R1", "rl_gpu_hours"))


class Scored(NamedTuple):
    """A model on a benchmark: what its answers take, and how good they are."""

    name: str
    benchmark: str
    model: str  #: its file in data/models, or "" where its layers are not known
    output_tokens: float  #: of an answer, on average
    score: float  #: in percent, or a rating
    note: str


class Sampled(NamedTuple):
    """The same model with more samples of each task."""

    name: str
    benchmark: str
    num_samples: float
    tokens_per_task: float
    score: float


class Way(NamedTuple):
    """One way to tell how much a run took."""

    name: str
    flops: float


def _facts() -> dict:
    """(benchmark, subject) -> quantity -> fact, and the model of each."""
    found = {}
    for row, fact in zip(tables.rows(TABLE), tables.facts(TABLE), strict=True):
        known = found.setdefault((row["benchmark"], row["subject"]), ({}, row["model"]))
        known[0].setdefault(fact.quantity, fact)
    return found


def benchmarks() -> list:
    """Benchmarks of which both tokens of an answer and scores are known, in the order of the table.

    >>> benchmarks()[:2]
    ['AIME 2025', 'HMMT Feb 2025']
    """
    return list(dict.fromkeys(key[0] for key, (known, _) in _facts().items() if "output_tokens" in known))


def scored_answers(benchmark: str) -> list:
    """Every :class:`Scored` of a benchmark, in the order of the table.

    >>> found = scored_answers("AIME 2025")[3]
    >>> found.name, found.output_tokens, found.score
    ('V3.2 thinking', 16000, 93.1)
    """
    found = []
    for (name, subject), (known, model) in _facts().items():
        if name == benchmark and "output_tokens" in known:
            tokens, score = known["output_tokens"], known.get(SCORE) or known[RATING]
            found.append(Scored(subject, name, model, tokens.to("tokens"), score.value, tokens.note))
    return found


def sampled_answers() -> list:
    """A :class:`Sampled` for each number of samples of o3-preview: what was published are totals over all tasks.

    >>> round(sampled_answers()[0].tokens_per_task)
    330000
    """
    return [
        Sampled(
            subject,
            name,
            known["num_samples"].value,
            known["total_tokens"].value / known["num_tasks"].value,
            known[SCORE].value,
        )
        for (name, subject), (known, _) in _facts().items()
        if "total_tokens" in known
    ]


def fact(subject: str, quantity: str, benchmark: str = "") -> tables.Fact:
    """One fact of the table."""
    return _facts()[benchmark, subject][0][quantity]


def r1_gpu_hours() -> float:
    """Hours of R1's reinforcement learning and data, second hand [GPU-hours].

    >>> r1_gpu_hours()
    147000.0
    """
    return sum(fact(*key).to("GPU-hours") for key in R1_HOURS)


def pretraining_utilisation() -> float:
    """MFU of V3's pre-training by its published hours, causal, against the BF16 peak [a share].

    >>> round(pretraining_utilisation(), 3)
    0.391
    """
    run = tables.by_subject("training_runs")["dsv3-pretrain"]
    tokens, hours = run["num_tokens"].to("tokens"), run["gpu_hours"].to("GPU-hours")
    peak = load_accelerator(GPU).needed("peak_dense_bf16_flops_per_s")
    return model_flops_utilisation(training_flops_per_token(load_model("deepseek-v3"), 4096), tokens, hours, peak)


def r1_ways() -> list:
    """Each :class:`Way` to tell the FLOPs of R1's reinforcement learning, the least first: first and last are the spread.

    Steps of R1-Zero are published, the mean length of its answers is not: taken are that of R1's samples for distillation
    and what R1 writes on AIME. Hours are taken at the utilisation of V3's pre-training, which no RL is known to reach.

    >>> [way.name for way in r1_ways()][0]
    'R1-Zero, steps x 5,355 tokens'
    """
    config = load_model("deepseek-v3")
    peak = load_accelerator(GPU).needed("peak_dense_bf16_flops_per_s")
    steps, answers = (fact("R1-Zero", name).value for name in ("steps", "answers_per_step"))
    lengths = (
        int(fact("R1 samples for distillation", "mean_tokens").value),
        int(fact("R1", "output_tokens", "AIME 2025").to("tokens")),
    )
    ways = [
        Way(f"R1-Zero, steps x {length:,} tokens", rl_flops_of_steps(config, steps, answers, length).flops)
        for length in lengths
    ]
    used = pretraining_utilisation()
    ways.append(Way(f"hours, used at {100 * used:.0f} %", flops_of_hours(r1_gpu_hours(), peak, used)))
    ways.append(Way("Epoch, before the hours were known", fact("R1-Zero", "epoch_rl_flops").value))
    return sorted(ways, key=lambda way: way.flops)


def r1_zero_utilisation() -> tuple:
    """(low, high) of the peak that R1-Zero's counted FLOPs are in its published hours, as far as lengths are known [shares].

    >>> low, high = r1_zero_utilisation()
    >>> 0.01 < low < high < 0.1
    True
    """
    peak = load_accelerator(GPU).needed("peak_dense_bf16_flops_per_s")
    full = flops_of_hours(fact("R1-Zero", "rl_gpu_hours").to("GPU-hours"), peak, 1)
    counted = [way.flops for way in r1_ways() if way.name.startswith("R1-Zero")]
    return min(counted) / full, max(counted) / full
