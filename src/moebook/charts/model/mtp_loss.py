"""A cell for each position and depth, and a bar for each word at the outlined one."""

import altair as alt

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title

LABELS = 52
#: A term from here on has the strongest colour.
STRONGEST = 3
#: An axis that is a list of names.
NAMES = {"title": None, "axis": alt.Axis(ticks=False, domain=False, grid=False, minExtent=LABELS - 8, labelPadding=6)}


def draw(wide, controls):
    spacing, height = (40, 300) if wide else (12, 175)
    room = (WIDE if wide else NARROW) - 2 * LABELS - spacing - 5
    grid = int(0.6 * room)
    return alt.hconcat(_grid(wide, grid, height), _bars(wide, room - grid, height), spacing=spacing)


def _grid(wide, width, height):
    base = _part("datum.what != 'word'", width, height, "Term, and probability below it" if wide else "Term, probability")
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
    # the height of a line: of each position, and of the loss
    line = f"({height} / (2 + extent({column('position')})[1] - extent({column('position')})[0]))"
    terms = base.transform_filter("datum.what == 'term'")
    strength = alt.FillOpacity("term:Q", scale=alt.Scale(domain=[0, STRONGEST], range=[0.04, 0.42], clamp=True), legend=None)
    rounded = {"cornerRadius": 3, "filled": False}
    cells = terms.mark_rect(fill=hue("blue"), stroke=None, **rounded).encode(fillOpacity=strength)
    outline = terms.transform_filter("datum.chosen").mark_rect(stroke=hue("orange"), strokeWidth=2.5, **rounded)
    losses = base.transform_filter("datum.what == 'loss'")
    texts = [
        one.mark_text(color=hue("text"), **how).encode(text=alt.Text(field, format=".3f"))
        for one, field, how in (
            (terms, "term:Q", {"dy": alt.expr(f"-0.2 * {line}"), "fontSize": alt.expr(f"min(13, 0.4 * {line})")}),
            (terms, "probability:Q", {"dy": alt.expr(f"0.25 * {line}"), "fontSize": alt.expr(f"min(11, 0.36 * {line})")}),
            (losses, "term:Q", {"fontSize": alt.expr(f"min(13, 0.6 * {line})"), "fontWeight": "bold"}),
        )
    ]
    return alt.layer(cells, outline, *texts)


def _bars(wide, width, height):
    base = _part("datum.what == 'word'", width, height, alt.ExprRef(f"data('{ROWS}')[0].shown")).encode(
        x=alt.X(
            "probability:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1.2]),  # room for a number behind the longest bar
            axis=alt.Axis(values=[0, 0.5, 1] if wide else [0, 1], grid=False),
        ),
        y=alt.Y("word:N", sort=None, **NAMES),
    )
    colour = alt.condition("datum.chosen", alt.value(hue("orange")), alt.value(hue("slate")))
    numbers = base.mark_text(align="left", dx=4, fontSize=11, color=hue("text"))
    return base.mark_bar().encode(color=colour) + numbers.encode(text=alt.Text("probability:Q", format=".3f"))


def _part(rows, width, height, title):
    chart = alt.Chart(alt.NamedData(ROWS), width=width, height=height, title=part_title(title))
    return chart.transform_filter(rows)
