"""One layer to scale: each matrix is a rectangle of its own sides, what one token uses in strong colour."""

from ...model.anatomy import title
from ...model.config import load_model
from ...model.to_scale import NARROW, WIDE, groups_of, picture
from .._choices import NOTES, model_choice, notes
from .._define import Choice, Explorer, Metric, Number
from ._blocks import ROLES, chosen_blocks, chosen_experts, ranges

SCALES = (("shared", "the same for every model"), ("finest", "as large as fits"))
#: Decimals of a pixel that a chart is given.
DIGITS = 4


def rows_of(config, role: str = "last", token: int = 1, scale: str = "shared", frames: tuple = (WIDE, NARROW)) -> list:
    """The rectangles of a block as rows: one for each matrix, two for a matrix that each expert has.

    `frames` are the spaces for the picture on a laptop and on a phone.
    """
    tensors = [tensor for block in chosen_blocks(config, role) for tensor in block.tensors]
    groups = groups_of(tensors, config.hidden_size, chosen_experts(config, tensors, token))
    wide, narrow = (picture(groups, frame, scale == "finest") for frame in frames)
    return [
        _row(one.piece, one.label) | _placed("wide", one, wide) | _placed("narrow", other, narrow)
        for one, other in zip(wide.placed, narrow.placed, strict=True)
    ]


def _row(piece, label: str) -> dict:
    return {
        "name": piece.name,
        "component": title(piece.component),
        "shape": piece.shape,
        "params": piece.num_params,
        "state": "used" if piece.used else "idle",
        "flops": piece.flops,
        "label": label,
        "places": ranges(piece.places),
        "experts": ranges(piece.places) if len(piece.places) > 1 and piece.used else "",
    }


def _placed(screen: str, placed, drawn) -> dict:
    numbers = {
        "x": placed.x,
        "y": placed.y,
        "width": placed.width,
        "height": placed.height,
        "step_x": placed.step_x,
        "step_y": placed.step_y,
        "bottom": drawn.height,
    }
    numbers = {key: round(number, DIGITS) for key, number in numbers.items()}
    return {
        f"{screen}_{key}": value
        for key, value in {**numbers, "columns": placed.columns, "scale": drawn.weights_per_pixel}.items()
    }


def compute(model, block, token, scale):
    config = load_model(model)
    rows = rows_of(config, block, token, scale)
    blocks = chosen_blocks(config, block)
    experts = max(one.num_routed_experts for one in blocks)
    held = sum(row["params"] for row in rows)
    used = sum(row["params"] for row in rows if row["state"] == "used")

    def share(*components):
        found = sum(row["params"] for row in rows if row["component"] in components)
        return found / held if found else None

    metrics = {
        "layer_params": held,
        "token_params": used,
        "used_share": used / held,
        "attention_share": share("attention", "linear attention"),
        "experts_share": share("routed experts"),
        "experts": experts if experts > 1 else None,
        "experts_used": max(tensor.used for one in blocks for tensor in one.tensors) if experts > 1 else None,
        "matrix_flops": sum(row["flops"] for row in rows),
        "layers": {"ends": 1, "mtp": len(config.anatomy.mtp)}.get(block) or config.anatomy.layers.count(blocks[0]),
        "weights_per_pixel": rows[0]["wide_scale"],
    }
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="layer-to-scale",
    title="One layer, to scale",
    description="Each matrix of the layer is a rectangle of its own sides; its area is its number of parameters. The side "
    "that faces the hidden vector stands upright. What one token uses is in strong colour, the rest is pale; an expert is "
    "its three matrices side by side. Which experts a token uses is made up. Norms and biases are thinner than a line can "
    "be drawn.",
    controls=(
        model_choice(),
        Choice("block", "Block", "last", tuple(ROLES.items())),
        Number("token", "Token", 1, 1, 40, 1),
        Choice("scale", "Scale", "shared", SCALES),
    ),
    metrics={
        "layer_params": Metric("Parameters"),
        "token_params": Metric("A token uses"),
        "used_share": Metric("In use", "%", 1),
        "attention_share": Metric("Attention, of the layer", "%", 1),
        "experts_share": Metric("Routed experts, of the layer", "%", 1),
        "experts": Metric("Routed experts"),
        "experts_used": Metric("Experts of a token"),
        "matrix_flops": Metric("Forward FLOPs in its own matrices, a token", "FLOPs"),
        "layers": Metric("Layers like this one"),
        "weights_per_pixel": Metric("Weights on a pixel's side, wide picture"),
        "notes": NOTES,
    },
    columns={
        "name": Metric("Matrix"),
        "component": Metric("Part of"),
        "shape": Metric("Shape"),
        "params": Metric("Parameters"),
        "state": Metric("This token"),
        "flops": Metric("FLOPs", "FLOPs"),
        "experts": Metric("Which experts, from 0"),
    },
    compute=compute,
    says=("name", "component", "shape", "params", "state", "flops"),
    headline=("layer_params", "token_params", "used_share"),
)
