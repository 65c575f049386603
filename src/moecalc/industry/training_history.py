"""Published training runs and benchmarks by date: GPU-hours for a trillion tokens, and what share of the peak that is.

Figures are those of ``data/training_runs.csv``. All utilisations follow one rule, 6ND over the dense peak, so that runs
compare; it leaves attention out and is below most published ones.
"""

import re
from typing import NamedTuple

from ..facts import models, tables
from ..facts.tables import once
from ..hardware.accelerator import Accelerator, load_accelerator
from ..training.mfu import nd_flops_per_token

DENSE, MOE = "dense", "MoE"
RUN, BENCHMARK = "run", "benchmark"
T_TOKENS = 1e12
#: How rows write an accelerator -> its slug; the first that the words begin with.
CHIPS = {
    "A100-40GB": "a100-sxm-40gb",
    "A100": "a100-sxm",
    "H800": "h800-sxm",
    "H100": "h100-sxm",
    "H200": "h200-sxm",
    "GB300": "gb300-nvl72",
    "GB200": "gb200-nvl72",
    "B300": "b300-sxm",
    "B200": "b200-sxm",
    "TPU v4": "tpu-v4",
    "TPU v5p": "tpu-v5p",
    "TPU v6e": "tpu-v6e",
}
#: Generations of accelerators, oldest first -> beginnings of slugs.
GENERATIONS = {"Ampere": ("a100",), "Hopper": ("h",), "Blackwell": ("b", "gb"), "TPU": ("tpu",)}
#: Runs whose date is that of a model of data/models -> the model.
_MODELS = {
    "dsv3-pretrain": "deepseek-v3",
    "llama3-8B": "llama-3.1-405b",
    "llama3-70B": "llama-3.1-405b",
    "llama31-8B": "llama-3.1-8b",
    "llama31-70B": "llama-3.1-405b",
    "llama31-405B": "llama-3.1-405b",
    "llama4-scout": "llama-4-scout",
    "llama4-maverick": "llama-4-maverick",
}
PRACTICE = "training_practice"
_LOW = re.compile(r"fp8|fp4", re.IGNORECASE)


class TrainingRun(NamedTuple):
    """A run, or a benchmark of some steps."""

    slug: str
    name: str
    date: str
    what: str  #: RUN or BENCHMARK
    kind: str  #: DENSE or MOE
    accelerator: Accelerator
    generation: str
    activated_params: float
    num_tokens: float | None  #: None of a benchmark
    gpu_hours_per_t_tokens: float
    precision: str  #: as the row has it; empty where it says nothing
    published_mfu: float | None  #: by the convention of its source
    status: str  #: of the figure that the hours come from

    @property
    def low_precision(self) -> bool:
        """Whether its products run in FP8 or less."""
        return bool(_LOW.search(self.precision))

    def mfu(self, of_its_precision: bool = False) -> float:
        """6ND over the dense BF16 peak, or over that of FP8 or FP4 where it ran in that [a share].

        >>> v3 = next(run for run in training_history("all") if run.slug == "dsv3-pretrain")
        >>> round(v3.mfu(), 3), round(v3.mfu(True), 3)
        (0.346, 0.173)
        """
        peak = self.accelerator.needed("peak_dense_bf16_flops_per_s")
        if of_its_precision and self.low_precision:
            four = "fp4" in self.precision.lower()
            peak = self.accelerator.needed(f"peak_dense_{'fp4' if four else 'fp8'}_flops_per_s")
        flops = nd_flops_per_token(self.activated_params) * T_TOKENS
        return flops / (3600 * self.gpu_hours_per_t_tokens * peak)


def chip_of(words: str) -> str | None:
    """The slug of an accelerator as a row writes it; None where it is not known.

    >>> chip_of("H100-80GB (700 W)"), chip_of("V100")
    ('h100-sxm', None)
    """
    return next((slug for name, slug in CHIPS.items() if words.startswith(name)), None)


def generation(slug: str) -> str:
    """The generation of an accelerator.

    >>> generation("gb300-nvl72"), generation("h800-sxm")
    ('Blackwell', 'Hopper')
    """
    return next(name for name, starts in GENERATIONS.items() if slug.startswith(starts))


def date_of(slug: str, facts: dict) -> str | None:
    """When a run was published: its model's release, its paper's month, or its source's date, if not that of reading."""
    known = tables.by_subject(PRACTICE).get(slug, {})
    if "paper_date" in known:
        return known["paper_date"].value
    if slug in _MODELS:
        return models.model_facts(_MODELS[slug])["release_date"].value
    date = next(iter(facts.values())).date
    return None if date == "2026-10-31" else date  # that is when it was read


def _hours(facts: dict):
    """(hours for a trillion tokens, tokens of the run, the fact they come from); None where they do not follow."""
    if "gpu_hours" in facts and "num_tokens" in facts and "benchmark" not in facts["kind"].value:
        tokens = facts["num_tokens"].to("tokens")
        return facts["gpu_hours"].to("GPU-hours") / tokens * T_TOKENS, tokens, facts["gpu_hours"]
    if "gpu_hours_per_t_tokens" in facts:
        one = facts["gpu_hours_per_t_tokens"]
        return one.value, None, one
    if "tokens_per_s_per_gpu" in facts:
        one = facts["tokens_per_s_per_gpu"]
        return T_TOKENS / one.value / 3600, None, one
    return None


@once
def training_history(_all: str = "all") -> list:
    """Every run of the table with a date, hours, activated parameters and an accelerator whose peak is known; oldest first.

    >>> runs = training_history("all")
    >>> len(runs) > 40, runs[0].date <= runs[-1].date
    (True, True)
    """
    found = []
    for slug, facts in tables.by_subject("training_runs").items():
        chip, hours = facts.get("accelerator") and chip_of(facts["accelerator"].value), "kind" in facts and _hours(facts)
        date = date_of(slug, facts)
        if not (chip and hours and date and "activated_params" in facts) or "exercise" in facts["kind"].value:
            continue
        activated, total = (facts[name].to("parameters") for name in ("activated_params", "total_params"))
        is_run = facts["kind"].value.startswith(("full run", "rate"))
        mfu = facts.get("mfu")
        found.append(
            TrainingRun(
                slug,
                facts["model"].value,
                date,
                RUN if is_run else BENCHMARK,
                MOE if activated < total else DENSE,
                load_accelerator(chip),
                generation(chip),
                activated,
                hours[1],
                hours[0],
                facts["precision"].value if "precision" in facts else "",
                mfu and mfu.to("ratio"),
                hours[2].status,
            )
        )
    return sorted(found, key=lambda run: (run.date, run.slug))
