"""Long computations are generators: each yields the share that is done, from 0 to 1, and returns its result."""


def run_to_end(work, progress=None):
    """Run such a generator to its end and return its result; `progress`, if given, is called with each share.

    >>> def halves(): yield 0.5; yield 1.0; return "done"
    >>> run_to_end(halves(), progress=print)
    0.5
    1.0
    'done'
    """
    while True:
        try:
            share = next(work)
        except StopIteration as end:
            return end.value
        if progress is not None:
            progress(share)
