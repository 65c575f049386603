"""Apertus: query and key normalised head by head; a feed-forward of two matrices whose activation learns two numbers."""

from ..anatomy import vector
from ..keys import flag, word
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False), "hidden_act": word("xielu")}


def xielu_mlp(component, hidden, intermediate, bias=False):
    """A feed-forward of two matrices with the two learned numbers of xIELU between them."""
    up, *down = plain_mlp(component, hidden, intermediate, bias)
    return [up, vector(component, "act_fn.alpha_p", 1), vector(component, "act_fn.alpha_n", 1), *down]


def describe(config):
    bias, mlp = config.attention_bias, xielu_mlp if config.hidden_act == "xielu" else plain_mlp
    return decoder(config, dense_layers(config, None, mlp, qkv_bias=bias, output_bias=bias, qk_norm="head"))
