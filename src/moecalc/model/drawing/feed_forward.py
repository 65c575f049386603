"""How each kind of feed-forward is wired: one network, or a router, the experts that it chooses, and shared ones.

As in ``mixers``: each function returns the key of what comes out, and a title.
"""

from .graph import Wiring


def feed_forward(wiring: Wiring, start: str, hidden: int) -> tuple:
    """The second part of a layer: the key of what comes out, and its title."""
    if wiring.find("gate", "router") is None:
        out = _network(wiring, start, "dense_mlp", 1, 1, hidden)
        gated = "gated" if wiring.find("gate_proj", "dense_mlp") else "of two matrices"
        return out, f"Dense feed-forward, {gated}"
    return _experts(wiring, start, hidden)


def _network(wiring: Wiring, start: str, component: str, column: int, lane: float, hidden: int) -> str:
    """A network of one component in two lanes and three columns: with a gate, or plain."""
    gated = wiring.find("gate_proj", component) is not None
    return (_gated if gated else _plain)(wiring, start, component, column, lane, hidden)


def _gated(wiring: Wiring, start: str, component: str, column: int, lane: float, hidden: int) -> str:
    """Two matrices up, their product, one matrix down."""
    gate, up = (
        wiring.tensor(f"{name}_proj", name, column, lane + below, component=component)
        for below, name in enumerate(("gate", "up"))
    )
    inner = wiring.find("gate_proj", component).outputs
    product = wiring.node(f"{component}/product", "operation", "\u2299", column + 1, lane + 0.5)
    down = wiring.tensor("down_proj", "down", column + 2, lane + 0.5, component=component)
    for key in (gate, up):
        wiring.arrow(start, key, hidden)
        wiring.arrow(key, product, inner)
    wiring.arrow(product, down, inner)
    return down


def _plain(wiring: Wiring, start: str, component: str, column: int, lane: float, hidden: int) -> str:
    """One matrix up, one down."""
    up = wiring.tensor("up_proj", "up", column, lane + 0.5, component=component)
    down = wiring.tensor("down_proj", "down", column + 2, lane + 0.5, component=component)
    wiring.arrow(start, up, hidden)
    wiring.arrow(up, down, wiring.find("up_proj", component).outputs)
    return down


def _experts(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Router in lane 1, the field of experts and their matrices in 2 and 3, what every token runs below them.

    Experts may work on a smaller vector: a projection stands before their field, and one behind their sum.
    """
    arrow, find = wiring.arrow, wiring.find
    routed = find("up_proj", "routed_experts")
    smaller = find("fc1_latent_proj", "latent_projections")
    first, reads, inside = 1 + bool(smaller), start, smaller.outputs if smaller else hidden
    router = wiring.tensor("gate", "router", first, 1, component="router")
    arrow(start, router, hidden)
    if smaller:
        reads = wiring.tensor("fc1_latent_proj", "fc1", 1, 2, 2)
        arrow(start, reads, hidden, into=2.5)
    field = wiring.node("field", "field", "", first, 2, 2)
    arrow(reads, field, inside, out=2.5 if smaller else None, into=2.5)
    arrow(router, field, f"top {routed.used}")
    down = _network(wiring, field, "routed_experts", first + 1, 2, inside)
    end = first + 5
    total = wiring.node("weighted", "operation", "\u03a3", end, 2.5)
    arrow(router, total, f"{routed.used} weights", out=1)
    arrow(down, total, (routed.used, inside))
    title = f"Mixture of experts: a token uses {routed.used:,} of {routed.copies:,}"
    if smaller:
        larger = wiring.tensor("fc2_latent_proj", "fc2", end + 1, 2.5)
        arrow(total, larger, inside)
        total = larger
    every, lane = [], 4
    for component, words in (("shared_experts", ", and a shared one"), ("dense_mlp", ", beside a dense feed-forward")):
        if find("up_proj", component):
            out = _network(wiring, start, component, first + 1, lane, hidden)
            if component == "shared_experts" and find("shared_expert_gate"):
                gate = wiring.tensor("shared_expert_gate", "gate", first + 1, lane + 2, component=component)
                opened = wiring.node("opened", "operation", "\u2299", first + 4, lane + 0.5)
                arrow(start, gate, hidden)
                arrow(gate, opened, 1)
                out, lane = wiring.chain(out, opened, label=hidden), lane + 1
            every, lane, title = [*every, out], lane + 2, title + words
    if smaller and every:
        both = wiring.node("both", "operation", "+", end + 2, 2.5)
        arrow(total, both, hidden)
        total = both
    for out in every:
        arrow(out, total, hidden)
    return total, title
