"""LFM2 with experts: the mixers of the dense models, and experts behind a dense prefix."""

from ..keys import REQUIRED, flag, layer_count, names, size
from ._parts import FULL, decoder, experts_mlp, kinds_of_layers, layer, stack, swiglu
from .lfm2 import CONVOLUTION, MIXER_KEYS, SPELLING, mixer, name_of

KEYS = MIXER_KEYS | {
    "layer_types": names(FULL, CONVOLUTION, default=REQUIRED),
    "moe_intermediate_size": size(),
    "num_dense_layers": layer_count(),
    "num_experts": size(),
    "num_experts_per_tok": size(),
    "use_expert_bias": flag(True),
}

__all__ = ["KEYS", "SPELLING", "describe"]


def describe(config):
    def block(kind, moe):
        if not moe:
            mlp, biases = swiglu("dense_mlp", config.hidden_size, config.intermediate_size), 0
        else:
            mlp = experts_mlp(config, config.num_experts, config.moe_intermediate_size)
            biases = config.num_experts if config.use_expert_bias else 0
        return layer(config, name_of(kind, moe), mixer(config, kind), mlp, num_correction_biases=biases)

    kinds = [(kind, index >= config.num_dense_layers) for index, kind in enumerate(kinds_of_layers(config))]
    return decoder(config, stack(kinds, block))
