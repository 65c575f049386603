"""ERNIE 4.5, dense: Llama's form, with one flag for all biases."""

from . import llama

KEYS = llama.KEYS
SPELLING = {"attention_bias": ("use_bias",), "mlp_bias": ("use_bias",)}
describe = llama.describe
