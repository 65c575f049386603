"""What one GPU multiplies, reads and moves for a block of a served model, read off its tensors once for each TP."""

from functools import lru_cache
from typing import NamedTuple

from ..hardware.kernels.attention import Heads
from ..model.anatomy import Block
from ..model.config import ModelConfig
from .served_types import ServedTypes

#: Products that an engine runs as one, by the ends of their names.
FUSED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"), ("q_a_proj", "kv_a_proj_with_mqa"))
#: Ends of the names of matrices that tensor parallelism cuts along their inputs.
CUT_ALONG_INPUTS = ("o_proj", "out_proj", "down_proj", "o_b_proj", "x_proj")
#: Bytes of each number: a norm with the residual sum before it, a norm inside attention, an activation with its gate,
#: rotary embedding, and bringing an input to a narrow type.
NORM, INNER_NORM, GATED, ROTARY, QUANTISED = 8, 4, 6, 4, 3
#: Instead of the last, where a product itself narrows what it loads: the second byte of BF16.
READ_WIDE = 1
#: Bytes of a number in the state of linear attention and of state-space layers.
STATE = 4
#: Component -> name of the part of a step.
PARTS = {
    "attention": "projections",
    "attention_compressor": "projections",
    "attention_indexer": "projections",
    "linear_attention": "projections",
    "state_space": "projections",
    "short_convolution": "projections",
    "shared_experts": "dense_feed_forward",
    "dense_mlp": "dense_feed_forward",
    "lm_head": "head",
}


class Product(NamedTuple):
    """One product of a GPU for each token."""

    part: str
    inputs: int
    outputs: int
    dtype: str
    times: float


class Routed(NamedTuple):
    """Routed experts of a block."""

    hidden_size: int
    inter_size: int
    topk: float
    num_experts: int
    gated: bool
    dtype: str


class Attending(NamedTuple):
    """One attention of a block on one GPU."""

    heads: Heads
    latent: bool
    limit: int | None  #: most tokens that a token attends to
    rank: int  #: of the latent, and the size of a key without rotary part: for absorbing
    nope: int
    sparse: bool  #: whether an indexer chooses them


class Scoring(NamedTuple):
    """Other products of tokens with tokens: an indexer's."""

    flops: float  #: of a pair of tokens
    num_bytes: float  #: read for a token that is met
    limit: int | None


class Served(NamedTuple):
    """A block as one GPU runs it."""

    products: tuple
    expanding: tuple  #: products that absorbed attention leaves out: keys and values of the new tokens
    routed: Routed | None
    attention: tuple
    scores: tuple
    state_bytes: float  #: read and written for each sequence and step
    moved_bytes: float  #: by small kernels, for each token
    mixes: bool  #: whether a sum over tensor parallel GPUs follows the mixer
    feeds: bool  #: and the feed-forward
    hidden: int

    # two blocks are the same where they are one object: a hash of all their products would take longer than timing them
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


@lru_cache(maxsize=512)
def served_blocks(config: ModelConfig, tp: int, types: ServedTypes) -> tuple:
    """(:class:`Served`, how often) of each different layer that computes anything; the head comes last, once."""
    blocks = [(served_block(block, config.hidden_size, tp, types), count) for block, count in config.anatomy.counted]
    return tuple((one, count) for one, count in blocks if one.products or one.routed or one.moved_bytes)


