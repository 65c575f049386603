"""A waterfall: what each way to save memory takes off, and what is left."""

import altair as alt

from ...theme import hue
from .. import chart, column, room

KINDS = {"all": "slate", "in the report": "blue", "not in the report": "orange"}


def draw(wide, controls):
    names = 255 if wide else 152
    kinds = alt.Scale(domain=list(KINDS), range=[hue(colour) for colour in KINDS.values()])
    legend = alt.Legend(values=list(KINDS)[1:], symbolStrokeWidth=0, columnPadding=24)
    lines = (
        {}
        if wide
        else {"labelExpr": "split(replace(datum.label, / (before|and|the CPU|MLA up|BF16|embedding) /, '|$1 '), '|')"}
    )
    base = (
        chart(wide, names, height=alt.Step(32 if wide else 23))
        .transform_calculate(low_gb="datum.low / 1e9", high_gb="datum.high / 1e9")
        .encode(
            y=alt.Y(
                "step:N",
                sort=None,
                title=None,
                axis=alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 10, **lines),
            )
        )
    )
    x = alt.X(
        "low_gb:Q",
        title="Memory of a GPU, at most [GB]",
        scale=room("high", 1.3e-9 if wide else 1.2e-9),
        axis=alt.Axis(tickCount=6 if wide else 4),
    )
    bars = base.mark_bar().encode(x=x, x2="high_gb:Q", color=alt.Color("kind:N", scale=kinds, title=None, legend=legend))
    room_inside = f"datum.kind == 'all' && datum.after > 0.12 * extent({column('high')})[1]"
    total, saved = (
        "format(datum.after / 1e9, '.1f')",
        "(datum.saved > 5e7 ? '\u2212' : '') + format(datum.saved / 1e9, '.1f')",
    )
    bounds = "'  (' + format(datum.least / 1e9, '.0f') + ' to ' + format(datum.most / 1e9, '.0f') + ')'"
    said = f"datum.kind == 'all' ? {total} : {saved}" + (f" + {bounds}" if wide else "")
    words = base.transform_calculate(label=said, inside=room_inside)
    size = 11 if wide else 10
    labels = (
        words.transform_filter("!datum.inside")
        .mark_text(align="left", dx=5, fontSize=size, color=hue("text"))
        .encode(x="high_gb:Q", text="label:N")
    )
    inside = (
        words.transform_filter("datum.inside")
        .mark_text(align="right", dx=-5, fontSize=size, fontWeight="bold", color=hue("paper"))
        .encode(x="high_gb:Q", text="label:N")
    )
    line = chart(wide, names).transform_aggregate(gpu="max(gpu)").transform_calculate(gb="datum.gpu / 1e9")
    limit = alt.layer(
        *(
            line.mark_rule(color=hue(colour), strokeWidth=strength, aria=False).encode(x="gb:Q")
            for colour, strength in (("paper", 5), ("red", 2))
        )
    )
    gpu = (
        line.transform_calculate(label="'GPU ' + format(datum.gb, '.1f')")
        .mark_text(baseline="bottom", fontSize=size, color=hue("red"), y=-3)
        .encode(x="gb:Q", text="label:N")
    )
    return bars + limit + gpu + labels + inside
