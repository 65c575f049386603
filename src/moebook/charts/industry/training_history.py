"""Training runs by date: a mark each, whose colour is the architecture and whose shape is the generation of the chip."""

import math

import altair as alt

from moecalc.explorers.industry.training_history import MFU
from moecalc.industry.training_history import DENSE, GENERATIONS, MOE, RUN

from ...theme import hue
from .. import ROWS, chart

FIRST = f"data('{ROWS}')[0]"
SHAPES = dict(zip(GENERATIONS, ("triangle-up", "circle", "square", "diamond"), strict=True))
STEPS = [round(power + math.log10(step), 4) for power in range(2, 9) for step in (1, 2, 5)]
POWERS = list(range(2, 9))
#: Where a name stands by its mark.
PLACES = {
    "left": {"align": "right", "dx": -9},
    "right": {"align": "left", "dx": 9},
    "below": {"align": "center", "dy": 17},
}
#: Names for which a phone has room.
FEW = ["DeepSeek-V3", "LLaMA 65B", "Llama 3.1 405B", "V3 on GB200", "Llama, FP4 on GB300"]
ON_PHONE = f"indexof({FEW}, datum.said) >= 0"
SI = "replace(format(pow(10, datum.value), '.1~s'), 'k', 'K')"


def draw(wide, controls):
    size = 11 if wide else 10
    is_mfu = f"{FIRST}.axis == '{MFU}'"
    wide_range = "domain('y')[1] - domain('y')[0] > 0.7"
    shares = f"({wide_range} ? {[one / 5 for one in range(9)]} : {[one / 10 for one in range(11)]})"
    few = "domain('y')[1] - domain('y')[0] < 2"
    axis = alt.Axis(
        values=alt.ExprRef(f"{is_mfu} ? {shares} : {few} ? {STEPS} : {POWERS}"),
        tickCount=12,
        labelExpr=f"{is_mfu} ? format(datum.value, '.0%') : {SI}",
    )
    y = alt.Y("y:Q", title=None, axis=axis, scale=alt.Scale(zero=False, nice=False, padding=14))
    years = alt.Axis(values=list(range(2022, 2028)), format="d", grid=False)
    x = alt.X("x:Q", title=None, axis=years, scale=alt.Scale(zero=False, nice=False, padding=22 if wide else 16))
    legend = {"title": None, "direction": "horizontal", "labelFontSize": size, "columnPadding": 12 if wide else 6}
    if not wide:
        legend |= {"columns": 2, "symbolSize": 50}
    kinds = alt.Scale(domain=[MOE, DENSE], range=[hue("blue"), hue("orange")])
    grey = {"symbolFillColor": hue("muted"), "symbolStrokeColor": hue("muted")}
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    base = chart(wide, 50, height=310 if wide else 175).encode(x=x, y=y)
    marks = base.mark_point(opacity=0.9, strokeWidth=1.5).encode(
        fill=alt.Fill("kind:N", scale=kinds, legend=alt.Legend(**legend)),
        stroke=alt.Stroke("kind:N", scale=kinds, legend=alt.Legend(**legend)),
        fillOpacity=alt.condition(alt.datum.what == RUN, alt.value(1), alt.value(0)),
        size=alt.condition("isValid(datum.said)", alt.value(100 if wide else 70), alt.value(45)),
        shape=alt.Shape("generation:N", scale=shapes, legend=alt.Legend(**legend | grey)),
    )
    named = base.transform_filter("isValid(datum.said)").encode(text="said:N")
    paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}
    names = []
    for place, how in PLACES.items():
        there = named.transform_filter(f"datum.place == '{place}'" + ("" if wide else f" && {ON_PHONE}"))
        names += [there.mark_text(fontSize=size, color=hue("text"), **how, **behind) for behind in (paper, {})]
    title = alt.Title(
        alt.ExprRef(f"{FIRST}.drawn + ' (hollow: a benchmark)'" if wide else f"{FIRST}.brief"),
        anchor="start",
        fontSize=12 if wide else 11,
        fontWeight="normal",
        offset=6,
    )
    return alt.layer(marks, *names).properties(title=title)
