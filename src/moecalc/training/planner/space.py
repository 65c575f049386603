"""Every layout of a question, counted: how many there are, which is number n, and which are near it.

A block is what has the same accelerator, GPUs, TP, CP and PP, and so the same DP. Blocks stand one after the other, in a
block EP, ETP, schedule, split, micro-batch, recompute and ZeRO are the digits of a number. So any layout is found from its
number alone.
Examples use :func:`.question.ask`.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, product
from math import prod
from typing import NamedTuple

from ...base.errors import InputError
from ...base.search import question_text
from .axes import AXES, Values, values_of
from .question import Question, question_of, setting_of

#: Schedule that alone has virtual stages.
INTERLEAVED = "interleaved"


class Candidate(NamedTuple):
    """One layout of a space, by its axes."""

    accelerator: int  #: its place among the question's
    num_gpus: int
    tp: int
    cp: int
    pp: int
    dp: int
    ep: int
    etp: int
    schedule: str
    vpp: int
    split: str
    micro_batch: int
    recompute: str
    zero: int


class Block(NamedTuple):
    """Layouts that differ in the axes that are digits alone."""

    accelerator: int
    num_gpus: int
    tp: int
    cp: int
    pp: int
    dp: int
    digits: tuple  #: values of EP, ETP, (schedule, VPP), split, micro-batch, recompute and ZeRO

    @property
    def size(self) -> int:
        return prod(map(len, self.digits))

    def candidate(self, place: int) -> Candidate:
        """The layout at a place in the block."""
        found = []
        for values in reversed(self.digits):
            place, digit = divmod(place, len(values))
            found.append(values[digit])
        zero, recompute, micro_batch, split, (schedule, vpp), etp, ep = found
        return Candidate(*self[:6], ep, etp, schedule, vpp, split, micro_batch, recompute, zero)


class Space:
    """The layouts of a question in one order; ``len`` and any of them without those before it."""

    def __init__(self, question: Question):
        config = setting_of(question).config
        self.values = usual_values(question, config)
        self.blocks = tuple(_blocks(self.values))
        self.ends = tuple(accumulate(block.size for block in self.blocks))
        if not len(self):
            raise InputError(_why_empty(question, config))
        if not any(
            question.global_batch % (block.dp * micro_batch) == 0
            for block in self.blocks
            for micro_batch in self.values.micro_batch
        ):
            least = min(block.dp for block in self.blocks) * min(self.values.micro_batch)
            raise InputError(
                f"global_batch must be a multiple of DP x micro-batch for some layout of the space, where it is at least "
                f"{least:,}; found {question.global_batch:,}"
            )

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def __getitem__(self, index: int) -> Candidate:
        if not 0 <= index < len(self):
            raise IndexError(index)
        block, start = self._found(index)
        return block.candidate(index - start)

    def __iter__(self):
        for block in self.blocks:
            for place in range(block.size):
                yield block.candidate(place)

    def index(self, candidate: Candidate) -> int | None:
        """The number of a layout; None where the space has none such."""
        start = 0
        for block, end in zip(self.blocks, self.ends, strict=True):
            if block[:6] == candidate[:6]:
                break
            start = end
        else:
            return None
        own = candidate._asdict() | {"schedule": (candidate.schedule, candidate.vpp)}
        place = 0
        for values, name in zip(block.digits, DIGITS, strict=True):
            if own[name] not in values:
                return None
            place = place * len(values) + values.index(own[name])
        return start + place

    def pieces(self, first: int, stop: int):
        """(block, place of its first, place behind its last, number of the block's first) of the layouts from `first` on."""
        while first < stop:
            block, start = self._found(first)
            end = min(stop, start + block.size)
            yield block, first - start, end - start, start
            first = end

    def _found(self, index) -> tuple:
        at = bisect_right(self.ends, index)
        return self.blocks[at], self.ends[at - 1] if at else 0


def usual_values(question: Question, config) -> Values:
    """What each axis of a question may be."""
    asked = question.limits, len(question.accelerators), question.num_gpus, question.objective == "fewest-gpus"
    return values_of(*asked, config)


#: Axes that are the digits of a place in a block.
DIGITS = ("ep", "etp", "schedule", "split", "micro_batch", "recompute", "zero")


def space_of(question: Question) -> Space:
    """The space of a question.

    Raises
    ------
    InputError
        If it is empty, or its global batch has no layout that divides it.

    Examples
    --------
    >>> mine = space_of(ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"schedule": ("1f1b",)}))
    >>> len(mine), mine.index(mine[100])
    (2880, 100)
    """
    return _space(question_text(question))


@lru_cache(maxsize=16)
def _space(text: str) -> Space:
    return Space(question_of(text))


def neighbours(space: Space, candidate: Candidate):
    """(axis, layout) of each layout of the space that differs in one axis; a schedule comes with each of its VPP."""
    own = candidate._asdict()
    for axis in AXES:
        for value in getattr(space.values, axis) or ():
            if axis in ("dp", "etp", "vpp", "schedule") or value == own[axis]:
                continue
            changed = own | {axis: value}
            group = changed["tp"] * changed["cp"] * changed["pp"]
            if changed["num_gpus"] % group:
                continue
            changed["dp"] = changed["num_gpus"] // group
            if axis == "tp" and own["etp"] == own["tp"] > 1 and space.values.etp is None:
                changed["etp"] = value  # experts are cut as the rest is, or not at all
            yield axis, Candidate(**changed)
        if axis == "etp":
            for value in space.values.etp or tuple(dict.fromkeys((1, own["tp"]))):
                if value != own["etp"]:
                    yield axis, candidate._replace(etp=value)
        if axis == "schedule":
            for schedule, vpp in _schedules(space.values):
                if (schedule, vpp) != (own["schedule"], own["vpp"]):
                    yield ("vpp" if schedule == own["schedule"] else axis), candidate._replace(schedule=schedule, vpp=vpp)


def _blocks(values: Values):
    for place, num_gpus, tp, cp, pp in product(values.accelerator, values.num_gpus, values.tp, values.cp, values.pp):
        dp, rest = divmod(num_gpus, tp * cp * pp)
        if rest or (values.dp is not None and dp not in values.dp):
            continue
        etp = values.etp or tuple(dict.fromkeys((1, tp)))
        digits = (values.ep, etp, _schedules(values), values.split, values.micro_batch, values.recompute, values.zero)
        yield Block(place, num_gpus, tp, cp, pp, dp, digits)


def _schedules(values) -> tuple:
    """(schedule, VPP): only interleaved has more than one virtual stage, and no fewer than two."""
    return tuple(
        (schedule, vpp) for schedule in values.schedule for vpp in values.vpp if (schedule == INTERLEAVED) == (vpp > 1)
    )


def _why_empty(question, config) -> str:
    """Which limit empties a space: the first without which it has layouts; else all of them together."""

    def size(limits):
        return sum(block.size for block in _blocks(usual_values(question._replace(limits=limits), config)))

    for axis, values in question.limits:
        if size(tuple(one for one in question.limits if one[0] != axis)):
            return (
                f"no layout of {question.num_gpus:,} GPUs is left: limit {axis}={_typed(values)} empties the space; "
                f"without it there are some"
            )
    typed = " ".join(f"{axis}={_typed(values)}" for axis, values in question.limits) or "none"
    return f"no layout of {question.num_gpus:,} GPUs is left; the limits together empty the space: {typed}"


def _typed(values) -> str:
    return ",".join(str(value).replace(",", "+") for value in values)
