"""The search: a chunk of the space, deployment by deployment, and how chunks are joined."""

from functools import partial
from itertools import islice, product
from typing import NamedTuple

from ...base.search import Refused, chunk_places, front_of, in_chunks, refuse
from .question import Question
from .rules import Found, Rules
from .space import INSIDE, Candidate, Space

#: So many rows are found between two looks at which of them can still be told.
BETWEEN_LOOKS = 32


class Part(NamedTuple):
    """A part of the answer: what some deployments of the space came to. Plain values alone."""

    num_considered: int
    num_fitting: int
    refused: tuple  #: (reason, :class:`~moecalc.base.search.Refused`) in the order of their names
    best: tuple  #: :class:`~.rules.Found`, the best first, as many as the question asks for
    front: tuple  #: :class:`~.rules.Found` that no other beats in tokens of a GPU and of a user


EMPTY = Part(0, 0, (), (), ())


def plan_chunk(question: Question, chunk: int = 0, num_chunks: int = 1) -> Part:
    """One chunk of the search, of `num_chunks`; :func:`merge` joins what they return.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 2048, 512)
    >>> merge(mine, [plan_chunk(mine, chunk, 3) for chunk in range(3)]) == plan_chunk(mine)
    True
    """
    looked = _Looked(question)
    space, rules = looked.space, looked.rules
    places = chunk_places(len(space), chunk, num_chunks)
    at = places.start
    while at < places.stop:
        one = space[at]
        reason, size = rules.shape_reason(one), space.of_shape
        if not reason:
            reason, size = rules.prefill_reason(one), space.inside
        begin = at - at % size  # all of one shape fail alike
        end = min(places.stop, begin + size)
        if reason:
            refuse(looked.refused, reason, Refused(end - at, 0, at))
        else:
            for place, (mtp, batch) in islice(enumerate(product(*space.values[-INSIDE:]), begin), at - begin, end - begin):
                looked.deployment(one._replace(mtp=mtp, batch=batch), place)
        at = end
    return looked.part(len(places))


class _Looked:
    """What the deployments looked at so far came to."""

    def __init__(self, question: Question):
        self.question, self.rules = question, Rules(question)
        self.space = Space(question, self.rules.config)
        self.fitting, self.refused = 0, {}
        self.rows, self.front, self.last = [], (), None

    def deployment(self, one: Candidate, place: int):
        reason, lacks, found = self.rules.judged(one, self.beaten)
        if reason:
            return refuse(self.refused, reason, Refused(1, lacks, place))
        self.fitting += 1
        if found:
            self.rows.append(found._replace(index=place))
            if len(self.rows) >= self.question.top + BETWEEN_LOOKS:
                self.look()
        return None

    def look(self):
        """Keep the rows that can still be told; the last of the best and the front are what others have to beat."""
        self.front = front_of(dict.fromkeys((*self.rows, *self.front)), costs)
        self.rows = sorted(self.rows)[: self.question.top]
        self.last = self.rows[-1] if len(self.rows) == self.question.top else None

    def beaten(self, one: Candidate, most_per_gpu: float, tpot_s: float) -> bool:
        """Whether a deployment with at most so many tokens of a GPU can be neither one of the best nor on the front."""
        if self.last is None or self.rules.value(one, most_per_gpu) <= self.last.value:
            return False
        return any(row.tpot_s <= tpot_s and row.tokens_per_s_per_gpu >= most_per_gpu for row in self.front)

    def part(self, considered: int) -> Part:
        self.look()
        return Part(considered, self.fitting, tuple(sorted(self.refused.items())), tuple(self.rows), self.front)


def merge(question: Question, parts) -> Part:
    """The parts as one, whatever their order.

    >>> merge(None, []) == EMPTY
    True
    """
    parts = list(parts)
    if not parts:
        return EMPTY
    refused = {}
    for part in parts:
        for reason, one in part.refused:
            refuse(refused, reason, one)
    best = sorted({row for part in parts for row in part.best})[: question.top]
    return Part(
        sum(part.num_considered for part in parts),
        sum(part.num_fitting for part in parts),
        tuple(sorted(refused.items())),
        tuple(best),
        front_of({row for part in parts for row in part.front}, costs),
    )


def search(question: Question, num_chunks: int = 1):
    """The whole search in this process, a generator of the share that is done; returns the :class:`Part`.

    It runs as :func:`moecalc.base.progress.run_to_end` runs such work.
    """
    return (yield from in_chunks(partial(plan_chunk, question), partial(merge, question), num_chunks))


def costs(row: Found) -> tuple:
    """What a front is of: output tokens of a GPU, which count as less than nothing, and the time of a token."""
    return -row.tokens_per_s_per_gpu, row.tpot_s
