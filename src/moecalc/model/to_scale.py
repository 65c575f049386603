"""Blocks drawn to scale: each learned matrix is a rectangle of its own sides.

The side that faces the hidden vector stands upright, so that matrices of one model share a height; of other matrices
the shorter side does. An area is therefore a number of parameters, at any scale.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..base.errors import InputError
from ..base.units import si
from .anatomy import Tensor, title

NORMS = ("norms", "attention_internal_norms")
#: Weights on the side of a pixel, from the finest.
SCALES = tuple(step * 2**power for power in range(2, 23) for step in (4, 5, 6, 7))


class Frame(NamedTuple):
    """The space for a picture."""

    width: float  #: [pixels]
    height: float  #: [pixels]
    weights_per_pixel: int  #: on the side of a pixel, unless the picture would not fit
    label_height: float = 15.0  #: above each group [pixels]
    character_width: float = 6.2  #: of a label [pixels]
    text_size: float = 11.0  #: of a label [pixels]
    gap: float = 2.0  #: between the matrices of a group [pixels]
    cell_gap: float = 1.2  #: between experts [pixels]


#: As wide as the column of the picture on a page of 1280 pixels.
WIDE = Frame(656, 370, 320, label_height=14.0, character_width=5.9, text_size=10.5, gap=1.6, cell_gap=1.0)
#: A pixel of a phone stands for four times the weights, or DeepSeek-V3 would not fit.
NARROW = Frame(360, 252, 512, label_height=14.0, character_width=5.6, text_size=10.0, gap=1.5, cell_gap=0.75)


class Piece(NamedTuple):
    """A matrix, or several alike that stand in a field of cells: those that a token uses, or those that it does not."""

    component: str
    name: str
    shape: str
    height: int  #: [weights]
    width: int  #: [weights]
    flops: int  #: of all of them, for one token
    used: bool = True
    places: tuple = (0,)  #: cells of the field where it stands
    right: int = 0  #: from the left of its cell [weights]
    down: int = 0  #: from the top of its cell [weights]

    @property
    def num_params(self) -> int:
        return self.height * self.width * len(self.places)


class Group(NamedTuple):
    """The pieces of one component, under one label."""

    label: str
    pieces: tuple
    num_cells: int = 1  #: experts of a field
    height: int = 0  #: of a cell [weights]
    width: int = 0  #: of a cell [weights]


class Placed(NamedTuple):
    """Where a piece stands; its copy in cell i is `i % columns` steps to the right, `i // columns` down [pixels]."""

    piece: Piece
    x: float
    y: float
    width: float
    height: float
    label: str = ""  #: of the group that it is the first of
    columns: int = 1
    step_x: float = 0.0
    step_y: float = 0.0

    def rectangles(self) -> list:
        """(x, y, width, height) of every copy."""
        cells = [divmod(place, self.columns) for place in self.piece.places]
        return [
            (self.x + column * self.step_x, self.y + row * self.step_y, self.width, self.height) for row, column in cells
        ]


class Picture(NamedTuple):
    """Where every piece stands, and at what scale."""

    placed: tuple  #: in the order of the pieces
    weights_per_pixel: int  #: on the side of a pixel
    height: float  #: of what is drawn [pixels]


def groups_of(tensors: Sequence[Tensor], hidden: int, chosen: Collection[int] = ()) -> tuple:
    """Learned tensors as pieces, by component; norms behind the other matrices, the field of experts at the end.

    A tensor that belongs to another part of the model is left out. `chosen` are the experts that a token uses, as many
    as it may use, where there is a choice; `hidden` is the size of the hidden vector. The pieces' parameters sum to
    those of the tensors, and those of the pieces in use to the activated ones.

    Examples
    --------
    >>> layer = load_model("deepseek-v3").anatomy.layers[-1]
    >>> [group.label for group in groups_of(layer.tensors, 7168, range(8))][-1]
    'routed experts 11.3 B, a token uses 8 of 256'
    """
    components, most = {}, max((tensor.copies for tensor in tensors), default=1)
    for tensor in tensors:
        if tensor.owned:
            name = "norms" if tensor.component in NORMS and tensor.copies == 1 else tensor.component
            components.setdefault((name, tensor.copies, tensor.used), []).append(tensor)

    def behind(kind):
        name, copies, _ = kind
        return (copies > 1, name == "norms")

    # a token's choice is among the largest field; of a smaller one it takes the first
    fields = {kind: chosen if kind[1] == most else range(kind[2]) for kind in components}
    return tuple(
        _group(kind[0], components[kind], hidden, sorted(fields[kind])) for kind in sorted(components, key=behind)
    )


def _group(component: str, tensors: list, hidden: int, chosen: list) -> Group:
    total = si(sum(tensor.num_params for tensor in tensors), digits=3)
    copies, used = tensors[0].copies, tensors[0].used
    label = "" if component == "norms" else f"{title(component)} {total}"
    if copies == 1:
        return Group(label, tuple(_piece(tensor, hidden) for tensor in tensors))
    if len(set(chosen)) != used or not set(chosen) <= set(range(copies)):
        raise InputError(f"chosen must be {used} of the {copies} experts; found {chosen}")
    pieces, width, height = _cell([_piece(tensor, hidden) for tensor in tensors], hidden)
    idle = tuple(place for place in range(copies) if place not in chosen)
    busy = [piece._replace(places=tuple(chosen), shape=f"{used:,} \u00d7 {piece.shape}") for piece in pieces]
    resting = [_idle(run, idle) for run in _runs(pieces)] if idle else []
    return Group(f"{label}, a token uses {used:,} of {copies:,}", (*busy, *resting), copies, height, width)


def _piece(tensor: Tensor, hidden: int) -> Piece:
    inputs, outputs = tensor.inputs, tensor.outputs
    height = hidden if hidden in (inputs, outputs) else min(inputs, outputs)
    shape = f"{inputs:,} \u00d7 {outputs:,}" if inputs > 1 or tensor.multiplied else f"{outputs:,}"
    return Piece(tensor.component, tensor.name, shape, height, inputs * outputs // height, tensor.flops)


def _cell(pieces: list, hidden: int) -> tuple:
    """The pieces of an expert: upright ones side by side, what has no hidden side below them; and the cell's sides."""
    # experts of a smaller vector have nothing upright
    placed, right, down = [], 0, hidden if any(piece.height == hidden for piece in pieces) else 0
    for piece in pieces:
        if piece.height == hidden:
            placed.append(piece._replace(right=right))
            right += piece.width
        else:
            placed.append(piece._replace(down=down))
            down += piece.height
    return placed, max(piece.right + piece.width for piece in placed), down


