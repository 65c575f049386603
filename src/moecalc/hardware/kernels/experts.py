r"""The experts of one GPU: two grouped products, activation, and the moves of tokens around them.

.. math:: t = t_0 + \left( (w c)^p + b^p \right)^{1/p} + \frac{A}{\beta} + e \, E_g + u \, T K

A tile is some tokens of one expert times 128 columns of its weights; w c are the waves of tiles of both products, b the
weights of the experts that have a token over the memory bandwidth, A the activations that are moved, E_g the experts of the
GPU, T K tokens times experts of each. The tokens of an expert follow from how they are said to be spread.
"""

from functools import lru_cache
from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.errors import InputError, quoted
from ..accelerator import Accelerator
from ..roofline import rounded_time_s
from .estimate import KernelTime
from .hardware import Hardware, pieces
from .parameters import kernel_time

#: Columns of a tile.
COLUMNS = 128
#: Tokens of a tile, of which the fastest is taken; below FULL each step along k costs less.
TOKENS, FULL = (16, 32, 64, 128), 64
#: Tokens of a tile where the kernel takes twice the mean of an expert; and below which a step costs less.
LEAST_TOKENS, MOST_TOKENS, FULL_OF_MEAN = 8, 256, 32
MAX_TOKENS, MAX_EXPERTS, MAX_WIDTH = 10**8, 10**5, 10**7
#: Most GPUs that the experts are split over.
MAX_PARALLEL = 10**4


class ExpertType(NamedTuple):
    """How weights are held, and what products run at."""

    weight_bytes: float
    peak: str
    by_mean: bool = False  #: tiles follow from the mean of tokens, rather than the fastest
    like: str = ""  #: type whose parameters hold, where too few rows were measured


#: MXFP4 has a scale of one byte for 32 numbers.
TYPES = {
    "bfloat16": ExpertType(2, "bf16"),
    "fp8": ExpertType(1, "fp8"),
    "fp8_block": ExpertType(1, "fp8"),
    "w4a8_mxfp4_mxfp8": ExpertType(0.53, "fp8", True),
    "w4a16_mxfp4": ExpertType(0.53, "bf16", False, "bfloat16"),
}


class ExpertParameters(NamedTuple):
    """What is fitted of experts, of one type on one generation of accelerators."""

    launch: float  #: of all kernels together [s]
    compute: float  #: share of the peak that an SM reaches inside a tile
    memory: float  #: share of the memory bandwidth that weights come at
    activations: float  #: of the memory bandwidth, that activations come at
    tile: float  #: start and end of a tile [s]
    step: float  #: of one number along k in a full tile, at the least [s]
    small: float  #: power of a tile's tokens with which this falls in a small tile
    sharpness: float  #: of the roofline's corner
    expert: float  #: of one expert of the GPU [s]
    token: float  #: of one token for one expert, on all GPUs [s]


class Experts(NamedTuple):
    """Routed experts, how they are cut over GPUs, and the tokens that come."""

    num_tokens: int  #: of the whole group
    hidden_size: int
    inter_size: int
    topk: int
    num_experts: int
    tp: int = 1
    ep: int = 1
    distribution: str = "balanced"  #: or power_law_ and its exponent
    gated: bool = True


def experts_time(accelerator: Accelerator, experts: Experts, dtype: str = "bfloat16") -> KernelTime:
    """Time of the experts of the fullest GPU, routing given, without communication.

    `dtype` is one of :data:`TYPES`.

    >>> layer = Experts(4096, 7168, 2048, 8, 256, ep=8)
    >>> experts_time(load_accelerator("h100-sxm"), layer, "fp8_block").time_s < 2e-3
    True
    """
    how = TYPES[one_of("moe_dtype", dtype, TYPES)]
    check_experts(experts)

    def time_s(hardware, parameters):
        return experts_seconds(hardware, parameters, how, experts)

    return kernel_time("moe", how.like or dtype, ExpertParameters, accelerator, how.peak, time_s, dtype)


def check_experts(experts: Experts) -> None:
    """Refuse sizes of experts that are none."""
    whole("num_tokens", experts.num_tokens, 1, MAX_TOKENS)
    for name in ("hidden_size", "inter_size"):
        whole(name, getattr(experts, name), 1, MAX_WIDTH)
    whole("num_experts", experts.num_experts, 1, MAX_EXPERTS)
    whole("topk", experts.topk, 1, experts.num_experts)
    whole("moe_tp_size", experts.tp, 1, MAX_PARALLEL)
    whole("moe_ep_size", experts.ep, 1, experts.num_experts)
    exponent_of(experts.distribution)


