r"""DeepEP's normal kernels: a token goes once to each node, and there once to each GPU that needs it, for large batches.

.. math:: t &= t_0 + \frac{w}{r} + N t_N + \max(t_{in}, t_{out}) \\
          t_{in} &= \max\left( \frac{T}{S} \left( t_T + \frac{g\, w}{b} \right) + \frac{T g\, w}{m},
          \frac{T\, g_o\, w}{s_{up} B_{up}} \right) \\
          t_{out} &= \max\left( \frac{T w}{S} \left( \frac{1}{b_0} + \frac{n}{b_1} \right),
          \frac{c\, T\, n_o\, w}{s_{out} B_{out}} \right)

T tokens of w bytes whose experts lie on n nodes and g GPUs, n_o and g_o of them others; S SMs move them. On one node there
is neither t_out nor t_N. c is how much the scale-out network slows down where many nodes share it. That
links and SMs take the longer time, not the sum, was chosen with the bandwidths published of H800 in sight; no parameter was.
"""

from typing import NamedTuple

from ...base.checks import real, whole
from ...mechanisms.distinct import distinct_parts
from ..accelerator import Accelerator
from ..all_to_all.gate import Placement
from ..all_to_all.spread import exact_spread
from ..all_to_all.traffic import copies_per_token, wire_bytes
from .parameters import fitted, source_of
from .shape import DIRECTIONS, DispatchCombine, Shape, check_shape, nominal_links, timed

KIND = "DeepEP normal"
#: SMs that the authors gave to the kernels: 20 of 132
USUAL_SMS = 20
MOST_SMS = 10_000
#: Fewer nodes share the network without a loss.
MANY_NODES = 8


class NormalParameters(NamedTuple):
    """Parameters of the equations above, of dispatch or of combine."""

    launch_s: float  #: t_0
    token_bytes_per_s: float  #: r, at which one token passes alone
    sm_token_s: float  #: t_T, a token on an SM
    sm_bytes_per_s: float  #: b, of one SM inside a node
    copy_bytes_per_s: float  #: m, which all SMs share
    share_of_link: float  #: s_up
    node_s: float  #: t_N
    sm_out_bytes_per_s: float  #: b_0, of one SM, of tokens
    sm_node_bytes_per_s: float  #: b_1, of one SM, of their copies
    share_of_scale_out: float  #: s_out
    congestion: float  #: c, at :data:`MANY_NODES` nodes


class Spreading(NamedTuple):
    """On how many nodes and GPUs a token's experts lie, and how many copies go to others."""

    nodes: float
    gpus: float
    other_nodes: float
    other_gpus: float


class Offload(NamedTuple):
    """What hardware does of dispatch and combine that the kernels do on SMs: what DeepSeek asks makers of chips for."""

    engine: bool = False  #: data moves beside the SMs, of which computing then keeps all
    forwarding: bool = False  #: one interface to both networks hands messages on: links alone set the time
    replication: bool = False  #: the network copies and adds up: SMs handle one copy of a token
    free: bool = False  #: nothing takes any time: the bound of all of these


#: Nothing of it.
TODAY = Offload()
_known = {}


