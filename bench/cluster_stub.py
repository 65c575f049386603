"""A kind of job whose chunks are stubbed in time, not in number: what they return and how it is merged is a search's own."""

import random
import time

from moecalc.base.search import EMPTY, Part, Refused, chunk_places, part_read, part_told
from moecalc.training.planner.front import Found, front_of, merge

UNIT = "layouts"
TOP = 10
#: Layouts of a chunk that fit in memory.
FITTING = 60


class Asked:
    """What :func:`merge` asks of a question."""

    top = TOP


def question(size: int, num_chunks: int, seconds: float = 0, spins: bool = False) -> dict:
    return {"size": size, "num_chunks": num_chunks, "seconds": seconds, "spins": spins}


def size(question):
    return question["size"]


def num_chunks(question):
    return question["num_chunks"]


def compute(question, chunk, num_chunks):
    """Layouts with times and sizes drawn from the chunk's number, after the seconds that a search would take."""
    began = time.perf_counter()
    if question["spins"]:
        end = time.process_time() + question["seconds"]
        while time.process_time() < end:
            sum(range(1000))
    else:
        time.sleep(question["seconds"])
    draw, numbers = random.Random(chunk), chunk_places(question["size"], chunk, num_chunks)
    found = []
    for index in draw.sample(numbers, min(FITTING, len(numbers))):
        step_s, size = draw.uniform(5, 50), draw.randrange(20 * 10**9, 80 * 10**9)
        found.append(Found(step_s, step_s, index, 0.8 * step_s, 1.25 * step_s, size, size, 1000 / step_s, 1 / step_s))
    refused = (("memory", Refused(len(numbers) - len(found), 90 * 10**9 + chunk, numbers[0])),)
    part = part_told(Part(len(numbers), len(found), refused, tuple(sorted(found)[:TOP]), front_of(found)))
    return {**part, "took_s": time.perf_counter() - began}


class Whole:
    """A search's own merge."""

    def __init__(self, question):
        self.part, self.took_s = EMPTY, 0.0

    def add(self, chunk, part):
        self.took_s += part["took_s"]
        self.part = merge(Asked, (self.part, part_read(part, Found)))

    def finish(self):
        return self.part
