"""Orders of pipeline schedules: which chunk each rank runs after which.

A chunk is one micro-batch on one stage. ``virtual`` is the number of stages that a rank of ``interleaved`` holds. 1F1B and
interleaved 1F1B are those of [1]_, ZB1P is ZB-H1 of [2]_, DualPipe and DualPipeV those of [3]_.

.. [1] Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, arXiv:2104.04473, section 2.2.
.. [2] Qi et al., Zero Bubble Pipeline Parallelism, arXiv:2401.10241, section 2.1 (ZB-H1).
.. [3] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.2.1, and github.com/deepseek-ai/DualPipe.
"""

from functools import lru_cache
from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.errors import InputError
from ...base.limits import MAX_CHUNKS, MAX_PIPELINE_RANKS

SCHEDULES = ("1f1b", "interleaved", "zb1p", "dualpipe", "dualpipev")


class Pipeline(NamedTuple):
    """A schedule on so many ranks; ranks of ``dualpipev`` are devices, with two stages each."""

    schedule: str
    ranks: int
    micro_batches: int
    virtual: int = 1

    @property
    def num_stages(self) -> int:
        return self.ranks * {"interleaved": self.virtual, "dualpipev": 2}.get(self.schedule, 1)

    @property
    def directions(self) -> int:
        """Kinds of chunks on a rank: directions of DualPipe, modules of DualPipeV, virtual stages of interleaved."""
        return {"interleaved": self.virtual, "dualpipe": 2, "dualpipev": 2}.get(self.schedule, 1)

    @property
    def chunks(self) -> int:
        """Chunks of one direction."""
        return self.micro_batches // 2 if self.schedule == "dualpipe" else self.micro_batches

    def stages_of_rank(self, rank: int) -> tuple:
        """The stage of each direction on a rank.

        >>> Pipeline("interleaved", 4, 8, virtual=2).stages_of_rank(1), Pipeline("dualpipev", 4, 8).stages_of_rank(1)
        ((1, 5), (1, 6))
        """
        if self.schedule == "interleaved":
            return tuple(range(rank, self.num_stages, self.ranks))
        if self.schedule in ("dualpipe", "dualpipev"):
            return rank, self.num_stages - 1 - rank
        return (rank,)


class Operation(NamedTuple):
    """A step of a rank: ``F`` forward, ``B`` backward, its input part ``I`` and weight part ``W``, ``X`` a pair overlapped.

    ``X`` runs the forward of `direction` and `chunk` beside the backward of `backward_direction` and `backward_chunk`.
    """

    kind: str
    direction: int
    chunk: int
    backward_direction: int | None = None
    backward_chunk: int | None = None

    def __str__(self):
        name = f"{self.kind}{self.direction}.{self.chunk}"
        return f"{name}/{self.backward_direction}.{self.backward_chunk}" if self.kind == "X" else name


def check_pipeline(pipeline: Pipeline, sized: bool = True) -> Pipeline:
    """The pipeline, if its schedule can run so many micro-batches on so many ranks; else :class:`InputError`.

    `sized`: also refuse more chunks than can be listed in reasonable time.
    """
    schedule, ranks, micro_batches, virtual = pipeline
    one_of("schedule", schedule, SCHEDULES)
    whole("ranks", ranks, most=MAX_PIPELINE_RANKS)
    whole("micro_batches", micro_batches, most=MAX_CHUNKS)
    whole("virtual", virtual, most=MAX_PIPELINE_RANKS)
    if virtual > 1 and schedule != "interleaved":
        raise InputError(f"virtual must be 1 for {schedule}; only interleaved takes more, found {virtual}")
    if schedule == "dualpipe":
        if ranks % 2:
            raise InputError(f"ranks must be even for dualpipe, which pairs the ranks from both ends; found {ranks}")
        if micro_batches % 2:
            raise InputError(f"micro_batches must be even for dualpipe, half for each direction; found {micro_batches}")
    least = {"dualpipe": 2 * ranks, "dualpipev": 2 * ranks}.get(schedule, 1)
    if micro_batches < least:
        raise InputError(f"micro_batches must be at least 2 x ranks = {least} for {schedule}; found {micro_batches}")
    if schedule == "interleaved" and micro_batches % ranks:
        raise InputError(f"micro_batches must be a multiple of the {ranks} ranks for interleaved; found {micro_batches}")
    if sized and ranks * micro_batches * pipeline.directions > MAX_CHUNKS:
        size = f"{ranks} ranks x {micro_batches} micro-batches x {pipeline.directions} on a rank"
        raise InputError(f"a schedule may have at most {MAX_CHUNKS:,} chunks; found {size}")
    return pipeline


