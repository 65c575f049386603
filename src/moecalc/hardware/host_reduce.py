r"""All-reduce over nodes without a switch of NVLink: what each way of doing it puts on each link, and the narrowest of them.

.. math:: B = \min_r \frac{b_r}{w_r}

Of each byte of gradients a resource r carries w_r bytes at b_r bytes/s; B is the bandwidth that is left for the gradients.
n GPUs stand on N nodes of g. It is a bound: latency, and two kinds of traffic on one chip, are not in it.

.. [1] An et al., Fire-Flyer AI-HPC, arXiv:2408.14158, section IV.
"""

from typing import NamedTuple

from ..base.checks import divisor, one_of, real, whole
from ..base.limits import MAX_PARALLEL_SIZE
from ..facts import tables

RING, HOST, HOST_PAIRS, SWITCH = "ring", "host", "host-pairs", "switch"
WAYS = {
    RING: "NCCL: a ring over PCIe",
    HOST: "HFReduce: the CPUs add up",
    HOST_PAIRS: "HFReduce after NVLink bridges",
    SWITCH: "DGX: NVLink switches, a card for each GPU",
}
PCIE, PEER, ROOT_PORT, MEMORY, CARD, NVLINK = "pcie", "peer", "root-port", "memory", "card", "nvlink"
RESOURCES = {
    PCIE: "PCIe port of a GPU",
    PEER: "PCIe from GPU to card",
    ROOT_PORT: "root port of two GPUs",
    MEMORY: "memory of the CPUs",
    CARD: "network card",
    NVLINK: "NVLink",
}
#: NUMA nodes of a host: a result is read once for the GPUs of each.
NUMA_NODES = 2


class Host(NamedTuple):
    """A node as an all-reduce meets it; bandwidths of one direction [bytes/s]."""

    gpus: int
    pcie: float  #: of a GPU to and from the CPU's memory
    peer: float  #: of a GPU to and from a card, past the CPU's memory
    root_port: float  #: of the root port that some GPUs share
    gpus_of_root_port: int
    memory: float  #: of the CPUs, reads and writes together, as reached
    card: float  #: of all cards of the node that talk
    nvlink: float  #: of a GPU to those that it is bridged or switched to
    bridged: int = 2  #: GPUs that a bridge joins


class Limit(NamedTuple):
    """What one resource allows."""

    resource: str  #: key of :data:`RESOURCES`
    load: float  #: bytes that it carries for each byte of gradients, w
    bytes_per_s: float  #: that it can carry, b
    least_load: float | None = None  #: where it is known between two bounds only: the smaller one

    @property
    def allowed(self) -> float:
        """Gradients that it lets through [bytes/s]."""
        return self.bytes_per_s / self.load

    @property
    def allowed_at_most(self) -> float:
        return self.bytes_per_s / (self.least_load or self.load)


class Bound(NamedTuple):
    """Bandwidth of an all-reduce [bytes/s]: at most `high`; `low` where a port's directions share what it has."""

    way: str
    low: float
    high: float
    narrowest: str  #: resource that sets `low`
    limits: tuple


