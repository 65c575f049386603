"""What a message crosses between two GPUs of a cluster, and the copies of a token on their way to its experts.

GPUs are numbered node by node; G = `gpus_per_node` [GPUs]. GPUs of the same place in their nodes are a rail.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError
from .topology import Network

#: How cards are plugged into leaves: node by node, rail by rail, or each rail into a network of its own.
WIRINGS = ("nodes", "rails", "planes")
SCALE_UP, SCALE_OUT = "scale-up", "scale-out"
#: Layers of switches, lowest first.
SWITCHES = ("leaf", "spine", "core")


class Place(NamedTuple):
    """Where a GPU's card is plugged in."""

    plane: int
    leaf: int  #: of its plane
    pod: int


class Path(NamedTuple):
    """What a message crosses, in order: ``scale-up``, or a switch of a layer."""

    crosses: tuple

    @property
    def switches(self) -> int:
        """Switches of the scale-out network."""
        return sum(step != SCALE_UP for step in self.crosses)

    @property
    def scale_out_links(self) -> int:
        """Links of the scale-out network, those of the two cards included."""
        return self.switches + 1 if self.switches else 0


class Copies(NamedTuple):
    """Pairs of GPUs (from, to) between which a token is copied."""

    scale_out: tuple
    scale_up: tuple


def place(gpu: int, gpus_per_node: int, network: Network, wiring: str = "nodes") -> Place:
    """Where the card of a GPU is plugged in, if leaves are filled one after the other.

    `wiring` is one of :data:`WIRINGS`; with several planes it is ``planes``, and the planes must divide G.

    >>> rails = moecalc.hardware.topology.fat_tree(2, 64, 2048)
    >>> planes = moecalc.hardware.topology.multi_plane_fat_tree(8, 2, 64, 2048)
    >>> place(8 * 40 + 3, 8, rails, "rails"), place(8 * 40 + 3, 8, planes, "planes")
    (Place(plane=0, leaf=11, pod=0), Place(plane=3, leaf=1, pod=0))
    """
    whole("gpus_per_node", gpus_per_node)
    whole("gpu", gpu, 0, network.endpoints - 1)
    one_of("wiring", wiring, WIRINGS)
    if not network.leaf_endpoints or network.bisection_links is None:
        raise InputError(f"network must be a fat tree, or planes of them; found {network.name}")
    if (wiring == "planes") != (network.planes > 1):
        raise InputError(f"wiring must be planes for a network of several planes, and only there; found {wiring}")
    if gpus_per_node % network.planes:
        raise InputError(f"gpus_per_node must be a multiple of {network.planes} planes; found {gpus_per_node}")
    node, local = divmod(gpu, gpus_per_node)
    each = gpus_per_node // network.planes  # cards of a node in one plane
    if wiring == "rails":
        leaf = node // network.leaf_endpoints * gpus_per_node + local
    else:
        leaf = (node * each + local // network.planes) // network.leaf_endpoints
    leaves = network.switches[0] // network.planes
    if leaf >= leaves:
        raise InputError(f"gpu {gpu:,} would be plugged into leaf {leaf + 1:,} on {wiring}; the network has {leaves:,}")
    pod = leaf // network.pod_leaves if network.pod_leaves else 0
    return Place(local % network.planes, leaf, pod)


def path(source: int, target: int, gpus_per_node: int, network: Network, wiring: str = "nodes") -> Path:
    """What a message from one GPU to another crosses.

    `source` and `target` are their numbers. On rails and planes it goes to the target's node on the rail of its source, and
    is forwarded there, as DeepSeek-V3's kernels and NCCL's PXN do; cards that are wired node by node send to any other.

    >>> planes = moecalc.hardware.topology.multi_plane_fat_tree(8, 2, 64, 2048)
    >>> path(0, 5, 8, planes, "planes").crosses, path(0, 8 * 200 + 5, 8, planes, "planes").crosses
    (('scale-up',), ('leaf', 'spine', 'leaf', 'scale-up'))
    """
    whole("gpus_per_node", gpus_per_node)
    for name, gpu in (("source", source), ("target", target)):
        whole(name, gpu, 0, network.endpoints - 1)
    near, far = divmod(source, gpus_per_node), divmod(target, gpus_per_node)
    arrives = target if wiring == "nodes" or near[0] == far[0] else far[0] * gpus_per_node + near[1]
    start, end = (place(gpu, gpus_per_node, network, wiring) for gpu in (source, arrives))
    if near[0] == far[0]:
        return Path((SCALE_UP,) if source != target else ())
    height = 1 if start.leaf == end.leaf else 2 if start.pod == end.pod else 3
    up = SWITCHES[:height]
    return Path((*up, *up[-2::-1], *((SCALE_UP,) if arrives != target else ())))


def paths_from(source: int, gpus_per_node: int, network: Network, wiring: str = "nodes") -> dict:
    """Every :class:`Path` from one GPU, shortest first -> how many other GPUs it leads to.

    `source` is its number.

    >>> planes = moecalc.hardware.topology.multi_plane_fat_tree(8, 2, 64, 2048)
    >>> [(len(one.crosses), count) for one, count in paths_from(0, 8, planes, "planes").items()]
    [(1, 7), (1, 31), (2, 217), (3, 224), (4, 1568)]
    """
    found = {}
    for target in range(network.endpoints):
        if target != source:
            one = path(source, target, gpus_per_node, network, wiring)
            found[one] = found.get(one, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (len(item[0].crosses), item[0].switches)))


def dispatched(source: int, targets: Iterable[int], gpus_per_node: int, first: str = SCALE_OUT) -> Copies:
    """Copies of a token that go from its GPU to those of its experts.

    `source` is the token's own GPU, `targets` are those that hold its experts, each as often as it does. With `first`
    ``scale-out`` one copy a node leaves, on the rail of its source, and is passed on inside, as DeepSeek-V3 does; with
    ``scale-up`` the token moves to the rail of each target inside its own node, and one copy a target leaves.

    >>> dispatched(1, [1, 3, 9, 10, 10, 20], 8)
    Copies(scale_out=((1, 9), (1, 17)), scale_up=((1, 3), (9, 10), (17, 20)))
    >>> dispatched(1, [1, 3, 9, 10, 10, 20], 8, "scale-up")
    Copies(scale_out=((1, 9), (2, 10), (4, 20)), scale_up=((1, 2), (1, 3), (1, 4)))
    """
    whole("gpus_per_node", gpus_per_node)
    one_of("first", first, (SCALE_OUT, SCALE_UP))
    node, rail = divmod(whole("source", source, 0), gpus_per_node)
    gpus = sorted({whole("each of targets", target, 0) for target in targets})
    at_home = [gpu for gpu in gpus if gpu // gpus_per_node == node]
    away = [gpu for gpu in gpus if gpu // gpus_per_node != node]
    if first == SCALE_OUT:
        entry = {gpu: gpu // gpus_per_node * gpus_per_node + rail for gpu in away}
        out = sorted({(source, gpu) for gpu in entry.values()})
        inside = [(source, gpu) for gpu in at_home] + [(entry[gpu], gpu) for gpu in away]
    else:
        exits = {gpu: node * gpus_per_node + gpu % gpus_per_node for gpu in away}
        out = [(exits[gpu], gpu) for gpu in away]
        inside = [(source, gpu) for gpu in sorted({*at_home, *exits.values()})]
    return Copies(tuple(out), tuple((start, end) for start, end in inside if start != end))
