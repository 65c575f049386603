"""What a block keeps of one token for its backward pass, operator by operator: read off its tensors.

A product keeps its input; what bends (attention, a norm, SwiGLU, softmax) keeps what its derivative needs. These rules equal
saved-tensor hooks on real layers with grouped-query and latent attention, dense and routed feed-forwards. Other parts
(recurrences, indexers, compressors) have a general rule, and say so by an interval.
"""

from typing import NamedTuple

from ..model.anatomy import Block, mixes_tokens
from .activation_policy import ActivationPolicy, linear_input, projection_input

#: How parallelism cuts what is kept.
SEQUENCE = "sequence"  #: by sequence parallelism, where it is on
HEADS = "heads"  #: by tensor parallelism, in so many shards
ROUTED = "routed tokens"  #: copies of tokens that came to the experts of a GPU
ROUTED_INNER = "inside experts"  #: the same, cut by expert tensor parallelism
WHOLE = "whole"  #: on every GPU

FEED_FORWARD = ("router", "latent_projections", "routed_experts", "shared_experts", "dense_mlp")
#: Names of matrices of grouped-query attention, for which the rule is measured.
GROUPED = {"q_proj", "k_proj", "v_proj", "o_proj"}


class Kept(NamedTuple):
    """One tensor that is kept of each token, before it is cut."""

    name: str
    component: str  #: of :data:`moecalc.model.anatomy.COMPONENTS`
    bytes: int  #: of a token
    cut: str = SEQUENCE
    shards: int = 1  #: into how many parts tensor parallelism can cut it
    least: int | None = None  #: where no rule is known: at least so many bytes,
    most: int | None = None  #: and at most so many


def kept_of_layer(block: Block, hidden: int, policy: ActivationPolicy, fp32_router: bool = False) -> tuple:
    """What a layer keeps of each token: :class:`Kept` in the order in which a token passes.

    `hidden` is the width of the residual stream; a router that works in FP32 (`fp32_router`) keeps its input so.
    """
    if policy.recomputes("full"):
        return (Kept("attn_norm_in", "norms", 2 * hidden),)
    if policy.every_second_product:
        return _every_second(block, hidden, policy)
    segments = _segments(block.tensors)
    pre_norm = next((kind for kind, _ in segments if kind != "other"), None) == "norm"
    kept, fresh = [], False  # fresh: a norm's output, or the residual stream, is the input of what comes
    for place, (kind, tensors) in enumerate(segments):
        following = next((kind for kind, _ in segments[place + 1 :] if kind not in ("norm", "other")), None)
        first = not any(before in ("mixer", "feed_forward") for before, _ in segments[:place])
        half = {"mixer": "attn", "feed_forward": "mlp"}
        if kind == "norm":
            norms = [tensor for tensor in tensors if not tensor.name.endswith(".bias")]
            feeding = [] if following is None or not pre_norm else norms if first else norms[-1:]
            for norm in norms:
                kept += kept_of_norm(norm, tensors, half[following] if norm in feeding else "post", norm in feeding, policy)
            fresh = bool(feeding)
        elif kind == "other":
            kept += kept_by_general_rule(tensors, hidden)
        else:
            if not fresh and not pre_norm:
                kept.append(Kept(f"{half[kind]}_in", "norms", linear_input(hidden, policy)))
            mix = _mixer(tensors, block, hidden, policy) if kind == "mixer" else None
            kept += mix if mix is not None else _feed_forward(tensors, hidden, policy, fp32_router)
            if policy.dropout:
                kept.append(Kept(f"{half[kind]}_dropout_mask", tensors[0].component, hidden))
            fresh = False
    return tuple(kept)