def all_reduce_limits(way: str, host: Host, num_gpus: int) -> tuple:
    r""":class:`Limit` of each resource for one of :data:`WAYS`.

    .. math:: w_{\text{ring}} = \frac{2 (n - 1)}{n}, \qquad
              w_{\text{memory}} = 2 \frac{g}{p} + 1 + 5 + 2, \qquad
              w_{\text{card}} = \frac{2 (N - 1)}{N}

    In a ring each byte enters and leaves a GPU w times [1]_ (who count one pass more). On the way over the CPUs g / p
    streams are written to memory and read to be added up, the sum is written; sending takes two reads, receiving two
    writes and a read; the result is read for each NUMA node. p GPUs that are bridged add up first. Trees take the sum
    over the network. Two GPUs on one root port load it both ways: each way has its own bandwidth, or both share one.

    Parameters
    ----------
    way : str
        Key of :data:`WAYS`
    host : Host
        A node
    num_gpus : int
        n, whole nodes of them [GPUs]
    """
    one_of("way", way, WAYS)
    whole("gpus", host.gpus, 1, MAX_PARALLEL_SIZE)
    whole("num_gpus", num_gpus, 2, MAX_PARALLEL_SIZE)
    whole("bridged", host.bridged, 1, host.gpus)
    divisor("bridged", host.bridged, host.gpus, "GPUs of a node")
    for name in ("pcie", "peer", "root_port", "memory", "card", "nvlink"):
        real(name, getattr(host, name), positive=True)
    on_node = min(host.gpus, num_gpus)
    divisor("gpus", on_node, num_gpus, "GPUs")
    nodes = num_gpus // on_node
    ring, tree = 2 * (num_gpus - 1) / num_gpus, 2 * (nodes - 1) / nodes
    over = [Limit(CARD, tree, host.card)] if nodes > 1 else []
    if way == RING:
        across = [Limit(PEER, ring, host.peer), Limit(CARD, ring, host.card)] if nodes > 1 else []
        return (Limit(PCIE, ring, host.pcie), *across)
    if way == SWITCH:
        return (Limit(NVLINK, 2 * (on_node - 1) / on_node or 1, host.nvlink), *over)
    joined = min(host.bridged, on_node) if way == HOST_PAIRS else 1
    streams = on_node / joined
    memory = 2 * streams + 1 + (5 if nodes > 1 else 0) + NUMA_NODES
    shared = min(host.gpus_of_root_port, on_node) / joined
    bridge = [Limit(NVLINK, 2 * (joined - 1) / joined, host.nvlink)] if joined > 1 else []
    return (
        *bridge,
        Limit(PCIE, 1 / joined, host.pcie),
        Limit(ROOT_PORT, 2 * shared, host.root_port, shared),
        Limit(MEMORY, memory, host.memory),
        *over,
    )


def all_reduce_bound(way: str, host: Host, num_gpus: int) -> Bound:
    """The narrowest resource of a `way`, as :func:`all_reduce_limits` takes it, over `num_gpus` [GPUs].

    >>> found = all_reduce_bound("host", fire_flyer_host(), 16)
    >>> round(found.low / 1e9, 1), round(found.high / 1e9, 1), found.narrowest
    (9.4, 13.3, 'root-port')
    """
    limits = all_reduce_limits(way, host, num_gpus)
    narrowest = min(limits, key=lambda one: one.allowed)
    return Bound(way, narrowest.allowed, min(one.allowed_at_most for one in limits), narrowest.resource, limits)


TABLE, CLUSTER, DGX = "fire_flyer", "Fire-Flyer 2", "DGX-A100"


def fire_flyer_host() -> Host:
    """A node of Fire-Flyer 2, by figures of [1]_; NVLink in one direction.

    >>> fire_flyer_host().peer == 9 * 2**30
    True
    """
    known = tables.by_subject(TABLE)[CLUSTER]

    def rate(name):
        return known[name].to("bytes/s")

    return Host(
        gpus=known["gpus_per_node"].value,
        pcie=rate("pcie_to_cpu"),
        peer=rate("gpu_to_card"),
        root_port=rate("root_port"),
        gpus_of_root_port=known["gpus_of_root_port"].value,
        memory=rate("host_memory_bandwidth"),
        card=known["cards_per_node"].value * rate("card"),
        nvlink=rate("nvlink_bridge") / 2,
    )


def dgx_host() -> Host:
    """A DGX-A100 as [1]_ describes it: all of its links are those of Fire-Flyer 2 but for NVLink and a card for each GPU."""
    known = tables.by_subject(TABLE)[DGX]
    gpus = known["gpus_per_node"].value  # of its nine cards one is for storage
    card, nvlink = gpus * known["card"].to("bytes/s"), known["nvlink"].to("bytes/s") / 2
    return fire_flyer_host()._replace(gpus=gpus, card=card, nvlink=nvlink, bridged=gpus)


class Measured(NamedTuple):
    """A published all-reduce."""

    way: str
    num_gpus: int
    bytes_per_s: float


#: way -> subject of the table
_MEASURED = {RING: "NCCL on Fire-Flyer 2", HOST: "HFReduce", HOST_PAIRS: "HFReduce with NVLink"}


def measured_all_reduces() -> tuple:
    """Each :class:`Measured` all-reduce of 186 MiB on Fire-Flyer 2: Figures 7a and 7b of [1]_.

    >>> [one.bytes_per_s for one in measured_all_reduces() if one.num_gpus == 16]
    [4010000000.0, 8100000000.0, 19180000000.0]
    """
    known, found = tables.by_subject(TABLE), []
    for way, subject in _MEASURED.items():
        for quantity, fact in known[subject].items():
            words = quantity.split("_")
            if words[:2] == ["all", "reduce"]:
                found.append(Measured(way, int(words[2]), fact.to("bytes/s")))
    return tuple(found)
