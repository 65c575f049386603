"""The kind of job that searches the layouts of a question to the planner of training."""

from functools import lru_cache

from ...training.planner.front import EMPTY, Part, merge, part_of, part_told
from ...training.planner.question import Question, question_of, question_text
from ...training.planner.search import plan_chunk
from ...training.planner.space import space_of
from . import Job, canonical, job_of

UNIT = "layouts"
#: Layouts of a chunk, about: enough that sending it is nothing beside it, few enough that all cores end together.
CHUNK = 8000


def search_job(question: Question) -> Job:
    """The search of a question as a job; its answer is the :class:`~moecalc.training.planner.front.Part` of the whole."""
    import json

    return job_of("plan", json.loads(question_text(question)))


def size(question: dict) -> int:
    """Layouts of the space."""
    return len(space_of(_known(canonical(question))))


def num_chunks(question: dict) -> int:
    return max(1, -(-size(question) // CHUNK))


def compute(question: dict, chunk: int, num_chunks: int) -> dict:
    """The part of the answer that one chunk of the space gives."""
    return part_told(plan_chunk(_known(canonical(question)), chunk, num_chunks))


@lru_cache(maxsize=16)
def _known(question: str) -> Question:
    return question_of(question)


class Whole:
    """The best, the front and the reasons so far."""

    def __init__(self, question: dict):
        self.question, self.part = _known(canonical(question)), EMPTY

    def add(self, chunk: int, part: dict):
        self.part = merge(self.question, (self.part, part_of(part)))

    def finish(self) -> Part:
        return self.part
