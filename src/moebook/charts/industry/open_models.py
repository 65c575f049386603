"""Open models: one number by release date, or training against memory; one picture for all, whose axes follow the rows."""

import math

import altair as alt

from moecalc.explorers.industry._views import COST, COUNT, PERCENT, WIDTH, WORDS
from moecalc.explorers.industry.open_models import COUNTS, V3
from moecalc.model.traits import ATTENTION

from ...theme import hue
from .. import ROWS, chart, column

FIRST = f"data('{ROWS}')[0]"
MARKS = dict(zip(COUNTS.values(), ("circle", "square", "triangle-up"), strict=True))
#: Where a name stands by its mark, on a desktop and on a phone.
PLACES = {
    "above": ({"align": "center", "dy": -12, "fontSize": 11}, {"align": "right", "dx": 18, "dy": -12, "fontSize": 10}),
    "left": ({"align": "right", "dx": 4, "dy": -12, "fontSize": 11},) * 2,
    "under": ({"align": "right", "dx": 4, "dy": 14, "fontSize": 11},) * 2,
    "right": ({"align": "left", "dx": -4, "dy": -12, "fontSize": 11},) * 2,
    # of the line from activated to total
    "foot": ({"align": "center", "dy": 16, "fontSize": 11},) * 2,
    "below": ({"align": "left", "dx": 12, "dy": 24, "fontSize": 11}, {"align": "left", "dx": 0, "dy": 26, "fontSize": 10}),
}
#: Exponents of what may be drawn: a share of one percent to a hundred million GPU-hours and a petabyte.
POWERS = list(range(-2, 17))
STEPS = [round(power + math.log10(step), 4) for power in POWERS for step in (1, 2, 5)]
#: A value of an axis of powers, in words.
SI = "replace(format(pow(10, datum.value), '.2~s'), 'k', 'K')"


def draw(wide, controls):
    kinds = alt.Scale(domain=["MoE", "dense"], range=[hue("blue"), hue("orange")])
    legend = {"direction": "horizontal", "titleAnchor": "start", "columnPadding": 20, "padding": 6}
    if not wide:
        legend |= {"title": None, "labelFontSize": 11, "columnPadding": 6, "padding": 1}
    grey = {"symbolFillColor": hue("muted"), "symbolStrokeColor": hue("muted")}
    x, y = _across(wide), _up(wide)
    base = chart(wide, 90 if wide else 75, height=320 if wide else 190).encode(x=x)
    base = base.transform_filter("isValid(datum.x) && isValid(datum.y)")
    # where dates are drawn, a date without a source leaves a mark hollow
    solid = f"datum.date == 'sourced' || {FIRST}.across == '{COST}'"
    marks = base.mark_point(opacity=1, strokeWidth=1.5).encode(
        size=alt.condition(alt.datum.slug == V3, alt.value(130), alt.value(50)),
        fill=alt.Fill("kind:N", scale=kinds, legend=alt.Legend(**{"title": "Kind"} | legend)),
        stroke=alt.Stroke("kind:N", scale=kinds, legend=alt.Legend(**{"title": "Kind"} | legend)),
        fillOpacity=alt.condition(solid, alt.value(1), alt.value(0)),
        shape=alt.Shape(
            "counts:N",
            scale=alt.Scale(domain=list(MARKS), range=list(MARKS.values())),
            legend=alt.Legend(**{"title": "Counts"} | legend | grey),
        ),
    )
    two_ends = base.transform_filter("isValid(datum.foot)")
    line = two_ends.mark_rule(strokeWidth=1.5, strokeOpacity=0.6, aria=True)
    line = line.encode(y=y, y2="foot:Q", stroke=alt.Stroke("kind:N", scale=kinds))
    layers = [line, marks.encode(y=y), marks.transform_filter("isValid(datum.foot)").encode(y="foot:Q")]
    for place, where in PLACES.items():
        there = f"datum.place == '{place}'" + ("" if wide else " && datum.on_phone")
        looks = where[not wide]
        if place == "above" and not wide:
            # another name stands just below it
            looks = {**looks, "dy": alt.expr(f"datum.slug == '{V3}' ? -20 : {looks['dy']}")}
        names = base.transform_filter(there).mark_text(color=hue("text"), **looks)
        layers.append(names.encode(y="foot:Q" if place == "foot" else y, text="slug:N"))
    hint = f"({FIRST}.across == '{COST}' ? '' : ' (hollow: the date has no source)')"
    title = alt.Title(
        text=alt.ExprRef(f"{FIRST}.drawn + {hint}" if wide else f"{FIRST}.drawn"),
        anchor="start",
        fontSize=12,
        fontWeight="normal",
        offset=8,
    )
    return alt.layer(*layers).properties(title=title)


