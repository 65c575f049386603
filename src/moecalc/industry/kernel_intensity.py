"""FLOPs for each byte of the kernels of a training step, of prefill and of decoding, and of what they send.

Shapes are those that :mod:`moecalc.training.timing.layer` and :mod:`moecalc.serving.served_blocks` time. A product reads
both factors and writes its result once; attention keeps its scores on the chip.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import whole
from ..hardware.all_to_all.traffic import direct_bytes, wire_bytes
from ..hardware.collectives.normal import spreading
from ..hardware.collectives.shape import Shape
from ..model.config import ModelConfig
from ..serving.served_blocks import QUANTISED, served_blocks
from ..serving.served_types import ServedTypes
from ..training.recipes import is_low_precision
from ..training.timing.device import attended_flops
from ..training.timing.layer import GATED, NORM, Sizes, attentions, dense_products, routed_rows
from ..training.timing.network import on_node

PHASES = ("training", "prefill", "decode")
#: Bytes of a number: in FP8, in BF16; a gradient of weights that is added up in FP32 as well.
FP8, BF16, GRADIENT = 1, 2, 8
#: FLOPs of a number in element-wise kernels, about: a norm, an activation with its gate, a cast with its scale.
NORM_FLOPS, GATED_FLOPS, CAST_FLOPS = 4, 5, 2
#: GPUs that share the experts in training and in prefill, copies of experts in both units of serving, tokens of prefill.
TRAINING_EP, PREFILL_EP, REDUNDANT, PREFILL_TOKENS, SEQ_LEN = 64, 32, 32, 16384, 4096
V3_TYPES = ServedTypes("fp8_block", "fp8_block", "fp8_block", "bfloat16")


class Kernel(NamedTuple):
    """One kernel of one GPU, or one layer's sends where `link` says on which network."""

    phase: str
    name: str
    kind: str  #: product, experts, attention, element-wise or layer
    narrow: bool  #: runs in FP8
    flops: float
    num_bytes: float
    link: str = "memory"  #: of :data:`moecalc.industry.balance.ROOFS`

    @property
    def intensity(self) -> float:
        """FLOPs for each byte [FLOP/byte]."""
        return self.flops / self.num_bytes


def product(phase, name, kind, narrow, m, k, n, groups=1, written=BF16) -> Kernel:
    """A product of m x k with k x n, or of `groups` whose m rows lie one below the other."""
    width = FP8 if narrow else BF16
    return Kernel(phase, name, kind, narrow, 2 * m * k * n, width * (m * k + groups * k * n) + written * m * n)


def weight_product(phase, name, kind, narrow, tokens, inputs, outputs, groups=1) -> Kernel:
    """The product that makes the gradient of `groups` matrices of weights from all `tokens` [tokens]."""
    width = FP8 if narrow else BF16
    moved = width * tokens * (inputs + outputs) + GRADIENT * groups * inputs * outputs
    return Kernel(phase, name, kind, narrow, 2 * tokens * inputs * outputs, moved)


