"""How each kind of attention is wired: latent, grouped-query, with an indexer, linear of two kinds; a chain for others."""

from .graph import Band, Wiring

PRODUCTS = {"attention_scores": "scores", "attention_values": "values"}


def mixer(wiring: Wiring, norm: str, hidden: int) -> Band:
    """The part of a layer in which tokens meet, from its norm to its sum with the residual stream."""
    kinds = {"kv_a_proj_with_mqa": latent, "k_proj": grouped, "in_proj_qkvz": delta_rule, "qkv_proj": lightning}
    wire = next((wire for name, wire in kinds.items() if wiring.find(name)), chain)
    return wire(wiring, norm, hidden)


def _limits(wiring: Wiring) -> str:
    score = wiring.scores.get("attention_scores")
    window = f", a window of {score.window:,} tokens" if score and score.window else ""
    chosen = f", {score.selected:,} tokens that an indexer chooses" if score and score.selected else ""
    return window + chosen


def _products(wiring: Wiring, column: int, scores: tuple, values: tuple) -> tuple:
    """The two products of tokens with tokens; each of the last two arguments is the lane and the number of lanes."""
    sinks = wiring.find("sinks")
    keys = []
    for name, at, (lane, lanes) in zip(PRODUCTS, (column, column + 1), (scores, values), strict=True):
        tabs = (sinks,) if sinks is not None and name == "attention_scores" else ()
        keys.append(wiring.node(name, "product", PRODUCTS[name], at, lane, lanes, wiring.scores[name], tabs))
    lowest = scores[0] + scores[1] - 1
    wiring.arrow(*keys, wiring.scores["attention_scores"].heads, out=lowest, into=lowest)
    return tuple(keys)


def latent(wiring: Wiring, norm: str, hidden: int) -> Band:
    """Multi-head latent attention: queries in lanes 1 and 2, the latter rotary, the rotary key in 3, the latent from 4."""
    find, arrow = wiring.find, wiring.arrow
    heads, width = wiring.scores["attention_scores"].heads, wiring.scores["attention_scores"].width
    v_width = wiring.scores["attention_values"].width
    rank = find("kv_b_proj").inputs
    rope = find("kv_a_proj_with_mqa").outputs - rank
    start = wiring.branch(norm, hidden)
    if find("q_a_proj") is None:
        queries = wiring.tensor("q_proj", "q", 3, 1, 2)
        arrow(start, queries, hidden)
    else:
        down = wiring.tensor("q_a_proj", "q_a", 1, 1)
        narrow = wiring.tensor("q_a_layernorm", "norm", 2, 1)
        queries = wiring.tensor("q_b_proj", "q_b", 3, 1, 2)
        arrow(start, down, hidden)
        wiring.chain(down, narrow, queries, label=find("q_a_proj").outputs)
    latent_key = wiring.tensor("kv_a_proj_with_mqa", "kv_a", 1, 3, 2)
    turn_q = wiring.node("rope_q", "operation", "rope", 4, 2)
    turn_k = wiring.node("rope_k", "operation", "rope", 2, 3)
    narrow_kv = wiring.tensor("kv_a_layernorm", "norm", 2, 4)
    cache = wiring.node("cache", "cache", "cache", 3, 3, 2, wiring.caches[0])
    up = wiring.tensor("kv_b_proj", "kv_b", 4, 4, 2)
    scores, values = _products(wiring, 5, (1, 4), (4, 2))
    out = wiring.tensor("o_proj", "o", 7, 4)
    arrow(start, latent_key, hidden, into=3)
    arrow(queries, scores, (heads, width - rope), out=1, into=1)
    arrow(queries, turn_q, (heads, rope), out=2)
    arrow(turn_q, scores, (heads, rope), into=2)
    wiring.chain(latent_key, turn_k, cache, label=rope)
    wiring.chain(latent_key, narrow_kv, cache, label=rank)
    arrow(cache, scores, rope, out=3, into=3)
    arrow(cache, up, rank, out=4, into=4)
    arrow(up, scores, (heads, width - rope), out=4, into=4)
    arrow(up, values, (heads, v_width), out=5, into=5)
    arrow(values, out, (heads, v_width))
    if "indexer_scores" in wiring.scores:
        _indexer(wiring, start, hidden, 6)
    wiring.join(out, 8, hidden)
    return wiring.band("Multi-head latent attention" + _limits(wiring))


