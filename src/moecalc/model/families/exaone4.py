"""EXAONE 4.0: norms behind attention and feed-forward and for each head of query and key, windows between full layers."""

import re

from ...base.errors import InputError, quoted
from ..keys import count
from ._parts import COMMON_KEYS, GQA_KEYS, PERIOD_WINDOW_KEYS, POST, decoder, dense_layers, periodic_windows


def _pattern(key, value):
    """Every how many layers one attends to all: a number, or letters such as LLLG, three local layers and a global one."""
    if not isinstance(value, str):
        return count()[0](key, value)
    if not re.fullmatch("L*G", value):
        raise InputError(f"{key} must be a number such as 4 or letters such as LLLG; found {quoted(value)}")
    return len(value)


KEYS = COMMON_KEYS | GQA_KEYS | PERIOD_WINDOW_KEYS | {"sliding_window_pattern": (_pattern, None)}


def describe(config):
    windows = periodic_windows(config, config.sliding_window_pattern)
    return decoder(config, dense_layers(config, windows, norms=POST, qk_norm="head"))
