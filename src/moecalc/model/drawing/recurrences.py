"""How layers are wired whose memory has one size: delta rules, lightning attention, Mamba, short convolutions.

As in ``mixers``: each function returns the key of what comes out, and a title. The box of a state is the recurrence itself.
"""

from .graph import Wiring

GATE = "\u2299"


def _convolution(wiring: Wiring, name: str, column: int, lane: float, lanes: int = 1) -> tuple:
    """What a short convolution keeps of the last tokens, and the convolution: their keys, in two columns."""
    inputs = wiring.caches[-1]
    kept = wiring.node("convolution_cache", "cache", "cache", column, lane, lanes, inputs)
    convolution = wiring.tensor(name, name, column + 1, lane, lanes)
    wiring.arrow(kept, convolution, wiring.find(name).outputs)
    return kept, convolution


def _state(wiring: Wiring, column: int, lane: float, lanes: int, also=()) -> str:
    """The box of a recurrence; what it holds of learned numbers stands in tabs."""
    tabs = tuple(tensor for tensor in map(wiring.find, also) if tensor is not None)
    return wiring.node("state", "cache", "state", column, lane, lanes, wiring.caches[0], tabs)


def delta_rule(wiring: Wiring, start: str, hidden: int) -> tuple:
    """A gated delta rule behind a short convolution: gate z in lane 1, mixed q, k, v in 2, decay of the state in 3.

    With a projection for each, that of what is written stands in lane 4.
    """
    find, arrow = wiring.find, wiring.arrow
    mixed, values, split = find("conv1d").outputs, find("out_proj").inputs, find("in_proj_qkvz") is None
    if split:
        opens, into = wiring.tensor("in_proj_z", "z", 1, 1), wiring.tensor("in_proj_qkv", "qkv", 1, 2)
        decays, writes = wiring.tensor("in_proj_a", "a", 1, 3), wiring.tensor("in_proj_b", "b", 1, 4)
    else:
        opens = into = wiring.tensor("in_proj_qkvz", "qkvz", 1, 1, 2)
        decays = wiring.tensor("in_proj_ba", "ba", 1, 3)
    for key in dict.fromkeys([opens, into, decays, *([writes] if split else [])]):
        arrow(start, key, hidden)
    kept, convolution = _convolution(wiring, "conv1d", 2, 2)
    shift = wiring.tensor("dt_bias", "dt", 2, 3)
    rate = wiring.tensor("A_log", "A", 3, 3)
    rule = _state(wiring, 4, 2, 3 if split else 2)
    normed = wiring.tensor("norm", "norm", 5, 1, 2, component="linear_attention")
    out = wiring.tensor("out_proj", "out", 6, 1)
    arrow(opens, normed, values, out=1, into=1)
    arrow(into, kept, mixed, out=2)
    arrow(convolution, rule, mixed)
    wiring.chain(decays, shift, rate, rule, label=find("in_proj_a" if split else "in_proj_ba").outputs)
    if split:
        arrow(writes, rule, find("in_proj_b").outputs)
    arrow(rule, normed, values, out=2, into=2)
    arrow(normed, out, values, out=1)
    return out, "Linear attention: a gated delta rule behind a short convolution"