def _every_second(block, hidden, policy) -> tuple:
    """A layer's input, attention's output, and the output of every second product: the rest is computed again.

    The products are counted in the order in which a token passes them. A compiler drops the output of the last one, which
    only the residual stream takes.
    """
    kept, last = [Kept("attn_norm_in", "norms", 2 * hidden)], None
    products = [tensor for tensor in block.tensors if tensor.multiplied]
    for at, tensor in enumerate(products):
        if tensor.name == "o_proj":
            kept += _attended(tensor, tensor.shards, policy)
        if at % 2 == 0:
            cut = HEADS if tensor.shards > 1 and tensor.name not in ("o_proj", "down_proj") else SEQUENCE
            last = at
            kept.append(
                Kept(f"{tensor.name}_out", tensor.component, int(2 * tensor.outputs * tensor.used), cut, tensor.shards)
            )
    return tuple(kept[:-1] if policy.compiled and last == len(products) - 1 else kept)


def _segments(tensors) -> list:
    """(kind, tensors) of runs of one kind: norm, mixer, feed_forward or other."""
    segments = []
    for tensor in tensors:
        if tensor.component == "norms":
            kind = "norm"
        elif mixes_tokens(tensor.component):
            kind = "mixer"
        else:
            kind = "feed_forward" if tensor.component in FEED_FORWARD else "other"
        if segments and segments[-1][0] == kind:
            segments[-1][1].append(tensor)
        else:
            segments.append((kind, [tensor]))
    return segments


def kept_of_norm(norm, tensors, half, feeds, policy) -> list:
    """Input and statistics of a norm of the `half` of a layer, and its output where it `feeds` a product."""
    two = any(tensor.name == f"{norm.name}.bias" for tensor in tensors)  # a LayerNorm has a mean beside the deviation
    kept = [
        Kept(f"{half}_norm_in", "norms", 2 * norm.outputs),
        Kept("rstd", "norms", 8 if two else 4),
    ]
    if feeds and not policy.recomputes("norm"):
        kept.append(Kept(f"{half}_norm_out", "norms", linear_input(norm.outputs, policy)))
    return kept


def _mixer(tensors, block, hidden, policy) -> list:
    """Attention by its own rule where there is one, the rest by the general rule."""
    by_name = {tensor.name: tensor for tensor in tensors if tensor.component == "attention" and tensor.multiplied}
    own = [tensor for tensor in tensors if tensor.component in ("attention", "attention_internal_norms")]
    rest = [tensor for tensor in tensors if tensor.component not in ("attention", "attention_internal_norms")]
    if {"kv_a_proj_with_mqa", "kv_b_proj", "o_proj"} <= set(by_name):
        kept = _latent(by_name, own, policy)
    elif by_name and set(by_name) <= GROUPED and {"q_proj", "o_proj"} <= set(by_name):
        kept = _grouped(by_name, own, block, policy)
    else:
        kept = kept_by_general_rule(own, hidden)
        for score in block.scores if by_name else ():
            if score.name == "attention_values":
                out = 2 * score.heads * score.width
                kept.append(Kept("attention_out", "attention", out, HEADS, score.heads, 0, 2 * out))
                kept.append(Kept("attention_lse", "attention", 4 * score.heads, HEADS, score.heads, 0, 4 * score.heads))
    selected = max((score.selected or 0 for score in block.scores), default=0)
    if selected and any(tensor.component == "attention_indexer" for tensor in rest):
        kept.append(Kept("selected_index", "attention_indexer", 4 * selected, SEQUENCE, 1, 0, 8 * selected))
    return kept + kept_by_general_rule(rest, hidden)


def _latent(by_name, tensors, policy) -> list:
    """Multi-head latent attention."""
    up, down, out = by_name["kv_b_proj"], by_name["kv_a_proj_with_mqa"], by_name["o_proj"]
    query = by_name["q_b_proj"] if "q_b_proj" in by_name else by_name["q_proj"]
    heads = out.shards
    norms = [tensor for tensor in tensors if tensor.component == "attention_internal_norms"]
    kept = [Kept("rstd", "attention_internal_norms", 4 * len(norms))] if norms else []
    if "q_a_proj" in by_name:
        kept.append(Kept("q_a_out", "attention", 2 * by_name["q_a_proj"].outputs))
    kept.append(Kept("kv_a_out", "attention", 2 * down.outputs))
    if not policy.recomputes("mla-up"):
        if "q_a_proj" in by_name:
            kept.append(Kept("q_a_norm_out", "attention_internal_norms", linear_input(query.inputs, policy)))
        kept += [
            Kept("kv_a_norm_out", "attention_internal_norms", linear_input(up.inputs, policy)),
            Kept("q", "attention", 2 * query.outputs, HEADS, heads),
            Kept("k", "attention", 2 * query.outputs, HEADS, heads),
            Kept("v", "attention", 2 * out.inputs, HEADS, heads),
        ]
    return kept + _attended(out, heads, policy)


