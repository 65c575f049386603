"""Ling 3.0: groups of layers of Kimi delta attention that end in latent attention with a gate, experts in most."""

from ..anatomy import matrix
from ..keys import size
from ._parts import mla_attention
from ._recurrences import kimi_delta_attention
from .kimi_linear import EXPERT_NAMES, HYBRID_KEYS, MTP_NOTE, hybrid

KEYS = HYBRID_KEYS | {
    "head_dim": size(),
    "short_conv_kernel_size": size(),
    "layer_group_size": size(),
    "linear_head_dim": size("head_dim"),
    "linear_num_heads": size("num_attention_heads"),
    "linear_conv_kernel_dim": size("short_conv_kernel_size"),
}

SPELLING = EXPERT_NAMES | {"num_nextn_predict_layers": ("num_mtp_layers",)}


def describe(config):
    tensors, scores, cache = mla_attention(config)
    # one number a head opens and closes the output
    gate = matrix("attention", "g_proj", config.hidden_size, config.num_attention_heads, shards=config.num_attention_heads)
    heads, width, kernel = config.linear_num_heads, config.linear_head_dim, config.linear_conv_kernel_dim
    linear = kimi_delta_attention(config, heads, width, kernel, low_rank=False)
    mtp_note = MTP_NOTE if config.num_nextn_predict_layers else None
    ends = config.layer_group_size
    return hybrid(config, ([*tensors, gate], scores, cache), linear, lambda index: (index + 1) % ends == 0, mtp_note)