@lru_cache(maxsize=64)
def training_kernels(config: ModelConfig, micro_batch: int = 1) -> tuple:
    """:class:`Kernel` of a micro-batch of `micro_batch` [sequences]: forward, and gradients of weights.

    Gradients of inputs have the forward's sizes in another order, and about its intensity.
    """
    whole("micro_batch", micro_batch, most=1024)
    sizes = Sizes(micro_batch, SEQ_LEN, 1, 1, TRAINING_EP, 1, False, 1.0, True, (), True)
    found, seen, phase = [], set(), PHASES[0]
    for block in (*(block for block, _ in config.anatomy.counted), config.anatomy.head):
        for inputs, outputs, _, one in dense_products(block, sizes):
            if (one.name, inputs, outputs) not in seen:
                seen.add((one.name, inputs, outputs))
                how = "product", is_low_precision(one), sizes.tokens, inputs, outputs
                name = f"{one.component.replace('_', ' ')}, {one.name}"
                found += [product(phase, name, *how), weight_product(phase, f"{name}, its gradient", *how)]
        routed = [t for t in block.tensors if t.component == "routed_experts" and t.multiplied]
        if routed:
            rows, held = round(routed_rows(block, sizes)), max(1, routed[0].copies // sizes.ep)
            down, wide = routed[-1], sum(t.outputs for t in routed[:-1])
            for name, inputs, outputs in (("up", down.outputs, wide), ("down", down.inputs, down.outputs)):
                how = "experts", True, rows, inputs, outputs, held
                found += [
                    product(phase, f"experts, {name}", *how),
                    weight_product(phase, f"experts, {name}, gradient", *how),
                ]
            found.append(_elementwise(phase, "experts, activation", GATED_FLOPS, GATED[0], rows * down.inputs))
    heads = attentions(config.anatomy.layers[0], sizes)[0][0]
    flops, numbers = micro_batch * attended_flops(SEQ_LEN, heads), sizes.tokens * heads.num_heads
    both = heads.key_size + heads.value_size
    again = (3 * heads.key_size + 2 * heads.value_size) / both
    found.append(Kernel(phase, "attention", "attention", False, flops, BF16 * numbers * 2 * both))
    found.append(Kernel(phase, "attention, backward", "attention", False, again * flops, BF16 * numbers * 4 * both))
    found.append(_elementwise(phase, "norm", NORM_FLOPS, NORM[0], sizes.tokens * config.hidden_size))
    found.append(_elementwise(phase, "cast to FP8", CAST_FLOPS, QUANTISED, sizes.tokens * config.hidden_size))
    return tuple(found)


def _elementwise(phase, name, flops, num_bytes, numbers) -> Kernel:
    return Kernel(phase, name, "element-wise", False, flops * numbers, num_bytes * numbers)


@lru_cache(maxsize=64)
def serving_kernels(config: ModelConfig, phase: str, tokens: int, ep: int, context: int = SEQ_LEN) -> tuple:
    """:class:`Kernel` of a step of prefill or decode with `tokens` [tokens] on each of `ep` GPUs [GPUs].

    In prefill they are prompts of `context` [tokens], in decode a token of as many sequences of that length.
    """
    whole("tokens", tokens, most=10**7)
    found, seen, prefill = [], set(), phase == PHASES[1]
    sequences = max(1, tokens // context) if prefill else tokens
    for served, _ in served_blocks(config, 1, V3_TYPES):
        more = served.expanding if prefill else ()
        for one in (*served.products, *more):
            key = one.part, one.inputs, one.outputs
            if key not in seen:
                seen.add(key)
                rows = sequences if one.part == "head" else tokens
                name = f"{one.part.replace('_', ' ').replace('dense ', '')}, {one.inputs:,} to {one.outputs:,}"
                found.append(product(phase, name, "product", one.dtype != "bfloat16", rows, one.inputs, one.outputs))
        if served.routed:
            of, slots = served.routed, served.routed.num_experts + REDUNDANT
            rows = max(1, round(tokens * of.topk))
            held = slots / ep * (1 - (1 - of.topk / slots) ** (tokens * ep))
            for name, inputs, outputs in (
                ("up", of.hidden_size, 2 * of.inter_size),
                ("down", of.inter_size, of.hidden_size),
            ):
                found.append(product(phase, f"experts, {name}", "experts", True, rows, inputs, outputs, held))
            found.append(_elementwise(phase, "experts, activation", GATED_FLOPS, GATED[0], rows * of.inter_size))
    found += _served_attention(phase, served_blocks(config, 1, V3_TYPES)[0][0].attention[0], sequences, context)
    found.append(_elementwise(phase, "norm", NORM_FLOPS, NORM[0], tokens * config.hidden_size))
    found.append(_elementwise(phase, "cast to FP8", CAST_FLOPS, QUANTISED, tokens * config.hidden_size))
    return tuple(found)


def _served_attention(phase, one, sequences, context) -> list:
    """Attention over prompts, or on latents for a token of each sequence with what leads there and back."""
    heads = one.heads
    if phase == PHASES[1]:
        flops, both = sequences * attended_flops(context, heads), heads.key_size + heads.value_size
        return [
            Kernel(phase, "attention", "attention", False, flops, BF16 * sequences * context * heads.num_heads * 2 * both)
        ]
    wide, rank = one.rank + heads.key_size - one.nope, one.rank
    flops = 2 * sequences * context * heads.num_heads * (wide + rank)
    moved = BF16 * sequences * (context * wide + heads.num_heads * (wide + rank))
    ways = [
        product(phase, f"{name} latents", "product", False, sequences, *sizes, heads.num_heads)
        for name, sizes in (("queries to", (one.nope, rank)), ("values from", (rank, heads.value_size)))
    ]
    # each head has its own rows and columns
    ways = [
        way._replace(flops=way.flops * heads.num_heads, num_bytes=way.num_bytes + (heads.num_heads - 1) * rows)
        for way, rows in zip(
            ways, [BF16 * sequences * (rank + width) for width in (one.nope, heads.value_size)], strict=True
        )
    ]
    return [Kernel(phase, "attention on latents", "attention", False, flops, moved), *ways]


def sends(config: ModelConfig, kernels: tuple, tokens: int, ep: int, domain: int) -> tuple:
    """What an MoE layer computes for each byte that its dispatch and combine send: a :class:`Kernel` for each network.

    `kernels` are those of one phase, `tokens` [tokens] on each of `ep` GPUs [GPUs], of which `domain` share a scale-up
    network [GPUs]. Decode sends a copy for each expert, the others one for each node and GPU.
    """
    phase, layer = kernels[0].phase, config.anatomy.layers[-1]
    attended = sum(one.flops for one in kernels if one.kind == "attention" and not one.name.endswith("backward"))
    flops = tokens * layer.num_flops + attended
    here = on_node(ep, 1, domain)
    nodes, chosen = ep // here, config.num_experts_per_tok
    if phase == PHASES[2]:
        total = sum(direct_bytes(tokens, chosen, config.hidden_size))
        out = total * (1 - 1 / nodes)
        up = total - out - total / ep
    else:
        limit = min(config.topk_group, nodes)
        copies = spreading(Shape(tokens, config.hidden_size, chosen, config.n_routed_experts, nodes, here), limit)
        wide = tokens * sum(wire_bytes(config.hidden_size))
        up, out = wide * copies.other_gpus, wide * copies.other_nodes
    found = (("scale_up", up), ("scale_out", out))
    return tuple(Kernel(phase, "MoE layer, sent", "layer", True, flops, sent, link) for link, sent in found if sent > 1)
