"""How many sequences and tokens fit on the GPUs that serve a model.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_BYTES_PER_ELEMENT, MAX_SEQ_LEN
from ..model.anatomy import Cache, add
from ..model.config import ModelConfig
from ..model.kv_cache import cache_elements_of_rank
from .layout import ServingLayout, check_layout, layers_of_stages
from .weights import weights_of_stages
from .workspace import Workspace, page_tokens

#: Keys by which configs call the longest sequence that a model was made for.
LENGTH_KEYS = ("max_position_embeddings", "max_seq_len", "max_sequence_length", "seq_length", "n_positions")


def sequences_that_fit(memory_bytes: float, taken_bytes: float, bytes_per_sequence: float) -> int:
    """Sequences whose cache fits into a GPU beside its weights, 0 where these alone do not fit [sequences].

    n = floor((M - W) / m), of M = `memory_bytes` [bytes]; W = `taken_bytes` [bytes], weights and all else that is to count,
    such as the slack of pages, activations and buffers; and m = `bytes_per_sequence` [bytes] of cache.

    >>> sequences_that_fit(80e9, 40e9, 70272 * 32768)
    17
    """
    room = real("memory_bytes", memory_bytes) - real("taken_bytes", taken_bytes)
    return max(0, math.floor(room / real("bytes_per_sequence", bytes_per_sequence, positive=True)))


class Kept(NamedTuple):
    """A cache of some layers of a stage, as one GPU keeps it."""

    bytes: float  #: of a token in all these layers, or of a sequence
    window: int | None
    once: bool


class Stage(NamedTuple):
    """What one GPU of a pipeline stage holds beside its cache, and how large that may be."""

    weights: dict  #: component -> [bytes]
    caches: tuple  #: of :class:`Kept`
    room: float  #: for the cache, below 0 where the weights do not fit [bytes]

    def sequence_bytes(self, tokens: int) -> float:
        """Bytes of one sequence of so many `tokens`, of whole pages where these are counted [bytes]."""
        return sum(
            kept.bytes * (min(tokens, 1) if kept.once else tokens if kept.window is None else min(tokens, kept.window))
            for kept in self.caches
        )


class Instance(NamedTuple):
    """A model laid out over GPUs: its stages, and the tokens of a page."""

    layout: ServingLayout
    stages: tuple  #: of :class:`Stage`
    page: int  #: [tokens]
    taken: Workspace  #: on each GPU, neither weights nor cache

    def paged(self, tokens: int) -> int:
        """Tokens for which a sequence takes pages [tokens]."""
        return -(-tokens // self.page) * self.page

    def sequences(self, context: int) -> int:
        """Sequences of `context` [tokens] that fit on all data parallel groups together."""
        return self.layout.dp * self.sequences_of_group(context)

    def sequences_of_group(self, context: int) -> int:
        """Sequences of `context` [tokens] that fit on one group of TP x PP GPUs."""
        paged = self.paged(context)
        return min(_whole_parts(stage.room, stage.sequence_bytes(paged)) for stage in self.stages)

    def tokens(self, context: int) -> int:
        """Tokens that fit, of sequences of `context` [tokens]: whole pages, on all groups together [tokens].

        Where every layer keeps every token this is the number that engines print, and no `context` changes it.
        """
        paged = self.paged(context)
        pages = min(_whole_parts(stage.room * paged / self.page, stage.sequence_bytes(paged)) for stage in self.stages)
        return self.layout.dp * pages * self.page

    def lacks(self, context: int) -> float:
        """Bytes that the fullest GPU lacks for one sequence of `context` [tokens], below 0 where it has more [bytes]."""
        return max(stage.sequence_bytes(self.paged(context)) - stage.room for stage in self.stages)

    def longest(self, sequences: int, most: int) -> int:
        """Longest context of at most `most` [tokens] for which a group has room for all `sequences`; 0 for none [tokens]."""
        if self.sequences_of_group(1) < sequences:
            return 0
        low, high = 1, most
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.sequences_of_group(middle) >= sequences else (low, middle - 1)
        return low


def instance(
    config: ModelConfig,
    layout: ServingLayout,
    memory_bytes: float,
    taken: Workspace,
    bytes_per_element: float = 2,
    weights: str | None = None,
) -> Instance:
    r"""One instance of a model on GPUs of `memory_bytes` [bytes].

    .. math:: n = \text{DP} \min_{\text{stages}} \left\lfloor \frac{M - R - W}{m} \right\rfloor

    Of M a GPU has R `taken` (:func:`moecalc.serving.workspace.workspace`) and W of weights, stored as the config says or as
    `weights` asks; a sequence keeps m on it, in numbers of `bytes_per_element` [bytes], in whole pages.

    Notes
    -----
    Tensor parallel GPUs share the heads of a cache. MLA's latent has none, so each keeps the whole; data parallel groups
    keep those of their own sequences only. Pages of a window are not counted apart.

    Examples
    --------
    A token of MLA's cache is as large on each of eight GPUs as on one:

    >>> from .workspace import workspace
    >>> one, eight = (instance(v3, ServingLayout(tp), 141e9, workspace(v3, 141e9, tp), 1) for tp in (1, 8))
    >>> one.stages[0].sequence_bytes(1), eight.stages[0].sequence_bytes(1)
    (35136, 35136)
    >>> one.tokens(4096), eight.tokens(4096) > 10**6
    (0, False)
    """
    check_layout(config, layout)
    real("bytes_per_element", bytes_per_element, positive=True, most=MAX_BYTES_PER_ELEMENT)
    held = weights_of_stages(config, layout, weights)
    kept = _caches(config, layout.tp, layout.pp, bytes_per_element)
    if not any(kept):
        raise InputError(
            f"{config.name or 'this model'} keeps no cache of tokens: it does not write one token after another"
        )
    stages = tuple(
        Stage(one, caches, memory_bytes - taken.total - sum(one.values())) for one, caches in zip(held, kept, strict=True)
    )
    return Instance(layout, stages, page_tokens(config), taken)


@lru_cache(maxsize=64)
def longest_of_model(config: ModelConfig) -> int | None:
    """The longest sequence that a model was made for, as its config says; None where it does not [tokens].

    >>> longest_of_model(v3)
    163840
    """
    for key in LENGTH_KEYS:
        value = config.raw.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return min(value, MAX_SEQ_LEN)
    return None


def check_context(config: ModelConfig, context: int) -> int:
    """`context` [tokens], if the model was made for sequences of this length."""
    most = longest_of_model(config)
    whole("context", context, most=MAX_SEQ_LEN)
    if most is not None and context > most:
        raise InputError(f"context must be at most {most:,} tokens, which the config gives {config.name}; found {context:,}")
    return context


@lru_cache(maxsize=256)
def _caches(config: ModelConfig, tp: int, pp: int, bytes_per_element: float) -> tuple:
    """:class:`Kept` of each stage, equal windows together."""
    stages, first = [], 0
    for size in layers_of_stages(len(config.anatomy.layers), pp):
        sums = {}
        for block in config.anatomy.layers[first : first + size]:
            for cache in block.cache:
                add(sums, (cache.window, cache.once), _of_rank(cache, tp, bytes_per_element))
        stages.append(tuple(Kept(num_bytes, window, once) for (window, once), num_bytes in sums.items()))
        first += size
    return tuple(stages)


def _of_rank(cache: Cache, tp: int, bytes_per_element: float) -> float:
    return cache.bytes if cache.bytes is not None else cache_elements_of_rank(cache, tp) * bytes_per_element


def _whole_parts(room: float, part: float) -> int:
    """How many parts fit into the room; a stage whose layers keep nothing is no limit."""
    if room < 0:
        return 0
    return math.floor(room / part) if part else 10**18
