"""Stacked times of the two streams of a pair of chunks, predicted beside measured."""

import altair as alt

from ...theme import hue
from .. import chart, column, plot_width, present

COLOURS = {
    "products": "blue",
    "experts": "teal",
    "weight gradients": "green",
    "casts": "olive",
    "attention": "purple",
    "norms, moves": "slate",
    "dispatch": "orange",
    "combine": "brown",
    "waits for the host": "pink",
    "waits for others": "grid",
}


def draw(wide, controls):
    names = 175 if wide else 92
    last = f"(1.01 * max(extent({column('end')})[1], extent({column('pair')})[1]))"
    lines = {} if wide else {"labelExpr": "split(replace(datum.label, ', ', ',|'), '|')", "labelLineHeight": 12}
    axis = alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 10, domain=False, ticks=False, offset=3, **lines)
    base = chart(wide, names, height=alt.Step(42 if wide else 34)).encode(y=alt.Y("bar:N", sort=None, title=None, axis=axis))
    x = alt.X(
        "start:Q",
        title="Time [ms]",
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(last), nice=False),
        axis=alt.Axis(tickCount=8 if wide else 5),
    )
    colours = alt.Scale(domain=list(COLOURS), range=[hue(colour) for colour in COLOURS.values()])
    legend = alt.Legend(
        values=present(list(COLOURS), "kind"),
        symbolType="square",
        symbolStrokeWidth=0,
        columns=5 if wide else 3,
        columnPadding=14 if wide else 6,
        labelLimit=160,
    )
    bars = base.mark_bar(size=26 if wide else 20, stroke=hue("paper"), strokeWidth=1).encode(
        x=x, x2="end:Q", color=alt.Color("kind:N", title=None, scale=colours, legend=legend)
    )
    room = f"(datum.end - datum.start) * {plot_width(wide, names)} / {last} > {30 if wide else 24}"
    words = (
        base.transform_filter(room)
        .transform_calculate(
            middle="(datum.start + datum.end) / 2",
            label="format(datum.ms, '.1f')",
            pale="datum.kind == 'waits for others'",
        )
        .mark_text(fontSize=11 if wide else 9.5)
        .encode(
            x=alt.X("middle:Q", title="Time [ms]"),
            text="label:N",
            color=alt.condition("datum.pale", alt.value(hue("text")), alt.value(hue("paper"))),
        )
    )
    line = chart(wide, names).transform_aggregate(pair="max(pair)")
    end = alt.layer(
        *(
            line.mark_rule(color=hue(colour), strokeWidth=strength, aria=False).encode(x=alt.X("pair:Q", title="Time [ms]"))
            for colour, strength in (("paper", 5), ("red", 2))
        )
    )
    return end + bars + words
