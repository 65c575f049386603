"""The kinds of jobs that search what a planner plans: layouts for training, deployments for serving."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ...base.search import EMPTY, Part, part_read, part_told, question_text
from . import Job, canonical, job_of

#: What a chunk is of, about: enough that sending it is nothing beside it, few enough that all cores end together.
CHUNKS = {"plan": 8000, "plan-serving": 20_000}


class Planner(NamedTuple):
    """A planner as a kind of job."""

    kind: str
    UNIT: str  #: what it counts
    read: Callable  #: text of a question -> the question
    space: Callable  #: question -> its space, which has a length
    plan_chunk: Callable  #: question, chunk, number of chunks -> the :class:`~moecalc.base.search.Part` of the chunk
    merge: Callable  #: question, parts -> one part
    row: type  #: of what it finds

    def job(self, question) -> Job:
        """The search of a question; its answer is the :class:`~moecalc.base.search.Part` of the whole."""
        return job_of(self.kind, json.loads(question_text(question)))

    def known(self, question: dict):
        """The question that JSON holds, read once."""
        return _known(self.read, canonical(question))

    def size(self, question: dict) -> int:
        return len(self.space(self.known(question)))

    def num_chunks(self, question: dict) -> int:
        return max(1, -(-self.size(question) // CHUNKS[self.kind]))

    def compute(self, question: dict, chunk: int, num_chunks: int) -> dict:
        return part_told(self.plan_chunk(self.known(question), chunk, num_chunks))

    def Whole(self, question: dict) -> "_Whole":
        return _Whole(self, self.known(question))


@lru_cache(maxsize=16)
def _known(read: Callable, question: str):
    return read(question)


class _Whole:
    """The best, the front and the reasons so far."""

    def __init__(self, planner: Planner, question):
        self.planner, self.question, self.part = planner, question, EMPTY

    def add(self, chunk: int, part: dict):
        self.part = self.planner.merge(self.question, (self.part, part_read(part, self.planner.row)))

    def finish(self) -> Part:
        return self.part


@lru_cache
def planner(kind: str) -> Planner:
    """The planner behind a kind of job; it is imported when it is asked for."""
    if kind == "plan":
        from ...training.planner.front import Found, merge
        from ...training.planner.question import question_of
        from ...training.planner.search import plan_chunk
        from ...training.planner.space import space_of

        return Planner(kind, "layouts", question_of, space_of, plan_chunk, merge, Found)
    from ...serving.planner.question import question_of
    from ...serving.planner.rules import Found
    from ...serving.planner.search import merge, plan_chunk, space_of

    return Planner(kind, "deployments", question_of, space_of, plan_chunk, merge, Found)
