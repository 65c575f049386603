"""Granite MoE with a shared expert beside the others."""

from ..keys import count
from . import granitemoe

KEYS = granitemoe.KEYS | {"shared_intermediate_size": count(0)}


def describe(config):
    return granitemoe.describe(config, config.shared_intermediate_size)
