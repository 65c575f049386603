r"""NCCL's collectives: what a ring sends over a link, how long it takes, and the two bandwidths that people quote.

.. math:: t = t_0 + k\, t_1 + \frac{V}{s B} + \frac{M}{n\, c} + t_2 \frac{V}{V + V_0}

M bytes on n GPUs; a GPU sends V of them over its link of B bytes/s, of which the share s arrives, in k steps one after the
other; its own part is copied at c. Small messages travel with their flags, large ones through buffers that must fill: the
last term. M is what lies on a GPU before a reduce-scatter or an all-to-all, after an all-gather, both in an all-reduce.
"""

import math
from typing import NamedTuple

from ...base.checks import divisor, one_of, real, whole
from ...base.errors import InputError
from ...base.limits import MAX_PARALLEL_SIZE
from ...facts import tables
from ..accelerator import Accelerator
from ..all_to_all.links import links_of
from ..kernels.estimate import KernelTime
from .parameters import fitted, source_of, with_interval

ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, ALL_TO_ALL = "all_reduce", "reduce_scatter", "all_gather", "alltoall"
OPS = (ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, ALL_TO_ALL)
#: type of NCCL -> bytes of a number
DTYPES = {"half": 2, "bfloat16": 2, "float": 4, "int8": 1, "fp8": 1}
#: Subjects of the table; the exchange has no steps one after the other.
RING, EXCHANGE = "ring", "all-to-all"
#: Most GPUs that one collective was measured on
MEASURED_GPUS = 8


class RingParameters(NamedTuple):
    """Parameters of the equation above."""

    launch_s: float  #: t_0
    step_s: float  #: t_1
    share_of_link: float  #: s, of the nominal bandwidth in one direction
    copy_bytes_per_s: float  #: c
    ramp_s: float  #: t_2
    half_ramp_bytes: float  #: V_0


class Bandwidths(NamedTuple):
    """What a collective reaches [bytes/s]."""

    algorithm_bytes_per_s: float  #: the message over the time
    bus_bytes_per_s: float  #: what a GPU sends over the time: comparable with its link


def sent_bytes(op: str, num_bytes: float, num_gpus: int) -> float:
    r"""What each GPU sends of a message of `num_bytes` [bytes] on `num_gpus` [GPUs].

    .. math:: V = M \frac{n - 1}{n}, \quad \text{twice that in an all-reduce}

    >>> sent_bytes("all_reduce", 800, 8), sent_bytes("all_gather", 800, 8), sent_bytes("all_gather", 800, 1)
    (1400.0, 700.0, 0.0)
    """
    one_of("op_name", op, OPS)
    real("message [bytes]", num_bytes)
    whole("num_gpus", num_gpus, 1, MAX_PARALLEL_SIZE)
    return num_bytes * (num_gpus - 1) / num_gpus * (2 if op == ALL_REDUCE else 1)


def collective_bandwidths(op: str, num_bytes: float, num_gpus: int, time_s: float) -> Bandwidths:
    """Both bandwidths of a collective of `num_bytes` [bytes] on `num_gpus` [GPUs] in `time_s` [s].

    Benchmarks print both, and a figure without its kind can be off by two:

    >>> [round(one / 1e9) for one in collective_bandwidths("all_reduce", 512 * 2**20, 8, 2677e-6)]
    [201, 351]
    """
    real("time [s]", time_s, positive=True)
    return Bandwidths(num_bytes / time_s, sent_bytes(op, num_bytes, num_gpus) / time_s)


def ring_time_s(found: RingParameters, op: str, num_bytes: float, num_gpus: int, link_bytes_per_s: float) -> float:
    """The equation above, inside one scale-up domain [s].

    `num_bytes` [bytes] on `num_gpus` [GPUs] over links of `link_bytes_per_s` [bytes/s].

    >>> ring_time_s(RingParameters(4e-6, 1e-6, 0.8, 600e9, 20e-6, 3e6), "all_reduce", 0, 8, 450e9)
    1.8e-05
    """
    sent = sent_bytes(op, num_bytes, num_gpus)
    if num_gpus == 1:
        return 0.0
    moving = sent / (link_bytes_per_s * found.share_of_link)
    return _latency(found, op, num_gpus) + moving + _buffers(found, sent, num_bytes / num_gpus)


