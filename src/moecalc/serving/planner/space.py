"""Every deployment of a question, counted: how many there are, which is number n, and which are near it.

Deployments of one shape, of decode and of prefill, stand one after the other: MTP and batch change fastest.
"""

from math import prod
from typing import NamedTuple

from ...model.config import ModelConfig
from .axes import AXES, values_of
from .question import Question

#: Axes that tell a shape of decode; those of prefill follow; MTP and batch are within.
DECODE, PREFILL, INSIDE = 5, 3, 2


class Candidate(NamedTuple):
    """One deployment of a space, by its axes."""

    accelerator: int  #: its place among the question's
    tp: int
    dp: int
    ep: int
    redundant: int
    prefill_tp: int
    prefill_unit: int
    prefill_gpus: int  #: :data:`~.axes.BALANCED`: as many as give the most requests
    mtp: str
    batch: int

    @property
    def unit(self) -> int:
        """GPUs of one instance of decode [GPUs]."""
        return self.tp * self.dp


class Space:
    """The deployments of a question in one order; ``len`` and any of them without those before it."""

    def __init__(self, question: Question, config: ModelConfig):
        self.values = values_of(question.limits, len(question.accelerators), question.num_gpus, config)
        self.inside = prod(map(len, self.values[-INSIDE:]))  #: deployments of one shape of decode and prefill
        self.of_shape = self.inside * prod(map(len, self.values[DECODE : DECODE + PREFILL]))

    def __len__(self) -> int:
        return prod(map(len, self.values))

    def __getitem__(self, index: int) -> Candidate:
        if not 0 <= index < len(self):
            raise IndexError(index)
        found = []
        for values in reversed(self.values):
            index, digit = divmod(index, len(values))
            found.append(values[digit])
        return Candidate(*reversed(found))

    def index(self, one: Candidate) -> int:
        """The number of a deployment."""
        place = 0
        for values, value in zip(self.values, one, strict=True):
            place = place * len(values) + values.index(value)
        return place

    def neighbours(self, one: Candidate):
        """(axis, deployment) of each deployment of the space that differs in one axis."""
        for axis, values in zip(AXES, self.values, strict=True):
            for value in values:
                if value != getattr(one, axis):
                    yield axis, one._replace(**{axis: value})
