"""How many sequences fit into a GPU."""

import math

from ..base.checks import real


def sequences_that_fit(memory_bytes: float, taken_bytes: float, bytes_per_sequence: float) -> int:
    """Sequences whose cache fits into a GPU beside its weights, 0 where these alone do not fit [sequences].

    n = floor((M - W) / m), of M = `memory_bytes` [bytes]; W = `taken_bytes` [bytes], weights and all else that is to count,
    such as the slack of pages, activations and buffers; and m = `bytes_per_sequence` [bytes] of cache.

    >>> sequences_that_fit(80e9, 40e9, 70272 * 32768)
    17
    """
    room = real("memory_bytes", memory_bytes) - real("taken_bytes", taken_bytes)
    return max(0, math.floor(room / real("bytes_per_sequence", bytes_per_sequence, positive=True)))
