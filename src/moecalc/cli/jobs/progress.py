"""How far a job is, on stderr: a bar on a terminal, a line now and then where it is no terminal."""

import sys
import time

from ...base.errors import InputError

#: Between two lines where stderr is no terminal [s]
EVERY_S = 10
#: A job that takes less says nothing [s]
QUIET_S = 2


class Progress:
    """Told of each chunk that is finished."""

    def __init__(self, unit: str, size: int, num_chunks: int):
        self.unit, self.size, self.num_chunks = unit, size, num_chunks
        self.done = self.before = 0
        self.began = self.told = self.first = time.monotonic()
        self.bar = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.close()

    def say(self, sentence: str) -> None:
        """A sentence of its own."""
        (self.bar.write if self.bar is not None else self._write)(f"moecalc: {sentence}")

    def begin(self, done: int) -> None:
        """So many chunks were finished before."""
        self.done = self.before = done
        if done:
            self.say(f"{done:,} of {self.num_chunks:,} chunks were finished before")

    def step(self) -> None:
        """One more is finished."""
        self.done += 1
        now = time.monotonic()
        if self.done == self.before + 1:
            self.first = now  # a cluster takes a while to start, and that is no measure of the rest
        if self.bar is None and now - self.began > QUIET_S and sys.stderr.isatty():
            self.bar = self._make_bar()
        if self.bar is not None:
            self.bar.update(1)
        elif now - max(self.told, self.began + QUIET_S) > EVERY_S and now > self.first:
            self.told = now
            left = (now - self.first) / (self.done - self.before - 1) * (self.num_chunks - self.done)
            share = self.done / self.num_chunks
            looked = f"{self.size * self.done // self.num_chunks:,} of {self.size:,} {self.unit}"
            self._write(f"moecalc: {share:.0%}, {looked}, {left:,.0f} s left")

    def _make_bar(self):
        from .extras import extra

        try:
            return extra("bar")(self.num_chunks, self.done - 1)
        except InputError:
            return PlainBar(self.num_chunks, self.done - 1)

    def _write(self, line):
        print(line, file=sys.stderr, flush=True)


class PlainBar:
    """A bar of letters, where no library draws a better one."""

    WIDTH = 30

    def __init__(self, total: int, done: int):
        self.total, self.done = total, done

    def update(self, more: int) -> None:
        self.done += more
        full = self.WIDTH * self.done // self.total
        bar = "#" * full + "." * (self.WIDTH - full)
        print(f"\r{bar} {self.done:,}/{self.total:,} chunks", end="", file=sys.stderr, flush=True)

    def write(self, line: str) -> None:
        print(f"\r{line:60}", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(file=sys.stderr)
