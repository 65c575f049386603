"""Gemma 3n: four streams that each layer predicts and corrects (AltUp), a narrow way beside attention (Laurel), a second
embedding for every layer, and upper layers that share keys and values.
"""

from ..anatomy import matrix, vector
from ..keys import flag, names, size, sizes
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    SANDWICH,
    SLIDING,
    decoder,
    gqa_attention,
    kinds_of_layers,
    layer,
    layer_name,
    norm,
    stack,
    swiglu,
)
from ._per_layer import PER_LAYER_KEYS, per_layer_input, per_layer_table, shares_keys, without

KEYS = COMMON_KEYS | GQA_KEYS | PER_LAYER_KEYS | {
    "intermediate_size": sizes(),
    "hidden_size_per_layer_input": size(),
    "head_dim": size(),
    "attention_bias": flag(False),
    "sliding_window": size(),
    "layer_types": names(FULL, SLIDING),
    "altup_num_inputs": size(),
    "laurel_rank": size(),
}


def streams(config):
    """AltUp in a layer: a router whose output says how streams predict each other, and how much each is corrected."""
    hidden, num = config.hidden_size, config.altup_num_inputs
    router = matrix("altup", "modality_router", hidden, num)
    return [
        *norm("router_norm", hidden, component="altup"),
        router,
        router._replace(name="modality_router again", owned=False),  # once to predict, once to correct
        matrix("altup", "prediction_coefs", num, num * num),
        # no weights: what prediction_coefs gave is multiplied with each number of the streams
        matrix("altup", "predictions", num, num * hidden, owned=False),
        matrix("altup", "correction_coefs", num, num),
        vector("altup", "correct_output_scale", hidden),
    ]


def narrow_way(config):
    """Laurel: down to a few numbers and up again, beside attention."""
    hidden, rank = config.hidden_size, config.laurel_rank
    ways = [matrix("laurel", "linear_left", hidden, rank), matrix("laurel", "linear_right", rank, hidden)]
    return [*ways, *norm("post_laurel_norm", hidden, component="laurel")]


def describe(config):
    hidden, bias, further = config.hidden_size, config.attention_bias, config.altup_num_inputs - 1

    def block(kind, width, shared):
        window = config.sliding_window if kind == SLIDING else None
        attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")
        if shared:
            attention = without(attention, "k_", "v_", cached=False)
        mlp = narrow_way(config) + swiglu("dense_mlp", hidden, width)
        after = streams(config) + per_layer_input(config)
        return layer(config, layer_name(False, window), attention, mlp, norms=SANDWICH, after=after)

    kinds = kinds_of_layers(config, lambda index: SLIDING if (index + 1) % 5 else FULL)
    widths = kinds_of_layers(config, lambda index: config.intermediate_size, "intermediate_size")
    split = [matrix("altup", f"altup_projections.{index}", hidden, hidden) for index in range(further)]
    join = [matrix("altup", f"altup_unembed_projections.{index}", hidden, hidden) for index in range(further)]
    order = stack(list(zip(kinds, widths, shares_keys(config), strict=True)), block)
    return decoder(config, order, before=[*per_layer_table(config), *split], after=join)
