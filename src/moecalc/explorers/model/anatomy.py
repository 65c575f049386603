"""One block of a model, tensor by tensor, in the order in which a token meets them."""

from ...base.errors import InputError
from ...model.anatomy import COMPONENTS, Block, Cache, Score, Tensor, title
from ...model.catalog import counted_slugs
from ...model.config import load_model
from ...model.flops import forward_flops_per_token
from ...model.params import num_total_params
from .._choices import model_choice
from .._define import Choice, Explorer, Metric, Number

BF16_BYTES = 2
ENDS = "embedding and head"
CACHE = "cache"

#: What may be drawn: role -> words.
ROLES = {"last": "last layer", "first": "first layer", "mtp": "MTP module", "ends": ENDS}


def components_in_use() -> list:
    """Every component of any model, in the order in which a token meets them, and the cache."""
    blocks = {block for slug in counted_slugs() for block in _blocks(load_model(slug).anatomy)}
    found = {tensor.component for block in blocks for tensor in block.tensors}
    found |= {score.name for block in blocks for score in block.scores}
    return [name for name in (*COMPONENTS, *sorted(found - set(COMPONENTS))) if name in found] + [CACHE]


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
    return [anatomy.layers[0 if role == "first" else -1]]


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
    mixer = [tensor for tensor in tensors if "attention" in tensor.component]
    outputs = [tensor for tensor in mixer if tensor.component.endswith("attention") and tensor.multiplied]
    if not outputs:
        return [*tensors, *block.cache, *scores]
    last = [tensor for tensor in mixer if base[tensor] == base[outputs[-1]]]
    start = tensors.index(mixer[0])
    before, after = tensors[:start], [tensor for tensor in tensors[start:] if tensor not in mixer]
    inside = [tensor for tensor in mixer if tensor not in last]
    return [*before, *inside, *block.cache, *scores, *last, *after]


def box_of(part, seq_len: int) -> dict:
    """A tensor, a score product or a cache as a box: shape, counts, and how each count comes about."""
    return {Tensor: _tensor, Score: _score, Cache: _cache}[type(part)](part, seq_len)


def _box(component, name, shape, **counts) -> dict:
    empty = {"formula": "", "params": 0, "activated": 0, "flops_formula": "", "flops": 0, "bytes": 0, "copies": 1, "used": 1}
    return {"component": component, "name": name, "shape": shape, **empty, **counts}


def _tensor(tensor, seq_len) -> dict:
    single = tensor.inputs == 1 and not tensor.multiplied
    shape = f"{tensor.outputs:,}" if single else f"{tensor.inputs:,} \u00d7 {tensor.outputs:,}"
    many = f"{tensor.copies:,} \u00d7 " if tensor.copies > 1 else ""
    used = f"{tensor.used:,} \u00d7 " if tensor.copies > 1 else ""
    return _box(
        tensor.component,
        tensor.name,
        many + shape,
        formula=many + shape if tensor.owned else "shared with the model, counted there",
        params=tensor.num_params,
        activated=tensor.num_activated_params,
        flops_formula=f"2 \u00d7 {used}{shape}" if tensor.multiplied else "",
        flops=tensor.flops,
        bytes=BF16_BYTES * tensor.num_params,
        copies=tensor.copies,
        used=tensor.used,
    )


def _score(score, seq_len) -> dict:
    return _box(
        score.name,
        title(score.name),
        f"{score.heads:,} heads of {score.width:,}",
        # a token meets itself and those before it: half of the sequence, on average
        flops_formula=f"2 \u00d7 {seq_len:,} / 2 \u00d7 {score.heads:,} \u00d7 {score.width:,}",
        flops=score.flops(seq_len) // 2,
    )


def _cache(cache, seq_len) -> dict:
    of = "a sequence" if cache.once else "a token"
    window = f", of the last {cache.window:,}" if cache.window else ""
    return _box(
        CACHE,
        cache.name,
        f"{cache.elements:,} numbers {of}{window}",
        bytes=BF16_BYTES * cache.elements if cache.bytes is None else cache.bytes,
    )


def _blocks(anatomy) -> list:
    return [anatomy.embedding, *dict.fromkeys(anatomy.layers), anatomy.head, *anatomy.mtp[:1]]


def pattern(config, chosen: list, seq_len: int) -> list:
    """The model as a row of layers: one row for each kind, with the places where it stands."""
    anatomy = config.anatomy
    last = len(anatomy.layers)
    kinds = {"ends": ([anatomy.embedding, anatomy.head], [0, last + 1])}
    for place, block in enumerate(anatomy.layers, start=1):
        kinds.setdefault(block, ([block], []))[1].append(place)
    if anatomy.mtp:
        kinds["mtp"] = ([anatomy.mtp[0]], [last + 2 + index for index in range(len(anatomy.mtp))])
    rows = []
    for kind, (blocks, places) in kinds.items():
        boxes = [box_of(part, seq_len) for block in blocks for part in in_token_order(block)]
        count = 1 if kind == "ends" else len(places)
        name = ENDS if kind == "ends" else blocks[0].name
        rows.append(
            _box(
                "all of them",
                f"{count:,} \u00d7 {name}" if count > 1 else name,
                {"ends": "before and after", "mtp": "beside the layers"}.get(kind) or f"layers {ranges(places)}",
                formula=f"{count:,} \u00d7 {sum(box['params'] for box in boxes):,}",
                **{key: count * sum(box[key] for box in boxes) for key in ("params", "activated", "flops")},
                bytes=count * sum(box["bytes"] for box in boxes if box["component"] != CACHE),
            )
            | {"part": "pattern", "places": ranges(places), "selected": blocks == chosen}
        )
    return rows


