"""Blocks of a model that figures draw: which, what is in them, and which experts a token uses."""

from ...base.errors import InputError
from ...mechanisms.routing import drawn_affinities, route
from ...model.anatomy import MIXERS, Block, mixes_tokens

ENDS = "embedding and head"
#: What may be drawn: role -> words.
ROLES = {"last": "last layer", "first": "first layer", "other": "a third kind of layer", "mtp": "MTP module", "ends": ENDS}


def chosen_blocks(config, role: str) -> list:
    """The blocks of a role; an :class:`InputError` in one sentence where the model has none."""
    anatomy = config.anatomy
    if role == "ends":
        return [anatomy.embedding, anatomy.head]
    if role == "mtp":
        if not anatomy.mtp:
            why = anatomy.mtp_note or "its config names none"
            raise InputError(f"block cannot be mtp for {config.name}: {why}; choose first, last or ends")
        return [anatomy.mtp[0]]
    if role == "other":
        if not third_kind(anatomy):
            raise InputError(f"block cannot be other for {config.name}: its first and last layers are all kinds that it has")
        return third_kind(anatomy)
    return [anatomy.layers[0 if role == "first" else -1]]


def third_kind(anatomy) -> list:
    """The first layer that is neither as the first one nor as the last; empty where there is none."""
    ends = (anatomy.layers[0], anatomy.layers[-1])
    return [block for block in dict.fromkeys(anatomy.layers) if block not in ends][:1]


def in_token_order(block: Block) -> list:
    """Tensors, caches and score products of a block, as a token meets them.

    A bias follows its matrix. What is cached, and what is made of it, stands before the matrix that
    brings attention back to the width of the model: the last one of attention itself.
    """
    tensors = list(block.tensors)
    base = {tensor: tensor.name.removesuffix(".bias") for tensor in tensors}
    at = [(tensor.component, base[tensor]) for tensor in tensors]
    tensors.sort(key=lambda tensor: at.index((tensor.component, base[tensor])))
    # an indexer chooses first, what it chose is attended to
    scores = sorted(block.scores, key=lambda score: score.selected is not None)
    mixer = [tensor for tensor in tensors if mixes_tokens(tensor.component)]
    outputs = [tensor for tensor in mixer if tensor.component in MIXERS and tensor.multiplied]
    if not outputs:
        return [*tensors, *block.cache, *scores]
    last = [tensor for tensor in mixer if base[tensor] == base[outputs[-1]]]
    start = tensors.index(mixer[0])
    before, after = tensors[:start], [tensor for tensor in tensors[start:] if tensor not in mixer]
    inside = [tensor for tensor in mixer if tensor not in last]
    return [*before, *inside, *block.cache, *scores, *last, *after]


def ranges(places: list) -> str:
    """Whole numbers as ranges: 1-3, 5."""
    runs = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ", ".join(f"{first}-{end}" if end > first else f"{first}" for first, end in runs)


def chosen_experts(config, tensors, token: int) -> list:
    """The experts that a made-up token uses: drawn, and limited to groups where the model limits them."""
    copies, used = max((tensor.copies, tensor.used) for tensor in tensors)
    if copies == 1:
        return []
    groups = getattr(config, "n_group", None) or 1
    limit = getattr(config, "topk_group", None) or groups
    return route(drawn_affinities(copies, token), used, groups, limit)["experts"]
