"""Medians, and the table they are printed in."""

import statistics
import subprocess
import time
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table."""

    what: str
    measured: float
    unit: str
    goal: float | None = None


def median_us(call, batches: int = 101, calls: int = 100) -> float:
    """Microseconds of one call: the median over batches of calls."""
    call()
    seconds = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        seconds.append((time.perf_counter() - start) / calls)
    return statistics.median(seconds) * 1e6


def median_ms(commands: dict, runs: int = 41) -> dict:
    """Name -> milliseconds of a whole process: medians of runs made in turns, so that noise meets all alike."""
    seconds = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) * 1e3 for name, taken in seconds.items()}


def table(rows) -> str:
    """What was measured beside its goal."""
    lines = [f"{'':58} {'measured':>12}  {'goal':>12}"]
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal:g} {row.unit}"
        verdict = "" if row.goal is None else "met" if row.measured <= row.goal else "MISSED"
        lines.append(f"{row.what:58} {row.measured:>9.3g} {row.unit:2}  {goal:>12}  {verdict}".rstrip())
    return "\n".join(lines)
