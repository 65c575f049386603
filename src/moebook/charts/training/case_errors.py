"""Strips of errors: predicted over measured, a point for each case, by accelerator and kind."""

import altair as alt

from ...theme import hue
from .. import chart

#: What the points are coloured by changes the picture, not the rows.
VARIANTS = ("colour",)
#: What is coloured, a column -> its values, their hues, and the title of the legend.
TINTS = {
    "use": (["held out", "fitted"], ["blue", "orange"], None),
    "inside": (["yes", "no"], ["teal", "red"], "In its interval"),
}
TICKS = [1 / 3, 0.5, 0.75, 1, 1.33, 2, 3]
LABEL = "datum.value == 1 ? 'right' : format(datum.value - 1, '+.0%')"


def draw(wide, controls):
    scale = alt.Scale(type="log", domain=[1 / 3.05, 3.05], nice=False)
    ticks = TICKS if wide else [0.5, 0.75, 1, 1.33, 2]
    axis = alt.Axis(
        values=ticks, labelExpr=LABEL, grid=False, title="Predicted time or memory against measured", orient="bottom"
    )
    x = alt.X("factor:Q", scale=scale, axis=axis)
    y = alt.Y("height:Q", scale=alt.Scale(domain=alt.DomainUnionWith([-0.5, 0.5]), nice=False, padding=9), axis=None)
    field = controls["colour"]
    domain, hues, title = TINTS[field]
    height = 360 if wide else 270

    def band(low, high, opacity):
        return (
            chart(wide, height=height)
            .transform_aggregate(count="count()")
            .transform_calculate(x=str(low), x2=str(high))
            .mark_rect(color=hue("green"), opacity=opacity, aria=False)
            .encode(x=alt.X("x:Q", scale=scale, axis=axis), x2="x2:Q")
        )

    middle = (
        chart(wide)
        .transform_aggregate(count="count()")
        .transform_calculate(x="1")
        .mark_rule(color=hue("text"), strokeWidth=1.2, aria=False)
        .encode(x=alt.X("x:Q", scale=scale, axis=axis))
    )
    intervals = (
        chart(wide)
        .mark_rule(color=hue("muted"), opacity=0.22, strokeWidth=1, aria=False)
        .encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", y=y)
    )
    points = (
        chart(wide)
        .mark_point(filled=True, opacity=0.8, size=34 if wide else 16)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                f"{field}:N",
                title=title,
                scale=alt.Scale(domain=domain, range=[hue(name) for name in hues]),
                legend=alt.Legend(columns=0 if wide else 4, titleOrient="left", columnPadding=18),
            ),
            shape=alt.Shape(
                "use:N",
                scale=alt.Scale(domain=["fitted", "held out"], range=["square", "circle"]),
                legend=None,
            ),
        )
    )
    names = (
        chart(wide)
        .transform_aggregate(at="median(height)", groupby=["strip"])
        .transform_calculate(at="round(datum.at)", x=str(1 / 3))
        .mark_text(
            align="left",
            dx=2 if wide else 0,
            dy=-7 if wide else -5,
            color=hue("text"),
            fontSize=11 if wide else 9,
            aria=False,
        )
        .encode(x=alt.X("x:Q", scale=scale, axis=axis), y=alt.Y("at:Q", axis=None), text="strip:N")
    )
    return band(1 / 1.25, 1.25, 0.08) + band(1 / 1.1, 1.1, 0.14) + middle + intervals + points + names
