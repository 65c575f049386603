"""What products in FP8 save of a training step.

A product in BF16 takes r = `speed_up` times as long as in FP8. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real
from ..facts import tables
from ..model.config import ModelConfig
from ..model.flops import forward_flops_by_operator
from .recipes import LOW_PRECISION_COMPONENTS

PEAK_RATIO = 2  # of FP8 to BF16 on tensor cores that have both


class Gain(NamedTuple):
    """More throughput than in BF16, as a ratio above 1, and what it rests on."""

    name: str
    speed_up: float  # of a product
    share: float  # of the FP8 step's time, or of the BF16 step's FLOPs, that products take
    gain: float


def fp8_flops_share(config: ModelConfig, seq_len: int) -> float:
    """Share of the forward pass's FLOPs that run in FP8: all but attention's scores, head and router.

    `seq_len` is the length of the sequences [tokens].

    >>> round(fp8_flops_share(v3, 4096), 4)
    0.8527
    """
    by_operator = forward_flops_by_operator(config, seq_len)
    low = sum(one["flops"] for one in by_operator if one["component"] in LOW_PRECISION_COMPONENTS)
    return low / sum(one["flops"] for one in by_operator)


def gain_by_flops(share: float, speed_up: float = PEAK_RATIO) -> float:
    r"""Gain in throughput where all computing runs at peak, as a ratio.

    .. math:: g = \frac{1}{1 - f + f / r} - 1

    f = `share` is that of the FLOPs that run in FP8.
    """
    real("share", share, 0, 1)
    real("speed_up", speed_up, 1, 100)
    return 1 / (1 - share + share / speed_up) - 1


def gain_by_time(step: float, products: float, casts: float, speed_up: float = PEAK_RATIO, casts_in: bool = False) -> float:
    r"""Gain in throughput over a BF16 step, from the times of a measured FP8 step, as a ratio.

    .. math:: g = \frac{(r - 1) G - C}{T}, \qquad g = \frac{(r - 1)(G + C)}{T}

    G = `products`, C = `casts` to FP8 and back, which BF16 does without, and T = `step`, all in one unit of time. The
    second form holds where r was measured with the casts, `casts_in`.

    >>> gain_by_time(100, 50, 10), gain_by_time(100, 50, 10, 1.5, casts_in=True)
    (0.4, 0.3)
    """
    real("step", step, positive=True)
    real("products", products, 0, step)
    real("casts", casts, 0, step - products)
    real("speed_up", speed_up, 1, 100)
    if casts_in:
        return (speed_up - 1) * (products + casts) / step
    return ((speed_up - 1) * products - casts) / step


def v3_gains(config: ModelConfig, seq_len: int) -> list:
    """What FP8 gains DeepSeek-V3, from the ratio of peaks down to measured kernels: a list of :class:`Gain`.

    `seq_len` is the length of the sequences [tokens]. Times are those of DeepSeek's published profile of training, whose
    compute stream is the step; a product that runs beside it on a second stream is left out.
    """
    profile = tables.by_subject("serving")["Published profiles"]
    kernels = tables.by_subject("serving")["GEMM kernels"]
    step, products, casts = (profile[f"train_{name}"].to("s") for name in ("compute_stream", "fp8_gemms", "fp8_casts"))
    share = fp8_flops_share(config, seq_len)
    measured = kernels["fp8_block_median"].value / kernels["bf16_median"].value
    return [
        Gain("the ratio of the peaks", PEAK_RATIO, 1.0, gain_by_flops(1.0)),
        Gain("only the products that run in FP8", PEAK_RATIO, share, gain_by_flops(share)),
        Gain("DeepSeek's profile, products twice as fast", PEAK_RATIO, products / step, gain_by_time(step, products, casts)),
        Gain(
            "DeepSeek's profile, products as fast as measured",
            measured,
            (products + casts) / step,
            gain_by_time(step, products, casts, measured, casts_in=True),
        ),
    ]
