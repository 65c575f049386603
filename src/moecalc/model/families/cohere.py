"""Command R and Aya: attention and feed-forward side by side behind one norm without a bias.

Query and key may be normalised over the whole projection. Command R7B and A slide a window in three of four layers.
"""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, PARALLEL, PERIOD_WINDOW_KEYS, decoder, dense_layers, periodic_windows

KEYS = COMMON_KEYS | GQA_KEYS | PERIOD_WINDOW_KEYS | {
    "attention_bias": flag(False),
    "use_qk_norm": flag(False),
    "sliding_window_pattern": size(4),
    "tie_word_embeddings": flag(True),
}


def describe(config):
    bias, norm = config.attention_bias, "projection" if config.use_qk_norm else None
    windows = periodic_windows(config, config.sliding_window_pattern)
    attention = {"qkv_bias": bias, "output_bias": bias, "qk_norm": norm}
    return decoder(config, dense_layers(config, windows, norms=PARALLEL, **attention))
