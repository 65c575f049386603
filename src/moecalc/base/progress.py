"""Long computations are generators: each yields the share that is done, from 0 to 1, and returns its result.

One that has something to show before its end yields the share together with what it has found so far.
"""


def run_to_end(work, progress=None):
    """Run such a generator to its end and return its result; `progress`, if given, is called with what it yields.

    >>> def halves(): yield 0.5; yield 1.0; return "done"
    >>> run_to_end(halves(), progress=print)
    0.5
    1.0
    'done'
    >>> def best(): yield 0.5, "so far"; return "done"
    >>> run_to_end(best(), progress=print)
    0.5 so far
    'done'
    """
    while True:
        try:
            told = next(work)
        except StopIteration as end:
            return end.value
        if progress is not None:
            progress(*(told if isinstance(told, tuple) else (told,)))
