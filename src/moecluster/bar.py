"""A bar on a terminal; the entry point ``bar``."""

import sys

from tqdm import tqdm


class Bar(tqdm):
    """A bar of chunks, of which so many are done; a sentence stands above it."""

    def __init__(self, total: int, done: int):
        super().__init__(total=total, initial=done, unit=" chunks", dynamic_ncols=True, smoothing=0.1, file=sys.stderr)

    def write(self, line: str) -> None:
        super().write(line, file=sys.stderr)
