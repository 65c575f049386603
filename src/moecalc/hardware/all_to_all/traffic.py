"""What dispatch and combine send: copies of a token over both networks, their bytes, their time, and which network decides.

The token's own GPU is any of the group alike, whatever its experts are. A copy to the own node does not cross the scale-out
network, one to the own GPU crosses none. Combine returns as many as dispatch sent: a node adds up before it sends.
"""

from typing import NamedTuple

from ...base.checks import real, whole
from ...base.limits import MAX_BYTES_PER_ELEMENT
from .gate import Placement

SCALE_OUT, SCALE_UP = "scale-out", "scale-up"


class Copies(NamedTuple):
    """Copies of a token: to each other node (DeepSeek's way), to each GPU or for each expert elsewhere; inside nodes."""

    scale_out: float
    scale_out_per_gpu: float
    scale_out_per_expert: float
    scale_up: float  #: from the GPU of the node at which a copy arrives, to the other GPUs there that need it


class Wire(NamedTuple):
    """Bytes of one copy."""

    dispatch: float
    combine: float

    def times(self, copies: float) -> "Wire":
        """The bytes of some copies."""
        return Wire(self.dispatch * copies, self.combine * copies)


class Times(NamedTuple):
    """Time of one direction over each network [s]; they overlap, so the longer decides."""

    scale_out_s: float
    scale_up_s: float

    @property
    def longer_s(self) -> float:
        return max(self.scale_out_s, self.scale_up_s)

    @property
    def bound_by(self) -> str | None:
        """The network that decides; None where nothing is sent."""
        if not self.longer_s:
            return None
        return SCALE_OUT if self.scale_out_s >= self.scale_up_s else SCALE_UP


def copies_per_token(nodes: float, gpus: float, experts: float, placement: Placement) -> Copies:
    r"""Copies of a token whose `experts` lie on so many distinct `nodes` and `gpus` [GPUs], on average.

    .. math:: C_{\text{out}} = n \left(1 - \frac{1}{N}\right), \qquad C_{\text{up}} = g \left(1 - \frac{1}{L}\right)

    N nodes and L GPUs of the group on each, as `placement` says.

    >>> [round(one, 2) for one in copies_per_token(3.954, 7.49, 8, Placement(64))]
    [3.46, 6.55, 7.0, 6.55]
    """
    elsewhere, other = 1 - 1 / placement.num_nodes, 1 - 1 / placement.gpus_on_node
    return Copies(nodes * elsewhere, gpus * elsewhere, experts * elsewhere, gpus * other)


