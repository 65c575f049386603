"""One block of a model, tensor by tensor, in the order in which a token meets them."""

from typing import NamedTuple

from ...facts import models
from ...model.anatomy import COMPONENTS, MIXERS, Cache, Score, Tensor, title
from ...model.catalog import counted_slugs
from ...model.config import load_model
from ...model.flops import forward_flops_per_token
from ...model.params import num_total_params
from .._choices import NOTES, model_choice, notes
from .._define import Choice, Explorer, Metric, Number
from ._blocks import ENDS, ROLES, chosen_blocks, chosen_experts, in_token_order, ranges, third_kind
from ._drawing import boxes_of, drawings, legend_of, lines_of

BF16_BYTES = 2
CACHE = "cache"
#: What the bars in the boxes may show: key of a row -> words.
BARS = {"flops": "FLOPs of a token", "params": "parameters", "activated": "parameters of a token", "bytes": "bytes in BF16"}


def components_in_use() -> list:
    """Every component of any model, in the order in which a token meets them, and the cache."""
    blocks = {block for slug in counted_slugs() for block in _blocks(load_model(slug).anatomy)}
    found = {tensor.component for block in blocks for tensor in block.tensors}
    found |= {score.name for block in blocks for score in block.scores}
    return [name for name in (*COMPONENTS, *sorted(found - set(COMPONENTS))) if name in found] + [CACHE]


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
            | {"part": "pattern", "places": ranges(places), "selected": blocks == chosen, "role": _role(anatomy, kind)}
        )
    return rows


def _role(anatomy, kind) -> str | None:
    """What the control calls a kind of block."""
    if kind in ROLES:
        return kind
    third = dict.fromkeys(third_kind(anatomy), "other")
    return ({anatomy.layers[0]: "first", anatomy.layers[-1]: "last"} | third).get(kind)


def _drawn(config, blocks: list, parts: list) -> tuple:
    """Keys of the boxes' rows that draw them, and those of one row that draw all between them."""
    drawn = drawings(blocks, config.hidden_size)
    places = boxes_of(drawn)
    tensors = [tensor for block in blocks for tensor in block.tensors]
    copies, experts = max(tensor.copies for tensor in tensors), chosen_experts(config, tensors, 1)
    field = {"experts": copies, "experts_used": ranges(sorted(experts))} if copies > 1 else {}
    return [places[id(part)] for part in parts], lines_of(drawn) | field


def compute(model, block, box, bars, seq_len):
    config = load_model(model)
    blocks = chosen_blocks(config, block)
    parts = [part for one in blocks for part in in_token_order(one)]
    boxes = [box_of(part, seq_len) for part in parts]
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
    places, lines = _drawn(config, blocks, parts)
    rows = [row | place for row, place in zip(rows, places, strict=False)] + rows[len(places) :]
    kinds = [row | place for row, place in zip(kinds, legend_of([row["name"] for row in kinds]), strict=True)]
    kinds[0] |= lines | {"bars": bars}
    # how long the row of cells is: the ends, the layers, the modules beside them
    last = 2 + len(config.anatomy.layers) + len(config.anatomy.mtp)
    told = [row | {"component": _words(row["component"]), "last": last} for row in [*kinds, *rows]]
    return metrics | {"notes": notes(config)}, told


def _words(component: str) -> str:
    return "cache" if component == CACHE else title(component)


EXPLORER = Explorer(
    name="anatomy",
    title="One block of a model, box by box",
    description="Above, the model as a row of cells, one a layer, those of the chosen kind in strong colour. Below, one "
    "such block as a graph: a token flows from left to right, the thick line is the residual stream, and a box is a "
    "matrix, a product of tokens with tokens, or a cache. A bar says how much a box has, beside the largest; numbers on "
    "arrows are the shape of what one token sends. The chosen boxes are filled, and worked out below. Which experts a "
    "token uses is made up.",
    headline=("block_params", "block_activated", "block_flops"),
    controls=(
        model_choice(),
        Choice("block", "Block", "last", tuple(ROLES.items())),
        Choice("box", "Boxes to work out", "attention", tuple((name, _words(name)) for name in components_in_use())),
        Choice("bars", "Bars show", "flops", tuple(BARS.items())),
        Number("seq_len", "Sequence length", 4096, 128, 1_048_576, 128, "tokens", "log"),
    ),
    metrics={
        "block_params": Metric("Parameters"),
        "block_activated": Metric("A token uses"),
        "block_flops": Metric("Forward, a token", "FLOPs"),
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
        "notes": NOTES,
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
    picks={"box": "component", "block": "role"},
)


class LastLayer(NamedTuple):
    """The last layer of a model: how many are like it, and what it holds."""

    model: str
    layers: int
    alike: int
    params: int
    used: float  #: share of it that a token uses
    attention: float  #: share of it that attention's matrices are
    flops: int  #: of a token


def last_layers() -> list:
    """:class:`LastLayer` of every model that can be counted."""
    kinds = [box for box in MIXERS if box in components_in_use()]
    found = []
    for slug in counted_slugs():
        one, *others = (EXPLORER.run({"model": slug, "box": box}).metrics for box in kinds)
        attention = sum(each["box_params"] for each in (one, *others))
        name = models.model(slug)["name"].partition(" (")[0]
        shares = one["block_activated"] / one["block_params"], attention / one["block_params"]
        sizes = len(load_model(slug).anatomy.layers), one["blocks"], one["block_params"]
        found.append(LastLayer(name, *sizes, *shares, one["block_flops"]))
    return found
