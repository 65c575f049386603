"""Times of what one layer computes and sends in a step, part by part, and what two micro-batches hide of it."""

from typing import NamedTuple

from ..hardware.collectives.normal import USUAL_SMS as NORMAL_SMS
from .layout import ServingLayout
from .served_blocks import Served
from .served_kernels import Kernels

#: Parts of a step that are sent between GPUs of different data parallel groups.
SENT = ("dispatch", "combine")
#: Parts that come before the feed-forward.
BEFORE = ("projections", "attention", "indexer")


class Sizes(NamedTuple):
    """What a data parallel group has in one step."""

    phase: str
    batch: int  #: sequences
    context: int  #: of each: new ones in prefill, all in decode [tokens]
    cached: int  #: in prefill, before them [tokens]
    new: int  #: of each sequence [tokens]


def layer_parts(
    kernels: Kernels, served: Served, sizes: Sizes, layout: ServingLayout, running, kind: str, cache: str
) -> tuple:
    """(part -> time [s], FLOPs on one GPU) of a layer or the head.

    `running` is how the model is run, `kind` that of the all-to-all, `cache` the type of the cache.
    """
    prefill, batch, new = sizes.phase == "prefill", sizes.batch, sizes.new
    tokens = batch * new
    absorbed = not prefill and running.absorbed
    key = served, prefill, absorbed, batch, new
    known = kernels.known.get(key)
    if known is None:
        known = kernels.known[key] = _products(kernels, *key)
    parts, flops = known[0].copy(), known[1]
    for one in served.attention:
        heads = one.heads
        time_s, pairs = _attended(kernels, one, sizes, cache, absorbed)
        parts["attention"] = parts.get("attention", 0.0) + time_s
        width = heads.key_size - one.nope + 2 * one.rank if one.latent and absorbed else heads.key_size + heads.value_size
        flops += 2 * pairs * heads.num_heads * width
    for one in served.scores:
        met = _pairs(sizes, None)
        read = one.num_bytes * batch * (sizes.context + sizes.cached)
        parts["indexer"] = parts.get("indexer", 0.0) + kernels.roofline(one.flops * met, read)
        flops += one.flops * met
    least = running.engine.all_reduce_s
    own = 2.0 * tokens * served.hidden
    if served.mixes and layout.tp > 1:
        parts["all_reduce"] = kernels.all_reduce(own, layout.tp, least)
    if served.routed:
        flops += _routed(kernels, served, sizes, layout, running, kind, parts)
    elif served.feeds and layout.tp > 1:
        parts["all_reduce"] = parts.get("all_reduce", 0.0) + kernels.all_reduce(own, layout.tp, least)
    return parts, flops


def _products(kernels, served, prefill, absorbed, batch, new) -> tuple:
    """(part -> time [s], FLOPs) of products but the routed experts', and of small kernels: whatever the lengths."""
    parts, flops, tokens = {}, 0.0, batch * new
    for one in served.products:
        rows = batch * (1 if prefill else new) if one.part == "head" else tokens
        time_s = one.times * kernels.product(rows, one.outputs, one.inputs, one.dtype)
        parts[one.part] = parts.get(one.part, 0.0) + time_s
        flops += 2 * one.times * rows * one.outputs * one.inputs
    if prefill:
        for one in served.expanding:
            parts["projections"] += kernels.product(tokens, one.outputs, one.inputs, one.dtype)
            flops += 2 * tokens * one.outputs * one.inputs
    elif absorbed:  # queries to the latent space, values from it: one product for each head
        for one in served.attention:
            if one.latent:
                heads, both = one.heads.num_heads, one.nope + one.heads.value_size
                parts["projections"] += kernels.product(tokens, heads * one.rank, both, "bfloat16")
                flops += 2 * tokens * heads * one.rank * both
    moved = tokens * served.moved_bytes + batch * served.state_bytes
    if moved:
        parts["small_kernels"] = moved / kernels.bandwidth
    return parts, flops


def _attended(kernels, one, sizes, cache, absorbed) -> tuple:
    """(time [s], pairs of a new token and one that it meets) of one attention."""
    pairs = _pairs(sizes, one.limit)
    if sizes.phase == "prefill":
        return kernels.prefill(sizes.batch, sizes.new, sizes.cached, one), pairs
    return kernels.decode(sizes.batch, sizes.context, sizes.new, one, cache, absorbed), pairs


def _pairs(sizes: Sizes, limit: int | None) -> float:
    """Pairs of a new token and one that it meets, of all sequences, causal."""
    if sizes.phase == "decode":
        return sizes.batch * sizes.new * min(sizes.context, limit or sizes.context)
    met = sizes.cached + sizes.new / 2
    return sizes.batch * sizes.new * min(met, limit or met)


def _routed(kernels, served, sizes, layout, running, kind, parts) -> float:
    """Add the routed experts and what is sent for them; returns their FLOPs on one GPU."""
    routed, tokens = served.routed, sizes.batch * sizes.new
    slots = routed.num_experts + layout.redundant_experts
    ep, etp, every = layout.ep, layout.expert_tp, sizes.batch * sizes.new * layout.dp
    skew = running.skew if ep > 1 else 1.0
    computed = kernels.dispatched if layout.dp > 1 and ep > 1 else kernels.experts
    parts["experts"] = computed(every, routed, slots, ep, etp, skew)
    least = running.engine.all_reduce_s
    if layout.dp == 1:  # each GPU has all tokens: its experts' share of the result is summed
        if layout.tp > 1:
            summed = kernels.all_reduce(2.0 * tokens * served.hidden, layout.tp, least)
            parts["all_reduce"] = parts.get("all_reduce", 0.0) + summed
    else:
        if ep > 1:
            chosen = max(1, round(routed.topk))
            sent = kernels.exchange(kind, -(-tokens // layout.tp), routed.hidden_size, chosen, slots, ep)
            parts["dispatch"], parts["combine"] = skew * sent.dispatch, skew * sent.combine
        if etp > 1:  # what the GPUs that share experts need of all, and give back
            gathered = kernels.all_reduce(2.0 * every / ep * served.hidden, etp, least)
            parts["all_reduce"] = parts.get("all_reduce", 0.0) + gathered
    matrices = 3 if routed.gated else 2
    return 2 * matrices * every * routed.topk * routed.hidden_size * routed.inter_size / (ep * etp)


def overlapped(parts: dict, phase: str, num_sms: int) -> tuple:
    r"""(parts of two micro-batches, what of their communication is hidden [s]), from the `parts` of one.

    .. math:: t_{\text{prefill}} = 2 \max(A + M, D + C), \qquad t_{\text{decode}} = 2 \left[ M + \max(A, D + C) \right]

    A is what comes before the feed-forward, M the rest, D and C dispatch and combine. Prefill computes on the SMs that the
    kernels of D and C leave, of `num_sms`; kernels of low latency take none while messages are under way.
    """
    sent = sum(parts.get(name, 0.0) for name in SENT)
    taken = num_sms / (num_sms - NORMAL_SMS) if sent and phase == "prefill" else 1.0
    found = {name: 2 * taken * value for name, value in parts.items() if name not in SENT}
    covering = sum(found.values()) if phase == "prefill" else sum(found.get(name, 0.0) for name in BEFORE)
    hidden = min(2 * sent, covering)
    exposed = 1 - hidden / (2 * sent) if sent else 0.0
    for name in SENT:
        if name in parts:
            found[name] = 2 * parts[name] * exposed
    return found, hidden
