r"""The experts of one GPU: two grouped products, activation, and the moves of tokens around them.

.. math:: t = t_0 + \left( (w c)^p + b^p \right)^{1/p} + \frac{A}{\beta} + e \, E_g + u \, T K

A tile is some tokens of one expert times 128 columns of its weights; w c are the waves of tiles of both products, b the
weights of the experts that have a token over the memory bandwidth, A the activations that are moved, E_g the experts of the
GPU, T K tokens times experts of each. The tokens of an expert follow from how they are said to be spread.
"""

from collections.abc import Callable
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
#: Tokens of a tile where the kernel takes it for as many as a local expert would have if all tokens chose among local ones.
TOKENS_IF_LOCAL, FULL_IF_LOCAL = (16, 64, 128, 256), 256
#: Random orders of experts among which the median is taken, and most experts for which more than one is drawn.
DRAWS, MOST_DRAWN = 5, 4096
MAX_TOKENS, MAX_EXPERTS, MAX_WIDTH = 10**8, 10**5, 10**7
#: Most GPUs that the experts are split over.
MAX_PARALLEL = 10**4


class ExpertType(NamedTuple):
    """How weights are held, and what products run at."""

    weight_bytes: float
    peak: str
    if_local: bool = False  #: a tile follows from the tokens and the GPU's experts, rather than the fastest is taken
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

    `num_tokens` [tokens] are those of all GPUs. Under a power law the experts stand in a random order, as the benchmark
    draws them: of :data:`DRAWS` orders the one counts whose fullest GPU is the median. A token chooses an expert once;
    what is over, and what rounding took, goes to the emptiest experts of each GPU in turn.

    >>> loads_of(8, 2, 8, 4, "balanced"), sum(loads_of(4096, 8, 256, 8, "power_law_1.2"))
    ((2.0, 2.0), 6350)
    """
    chosen = num_tokens * topk
    exponent = exponent_of(distribution)
    held = max(1, num_experts // ep)
    if exponent is None:
        if chosen >= num_experts:
            return (chosen / num_experts,) * held
        return (1.0,) * min(held, pieces(chosen, ep))
    counts = [min(count, num_tokens) for count in power_law_counts(num_tokens, topk, num_experts, exponent)]
    left, drawn = chosen - sum(counts), []
    for seed in range(1, DRAWS + 1 if ep > 1 and num_experts <= MOST_DRAWN else 2):
        _shuffle(counts, seed)
        groups = [counts[start : start + held] for start in range(0, ep * held, held)]
        sums = [sum(group) for group in groups]
        place = sums.index(max(sums))
        own, share = groups[place], pieces(abs(left) - place, ep)
        drawn.append(
            _raised(own, share, num_tokens) if left > 0 else [-one for one in _raised([-one for one in own], share, 0)]
        )
    return tuple(count for count in sorted(drawn, key=sum)[len(drawn) // 2] if count)


def power_law_counts(num_tokens: int, topk: int, num_experts: int, exponent: float) -> list:
    """Tokens of each expert, most first: the quantiles of a density x^-a between two limits, scaled to `topk` of each token.

    `num_tokens` [tokens] are those of all GPUs. An expert may have more than these, and rounding may leave some out.
    """
    chosen = num_tokens * topk
    low, high = (1.0, max(1.01, 0.8 * num_tokens)) if chosen > num_experts else (0.01, 2.0)
    power = 1 - exponent if exponent != 1 else -1e-9
    first, last = low**power, high**power
    step = (last - first) / num_experts
    drawn = [((number + 0.5) * step + first) ** (1 / power) for number in range(num_experts - 1, -1, -1)]
    scale = chosen / sum(drawn)
    return [round(one * scale) for one in drawn]


def _raised(counts: list, units: int, most: int) -> list:
    """Counts after so many units went to the least of them, one by one, none above `most`."""
    raised, low = sorted(counts), 0
    for number, count in enumerate(raised, start=1):
        level = min(raised[number] if number < len(raised) else most, most)
        if units <= (level - count) * number:
            whole_steps, over = divmod(max(units, 0), number)
            return [count + whole_steps + (place < over) for place in range(number)] + raised[number:]
        units -= (level - count) * number
        low = level
    return [low] * len(raised)


def _shuffle(counts: list, seed: int) -> None:
    """Put a list into an order that looks random and is the same everywhere (a linear congruential generator)."""
    state = seed
    for place in range(len(counts) - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        other = (state >> 33) % (place + 1)
        counts[place], counts[other] = counts[other], counts[place]


def experts_seconds(hardware: Hardware, fitted: ExpertParameters, how: ExpertType, experts: Experts) -> float:
    """The equation of this module [s]."""
    spread = experts.num_tokens, experts.topk, experts.num_experts, experts.ep, experts.distribution
    loads = loads_of(*spread)

    def tiles(size):
        return sum(-(-load // size) for load in loads)

    return seconds_of_loads(hardware, fitted, how, experts, len(loads), sum(loads), tiles)


def seconds_of_loads(
    hardware: Hardware,
    fitted: ExpertParameters,
    how: ExpertType,
    experts: Experts,
    touched: float,
    copies: float,
    tiles: Callable,
) -> float:
    """The equation where it is known how the fullest GPU is loaded [s].

    It has `touched` experts with any token and so many `copies` of tokens; `tiles` gives their tiles of a size [tokens].
    """
    hidden, width = experts.hidden_size, experts.inter_size / experts.tp
    first = (2 if experts.gated else 1) * width  # columns of the first product
    memory_s = touched * hidden * (first + width) * how.weight_bytes / (hardware.bytes_per_s * fitted.memory)
    chosen = experts.num_tokens * experts.topk
    sms, rate = hardware.num_sms, hardware.sm_flops_per_s * fitted.compute
    full, sizes = FULL, TOKENS
    if how.if_local:
        full, sizes = FULL_IF_LOCAL, (tile_if_local(chosen / max(1, experts.num_experts // experts.ep)),)
    columns = -(-first // COLUMNS), -(-hidden // COLUMNS)
    least = 0.0
    for size in sizes:
        number = tiles(size)
        step = max(2 * COLUMNS * size / rate, fitted.step * min(1.0, size / full) ** fitted.small)
        compute_s = max(1.0, number * columns[0] / sms) * (hidden * step + fitted.tile)
        compute_s += max(1.0, number * columns[1] / sms) * (width * step + fitted.tile)
        least = min(least or compute_s, compute_s)
    moved = copies * (6 * hidden + 2 * (first + width)) + 4 * experts.num_tokens * hidden
    moving_s = moved / (hardware.bytes_per_s * fitted.activations)
    of_each = fitted.expert * experts.num_experts / experts.ep + fitted.token * chosen
    return fitted.launch + rounded_time_s(least, memory_s, fitted.sharpness) + moving_s + of_each


def tile_if_local(tokens: float) -> int:
    """Tokens of a tile for so many `tokens` [tokens] of an expert, if all tokens chose among the GPU's experts.

    >>> tile_if_local(20), tile_if_local(500)
    (64, 256)
    """
    return next((size for size in TOKENS_IF_LOCAL if tokens <= size), TOKENS_IF_LOCAL[-1])
