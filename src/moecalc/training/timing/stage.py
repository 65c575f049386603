"""One micro-batch on one stage: its blocks' computing, what they wait for, and a forward beside another stage's backward."""

from functools import lru_cache
from typing import NamedTuple

from ...hardware.roofline import rounded_time_s
from ...model.anatomy import Block
from ...model.config import ModelConfig
from ..pipeline.chunk_pair import ChunkDurations
from ..pipeline.overlap import in_order
from ..stages import Stage
from .device import Timer
from .layer import Computing, Pass, Sizes, computing
from .network import Network, Sending, sending
from .schedule import StageTimes

#: How sharply the longer of the host's and the GPU's time decides.
HOST_SHARPNESS = 2


class Hidden(NamedTuple):
    """Which communication runs beside computing."""

    tp: bool
    cp: bool
    ep: bool


class Layer(NamedTuple):
    """A block's times for one micro-batch."""

    computing: Computing
    sending: Sending
    routed: bool
    host: float  #: that the passes take longer because kernels wait for the program that launches them [s]


class StageWork(NamedTuple):
    """What a stage does for one micro-batch [s]."""

    times: StageTimes  #: alone, with what it waits for
    computing: Pass  #: without any communication
    experts: tuple  #: the :class:`Layer` of each of its layers that has routed experts
    waits: Pass  #: for collectives of tensors and sequences
    exchanges: Pass  #: for dispatch and combine
    kinds: tuple  #: products, attention, experts, element-wise work and the host's time, of all passes

    #: One and the same for the same stage, so that pairs of stages are found again quickly.
    __hash__ = object.__hash__


@lru_cache(maxsize=16384)
def layer_of(block: Block, sizes: Sizes, timer: Timer, network: Network, hidden: int) -> Layer:
    """The times of a block, kept for the next layout with such a block.

    The host launches a pass's kernels while the GPU runs them: the roofline's corner is rounded here too.
    """
    sent, work = sending(block, sizes, network, hidden), computing(block, sizes, timer, hidden)
    routed = block.num_routed_experts > 1
    if sizes.graphs or not routed:  # the few kernels of a dense layer are launched in time
        return Layer(work, sent, bool(sent.dispatch), 0.0)
    host = timer.parameters.host_s
    busy = work.total
    forward = busy.forward + sent.dispatch + sent.combine
    backward = busy.backward + busy.weight + sent.combine_backward + sent.dispatch_backward
    more = [rounded_time_s(one, host, HOST_SHARPNESS) - one for one in (forward, backward)]
    mixer, other = (one._replace(forward=one.forward + more[0] / 2, backward=one.backward + more[1] / 2) for one in work[:2])
    return Layer(work._replace(mixer=mixer, feed_forward=other), sent, bool(sent.dispatch), sum(more))


def stage_work(config: ModelConfig, stage: Stage, sizes: Sizes, timer: Timer, network: Network, hiding: Hidden) -> StageWork:
    """The work of one stage."""
    layers = config.anatomy.layers[stage.layers.start : stage.layers.stop]
    return _stage_work(config, layers, stage.embedding, stage.head, len(stage.mtp), sizes, timer, network, hiding)


@lru_cache(maxsize=4096)
def _stage_work(config, blocks, embedding, head, num_mtp, sizes, timer, network, hiding) -> StageWork:
    anatomy = config.anatomy
    ends = [anatomy.embedding] * embedding + [anatomy.head] * head + list(anatomy.mtp[:num_mtp])
    counted = {}
    for block in (*blocks, *ends):
        counted[block] = counted.get(block, 0) + 1
    total, waits, exchanges, kinds, experts = Pass(), Pass(), Pass(), [0.0] * 5, []
    once = sizes._replace(
        recompute=tuple(name for name in sizes.recompute if name != "full")
    )  # what stands outside the layers
    for block, times in counted.items():
        outside = block in (anatomy.embedding, anatomy.head)
        one = layer_of(block, once if outside else sizes, timer, network, config.hidden_size)
        work, sent = one.computing, one.sending
        total = total.plus(_times(work.total, times))
        tp, cp = (1 - timer.parameters.tp_hidden if hiding.tp else 1), sent.cp_forward
        attention = work.attention / 4  # of which the forward part is about so much
        cp_waits = (max(0.0, cp - attention), max(0.0, 2 * cp - 3 * attention)) if hiding.cp else (cp, 2 * cp)
        wait = Pass(tp * sent.tp_forward + cp_waits[0], tp * sent.tp_backward + cp_waits[1])
        waits = waits.plus(_times(wait, times))
        exchange = Pass(sent.dispatch + sent.combine, sent.combine_backward + sent.dispatch_backward)
        exchanges = exchanges.plus(_times(exchange, times))
        if one.routed:
            experts += [one] * times
        for place, value in enumerate((*work[2:], one.host)):
            kinds[place] += times * value
    alone = total.plus(waits).plus(exchanges)
    return StageWork(StageTimes(*alone), total, tuple(experts), waits, exchanges, tuple(kinds))


def _times(one: Pass, times: int) -> Pass:
    return one if times == 1 else Pass(*[times * value for value in one])


@lru_cache(maxsize=16384)
def pair_s(forward: StageWork, backward: StageWork, overlapped: bool) -> float:
    """Time of one stage's forward beside another's backward [s]: one after the other, but for dispatch and combine."""
    alone = forward.times.forward + backward.times.backward + backward.times.weight
    both = min(len(forward.experts), len(backward.experts))
    if not overlapped or not both:
        return alone
    longest = _paired(forward.experts[:both], backward.experts[:both])
    hidden = sum(one.sending.dispatch + one.sending.combine for one in forward.experts[:both])
    hidden += sum(one.sending.combine_backward + one.sending.dispatch_backward for one in backward.experts[:both])
    work = sum(one.computing.total.forward for one in forward.experts[:both])
    work += sum(one.computing.total.backward + one.computing.total.weight for one in backward.experts[:both])
    return alone - hidden - work + longest


@lru_cache(maxsize=4096)
def _paired(forward: tuple, backward: tuple) -> float:
    """The two streams of as many layers forward as backward, by the order of Figure 4 and the mean of the layers [s]."""
    size = len(forward)

    def mean(values):
        return max(1e-12, sum(values) / size)

    ahead, back = [one.computing for one in forward], [one.computing for one in backward]
    durations = ChunkDurations(
        mean([one.mixer.forward for one in ahead]),
        mean([one.sending.dispatch for one in forward]),
        mean([one.feed_forward.forward for one in ahead]),
        mean([one.sending.combine for one in forward]),
        mean([one.sending.combine_backward for one in backward]),
        mean([one.feed_forward.backward for one in back]),
        mean([one.feed_forward.weight for one in back]),
        mean([one.sending.dispatch_backward for one in backward]),
        mean([one.mixer.backward for one in back]),
        mean([one.mixer.weight for one in back]),
    )
    return in_order(durations, size).makespan
