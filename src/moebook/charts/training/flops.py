"""FLOPs by operator, stacked, as the sequence grows."""

import altair as alt

from ...theme import hue
from .. import chart, column, present

#: Operators in the order in which they are stacked. Neighbours in a bar differ in lightness, too.
COLOURS = {
    "attention": "blue",
    "router": "pink",
    "routed experts": "teal",
    "shared experts": "olive",
    "dense feed-forward": "brown",
    "output head": "slate",
    "query x key": "orange",
    "scores x value": "purple",
}
#: Expression for the chosen sequence length.
CHOSEN = f"{column('seq_len')}[indexof({column('chosen')}, true)]"


def draw(wide, controls):
    order = list(COLOURS)
    y = alt.Y(
        "seq_len:O",
        title="Sequence length [tokens]",
        axis=alt.Axis(
            labelExpr="format(datum.value, ',')",
            labelFontWeight=alt.condition(f"datum.value == {CHOSEN}", alt.value("bold"), alt.value("normal")),
        ),
    )
    # the longest sequence has the longest bar; a layer that is not seen keeps room for its label
    x = alt.X(
        "gflops:Q",
        title="Forward GFLOPs a token",
        axis=alt.Axis(format=",~r", tickCount=4 if wide else 3),
        scale=alt.Scale(nice=False),
    )
    layout = {"columns": 4, "columnPadding": 28} if wide else {"columns": 2, "columnPadding": 20, "labelFontSize": 10}
    base = chart(wide, 95, height=alt.Step(26 if wide else 16))
    bars = (
        base.transform_calculate(gflops="datum.flops / 1e9", rank=f"indexof({order}, datum.component)")
        .mark_bar()
        .encode(
            y=y,
            x=x,
            color=alt.Color(
                "component:N",
                scale=alt.Scale(domain=order, range=[hue(name) for name in COLOURS.values()]),
                title=None,
                legend=alt.Legend(values=present(order, "component"), **layout),
            ),
            order=alt.Order("rank:Q"),
        )
    )
    sums = (
        base.transform_aggregate(sum="sum(flops)", groupby=["seq_len", "chosen"])
        .transform_calculate(
            gflops="datum.sum / 1e9",
            label="format(datum.gflops, datum.gflops < 100 ? ',.1f' : ',.0f')",
            end=f"{1.1 if wide else 1.25} * datum.gflops",
        )
        .encode(y=y, x=x)
    )
    labels = [
        sums.transform_filter(alt.datum.chosen == bold)
        .mark_text(align="left", dx=4, fontWeight=weight, color=hue("text"))
        .encode(text="label:N")
        for bold, weight in ((True, "bold"), (False, "normal"))
    ]
    return alt.layer(bars, sums.mark_point(opacity=0).encode(x="end:Q"), *labels)
