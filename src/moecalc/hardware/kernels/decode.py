r"""Attention of one new token a sequence over those that are cached (decode): of grouped heads, and of latent attention.

.. math:: t = t_0 + \left( (w c)^p + b^p \right)^{1/p} + r

A work item walks the cache of one key-value head; it may be split along the cache into parts, which are combined in r. w are
the waves of items, c the keys of one times what a key costs, and what an item costs besides. Heads that share keys walk
together where a kernel is made for that, split into as many parts as TensorRT-LLM cuts (decoderXQAImplJIT.cpp); else each
walks for itself, in the parts that are fastest.
"""

from typing import NamedTuple

from ...base.checks import one_of
from ..accelerator import Accelerator
from ..roofline import rounded_time_s
from .attention import TYPES, Heads, check_batch
from .estimate import KernelTime
from .hardware import Hardware, pieces
from .parameters import kernel_time

#: Most heads that walk a cache together.
MOST_GROUPED = 32
#: A kernel for groups has parts of at least so many keys, and no more of them than this many for each SM; it is left to
#: another where there are less than one for so many SMs (TensorRT-LLM, decoderXQAConstants.h).
PART, MOST_PARTS, LEAST_WORK = 128, 8, 4
#: Share of a group's item that grows with the size of a head, from 128 numbers.
ITEM_GROWTH = 0.25
#: A single head's item takes so much less of an SM than that of a group.
SINGLE_FILL = 3
#: Keys that an item takes at a time; a part of a split item has at least MLA_KEYS.
KEYS, MLA_KEYS = 16, 64
MOST_SPLITS = 128
#: Numbers of a latent with its rotary part, of a value, heads of a tile.
LATENT, VALUE, MLA_HEADS = 576, 512, 64


class DecodeParameters(NamedTuple):
    """What is fitted of decoding with grouped heads, of one type of cache on one generation of accelerators."""

    launch: float  #: [s]
    key: float  #: of a key of 128 numbers, for a group of heads [s]
    key_single: float  #: for a single head [s]
    item: float  #: start and end of a group's item [s]
    item_single: float  #: of a single head's [s]
    memory: float  #: share of the memory bandwidth; above 1 where the cache was still in the second level
    memory_single: float
    combine: float  #: of parts that were split [s]
    window: float  #: share of the keys outside a window that is skipped
    sharpness: float  #: of the roofline's corner
    fill: float  #: items of groups that an SM holds
    others: float  #: what another kernel than that for groups takes: 0 nothing, 1 single heads, 2 little work too


class MlaDecodeParameters(NamedTuple):
    """What is fitted of decoding with latent attention, of one type of cache on one generation of accelerators."""

    launch: float  #: [s]
    compute: float  #: share of the peak that an SM reaches
    key: float  #: of one key besides [s]
    item: float  #: start and end of an item [s]
    memory: float  #: share of the memory bandwidth
    combine: float  #: of parts that were split [s]
    sharpness: float  #: of the roofline's corner
    fill: float  #: items that an SM holds
    splits: float  #: 1 where the kernel splits an item along the cache, else 0


def attention_decode_time(
    accelerator: Accelerator, batch_size: int, context: int, heads: Heads, cache_dtype: str = "bfloat16"
) -> KernelTime:
    """Time of one new token a sequence over those that are cached.

    `batch_size` sequences of `context` cached tokens [tokens] each.

    >>> heads = Heads(32, 8, 128, 128)
    >>> attention_decode_time(load_accelerator("h100-sxm"), 64, 8192, heads).time_s > 0.3e-3
    True
    """
    check_batch(batch_size, context, heads, "bfloat16", cache_dtype)

    def time_s(hardware, parameters):
        return decode_seconds(hardware, parameters, batch_size, context, heads, TYPES[cache_dtype][0])

    return kernel_time("attention_decode", f"bfloat16-{cache_dtype}", DecodeParameters, accelerator, "bf16", time_s)


def mla_decode_time(
    accelerator: Accelerator, batch_size: int, context: int, num_heads: int, cache_dtype: str = "bfloat16"
) -> KernelTime:
    """Time of one new token a sequence over its cached latents, the projections absorbed.

    `batch_size` sequences of `context` cached tokens [tokens] each, `num_heads` heads on this GPU.
    """
    one_of("kv_cache_dtype", cache_dtype, TYPES)
    check_batch(batch_size, context, Heads(num_heads, 1, LATENT, VALUE), "bfloat16", cache_dtype)
    width, peak = TYPES[cache_dtype][0], mla_peak(cache_dtype, accelerator)

    def time_s(hardware, parameters):
        return mla_decode_seconds(hardware, parameters, batch_size, context, num_heads, width)

    return kernel_time("mla_decode", f"bfloat16-{cache_dtype}", MlaDecodeParameters, accelerator, peak, time_s)


