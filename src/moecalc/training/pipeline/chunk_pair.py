"""Operations of one forward beside one backward chunk on a GPU, of mixture-of-experts layers with expert parallelism.

A chunk has `layers` layers. Times are in the unit of the durations given. Operations are those of figure 4 of [1]_.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.2.1 and figure 4.
"""

from functools import lru_cache
from typing import NamedTuple

from ...base.checks import real, whole

#: Most layers of a chunk.
MAX_LAYERS = 64
STREAMS = COMPUTE, COMMUNICATION = "compute", "communication"


class ChunkDurations(NamedTuple):
    """How long each operation of one layer takes with the whole GPU; ``pp_forward`` and ``pp_backward`` come once a chunk.

    ``combine_backward`` is the backward of combine, which sends like a dispatch; ``dispatch_backward`` sends like a combine.
    """

    attention_forward: float
    dispatch_forward: float
    mlp_forward: float
    combine_forward: float
    combine_backward: float
    mlp_backward_input: float
    mlp_backward_weight: float
    dispatch_backward: float
    attention_backward_input: float
    attention_backward_weight: float
    pp_forward: float = 0
    pp_backward: float = 0


class Node(NamedTuple):
    """An operation: kind, such as ``AF``, and layer; its stream, and the positions of what must end before it."""

    kind: str
    layer: int
    stream: str
    needs: tuple

    @property
    def name(self) -> str:
        return self.kind if self.kind in ("PF", "PB") else f"{self.kind}{self.layer}"


#: kind -> duration
DURATION = dict(
    zip(("AF", "DF", "MF", "CF", "CB", "MB", "MW", "DB", "AB", "AW", "PF", "PB"), ChunkDurations._fields, strict=True)
)
COMMUNICATIONS = ("DF", "CF", "CB", "DB", "PF", "PB")


@lru_cache(maxsize=64)
def nodes(layers: int) -> tuple:
    """The operations of a chunk of so many layers, in the order of Figure 4: compute stream first, then communication."""
    whole("layers", layers, most=MAX_LAYERS)
    compute, sends = [("AF", 0)], [("CB", layers - 1)]
    for layer in range(layers):
        back = layers - 1 - layer
        compute += [("MB", back), ("MW", back), ("MF", layer), ("AB", back), ("AW", back)]
        sends += [("DF", layer), ("DB", back), ("CF", layer)]
        if layer + 1 < layers:
            compute.append(("AF", layer + 1))
            sends.append(("CB", back - 1))
    order = [*compute, *sends, ("PF", layers - 1), ("PB", 0)]
    position = {one: number for number, one in enumerate(order)}
    found = []
    for kind, layer in order:
        needs = [position[one] for one in _needs(kind, layer) if one in position]
        found.append(Node(kind, layer, COMMUNICATION if kind in COMMUNICATIONS else COMPUTE, tuple(needs)))
    return tuple(found)


#: kind -> the kind of the same layer that it needs
_SAME_LAYER = {
    **{"DF": "AF", "MF": "DF", "CF": "MF", "PF": "CF"},
    **{"MB": "CB", "MW": "MB", "DB": "MB", "AB": "DB", "AW": "AB", "PB": "AB"},
}


def _needs(kind: str, layer: int) -> list:
    """What must end before an operation; where a chunk begins there is no such thing, and it needs nothing."""
    if kind in _SAME_LAYER:
        return [(_SAME_LAYER[kind], layer)]
    return [("CF", layer - 1)] if kind == "AF" else [("AB", layer + 1)]


def lengths_of(durations: ChunkDurations, layers: int) -> list:
    """The duration of each of :func:`nodes` [as the durations]."""
    for name, value in durations._asdict().items():
        real(name, value, positive=not name.startswith("pp_"))
    return [getattr(durations, DURATION[node.kind]) for node in nodes(layers)]


def busy(durations: ChunkDurations, layers: int) -> dict:
    """Time that each stream works [as the durations]."""
    lengths = lengths_of(durations, layers)
    return {
        stream: sum(length for node, length in zip(nodes(layers), lengths, strict=True) if node.stream == stream)
        for stream in STREAMS
    }


def sequential(durations: ChunkDurations, layers: int) -> float:
    """All operations one after the other [as the durations]."""
    return sum(busy(durations, layers).values())


def static_share(durations: ChunkDurations, sm_share: float, saturating_share: float) -> ChunkDurations:
    r"""Durations where a share s of the SMs is set aside for communication all the time.

    Computation takes :math:`d / (1 - s)`. Communication takes :math:`d \max(1, s_0 / s)`: with a share of at least
    `saturating_share` s_0 the network limits it, with less the SMs.
    """
    check_shares(sm_share, saturating_share)
    slower = {True: max(1, saturating_share / sm_share), False: 1 / (1 - sm_share)}
    kinds = {field: kind in COMMUNICATIONS for kind, field in DURATION.items()}
    return ChunkDurations(*(d * slower[kinds[field]] for field, d in durations._asdict().items()))


def check_shares(sm_share: float, saturating_share: float) -> None:
    """Refuses shares, as ratios, that leave computation or communication nothing."""
    real("sm_share", sm_share, positive=True, most=0.99)
    real("saturating_share", saturating_share, positive=True, most=1)


def tails(durations: ChunkDurations, layers: int) -> list:
    """The longest path from the start of each of :func:`nodes` to the end of all [as the durations]."""
    plan, lengths = nodes(layers), lengths_of(durations, layers)
    follow = [[other for other, node in enumerate(plan) if number in node.needs] for number in range(len(plan))]
    longest = [None] * len(plan)

    def of(number):
        if longest[number] is None:
            longest[number] = lengths[number] + max(map(of, follow[number]), default=0)
        return longest[number]

    return [of(number) for number in range(len(plan))]


def critical_path(durations: ChunkDurations, layers: int) -> float:
    """The longest path through the needs: no schedule is shorter, whatever the streams [as the durations]."""
    return max(tails(durations, layers))
