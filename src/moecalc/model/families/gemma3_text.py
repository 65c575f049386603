"""Gemma 3: Gemma 2's layers with norms of query and key; one layer in six attends to all."""

from ..keys import size
from . import gemma2

KEYS = gemma2.KEYS | {"sliding_window_pattern": size(6)}


def describe(config):
    return gemma2.describe(config, config.sliding_window_pattern, qk_norm="head")
