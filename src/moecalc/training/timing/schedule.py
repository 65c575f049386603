"""A pipeline's time by simulation, where each stage takes its own time: one pass over its operations in an order that works.

The order in which operations can be run one after the other does not depend on how long they take, so it is found once for
a pipeline and kept. Long runs repeat: beyond :data:`MOST` operations, the time of one more round of micro-batches is taken
from two shorter simulations.
"""

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from ..pipeline.orders import Pipeline, check_pipeline, order_of_rank
from ..pipeline.simulate import wires

#: Most operations that are simulated one by one.
MOST = 1000
KINDS = "FBIWX"
#: Sums of many durations round: of the share that is waited, only so many digits after the point are meant.
ROUNDING = 9


class StageTimes(NamedTuple):
    """One micro-batch on one stage [s]."""

    forward: float
    backward: float  #: for the inputs
    weight: float


class RankTimes(NamedTuple):
    """What a rank does in a step, and how long it waits [s]."""

    forward: float  #: alone
    bubble: float
    backward: float  #: alone; without its weight part where the schedule runs that apart
    weight: float  #: weight parts that run apart
    overlapped: float  #: forwards beside backwards


class Ran(NamedTuple):
    """A pipeline's time [s], and the :class:`RankTimes` of each rank."""

    makespan: float
    ranks: tuple

    @property
    def mean(self) -> RankTimes:
        """Of all ranks."""
        return RankTimes(*[sum(values) / len(self.ranks) for values in zip(*self.ranks, strict=True)])


class _Plan(NamedTuple):
    steps: tuple  #: (rank, place of the duration, two needs, two outcomes)
    numbers: int
    counts: tuple  #: of each rank: (kind, direction) -> how often


def run_pipeline(pipeline: Pipeline, stages: list, pair, delay: float) -> Ran:
    """Simulate a pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        The schedule
    stages : list of StageTimes
        Of each stage
    pair : callable
        (stage of the forward, stage of the backward) -> time of both together [s]
    delay : float
        Of a send between stages on different ranks [s]
    """
    check_pipeline(pipeline)
    mirrored, pipeline = _half(pipeline)
    lengths = _lengths(pipeline, stages, pair)
    operations = 2 * pipeline.ranks * pipeline.micro_batches * pipeline.directions
    run = _short if operations <= MOST else _long
    makespan, ranks = run(pipeline, lengths, delay, mirrored)
    told = []
    for own, counts in zip(lengths, ranks, strict=True):
        sums = dict.fromkeys("FBWX", 0.0)
        for (kind, direction), count in counts.items():
            sums["B" if kind == "I" else kind] += count * own[kind, direction]
        bubble = max(0.0, round(1 - sum(sums.values()) / makespan, ROUNDING)) * makespan
        told.append(RankTimes(sums["F"], bubble, sums["B"], sums["W"], sums["X"]))
    return Ran(makespan, tuple(told + told[::-1] if mirrored else told))


def least_s(pipeline: Pipeline, stages: list, pair) -> float:
    """What no order of a pipeline's operations falls below [s]: the work of its busiest rank.

    It takes what :func:`run_pipeline` takes, and is asked before it where many pipelines are compared.

    >>> two = Pipeline("1f1b", 2, 8), [StageTimes(1, 1, 1), StageTimes(1, 2, 1)], None
    >>> least_s(*two), run_pipeline(*two, 0).makespan
    (32, 35.0)
    """
    _, pipeline = _half(pipeline)
    lengths = _lengths(pipeline, stages, pair)
    each = _slope(pipeline, lengths)
    if pipeline.schedule == "dualpipev":  # of which not all run in pairs
        alone = pipeline._replace(schedule="1f1b")
        each = min(each, _slope(alone, lengths))
    return pipeline.micro_batches * each


