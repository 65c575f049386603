r"""Two micro-batches on one GPU as a timeline: while the tokens of one travel, the other computes.

A batch is cut into two halves, 0 and 1, which go through the same layers. An order of :data:`ORDERS` says in which turns
they use the GPU; those of prefill and decode are SGLang's [3]_.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, sections 3.4.1 and 3.4.2.
.. [2] DeepSeek-AI, profile-data, README.md, and DeepSeek-V3/R1 Inference System Overview, 2025.
.. [3] SGLang, batch_overlap/operations_strategy.py: the stages of its two-batch overlap.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError

PREFILL, DECODE, REPORT, SERIAL = "prefill", "decode", "report", "serial"
#: Order -> what it is.
ORDERS = {
    PREFILL: "prefill: attention and experts in turns",
    DECODE: "decode: five stages, attention in two halves",
    REPORT: "decode as the report has it: attention beside all else",
    SERIAL: "one after the other",
}
COMPUTE, COMMUNICATION, EXPERTS = "compute", "communication", "experts"
#: Most layers of a timeline.
MAX_LAYERS = 200
#: Order -> the stages of a layer, and by how many stages half 1 follows half 0. The last stage of a layer runs together
#: with the first of the next where that is so in [3]_: in prefill.
STAGES = {
    PREFILL: ((("projections", "attention", "dispatch"), ("experts", "combine"), ("shared",)), 0),
    DECODE: ((("projections",), ("attention",), ("dispatch", "shared"), ("experts", "combine"), ()), 2),
    REPORT: ((("projections", "attention"), ("dispatch", "shared", "experts", "combine")), 1),
    SERIAL: ((("projections", "attention", "dispatch", "shared", "experts", "combine"),), 0),
}
#: Operation -> those of the same half and layer that must have ended; projections need the layer before.
NEEDS = {
    "projections": (),
    "attention": ("projections",),
    "dispatch": ("attention",),
    "shared": ("attention",),
    "experts": ("dispatch",),
    "combine": ("experts",),
}


class LayerTimes(NamedTuple):
    """How long the operations of one layer with experts take for one half of the batch [s]."""

    projections: float  #: into queries, keys and values: the first half of attention in [2]_
    attention: float  #: over the cached tokens, and the way out: its second half
    dispatch: float
    shared: float  #: experts that every token visits
    experts: float  #: routed experts of this GPU, for tokens of all GPUs
    combine: float

    @property
    def compute(self) -> float:
        """All but dispatch and combine [s]."""
        return self.projections + self.attention + self.shared + self.experts

    @property
    def communication(self) -> float:
        """Dispatch and combine [s]."""
        return self.dispatch + self.combine


class Event(NamedTuple):
    """One operation of one half in one layer."""

    operation: str
    half: int
    layer: int
    stream: str
    start_s: float
    end_s: float


class Timeline(NamedTuple):
    """What runs when, in the order in which it is issued."""

    events: tuple  #: of :class:`Event`
    layers: int

    @property
    def makespan_s(self) -> float:
        return max(event.end_s for event in self.events)

    def busy_s(self, stream: str) -> float:
        """Time that a stream works [s]."""
        return sum(event.end_s - event.start_s for event in self.events if event.stream == stream)

    @property
    def exposed_s(self) -> float:
        """Time in which nothing computes: communication that is not hidden [s]."""
        covered, until = 0.0, 0.0
        for start, end in sorted((event.start_s, event.end_s) for event in self.events if event.stream != COMMUNICATION):
            covered += max(0.0, end - max(start, until))
            until = max(until, end)
        return max(0.0, self.makespan_s - covered)


def timeline(times: LayerTimes, order: str = PREFILL, layers: int = 2) -> Timeline:
    """Both halves through `layers` equal layers, each operation as early as its stream and what it needs allow.

    Notes
    -----
    One operation at a time computes, and one communicates: dispatch and combine share the network. With the order of the
    report, attention has some SMs and the experts the others, two streams that compute. Starts of kernels are in `times`.

    Examples
    --------
    Where each dispatch and combine takes no longer than what the other half computes meanwhile, all of it is hidden:

    >>> one = timeline(LayerTimes(1, 2, 2, 1, 2, 2), PREFILL, layers=10)
    >>> one.makespan_s, one.exposed_s, timeline(LayerTimes(1, 2, 2, 1, 2, 2), SERIAL, layers=10).makespan_s
    (120.0, 0.0, 200.0)
    """
    _check(times, order)
    whole("layers", layers, most=MAX_LAYERS)
    streams = [_stream(operation, order) for operation in LayerTimes._fields]
    issued = zip(_issued(order, layers), _spans(times, order, layers), strict=True)
    events = [
        Event(operation, half, layer, streams[LayerTimes._fields.index(operation)], start, end)
        for (operation, half, layer), (start, end) in issued
    ]
    return Timeline(tuple(events), layers)


def step_s(times: LayerTimes, order: str, layers: int) -> float:
    """Time of both halves through `layers` equal layers, without the events [s].

    Examples
    --------
    >>> step_s(LayerTimes(1, 2, 2, 1, 2, 2), SERIAL, layers=10)
    200.0
    """
    _check(times, order)
    return max(end for _, end in _spans(times, order, whole("layers", layers, most=MAX_LAYERS)))


def steady_layer_s(times: LayerTimes, order: str) -> float:
    """Time that one more layer takes both halves, far from the first and the last [s].

    Examples
    --------
    With attention beside all else it is twice the longer of both:

    >>> steady_layer_s(LayerTimes(1, 3, 1, 1, 1, 2), REPORT)
    8.0
    """
    few, more = 24, 48
    return (step_s(times, order, more) - step_s(times, order, few)) / (more - few)


def with_shared_sms(times: LayerTimes, order: str, share: float, enough: float = 1.0) -> LayerTimes:
    r"""Operations that have some SMs only.

    .. math:: t' = \frac{t}{1 - s}

    Parameters
    ----------
    times : LayerTimes
        On all SMs
    order : str
        In prefill the SMs of communication are set aside all the time, so that all that computes slows down. In decode
        communication takes none [2]_. In the report's decode the experts and communication have them, attention the others
        [1]_; one after the other all SMs do whatever runs
    share : float
        s, a ratio below 1
    enough : float
        Share of SMs that suffices for the experts, which wait for memory: with fewer they slow down in proportion

    Examples
    --------
    >>> with_shared_sms(LayerTimes(1, 2, 2, 1, 2, 2), PREFILL, 0.5).compute
    12.0
    >>> with_shared_sms(LayerTimes(1, 2, 2, 1, 2, 2), REPORT, 0.2, enough=0.4).experts
    4.0
    """
    _check(times, order)
    real("share", share, most=1)
    real("enough", enough, positive=True, most=1)
    if order in (DECODE, SERIAL):
        return times
    if share == 1 or (order == REPORT and not share):
        raise InputError(f"share must leave SMs to both sides, more than 0 and less than 1; found {share}")
    rest, experts = 1 / (1 - share), 1 / (1 - share) if order == PREFILL else max(1.0, enough / share)
    return times._replace(
        projections=times.projections * rest,
        attention=times.attention * rest,
        shared=times.shared * experts,
        experts=times.experts * experts,
    )


def _stream(operation: str, order: str) -> str:
    if operation in ("dispatch", "combine"):
        return COMMUNICATION
    return EXPERTS if order == REPORT and operation in ("shared", "experts") else COMPUTE


def _spans(times: LayerTimes, order: str, layers: int) -> list:
    """(start, end) of each operation, in the order in which they are issued."""
    free, found = [0.0] * 3, []
    for operation, stream, needed in _program(order, layers):
        start = free[stream]
        for place in needed:
            start = max(start, found[place][1])
        end = free[stream] = start + times[operation]
        found.append((start, end))
    return found


@lru_cache(maxsize=64)
def _program(order: str, layers: int) -> tuple:
    """Place of each operation in :class:`LayerTimes`, of its stream, and places of what it needs among those issued."""
    names, program, places = (COMPUTE, COMMUNICATION, EXPERTS), [], {}
    for operation, half, layer in _issued(order, layers):
        needed = [(one, half, layer) for one in NEEDS[operation]]
        if operation == "projections" and layer:
            needed = [(one, half, layer - 1) for one in ("combine", "shared")]
        stream = 0 if order == SERIAL else names.index(_stream(operation, order))
        places[operation, half, layer] = len(program)
        program.append((LayerTimes._fields.index(operation), stream, tuple(places[one] for one in needed)))
    return tuple(program)


def _issued(order: str, layers: int):
    """(operation, half, layer) in the order in which they are issued: the halves take turns, a stage each."""
    of_layer, behind = STAGES[order]
    stages = []
    for layer in range(layers):
        placed = [[(operation, layer) for operation in stage] for stage in of_layer]
        if order == PREFILL and stages:
            stages[-1] += placed.pop(0)
        stages += placed
    for turn in range(len(stages) + behind):
        for half, stage in ((0, turn), (1, turn - behind)):
            if 0 <= stage < len(stages):
                yield from ((operation, half, layer) for operation, layer in stages[stage])


def _check(times: LayerTimes, order: str):
    if order not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}; found {order!r}")
    for name, value in zip(LayerTimes._fields, times, strict=True):
        real(f"time of {name} [s]", value, most=1e6)
    if not sum(times):
        raise InputError("one of the times must be positive; found none")
