"""Work that tells how far it is: a generator that yields the share done, from 0 to 1, and returns its result."""


def run_to_end(work, progress=None):
    """What such work returns, once it is done.

    Parameters
    ----------
    work : generator
        Yields the share done, as often as it likes, and returns the result [-]
    progress : callable, optional
        Is told each share [-]

    Returns
    -------
    object
        The result.

    Examples
    --------
    >>> def sums(numbers):
    ...     total = 0
    ...     for done, number in enumerate(numbers, 1):
    ...         total += number
    ...         yield done / len(numbers)
    ...     return total
    >>> run_to_end(sums([1, 2, 3, 4]), progress=print)
    0.25
    0.5
    0.75
    1.0
    10
    """
    while True:
        try:
            share = next(work)
        except StopIteration as end:
            return end.value
        if progress is not None:
            progress(share)
