"""Event times of a pipeline schedule: each rank runs its list in order, an operation starts when its inputs are there.

Durations may be in any unit of time; results are in the same. F, B, W and F&B are :class:`Durations`.
"""

from typing import NamedTuple

from ...base.checks import real
from ...base.errors import InputError
from .live import peak_chunks
from .orders import Pipeline, orders

#: Schedules that run the weight part of a backward apart, and those that overlap a forward with a backward.
SPLIT = ("zb1p", "dualpipe", "dualpipev")
PAIRED = ("dualpipe", "dualpipev")


class Durations(NamedTuple):
    """How long a rank takes for one chunk: each a number, or a sequence with one number a rank.

    ``backward`` is the whole of it, B; ``weight`` its weight part W; ``overlapped`` a forward beside a backward, F&B. The
    last two are needed only by the schedules that use them.
    """

    forward: object
    backward: object
    weight: object = None
    overlapped: object = None


class Task(NamedTuple):
    """An operation with its times; the fields before them are those of :class:`.orders.Operation`."""

    kind: str
    direction: int
    chunk: int
    backward_direction: int | None
    backward_chunk: int | None
    start: float
    end: float


class Simulation(NamedTuple):
    """What a schedule comes to. The bubble of a rank is the makespan less its busy time."""

    makespan: float
    busy: tuple  #: of each rank
    bubble: tuple  #: of each rank
    peak_activations: tuple  #: of each rank: most chunks live at a time
    tasks: tuple  #: of each rank: a tuple of :class:`Task`


def simulate(pipeline: Pipeline, durations: Durations, communication: float = 0) -> Simulation:
    """Run a schedule.

    A forward needs the forward of the stage before; a backward its own forward and the backward of the stage after; a
    weight part its own input part. `communication` passes between two stages on different ranks and keeps neither busy.

    >>> simulate(Pipeline("1f1b", 2, 3), Durations(1, 2)).bubble
    (3, 3)
    """
    listed = orders(pipeline)
    real("communication", communication)
    lengths = operation_times(pipeline, durations)
    tasks = _run(pipeline, listed, lengths, communication)
    makespan = max(rank[-1].end for rank in tasks)
    busy = tuple(_busy(order, own) for order, own in zip(listed, lengths, strict=True))
    bubble = tuple(makespan - own for own in busy)
    return Simulation(makespan, busy, bubble, peak_chunks(pipeline), tasks)


def operation_times(pipeline: Pipeline, durations: Durations) -> list:
    """Time of each kind of operation on each rank: a dict a rank, F, B, and I, W, X where the schedule uses them."""
    schedule, ranks = pipeline.schedule, pipeline.ranks
    used = {"forward": True, "backward": True, "weight": schedule in SPLIT, "overlapped": schedule in PAIRED}
    forward, backward, weight, overlapped = (
        _of_ranks(name, value, ranks, used[name], schedule) for name, value in zip(Durations._fields, durations, strict=True)
    )
    lengths = []
    for rank in range(ranks):
        length = {"F": forward[rank], "B": backward[rank], "W": weight[rank], "X": overlapped[rank]}
        if weight[rank] is not None:
            if weight[rank] > backward[rank]:
                raise InputError(
                    f"weight must be at most backward, of which it is a part: {backward[rank]:g}; found {weight[rank]:g}"
                )
            length["I"] = backward[rank] - weight[rank]
        lengths.append(length)
    return lengths


def _of_ranks(name: str, value, ranks: int, used: bool, schedule: str) -> list:
    """A duration of each rank, checked."""
    if value is None:
        if used:
            raise InputError(f"{schedule} needs the duration {name}; found none")
        return [None] * ranks
    if isinstance(value, (list, tuple)):
        if len(value) != ranks:
            raise InputError(f"{name} must be one duration, or one for each of the {ranks} ranks; found {len(value)}")
        return [real(name, one, positive=True) for one in value]
    return [real(name, value, positive=True)] * ranks


class Wire(NamedTuple):
    """Numbers of what one direction of a rank gives and awaits, for chunk 0: chunk c adds c. None: it awaits nothing."""

    forward: int
    backward: int
    before: int | None  #: the forward of the stage before
    before_delay: float
    after: int  #: the backward of the stage after; on the last stage its own forward
    after_delay: float


def wires(pipeline: Pipeline, communication: float) -> tuple:
    """The wires of each rank, and how many numbers there are: all forwards by path, stage and chunk, then all backwards."""
    chunks, stages, two_paths = pipeline.chunks, pipeline.num_stages, pipeline.schedule == "dualpipe"
    forwards = stages * chunks * (2 if two_paths else 1)
    found = []
    for rank in range(pipeline.ranks):
        held = pipeline.stages_of_rank(rank)
        found.append([])
        for direction, stage in enumerate(held):
            number = (stage + (stages * direction if two_paths else 0)) * chunks
            # DualPipeV's fold and a pipeline of one rank hand over to themselves
            delays = [0 if near in held and not two_paths else communication for near in (stage - 1, stage + 1)]
            last = stage == stages - 1
            before = number - chunks if stage else None
            after = number if last else forwards + number + chunks
            found[-1].append(Wire(number, forwards + number, before, delays[0], after, 0 if last else delays[1]))
    return found, 2 * forwards


def _run(pipeline: Pipeline, listed, lengths, communication) -> tuple:
    """Tasks of each rank. A rank goes on until it must wait; whoever ends what it waits for sets it going again."""
    lines, numbers = wires(pipeline, communication)
    done = [None] * numbers
    awaited = {}  # number -> the rank that waits for it
    tasks = [[] for _ in listed]
    going = list(range(pipeline.ranks))
    new = tuple.__new__  # half the time of Task(...), on the one line that thousands of tasks pass
    while going:
        rank = going.pop()
        own, order, length, wire = tasks[rank], listed[rank], lengths[rank], lines[rank]
        now = own[-1].end if own else 0
        for position in range(len(own), len(order)):
            operation = kind, direction, chunk, with_direction, with_chunk = order[position]
            start, gives, gives_back = now, None, None
            if kind in "FX":
                line = wire[direction]
                gives = line.forward + chunk
                if line.before is not None:
                    needed = line.before + chunk
                    if done[needed] is None:
                        awaited[needed] = rank
                        break
                    ready = done[needed] + line.before_delay
                    if ready > start:
                        start = ready
            if kind in "BIX":  # its own forward stands before it in the list
                line, back = (wire[with_direction], with_chunk) if kind == "X" else (wire[direction], chunk)
                gives_back = line.backward + back
                needed = line.after + back
                if done[needed] is None:
                    awaited[needed] = rank
                    break
                ready = done[needed] + line.after_delay
                if ready > start:
                    start = ready
            now = start + length[kind]
            own.append(new(Task, (*operation, start, now)))
            if gives is not None:
                done[gives] = now
                if gives in awaited:
                    going.append(awaited.pop(gives))
            if gives_back is not None:
                done[gives_back] = now
                if gives_back in awaited:
                    going.append(awaited.pop(gives_back))
    return tuple(map(tuple, tasks))


def _busy(order, lengths: dict) -> float:
    """Time that a rank works: by counts, so that rounding does not add up."""
    kinds = [one.kind for one in order]
    return sum(kinds.count(kind) * lengths[kind] for kind in dict.fromkeys(kinds))