def _up(wide):
    """The axis of what is drawn; its rows hold exponents, whole numbers, or the place of a word."""
    few = "domain('y')[1] - domain('y')[0] < 2.3"
    words, counts = f"{FIRST}.axis == '{WORDS}'", f"{FIRST}.axis == '{COUNT}'"
    values = f"{words} ? {list(range(len(ATTENTION)))} : {counts} ? {list(range(9))} : {few} ? {STEPS} : {POWERS}"
    widths = [round(math.log10(bits), 4) for bits in (4, 8, 16)]
    values = f"{FIRST}.axis == '{WIDTH}' ? {widths} : {values}"
    percent = "format(pow(10, datum.value), '.1~p')"
    powers = f"{FIRST}.axis == '{PERCENT}' ? {percent} : replace({SI}, 'G', {FIRST}.unit)"
    labels = f"{words} ? {list(ATTENTION)}[datum.value] : {counts} ? datum.value : {powers}"
    size = 12 if wide else 10
    # Vega leaves out every other one of more values than this
    most = alt.ExprRef(f"{words} || {counts} ? 20 : {8 if wide else 5}")
    axis = alt.Axis(values=alt.ExprRef(values), tickCount=most, labelExpr=labels, labelFontSize=size, labelOverlap=False)
    span = f"max(0.3, extent({column('y')})[1] - min(extent({column('y')})[0], {_least('foot')}))"
    low = f"min(extent({column('y')})[0], {_least('foot')}) - 0.1 * {span}"
    high = f"extent({column('y')})[1] + 0.1 * {span}"
    scale = alt.Scale(zero=False, nice=False, domainMin=alt.ExprRef(low), domainMax=alt.ExprRef(high))
    return alt.Y("y:Q", title=None, scale=scale, axis=axis)


def _least(field):
    """The least value of a field that may be in no row."""
    return f"(isValid(extent({column(field)})[0]) ? extent({column(field)})[0] : 99)"


def _across(wide):
    """The release date as a number of years, or an exponent of bytes."""
    years = "domain('x')[1] - domain('x')[0]"
    quarters = [2023 + quarter / 4 for quarter in range(20)]
    halves, whole = quarters[::2], quarters[::4]
    dates = f"{years} < 1.2 ? {quarters if wide else halves} : {years} < 2.4 ? {halves} : {halves if wide else whole}"
    date = "['Jan ', 'Apr ', 'Jul ', 'Oct '][round(4 * (datum.value % 1))] + floor(datum.value)"
    is_cost = f"{FIRST}.across == '{COST}'"
    powers = STEPS if wide else POWERS
    axis = alt.Axis(
        values=alt.ExprRef(f"{is_cost} ? {powers} : {dates}"),
        labelExpr=f"{is_cost} ? {SI} + 'B' : {date}",
        labelOverlap="greedy",
        grid=False,
    )
    scale = alt.Scale(zero=False, nice=False, padding=46 if wide else 38)
    return alt.X("x:Q", title=None, scale=scale, axis=axis)
