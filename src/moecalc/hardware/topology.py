"""Networks of switches: fat trees of two and three layers, several planes of them, Slim Fly and Dragonfly.

An endpoint is a network card, one a GPU where it has its own. Every link has the speed of a card. k = `switch_ports`
[ports] is the radix of the switches, all alike.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, section 5.1 and Table 3.
.. [2] Besta and Hoefler, Slim Fly: A Cost Effective Low-Diameter Network Topology, SC 2014.
.. [3] Kim et al., Technology-Driven, Highly-Scalable Dragonfly Topology, ISCA 2008.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError, quoted

LAYERS = (2, 3)
#: Most ports of a switch: beyond, a number is a slip of the keyboard.
MAX_PORTS = 4096
MAX_PLANES = 64


class Network(NamedTuple):
    """How many switches and links join some endpoints; the links of the endpoints themselves are not among `links`."""

    name: str
    endpoints: int
    switches: tuple  #: number by layer, leaves first; of all planes
    links: tuple  #: between neighbouring layers, lowest first, or of each kind; of all planes
    switch_ports: int  #: that a switch needs
    most_switches: int  #: that lie between two endpoints of a plane, at most
    bisection_links: float | None = None  #: that a cut into equal halves takes at the least; None where it is not counted
    planes: int = 1
    leaf_endpoints: int = 0  #: of a full leaf
    pod_leaves: int = 0  #: of a pod, where there are three layers

    @property
    def num_switches(self) -> int:
        return sum(self.switches)

    @property
    def num_links(self) -> int:
        return sum(self.links)

    @property
    def ports_in_use(self) -> int:
        """Ports of switches: one for each endpoint, two for each link."""
        return self.endpoints + 2 * self.num_links

    @property
    def bisection_share(self) -> float | None:
        """Share of its speed with which every endpoint reaches the other half; None where it is not counted."""
        return None if self.bisection_links is None else min(1.0, 2 * self.bisection_links / self.endpoints)


def fat_tree(
    layers: int, switch_ports: int, endpoints: int | None = None, oversubscription: Sequence[int] | int = 1
) -> Network:
    r"""A fat tree, folded Clos, for so many endpoints, the most that it can have if not given.

    .. math:: N_2 = \frac{k^2}{2}, \quad S_2 = \frac{3k}{2}, \quad L_2 = \frac{k^2}{2}, \qquad
              N_3 = \frac{k^3}{4}, \quad S_3 = \frac{5k^2}{4}, \quad L_3 = \frac{k^3}{2}

    are its most endpoints, its switches and its links between switches, without oversubscription.

    Parameters
    ----------
    layers : int
        2 or 3
    endpoints : int, optional
        That are attached; leaves are filled one after the other
    oversubscription : int or sequence of int, optional
        Endpoints below a switch for each link above it, layer by layer from the leaves, or one for all. The ports are
        split to the nearest below: with 2, a switch of 64 has 21 up, 42 down and one idle

    Notes
    -----
    Links upwards are spread evenly over the switches of the next layer, as they must be where nothing shall block;
    so a tree that is not full may have idle ports there. A pod has as many leaves as any other.

    Examples
    --------
    Both are columns of Table 3 of [1]_:

    >>> two, three = fat_tree(2, 64), fat_tree(3, 64)
    >>> (two.endpoints, two.num_switches, two.num_links), (three.endpoints, three.num_switches, three.num_links)
    ((2048, 96, 2048), (65536, 5120, 131072))
    """
    one_of("layers", layers, LAYERS)
    ratios = _ratios(oversubscription, layers)
    whole("switch_ports", switch_ports, 2, MAX_PORTS)
    ups = [switch_ports // (1 + ratio) for ratio in ratios]
    if not all(ups):
        ratio = max(ratios)
        raise InputError(
            f"oversubscription of 1:{ratio} needs switch_ports of at least {ratio + 1:,}; found {quoted(switch_ports)}"
        )
    downs = [up * ratio for up, ratio in zip(ups, ratios, strict=True)]
    most = switch_ports
    for down in downs:
        most *= down
    name = f"fat tree of {layers} layers"
    where = f"endpoints of a {name} of {switch_ports}-port switches"
    endpoints = most if endpoints is None else whole(where, endpoints, 1, most)
    leaves = -(-endpoints // downs[0])
    if layers == 2:
        spines = _evenly(ups[0], leaves, switch_ports) if leaves > 1 else 0
        links = (leaves * ups[0] if spines else 0,)
        pod_leaves, switches = 0, (leaves, spines)
    else:
        pods = -(-leaves // downs[1])
        pod_leaves = -(-leaves // pods)
        middle = _evenly(ups[0], pod_leaves, downs[1]) if leaves > 1 else 0
        # of what comes up into a pod's middle layer, the part that goes on
        upwards = -(-pod_leaves * ups[0] // (ratios[1] * middle)) * middle if pods > 1 else 0
        cores = _evenly(upwards, pods, switch_ports) if pods > 1 else 0
        links = pods * pod_leaves * ups[0] if middle else 0, pods * upwards
        switches = pods * pod_leaves, pods * middle, cores
    top = [count for count in links if count]
    return Network(
        name,
        endpoints,
        switches,
        links,
        switch_ports,
        most_switches=1 + 2 * len(top),
        bisection_links=top[-1] / 2 if top else endpoints / 2,
        leaf_endpoints=downs[0],
        pod_leaves=pod_leaves,
    )


def multi_plane(planes: int, plane: Network) -> Network:
    """Networks side by side that nothing joins, such as the eight fat trees of DeepSeek-V3's cluster, one a GPU of a node.

    A GPU's card is in one plane. What must change planes does so inside a node, over its scale-up links.

    >>> mpft = multi_plane(8, fat_tree(2, 64))
    >>> mpft.endpoints, mpft.num_switches, mpft.num_links, mpft.most_switches
    (16384, 768, 16384, 3)
    """
    whole("planes", planes, 1, MAX_PLANES)
    if plane.planes > 1:
        raise InputError(f"plane must be a network of one plane; found one of {plane.planes}")
    return plane._replace(
        name=f"{planes} planes, each a {plane.name}",
        endpoints=planes * plane.endpoints,
        switches=tuple(planes * count for count in plane.switches),
        links=tuple(planes * count for count in plane.links),
        bisection_links=None if plane.bisection_links is None else planes * plane.bisection_links,
        planes=planes,
    )


def multi_plane_fat_tree(planes: int, layers: int, switch_ports: int, endpoints: int | None = None) -> Network:
    """Planes of fat trees for so many endpoints in all, an equal part of them in each; the most there can be if not given.

    `planes`, `layers` and `endpoints` are those of :func:`multi_plane` and :func:`fat_tree`.

    >>> multi_plane_fat_tree(8, 2, 64, 2048).switches
    (64, 32)
    """
    whole("planes", planes, 1, MAX_PLANES)
    if endpoints is not None and whole("endpoints", endpoints) % planes:
        raise InputError(f"endpoints must be a multiple of {planes} planes; found {endpoints:,}")
    return multi_plane(planes, fat_tree(layers, switch_ports, None if endpoints is None else endpoints // planes))


def slim_fly(q: int) -> Network:
    r"""The Slim Fly [2]_ of 2 q^2 switches, any two of which are at most two links apart.

    .. math:: k' = \frac{3q - \delta}{2}, \quad \delta = q - 4 \lfloor (q + 1) / 4 \rfloor \in \{-1, 0, 1\}, \quad
              N = 2 q^2 \left\lceil \frac{k'}{2} \right\rceil, \quad L = q^2 k'

    `q` leaves any rest but 2 when divided by 4. The counts are given for each such q, but the graph is known
    only where q is a power of a prime, which 28, the q of Table 3 of [1]_, is not.

    >>> fly = slim_fly(28)
    >>> fly.endpoints, fly.num_switches, fly.num_links
    (32928, 1568, 32928)
    """
    whole("q", q, 3, MAX_PORTS)
    delta = q - 4 * ((q + 1) // 4)
    if delta == 2:
        raise InputError(f"q must leave the rest 0, 1 or 3 when divided by 4; found {q}")
    degree = (3 * q - delta) // 2
    hosts = -(-degree // 2)
    return Network("Slim Fly", 2 * q * q * hosts, (2 * q * q,), (q * q * degree,), degree + hosts, 3, leaf_endpoints=hosts)


def dragonfly(hosts: int, groups: int | None = None) -> Network:
    r"""The balanced Dragonfly [3]_ of groups of 2p switches, each with p endpoints and p links to other groups.

    .. math:: N = 2 p^2 g, \quad S = 2 p g, \quad L = g \, p (2p - 1) + g \, p^2, \quad g \le 2 p^2 + 1

    p = `hosts` are the endpoints of a switch, g = `groups`, as many as can be if not given. Table 3 of [1]_ has two groups
    fewer than it could:

    >>> fly = dragonfly(16, 511)
    >>> fly.endpoints, fly.num_switches, fly.num_links, dragonfly(16).endpoints
    (261632, 16352, 384272, 262656)
    """
    whole("hosts", hosts, 1, MAX_PORTS)
    groups = 2 * hosts**2 + 1 if groups is None else whole("groups", groups, 2, 2 * hosts**2 + 1)
    local, across = groups * hosts * (2 * hosts - 1), groups * hosts**2
    # a link to another group has two ends
    endpoints, switches = 2 * hosts**2 * groups, 2 * hosts * groups
    return Network("Dragonfly", endpoints, (switches,), (local, across), 4 * hosts - 1, 4, leaf_endpoints=hosts)


def _ratios(oversubscription, layers: int) -> list:
    several = isinstance(oversubscription, Sequence) and not isinstance(oversubscription, str)
    ratios = list(oversubscription) if several else [oversubscription] * (layers - 1)
    if len(ratios) != layers - 1:
        raise InputError(
            f"oversubscription must be one ratio for each layer but the top, {layers - 1}; found {quoted(oversubscription)}"
        )
    return [whole("oversubscription", ratio, 1, MAX_PORTS - 1) for ratio in ratios]


def _evenly(ups: int, below: int, ports: int) -> int:
    """Switches above `below` switches of `ups` links each: as few as have the ports and take as many links of each."""
    return next(count for count in range(1, ups + 1) if ups % count == 0 and count * ports >= below * ups)
