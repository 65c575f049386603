"""MiMo-7B: Qwen2's layers, and multi-token prediction modules that have one such layer each."""

from ..keys import layer_count
from . import qwen2
from .deepseek_v3 import mtp_module

KEYS = qwen2.KEYS | {"num_nextn_predict_layers": layer_count(None)}


def describe(config):
    model = qwen2.describe(config)
    return model.replace(mtp=[mtp_module(config, model.layers[-1])] * (config.num_nextn_predict_layers or 0))