def ranges(places: list) -> str:
    """Whole numbers as ranges: 1-3, 5."""
    runs = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ", ".join(f"{first}-{end}" if end > first else f"{first}" for first, end in runs)


def compute(model, block, box, seq_len):
    config = load_model(model)
    blocks = chosen_blocks(config, block)
    boxes = [box_of(part, seq_len) for one in blocks for part in in_token_order(one)]
    rows = [one | {"part": "box", "places": "", "selected": one["component"] == box} for one in boxes]
    chosen = [row for row in rows if row["selected"]]
    if not chosen:
        none = _box(box, _words(box), "none in this block", formula="none in this block")
        rows.append(none | {"part": "absent", "places": "", "selected": True})
    kinds = pattern(config, blocks, seq_len)
    count = {"ends": 1, "mtp": len(config.anatomy.mtp)}.get(block) or config.anatomy.layers.count(blocks[0])
    total = {key: sum(one[key] for one in boxes) for key in ("params", "activated", "flops")}
    cached, kept = (
        sum(_cache(cache, seq_len)["bytes"] for one in blocks for cache in one.cache if cache.once == once)
        for once in (False, True)
    )
    metrics = {
        "block_params": total["params"],
        "block_activated": total["activated"],
        "block_flops": total["flops"],
        "block_bytes": BF16_BYTES * total["params"],
        "blocks": count,
        "block_share": None if block == "mtp" else count * total["params"] / num_total_params(config),
        "flops_share": None if block == "mtp" else count * total["flops"] / forward_flops_per_token(config, seq_len),
        "cache_bytes": cached or None,
        "state_bytes": kept or None,
        "box_params": sum(row["params"] for row in chosen),
        "box_activated": sum(row["activated"] for row in chosen),
        "box_flops": sum(row["flops"] for row in chosen),
        "box_bytes": sum(row["bytes"] for row in chosen),
    }
    # how long the row of cells is: the ends, the layers, the modules beside them
    last = 2 + len(config.anatomy.layers) + len(config.anatomy.mtp)
    return metrics, [row | {"component": _words(row["component"]), "last": last} for row in [*kinds, *rows]]


def _words(component: str) -> str:
    return "cache" if component == CACHE else title(component)


EXPLORER = Explorer(
    name="anatomy",
    title="One block of a model, box by box",
    description="Above, the model as a row of cells, one a layer, those of the chosen kind in strong colour. Below, the "
    "boxes of one such block in the order in which a token meets them, each with its shape, parameters, FLOPs a token and "
    "bytes; the chosen boxes are marked, and their counts are worked out at the end.",
    headline=("block_params", "block_activated", "block_flops"),
    controls=(
        model_choice(),
        Choice("block", "Block", "last", tuple(ROLES.items())),
        Choice("box", "Boxes to work out", "attention", tuple((name, _words(name)) for name in components_in_use())),
        Number("seq_len", "Sequence length", 4096, 128, 1_048_576, 128, "tokens", "log"),
    ),
    metrics={
        "block_params": Metric("One such block, parameters"),
        "block_activated": Metric("One token uses of them"),
        "block_flops": Metric("Forward FLOPs, a token", "FLOPs"),
        "block_bytes": Metric("Weights in BF16", "bytes"),
        "blocks": Metric("Such blocks in the model"),
        "block_share": Metric("All of them, of the model's parameters", "%", 2),
        "flops_share": Metric("All of them, of its forward FLOPs", "%", 2),
        "cache_bytes": Metric("One block's cache, a token", "bytes"),
        "state_bytes": Metric("One block's state, a sequence", "bytes"),
        "box_params": Metric("Chosen boxes, parameters"),
        "box_activated": Metric("Chosen boxes, used by a token"),
        "box_flops": Metric("Chosen boxes, FLOPs a token", "FLOPs"),
        "box_bytes": Metric("Chosen boxes in BF16", "bytes"),
    },
    columns={
        "name": Metric("Box"),
        "component": Metric("Part of"),
        "shape": Metric("Shape"),
        "formula": Metric("Parameters, worked out"),
        "params": Metric("Parameters"),
        "activated": Metric("One token"),
        "flops_formula": Metric("FLOPs, worked out"),
        "flops": Metric("FLOPs"),
        "bytes": Metric("Bytes"),
    },
    compute=compute,
)
