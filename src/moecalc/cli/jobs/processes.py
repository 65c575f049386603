"""Chunks in several processes of this machine; a module of its own, since what it imports is slow to start."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from . import Stopped, compute

#: Chunks that a process has at once: the one it computes and the next.
WINDOW = 2
#: A job is given up after so many losses of a process.
MOST_LOSSES = 3


def in_processes(job, question: str, chunks: Iterator, processes: int, say) -> Iterator:
    """(chunk, text) of each of the chunks, as they are finished; a lost process costs nothing but time."""
    again = []  # chunks of a process that was lost
    for _loss in range(MOST_LOSSES):
        running = {}
        # started anew, not forked: safe beside threads, and the same on every system
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
        try:
            while True:
                while len(running) < WINDOW * processes:
                    chunk = again.pop() if again else next(chunks, None)
                    if chunk is None:
                        break
                    running[pool.submit(compute, job.kind, question, chunk, job.num_chunks)] = chunk
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    text = future.result()
                    yield running.pop(future), text
        except BrokenProcessPool:
            again += running.values()
            say(f"a process was ended from outside, such as for want of memory; {len(again)} chunks are computed again")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    raise Stopped(f"{MOST_LOSSES} times a process was ended from outside, such as for want of memory: try fewer --processes")
