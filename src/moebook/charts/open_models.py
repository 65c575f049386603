"""Total and activated parameters by release date, the activated share by date, or training against memory."""

import math

import altair as alt

from moecalc.explorers.open_models import COUNTS, V3

from ..theme import hue
from . import data, plot_width

#: what is shown -> (key of the horizontal axis, of the vertical axis)
AXES = {"size": ("released", "total"), "share": ("released", "activated_share"), "cost": ("weight_bytes", "gpu_hours")}
MARKS = dict(zip(COUNTS.values(), ("circle", "square", "triangle-up"), strict=True))
#: Where a name stands by its mark, on a desktop and on a phone.
PLACES = {
    "above": ({"align": "center", "dy": -12, "fontSize": 11}, {"align": "right", "dx": 18, "dy": -12, "fontSize": 10}),
    "left": ({"align": "right", "dx": 4, "dy": -12, "fontSize": 11},) * 2,
    "below": ({"align": "left", "dx": 12, "dy": 24, "fontSize": 11}, {"align": "left", "dx": 0, "dy": 26, "fontSize": 10}),
}


def draw(result, wide):
    shown = result.controls["show"]
    x_key, _ = AXES[shown]
    rows = [
        # where dates are drawn, a date without a source leaves a mark hollow
        {**row, "solid": shown == "cost" or row["date"] == "sourced"}
        for row in result.rows
        if row[x_key]
    ]
    named = [row for row in rows if row["named"]]
    for row in named:
        is_dense, is_v3 = row["kind"] == "dense", row["slug"] == V3
        if wide or is_dense or is_v3 or row is named[-1]:  # a phone has room for a few names
            row["label"] = row["slug"]
            row["place"] = "above" if row is named[0] or is_dense else "left"
            if is_v3 and shown == "cost":
                row["place"] = "below"
    x, y = _axes(shown, rows, wide)
    kinds = alt.Scale(domain=["MoE", "dense"], range=[hue("blue"), hue("orange")])
    legend = {"direction": "horizontal" if wide else "vertical", "titleAnchor": "start", "columnPadding": 20, "padding": 6}
    grey = {"symbolFillColor": hue("muted"), "symbolStrokeColor": hue("muted")}
    base = alt.Chart(data(rows), width=plot_width(wide, 75), height=380 if wide else 400).encode(x=x)
    marks = base.mark_point(opacity=1, strokeWidth=1.5).encode(
        size=alt.condition(alt.datum.slug == V3, alt.value(130), alt.value(50)),
        fill=alt.Fill("kind:N", scale=kinds, title="Kind", legend=alt.Legend(**legend)),
        stroke=alt.Stroke("kind:N", scale=kinds, title="Kind", legend=alt.Legend(**legend)),
        fillOpacity=alt.condition(alt.datum.solid, alt.value(1), alt.value(0)),
        shape=alt.Shape(
            "counts:N",
            scale=alt.Scale(domain=list(MARKS), range=list(MARKS.values())),
            title="Counts",
            legend=alt.Legend(**legend, **grey),
        ),
    )
    layers = [marks.encode(y=y)]
    if shown == "size":
        rules = base.mark_rule(strokeWidth=1.5, strokeOpacity=0.6)
        spans = rules.encode(y=y, y2="activated:Q", stroke=alt.Stroke("kind:N", scale=kinds))
        layers = [spans, *layers, marks.encode(y="activated:Q")]
    for place, where in PLACES.items():
        names = base.transform_filter(alt.datum.place == place).mark_text(color=hue("text"), **where[not wide])
        layers.append(names.encode(y=y, text="label:N"))
    chart = alt.layer(*layers)
    if shown == "cost":
        return chart
    hint = alt.Title("Hollow: the date has no source.", anchor="end", fontSize=12, fontWeight="normal", offset=4)
    return chart.properties(title=hint)


def _axes(shown, rows, wide):
    if shown == "cost":
        held = _powers([row["weight_bytes"] for row in rows], "G", "Bytes to hold the weights", wide)
        hours = _powers([row["gpu_hours"] for row in rows], "G", "GPU-hours to train")
        return alt.X("weight_bytes:Q", **held), alt.Y("gpu_hours:Q", **hours)
    dates = alt.Axis(format="%Y-%m", tickCount={"interval": "month", "step": _months(rows, wide)}, grid=False)
    x = alt.X("released:T", title="Released", axis=dates, scale=alt.Scale(padding=46 if wide else 38))
    if shown == "share":
        ticks = alt.Axis(format="%", values=[0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1])
        scale = alt.Scale(type="log", domain=[0.025, 1])
        return x, alt.Y("activated_share:Q", scale=scale, title="Activated share", axis=ticks)
    sizes = [row[key] for row in rows for key in ("activated", "total")]
    return x, alt.Y("total:Q", **_powers(sizes, "B", "Parameters, activated to total"))


def _powers(values, unit, title, wide=True):
    """A logarithmic axis over whole powers of ten, with steps between where there are few."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    steps = (1, 2, 5) if last - first < 3 and wide else (1,)
    ticks = [step * 10**power for power in range(first, last) for step in steps] + [10**last]
    label = f"replace(replace(format(datum.value, '~s'), 'k', 'K'), 'G', '{unit}')"
    scale = alt.Scale(type="log", domain=[10**first, 10**last], nice=False)
    return {"title": title, "scale": scale, "axis": alt.Axis(labelExpr=label, values=ticks)}


def _months(rows, wide):
    """Months between two ticks, so that there is room for their labels."""
    dates = [row["released"] for row in rows]
    months = 12 * (int(max(dates)[:4]) - int(min(dates)[:4])) + int(max(dates)[5:7]) - int(min(dates)[5:7])
    return next((step for step in (1, 2, 3, 6) if months <= step * (6 if wide else 3)), 12 if not wide else 6)