def mla_peak(cache_dtype: str, accelerator: Accelerator) -> str:
    """The peak that the products run at: an accelerator without FP8 widens what it reads from the cache.

    >>> mla_peak("fp8", load_accelerator("h100-sxm")), mla_peak("fp8", load_accelerator("a100-sxm"))
    ('fp8', 'bf16')
    """
    return "bf16" if accelerator.peak_dense_fp8_flops_per_s is None else TYPES[cache_dtype][1]


def decode_seconds(
    hardware: Hardware, fitted: DecodeParameters, batch_size: int, context: int, heads: Heads, cache_bytes: float
) -> float:
    """The equation of this module for grouped heads [s].

    `batch_size` sequences of `context` [tokens]; `cache_bytes` [bytes] is the width of a cached number.
    """
    num_heads, shared, size = heads.num_heads, heads.num_key_value_heads, heads.key_size
    met = context + 1
    if heads.window_size and heads.window_size < met:
        met += fitted.window * (heads.window_size - met)
    # the kernel for groups is left to others where there are none, and where it has too little work
    grouped = (num_heads > shared or not fitted.others) and num_heads <= MOST_GROUPED * shared
    if fitted.others > 1:
        grouped = grouped and LEAST_WORK * batch_size * shared * max(1, context // PART) >= hardware.num_sms
    fill = fitted.fill if grouped else SINGLE_FILL * fitted.fill
    key, item, memory = (
        (fitted.key, fitted.item, fitted.memory)
        if grouped
        else (fitted.key_single, fitted.item_single, fitted.memory_single)
    )
    if grouped:
        item *= 1 + ITEM_GROWTH * (size / 128 - 1)
    items, places = batch_size * (shared if grouped else num_heads), fill * hardware.num_sms
    moved = batch_size * (2 * met * shared * size * cache_bytes + 4 * (num_heads + shared) * size)
    memory_s = moved / (hardware.bytes_per_s * memory)

    def walked_s(splits):
        keys = -(-met / splits // KEYS) * KEYS
        waves = max(1.0, items * splits / places)
        return rounded_time_s(waves * (keys * key * size / 128 + item), memory_s, fitted.sharpness)

    if grouped:
        parts = max(1, min(int(met) // PART, MOST_PARTS * hardware.num_sms // items))
        return fitted.launch + walked_s(parts) + (fitted.combine if parts > 1 else 0.0)
    return fitted.launch + _best(walked_s, met, items / places, fitted.combine)


def _best(walked_s, met: float, waves: float, combine_s: float) -> float:
    """The least time of an item split 1, 2, 4 ... times; one that fills all places unsplit is not split."""
    least, splits = walked_s(1), 2
    while splits <= MOST_SPLITS and splits * MLA_KEYS <= met and splits * waves < 4:
        least = min(least, walked_s(splits) + combine_s)
        splits *= 2
    return least


def mla_decode_seconds(
    hardware: Hardware, fitted: MlaDecodeParameters, batch_size: int, context: int, num_heads: int, cache_bytes: float
) -> float:
    """The equation of this module for latent attention [s].

    `batch_size` sequences of `context` [tokens]; `cache_bytes` [bytes] is the width of a cached number.
    """
    met = context + 1
    items, places = batch_size * pieces(num_heads, MLA_HEADS), fitted.fill * hardware.num_sms
    flops = 2 * (LATENT + VALUE) * MLA_HEADS
    key_s = flops / (hardware.sm_flops_per_s * fitted.compute) + fitted.key
    moved = batch_size * (met * LATENT * cache_bytes + num_heads * (LATENT + VALUE) * 2)
    memory_s = moved / (hardware.bytes_per_s * fitted.memory)

    def walked_s(splits):
        keys = -(-met / splits // MLA_KEYS) * MLA_KEYS
        waves = max(1.0, items * splits / places)
        return rounded_time_s(waves * (keys * key_s + fitted.item), memory_s, fitted.sharpness)

    return fitted.launch + (_best(walked_s, met, items / places, fitted.combine) if fitted.splits else walked_s(1))
