r"""From the peak of a GPU to MFU: what each thing that a step does beyond the model's FLOPs at full rate takes of it.

.. math:: \text{MFU} = \frac{t_0}{t_n} = \prod_i \frac{t_{i-1}}{t_i}

t_0 is the time of the model's FLOPs at the BF16 peak, t_n the step; between them stand times that each count one thing more.
Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError
from ..hardware.accelerator import Accelerator
from ..model.anatomy import count_blocks
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, model_flops_per_token
from .mfu import recomputed_flops_per_token
from .recipes import is_low_precision
from .step import Step


class Spent(NamedTuple):
    """Times of one GPU's share of a step, mean of the pipeline's ranks, each with one thing more than the one before [s]."""

    bf16: float  #: the model's FLOPs at the BF16 peak
    formats: float  #: each product at the peak of the format that it runs in
    extra: float  #: with FLOPs that are no model FLOPs: MTP modules, and what is recomputed
    kernels: float  #: products and attention at the rates that they reach alone on a GPU
    others: float  #: with all other kernels, and waits for the program that launches them
    sms: float  #: with fewer SMs, where communication runs beside
    sends: float  #: with communication that computing waits for
    bubble: float
    step: float  #: with the optimizer, and gradients and parameters that are sent


#: What each time counts more than the one before -> what a reader calls it.
FACTORS = {
    "formats": "products in FP8",
    "extra": "MTP, recomputation",
    "kernels": "kernels below peak",
    "others": "other kernels",
    "sms": "SMs that communicate",
    "sends": "sends not hidden",
    "bubble": "bubble",
    "step": "optimizer, gradients",
}


class Factor(NamedTuple):
    """One thing on the way from the peak to MFU."""

    name: str  #: one of :data:`FACTORS`
    factor: float  #: above 1 where it makes the step shorter, as FP8 does
    before: float  #: share of the BF16 peak without it
    after: float  #: share of the BF16 peak with it


def waterfall(spent: Spent) -> tuple:
    """The factors between the BF16 peak and MFU, a :class:`Factor` each; their product is the MFU.

    >>> factors = waterfall(Spent(8, 5, 5.5, 8, 10, 11, 11, 13, 20))
    >>> factors[0].factor, factors[-1].after
    (1.6, 0.4)
    """
    for name, time_s in spent._asdict().items():
        real(f"{name} [s]", time_s, positive=True)
    factors = []
    for (_, before), (name, after) in zip(spent._asdict().items(), list(spent._asdict().items())[1:], strict=False):
        if after < before * (1 - 1e-9) and name != "formats":
            raise InputError(f"{name} must be at least the time before it, {before:g} s; found {after:g} s")
        factors.append(Factor(name, before / after, spent.bf16 / before, spent.bf16 / after))
    return tuple(factors)


def spent(at_peak: tuple, alone: Step, step: Step) -> Spent:
    """The times of a step.

    `at_peak` are those of :func:`times_at_peak`, `alone` is the same step where no SM is given to communication: what its
    kernels take is what they take alone.
    """
    kernels, others = _computing(alone)
    busy, parts = sum(_computing(step)), step.components
    # an operation takes at least what it computes; so much is rounded
    working = max(busy, parts.forward + parts.backward + parts.weight + parts.overlapped)
    return Spent(
        *at_peak, kernels, kernels + others, max(busy, kernels + others), working, working + parts.bubble, step.step_s
    )


def _computing(step: Step) -> tuple:
    """(products and attention, all else that computes) of a rank in a step [s]."""
    inside = step.inside
    return inside.products + inside.attention + inside.experts, inside.elementwise + inside.host


def times_at_peak(
    config: ModelConfig,
    accelerator: Accelerator,
    seq_len: int,
    num_tokens: float,
    fp8: bool,
    recompute: tuple = (),
    mtp: bool = True,
) -> tuple:
    """The first three of :class:`Spent`, which follow from FLOPs and peaks alone [s].

    Parameters
    ----------
    config, accelerator : ModelConfig and Accelerator
        What is trained, and on what
    seq_len : int
        Length of a sequence [tokens]
    num_tokens : float
        Of a step, for one GPU: those of all over the number of GPUs [tokens]
    fp8 : bool
        Whether the products of low precision run in FP8
    recompute : tuple
        What is computed again, names of :data:`moecalc.training.activation_policy.RECOMPUTABLE`; only products count
    mtp : bool
        Whether the MTP modules are trained, which are no part of the model's FLOPs
    """
    bf16 = accelerator.needed("peak_dense_bf16_flops_per_s")
    low_peak = accelerator.needed("peak_dense_fp8_flops_per_s") if fp8 else bf16
    forward, low = model_flops_per_token(config, seq_len), low_precision_flops(config.anatomy.counted)
    own = TRAINING_PASSES * (forward - low) / bf16 + TRAINING_PASSES * low / low_peak
    more = 0.0
    if mtp and config.anatomy.mtp and not config.anatomy.mtp_note:
        modules = model_flops_per_token(config, seq_len, mtp=True) - forward
        low_modules = low_precision_flops(count_blocks(config.anatomy.mtp))
        more += TRAINING_PASSES * ((modules - low_modules) / bf16 + low_modules / low_peak)
    if "full" in recompute:
        more += (forward - low) / bf16 + low / low_peak
    elif "mla-up" in recompute:
        more += recomputed_flops_per_token(config, seq_len, "mla-up") / low_peak
    return tuple(num_tokens * time_s for time_s in (TRAINING_PASSES * forward / bf16, own, own + more))


def low_precision_flops(counted) -> int:
    """Forward FLOPs of a token in products that low-precision recipes run in FP8 [FLOPs per token].

    `counted` are blocks with the number of times that each stands in the model.

    >>> low_precision_flops(v3.anatomy.counted) / model_flops_per_token(v3, 4096) # doctest: +ELLIPSIS
    0.852...
    """
    return sum(
        tensor.flops * count
        for block, count in counted
        for tensor in block.tensors
        if tensor.multiplied and is_low_precision(tensor)
    )
