"""What a block of a model computes for one micro-batch on one GPU, read off its tensors: three passes of two halves.

A product takes three passes: forward, for its input, for its weights. Attention has no weights; its backward pass makes
3 d_k + 2 d_v multiply-adds where the forward makes d_k + d_v. Element-wise kernels take the time of the bytes they move.
"""

from typing import NamedTuple

from ...hardware.kernels.attention import Heads
from ...model.anatomy import Block, mixes_tokens
from ..held_params import CUT_ALONG_INPUTS
from ..recipes import is_low_precision
from .device import Timer

#: Products that a framework runs as one, by the ends of their names.
FUSED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))
#: Bytes of each number: a norm with the residual sum before it, forward and backward; a norm inside attention; an activation
#: with a gate and without; rotary embedding and copies of queries and keys; losses in FP32.
NORM, INNER_NORM, GATED, UNGATED, ROTARY, LOSS = (8, 10), (4, 6), (6, 10), (4, 6), (4, 4), (8, 4)
#: The same of biases behind the experts' last product: also where other work is fused, Megatron-LM's TEGroupedMLP multiplies
#: them by the routing weight, adds, joins the experts and casts, one kernel each, in FP32.
EXPERT_BIAS = (28, 36)


class Pass(NamedTuple):
    """Times of one half of a block [s]."""

    forward: float = 0.0
    backward: float = 0.0  #: for its inputs
    weight: float = 0.0

    def plus(self, other: "Pass") -> "Pass":
        """Both, one after the other."""
        return Pass(self.forward + other.forward, self.backward + other.backward, self.weight + other.weight)


class Computing(NamedTuple):
    """Times of a block by half and by kind; both sum to the same."""

    mixer: Pass
    feed_forward: Pass
    products: float  #: all passes of all products but the routed experts' [s]
    attention: float
    experts: float
    elementwise: float

    @property
    def total(self) -> Pass:
        return self.mixer.plus(self.feed_forward)