def _grouped(by_name, tensors, block, policy) -> list:
    """Grouped-query attention; of a layer that reads another's keys, the query side alone."""
    query, out = by_name["q_proj"], by_name["o_proj"]
    heads = out.shards
    width = next((score.heads * score.width for score in block.scores if score.name == "attention_scores"), query.outputs)
    width = min(width, query.outputs)
    kept = [Kept("q", "attention", 2 * width, HEADS, heads)]
    for name in ("k", "v"):
        if tensor := by_name.get(f"{name}_proj"):
            kept.append(Kept(name, "attention", 2 * tensor.outputs, HEADS, tensor.shards))
    for norm in tensors:
        if norm.component != "attention_internal_norms" or norm.name.endswith(".bias"):
            continue
        name = norm.name.partition("_")[0]
        before = by_name.get(f"{name}_proj")
        if before is None:
            continue
        numbers = width if name == "q" else before.outputs
        kept.append(Kept(f"{name}_before_norm", "attention_internal_norms", 2 * numbers, HEADS, before.shards))
        kept.append(Kept("rstd", "attention_internal_norms", 4 * max(1, numbers // norm.outputs), HEADS, before.shards))
    kept += _attended(out, heads, policy)
    if gate := query.outputs - width:
        # the gate and what it opened: a rule by analogy, not measured
        kept.append(Kept("attention_gate", "attention", 2 * gate, HEADS, heads, 2 * gate, 4 * gate))
        kept.append(Kept("attention_gated_out", "attention", 2 * out.inputs, HEADS, heads, 0, 4 * out.inputs))
    return kept


def _attended(out, heads, policy) -> list:
    """Attention's output, and the log-sum-exps or probabilities behind it."""
    one = Kept("attention_out", "attention", projection_input(out.inputs, policy), HEADS, heads)
    kept = [one] + [one._replace(name="attention_out_sent")] * (policy.attention_outputs - 1)
    if policy.flash_attention:
        kept.append(Kept("attention_lse", "attention", 4 * heads, HEADS, heads))
    else:
        width = 5 if policy.dropout else 2  # probabilities, and with dropout a mask and what it left
        kept.append(Kept("attention_probabilities", "attention", width * heads * policy.seq_len, HEADS, heads))
    return kept


def _feed_forward(tensors, hidden, policy, fp32_router) -> list:
    """Dense, shared and routed feed-forwards, with the router."""
    kept, groups = [], {}
    for tensor in tensors:
        if tensor.multiplied:
            groups.setdefault(tensor.component, []).append(tensor)
    routed = groups.get("routed_experts")
    chosen = max((tensor.used for tensor in routed), default=0) if routed else 0
    for component, matrices in groups.items():
        if component == "router":
            kept += _router(matrices[-1].outputs, chosen, hidden, policy, fp32_router)
        elif component == "routed_experts":
            kept += _routed(matrices, chosen, policy)
        elif component in ("dense_mlp", "shared_experts"):
            kept += _mlp(component, matrices, hidden, policy)
        else:
            kept += kept_by_general_rule(matrices, hidden)
    return kept


def _parts(matrices) -> tuple:
    """(matrices up, matrices down, the others) of feed-forwards."""
    up = [tensor for tensor in matrices if tensor.name.rsplit(".", 1)[-1].startswith(("gate_proj", "up_proj"))]
    down = [tensor for tensor in matrices if tensor.name.rsplit(".", 1)[-1].startswith("down_proj")]
    return up, down, [tensor for tensor in matrices if tensor not in up and tensor not in down]


def _mlp(component, matrices, hidden, policy) -> list:
    """A feed-forward that every token passes."""
    up, down, others = _parts(matrices)
    prefix = "shared_" if component == "shared_experts" else ""
    gated = any(tensor.name.endswith("gate_proj") for tensor in up)
    name = f"{prefix}gate_up_out" if gated else f"{prefix}up_out"
    kept = [Kept(name, component, sum(linear_input(one.outputs, policy) for one in up), HEADS, up[0].shards)] if up else []
    for one in down:
        if not gated or not policy.recomputes("swiglu"):
            inner = f"{prefix}swiglu_out" if gated else f"{prefix}activation_out"
            kept.append(Kept(inner, component, linear_input(one.inputs, policy), HEADS, one.shards))
        if gated and not policy.fused_swiglu:
            kept.append(Kept(f"{prefix}silu_out", component, 2 * one.inputs, HEADS, one.shards))
    return kept + kept_by_general_rule(others, hidden)


def _router(num_experts, chosen, hidden, policy, fp32_router) -> list:
    """Scores in FP32, those chosen, and their sum."""
    indices = Kept("permute_index", "router", int(8 * policy.index_tensors * chosen))
    if policy.recomputes("router"):
        return [indices]
    kept = [
        Kept("router_scores", "router", 4 * num_experts),
        Kept("router_topk_scores", "router", int(4 * chosen)),
        Kept("router_denominator", "router", 4),
        indices,
    ]
    if fp32_router and not policy.recomputes("norm"):
        kept.insert(0, Kept("router_in_fp32", "router", 4 * hidden))
    return kept


def _routed(matrices, chosen, policy) -> list:
    """Experts: what they keep of each copy of a token, times the copies."""
    up, down, _ = _parts(matrices)
    component, gated = "routed_experts", any(tensor.name.endswith("gate_proj") for tensor in up)
    kept = [Kept("permuted_weights", component, int(2 * chosen), ROUTED)]
    if up and not policy.recomputes("permuted-tokens"):
        kept.append(Kept("permuted_tokens", component, int(linear_input(up[0].inputs, policy) * chosen), ROUTED))
    if up:
        inner = int(sum(linear_input(one.outputs, policy) for one in up) * chosen)
        kept.append(Kept("routed_gate_up_out" if gated else "routed_up_out", component, inner, ROUTED_INNER, up[0].shards))
    for one in down:
        if not gated or not policy.recomputes("swiglu"):
            name = "routed_swiglu_out" if gated else "routed_activation_out"
            inner = int(linear_input(one.inputs, policy) * chosen)
            kept.append(Kept(name, component, inner, ROUTED_INNER, one.shards))
        if gated and not policy.fused_swiglu:
            kept.append(Kept("routed_silu_out", component, int(2 * one.inputs * chosen), ROUTED_INNER, one.shards))
        if not policy.weight_before_down:
            kept.append(Kept("expert_down_out", component, int(2 * one.outputs * chosen), ROUTED))
    return kept


def kept_by_general_rule(tensors, hidden) -> list:
    """Products of a part without a measured rule: input and output of each, between its inputs and its outputs kept twice.

    An input as wide as the residual stream is what a norm has already kept.
    """
    kept = []
    for tensor in tensors:
        if tensor.multiplied:
            inputs = 0 if tensor.inputs == hidden or tensor.name.startswith("conv") else int(2 * tensor.inputs * tensor.used)
            outputs = int(2 * tensor.outputs * tensor.used)
            cut = HEADS if tensor.shards > 1 else SEQUENCE
            name, most = tensor.name.replace(".", "_"), inputs + 2 * outputs
            kept.append(Kept(name, tensor.component, inputs + outputs, cut, tensor.shards, inputs, most))
    return kept
