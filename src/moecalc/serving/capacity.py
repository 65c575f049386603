"""How many sequences fit into a GPU."""

import math

from ..base.checks import real


def sequences_that_fit(memory_bytes: float, taken_bytes: float, bytes_per_sequence: float) -> int:
    r"""Sequences whose cache fits in a GPU beside its weights.

    .. math:: n = \left\lfloor \frac{M - W}{m} \right\rfloor

    Parameters
    ----------
    memory_bytes : float
        M, memory of the GPU [bytes]
    taken_bytes : float
        W, weights and whatever else stands in it [bytes]
    bytes_per_sequence : float
        m, cache of one sequence [bytes]

    Returns
    -------
    int
        n, 0 where the weights alone do not fit [sequences]

    Raises
    ------
    InputError
        If a number is negative or not finite, or `bytes_per_sequence` is 0.

    Notes
    -----
    Leaves out the slack of pages, activations and communication buffers, unless `taken_bytes` holds them.

    Examples
    --------
    >>> sequences_that_fit(80e9, 40e9, 70272 * 32768)
    17
    """
    room = real("memory_bytes", memory_bytes) - real("taken_bytes", taken_bytes)
    return max(0, math.floor(room / real("bytes_per_sequence", bytes_per_sequence, positive=True)))
