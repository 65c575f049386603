"""Activations with outliers, and the error that each granularity of scales leaves in every part of them."""

from math import log10

from ...numerics.experiments import CELL, SHAPE, losses, poisoned
from ...numerics.formats import float_format
from .._define import Choice, Explorer, Metric, Number, Switch

TOKENS, CHANNELS = SHAPE
FORMATS = {"e4m3": "E4M3, as V3", "e5m2": "E5M2", "e5m6": "E5M6", "bf16": "BF16"}
PLACES = {"entry": "one entry", "channel": "one channel of all tokens", "token": "one token"}
SIZES = (100, 1000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
#: Panel of the picture -> its name
PANELS = {
    "matrix": "the activations",
    "tensor": "one scale for all",
    "row": "one a token",
    "block": "one a block (x 128)",
    "tile": "one a tile (1 x 128)",
    "group": "one a group (1 x 32)",
}


#: Half decades of a power of ten -> the number: 0.1, 0.3, 1, 3, ...
HALF_DECADES = {steps: float(f"{10 ** (steps / 2):.1g}") for steps in range(-40, 41)}


def half_decade(value: float) -> float:
    """The nearest half decade: a shade tells no more, and a page is small."""
    return HALF_DECADES[round(2 * log10(value))] if value > 1e-20 else 0.0


def compute(largest, place, channel, token, format, power_of_two, row_scale_bits, seed):
    case = poisoned(largest, place, token, channel, row_scale_bits, seed)
    found = losses(case, float_format(format), power_of_two)
    sizes = [[max(map(abs, row[k : k + CELL])) for k in range(0, CHANNELS, CELL)] for row in case.activations]
    cells = [sizes, *(found[name].cells for name in list(PANELS)[1:])]
    rows = [
        {"token": i, "channel": j * CELL} | {panel: half_decade(one[i][j]) for panel, one in zip(PANELS, cells, strict=True)}
        for i in range(TOKENS)
        for j in range(CHANNELS // CELL)
    ]
    metrics = {"gain": found["tensor"].error / found["tile"].error}
    for name, one in found.items():
        metrics |= {f"{name}_rest": one.error, f"{name}_lost": one.share_lost}
    return metrics, rows


EXPLORER = Explorer(
    name="fp8-outliers",
    title="What one outlier costs the others",
    description="Six maps of the same activations, tokens from top to bottom and channels from left to right. The first "
    "shows how large they are, with the outliers; the others the relative error that scales of five granularities leave, "
    "pale where it is no more than rounding, full red where the entries are lost.",
    lead=("largest", "place", "channel", "token", "format", "power_of_two"),
    headline=("tensor_rest", "tile_rest", "tensor_lost"),
    controls=(
        Choice(
            "largest", "Outliers reach", 300_000, ((0, "no outliers"), *((one, f"{one:,.0f} deviations") for one in SIZES))
        ),
        Choice("place", "Outliers in", "entry", tuple(PLACES.items())),
        Number("channel", "at channel", 192, 0, CHANNELS - 64, 64),
        Number("token", "at token", 3, 0, TOKENS - 1, 1),
        Choice("format", "Format", "e4m3", tuple(FORMATS.items())),
        Switch("power_of_two", "Scales are powers of two", False),
        Choice("row_scale_bits", "Tokens differ", 0, ((0, "not"), (8, "up to 256 times"), (16, "up to 65,536 times"))),
        Number("seed", "Seed", 1, 1, 3, 1),
    ),
    metrics={
        "tensor_rest": Metric("The others' error, one scale", "%", 1),
        "tile_rest": Metric("The others' error, tiles", "%", 1),
        "row_rest": Metric("The others' error, one a token", "%", 1),
        "block_rest": Metric("The others' error, blocks", "%", 1),
        "group_rest": Metric("The others' error, groups of 32", "%", 1),
        "gain": Metric("Tiles leave less than one scale, times", "", 3),
        "tensor_lost": Metric("Entries lost, one scale", "%", 1),
        "row_lost": Metric("Entries lost, one a token", "%", 1),
        "block_lost": Metric("Entries lost, blocks", "%", 1),
        "tile_lost": Metric("Entries lost, tiles", "%", 1),
        "group_lost": Metric("Entries lost, groups of 32", "%", 1),
    },
    columns={
        "token": Metric("Token"),
        "channel": Metric("From channel"),
        "matrix": Metric("Largest, about", "", 1),
        **{panel: Metric(f"Error, {name}", "%", 1) for panel, name in list(PANELS.items())[1:]},
    },
    compute=compute,
)