def _indexer(wiring: Wiring, start: str, hidden: int, lane: int) -> None:
    """Small heads that score all tokens; those with the best scores are attended to."""
    find, arrow = wiring.find, wiring.arrow
    score = wiring.scores["indexer_scores"]
    rank = find("indexer.wq_b").inputs
    queries = wiring.tensor("indexer.wq_b", "wq_b", 3, lane)
    keys = wiring.tensor("indexer.wk", "wk", 1, lane + 1)
    narrow = wiring.tensor("indexer.k_norm", "norm", 2, lane + 1)
    cache = wiring.node("indexer_cache", "cache", "cache", 3, lane + 1, 1, wiring.caches[1])
    weights = wiring.tensor("indexer.weights_proj", "weights", 1, lane + 2)
    scores = wiring.node("indexer_scores", "product", "index", 4, lane, 3, score)
    arrow("attention_internal_norms/q_a_layernorm", queries, rank)
    arrow(start, keys, hidden)
    arrow(start, weights, hidden)
    wiring.chain(keys, narrow, cache, scores, label=find("indexer.wk").outputs)
    arrow(queries, scores, (score.heads, find("indexer.wk").outputs))
    arrow(weights, scores, score.heads)
    chosen = wiring.scores["attention_scores"].selected
    arrow(scores, "attention_scores", f"best {chosen}", out=lane, from_below=True)


def grouped(wiring: Wiring, norm: str, hidden: int) -> Band:
    """Grouped-query attention: queries, keys and values in a lane each; a gate of the output in one above them."""
    find, arrow = wiring.find, wiring.arrow
    heads, width = wiring.scores["attention_scores"].heads, wiring.scores["attention_scores"].width
    kv_heads = find("k_proj").outputs // width
    gated = find("q_proj").outputs == 2 * heads * width
    q, k, v = (lane + gated for lane in (1, 2, 3))
    start = wiring.branch(norm, hidden)
    cache = wiring.node("cache", "cache", "cache", 4, k, 2, wiring.caches[0])
    scores, values = _products(wiring, 5, (q, 2), (k, 2))
    for name, lane, number, target in (("q", q, heads, scores), ("k", k, kv_heads, cache)):
        key = wiring.tensor(f"{name}_proj", name, 1, 1 if name == "q" else lane, 1 + (gated and name == "q"))
        arrow(start, key, hidden, into=1 if name == "q" else None)
        turned = wiring.node(f"rope_{name}", "operation", "rope", 3, lane)
        on_the_way = [wiring.tensor(f"{name}_norm", "norm", 2, lane)] if find(f"{name}_norm") else []
        arrow(key, [*on_the_way, turned][0], (number, width), out=lane)
        wiring.chain(*on_the_way, turned, target, label=(number, width))
    key = wiring.tensor("v_proj", "v", 1, v)
    arrow(start, key, hidden)
    arrow(key, cache, (kv_heads, width), out=v, into=v)
    arrow(cache, scores, (kv_heads, width), out=k, into=k)
    arrow(cache, values, (kv_heads, width), out=v, into=v)
    out = wiring.tensor("o_proj", "o", 8, k)
    if gated:
        gate = wiring.node("gate", "operation", "\u2299", 7, k)
        arrow("attention/q_proj", gate, (heads, width), out=1)
        wiring.chain(values, gate, out, label=(heads, width))
    else:
        arrow(values, out, (heads, width))
    wiring.join(out, 9, hidden)
    many = {1: "Multi-query", heads: "Multi-head"}.get(kv_heads, "Grouped-query")
    return wiring.band(f"{many} attention{', gated' if gated else ''}{_limits(wiring)}")