class Sizes(NamedTuple):
    """What comes to a GPU, and how it is cut."""

    micro_batch: int
    seq_len: int
    tp: int
    cp: int
    ep: int
    etp: int
    sequence_parallel: bool
    skew: float
    fp8: bool  #: products of low precision run in FP8
    recompute: tuple
    graphs: bool

    @property
    def tokens(self) -> int:
        """Tokens of a GPU before sequence parallelism cuts them."""
        return max(1, self.micro_batch * self.seq_len // self.cp)

    @property
    def sequence_tokens(self) -> float:
        """Tokens that norms and the residual stream see."""
        return self.tokens / self.tp if self.sequence_parallel else self.tokens


def computing(block: Block, sizes: Sizes, timer: Timer, hidden: int) -> Computing:
    """Times of a block; `hidden` is the width of the residual stream."""
    halves = {True: [0.0, 0.0, 0.0], False: [0.0, 0.0, 0.0]}  # mixer or not -> passes
    kinds = {"products": 0.0, "attention": 0.0, "experts": 0.0, "elementwise": 0.0}

    def add(mixer: bool, kind: str, forward: float, backward: float, weight: float = 0.0, again: bool = False):
        if again or "full" in sizes.recompute:
            backward += forward
        for place, value in enumerate((forward, backward, weight)):
            halves[mixer][place] += value
        kinds[kind] += forward + backward + weight

    def quantised(mixer: bool, inputs: float, outputs: float):
        along = timer.quantise(inputs + outputs, True)
        add(mixer, "elementwise", timer.quantise(inputs), timer.quantise(outputs), along)

    for inputs, outputs, count, one in dense_products(block, sizes):
        tokens = max(1, round(sizes.tokens if one.shards > 1 else sizes.sequence_tokens))
        fp8 = sizes.fp8 and is_low_precision(one)
        forward = count * timer.product(tokens, outputs, inputs, fp8)
        backward = count * timer.product(tokens, inputs, outputs, fp8)
        weight = count * timer.weight_product(tokens, inputs, outputs, fp8)
        if fp8:
            quantised(mixes_tokens(one.component), tokens * inputs, tokens * outputs)
        again = "mla-up" in sizes.recompute and one.name in ("q_b_proj", "kv_b_proj")
        add(mixes_tokens(one.component), "products", forward, backward, weight, again)
    for pair in attentions(block, sizes):
        heads, share, latent = pair
        forward = share * timer.attention(sizes.micro_batch, sizes.seq_len, heads, latent)
        more = (3 * heads.key_size + 2 * heads.value_size) / (heads.key_size + heads.value_size)
        add(True, "attention", forward, forward * more / timer.parameters.attention_backward)
    _experts(block, sizes, timer, add, quantised)
    for mixer, (forward, backward), name in elementwise_bytes(block, sizes, hidden):
        again = name in sizes.recompute
        times = [timer.move(one, plain=name == "loss") for one in (forward, backward)]
        add(mixer, "elementwise", *times, 0.0, again)
    return Computing(Pass(*halves[True]), Pass(*halves[False]), *kinds.values())


def dense_products(block: Block, sizes: Sizes) -> list:
    """(inputs, outputs, how often, a tensor) of the products of a GPU that are no routed experts', fused ones together."""
    found, places = [], {}
    for tensor in block.tensors:
        if not tensor.multiplied or tensor.component == "routed_experts":
            continue
        inputs, outputs, name = tensor.inputs, tensor.outputs, tensor.name.rpartition(".")[2] or tensor.name
        if tensor.shards > 1 and sizes.tp > 1:
            part = -(-tensor.shards // sizes.tp) / tensor.shards
            if tensor.name in CUT_ALONG_INPUTS or name in CUT_ALONG_INPUTS:
                inputs = max(1, round(inputs * part))
            else:
                outputs = max(1, round(outputs * part))
        family = next((group for group in FUSED if name in group), None)
        key = (tensor.component, family, inputs) if family else None
        if key in places:
            before = found[places[key]]
            found[places[key]] = (inputs, before[1] + outputs, before[2], before[3])
            continue
        if key:
            places[key] = len(found)
        found.append((inputs, outputs, tensor.used, tensor))
    return found


def attentions(block: Block, sizes: Sizes) -> list:
    """(:class:`Heads` of a GPU, share of the work that context parallelism leaves, whether it is latent attention)."""
    keys = [score for score in block.scores if score.name == "attention_scores"]
    values = [score for score in block.scores if score.name == "attention_values"]
    names = {tensor.name for tensor in block.tensors}
    latent = "kv_a_proj_with_mqa" in names and "kv_b_proj" in names
    found = []
    for key, value in zip(keys, values, strict=False):
        heads = max(1, key.heads // sizes.tp)
        groups = next((t.outputs // key.width for t in block.tensors if t.name == "k_proj" and t.outputs >= key.width), None)
        groups = heads if latent or groups is None else max(1, groups // sizes.tp)
        while heads % groups:
            groups -= 1
        window = min(key.limit or 0, sizes.seq_len)
        found.append((Heads(heads, groups, key.width, value.width, window), 1 / sizes.cp, latent))
    return found


def routed_rows(block: Block, sizes: Sizes) -> float:
    """Copies of tokens that come to the experts of a GPU [tokens]."""
    used = max((t.used for t in block.tensors if t.component == "routed_experts" and t.multiplied), default=0)
    return sizes.tokens / sizes.tp * sizes.etp * used * sizes.skew


def _experts(block, sizes, timer, add, quantised) -> None:
    """Grouped products of the routed experts."""
    matrices = [t for t in block.tensors if t.component == "routed_experts" and t.multiplied]
    if not matrices:
        return
    rows, held = max(1, round(routed_rows(block, sizes))), max(1, matrices[0].copies // sizes.ep)
    up = [t for t in matrices if t.name.rpartition(".")[2] not in CUT_ALONG_INPUTS]
    fp8 = sizes.fp8 and is_low_precision(matrices[0])
    shapes = []
    if up:
        shapes.append((up[0].inputs, max(1, round(sum(t.outputs for t in up) / sizes.etp))))
    shapes += [(max(1, round(t.inputs / sizes.etp)), t.outputs) for t in matrices if t not in up]
    for inputs, outputs in shapes:
        forward = timer.product(rows, outputs, inputs, fp8, held)
        backward = timer.product(rows, inputs, outputs, fp8, held)
        add(False, "experts", forward, backward, timer.weight_product(rows, inputs, outputs, fp8, held))
        if fp8:
            quantised(False, rows * inputs, rows * outputs)
    if any(t.component == "routed_experts" and t.name == "down_proj.bias" for t in block.tensors):
        moved = _times(EXPERT_BIAS, rows * shapes[-1][1])
        add(False, "elementwise", *[timer.move(one) for one in moved])


def elementwise_bytes(block: Block, sizes: Sizes, hidden: int) -> list:
    """(half, bytes forward and backward, what recomputing it is called) of the kernels beside the products."""
    found, tokens, tp = [], sizes.sequence_tokens, sizes.tp
    mixed = False  # norms before the mixer belong to it
    for tensor in block.tensors:
        mixer = mixes_tokens(tensor.component)
        mixed = mixed or mixer
        if tensor.component == "norms" and not tensor.name.endswith(".bias"):
            found.append((not mixed, _times(NORM, tokens * tensor.outputs), "norm"))
        elif tensor.component == "attention_internal_norms" and not tensor.name.endswith(".bias"):
            found.append((True, _times(INNER_NORM, tokens * tensor.outputs), "norm"))
        elif tensor.component == "embedding":
            found.append((True, (4 * tokens * hidden, 10 * tokens * hidden), ""))
        elif tensor.component == "lm_head" and tensor.multiplied:
            found.append((False, _times(LOSS, sizes.tokens * tensor.outputs / tp), "loss"))
    for score in block.scores:
        if score.name == "attention_scores":
            found.append((True, _times(ROTARY, 2 * sizes.tokens * score.heads * score.width / tp), "mla-up"))
    for component in ("dense_mlp", "shared_experts"):
        up, gated = _up(block, component)
        if up:
            wide = sum(t.outputs for t in up) / (2 if gated else 1)
            found.append((False, _times(GATED if gated else UNGATED, sizes.tokens * wide / tp), "swiglu"))
    up, gated = _up(block, "routed_experts")
    if up:
        rows = routed_rows(block, sizes)
        wide = sum(t.outputs for t in up) / (2 if gated else 1) / sizes.etp
        found.append((False, _times(GATED if gated else UNGATED, rows * wide), "swiglu"))
        own = sizes.tokens / sizes.tp
        moved = 2 * 2 * hidden * (rows + own)  # in and out of the order of experts
        found.append((False, (moved, moved), ""))
        found.append((False, (8 * own * block.num_routed_experts, 8 * own * block.num_routed_experts), "router"))
    return found


def _up(block, component) -> tuple:
    """(matrices up of a feed-forward, whether one of them is a gate)"""
    names = [(t, t.name.rpartition(".")[2]) for t in block.tensors if t.component == component and t.multiplied]
    up = [t for t, name in names if name not in CUT_ALONG_INPUTS]
    return up, any(name == "gate_proj" for _, name in names)


def _times(bytes_of_one: tuple, numbers: float) -> tuple:
    return bytes_of_one[0] * numbers, bytes_of_one[1] * numbers
