"""Checks of what the talk says about multi-token prediction."""

import math

from ..base.units import show
from ..facts import models, tables
from ..mechanisms.mtp import depth_loss, mtp_loss
from ..model.config import load_model
from ..model.flops import forward_flops_per_token
from ..model.params import num_total_params
from .evidence import Evidence, Part
from .registry import check, report_fact

V3 = "deepseek-v3"

#: Probabilities of the right token at depths 1 and 2 of a sequence of four, to work the equations on.
EXAMPLE = ((0.5, 0.25, 0.8), (0.4, 0.1))
EXAMPLE_WEIGHT = 0.3


@check("C52")
def loss(claim):
    length = len(EXAMPLE[0]) + 1
    products = [math.prod(one) for one in EXAMPLE]  # a sum of logarithms by a second route
    losses = [depth_loss(one, depth) for depth, one in enumerate(EXAMPLE, start=1)]
    entropy = all(
        math.isclose(found, math.log(1 / product) / length) for found, product in zip(losses, products, strict=True)
    )
    mean = math.isclose(mtp_loss(losses, EXAMPLE_WEIGHT), EXAMPLE_WEIGHT * math.fsum(losses) / len(losses))
    weight = report_fact("load balancing", "mtp_loss_weight")
    return Evidence(
        (Part("True", entropy, name="cross entropy of a depth"), Part("True", mean, name="mean over depths, weighted")),
        convention="as printed, over T, although depth k has T - k terms",
        note=f"V3 has a depth of {report_fact('model', 'mtp_depth').value}, and lambda {weight.value}, then "
        f"{report_fact('load balancing', 'mtp_loss_weight_at_end').value}.",
        shown="cross entropy of each depth; lambda times their mean",
        cite=weight,
    )


@check("C96")
def parts_of_the_module(claim):
    config = load_model(V3)
    (module,) = config.anatomy.mtp
    layer = config.anatomy.layers[-1]
    own = [tensor for tensor in module.tensors if tensor.owned and tensor not in layer.tensors]
    beside = {tensor.component: tensor for tensor in own if tensor.multiplied}
    projection = beside["mtp_projection"]
    return Evidence(
        (
            Part("True", all(tensor.component != "embedding" for tensor in own), name="shares the embedding"),
            Part("True", all(tensor.component != "lm_head" for tensor in own), name="shares the output head"),
            Part("True", all(tensor in module.tensors for tensor in layer.tensors), name="owns one Transformer block"),
            Part("True", any("mlp" in component for component in beside), name="owns an MLP beside it"),
        ),
        own=show(module.num_params, "parameters"),
        convention="shared embedding and head not counted again",
        shown="shared embedding and head, one Transformer block, one projection; no MLP beside the block",
        note=f"Beside the block stands one projection of {projection.inputs:,} x {projection.outputs:,}, and norms; "
        "the feed-forward part is the block's own, with its experts.",
        cite=models.model_facts(V3)["mtp_module"],
    )


@check("C97")
def use_at_inference(claim):
    config = load_model(V3)
    without = config.replace(num_nextn_predict_layers=0)
    same = num_total_params(without) == num_total_params(config) and (
        forward_flops_per_token(without, 4096) == forward_flops_per_token(config, 4096)
    )
    gain = tables.lookup("serving", "MTP speculative decoding", "tps_gain")
    return Evidence(
        (
            Part("True", same, name="may be dropped"),
            Part("True", stated=gain.value > 1, fact=gain, name="serves speculative decoding"),
        ),
        shown="the model without it is whole; speculative decoding is published with a gain",
        note=f"DeepSeek reports {gain.value} times the tokens a second with it.",
        cite=gain,
    )