def delta_rule(wiring: Wiring, norm: str, hidden: int) -> Band:
    """A gated delta rule behind a short convolution: gate z in lane 1, mixed q, k, v in 2, decay of the state in 3."""
    find, arrow = wiring.find, wiring.arrow
    mixed, gates = find("conv1d").outputs, find("in_proj_ba").outputs
    state, inputs = wiring.caches
    values = find("in_proj_qkvz").outputs - mixed
    start = wiring.branch(norm, hidden)
    into = wiring.tensor("in_proj_qkvz", "qkvz", 1, 1, 2)
    decays = wiring.tensor("in_proj_ba", "ba", 1, 3)
    kept = wiring.node("convolution_cache", "cache", "cache", 2, 2, 1, inputs)
    convolution = wiring.tensor("conv1d", "conv1d", 3, 2)
    shift = wiring.tensor("dt_bias", "dt", 2, 3)
    rate = wiring.tensor("A_log", "A", 3, 3)
    rule = wiring.node("state", "cache", "state", 4, 2, 2, state)
    normed = wiring.tensor("norm", "norm", 5, 1, 2, component="linear_attention")
    out = wiring.tensor("out_proj", "out", 6, 1)
    arrow(start, into, hidden)
    arrow(start, decays, hidden)
    arrow(into, normed, values, out=1, into=1)
    arrow(into, kept, mixed, out=2)
    wiring.chain(kept, convolution, rule, label=mixed)
    wiring.chain(decays, shift, rate, rule, label=gates)
    arrow(rule, normed, values, out=2, into=2)
    arrow(normed, out, values, out=1)
    wiring.join(out, 7, hidden)
    return wiring.band("Linear attention: a gated delta rule behind a short convolution")


def lightning(wiring: Wiring, norm: str, hidden: int) -> Band:
    """Lightning attention: its output gate in lane 1, the mixed q, k, v in 2."""
    find, arrow = wiring.find, wiring.arrow
    width = find("out_proj").inputs
    start = wiring.branch(norm, hidden)
    opens = wiring.tensor("output_gate", "gate", 1, 1)
    into = wiring.tensor("qkv_proj", "qkv", 1, 2)
    state = wiring.node("state", "cache", "state", 2, 2, 1, wiring.caches[0])
    normed = wiring.tensor("norm", "norm", 3, 2, component="linear_attention")
    gate = wiring.node("gate", "operation", "\u2299", 4, 2)
    out = wiring.tensor("out_proj", "out", 5, 2)
    arrow(start, opens, hidden)
    arrow(start, into, hidden)
    arrow(into, state, (3, width))
    wiring.chain(state, normed, gate, out, label=width)
    arrow(opens, gate, width)
    wiring.join(out, 6, hidden)
    return wiring.band("Linear attention: lightning attention with a decay")


def chain(wiring: Wiring, norm: str, hidden: int) -> Band:
    """A kind that is not known here: its parts in one line, as they are listed."""
    start = wiring.branch(norm, hidden)
    listed = [tensor for tensor in wiring.tensors.values() if tensor.component != "norms" and ".bias" not in tensor.name]
    keys = [start]
    for column, tensor in enumerate(listed, start=1):
        keys.append(wiring.tensor(tensor.name, tensor.name, column, 1, component=tensor.component))
    for column, (name, part) in enumerate(
        [*((one.name, one) for one in wiring.scores.values()), *((one.name, one) for one in wiring.caches)], len(keys)
    ):
        keys.append(wiring.node(name, "product", name, column, 1, 1, part))
    wiring.join(wiring.chain(*keys), len(keys), hidden)
    return wiring.band("Attention")
