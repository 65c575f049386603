"""DeepSeek-V3's run under the practice of other years: the same tokens, by the model of a training step.

A practice is an accelerator, dtypes, a layout, what is recomputed and what runs beside computing. Those of 2022 and 2026 are
ours, put together from what programs of the time did; that of 2024 is V3's own.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of, real
from ..facts import tables
from ..hardware.accelerator import load_accelerator
from ..model.config import ModelConfig, load_model
from ..training.activation_policy import V3_RECOMPUTE, ActivationPolicy
from ..training.layout import Layout
from ..training.memory import Batch
from ..training.step import Step, training_step
from ..training.timing.balance import balanced
from ..training.timing.settings import Running

V3, SEQ_LEN, SECONDS_PER_HOUR = "deepseek-v3", 4096, 3600
#: A dense model with as many activated parameters: Qwen2.5 72B with this many of its 80 layers.
DENSE, DENSE_LAYERS = "qwen2.5-72b", 40
BF16, FP8 = "bf16", "deepseek-v3"
#: Accelerator of 2026 -> the published row that its practice is held against.
MEASURED_2026 = {
    "gb300-nvl72": "mbridge-deepseek-v3-without-mtp-gb300-mxfp8-25.11",
    "gb200-nvl72": "mbridge-deepseek-v3-gb200-mxfp8-26.04.01",
}
#: Accelerators of 2026.
CHIPS_2026 = ("gb300-nvl72", "gb200-nvl72", "b200-sxm", "rubin-nvl72")


class Practice(NamedTuple):
    """How a run of one year would be done."""

    name: str
    year: int
    said: str  #: what it assumes, in words
    accelerator: str
    recipe: str
    layout: Layout
    global_batch: int  #: [sequences]
    recompute: tuple = ()
    running: Running = Running()
    model: str = V3
    measured: tuple = ()  #: (row of data/training_runs.csv, quantity) to hold it against

    @property
    def config(self) -> ModelConfig:
        return dense_model() if self.model == DENSE else load_model(self.model)


class RunCost(NamedTuple):
    """A run under one practice."""

    practice: Practice
    step: Step
    gpu_hours: float
    low_gpu_hours: float  #: nine in ten runs like it are expected between this
    high_gpu_hours: float  #: and this
    computing: float  #: shares of the step: products, attention, experts
    small: float  #: element-wise kernels, and waiting for the program that launches them
    bubble: float
    between: float  #: optimizer, gradients and parameters
    waiting: float  #: for other GPUs, what nothing hides
    measured_gpu_hours: float | None  #: of its published row


@lru_cache(maxsize=1)
def dense_model() -> ModelConfig:
    """A dense model with as many activated parameters as V3.

    >>> from ..model.params import num_activated_params
    >>> round(num_activated_params(dense_model()) / num_activated_params(load_model(V3)), 3)
    1.001
    """
    return load_model(DENSE).replace(num_hidden_layers=DENSE_LAYERS)


def practices(chip: str = "gb300-nvl72", ep_2022: int = 8, recompute_2022: str = "full") -> tuple:
    """What V3's run might have been, one change after another.

    Parameters
    ----------
    chip : str
        Accelerator of 2026, one of :data:`CHIPS_2026`
    ep_2022 : int
        GPUs over which 2022 spreads the experts, 8 or 64
    recompute_2022 : str
        What 2022 recomputes: full, or none
    """
    one_of("chip", chip, CHIPS_2026)
    again = () if one_of("recompute_2022", recompute_2022, ("full", "none")) == "none" else ("full",)
    old = Layout(tp=8, pp=16, ep=one_of("ep_2022", ep_2022, (8, 64)), dp=16)
    then = Running(overlap=("dp",), eager=True, dispatcher="nccl")
    own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    wide = load_accelerator(chip).scale_up_domain_gpus >= own.ep
    new = Layout(pp=4, ep=64, dp=64, schedule="interleaved", vpp=4) if wide else own
    measured = ((MEASURED_2026[chip], "tokens_per_s_per_gpu"),) if chip in MEASURED_2026 else ()
    a100, h800 = "a100-sxm", "h800-sxm"
    first = Practice("2022", 2022, "V3 in BF16 with tensor parallelism, 1F1B, NCCL", a100, BF16, old, 2048, again, then)
    dense = "a dense model of as many activated parameters, by the same program"
    fp8 = Practice("and FP8, EP64", 2024, "FP8, V3's layout and kernels, less recomputed; still 1F1B", h800, FP8,
                   own._replace(schedule="1f1b"), 15360, V3_RECOMPUTE)  # fmt: skip
    now = "FP8, fused kernels launched by graphs; experts inside one NVLink domain, where it is wide enough"
    return (
        first._replace(name="2022, dense", said=dense, layout=old._replace(ep=1), model=DENSE),
        first,
        first._replace(name="2022 on H800", year=2024, said="the same program on V3's GPUs", accelerator=h800),
        fp8,
        fp8._replace(name="2024, as it ran", said="and DualPipe, which hides the exchange", layout=own,
                     measured=(("dsv3-pretrain", "gpu_hours"),)),
        Practice("2026", 2026, now, chip, FP8, new, 4096 if wide else 15360, V3_RECOMPUTE,
                 Running(graphs=True, fused=True), measured=measured),
    )  # fmt: skip


@lru_cache(maxsize=64)
def run_step(practice: Practice) -> Step:
    """The step of a practice."""
    config, fp8 = practice.config, practice.recipe == FP8
    layout = balanced(config, practice.layout, SEQ_LEN)
    policy = ActivationPolicy(practice.recompute, "fp8" if fp8 else "bf16", True)
    how = (layout, practice.recipe, Batch(1, SEQ_LEN), policy, practice.global_batch, practice.running)
    return training_step(config, load_accelerator(practice.accelerator), *how)


def run_cost(practice: Practice, num_tokens: float) -> RunCost:
    """GPU-hours of a practice for `num_tokens` [tokens], and what a step's time goes to.

    >>> found = run_cost(practices()[4], 14.8e12)
    >>> found.low_gpu_hours < found.measured_gpu_hours < found.high_gpu_hours
    True
    """
    real("num_tokens", num_tokens, positive=True)
    step = run_step(practice)
    hours = num_tokens / step.tokens_per_s_per_gpu / SECONDS_PER_HOUR
    inside, parts = step.inside, step.components
    computing = (inside.products + inside.attention + inside.experts) / step.step_s
    small = (inside.elementwise + inside.host) / step.step_s
    bubble, between = parts.bubble / step.step_s, parts.between_steps / step.step_s
    measured = None
    for row, quantity in practice.measured:
        fact = tables.lookup("training_runs", row, quantity)
        tokens = tables.lookup("training_runs", "dsv3-pretrain", "num_tokens").to("tokens")
        each = fact.value / tokens if quantity == "gpu_hours" else 1 / fact.value / SECONDS_PER_HOUR
        measured = each * num_tokens
    return RunCost(
        practice,
        step,
        hours,
        hours * step.low_s / step.step_s,
        hours * step.high_s / step.step_s,
        computing,
        small,
        bubble,
        between,
        max(0.0, 1 - computing - small - bubble - between),
        measured,
    )
