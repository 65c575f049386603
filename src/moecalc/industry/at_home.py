"""One user on one machine: bytes that a token reads, and the tokens a second that memory allows.

Alone, a user reads all activated weights for each token, so speed follows from activated parameters and memory from all of
them. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..base.checks import whole
from ..base.limits import MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..hardware.kernels.parameters import OTHER, interval_of
from ..model.checkpoint import tensor_storage
from ..model.config import ModelConfig
from ..model.kv_cache import kv_cache_bytes

#: A scheme of four bits, with scales, in which people hold weights at home.
FOUR_BITS = "awq"


class Token(NamedTuple):
    """What one token of one user takes."""

    weight_bytes: float  #: held
    read_bytes: float  #: weights that one token multiplies, and its cache
    cache_bytes: float  #: of the sequence, held and read

    @property
    def held_bytes(self) -> float:
        return self.weight_bytes + self.cache_bytes

    @property
    def read_share(self) -> float:
        """Of what is held."""
        return self.read_bytes / self.held_bytes


class Speed(NamedTuple):
    """Tokens a second of one user."""

    fits: bool
    least_tokens_per_s: float  #: as slow as kernels on an accelerator that was not measured may be
    most_tokens_per_s: float  #: memory at its full bandwidth


def one_token(config: ModelConfig, context: int, weights: str | None = FOUR_BITS) -> Token:
    """What a token reads, `context` [tokens] into its sequence, with weights in a scheme of :func:`tensor_storage`.

    A look-up of the embedding reads one row and is left out; the cache is in BF16.

    >>> found = one_token(v3, 4096)
    >>> round(found.read_share, 3)
    0.059
    """
    whole("context", context, most=MAX_SEQ_LEN)
    stored: Callable = tensor_storage(config, weights)
    held = read = 0.0
    for block, count in config.anatomy.counted:
        for tensor in block.tensors:
            num_bytes = stored(tensor) if tensor.owned else 0
            held += count * num_bytes
            if tensor.multiplied:
                # a tied head is read, though the embedding holds it
                own = num_bytes or 2 * tensor.inputs * tensor.outputs
                read += count * own * tensor.used / tensor.copies
    cache = kv_cache_bytes(config, [context])
    return Token(held, read + cache, cache)


def speed(token: Token, accelerator: Accelerator) -> Speed:
    r"""Between which speeds one user decodes.

    .. math:: \frac{W}{e \, M} \le v \le \frac{W}{M}

    M are the bytes read, W is the bandwidth of memory, e the factor by which one in ten kernels on accelerators that nothing
    was fitted on were slower than predicted. Computing, launches and the program around it are left out.

    >>> found = speed(one_token(load_model("llama-3.1-8b"), 4096), load_accelerator("rtx-5090"))
    >>> found.fits, round(found.least_tokens_per_s), round(found.most_tokens_per_s)
    (True, 227, 344)
    """
    most = accelerator.needed("memory_bandwidth_bytes_per_s") / token.read_bytes
    fits = token.held_bytes <= accelerator.needed("memory_bytes")
    return Speed(fits, most / interval_of(OTHER)[1], most)
