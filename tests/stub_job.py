"""A kind of job for tests: it adds numbers up, notes in a folder each time that it computes a chunk, and can die at one."""

import os
import signal
import time
from pathlib import Path

from moecalc.base.search import chunk_places

UNIT = "numbers"


def question(size, log, num_chunks=20, sleep_s=0.0, dies_at=None) -> dict:
    return {"size": size, "log": str(log), "num_chunks": num_chunks, "sleep_s": sleep_s, "dies_at": dies_at}


def size(question):
    return question["size"]


def num_chunks(question):
    return question["num_chunks"]


def compute(question, chunk, num_chunks):
    log = Path(question["log"])
    if chunk == question["dies_at"] and not (log / "died").exists():
        (log / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(question["sleep_s"])
    (log / f"{chunk}-{os.getpid()}-{time.time_ns()}").touch()
    numbers = chunk_places(question["size"], chunk, num_chunks)
    return {"sum": sum(numbers), "count": len(numbers)}


def computed(log) -> list:
    """The chunks that were computed, each as often as it was."""
    return sorted(int(path.name.partition("-")[0]) for path in Path(log).iterdir() if path.name != "died")


class Whole:
    def __init__(self, question):
        self.sum = self.count = 0

    def add(self, chunk, part):
        self.sum, self.count = self.sum + part["sum"], self.count + part["count"]

    def finish(self):
        return self.sum, self.count
