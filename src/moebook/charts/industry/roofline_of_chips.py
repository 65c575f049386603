"""A roofline of one chip with V3's kernels, above the balance points of every chip, on one axis of FLOPs a byte."""

import altair as alt

from moecalc.explorers.industry.roofline_of_chips import (
    BELOW,
    CHIPS,
    KERNELS,
    LEAST,
    LEFT,
    LOWEST,
    MEASURED,
    MOST,
    RIGHT,
    ROOF,
)
from moecalc.industry.balance import ROOFS, most_flops_per_byte
from moecalc.industry.kernel_intensity import PHASES
from moecalc.model.config import load_model

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title

COLOURS = dict(zip(PHASES, ("blue", "green", "orange"), strict=True))
LANES = [said for _, said in ROOFS.values()]
LEAST_Y = LOWEST / 1e12
#: Where a kernel's name stands by its mark.
PLACES = {
    BELOW: {"align": "left", "dx": 2, "dy": 13},
    LEFT: {"align": "right", "dx": -7, "dy": -6},
    RIGHT: {"align": "left", "dx": -2, "dy": -10},
}
TICKS = [1, 10, 100, 1000, 10_000, 100_000]


def draw(wide, controls):
    size = 11 if wide else 10
    width, heights = (WIDE - 90, (235, 96)) if wide else (NARROW - 62, (150, 68))
    scale = alt.Scale(type="log", domain=[LEAST, MOST], nice=False)
    paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}

    def panel(name, title, height):
        base = alt.Chart(alt.NamedData(ROWS), title=part_title(title), width=width, height=height)
        return base.transform_filter(alt.datum.panel == name)

    def words(base, **how):
        return [base.mark_text(fontSize=size, **how, **behind) for behind in (paper, {})]

    most = alt.ExprRef(f"2.6 * extent({column('y')})[1]")
    top = panel(KERNELS, "What a kernel reaches at most, in TFLOP/s", heights[0]).encode(
        x=alt.X("x:Q", title=None, scale=scale, axis=alt.Axis(values=TICKS, labels=False, ticks=False)),
        y=alt.Y(
            "y:Q",
            title=None,
            scale=alt.Scale(type="log", domainMin=LEAST_Y, domainMax=most, nice=False),
            axis=alt.Axis(values=TICKS, format=","),
        ),
    )
    top = top.transform_filter(f"datum.y >= {0.99 * LEAST_Y}")
    roofs = top.transform_filter(alt.datum.what == ROOF)
    lines = roofs.mark_line(strokeWidth=1.5, color=hue("muted"), interpolate="linear").encode(detail="name:N")
    named = roofs.transform_filter("isValid(datum.label)").encode(text="label:N")
    of_roofs = words(named, align="left", dx=7, dy=4, fontStyle="italic")
    timed = top.transform_filter(alt.datum.what == MEASURED)
    timed = timed.mark_point(shape="diamond", size=42 if wide else 28, strokeWidth=1.2, color=hue("purple"), opacity=1)
    work = top.transform_filter(alt.FieldOneOfPredicate("what", list(PHASES)))
    points = work.mark_circle(size=46 if wide else 30, opacity=0.75).encode(
        color=alt.Color(
            "what:N",
            scale=alt.Scale(domain=list(PHASES), range=[hue(one) for one in COLOURS.values()]),
            legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolOpacity=1, offset=2),
        )
    )
    named = work.encode(text="label:N")
    names = [
        text for place, how in PLACES.items() for text in words(named.transform_filter(alt.datum.place == place), **how)
    ]
    first = alt.layer(lines, timed, points, *(of_roofs if wide else []), *(names if wide else []))

    bottom = panel(CHIPS, "FLOPs a byte at which a chip is in balance", heights[1]).encode(
        x=alt.X("x:Q", title=None, scale=scale, axis=alt.Axis(values=TICKS, format="~s")),
        y=alt.Y("what:N", title=None, sort=LANES, axis=alt.Axis(ticks=False, domain=False)),
    )
    other = bottom.transform_filter("!datum.chosen").mark_point(size=40 if wide else 26, opacity=0.8, color=hue("slate"))
    other = other.encode(
        fillOpacity=alt.condition("datum.listed", alt.value(0.5), alt.value(0)), fill=alt.value(hue("slate"))
    )
    own = bottom.transform_filter("datum.chosen")
    marked = own.mark_circle(size=110 if wide else 70, color=hue("red"), opacity=1)
    rule = most_flops_per_byte(load_model("deepseek-v3"))
    line = alt.Chart(alt.NamedData(ROWS)).transform_filter("datum.chosen").transform_aggregate(n="count()")
    line = line.encode(x=alt.datum(rule))
    told = line.mark_text(align="left", dx=4, fontSize=size, color=hue("text"), baseline="top").encode(
        y=alt.value(1), text=alt.datum("V4's rule: 2 d")
    )
    line = line.mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=hue("text"))
    who = words(own.transform_filter("isValid(datum.label)").encode(text="label:N"), align="right", dx=-9, dy=-10)
    second = alt.layer(other, line, marked, told, *(who if wide else []))
    return alt.vconcat(first, second, spacing=6).resolve_scale(x="independent")
