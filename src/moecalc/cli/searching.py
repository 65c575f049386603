"""A search on all cores of this machine: chunks in processes of their own, and how far they are, told on stderr."""

import os
import sys
import time

#: Layouts of a chunk, about: large enough that starting it is nothing beside it, small enough that all cores end together.
CHUNK = 8000
#: Below so many layouts, other processes take longer to start than they save.
ALONE = 20_000
#: Seconds between two lines where no terminal can draw over the last one.
SELDOM_S = 10


def searched(question, processes: int | None = None):
    """The :class:`~moecalc.training.planner.front.Part` of a whole space, whatever the number of processes."""
    from ..training.planner.front import EMPTY, merge
    from ..training.planner.search import plan_chunk
    from ..training.planner.space import space_of

    size = len(space_of(question))
    processes = processes or (os.cpu_count() or 1)
    num_chunks = max(1, -(-size // CHUNK))
    told = Told(sys.stderr)
    whole = EMPTY
    if processes == 1 or size <= ALONE:
        for chunk in range(num_chunks):
            whole = merge(question, (whole, plan_chunk(question, chunk, num_chunks)))
            told.share((chunk + 1) / num_chunks)
        told.end()
        return whole
    from concurrent.futures import ProcessPoolExecutor, as_completed

    with ProcessPoolExecutor(min(processes, num_chunks)) as pool:
        # a process takes neighbours one after the other: they share most of what is kept
        going = [pool.submit(plan_chunk, question, chunk, num_chunks) for chunk in range(num_chunks)]
        try:
            for done, one in enumerate(as_completed(going), start=1):
                whole = merge(question, (whole, one.result()))
                told.share(done / num_chunks)
        finally:  # what a chunk refuses, all refuse
            pool.shutdown(wait=False, cancel_futures=True)
    told.end()
    return whole


class Told:
    """How far a search is: a bar that is drawn over on a terminal; elsewhere a line from time to time, if it takes long."""

    def __init__(self, stream):
        self.stream, self.terminal, self.last = stream, stream.isatty(), time.monotonic()

    def share(self, share: float):
        """Tell it, a number from 0 to 1."""
        now = time.monotonic()
        if self.terminal:
            done = round(30 * share)
            self.stream.write(f"\r[{'#' * done}{'.' * (30 - done)}] {share:4.0%}")
        elif now - self.last >= SELDOM_S:
            self.stream.write(f"moecalc plan: {share:.0%} of the layouts\n")
            self.last = now
        self.stream.flush()

    def end(self):
        """Take the bar away."""
        if self.terminal:
            self.stream.write("\r" + " " * 38 + "\r")
            self.stream.flush()
