"""Total and activated parameters by release date, the activated share by date, or training against memory."""

import altair as alt

from moecalc.explorers.industry.open_models import COUNTS, V3

from ...theme import hue
from .. import chart, column

#: What is on the axes, and how they look, depends on it.
VARIANTS = ("show",)

MARKS = dict(zip(COUNTS.values(), ("circle", "square", "triangle-up"), strict=True))
#: Where a name stands by its mark, on a desktop and on a phone.
PLACES = {
    "above": ({"align": "center", "dy": -12, "fontSize": 11}, {"align": "right", "dx": 18, "dy": -12, "fontSize": 10}),
    "left": ({"align": "right", "dx": 4, "dy": -12, "fontSize": 11},) * 2,
    "right": ({"align": "left", "dx": -4, "dy": -12, "fontSize": 11},) * 2,
    # of the line from activated to total
    "foot": ({"align": "center", "dy": 16, "fontSize": 11},) * 2,
    "below": ({"align": "left", "dx": 12, "dy": 24, "fontSize": 11}, {"align": "left", "dx": 0, "dy": 26, "fontSize": 10}),
}


def draw(wide, controls):
    shown = controls["show"]
    x, y = _axes(shown, wide)
    kinds = alt.Scale(domain=["MoE", "dense"], range=[hue("blue"), hue("orange")])
    legend = {"direction": "horizontal", "titleAnchor": "start", "columnPadding": 20, "padding": 6}
    if not wide:
        legend |= {"title": None, "labelFontSize": 11, "columnPadding": 6, "padding": 1}
    grey = {"symbolFillColor": hue("muted"), "symbolStrokeColor": hue("muted")}
    base = chart(wide, 75, height=320 if wide else 190).encode(x=x)
    if shown != "cost":
        base = base.transform_filter("isValid(datum.released)")
    # where dates are drawn, a date without a source leaves a mark hollow
    solid = alt.datum.date == "sourced" if shown != "cost" else "true"
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
    layers = [marks.encode(y=y)]
    if shown == "size":
        rules = base.mark_rule(strokeWidth=1.5, strokeOpacity=0.6, aria=True)
        spans = rules.encode(y=y, y2="activated:Q", stroke=alt.Stroke("kind:N", scale=kinds))
        layers = [spans, *layers, marks.encode(y="activated:Q")]
    for place, where in PLACES.items():
        if place == "foot" and shown != "size":
            continue
        there = f"datum.place == '{place}'" + ("" if wide else " && datum.on_phone")
        looks = where[not wide]
        if place == "above" and not wide:
            # another name stands just below it
            looks = {**looks, "dy": alt.expr(f"datum.slug == '{V3}' ? -20 : {looks['dy']}")}
        names = base.transform_filter(there).mark_text(color=hue("text"), **looks)
        layers.append(names.encode(y="activated:Q" if place == "foot" else y, text="slug:N"))
    drawn = alt.layer(*layers)
    if shown == "cost":
        return drawn
    hint = alt.Title("Hollow: the date has no source.", anchor="end", fontSize=12, fontWeight="normal", offset=4)
    return drawn.properties(title=hint)


def _axes(shown, wide):
    if shown == "cost":
        held = _powers("x", "G", "Bytes to hold the weights", wide)
        hours = _powers("y", "G", "GPU-hours to train")
        return alt.X("weight_bytes:Q", **held), alt.Y("gpu_hours:Q", **hours)
    dates = alt.Axis(format="%Y-%m", tickCount=_months(wide), grid=False)
    x = alt.X("released:T", title="Released", axis=dates, scale=alt.Scale(type="utc", padding=46 if wide else 38))
    if shown == "share":
        ticks = alt.Axis(format="%", values=[0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1])
        scale = alt.Scale(type="log", domain=[0.025, 1])
        return x, alt.Y("activated_share:Q", scale=scale, title="Activated share", axis=ticks)
    return x, alt.Y("total:Q", **_powers("y", "B", "Parameters, activated to total"))


def _powers(scale, unit, title, wide=True):
    """A logarithmic axis over whole powers of ten, with steps between where there are few."""
    powers = [10.0**power for power in range(19)]
    steps = [step * power for power in powers for step in (1, 2, 5)]
    few = f"domain('{scale}')[1] / domain('{scale}')[0] < 999"
    label = f"replace(replace(format(datum.value, '~s'), 'k', 'K'), 'G', '{unit}')"
    ticks = alt.ExprRef(f"{few} ? {steps} : {powers}") if wide else powers
    return {
        "title": title,
        "scale": alt.Scale(type="log", nice=True),
        "axis": alt.Axis(labelExpr=label, values=ticks),
    }


def _months(wide):
    """Months between two ticks, so that there is room for their labels."""
    first, last = (f"toDate(extent({column('released')})[{end}])" for end in (0, 1))
    months = f"(12 * (utcyear({last}) - utcyear({first})) + utcmonth({last}) - utcmonth({first}))"
    room = 6 if wide else 3
    step = " : ".join(f"{months} <= {step * room} ? {step}" for step in (1, 2, 3, 6))
    return alt.ExprRef(f"{{interval: 'month', step: {step} : {6 if wide else 12}}}")
