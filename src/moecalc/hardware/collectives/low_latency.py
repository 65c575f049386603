r"""DeepEP's low-latency kernels: each copy of a token goes straight to its expert's GPU, for small batches.

.. math:: t = t_0 + E\, t_E + G\, t_G + \frac{w}{r} + t_N \log_2 N + \frac{T}{S_E}\, t_T
          + \max\left(\frac{V_{up}}{s_{up} B_{up}}, \frac{V_{out}}{s_{out} B_{out}}\right)

E experts on N nodes of G GPUs; T tokens of w bytes pass, one after the other, through the S_E SMs that the kernel takes for
E experts; what goes to other GPUs of the node is V_up bytes, to other nodes V_out.
"""

import math
from typing import NamedTuple

from ..accelerator import Accelerator
from ..all_to_all.traffic import direct_bytes
from .parameters import fitted, source_of
from .shape import DIRECTIONS, DispatchCombine, Shape, check_shape, nominal_links, timed

KIND = "DeepEP low-latency"
#: SMs of an accelerator whose number no source gives: those of the generation that was measured most.
USUAL_SMS = 132


class LowLatencyParameters(NamedTuple):
    """Parameters of the equation above, of dispatch or of combine."""

    launch_s: float  #: t_0
    expert_s: float  #: t_E, counters of an expert
    rank_s: float  #: t_G, a GPU of the node
    token_bytes_per_s: float  #: r, at which one token passes alone
    sm_token_s: float  #: t_T, a token on an SM
    share_of_link: float  #: s_up
    share_of_scale_out: float  #: s_out
    doubling_s: float  #: t_N, for twice as many nodes


def sms_for(num_experts: int, num_sms: int) -> int:
    """SMs that the kernel takes: each serves as many experts as it must, so few experts leave most SMs idle [SMs].

    >>> sms_for(8, 132), sms_for(256, 132)
    (8, 128)
    """
    return -(-num_experts // -(-num_experts // num_sms))


def low_latency_s(
    found: LowLatencyParameters, direction: str, shape: Shape, up_bytes_per_s: float, out_bytes_per_s: float, num_sms: int
) -> float:
    """The equation above, for `direction` of a `shape` [s].

    `found` are its parameters, `up_bytes_per_s` [bytes/s] and `out_bytes_per_s` [bytes/s] the links' nominal bandwidths,
    `num_sms` [SMs] those of the GPU.
    """
    if shape.ep == 1 or not shape.num_tokens:
        return 0.0
    all_bytes = getattr(direct_bytes(shape.num_tokens, shape.num_chosen, shape.hidden_size), direction)
    out, stays = all_bytes * (1 - 1 / shape.num_nodes), all_bytes / shape.ep
    up = all_bytes - out - stays
    moving = max(
        up / (found.share_of_link * up_bytes_per_s) if up else 0.0,
        out / (found.share_of_scale_out * out_bytes_per_s) if out else 0.0,
    )
    alone = all_bytes / shape.num_tokens / shape.num_chosen / found.token_bytes_per_s
    fixed = found.launch_s + found.expert_s * shape.num_experts + found.rank_s * shape.gpus_per_node
    fixed += found.doubling_s * math.log2(shape.num_nodes) + alone
    return fixed + found.sm_token_s * shape.num_tokens / sms_for(shape.num_experts, num_sms) + moving


def low_latency_time(accelerator: Accelerator, shape: Shape) -> DispatchCombine:
    """Dispatch in FP8 and combine in BF16 by the low-latency kernels, one :class:`~.shape.Shape` of equal experts.

    Published for H800: 77 and 114 us at EP 8, where each crosses the node's network cards; here NVLink carries it:

    >>> found = low_latency_time(load_accelerator("h100-sxm"), Shape(128, 7168))
    >>> [round(1e6 * one.time_s, -1) for one in (found.dispatch, found.combine)]
    [40.0, 70.0]
    """
    check_shape(shape, whole_experts=False)  # rows of 288 experts on 64 GPUs were measured
    links = nominal_links(accelerator, shape)
    times = []
    for direction in DIRECTIONS:
        kind = f"{KIND} {direction}"
        source = source_of(kind, accelerator)
        found = fitted(kind, source.generation, LowLatencyParameters)
        time_s = low_latency_s(found, direction, shape, *links, accelerator.num_sms or USUAL_SMS)
        times.append(timed(kind, accelerator, source, shape, time_s))
    return DispatchCombine(*times)