def spreading(shape: Shape, most_nodes: int | None = None) -> Spreading:
    """Copies of a token on average, experts being equal; `most_nodes` if a gate limits the nodes.

    >>> [round(one, 2) for one in spreading(Shape(4096, 7168, num_nodes=4))]
    [3.61, 7.27, 2.71, 6.36]
    """
    key = shape[2:], most_nodes
    if key not in _known:
        experts, chosen = shape.num_experts, shape.num_chosen
        nodes, gpus = (exact_spread(distinct_parts(num, experts // num, chosen)).mean for num in (shape.num_nodes, shape.ep))
        nodes = min(nodes, most_nodes or nodes)
        copies = copies_per_token(nodes, gpus, chosen, Placement(shape.ep, shape.gpus_per_node))
        _known[key] = Spreading(nodes, gpus, copies.scale_out, copies.scale_up)
    return _known[key]


def normal_s(
    found: NormalParameters,
    direction: str,
    shape: Shape,
    num_sms: int,
    up_bytes_per_s: float,
    out_bytes_per_s: float,
    congestion: float | None = None,
    most_nodes: int | None = None,
    offload: Offload = TODAY,
) -> float:
    """The equations above, for `direction` of a `shape` [s].

    Parameters
    ----------
    found : NormalParameters
        Of that direction
    direction : str
        dispatch or combine
    shape : Shape
        What is sent where
    num_sms : int
        S, SMs that move the data
    up_bytes_per_s, out_bytes_per_s : float
        B, nominal bandwidths of a GPU in one direction [bytes/s]
    congestion : float, optional
        c in place of the measured factor, which holds from :data:`MANY_NODES` nodes on
    most_nodes : int, optional
        Nodes that a gate limits a token to
    offload : Offload, optional
        What hardware does. Copies that the network makes or adds up are fewer in one direction of a link; in the other,
        where experts are balanced, as many cross as before, so that its time stays
    """
    if shape.ep == 1 or not shape.num_tokens or offload.free:
        return 0.0
    copies, width = spreading(shape, most_nodes), getattr(wire_bytes(shape.hidden_size), direction)
    tokens, sent = shape.num_tokens, shape.num_tokens * width
    handled = copies._replace(nodes=1.0, gpus=1.0) if offload.replication else copies
    inside = tokens / num_sms * (found.sm_token_s + handled.gpus * width / found.sm_bytes_per_s)
    inside += sent * handled.gpus / found.copy_bytes_per_s
    inside = 0.0 if offload.forwarding else inside
    inside = max(inside, sent * copies.other_gpus / (found.share_of_link * up_bytes_per_s))
    fixed = found.launch_s + width / found.token_bytes_per_s
    if shape.num_nodes == 1:
        return fixed + inside
    if congestion is None:
        congestion = found.congestion if shape.num_nodes >= MANY_NODES else 1.0
    moved = sent / num_sms * (1 / found.sm_out_bytes_per_s + handled.nodes / found.sm_node_bytes_per_s)
    moved = 0.0 if offload.forwarding else moved
    crossing = congestion * sent * copies.other_nodes / (found.share_of_scale_out * out_bytes_per_s)
    return fixed + shape.num_nodes * found.node_s + max(inside, moved, crossing)


def normal_time(
    accelerator: Accelerator,
    shape: Shape,
    num_sms: int = USUAL_SMS,
    congestion: float | None = None,
    most_nodes: int | None = None,
    num_combine_sms: int | None = None,
) -> DispatchCombine:
    """Dispatch in FP8 and combine in BF16 by the normal kernels, exchange of counts included.

    Parameters
    ----------
    accelerator : Accelerator
        Whose links carry it
    shape : Shape
        What is sent where
    num_sms : int, optional
        SMs that move the data
    congestion : float, optional
        Time over the network between nodes, as a factor; if not given, as on the measured cluster of H100 and H200, else 1:
        what the authors publish of 8 nodes of H800 shows none
    most_nodes : int, optional
        Nodes that a gate limits a token to
    num_combine_sms : int, optional
        SMs of combine, as many as of dispatch if not given

    Examples
    --------
    Measured: 3590 and 7068 us.

    >>> found = normal_time(load_accelerator("h100-sxm"), Shape(8192, 7168, num_nodes=4), 20)
    >>> 3300 < 1e6 * found.dispatch.time_s < 3900
    True
    """
    check_shape(shape)
    sms = num_sms, num_sms if num_combine_sms is None else num_combine_sms
    for one in sms:
        whole("SMs of the kernel", one, 1, MOST_SMS)
    if congestion is not None:
        real("congestion", congestion, 1, 1e3)
    if most_nodes is not None:
        whole("most_nodes", most_nodes, 1, shape.num_nodes)
    links = nominal_links(accelerator, shape)
    times = []
    for direction, one in zip(DIRECTIONS, sms, strict=True):
        kind = f"{KIND} {direction}"
        source = source_of(kind, accelerator)
        found = fitted(kind, source.generation, NormalParameters)
        slow = source.measured and congestion is None
        factor = None if slow else congestion or 1.0
        time_s = normal_s(found, direction, shape, one, *links, factor, most_nodes)
        note = ""
        if shape.num_nodes >= MANY_NODES and slow:
            note = f"the network between nodes is as slow as on the measured cluster at {MANY_NODES} nodes"
        times.append(timed(kind, accelerator, source, shape, time_s, note))
    return DispatchCombine(*times)
