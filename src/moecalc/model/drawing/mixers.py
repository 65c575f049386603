"""How each kind of part in which tokens meet is wired: attention of several kinds here, recurrences in ``recurrences``.

Each function draws its part from the key of what it reads, in lanes from 1 and columns from 1, and returns the key of what
comes out, and a title.
"""

from .graph import Wiring
from .recurrences import delta_rule, kimi_delta, lightning, mamba1, mamba2, short_convolution

PRODUCTS = {"attention_scores": "scores", "attention_values": "values"}


def mixer(wiring: Wiring, start: str, hidden: int) -> tuple:
    """The part of a layer in which tokens meet: the key of what comes out, and its title."""
    kinds = {
        "kv_a_proj_with_mqa": latent,
        "o_a_proj": one_key,
        "b_proj": kimi_delta,
        "x_proj": mamba1,
        "conv": short_convolution,
        "in_proj_qkvz": delta_rule,
        "in_proj_qkv": delta_rule,
        "qkv_proj": lightning,
        "D": mamba2,
        "q_proj": grouped,
    }
    return next(wire for name, wire in kinds.items() if wiring.find(name))(wiring, start, hidden)


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


def _own_gate(wiring: Wiring):
    """Name of a projection that opens and closes the output of attention; None where there is none."""
    return next((name for name in ("gate_proj", "g_proj") if wiring.find(name, "attention")), None)


