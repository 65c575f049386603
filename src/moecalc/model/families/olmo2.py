"""OLMo 2 and 3: norms behind attention and feed-forward, query and key normalised over the whole projection.

OLMo 3 slides a window in three of four layers.
"""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, PERIOD_WINDOW_KEYS, POST, decoder, dense_layers, periodic_windows

KEYS = COMMON_KEYS | GQA_KEYS | PERIOD_WINDOW_KEYS | {"attention_bias": flag(False)}


def describe(config):
    bias, windows = config.attention_bias, periodic_windows(config, 4)
    how = {"qkv_bias": bias, "output_bias": bias, "qk_norm": "projection"}
    return decoder(config, dense_layers(config, windows, norms=POST, **how))
