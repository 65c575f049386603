"""Qwen3.5, dense: Qwen3-Next's two kinds of attention, each gate with a projection of its own, before one feed-forward."""

from ..keys import layer_count
from ._parts import swiglu
from .qwen3_next import HYBRID_KEYS, MTP_NOTE, hybrid

KEYS = HYBRID_KEYS | {"mtp_num_hidden_layers": layer_count(None)}


def mtp_note(config):
    """Why the prediction modules are not counted, unless the config says that there are none."""
    return None if config.mtp_num_hidden_layers == 0 else MTP_NOTE


def feed_forward(config, moe):
    """One gated feed-forward."""
    return swiglu("dense_mlp", config.hidden_size, config.intermediate_size)


def describe(config):
    return hybrid(config, lambda index: False, feed_forward, split=True, mtp_note=mtp_note(config))
