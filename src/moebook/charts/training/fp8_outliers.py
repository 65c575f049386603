"""Maps of a matrix: how large its entries are, and the error that scales of each granularity leave in them."""

import altair as alt

from moecalc.explorers.training.fp8_outliers import CELL, CHANNELS, PANELS, TOKENS

from ...theme import hue
from .. import chart, column, panel_header

#: Beside the two columns of panels [pixels]
LABELS = {True: 54, False: 34}
#: Channels of a tile, which the axis counts by
TILE = 128
#: What an error is called, by half decades -> its shade.
SHADES = {"to 3 %": 0.1, "10 %": 0.3, "30 %": 0.6, "100 %": 1}
#: Expression for the name of an error.
NAME = "datum.value < 0.05 ? 'to 3 %' : datum.value < 0.2 ? '10 %' : datum.value < 0.5 ? '30 %' : '100 %'"


def draw(wide, controls):
    base = chart(wide, LABELS[wide], height=88 if wide else 62)
    between = 28 if wide else 24
    base = base.properties(width=(base.width - between) // 2)
    ticks = alt.Axis(values=list(range(0, CHANNELS + 1, TILE if wide else 2 * TILE)), labelFontSize=11, grid=False)
    x = alt.X("channel:Q", title=None, scale=alt.Scale(domain=[0, CHANNELS], nice=False), axis=ticks)
    y = alt.Y(
        "token:Q",
        title="Token" if wide else None,
        scale=alt.Scale(domain=[TOKENS, 0], nice=False),
        axis=alt.Axis(values=[0, TOKENS // 2, TOKENS], labelFontSize=11, grid=False),
    )
    places = {"x": x, "x2": "end:Q", "y": y, "y2": "lower:Q"}
    largest = f"extent({column('matrix')})[1]"
    sizes = (
        base.transform_filter("datum.key == 'matrix'")
        .transform_calculate(shade=f"0.08 + 0.92 * log(max(datum.value, 1)) / log(max({largest}, 10))")
        .mark_rect(fill=hue("blue"), strokeWidth=0)
        .encode(**places, fillOpacity=alt.FillOpacity("shade:Q", scale=None, legend=None))
    )
    legend = alt.Legend(
        title="Relative error, about" if wide else "Error",
        titleOrient="left",
        symbolType="square",
        symbolSize=180,
        symbolFillColor=hue("red"),
        symbolStrokeWidth=0,
        columnPadding=14 if wide else 6,
        labelFontSize=11,
    )
    shades = alt.Scale(type="ordinal", domain=list(SHADES), range=list(SHADES.values()))
    errors = (
        base.transform_filter("datum.key != 'matrix'")
        .transform_calculate(name=NAME)
        .mark_rect(fill=hue("red"), strokeWidth=0)
        .encode(**places, opacity=alt.Opacity("name:N", scale=shades, legend=legend))
    )
    header = panel_header(3, labelFontSize=12 if wide else 11)
    panels = alt.Facet("panel:N", sort=list(PANELS.values()), header=header)
    spacing = {"row": 10 if wide else 6, "column": between}
    # a panel is a field of what is folded, so the facet folds, not the layers in it
    return (
        alt.layer(sizes, errors)
        .facet(panels, columns=2, spacing=spacing)
        .transform_fold(list(PANELS), as_=["key", "value"])
        .transform_calculate(
            panel=f"{list(PANELS.values())}[indexof({list(PANELS)}, datum.key)]",
            end=f"datum.channel + {CELL}",
            lower="datum.token + 1",
        )
    )