def exponent_of(distribution: str) -> float | None:
    """Exponent of the power law that the share of an expert follows; None where tokens are balanced.

    >>> exponent_of("power_law_1.2"), exponent_of("balanced")
    (1.2, None)
    """
    if distribution == "balanced":
        return None
    start, _, text = distribution.rpartition("_")
    try:
        exponent = float(text)
    except ValueError:
        exponent = 0.0
    if start != "power_law" or not 0 < exponent <= 10:
        accepted = "balanced and power_law_ with an exponent above 0 and at most 10 are accepted, such as power_law_1.2"
        raise InputError(f"{accepted}; found {quoted(distribution)}")
    return exponent


@lru_cache(4096)
def loads_of(num_tokens: int, topk: int, num_experts: int, ep: int, distribution: str) -> tuple:
    """Tokens of each expert of the fullest GPU that has any.

    `num_tokens` [tokens] are those of all GPUs. Under a power law the shares of experts are the quantiles of a density
    x^-a between two limits, as the benchmark draws them, and the fullest GPU has the first expert and some of all sizes.

    >>> loads_of(8, 2, 8, 4, "balanced"), loads_of(64, 2, 8, 4, "power_law_1.2")
    ((2.0, 2.0), (57, 3))
    """
    chosen = num_tokens * topk
    exponent = exponent_of(distribution)
    held = max(1, num_experts // ep)
    if exponent is None:
        if chosen >= num_experts:
            return (chosen / num_experts,) * held
        return (1.0,) * min(held, pieces(chosen, ep))
    low, high = (1.0, max(1.01, 0.8 * num_tokens)) if chosen > num_experts else (0.01, 2.0)
    power = 1 - exponent if exponent != 1 else -1e-9
    ends = low**power, high**power
    drawn = [((number + 0.5) / num_experts * (ends[1] - ends[0]) + ends[0]) ** (1 / power) for number in range(num_experts)][
        ::-1
    ]
    total = sum(drawn)
    counts = [round(one / total * chosen) for one in drawn]
    # what rounding took goes to the fullest, what it gave is taken from the emptiest
    left = chosen - sum(counts)
    for number in range(left):
        counts[number % num_experts] += 1
    place = num_experts - 1
    while left < 0:
        if counts[place]:
            counts[place] -= 1
            left += 1
        place = place - 1 if place else num_experts - 1
    own = counts if ep == 1 else [counts[0], *counts[ep + ep // 2 :: ep]][:held]
    return tuple(min(one, num_tokens) for one in own if one)


def experts_seconds(hardware: Hardware, fitted: ExpertParameters, how: ExpertType, experts: Experts) -> float:
    """The equation of this module [s]."""
    hidden, width = experts.hidden_size, experts.inter_size / experts.tp
    first = (2 if experts.gated else 1) * width  # columns of the first product
    spread = experts.num_tokens, experts.topk, experts.num_experts, experts.ep, experts.distribution
    loads = loads_of(*spread)
    memory_s = len(loads) * hidden * (first + width) * how.weight_bytes / (hardware.bytes_per_s * fitted.memory)
    chosen = experts.num_tokens * experts.topk
    sms, rate = hardware.num_sms, hardware.sm_flops_per_s * fitted.compute
    full, sizes = (FULL_OF_MEAN, (_tile_of_mean(chosen / experts.num_experts),)) if how.by_mean else (FULL, TOKENS)
    columns = -(-first // COLUMNS), -(-hidden // COLUMNS)
    least = 0.0
    for size in sizes:
        tiles = sum(-(-load // size) for load in loads)
        step = max(2 * COLUMNS * size / rate, fitted.step * min(1.0, size / full) ** fitted.small)
        compute_s = max(1.0, tiles * columns[0] / sms) * (hidden * step + fitted.tile)
        compute_s += max(1.0, tiles * columns[1] / sms) * (width * step + fitted.tile)
        least = min(least or compute_s, compute_s)
    moved = sum(loads) * (6 * hidden + 2 * (first + width)) + 4 * experts.num_tokens * hidden
    moving_s = moved / (hardware.bytes_per_s * fitted.activations)
    of_each = fitted.expert * experts.num_experts / experts.ep + fitted.token * chosen
    return fitted.launch + rounded_time_s(least, memory_s, fitted.sharpness) + moving_s + of_each


def _tile_of_mean(mean: float) -> int:
    """A power of two, at least twice the mean of tokens of an expert."""
    size = LEAST_TOKENS
    while size < MOST_TOKENS and size < 2 * mean:
        size *= 2
    return size