def _runs(pieces: list) -> list:
    """Pieces of an expert that touch and are of one shape and height: drawn as one where they rest."""
    runs = []
    for piece in pieces:
        last = runs[-1][-1] if runs else None
        touches = last and last.right + last.width == piece.right and last.down == piece.down
        if touches and (last.height, last.width) == (piece.height, piece.width):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _idle(run: list, places: tuple) -> Piece:
    first = run[0]
    return first._replace(
        name="idle: " + ", ".join(piece.name for piece in run),
        shape=" \u00d7 ".join([f"{len(places):,}", *([str(len(run))] if len(run) > 1 else []), first.shape]),
        width=sum(piece.width for piece in run),
        flops=0,
        used=False,
        places=places,
    )


def picture(groups: Sequence[Group], frame: Frame = WIDE, finest: bool = False) -> Picture:
    """Where each rectangle stands: groups from left to right in shelves, the field of experts below them.

    It keeps to the scale of the frame where it fits; `finest` fills the frame instead, at a scale of its own.
    """
    for scale in SCALES:
        if finest or scale >= frame.weights_per_pixel:
            placed, width, height = _shelves(groups, frame, scale)
            if width <= frame.width and height <= frame.height:
                return Picture(tuple(placed), scale, height)
    raise InputError(f"a picture of {len(groups)} groups fits {frame.width} x {frame.height} pixels at no scale")


def _shelves(groups, frame: Frame, scale: int) -> tuple:
    """Every piece at its place, and how wide and high that makes the picture."""
    placed, x, y, shelf, widest = [], 0.0, 0.0, 0.0, 0.0
    for group in groups:
        field = group.num_cells > 1
        parts, width, height = (_field if field else _row)(group, frame, scale)
        space = max(width, len(group.label) * frame.character_width)
        if x and (field or x + space > frame.width):
            x, y, shelf = 0.0, y + shelf + 2 * frame.gap, 0.0
        top = y + (frame.label_height if group.label else 0.0)
        for number, part in enumerate(parts):
            placed.append(part._replace(x=x + part.x, y=top + part.y, label="" if number else group.label))
        widest, shelf = max(widest, x + width), max(shelf, top - y + height)
        x += space + 6 * frame.gap
    return placed, widest, y + shelf


def _row(group: Group, frame: Frame, scale: int) -> tuple:
    """Upright matrices side by side, lower ones stacked behind them, single lines below; in as many lines as it takes."""
    tallest = max(piece.height for piece in group.pieces)
    lines = [piece for piece in group.pieces if piece.height == 1 < tallest]
    upright = [[piece] for piece in group.pieces if piece.height == tallest]
    lower = [piece for piece in group.pieces if 1 < piece.height < tallest]
    at, x, y, widest = {}, 0.0, 0.0, 0.0
    for column in [*upright, *_stacked(lower, tallest / scale, frame.gap, scale)]:
        width = max(piece.width for piece in column) / scale
        if x and x + width > frame.width:
            x, y = 0.0, y + tallest / scale + frame.gap
        down = y
        for piece in column:
            at[piece] = (x, down)
            down += piece.height / scale + frame.gap
        widest, x = max(widest, x + width), x + width + frame.gap
    bottom = y + tallest / scale
    for piece in lines:
        at[piece] = (0.0, bottom)
        bottom += piece.height / scale
        widest = max(widest, piece.width / scale)
    return [Placed(piece, *at[piece], piece.width / scale, piece.height / scale) for piece in group.pieces], widest, bottom


def _stacked(pieces: list, room: float, gap: float, scale: int) -> list:
    """Columns of pieces, none higher than there is room for."""
    columns, height = [], 0.0
    for piece in pieces:
        if columns and height + gap + piece.height / scale <= room:
            columns[-1].append(piece)
            height += gap + piece.height / scale
        else:
            columns.append([piece])
            height = piece.height / scale
    return columns


def _field(group: Group, frame: Frame, scale: int) -> tuple:
    """Experts in a grid, as many in a row as there is room for, in rows of nearly one length."""
    step_x, step_y = group.width / scale + frame.cell_gap, group.height / scale + frame.cell_gap
    most = max(1, int((frame.width + frame.cell_gap) / step_x))
    rows = -(-group.num_cells // most)
    columns = -(-group.num_cells // rows)
    placed = [
        Placed(
            piece,
            piece.right / scale,
            piece.down / scale,
            piece.width / scale,
            piece.height / scale,
            "",
            columns,
            step_x,
            step_y,
        )
        for piece in group.pieces
    ]
    return placed, columns * step_x - frame.cell_gap, rows * step_y - frame.cell_gap
