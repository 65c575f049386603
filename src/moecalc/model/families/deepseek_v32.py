"""DeepSeek-V3.2: V3, where a small indexer chooses the tokens that attention reads."""

from ..anatomy import Cache, Score, matrix, vector
from ..keys import size
from . import deepseek_v3
from ._parts import mla_attention

KEYS = deepseek_v3.KEYS | {
    "q_lora_rank": size(),
    "index_n_heads": size(),
    "index_head_dim": size(),
    "index_topk": size(),
}

#: Beside each FP8 key the reference code keeps one FP32 scale.
SCALE_BYTES = 4


def attention(config, indexer=True):
    """V3's attention over the chosen tokens; the indexer scores all of them with one small key each.

    Without an `indexer` of its own, a layer takes the choice of an earlier one.
    """
    heads, width = config.index_n_heads, config.index_head_dim
    tensors, scores, cache = mla_attention(config, selected=config.index_topk)
    if not indexer:
        return tensors, scores, cache
    tensors += [
        matrix("attention_indexer", "indexer.wq_b", config.q_lora_rank, heads * width, shards=heads),
        matrix("attention_indexer", "indexer.wk", config.hidden_size, width),
        vector("attention_indexer", "indexer.k_norm", width),
        vector("attention_indexer", "indexer.k_norm.bias", width),
        matrix("attention_indexer", "indexer.weights_proj", config.hidden_size, heads, shards=heads),
    ]
    # each head's product with a key, and the weighted sum of the heads: one more multiply-add a head
    scores = [*scores, Score("indexer_scores", heads, width + 1)]
    return tensors, scores, [*cache, Cache("indexer key in FP8 and its scale", width, bytes=width + SCALE_BYTES)]


def describe(config):
    return deepseek_v3.describe(config, attention(config))