def served_block(block: Block, hidden: int, tp: int, types: ServedTypes) -> Served:
    """A block cut over `tp` GPUs; `hidden` is the width of the residual stream."""
    names = {tensor.name for tensor in block.tensors}
    latent = "kv_a_proj_with_mqa" in names and "kv_b_proj" in names
    products, expanding = _products(block, tp, types)
    matrices = [t for t in block.tensors if t.component == "routed_experts" and t.multiplied]
    routed = None
    if matrices:
        up = [t for t in matrices if not t.name.endswith("down_proj")]
        down = next((t for t in matrices if t.name.endswith("down_proj")), matrices[-1])
        gated = len(up) > 1
        routed = Routed(down.outputs, down.inputs, down.used, down.copies, gated, types.of(down))
    mixers = [t for t in block.tensors if t.multiplied and PARTS.get(t.component) == "projections"]
    feeds = routed is not None or any(t.component in ("shared_experts", "dense_mlp") for t in block.tensors)
    state = sum(cache.elements / min(cache.shards, tp) for cache in block.cache if cache.once)
    scores = [score for score in block.scores if score.name not in ("attention_scores", "attention_values")]
    kept = next((cache.bytes for cache in block.cache if cache.bytes), 0)
    return Served(
        products,
        expanding,
        routed,
        tuple(_attending(block, tp, latent)),
        tuple(Scoring(2 * one.heads * one.width, kept or 2 * one.width, one.limit) for one in scores),
        2 * STATE * state,
        _moved(block, tp, products, READ_WIDE if types.cast_on_load else QUANTISED),
        bool(mixers),
        feeds,
        hidden,
    )


def _products(block: Block, tp: int, types: ServedTypes) -> tuple:
    """Products but the routed experts', fused ones together; and those that make keys and values from latents."""
    found, places, expanding = [], {}, []
    for tensor in block.tensors:
        if not tensor.multiplied or tensor.component == "routed_experts" or tensor.inputs < 16:
            continue
        inputs, outputs, name = tensor.inputs, tensor.outputs, tensor.name.rpartition(".")[2]
        if tensor.shards > 1 and tp > 1:
            part = -(-tensor.shards // tp) / tensor.shards
            if name in CUT_ALONG_INPUTS:
                inputs = max(1, round(inputs * part))
            else:
                outputs = max(1, round(outputs * part))
        part = PARTS.get(tensor.component, "router" if tensor.component == "router" else "other_products")
        one = Product(part, inputs, outputs, types.of(tensor), tensor.used)
        if name == "kv_b_proj":
            expanding.append(one)
            continue
        family = next((group for group in FUSED if name in group), None)
        key = (tensor.component, family, inputs) if family else None
        if key in places:
            before = found[places[key]]
            found[places[key]] = before._replace(outputs=before.outputs + outputs)
            continue
        if key:
            places[key] = len(found)
        found.append(one)
    return tuple(found), tuple(expanding)


def _attending(block: Block, tp: int, latent: bool) -> list:
    keys = [score for score in block.scores if score.name == "attention_scores"]
    values = [score for score in block.scores if score.name == "attention_values"]
    found = []
    for key, value in zip(keys, values, strict=False):
        heads = -(-key.heads // tp)
        kept = next((t.outputs // key.width for t in block.tensors if t.name == "k_proj" and t.outputs >= key.width), None)
        groups = heads if latent else max(1, (kept or 1) // tp)
        while heads % groups:
            groups -= 1
        expands = next((t for t in block.tensors if t.name == "kv_b_proj"), None)
        rank = expands.inputs if expands else 0
        nope = expands.outputs // expands.shards - value.width if expands else 0
        own = Heads(heads, groups, key.width, value.width)
        found.append(Attending(own, latent, key.limit, rank, nope, key.selected is not None))
    return found


def _moved(block: Block, tp: int, products: tuple, narrowing: float) -> float:
    """Bytes that norms, activations, rotary embedding and quantising move for a token."""
    moved = 0.0
    for tensor in block.tensors:
        if tensor.component == "norms" and not tensor.name.endswith(".bias"):
            moved += NORM * tensor.outputs
        elif tensor.component == "attention_internal_norms" and not tensor.name.endswith(".bias"):
            moved += INNER_NORM * tensor.outputs
    for one in products:
        if one.part == "dense_feed_forward" and one.outputs > one.inputs:
            moved += GATED * one.outputs / 2
        if one.dtype != "bfloat16":
            moved += narrowing * one.inputs
    for score in block.scores:
        if score.name == "attention_scores":
            moved += ROTARY * 2 * score.heads * score.width / tp
    return moved
