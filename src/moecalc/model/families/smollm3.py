"""SmolLM3: Llama's form; layers without rotary positions may slide a window."""

from ..keys import flag, names, size
from . import llama
from ._parts import FULL, PERIOD_WINDOW_KEYS, SLIDING, decoder, dense_layers, kinds_of_layers, window_of_kinds

KEYS = llama.KEYS | PERIOD_WINDOW_KEYS | {
    "use_sliding_window": flag(False),
    "no_rope_layers": names(0, 1),
    "no_rope_layer_interval": size(4),
}


def describe(config):
    bias = config.attention_bias
    rotary = kinds_of_layers(config, lambda index: (index + 1) % config.no_rope_layer_interval != 0, "no_rope_layers")
    kinds = kinds_of_layers(config, lambda index: SLIDING if config.use_sliding_window and not rotary[index] else FULL)
    how = {"mlp_bias": config.mlp_bias, "qkv_bias": bias, "output_bias": bias}
    return decoder(config, dense_layers(config, window_of_kinds(config, kinds), **how))