def wire_bytes(width: int, dispatch_bytes: float = 1, combine_bytes: float = 2, block: int = 128) -> Wire:
    """Bytes of one copy of a token of `width` numbers [bytes].

    `dispatch_bytes` [bytes] and `combine_bytes` [bytes] are those of one number; narrow ones of less than two carry
    an FP32 scale for each `block` of them. DeepSeek-V3 dispatches in FP8 and combines in BF16:

    >>> wire_bytes(7168)
    Wire(dispatch=7392, combine=14336)
    """
    whole("width", width, 1, 10**6)
    whole("block", block, 1, 10**6)
    sizes = []
    for name, one in (("dispatch_bytes", dispatch_bytes), ("combine_bytes", combine_bytes)):
        real(name, one, 0, MAX_BYTES_PER_ELEMENT, positive=True)
        sizes.append(width * one + (4 * -(-width // block) if one < 2 else 0))
    return Wire(*sizes)


def transfer(
    num_tokens: int, out_bytes: float, up_bytes: float, out_bytes_per_s: float, up_bytes_per_s: float, skew: float = 1.0
) -> Times:
    """Time of one direction on each network.

    Parameters
    ----------
    num_tokens : int
        Tokens of one GPU [tokens]
    out_bytes, up_bytes : float
        What a token sends over the scale-out and the scale-up network [bytes]
    out_bytes_per_s, up_bytes_per_s : float
        Bandwidth of a GPU in one direction, counted without traffic to oneself [bytes/s]
    skew : float, optional
        Tokens of the fullest GPU over the mean: all wait for it

    Notes
    -----
    Leaves out latency and the start of the kernels.

    Examples
    --------
    >>> transfer(4096, 25572, 48448, 50e9, 160e9).bound_by
    'scale-out'
    """
    whole("num_tokens", num_tokens, 1, 10**9)
    real("skew", skew, 1, 1e6)
    if out_bytes:
        real("scale-out bandwidth [bytes/s]", out_bytes_per_s, positive=True)
    if up_bytes:
        real("scale-up bandwidth [bytes/s]", up_bytes_per_s, positive=True)
    return Times(
        num_tokens * skew * out_bytes / out_bytes_per_s if out_bytes else 0.0,
        num_tokens * skew * up_bytes / up_bytes_per_s if up_bytes else 0.0,
    )


class FreeExperts(NamedTuple):
    """Experts that a token may choose before the scale-up network takes longer than the scale-out network."""

    per_node: float  #: the ratio of the bandwidths
    in_all: float


def free_experts(up_bytes_per_s: float, out_bytes_per_s: float, most_nodes: int = 4) -> FreeExperts:
    """The report's rule: a copy that came to a node may go on to as many GPUs as one bandwidth is of the other.

    `up_bytes_per_s` [bytes/s] and `out_bytes_per_s` [bytes/s] are those of the scale-up and the scale-out network. It
    counts a copy for every expert and every node, those to oneself included; :func:`copies_per_token` does not.

    >>> free_experts(160e9, 50e9), free_experts(160e9, 40e9)
    (FreeExperts(per_node=3.2, in_all=12.8), FreeExperts(per_node=4.0, in_all=16.0))
    """
    real("scale-up bandwidth [bytes/s]", up_bytes_per_s, positive=True)
    real("scale-out bandwidth [bytes/s]", out_bytes_per_s, positive=True)
    whole("most_nodes", most_nodes)
    ratio = up_bytes_per_s / out_bytes_per_s
    return FreeExperts(ratio, ratio * most_nodes)


def bus_bandwidth(algorithm_bytes_per_s: float, num_parts: int) -> float:
    r"""Bandwidth over the link, of a published one that counts what stays with oneself [bytes/s].

    .. math:: B_{\text{bus}} = B_{\text{algorithm}} \left(1 - \frac{1}{n}\right)

    `algorithm_bytes_per_s` is all that is handed over, divided by the time [bytes/s]; 1/n of it, n = `num_parts` nodes
    (or GPUs), stays where it is. DeepEP's 58 GB/s at EP32, over four nodes:

    >>> bus_bandwidth(58e9, 4) / 1e9
    43.5
    """
    real("algorithm bandwidth [bytes/s]", algorithm_bytes_per_s)
    whole("num_parts", num_parts)
    return algorithm_bytes_per_s * (1 - 1 / num_parts)


def direct_bytes(num_tokens: int, num_chosen: int, width: int, header_bytes: int = 16) -> Wire:
    """What a low-latency kernel sends, a copy for every expert straight to its GPU, those to oneself counted [bytes].

    `num_tokens` [tokens] of a GPU; a dispatched copy carries a header of `header_bytes` [bytes] beside the numbers.

    >>> round(direct_bytes(128, 8, 7168).dispatch / 155e-6 / 1e9, 1)  # DeepEP at EP32, in 155 us
    48.9
    """
    whole("num_tokens", num_tokens, 1, 10**9)
    whole("num_chosen", num_chosen)
    # a scale of four bytes for each 128 numbers, as wire_bytes counts it
    one = wire_bytes(width)
    return Wire(num_tokens * num_chosen * (one.dispatch + header_bytes), num_tokens * num_chosen * one.combine)
