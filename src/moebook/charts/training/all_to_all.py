"""Ribbons of a token's copies: from the token to nodes, and from there to GPUs; a lane for each way of sending them."""

import altair as alt

from moecalc.explorers.training.all_to_all import OUT, STAYS, UP

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, panel_header

COLOURS = {OUT: "orange", UP: "blue", STAYS: "slate"}
#: Steps of a ribbon's bend.
STEP = 0.05
STAGES = {True: ["one token", "copies at its nodes", "copies at its GPUs"], False: ["token", "at nodes", "at GPUs"]}


def draw(wide, controls):
    half = f"1.04 * max(extent({column('right_to')})[1], -extent({column('right')})[0])"
    scale = alt.Scale(domain=alt.ExprRef(f"[{half}, -({half})]"), nice=False, zero=False)
    stages = " : ".join(f"datum.value == {at} ? '{name}'" for at, name in enumerate(STAGES[wide])) + " : ''"
    ends = alt.Axis(
        values=[0, 1, 2],
        labelExpr=stages,
        labelAlign=alt.condition("datum.value == 0", alt.value("left"), alt.value("center")),
        grid=True,
        domain=False,
        ticks=False,
        title=None,
    )
    names = list(COLOURS)
    legend = alt.Legend(title=None, columns=3, columnPadding=24 if wide else 8, labelFontSize=12 if wide else 11)
    colour = alt.Color("what:N", scale=alt.Scale(domain=names, range=[hue(one) for one in COLOURS.values()]), legend=legend)
    base = alt.Chart(alt.NamedData(ROWS), width=WIDE - 70 if wide else NARROW - 40, height=84 if wide else 44)
    across = alt.Scale(domain=[0, 2.12 if wide else 2.2], nice=False, zero=False)
    ribbons = (
        base.transform_calculate(t=f"sequence(0, 1 + {STEP / 2}, {STEP})")
        .transform_flatten(["t"])
        .transform_calculate(
            s="datum.t * datum.t * (3 - 2 * datum.t)",
            x="datum.stage + datum.t",
            top="datum.left + (datum.right - datum.left) * datum.s",
            bottom="datum.left_to + (datum.right_to - datum.left_to) * datum.s",
        )
        .mark_area(opacity=0.85, aria=False, line=False)
        .encode(
            x=alt.X("x:Q", scale=across, axis=ends),
            y=alt.Y("top:Q", scale=scale, axis=None),
            y2="bottom:Q",
            color=colour,
            detail=["stage:O", "what:N"],
        )
    )
    middle = base.transform_calculate(at=f"datum.stage + {0.7 if wide else 0.64}", mid="(datum.right + datum.right_to) / 2")
    place = {"x": alt.X("at:Q", scale=across), "y": alt.Y("mid:Q", scale=scale)}
    # a mark that speaks for its ribbon, and is not seen
    spots = middle.mark_square(size=900 if wide else 500, opacity=0.001, aria=True).encode(**place, color=colour)
    time = "(isValid(datum.ms) ? ', ' + format(datum.ms, '.3') + ' ms' : '')"
    few = "format(datum.copies, '.3')"
    words = f"{few} + (datum.what == '{STAYS}' ? '' : ' copies' + {time})" if wide else f"{few} + {time}"
    room = f"(datum.right_to - datum.right) > 0.22 * ({half}) && datum.what != '{STAYS}'"
    labels = [
        middle.transform_filter(room)
        .transform_calculate(label=words)
        .mark_text(fontSize=12 if wide else 11, **stroke)
        .encode(**place, text="label:N")
        for stroke in ({"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}, {"color": hue("text")})
    ]
    header = panel_header(labelFontSize=12 if wide else 11)
    row = alt.Row("way:N", sort=alt.EncodingSortField("order", order="ascending"), header=header)
    return alt.layer(ribbons, spots, *labels).facet(row=row, spacing=8 if wide else 4)
