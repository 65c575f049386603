"""How each kind of feed-forward is wired: one gated network, or a router, the experts that it chooses, and shared ones."""

from .graph import Band, Wiring


def feed_forward(wiring: Wiring, norm: str, hidden: int) -> Band:
    """The second part of a layer, from its norm to its sum with the residual stream."""
    start = wiring.branch(norm, hidden)
    if wiring.find("gate", "router") is None:
        out = _gated(wiring, start, "dense_mlp", 1, 1, hidden)
        wiring.join(out, 4, hidden)
        return wiring.band("Dense feed-forward, gated")
    return _experts(wiring, start, hidden)


def _gated(wiring: Wiring, start: str, component: str, column: int, lane: float, hidden: int) -> str:
    """Two matrices up, their product, one matrix down, in two lanes and three columns."""
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


def _experts(wiring: Wiring, start: str, hidden: int) -> Band:
    """Router in lane 1, the field of experts and their matrices in 2 and 3, shared experts in 4 and 5, their gate in 6."""
    arrow = wiring.arrow
    routed = wiring.find("gate_proj", "routed_experts")
    router = wiring.tensor("gate", "router", 1, 1, component="router")
    field = wiring.node("field", "field", "", 1, 2, 2)
    arrow(start, router, hidden)
    arrow(start, field, hidden, into=2.5)
    arrow(router, field, f"top {routed.used}")
    down = _gated(wiring, field, "routed_experts", 2, 2, hidden)
    total = wiring.node("weighted", "operation", "\u03a3", 6, 2.5)
    arrow(router, total, f"{routed.used} weights", out=1)
    arrow(down, total, (routed.used, hidden))
    title = f"Mixture of experts: a token uses {routed.used:,} of {routed.copies:,}"
    if wiring.find("gate_proj", "shared_experts"):
        shared = _gated(wiring, start, "shared_experts", 2, 4, hidden)
        if wiring.find("shared_expert_gate"):
            gate = wiring.tensor("shared_expert_gate", "gate", 2, 6, component="shared_experts")
            opened = wiring.node("opened", "operation", "\u2299", 5, 4.5)
            arrow(start, gate, hidden)
            arrow(gate, opened, 1)
            shared = wiring.chain(shared, opened, label=hidden)
        arrow(shared, total, hidden)
        title += ", and a shared one"
    wiring.join(total, 7, hidden)
    return wiring.band(title)