def _half(pipeline) -> tuple:
    """(whether half of the ranks tell all, these): DualPipe's rank P - 1 - r does what r does, in the other direction."""
    if pipeline.schedule == "dualpipe":
        return True, Pipeline("dualpipev", pipeline.ranks // 2, pipeline.micro_batches // 2)
    return False, pipeline


def _lengths(pipeline, stages, pair) -> list:
    """(kind, direction) -> duration, of each rank."""
    found = []
    for rank in range(pipeline.ranks):
        own, held = {}, pipeline.stages_of_rank(rank)
        for direction, stage in enumerate(held):
            forward, backward, weight = stages[stage]
            own["F", direction], own["B", direction] = forward, backward + weight
            own["I", direction], own["W", direction] = backward, weight
            if pipeline.schedule == "dualpipev":
                own["X", direction] = pair(stage, held[1 - direction])
        found.append(own)
    return found


def _long(pipeline, lengths, delay, mirrored) -> tuple:
    """(makespan, counts) of many micro-batches from two of fewer: both grow in a straight line once all ranks are busy."""
    period = pipeline.ranks if pipeline.schedule == "interleaved" else 1
    base = 2 * pipeline.ranks + period
    few = base + (pipeline.micro_batches - base) % period
    rounds, rest = divmod(pipeline.micro_batches - few - period, period)
    if rounds < 1 or rest:
        return _short(pipeline, lengths, delay, mirrored)
    runs = [pipeline._replace(micro_batches=count) for count in (few, few + period)]
    (one, fewer), (other, more) = (_short(short, lengths, delay, mirrored) for short in runs)
    slope = max(other - one, period * _slope(pipeline, lengths))
    ranks = [
        {key: count + rounds * (count - before.get(key, 0)) for key, count in after.items()}
        for before, after in zip(fewer, more, strict=True)
    ]
    return other + rounds * slope, ranks


def _slope(pipeline, lengths) -> float:
    """Time of one more micro-batch on the busiest rank."""
    most = 0.0
    for own in lengths:
        if pipeline.schedule == "dualpipev":
            each = own["X", 0] + own["X", 1]
        else:
            each = sum(value for (kind, _), value in own.items() if kind in "FB")
        most = max(most, each)
    return most


def _short(pipeline, lengths, delay, mirrored) -> tuple:
    """(makespan, counts) by simulation."""
    plan = _plan(pipeline, mirrored)
    width = len(KINDS) * pipeline.directions
    durations = [0.0] * (width * pipeline.ranks)
    for rank, own in enumerate(lengths):
        for (kind, direction), value in own.items():
            durations[rank * width + KINDS.index(kind) * pipeline.directions + direction] = value
    now, done = [0.0] * pipeline.ranks, [0.0] * plan.numbers
    for rank, place, need, other, gives, back in plan.steps:
        time = now[rank]
        if done[need] > time:
            time = done[need]
        if done[other] > time:
            time = done[other]
        time += durations[place]
        now[rank] = time
        if gives:
            done[gives] = time
            done[gives + 1] = time + delay
        if back:
            done[back] = time
            done[back + 1] = time + delay
    return max(now), plan.counts


@lru_cache(maxsize=256)
def _plan(pipeline, mirrored) -> _Plan:
    """An order in which each operation stands behind what it needs. Numbers are even: an odd one is the same, sent.

    Where the other half of the ranks is `mirrored`, what a rank would hand to itself goes to its mirror.
    """
    lines, numbers = wires(pipeline, 1)
    orders = [order_of_rank(pipeline, rank) for rank in range(pipeline.ranks)]
    width, positions, steps = len(KINDS) * pipeline.directions, [0] * pipeline.ranks, []
    known, awaited, going = {0}, {}, list(range(pipeline.ranks))

    def number(start, chunk, sent=0):
        return 0 if start is None else 2 + 2 * (start + chunk) + sent

    while going:
        rank = going.pop()
        order = orders[rank]
        while positions[rank] < len(order):
            kind, direction, chunk, back_direction, back_chunk = order[positions[rank]]
            need = other = gives = back = 0
            line = lines[rank][direction]
            if kind in "FX":
                need, gives = number(line.before, chunk, mirrored or line.before_delay), number(line.forward, chunk)
            if kind in "BIX":
                line, later = (lines[rank][back_direction], back_chunk) if kind == "X" else (line, chunk)
                sent = line.after_delay or mirrored and line.after != line.forward  # its own forward lies there
                other, back = number(line.after, later, sent), number(line.backward, later)
            missing = next((one for one in (need & ~1, other & ~1) if one not in known), None)
            if missing is not None:
                awaited[missing] = rank
                break
            place = rank * width + KINDS.index(kind) * pipeline.directions + direction
            steps.append((rank, place, need, other, gives, back))
            positions[rank] += 1
            for one in (gives, back):
                if one:
                    known.add(one)
                    if one in awaited:
                        going.append(awaited.pop(one))
    counts = tuple(dict(Counter([operation[:2] for operation in order])) for order in orders)
    return _Plan(tuple(steps), 4 + 2 * numbers, counts)