def orders(pipeline: Pipeline) -> tuple:
    """The operations of each rank, in order.

    >>> [" ".join(map(str, order)) for order in orders(Pipeline("1f1b", 2, 3))]
    ['F0.0 F0.1 B0.0 F0.2 B0.1 B0.2', 'F0.0 B0.0 F0.1 B0.1 F0.2 B0.2']
    """
    return _orders(check_pipeline(pipeline))


def order_of_rank(pipeline: Pipeline, rank: int) -> list:
    """The operations of one rank, in order."""
    return _ORDERS[pipeline.schedule](pipeline, rank)


@lru_cache(maxsize=8)
def _orders(pipeline: Pipeline) -> tuple:
    return tuple(tuple(order_of_rank(pipeline, rank)) for rank in range(pipeline.ranks))


def forget_orders() -> None:
    """Drop the orders that are kept for the next call, as a timing needs it."""
    _orders.cache_clear()


def _alternate(forwards: list, backwards: list, warm_up: int) -> list:
    """So many forwards first, then forwards and backwards in turns, then the backwards that are left."""
    warm_up = min(warm_up, len(forwards))
    turns = len(forwards) - warm_up
    steady = [one for pair in zip(forwards[warm_up:], backwards[:turns], strict=True) for one in pair]
    return [*forwards[:warm_up], *steady, *backwards[turns:]]


def _1f1b(pipeline: Pipeline, rank: int) -> list:
    forwards, backwards = ([Operation(kind, 0, chunk) for chunk in range(pipeline.chunks)] for kind in "FB")
    return _alternate(forwards, backwards, pipeline.ranks - 1 - rank)


def _interleaved(pipeline: Pipeline, rank: int) -> list:
    """Megatron-LM's rule: groups of as many micro-batches as ranks pass through one stage of the rank after the other."""
    _, ranks, micro_batches, virtual = pipeline
    groups = range(0, micro_batches, ranks)
    passes = [(v, chunk) for first in groups for v in range(virtual) for chunk in range(first, first + ranks)]
    forwards = [Operation("F", v, chunk) for v, chunk in passes]
    backwards = [Operation("B", virtual - 1 - v, chunk) for v, chunk in passes]
    return _alternate(forwards, backwards, 2 * (ranks - 1 - rank) + (virtual - 1) * ranks)


def _zb1p(pipeline: Pipeline, rank: int) -> list:
    """1F1B whose weight parts wait for as many backwards as the rank has ranks before it, so that all ranks keep as much."""
    order = []
    for one in _1f1b(pipeline, rank):
        order.append(one if one.kind == "F" else Operation("I", 0, one.chunk))
        if one.kind == "B" and one.chunk >= rank:
            order.append(Operation("W", 0, one.chunk - rank))
    chunks = pipeline.chunks
    return order + [Operation("W", 0, chunk) for chunk in range(max(chunks - rank, 0), chunks)]


def _dualpipe(pipeline: Pipeline, rank: int) -> list:
    half = pipeline.num_stages // 2
    return _dualpipe_rank(min(rank, pipeline.num_stages - 1 - rank), half, pipeline.chunks, flip=rank >= half)


def _dualpipe_rank(rank: int, half: int, chunks: int, flip: bool) -> list:
    """The eight steps of a rank of the first half; `flip` exchanges the directions, for the second half."""
    order, begun, ended, waiting = [], [0, 0], [0, 0], []
    inner = half - 1 - rank  # ranks between this one and the middle

    def take(counts, direction):
        counts[direction] += 1
        return direction ^ flip, counts[direction] - 1

    def forward(direction):
        order.append(Operation("F", *take(begun, direction)))

    def backward(direction, split=False):
        chunk = take(ended, direction)
        order.append(Operation("I" if split else "B", *chunk))
        if split:
            waiting.append(chunk)

    def weight():
        order.append(Operation("W", *waiting.pop(0)))

    def pair(direction):
        order.append(Operation("X", *take(begun, direction), *take(ended, 1 - direction)))

    for _ in range(2 * inner):
        forward(0)
    for _ in range(rank + 1):
        forward(0)
        forward(1)
    for _ in range(inner):
        backward(1, split=True)
        weight()
        forward(1)
    for turn in range(chunks - 2 * half + rank + 1):
        if turn == 0 and inner == 0:  # the middle starts its first pair apart: the backward is awaited upstream
            forward(0)
            backward(1)
        else:
            pair(0)
        pair(1)
    for _ in range(inner):
        backward(1)
        pair(1)
    for turn in range(2 * (rank + 1)):  # the second half leaves its weight parts for the end
        backward(1 - turn % 2, split=turn > rank)
    for _ in range(inner):
        weight()
        backward(0, split=True)
    for _ in range(rank + 1):
        weight()
    return order


_ORDERS = {
    "1f1b": _1f1b,
    "interleaved": _interleaved,
    "zb1p": _zb1p,
    "dualpipe": _dualpipe,
    "dualpipev": _dualpipe,  # the first half of a DualPipe of twice the ranks, whose mirror is the device itself
}
