"""Qwen3.5 with experts: the attention of the dense models, before experts and a gated shared one in every layer."""

from ..keys import without
from . import qwen3_5
from .qwen3_next import EXPERT_KEYS, feed_forward, hybrid

#: No layer is dense.
KEYS = without(qwen3_5.KEYS, "intermediate_size") | EXPERT_KEYS


def describe(config):
    return hybrid(config, lambda index: True, feed_forward, split=True, mtp_note=qwen3_5.mtp_note(config))
