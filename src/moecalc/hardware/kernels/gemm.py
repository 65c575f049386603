r"""A product of m x k with k x n, by the tiles that a library may cut it into: the fastest is taken.

.. math:: t = t_0 + \min_{\text{tiles}, s} \left( (w c)^p + b^p \right)^{1/p} + q, \qquad
          w = \left\lceil \frac{s}{S} \lceil m / T_m \rceil \lceil n / T_n \rceil \right\rceil

t_0 is a launch, w the waves of tiles over S SMs, c the time of a tile of T_m x T_n along k / s: computing at the SM's share
of the peak, or filling it from the second-level cache, and what a tile and each step along k cost besides. b is the time
that memory takes, q that of quantising the left factor. Few tiles are split s times along k, and their sums added up.
"""

from typing import NamedTuple

from ...base.checks import one_of, whole
from ..accelerator import Accelerator
from ..roofline import rounded_time_s
from .estimate import KernelTime
from .hardware import Hardware, pieces
from .parameters import kernel_time

WIDE = ((64, 32), (64, 64), (64, 128), (128, 64), (128, 128), (64, 256), (128, 256), (256, 128))
NARROW = ((64, 64), (64, 128), (128, 128))
SMALL = tuple((rows, columns) for rows in (16, 64, 128, 256) for columns in (32, 64, 128, 256) if rows * columns <= 2**15)
SPLITS = (2, 4, 8, 16)
#: Numbers along k that a tile takes at a time.
STEP = 64
MAX_SIZE = 10**9


class GemmType(NamedTuple):
    """How the numbers of a product are held."""

    left_bytes: float  #: of a number of the left factor
    right_bytes: float
    peak: str  #: bf16, int8, fp8 or fp4
    quantises: bool  #: the left factor comes in BF16 and is quantised
    tiles: tuple = WIDE
    splits: tuple = SPLITS


#: NVFP4 has an FP8 scale for 16 numbers; weight-only types have one in BF16 for 128.
TYPES = {
    "bfloat16": GemmType(2, 2, "bf16", False),
    "fp8": GemmType(1, 1, "fp8", True),
    "fp8_block": GemmType(1, 1, "fp8", True, NARROW, ()),
    "nvfp4": GemmType(0.5625, 0.5625, "fp4", True),
    "int8_wo": GemmType(2, 1, "bf16", False, SMALL),
    "int4_wo": GemmType(2, 0.53, "bf16", False, SMALL),
    "sq": GemmType(1, 1, "int8", True),
}


class GemmParameters(NamedTuple):
    """What is fitted of products of one type on one generation of accelerators."""

    launch: float  #: [s]
    compute: float  #: share of the peak that an SM reaches inside a tile
    memory: float  #: share of the memory bandwidth
    cache: float  #: bandwidth of the second-level cache, over that of memory
    tile: float  #: start and end of a tile [s]
    step: float  #: of one number along k [s]
    split: float  #: adding up what was split along k [s]
    sharpness: float  #: of the roofline's corner
    quantise: float  #: of one number on one SM [s]


def gemm_time(accelerator: Accelerator, m: int, n: int, k: int, dtype: str = "bfloat16") -> KernelTime:
    """Time of one product on an accelerator.

    `m`, `n` and `k` are its sizes, `dtype` is one of :data:`TYPES`; for FP8 and FP4 the left factor is quantised first.

    >>> estimate = gemm_time(load_accelerator("h800-sxm"), 4096, 7168, 2048, "fp8_block")
    >>> estimate.low_s < estimate.time_s < estimate.high_s
    True
    """
    for name, size in (("m", m), ("n", n), ("k", k)):
        whole(name, size, 1, MAX_SIZE)
    how = TYPES[one_of("gemm_dtype", dtype, TYPES)]

    def time_s(hardware, parameters):
        return gemm_seconds(hardware, parameters, how, m, n, k)

    return kernel_time("gemm", dtype, GemmParameters, accelerator, how.peak, time_s)


def gemm_seconds(hardware: Hardware, fitted: GemmParameters, how: GemmType, m: int, n: int, k: int) -> float:
    """The equation of this module [s]; `m`, `n` and `k` are the sizes of the product."""
    left, right = how.left_bytes, how.right_bytes
    bandwidth = hardware.bytes_per_s * fitted.memory
    memory_s = (left * m * k + right * n * k + 2 * m * n) / bandwidth
    cache_rate = hardware.bytes_per_s * fitted.cache
    sms, rate, sm_cache_rate = hardware.num_sms, hardware.sm_flops_per_s * fitted.compute, cache_rate / hardware.num_sms
    least = 0.0
    for rows, columns in how.tiles:
        tiles = pieces(m, rows) * pieces(n, columns)
        each = max(2 * rows * columns / rate, (rows * left + columns * right) / sm_cache_rate) + fitted.step
        for splits in (1, *how.splits):
            if splits > 1 and (tiles >= 2 * sms or k < splits * STEP):
                break
            tile_s = pieces(pieces(k, splits), STEP) * STEP * each + fitted.tile
            compute_s = pieces(tiles * splits, sms) * tile_s
            if splits > 1:
                compute_s += fitted.split + 8 * m * n * splits / cache_rate
            found = rounded_time_s(compute_s, memory_s, fitted.sharpness)
            if not least or found < least:
                least = found
    quantising_s = m * k * (fitted.quantise / sms + 3 / bandwidth) if how.quantises else 0.0
    return fitted.launch + least + quantising_s
