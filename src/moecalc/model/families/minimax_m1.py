"""MiniMax-M1, shaped as MiniMax-Text-01: seven layers of lightning attention to one of softmax attention, with experts."""

from ..anatomy import Cache, matrix, vector
from ..keys import REQUIRED, names
from ._parts import (
    COMMON_KEYS,
    GQA_KEYS,
    LINEAR,
    decoder,
    experts_mlp,
    gqa_attention,
    head_size,
    kinds_of_layers,
    layer,
    layer_name,
    stack,
)
from .minimax_m2 import KEYS as M2_KEYS
from .minimax_m2 import check_shared

LIGHTNING = 0  #: in ``attn_type_list``; 1 is softmax attention

KEYS = COMMON_KEYS | GQA_KEYS | {
    **{key: M2_KEYS[key] for key in ("num_local_experts", "num_experts_per_tok", "shared_intermediate_size")},
    "attn_type_list": names(LIGHTNING, 1, default=REQUIRED),
}

FLOPS_NOTE = "the products inside lightning attention are not counted: how many there are depends on the size of its blocks"


def lightning_attention(config):
    """Linear attention with a decay, a norm and an output gate: its state is of one size, however long the sequence."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    head_dim = head_size(config)
    width = heads * head_dim
    tensors = [
        matrix(LINEAR, "qkv_proj", hidden, 3 * width, shards=heads),
        vector(LINEAR, "norm", width, shards=heads),
        matrix(LINEAR, "output_gate", hidden, width, shards=heads),
        matrix(LINEAR, "out_proj", width, hidden, shards=heads),
    ]
    return tensors, [], [Cache("state", heads * head_dim * head_dim, once=True, shards=heads)]


def layers_of(config, kinds):
    """The model of which each layer has lightning attention or not."""

    def block(lightning):
        attention = lightning_attention(config) if lightning else gqa_attention(config)
        experts = experts_mlp(config, config.num_local_experts, config.intermediate_size)
        return layer(config, layer_name(True, linear=lightning), attention, experts)

    return decoder(config, stack([(kind,) for kind in kinds], block), flops_note=FLOPS_NOTE if True in kinds else None)


def describe(config):
    check_shared(config)
    return layers_of(config, [kind == LIGHTNING for kind in kinds_of_layers(config, key="attn_type_list")])
