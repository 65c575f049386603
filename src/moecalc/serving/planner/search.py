"""The search: a chunk of the space, deployment by deployment, and how chunks are joined."""

from functools import lru_cache, partial
from itertools import islice, product

from ...base import search as base
from ...base.search import Part, Refused, chunk_places, front_of, in_chunks, question_text, refuse
from .question import Question, question_of
from .rules import Found, Rules
from .space import INSIDE, Candidate, Space

#: So many rows are found between two looks at which of them can still be told.
BETWEEN_LOOKS = 32


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


def space_of(question: Question) -> Space:
    """The space of a question."""
    return _known(question_text(question))[1]


@lru_cache(maxsize=4)
def _known(question: str) -> tuple[Rules, Space]:
    """Rules and space of a question: what one chunk counted, the next need not."""
    rules = Rules(question_of(question))
    return rules, Space(rules.question, rules.config)


class _Looked:
    """What the deployments looked at so far came to."""

    def __init__(self, question: Question):
        self.question = question
        self.rules, self.space = _known(question_text(question))
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
    """The parts, of :class:`~.rules.Found`, as one; their front is that of tokens of a GPU and of a user."""
    return base.merge(parts, question.top, costs)


def search(question: Question, num_chunks: int = 1):
    """The whole search in this process, a generator of the share that is done; returns the :class:`Part`.

    It runs as :func:`moecalc.base.progress.run_to_end` runs such work.
    """
    return (yield from in_chunks(partial(plan_chunk, question), partial(merge, question), num_chunks))


def costs(row: Found) -> tuple:
    """What a front is of: output tokens of a GPU, which count as less than nothing, and the time of a token."""
    return -row.tokens_per_s_per_gpu, row.tpot_s
