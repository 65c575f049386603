"""What sort of model it is: its experts, its attention, its context, and how wide its weights are stored.

All is read off the anatomy, so nothing here looks at a ``model_type``. Of a config that no family describes only what its
keys say plainly is told.
"""

from typing import NamedTuple

from ..facts import models
from ..facts.tables import once
from .anatomy import Anatomy, Block
from .catalog import counted_config
from .checkpoint import storage_bytes
from .kv_cache import kv_cache_bytes
from .params import num_total_params
from .wrappers import language_config

#: Kinds of attention, in the order in which open models took them up.
MHA, GQA, WINDOWS, MLA, SPARSE, HYBRID = "MHA", "GQA", "windows", "MLA", "sparse", "hybrid"
ATTENTION = (MHA, GQA, WINDOWS, MLA, SPARSE, HYBRID)
#: Layers with a state of one size, whatever the sequence.
_STATES = {"linear_attention", "state_space", "short_convolution"}
#: Tokens in a sequence, where the cache of a token depends on it.
CACHE_CONTEXT = 32768


class Traits(NamedTuple):
    """Traits of a model; None is what cannot be told, and of a dense model what only experts have."""

    num_experts: int | None  #: routed, of a layer
    experts_per_token: int | None
    expert_params: int | None  #: of one routed expert
    shared_experts: float | None  #: parameters of the shared ones over those of a routed one
    attention: str | None  #: one of :data:`ATTENTION`
    context_tokens: int | None  #: positions that the config allows
    stored_bits: float | None  #: of a parameter, scales included, as the config says
    cache_bytes: float | None  #: BF16, of a token in a sequence of :data:`CACHE_CONTEXT`, states of linear layers included


def attention_kind(anatomy: Anatomy) -> str:
    """The kind of a model's attention: that which makes most difference to long sequences.

    A hybrid has layers with a state of one size beside attention, whatever that is; in a sparse model an indexer chooses
    among cached tokens; of windows, some layers see only the last tokens, or those of a chunk.
    """
    blocks = [block for block, _ in anatomy.counted]
    if any(tensor.component in _STATES for block in blocks for tensor in block.tensors):
        return HYBRID
    scores = anatomy.scores
    if any(score.selected is not None for score in scores):
        return SPARSE
    if any(cache.name.startswith("latent") for cache, _ in anatomy.caches):
        return MLA
    if any(score.limit is not None for score in scores):
        return WINDOWS
    heads = max(score.heads * score.width for score in scores if score.name == "attention_scores")
    # a key and a value of each head are kept
    return MHA if max(cache.elements for cache, _ in anatomy.caches) == 2 * heads else GQA


def _experts(block: Block) -> tuple:
    """(experts, chosen ones, parameters of one, of the shared ones over these) of a layer; None each of a dense one."""
    routed = [tensor for tensor in block.tensors if tensor.component == "routed_experts" and tensor.copies > 1]
    if not routed:
        return (None,) * 4
    one = sum(tensor.inputs * tensor.outputs for tensor in routed)
    # a gate of the shared expert is no expert: it is lost in rounding
    shared = sum(tensor.num_params for tensor in block.tensors if tensor.component == "shared_experts")
    return routed[0].copies, int(routed[0].used), one, round(shared / one, 2)


@once
def traits(slug: str) -> Traits:
    """Traits of a model of ``data/models/``.

    >>> found = traits("deepseek-v3")
    >>> found[:5], found.context_tokens
    ((256, 8, 44040192, 1.0, 'MLA'), 163840)
    >>> traits("deepseek-v3.2").attention, traits("qwen3-next-80b-a3b").attention, traits("olmoe-1b-7b").attention
    ('sparse', 'hybrid', 'MHA')
    """
    raw = models.model(slug)["config"]
    if raw is None:
        return Traits(*[None] * 8)
    keys = language_config(raw).raw
    context = keys.get("max_position_embeddings")
    config = counted_config(slug)
    if config is None:
        kind = HYBRID if "linear_attn_config" in keys else None
        return Traits(keys.get("num_experts"), keys.get("num_experts_per_token"), None, None, kind, context, None, None)
    anatomy = config.anatomy
    widest = max((block for block, _ in anatomy.counted), key=lambda block: block.num_routed_experts)
    stored = storage_bytes(config)["total"]
    bits = None if stored is None else 8 * stored / num_total_params(config)
    cache = kv_cache_bytes(config, [CACHE_CONTEXT]) / CACHE_CONTEXT
    return Traits(*_experts(widest), attention_kind(anatomy), context, bits, cache)