def latent(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Multi-head latent attention: queries in lanes 1 and 2, the latter rotary, the rotary key in 3, the latent from 4."""
    find, arrow = wiring.find, wiring.arrow
    heads, width = wiring.scores["attention_scores"].heads, wiring.scores["attention_scores"].width
    v_width = wiring.scores["attention_values"].width
    rank = find("kv_b_proj").inputs
    rope = find("kv_a_proj_with_mqa").outputs - rank
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
    gate = _own_gate(wiring)
    out = wiring.tensor("o_proj", "o", 8 if gate else 7, 4)
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
    if gate:
        opens = wiring.tensor(gate, "gate", 1, 6, component="attention")
        opened = wiring.node("gate", "operation", "\u2299", 7, 4)
        arrow(start, opens, hidden)
        arrow(opens, opened, find(gate).outputs)
        wiring.chain(values, opened, out, label=(heads, v_width))
    else:
        arrow(values, out, (heads, v_width))
    if "indexer_scores" in wiring.scores:
        _indexer(wiring, start, hidden, 7 if gate else 6)
    return out, "Multi-head latent attention" + (", gated" if gate else "") + _limits(wiring)


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


def _block_indexer(wiring: Wiring, start: str, hidden: int, lane: int) -> None:
    """Small heads that score all tokens, to choose blocks of them: queries in a lane, keys in the next."""
    score = wiring.scores["indexer_scores"]
    scores = wiring.node("indexer_scores", "product", "index", 4, lane, 2, score)
    cache = wiring.node("indexer_cache", "cache", "cache", 3, lane + 1, 1, wiring.caches[1])
    for name, below, ends, label in (("q", 0, [scores], (score.heads, score.width)), ("k", 1, [cache, scores], score.width)):
        key = wiring.tensor(f"indexer.{name}_proj", name, 1, lane + below)
        wiring.arrow(start, key, hidden)
        wiring.chain(key, wiring.tensor(f"indexer.{name}_norm", "norm", 2, lane + below), *ends, label=label)
    chosen = wiring.scores["attention_scores"].selected
    wiring.arrow(scores, "attention_scores", f"best {chosen}", out=lane, from_below=True)


def grouped(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Grouped-query attention: queries, keys and values in a lane each; a gate of the output in one above them.

    Keys may stand for values too, and a layer without either reads what an earlier one has cached.
    """
    find, arrow = wiring.find, wiring.arrow
    heads, width = wiring.scores["attention_scores"].heads, wiring.scores["attention_scores"].width
    v_width = wiring.scores["attention_values"].width
    own_keys, gate, hidden = find("k_proj") is not None, _own_gate(wiring), find("q_proj").inputs
    kv_heads = find("k_proj").outputs // width if own_keys else heads
    # a gate may come with the queries
    with_queries = find("q_proj").outputs == 2 * heads * width
    gated = bool(gate or with_queries)
    q, k, v = (lane + gated for lane in (1, 2, 3))
    cached = wiring.caches[0] if wiring.caches else None
    # a box without a part is not drawn: what an earlier layer keeps is a sign
    cache = wiring.node("cache", "cache" if cached else "operation", "cache" if cached else "KV", 4, k, 2, cached)
    scores, values = _products(wiring, 5, (q, 2), (k, 2))
    for name, lane, number, target in (("q", q, heads, scores), ("k", k, kv_heads, cache))[: 1 + own_keys]:
        two = with_queries and name == "q"
        key = wiring.tensor(f"{name}_proj", name, 1, lane - two, 1 + two)
        arrow(start, key, hidden, into=1 if two else None)
        turned = wiring.node(f"rope_{name}", "operation", "rope", 3, lane)
        on_the_way = [wiring.tensor(f"{name}_norm", "norm", 2, lane)] if find(f"{name}_norm") else []
        arrow(key, [*on_the_way, turned][0], (number, width), out=lane)
        wiring.chain(*on_the_way, turned, target, label=(number, width))
    if find("v_proj"):
        key = wiring.tensor("v_proj", "v", 1, v)
        arrow(start, key, hidden)
        way = [wiring.tensor("v_norm", "norm", 2, v)] if find("v_norm") else []
        wiring.chain(key, *way, label=(kv_heads, v_width))
        arrow([key, *way][-1], cache, (kv_heads, v_width), out=v, into=v)
    elif own_keys:
        arrow("attention/k_proj", cache, (kv_heads, v_width), into=v)
    arrow(cache, scores, (kv_heads, width), out=k, into=k)
    arrow(cache, values, (kv_heads, v_width), out=v, into=v)
    out = wiring.tensor("o_proj", "o", 8, k)
    if find("indexer.k_proj"):
        _block_indexer(wiring, start, hidden, v + 1)
    if gated:
        opened = wiring.node("gate", "operation", "\u2299", 7, k)
        opens = "attention/q_proj"
        if gate:
            opens = wiring.tensor(gate, "gate", 1, 1, component="attention")
            arrow(start, opens, hidden)
        arrow(opens, opened, (heads, width) if with_queries else find(gate).outputs, out=1)
        wiring.chain(values, opened, out, label=(heads, v_width))
    else:
        arrow(values, out, (heads, v_width))
    many = {1: "Multi-query attention", heads: "Multi-head attention"}.get(kv_heads, "Grouped-query attention")
    what = many if own_keys else "Attention to keys and values of an earlier layer"
    return out, what + (", gated" if gated else "") + _limits(wiring)


def one_key(wiring: Wiring, start: str, hidden: int) -> tuple:
    """One key, which is the value too, of a window; below it those that a compressor makes, and an indexer may choose.

    Queries in lane 1, the key in 2, the compressor in 3 and 4, the indexer's compressor in 5 and 6, its queries in 7 and 8.
    """
    find, arrow = wiring.find, wiring.arrow
    products = {name: [score for score in wiring.all_scores if score.name == name] for name in (*PRODUCTS, "indexer_scores")}
    near = products["attention_scores"][0]
    heads, width = near.heads, near.width
    sinks = (find("sinks"),)
    scores = wiring.node("attention_scores", "product", "scores", 5, 1, 2, near, sinks)
    values = wiring.node("attention_values", "product", "values", 6, 1, 2, products["attention_values"][0])
    queries = wiring.tensor("q_b_proj", "q_b", 3, 1)
    narrow = wiring.tensor("q_a_norm", "norm", 2, 1)
    down, key = wiring.tensor("q_a_proj", "q_a", 1, 1), wiring.tensor("kv_proj", "kv", 1, 2)
    arrow(start, down, hidden)
    arrow(start, key, hidden)
    wiring.chain(down, narrow, queries, label=find("q_a_proj").outputs)
    arrow(queries, scores, (heads, width))
    cache = wiring.node("cache", "cache", "cache", 3, 2, 1, wiring.caches[0])
    wiring.chain(key, wiring.tensor("kv_norm", "norm", 2, 2), cache, scores, label=width)
    arrow(scores, values, heads, out=1, into=1)
    out = wiring.tensor("o_a_proj", "o_a", 7, 1)
    arrow(values, out, (heads, width), out=1)
    if len(products["attention_scores"]) > 1:
        far = [products[name][1] for name in PRODUCTS]
        kept = wiring.node("compressed_cache", "cache", "cache", 4, 3, 1, wiring.caches[1])
        wiring.chain(_compressor(wiring, start, "compressor", 3, hidden), kept, label=width)
        far_scores = wiring.node("compressed_scores", "product", "scores", 5, 3, 2, far[0])
        far_values = wiring.node("compressed_values", "product", "values", 6, 3, 2, far[1])
        arrow(kept, far_scores, width)
        arrow(far_scores, far_values, heads, out=3, into=3)
        arrow(far_values, out, (heads, width), out=3, from_below=True)
        if products["indexer_scores"]:
            index = products["indexer_scores"][0]
            chosen = wiring.node("indexer_scores", "product", "index", 4, 5, 4, index)
            arrow(_compressor(wiring, start, "indexer", 5, hidden), chosen, find("indexer.kv_norm").outputs, into=5)
            asked = wiring.tensor("indexer.q_b_proj", "q_b", 3, 7)
            weights = wiring.tensor("indexer.weights_proj", "weights", 1, 8)
            arrow(narrow, asked, find("q_a_proj").outputs)
            arrow(asked, chosen, find("indexer.q_b_proj").outputs, into=7)
            arrow(start, weights, hidden)
            arrow(weights, chosen, index.heads, into=8)
            arrow(chosen, far_scores, f"best {far[0].selected}", out=5, from_below=True)
    last = wiring.tensor("o_b_proj", "o_b", 8, 1)
    arrow(out, last, find("o_b_proj").inputs)
    return last, "Attention with one key-value head" + _limits(wiring)


def _compressor(wiring: Wiring, start: str, name: str, lane: int, hidden: int) -> str:
    """Numbers of several tokens and how much they weigh, in two lanes; the norm of the key that they make."""
    into = wiring.tensor(f"{name}.kv_proj", "kv", 1, lane)
    weigh = wiring.tensor(f"{name}.gate_proj", "gate", 1, lane + 1, also=(f"{name}.position_bias",))
    made = wiring.node(f"{name}/sum", "operation", "\u2299", 2, lane)
    width = wiring.find(f"{name}.kv_proj").outputs
    for key in (into, weigh):
        wiring.arrow(start, key, hidden)
        wiring.arrow(key, made, width)
    narrow = wiring.tensor(f"{name}.kv_norm", "norm", 3, lane)
    wiring.arrow(made, narrow, wiring.find(f"{name}.kv_norm").outputs)
    return narrow