def kimi_delta(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Kimi delta attention: gate of the output in lane 1, q, k, v in 2 to 4, decays in 5, what is written in 6."""
    find, arrow = wiring.find, wiring.arrow
    width, writes = find("o_proj").inputs, find("b_proj").outputs

    def gate(name, lane):
        names = [f"{name}_proj"] if find(f"{name}_proj") else [f"{name}_a_proj", f"{name}_b_proj"]
        keys = [wiring.tensor(one, one.removesuffix("_proj"), column, lane) for column, one in enumerate(names, 1)]
        arrow(start, keys[0], hidden)
        return wiring.chain(*keys, label=find(names[0]).outputs)

    opens, decays = gate("g", 1), gate("f", 5)
    kept, convolution = _convolution(wiring, "conv1d", 2, 2, 3)
    for lane, name in enumerate("qkv", 2):
        key = wiring.tensor(f"{name}_proj", name, 1, lane)
        arrow(start, key, hidden)
        arrow(key, kept, width)
    shift = wiring.tensor("dt_bias", "dt", 3, 5)
    rate = wiring.tensor("A_log", "A", 4, 5)
    write = wiring.tensor("b_proj", "b", 1, 6)
    arrow(start, write, hidden)
    rule = _state(wiring, 5, 2, 5)
    normed = wiring.tensor("o_norm", "norm", 6, 1, 2)
    out = wiring.tensor("o_proj", "o", 7, 1)
    arrow(convolution, rule, 3 * width)
    wiring.chain(decays, shift, rate, rule, label=width)
    arrow(write, rule, writes)
    arrow(opens, normed, width, out=1, into=1)
    arrow(rule, normed, width, out=2, into=2)
    arrow(normed, out, width, out=1)
    return out, "Kimi delta attention behind short convolutions"


def lightning(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Lightning attention: its output gate in lane 1, the mixed q, k, v in 2."""
    find, arrow = wiring.find, wiring.arrow
    width = find("out_proj").inputs
    opens = wiring.tensor("output_gate", "gate", 1, 1)
    into = wiring.tensor("qkv_proj", "qkv", 1, 2)
    state = _state(wiring, 2, 2, 1)
    normed = wiring.tensor("norm", "norm", 3, 2, component="linear_attention")
    gate = wiring.node("gate", "operation", GATE, 4, 2)
    out = wiring.tensor("out_proj", "out", 5, 2)
    arrow(start, opens, hidden)
    arrow(start, into, hidden)
    arrow(into, state, (3, width))
    wiring.chain(state, normed, gate, out, label=width)
    arrow(opens, gate, width)
    return out, "Linear attention: lightning attention with a decay"


def mamba1(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Mamba-1: gate z in lane 1, the channels in 2, time step and B and C, which are made of them, in 3 to 5."""
    find, arrow = wiring.find, wiring.arrow
    inner, rank = find("out_proj").inputs, find("dt_proj").inputs
    size = (find("x_proj").outputs - rank) // 2
    into = wiring.tensor("in_proj", "in", 1, 1, 2)
    kept, convolution = _convolution(wiring, "conv1d", 2, 2)
    reads = wiring.tensor("x_proj", "x", 4, 3, 3)
    step = wiring.tensor("dt_proj", "dt", 6, 3)
    state = _state(wiring, 7, 2, 4, ("A_log", "D"))
    gate = wiring.node("gate", "operation", GATE, 8, 2)
    out = wiring.tensor("out_proj", "out", 9, 2)
    arrow(start, into, hidden)
    arrow(into, kept, inner, out=2)
    arrow(convolution, state, inner)
    arrow(convolution, reads, inner, out=2, into=3)
    for lane, (name, target, width) in enumerate((("dt", step, rank), ("b", state, size), ("c", state, size)), 3):
        norm = f"{name}_layernorm"
        way = [wiring.tensor(norm, "norm", 5, lane)] if find(norm) else []
        arrow(reads, [*way, target][0], width, out=lane, into=lane)
        for key in way:
            arrow(key, target, width, into=lane)
    arrow(step, state, inner)
    wiring.chain(state, gate, out, label=inner)
    arrow(into, gate, inner, out=1)
    return out, "State space: Mamba-1 behind a short convolution"


def mamba2(wiring: Wiring, start: str, hidden: int) -> tuple:
    """Mamba-2: gate z in lane 1, the channels with B and C in 2, the time step of each head in 3."""
    find, arrow = wiring.find, wiring.arrow
    inner, mixed, heads = find("out_proj").inputs, find("conv1d").outputs, find("A_log").outputs
    into = wiring.tensor("in_proj", "in", 1, 1, 3)
    kept, convolution = _convolution(wiring, "conv1d", 2, 2)
    step = wiring.tensor("dt_bias", "dt", 3, 3)
    state = _state(wiring, 4, 2, 2, ("A_log", "D"))
    arrow(start, into, hidden)
    arrow(into, kept, mixed, out=2)
    arrow(convolution, state, mixed)
    arrow(into, step, heads, out=3)
    arrow(step, state, heads)
    if find("norm", "state_space"):
        last = wiring.tensor("norm", "norm", 5, 1, 2, component="state_space")
        arrow(into, last, inner, out=1, into=1)
    else:
        last = wiring.node("gate", "operation", GATE, 5, 2)
        arrow(into, last, inner, out=1)
    out = wiring.tensor("out_proj", "out", 6, 2)
    arrow(state, last, inner, out=2, into=2)
    arrow(last, out, inner, out=2)
    return out, "State space: Mamba-2 behind a short convolution"


def short_convolution(wiring: Wiring, start: str, hidden: int) -> tuple:
    """A short convolution between two gates: that of the output in lane 1, that of the input in 2, what is gated in 3."""
    arrow = wiring.arrow
    into = wiring.tensor("in_proj", "in", 1, 1, 3)
    first = wiring.node("first_gate", "operation", GATE, 2, 2)
    kept, convolution = _convolution(wiring, "conv", 3, 2)
    second = wiring.node("gate", "operation", GATE, 5, 2)
    out = wiring.tensor("out_proj", "out", 6, 2)
    arrow(start, into, hidden)
    arrow(into, first, hidden, out=2)
    arrow(into, first, hidden, out=3)
    arrow(first, kept, hidden)
    wiring.chain(convolution, second, out, label=hidden)
    arrow(into, second, hidden, out=1)
    return out, "Short convolution between two gates"
