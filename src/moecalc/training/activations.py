"""Activations: bytes that a GPU keeps of a micro-batch from its forward to its backward pass, operator by operator.

The rules are in :mod:`moecalc.training.activation_rules`. A micro-batch has `tokens` [tokens] on a GPU, its sequences
`seq_len` [tokens]. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_PARALLEL_SIZE, MAX_SEQ_LEN
from ..model.anatomy import Block, count_blocks
from ..model.config import ModelConfig
from .activation_ends import kept_of_embedding, kept_of_head, kept_of_mtp
from .activation_policy import ActivationPolicy, check_policy
from .activation_rules import (
    FEED_FORWARD,
    HEADS,
    ROUTED,
    ROUTED_INNER,
    SEQUENCE,
    Kept,
    kept_of_layer,
)

#: Names under which configs say how a router scores.
_SCORING = ("scoring_func", "score_function", "score_func", "moe_router_score_function")


class ActivationCut(NamedTuple):
    """Over how many GPUs the activations of a layer are spread."""

    tp: int = 1
    cp: int = 1
    etp: int = 1
    sequence_parallel: bool = True  #: norms, residual stream and router work on 1 / tp of the tokens
    skew: float = 1  #: tokens that came to the experts of the fullest GPU, over the mean


class KeptRange(NamedTuple):
    """Bytes of a token: as counted, and the interval where some part has no measured rule."""

    bytes: int
    least: int
    most: int


class BlockActivations(NamedTuple):
    """What one block keeps of each token; the blocks that are equal stand once."""

    block: Block
    count: int  #: how often it stands in the model
    kept: tuple  #: of :class:`~moecalc.training.activation_rules.Kept`

    @property
    def range(self) -> KeptRange:
        return kept_range(self.kept)


def kept_range(kept) -> KeptRange:
    """The sum of what is kept of a token, before it is cut [bytes per token].

    >>> kept_range(kept_of_block(v3, v3.anatomy.layers[-1], ActivationPolicy(recompute=("norm", "mla-up", "swiglu")))).bytes
    370500
    """
    return KeptRange(
        sum(one.bytes for one in kept),
        sum(one.bytes if one.least is None else one.least for one in kept),
        sum(one.bytes if one.most is None else one.most for one in kept),
    )


def has_fp32_router(config: ModelConfig, block: Block) -> bool:
    """Whether a router works in FP32: with sigmoid scores, or scores that a balancer corrects."""
    said = any(config.raw.get(key) == "sigmoid" for key in _SCORING)
    return said or block.num_correction_biases > 0


@lru_cache(maxsize=1024)
def kept_of_block(config: ModelConfig, block: Block, policy: ActivationPolicy) -> tuple:
    """What a block of the model keeps of each token: a layer, the embedding, the head or an MTP module.

    >>> sum(one.bytes for one in kept_of_block(v3, v3.anatomy.head, ActivationPolicy()))
    545804
    """
    hidden, anatomy = config.hidden_size, config.anatomy
    if block is anatomy.embedding:
        return kept_of_embedding(block, hidden, policy)
    if block is anatomy.head:
        return kept_of_head(block, hidden, policy)
    router = has_fp32_router(config, block)
    if any(tensor.component == "mtp_projection" for tensor in block.tensors):
        return kept_of_mtp(block, hidden, policy, router)
    return kept_of_layer(block, hidden, policy, router)


def activations_by_block(config: ModelConfig, policy: ActivationPolicy) -> tuple:
    r""":class:`BlockActivations` of the model: embedding, each different layer, head, MTP modules [bytes per token].

    .. math:: a = \sum_i b_i n_i

    n_i numbers of b_i bytes are kept of a token: see :mod:`moecalc.training.activation_rules`. Recompute and formats are
    those of the `policy`. Raises :class:`~moecalc.base.errors.InputError` if the model lacks what is to be recomputed.

    >>> [(one.block.name, one.count, one.range.bytes) for one in activations_by_block(v3, ActivationPolicy())][1:3]
    [('dense layer', 3, 340624), ('MoE layer', 58, 599876)]

    Notes
    -----
    Leaves out weights, rotary tables, what a backward pass needs for a moment only, and copies that a framework makes
    without need. Published formulas that it equals: Korthikanti et al., arXiv:2205.05198, for GPT with dropout.
    """
    return _by_block(config, policy)


@lru_cache(maxsize=64)
def _by_block(config, policy) -> tuple:
    """The same, kept for the next call: a search asks for few policies and many layouts."""
    check_policy(policy, recomputable_parts(config))
    anatomy = config.anatomy
    blocks = count_blocks((anatomy.embedding, *anatomy.layers, anatomy.head, *anatomy.mtp))
    return tuple(BlockActivations(block, count, kept_of_block(config, block, policy)) for block, count in blocks)


def recomputable_parts(config: ModelConfig) -> set:
    """Which of :data:`moecalc.training.activation_policy.RECOMPUTABLE` a model has.

    >>> sorted(recomputable_parts(load_model("llama-3.1-8b")))
    ['full', 'norm', 'swiglu']
    """
    parts = {"full"}
    for block, _ in config.anatomy.counted:
        for tensor in block.tensors:
            if tensor.component == "norms" and block is not config.anatomy.head:
                parts.add("norm")
            elif tensor.component == "router":
                parts.add("router")
            elif tensor.name == "kv_a_proj_with_mqa":
                parts.add("mla-up")
            elif tensor.component in FEED_FORWARD and tensor.multiplied and tensor.name.endswith("gate_proj"):
                parts.add("swiglu")
            if tensor.component == "routed_experts":
                parts.add("permuted-tokens")
    return parts


def check_cut(cut: ActivationCut, seq_len: int, config: ModelConfig | None = None, ep: int = 1) -> ActivationCut:
    """The cut, if it can be: context parallelism within the sequence, a skew that routing over `ep` GPUs can have."""
    for name in ("tp", "cp", "etp"):
        whole(name, getattr(cut, name), most=MAX_PARALLEL_SIZE)
    whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    if cut.cp > seq_len:
        raise InputError(f"cp must be at most the {seq_len:,} tokens of a sequence; found {cut.cp}")
    real("skew", cut.skew, least=1)
    most = ep if config is None else most_skew(config, ep)
    if cut.skew > most:
        raise InputError(f"skew must be from 1 to {most:g}, where all tokens meet on one GPU of ep {ep}; found {cut.skew:g}")
    return cut


def most_skew(config: ModelConfig, ep: int) -> float:
    """The largest factor of skew: every token sends as many of its copies to one GPU as experts stand there.

    >>> most_skew(v3, 64), most_skew(v3, 16)
    (32.0, 16.0)
    """
    experts = config.anatomy.num_routed_experts
    chosen = max((tensor.used for block, _ in config.anatomy.counted for tensor in block.tensors), default=1)
    held = max(1, experts // ep)
    return max(1.0, min(held, chosen) * ep / max(chosen, 1)) if experts > 1 else 1.0


def tokens_on_gpu(micro_batch: int, seq_len: int, cp: int = 1) -> int:
    """Tokens of a micro-batch on one GPU of a context-parallel group [tokens]."""
    return micro_batch * -(-seq_len // cp)


def bytes_on_gpu(one: Kept, tokens: int, cut: ActivationCut) -> int:
    r"""Bytes of one kept tensor on the fullest GPU, of so many `tokens` [bytes].

    .. math:: M = \lceil b \, T \, c \rceil, \qquad
              c = \frac{1}{\mathrm{TP}} \ \text{(cut)}, \quad
              \frac{s \, \mathrm{ETP}}{\mathrm{TP}} \ \text{(came to experts)}, \quad
              \frac{s}{\mathrm{TP}} \ \text{(inside them)}

    b bytes of a token, T tokens, s the skew. What has fewer shards than TP, as few key-value heads, is held by several.
    """
    total = one.bytes * tokens
    if one.cut == HEADS:
        return -(-total * -(-one.shards // cut.tp) // one.shards) if one.shards > 1 else total
    if one.cut == SEQUENCE:
        return -(-total // cut.tp) if cut.sequence_parallel else total
    if one.cut in (ROUTED, ROUTED_INNER):
        total *= cut.etp if one.cut == ROUTED else 1
        if cut.skew == 1:
            return -(-total // cut.tp)
        exact = total * cut.skew / cut.tp
        return int(exact) + (exact > int(exact))
    return total


def activation_bytes(kept, tokens: int, cut: ActivationCut) -> int:
    """Bytes that a GPU keeps of some :class:`Kept` of a micro-batch with so many tokens [bytes].

    >>> moe = kept_of_block(v3, v3.anatomy.layers[-1], ActivationPolicy())
    >>> activation_bytes(moe, 4096, ActivationCut()) == 4096 * 599876
    True
    """
    return sum(bytes_on_gpu(one, tokens, cut) for one in kept)


def activations_by_component(kept, tokens: int, cut: ActivationCut) -> dict:
    """:func:`activation_bytes` by component [bytes]."""
    sums = {}
    for one in kept:
        sums[one.component] = sums.get(one.component, 0) + bytes_on_gpu(one, tokens, cut)
    return sums


def activation_notes(config: ModelConfig, policy: ActivationPolicy) -> tuple:
    """One sentence for each thing that the count of a model's activations does not know.

    >>> activation_notes(v3, ActivationPolicy())
    ()
    """
    unknown, least, counted, most = set(), 0, 0, 0
    for one in activations_by_block(config, policy):
        unknown |= {kept.component for kept in one.kept if kept.least is not None and kept.least != kept.most}
        least, counted, most = (
            had + one.count * more
            for had, more in zip((least, counted, most), (one.range.least, one.range.bytes, one.range.most), strict=True)
        )
    notes = []
    if unknown:
        names = ", ".join(sorted(unknown)).replace("_", " ")
        notes.append(
            f"no measured rule is known for activations of {names}: input and output of each product are counted, "
            f"{counted:,} bytes a token over all layers, between {least:,} and {most:,}"
        )
    if not any(tensor.component == "norms" for block in config.anatomy.layers[:1] for tensor in block.tensors):
        notes.append("norms without weights are in no count of activations")
    if config.raw.get("final_logit_softcapping"):
        notes.append("what soft-capping of the logits keeps is not counted")
    return tuple(notes)