def collective_time(
    accelerator: Accelerator, op: str, num_bytes: float, num_gpus: int, gpus_on_node: int | None = None
) -> KernelTime:
    r"""Time of one collective.

    Parameters
    ----------
    accelerator : Accelerator
        Whose links carry it
    op : str
        One of :data:`OPS`
    num_bytes : float
        M, the message [bytes]
    num_gpus : int
        n [GPUs]
    gpus_on_node : int, optional
        GPUs of the group in one scale-up domain; as many as fit if not given [GPUs]

    Returns
    -------
    KernelTime
        Time and interval [s]

    Notes
    -----
    Over several domains, each of g GPUs with cards of its own, rings pass through all cards: the bandwidth is the smaller of
    the link's and g times the card's. A hop between domains takes the published latency of InfiniBand across leaves; an
    all-reduce goes through a tree of domains where that is shorter. No measured row covers this, nor more than 8 GPUs, and
    sums inside switches (SHARP), which shorten large 16-bit all-reduces on 8 GPUs by up to a fifth, are left out.

    Examples
    --------
    >>> one = load_accelerator("h100-sxm")
    >>> 2500e-6 < collective_time(one, "all_reduce", 512 * 2**20, 8).time_s < 2850e-6  # measured: 2677 us
    True
    """
    sent = sent_bytes(op, num_bytes, num_gpus)
    kind = EXCHANGE if op == ALL_TO_ALL else RING
    source = source_of(kind, accelerator)
    if num_gpus == 1:
        return with_interval(kind, accelerator, source, 0.0)
    on_node = _on_node(accelerator, num_gpus, gpus_on_node)
    found = fitted(kind, source.generation, RingParameters)
    if on_node == num_gpus:
        time_s = ring_time_s(found, op, num_bytes, num_gpus, accelerator.needed("scale_up_bandwidth_bytes_per_s"))
        note = "" if num_gpus <= MEASURED_GPUS else f"no collective on more than {MEASURED_GPUS} GPUs was measured"
        return with_interval(kind, accelerator, source, time_s, note)
    out = links_of(accelerator).scale_out_bytes_per_s or accelerator.needed("scale_out_bandwidth_bytes_per_s")
    if op == ALL_TO_ALL:
        beyond = sent * (num_gpus - on_node) / (num_gpus - 1)
        moving = max(beyond / out, (sent - beyond) / _link(accelerator, found, on_node))
    else:
        moving = sent / min(_link(accelerator, found, on_node), on_node * out)
    latency = _latency_over_nodes(found, op, num_gpus, on_node)
    time_s = latency + moving + _buffers(found, sent, num_bytes / num_gpus)
    said = "no collective over several domains was measured: bandwidth and latency of its cards as published"
    return with_interval(kind, accelerator, source._replace(measured=False), time_s, said)


def send_receive_time(accelerator: Accelerator, num_bytes: float, between_nodes: bool = False) -> KernelTime:
    """Time in which one GPU sends `num_bytes` [bytes] to another: an exchange of two in which nothing stays.

    `between_nodes` says whether they are in different scale-up domains.

    >>> one = load_accelerator("h800-sxm")
    >>> send_receive_time(one, 58e6).time_s < send_receive_time(one, 58e6, between_nodes=True).time_s
    True
    """
    real("message [bytes]", num_bytes)
    source = source_of(EXCHANGE, accelerator)
    found = fitted(EXCHANGE, source.generation, RingParameters)
    time_s = found.launch_s + _buffers(found, num_bytes, 0)
    note = "send and receive were not measured: an all-to-all of two"
    if not between_nodes:
        return with_interval(EXCHANGE, accelerator, source, time_s + num_bytes / _link(accelerator, found, 2), note)
    out = links_of(accelerator).scale_out_bytes_per_s or accelerator.needed("scale_out_bandwidth_bytes_per_s")
    time_s += hop_s() + num_bytes / out
    return with_interval(EXCHANGE, accelerator, source._replace(measured=False), time_s, note)


def hop_s() -> float:
    """Latency between domains, as published for InfiniBand across leaves [s].

    >>> hop_s()
    3.7e-06
    """
    return tables.lookup("serving", "64B CPU-side end-to-end latency", "infiniband_cross_leaf").to("s")


def _on_node(accelerator, num_gpus, given) -> int:
    """GPUs of the group in one domain."""
    if given is not None:
        whole("gpus_on_node", given, 1, num_gpus)
        return divisor("gpus_on_node", given, num_gpus, "GPUs")
    domain = accelerator.needed("scale_up_domain_gpus")
    if num_gpus <= domain:
        return num_gpus
    if num_gpus % domain:
        raise InputError(f"num_gpus must fill whole domains of {domain} GPUs; found {num_gpus}; gpus_on_node says otherwise")
    return domain


def _link(accelerator, found, on_node) -> float:
    if on_node == 1:
        return math.inf
    return accelerator.needed("scale_up_bandwidth_bytes_per_s") * found.share_of_link


def _latency(found, op, num_gpus) -> float:
    steps = {ALL_REDUCE: 2, ALL_TO_ALL: 0}.get(op, 1) * (num_gpus - 1)
    return found.launch_s + steps * found.step_s


def _latency_over_nodes(found, op, num_gpus, on_node) -> float:
    nodes, hop = num_gpus // on_node, max(hop_s(), found.step_s)
    if op == ALL_TO_ALL:
        return found.launch_s + hop
    times = 2 if op == ALL_REDUCE else 1
    ring = (num_gpus - nodes) * found.step_s + (nodes - 1) * hop
    tree = (on_node - 1) * found.step_s + math.ceil(math.log2(nodes)) * hop
    return found.launch_s + times * (min(ring, tree) if op == ALL_REDUCE else ring)


def _buffers(found, sent, own_part) -> float:
    """Filling of buffers, and the copy of what stays."""
    return own_part / found.copy_bytes_per_s + (found.ramp_s * sent / (sent + found.half_ramp_bytes) if sent else 0.0)
