"""What a block sends for one micro-batch, by kind of parallelism, and how long that takes on the group's network.

Groups are numbered as Megatron-LM does: neighbours share a tensor, then a sequence, then experts, then replicas.
"""

from functools import lru_cache
from typing import NamedTuple

from ...hardware.accelerator import Accelerator
from ...hardware.all_to_all.traffic import wire_bytes
from ...hardware.collectives.nccl import (
    ALL_GATHER,
    ALL_REDUCE,
    ALL_TO_ALL,
    REDUCE_SCATTER,
    collective_time,
    send_receive_time,
)
from ...hardware.collectives.normal import KIND, NormalParameters, Offload, normal_s, spreading
from ...hardware.collectives.parameters import fitted, source_of
from ...hardware.collectives.shape import Shape, nominal_links
from ...model.anatomy import Block
from .layer import Sizes, attentions, routed_rows


class Sending(NamedTuple):
    """Times of what a block sends [s]; ``combine_backward`` sends like a dispatch, ``dispatch_backward`` like a combine."""

    tp_forward: float = 0.0
    tp_backward: float = 0.0
    cp_forward: float = 0.0
    cp_backward: float = 0.0
    dispatch: float = 0.0
    combine: float = 0.0
    combine_backward: float = 0.0
    dispatch_backward: float = 0.0


class Network(NamedTuple):
    """The networks of an accelerator, and how DeepEP's kernels use them."""

    accelerator: Accelerator
    domain: int  #: GPUs joined by the scale-up network
    sms: int
    fp8_dispatch: bool
    dispatcher: str  #: of :data:`.settings.DISPATCHERS`
    most_nodes: int | None  #: that a gate limits a token to
    hybridep: float  #: share of the scale-up link that HybridEP's kernels reach
    offload: Offload = Offload()  #: what hardware does of dispatch and combine


def on_node(size: int, stride: int, domain: int) -> int:
    """GPUs of a group that share a scale-up domain: `size` of them, each `stride` numbers from the next.

    >>> on_node(64, 1, 8), on_node(4, 4, 8), on_node(6, 1, 8)
    (8, 2, 6)
    """
    most = max(1, min(size, domain // stride))
    while size % most:
        most -= 1
    return most


@lru_cache(maxsize=16384)
def collective_s(accelerator: Accelerator, op: str, num_bytes: float, size: int, stride: int, domain: int) -> float:
    """Time of a collective of `num_bytes` [bytes] on a group [s].

    GPUs of a node that are in other groups share its network cards.
    """
    if size == 1 or not num_bytes:
        return 0.0
    return collective_time(accelerator, op, num_bytes, size, on_node(size, stride, domain)).time_s


@lru_cache(maxsize=4096)
def send_s(accelerator: Accelerator, num_bytes: float, between_nodes: bool) -> float:
    """Time of a send of `num_bytes` [bytes] between two stages [s]."""
    return send_receive_time(accelerator, num_bytes, between_nodes).time_s


@lru_cache(maxsize=4096)
def exchange_s(network: Network, direction: str, tokens: int, hidden: int, chosen: int, experts: int, ep: int) -> float:
    """Time of dispatch or combine of a GPU's `tokens` [s]."""
    if ep == 1:
        return 0.0
    here = on_node(ep, 1, network.domain)
    if network.dispatcher == "nccl":
        width = 1 if direction == "dispatch" and network.fp8_dispatch else 2
        return collective_s(network.accelerator, ALL_TO_ALL, tokens * chosen * hidden * width, ep, 1, network.domain)
    if direction == "dispatch" and not network.fp8_dispatch:
        hidden = round(2 * hidden / (1 + 4 / 128))  # as many bytes of BF16 as the kernel would send with FP8 and its scales
    shape = Shape(tokens, hidden, chosen, experts, ep // here, here)
    kind = f"{KIND} {direction}"
    found = fitted(kind, source_of(kind, network.accelerator).generation, NormalParameters)
    links = nominal_links(network.accelerator, shape)
    limit = None if network.most_nodes is None else min(network.most_nodes, shape.num_nodes)
    if network.dispatcher == "hybridep":
        copies, width = spreading(shape, limit), getattr(wire_bytes(hidden), direction)
        out = copies.other_nodes / (found.share_of_scale_out * links[1]) if shape.num_nodes > 1 else 0.0
        return found.launch_s + tokens * width * max(copies.other_gpus / (network.hybridep * links[0]), out)
    return normal_s(found, direction, shape, network.sms, *links, 1.0, limit, network.offload)


def keys_and_values(block: Block, sizes: Sizes) -> float:
    """Numbers of a token that the GPUs of a context-parallel group give each other [numbers].

    Latents are made into keys and values before: each GPU projects its own tokens up, so that heads travel and not latents.
    """
    heads = [one for one, _, latent in attentions(block, sizes) if latent]
    if heads:
        return sum(one.num_key_value_heads * (one.key_size + one.value_size) for one in heads)
    return sum(cache.elements * (1 if cache.shards == 1 else 1 / min(sizes.tp, cache.shards)) for cache in block.cache)


def sending(block: Block, sizes: Sizes, network: Network, hidden: int) -> Sending:
    """Times of all that a block sends; `hidden` is the width of the residual stream."""
    tensors, accelerator, domain = block.tensors, network.accelerator, network.domain
    tp_forward = tp_backward = 0.0
    if sizes.tp > 1:
        sums = len({t.component for t in tensors if t.multiplied and t.shards > 1 and t.component != "routed_experts"})
        wide = 2.0 * sizes.tokens * hidden
        if sizes.sequence_parallel:
            gather, scatter = (
                collective_s(accelerator, op, wide, sizes.tp, 1, domain) for op in (ALL_GATHER, REDUCE_SCATTER)
            )
            tp_forward, tp_backward = sums * (gather + scatter), sums * (2 * gather + scatter)
        else:
            tp_forward = tp_backward = sums * collective_s(accelerator, ALL_REDUCE, wide, sizes.tp, 1, domain)
    cp_forward = 0.0
    if sizes.cp > 1 and block.scores:
        gathered = sizes.cp * sizes.tokens * 2.0 * keys_and_values(block, sizes)
        cp_forward = collective_s(accelerator, ALL_GATHER, gathered, sizes.cp, sizes.tp, domain)
    routed = [t for t in tensors if t.component == "routed_experts" and t.multiplied]
    if not routed or sizes.ep == 1:
        return Sending(tp_forward, tp_backward, cp_forward, 2 * cp_forward)
    chosen = max(1, round(max(t.used for t in routed)))
    tokens = max(1, round(routed_rows(block, sizes) / chosen))
    dispatch, combine = (
        exchange_s(network, direction, tokens, hidden, chosen, routed[0].copies, sizes.ep)
        for direction in ("dispatch", "combine")
    )
    again = sizes.recompute and ("full" in sizes.recompute or "permuted-tokens" in sizes.recompute)
    more = dispatch if again else 0.0
    more += combine if "full" in sizes.recompute else 0.0
    if "full" in sizes.recompute:
        tp_backward += tp_forward
    return Sending(tp_forward, tp_backward, cp_forward, 2 * cp_forward, dispatch, combine, dispatch + more, combine)
