"""A cell for each position and depth, and a bar for each word at the outlined one."""

import altair as alt

from ...theme import hue
from .. import NARROW, ROWS, WIDE, part_title

LABELS = 52
#: A term from here on has the strongest colour.
STRONGEST = 3
#: An axis that is a list of names.
NAMES = {"title": None, "axis": alt.Axis(ticks=False, domain=False, grid=False, minExtent=LABELS - 8, labelPadding=6)}


def draw(wide, controls):
    if wide:
        return alt.hconcat(_grid(290), _bars(WIDE - 290 - 2 * LABELS - 45), spacing=40)
    return alt.vconcat(*(part(NARROW - LABELS) for part in (_grid, _bars)), spacing=24)


def _grid(width):
    base = _part("datum.what != 'word'", width, 36, "Term, and probability below it")
    base = base.transform_calculate(label="datum.what == 'loss' ? 'loss' : datum.position + ' ' + datum.word").encode(
        x=alt.X(
            "depth:O",
            title="Depth k, 0 is the next token",
            scale=alt.Scale(padding=0.04),
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, grid=False),
        ),
        # in the order of the rows: positions, then the loss
        y=alt.Y("label:N", sort=None, scale=alt.Scale(padding=0.06), **NAMES),
    )
    terms = base.transform_filter("datum.what == 'term'")
    strength = alt.FillOpacity("term:Q", scale=alt.Scale(domain=[0, STRONGEST], range=[0.04, 0.42], clamp=True), legend=None)
    rounded = {"cornerRadius": 3, "filled": False}
    cells = terms.mark_rect(fill=hue("blue"), stroke=None, **rounded).encode(fillOpacity=strength)
    outline = terms.transform_filter("datum.chosen").mark_rect(stroke=hue("orange"), strokeWidth=2.5, **rounded)
    losses = base.transform_filter("datum.what == 'loss'")
    texts = [
        one.mark_text(color=hue("text"), **how).encode(text=alt.Text(field, format=".3f"))
        for one, field, how in (
            (terms, "term:Q", {"dy": -7, "fontSize": 13}),
            (terms, "probability:Q", {"dy": 9, "fontSize": 11}),
            (losses, "term:Q", {"fontSize": 13, "fontWeight": "bold"}),
        )
    ]
    return alt.layer(cells, outline, *texts)


def _bars(width):
    base = _part("datum.what == 'word'", width, 24, alt.ExprRef(f"data('{ROWS}')[0].shown")).encode(
        x=alt.X(
            "probability:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1.2]),  # room for a number behind the longest bar
            axis=alt.Axis(values=[0, 0.5, 1], grid=False),
        ),
        y=alt.Y("word:N", sort=None, **NAMES),
    )
    colour = alt.condition("datum.chosen", alt.value(hue("orange")), alt.value(hue("slate")))
    numbers = base.mark_text(align="left", dx=4, fontSize=11, color=hue("text"))
    return base.mark_bar().encode(color=colour) + numbers.encode(text=alt.Text("probability:Q", format=".3f"))


def _part(rows, width, step, title):
    chart = alt.Chart(alt.NamedData(ROWS), width=width, height=alt.Step(step), title=part_title(title))
    return chart.transform_filter(rows)
