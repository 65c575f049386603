"""One forward beside one backward chunk on two streams, computation and communication: Figure 4 of [1]_.

Each stream does one operation at a time and interrupts none. A chunk has `layers` layers; times are in the unit of
`durations`. `sm_share` of the SMs is set aside for communication, which `saturating_share` of them would feed in full.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.2.1 and figure 4.
"""

from typing import NamedTuple

from ...base.checks import whole
from ...base.errors import InputError
from .chunk_pair import COMMUNICATION, COMPUTE, STREAMS, ChunkDurations, busy, check_shares, lengths_of, nodes, tails
from .search import shortest

#: Most layers of which every order is tried.
MAX_LAYERS_SEARCHED = 2


class Overlap(NamedTuple):
    """A schedule of both streams: when all is done, and start and end of each operation by name."""

    makespan: float
    times: dict

    def exposed(self, durations: ChunkDurations, layers: int) -> float:
        """Time in which computation stands still [as the durations]."""
        return self.makespan - busy(durations, layers)[COMPUTE]


def in_order(durations: ChunkDurations, layers: int, barriers: bool = False) -> Overlap:
    """Both streams in the order of Figure 4. `barriers` adds those that it draws, at which each stream awaits the other.

    One stands after MLP(F) and DISPATCH(B), one after ATTN(F) and COMBINE(B), in each layer; they change no result.
    """
    plan, lengths = nodes(layers), lengths_of(durations, layers)
    queues = _queues(plan)
    met = _barriers(plan, layers) if barriers else {}
    ends, starts, free = [None] * len(plan), {}, dict.fromkeys(STREAMS, 0)
    while any(queues.values()):
        for stream, queue in queues.items():
            while queue:
                number = queue[0]
                needs = (*plan[number].needs, *met.get(number, ()))
                if any(ends[one] is None for one in needs):
                    break
                starts[number] = max([free[stream], *(ends[one] for one in needs)])
                ends[number] = free[stream] = starts[number] + lengths[number]
                del queue[0]
    return _overlap(plan, starts, ends)


def _queues(plan) -> dict:
    return {stream: [number for number, node in enumerate(plan) if node.stream == stream] for stream in STREAMS}


def _barriers(plan, layers: int) -> dict:
    """Operation -> those before the barrier that it stands behind."""
    position = {(node.kind, node.layer): number for number, node in enumerate(plan)}
    behind = {}
    for layer in range(layers):
        back = layers - 1 - layer
        first = position["MF", layer], position["DB", back]
        behind[position["AB", back]] = behind[position["CF", layer]] = first
        if layer + 1 < layers:
            second = position["AF", layer + 1], position["CB", back - 1]
            behind[position["MB", back - 1]] = behind[position["DF", layer + 1]] = second
    return behind


def dynamic_share(durations: ChunkDurations, layers: int, sm_share: float, saturating_share: float) -> Overlap:
    """In order, where communication takes its share of the SMs only while it runs, and computation then slows down.

    `sm_share` and `saturating_share` are those of :func:`static_share`.
    """
    check_shares(sm_share, saturating_share)
    plan, lengths = nodes(layers), lengths_of(durations, layers)
    slower = max(1, saturating_share / sm_share)
    work = [d * slower if node.stream == COMMUNICATION else d for node, d in zip(plan, lengths, strict=True)]
    queues, running = _queues(plan), {}
    starts, ends, now = {}, [None] * len(plan), 0
    while any(queues.values()) or running:
        for stream, queue in queues.items():
            if stream not in running and queue and all(ends[one] is not None for one in plan[queue[0]].needs):
                running[stream] = queue.pop(0)
                starts[running[stream]] = now
        # to the next end of an operation, at the present rates
        rate = {COMMUNICATION: 1, COMPUTE: 1 - sm_share if COMMUNICATION in running else 1}
        stream = min(running, key=lambda one: work[running[one]] / rate[one])
        step = work[running[stream]] / rate[stream]
        now += step
        for one, number in running.items():
            work[number] -= step * rate[one]
        number = running.pop(stream)
        ends[number], work[number] = now, 0
    return _overlap(plan, starts, ends)


def greedy(durations: ChunkDurations, layers: int) -> Overlap:
    """A free stream starts, of what can start, the operation with the longest path before it; ties as in Figure 4."""
    plan, lengths, tail = nodes(layers), lengths_of(durations, layers), tails(durations, layers)
    waiting = {stream: sorted(queue, key=lambda one: -tail[one]) for stream, queue in _queues(plan).items()}
    starts, ends, free, now = {}, [None] * len(plan), dict.fromkeys(STREAMS, 0), 0
    while any(waiting.values()):
        begun = False
        for stream, queue in waiting.items():
            ready = [one for one in queue if all(ends[need] is not None and ends[need] <= now for need in plan[one].needs)]
            if free[stream] <= now and ready:
                starts[ready[0]] = now
                ends[ready[0]] = free[stream] = now + lengths[ready[0]]
                queue.remove(ready[0])
                begun = True
        if not begun:  # nothing of length 0 has opened a way either
            now = min(end for end in ends if end is not None and end > now)
    return _overlap(plan, starts, ends)


def best_order(durations: ChunkDurations, layers: int) -> Overlap:
    """The shortest schedule of any order, for chunks of one or two layers: beyond, the search takes too long."""
    if whole("layers", layers) > MAX_LAYERS_SEARCHED:
        raise InputError(f"every order is tried for at most {MAX_LAYERS_SEARCHED} layers; found {layers}")
    plan, lengths = nodes(layers), lengths_of(durations, layers)
    found = min(in_order(durations, layers), greedy(durations, layers), key=lambda one: one.makespan)
    starts = shortest(plan, lengths, tails(durations, layers), found.makespan)
    if starts is None:
        return found
    return _overlap(plan, starts, [starts[number] + length for number, length in enumerate(lengths)])


def _overlap(plan, starts, ends) -> Overlap:
    return Overlap(max(ends), {node.name: (starts[number], ends[number]) for number, node in enumerate(plan)})
