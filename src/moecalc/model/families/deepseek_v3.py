"""DeepSeek-V3 and R1: V2's layers, a correction bias for each expert, and multi-token prediction."""

from ..anatomy import Block, matrix, vector
from ..keys import layer_count
from . import deepseek_v2
from ._parts import decoder

KEYS = deepseek_v2.KEYS | {"num_nextn_predict_layers": layer_count(None)}


def mtp_module(config, moe):
    """One prediction depth: two norms, a projection of both inputs, one layer (`moe`, if it routes), its own final norm.

    It shares the embedding and the head with the model, and multiplies by the head once more.
    """
    hidden, vocab = config.hidden_size, config.vocab_size
    tensors = [
        vector("norms", "enorm", hidden),
        vector("norms", "hnorm", hidden),
        matrix("mtp_projection", "eh_proj", 2 * hidden, hidden),
        *moe.tensors,
        vector("norms", "shared_head.norm", hidden),
        matrix("lm_head", "shared_head.head", hidden, vocab, owned=False, shards=vocab),
    ]
    return Block("MTP module", tensors, moe.scores, moe.cache, moe.num_correction_biases)


def describe(config, attention=None, routes=None):
    moe, order = deepseek_v2.layers(config, config.n_routed_experts, attention, routes)
    return decoder(config, order, mtp=[mtp_module(config, moe)] * (config.num_nextn_predict_layers or 0))
