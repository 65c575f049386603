"""What communication takes from computing: streaming multiprocessors (SMs) that move data instead of multiplying.

A link is filled by few SMs: each moves so many bytes a second, up to the link's bandwidth. The others compute, so one more
SM for communication is worth it only while communication takes longer than computing.
"""

from typing import NamedTuple

from ...base.checks import real, whole
from ...facts import tables
from ...mechanisms.distinct import distinct_parts
from .gate import Gate, Placement
from .spread import exact_spread
from .traffic import Wire, copies_per_token, wire_bytes

#: Measured kernels: subject of data/serving.csv -> (nodes of eight GPUs, tokens of a GPU), the least SMs that were measured.
FOUR_NODES, ONE_NODE = "DeepEP normal kernels on four nodes of H100", "DeepEP normal kernels on one node of H100"
MEASURED_TOKENS = {FOUR_NODES: 4096, ONE_NODE: 8192}
MEASURED_SMS = (4, 8, 12, 16, 20, 24)
MOST_SMS = 10_000


class Measured(NamedTuple):
    """One measured kernel, its bandwidth counted without traffic to oneself."""

    direction: str  #: dispatch or combine
    num_sms: int
    time_s: float
    bytes_per_s: float


class Step(NamedTuple):
    """One forward or backward of a layer, computing and communicating at the same time."""

    num_sms: int  #: given to communication
    compute_s: float | None  #: on the others; None where none is left
    communication_s: float | None  #: None where none is given
    step_s: float | None  #: the longer of the two
    share_of_ideal: float  #: throughput, of that with all SMs computing and the links full: a co-processor's


def measured_kernels(subject: str = FOUR_NODES) -> list:
    """:class:`Measured` for each number of SMs, from ``data/serving.csv``.

    >>> [round(one.bytes_per_s / 1e9, 1) for one in measured_kernels() if one.direction == "dispatch"]
    [17.5, 32.8, 44.8, 45.7, 45.6, 45.8]
    """
    known, found = tables.by_subject("serving")[subject], []
    four = subject == FOUR_NODES
    placement, gate = Placement(32 if four else 8), Gate()

    def parts(num):
        return exact_spread(distinct_parts(num, gate.num_experts // num, gate.num_chosen)).mean

    copies = copies_per_token(parts(placement.num_nodes), parts(placement.ep), gate.num_chosen, placement)
    sent = wire_bytes(7168).times(copies.scale_out if four else copies.scale_up)
    for direction in Wire._fields:
        for num_sms in MEASURED_SMS:
            if one := known.get(f"{direction}_time_{num_sms}_sms"):
                time_s = one.to("s")
                rate = MEASURED_TOKENS[subject] * getattr(sent, direction) / time_s
                found.append(Measured(direction, num_sms, time_s, rate))
    return found


def bytes_per_s_of_sm(subject: str = FOUR_NODES) -> Wire:
    """What one SM moves, in dispatch and in combine, where SMs are so few that the link is not full [bytes/s].

    >>> [round(one / 1e9, 1) for one in bytes_per_s_of_sm()]
    [4.4, 3.4]
    """
    least = {one.direction: one for one in sorted(measured_kernels(subject), key=lambda one: -one.num_sms)}
    return Wire(*(least[direction].bytes_per_s / least[direction].num_sms for direction in Wire._fields))


def reached_bytes_per_s(num_sms: int, of_one_bytes_per_s: float, link_bytes_per_s: float) -> float:
    """Bandwidth that `num_sms` SMs reach: what they move, up to the link's [bytes/s].

    `of_one_bytes_per_s` [bytes/s] is what one moves, `link_bytes_per_s` [bytes/s] the bandwidth that arrives.

    >>> reached_bytes_per_s(4, 4e9, 40e9), reached_bytes_per_s(20, 4e9, 40e9)
    (16000000000.0, 40000000000.0)
    """
    whole("SMs given to communication", num_sms, 0, MOST_SMS)
    real("bandwidth of an SM [bytes/s]", of_one_bytes_per_s, positive=True)
    return min(num_sms * of_one_bytes_per_s, real("bandwidth of the link [bytes/s]", link_bytes_per_s, positive=True))


def overlapped_step(
    num_sms: int, total_sms: int, compute_s: float, num_bytes: Wire, of_one: Wire, link_bytes_per_s: float
) -> Step:
    r"""One layer whose dispatch and combine run beside its computing.

    .. math:: t = \max\left( C \frac{S}{S - n}, \; \sum_{\text{dispatch, combine}} \frac{V}{\min(n b, B)} \right)

    Parameters
    ----------
    num_sms, total_sms : int
        n given to communication, of the S of the GPU
    compute_s : float
        C, computing on all SMs [s]
    num_bytes : Wire
        V, what the binding link carries [bytes]
    of_one : Wire
        b, what one SM moves [bytes/s]
    link_bytes_per_s : float
        B [bytes/s]

    Notes
    -----
    Computing is taken to slow down in proportion to the SMs that it loses; memory and caches are not shared out.

    Examples
    --------
    >>> step = overlapped_step(20, 132, 1.0, Wire(10e9, 10e9), Wire(4e9, 4e9), 40e9)
    >>> round(step.compute_s, 3), step.communication_s, round(step.share_of_ideal, 3)
    (1.179, 0.5, 0.848)
    """
    whole("SMs of the GPU", total_sms, 1, MOST_SMS)
    whole("SMs given to communication", num_sms, 0, total_sms)
    real("compute_s [s]", compute_s, positive=True)
    computing = compute_s * total_sms / (total_sms - num_sms) if num_sms < total_sms else None
    sent = [(size, one) for size, one in zip(num_bytes, of_one, strict=True) if size]
    ideal = max(compute_s, sum(size / link_bytes_per_s for size, _ in sent))
    if sent and not num_sms:
        return Step(num_sms, computing, None, None, 0.0)
    rates = [size / reached_bytes_per_s(num_sms, one, link_bytes_per_s) for size, one in sent]
    communication = sum(rates)
    if computing is None:
        return Step(num_sms, None, communication, None, 0.0)
    step = max(computing, communication)
    return Step(num_sms, computing, communication, step, ideal / step)


def best_step(total_sms: int, compute_s: float, num_bytes: Wire, of_one: Wire, link_bytes_per_s: float) -> Step:
    """The :func:`overlapped_step` that takes the least time, of all numbers of SMs.

    `compute_s` [s]; `num_bytes` [bytes]; `link_bytes_per_s` [bytes/s].

    >>> best_step(132, 1.0, Wire(10e9, 10e9), Wire(4e9, 4e9), 40e9).num_sms
    5
    """
    steps = [
        overlapped_step(num_sms, total_sms, compute_s, num_bytes, of_one, link_bytes_per_s)
        for num_sms in range(total_sms + 1)
    ]
    return max(steps, key=lambda step: step.share_of_ideal)
