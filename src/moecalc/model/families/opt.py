"""OPT: as GPT-2, with flags for its biases and norms; embedding and head may be narrower than the layers."""

from ..anatomy import matrix
from ..keys import flag, size
from ._parts import COMMON_KEYS, LAYER_NORM, NO_WEIGHT, decoder, dense_layers, learned_positions, plain_mlp

KEYS = COMMON_KEYS | {
    "max_position_embeddings": size(),
    "word_embed_proj_dim": size("hidden_size"),
    "do_layer_norm_before": flag(True),
    "_remove_final_layer_norm": flag(False),
    "enable_bias": flag(True),
    "layer_norm_elementwise_affine": flag(True),
    "tie_word_embeddings": flag(True),
}

SPELLING = {"intermediate_size": ("ffn_dim",)}

#: Rows of the table of positions that stand before the first.
OFFSET = 2


def describe(config):
    hidden, table, bias = config.hidden_size, config.word_embed_proj_dim, config.enable_bias
    kind = LAYER_NORM if config.layer_norm_elementwise_affine else NO_WEIGHT
    attention = {"kv_heads": config.num_attention_heads, "qkv_bias": bias, "output_bias": bias}
    layers = dense_layers(config, None, plain_mlp, mlp_bias=bias, norm_kind=kind, **attention)
    has_final_norm = config.do_layer_norm_before and not config._remove_final_layer_norm
    before, after = [learned_positions(config, config.max_position_embeddings + OFFSET)], []
    if table != hidden:
        before.append(matrix("embedding_projection", "project_in", table, hidden))
        after.append(matrix("embedding_projection", "project_out", hidden, table))
    return decoder(config, layers, kind if has_final_norm else NO_WEIGHT, before=before, after=after, table_width=table)
