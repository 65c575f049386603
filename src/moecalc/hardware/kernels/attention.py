r"""Attention over new tokens (prefill), of grouped heads or of DeepSeek's latent attention.

.. math:: t = t_0 + \left( (w c)^p + b^p \right)^{1/p}, \qquad c = P \left( \frac{2 (d_k + d_v)}{r} + e \right) + t_1

A work item is a tile of queries of one head; w are their waves over the SMs, P the pairs of query and key that it meets in
whole tiles, r the rate of an SM, e what the softmax costs for each pair, t_1 what an item costs besides, b the time that
memory takes. Where all items run at once, the last one, which meets all keys, decides.
"""

from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.errors import InputError
from ...base.limits import MAX_SEQ_LEN
from ..accelerator import Accelerator
from ..roofline import rounded_time_s
from .estimate import KernelTime
from .hardware import Hardware, pieces
from .parameters import kernel_time

#: type -> (bytes of a number, peak that it runs at)
TYPES = {"bfloat16": (2, "bf16"), "fp8": (1, "fp8")}
#: Queries of a tile, and of one for short sequences.
TILE, SHORT_TILE = 128, 64
#: Keys and values of DeepSeek-V3: 128 and 64 numbers of a key, 128 of a value.
MLA_KEY, MLA_VALUE = 192, 128
MAX_HEADS, MAX_BATCH = 10**5, 10**6


class PrefillParameters(NamedTuple):
    """What is fitted of attention over new tokens, of one pair of types on one generation of accelerators."""

    launch: float  #: [s]
    compute: float  #: share of the peak that an SM reaches in the products
    softmax: float  #: of one pair of query and key [s]
    tile: float  #: start and end of a work item [s]
    wave: float  #: share of the last wave's idle SMs that is felt
    memory: float  #: share of the memory bandwidth
    window: float  #: share of the tiles outside a window that is skipped
    sharpness: float  #: of the roofline's corner


class Heads(NamedTuple):
    """The heads of one GPU."""

    num_heads: int
    num_key_value_heads: int
    key_size: int
    value_size: int
    window_size: int = 0  #: 0 where there is none [tokens]


def attention_prefill_time(
    accelerator: Accelerator,
    batch_size: int,
    seq_len: int,
    heads: Heads,
    dtype: str = "bfloat16",
    cache_dtype: str = "bfloat16",
) -> KernelTime:
    """Time of causal attention over the new tokens of a batch.

    `batch_size` sequences of `seq_len` new tokens [tokens] each; `dtype` and `cache_dtype` are of :data:`TYPES`.

    >>> heads = Heads(32, 8, 128, 128)
    >>> attention_prefill_time(load_accelerator("h100-sxm"), 1, 8192, heads).time_s < 5e-3
    True
    """
    return _prefill("attention_prefill", accelerator, batch_size, seq_len, heads, dtype, cache_dtype)


def mla_prefill_time(
    accelerator: Accelerator, batch_size: int, seq_len: int, num_heads: int, cache_dtype: str = "bfloat16"
) -> KernelTime:
    """Time of DeepSeek-V3's attention over new tokens, keys and values expanded.

    `batch_size` sequences of `seq_len` new tokens [tokens] each, `num_heads` heads on this GPU.
    """
    heads = Heads(num_heads, num_heads, MLA_KEY, MLA_VALUE)
    return _prefill("mla_prefill", accelerator, batch_size, seq_len, heads, "bfloat16", cache_dtype)


def _prefill(kind, accelerator, batch_size, seq_len, heads, dtype, cache_dtype) -> KernelTime:
    check_batch(batch_size, seq_len, heads, dtype, cache_dtype)

    def time_s(hardware, parameters):
        written = 0 if kind == "mla_prefill" else TYPES[cache_dtype][0]  # MLA caches a latent, in a kernel of its own
        return prefill_seconds(hardware, parameters, batch_size, seq_len, heads, written)

    return kernel_time(kind, f"{dtype}-{cache_dtype}", PrefillParameters, accelerator, TYPES[dtype][1], time_s)


def check_batch(batch_size: int, seq_len: int, heads: Heads, dtype: str, cache_dtype: str) -> None:
    """Refuse sizes of attention that are none; `batch_size` sequences of `seq_len` [tokens]."""
    whole("batch_size", batch_size, 1, MAX_BATCH)
    whole("length", seq_len, 1, MAX_SEQ_LEN)
    whole("num_heads", heads.num_heads, 1, MAX_HEADS)
    whole("num_key_value_heads", heads.num_key_value_heads, 1, heads.num_heads)
    whole("head_dim", heads.key_size, 1, MAX_HEADS)
    whole("window_size", heads.window_size, 0, MAX_SEQ_LEN)
    if heads.num_heads % heads.num_key_value_heads:
        found = f"{heads.num_heads} and {heads.num_key_value_heads}"
        raise InputError(f"num_heads must be a multiple of num_key_value_heads; found {found}")
    one_of("attn_dtype", dtype, TYPES)
    one_of("kv_cache_dtype", cache_dtype, TYPES)


def prefill_seconds(
    hardware: Hardware, fitted: PrefillParameters, batch_size: int, seq_len: int, heads: Heads, cache_bytes: float
) -> float:
    """The equation of this module [s].

    `batch_size` sequences of `seq_len` [tokens]; `cache_bytes` [bytes] is the width of a cached number.
    """
    num_heads, key_size, value_size = heads.num_heads, heads.key_size, heads.value_size
    tile = SHORT_TILE if seq_len <= SHORT_TILE else TILE
    tiles = pieces(seq_len, tile)
    pairs = tiles * tile * (tiles * tile + tile) / 2
    if heads.window_size:
        inside = min(pairs, tiles * tile * (heads.window_size + tile))
        pairs += fitted.window * (inside - pairs)
    # heads narrower than 64 are padded
    flops = 2 * 64 * (pieces(key_size, 64) + pieces(value_size, 64))
    item_s = pairs / tiles * (flops / (hardware.sm_flops_per_s * fitted.compute) + fitted.softmax) + fitted.tile
    waves = tiles * num_heads * batch_size / hardware.num_sms
    if waves < 1:
        waves = 2 * tiles / (tiles + 1)
    else:
        waves += fitted.wave * (-(-waves // 1) - waves)
    queries = batch_size * seq_len * num_heads * (key_size + value_size) * 2
    cached = batch_size * seq_len * heads.num_key_value_heads * (key_size + value_size) * (2 + cache_bytes)
    memory_s = (queries + cached) / (hardware.bytes_per_s * fitted.memory)
    return fitted.launch + rounded_time_s(waves * item_s, memory_s, fitted.sharpness)
