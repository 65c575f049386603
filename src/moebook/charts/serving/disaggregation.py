"""A request's way to its first tokens beside what was promised, and the nodes of both kinds by hour."""

import altair as alt

from moecalc.explorers.serving.disaggregation import DAY, DECODE, PRINTED, PROMISED, READ, SEND, TOKEN, WAIT, WAY

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title, present

COLOURS = {
    WAIT: "slate",
    READ: "blue",
    SEND: "purple",
    TOKEN: "orange",
    PROMISED: "green",
    DECODE: "orange",
    **dict.fromkeys(PRINTED, "text"),
}
#: Where the axis of seconds ends, about.
LAST = f"extent({column('start')})[1]"
MOST = " * ".join(["1.1", f"max(extent({column('top')})[1], extent({column('nodes')})[1])"])
HOUR = "datum.value + ' h'"


def draw(wide, controls):
    margin = 84 if wide else 70
    width = (WIDE if wide else NARROW) - margin - 10
    colours = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])
    legend = alt.Legend(
        values=present([WAIT, READ, SEND, TOKEN, PROMISED], "what"),
        symbolType="circle",
        symbolStrokeWidth=0,
        columnPadding=12,
        columns=5 if wide else 3,
    )
    data, side = alt.NamedData(ROWS), {"ticks": False, "domain": False, "minExtent": margin - 10}
    first = (
        alt.Chart(data, title=part_title("A request, to its first tokens [s]"), width=width, height=78 if wide else 50)
        .transform_filter(alt.datum.panel == WAY)
        .encode(
            x=alt.X("start:Q", title=None, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=8 if wide else 5)),
            y=alt.Y(
                "line:N",
                title=None,
                scale=alt.Scale(domain=["a request", PROMISED], paddingInner=0.3, paddingOuter=0.15),
                axis=alt.Axis(**side),
            ),
            color=alt.Color("what:N", title=None, scale=colours, legend=legend),
        )
    )
    spans = first.transform_filter("isValid(datum.end)")
    bars = spans.transform_filter(alt.datum.line != PROMISED).mark_bar().encode(x2="end:Q")
    asked = spans.transform_filter(alt.datum.line == PROMISED).mark_bar(fillOpacity=0.35).encode(x2="end:Q")
    dots = first.transform_filter(alt.datum.what == TOKEN).mark_point(filled=True, size=46 if wide else 30, opacity=1)
    ends = (
        spans.transform_filter("datum.what == 'prefill' || datum.what == 'promised'")
        .transform_calculate(words="format(datum.end - datum.start, '.3~g') + ' s'")
        .transform_filter(f"(datum.end - datum.start) / {LAST} > {44 / width:.3f}")
        .transform_calculate(start="(datum.start + datum.end) / 2")
    )
    said = ends.mark_text(fontSize=11 if wide else 10, baseline="middle").encode(
        text="words:N",
        color=alt.condition(alt.datum.what == PROMISED, alt.value(hue("text")), alt.value(hue("paper"))),
    )
    second = (
        alt.Chart(data, title=part_title("Nodes of eight GPUs, by hour"), width=width, height=190 if wide else 96)
        .transform_filter(alt.datum.panel == DAY)
        .encode(color=alt.Color("what:N", scale=colours, legend=None))
    )
    stacked = second.transform_filter("isValid(datum.hour)").encode(
        x=alt.X(
            "hour:O",
            title=None,
            scale=alt.Scale(paddingInner=0.12),
            axis=alt.Axis(values=[0, 6, 12, 18, 23], labelExpr=HOUR, labelAngle=0, ticks=False, grid=False),
        )
    )
    nodes = alt.Scale(domainMin=0, domainMax=alt.ExprRef(MOST), nice=False)
    columns = stacked.mark_bar().encode(
        y=alt.Y("low:Q", title=None, scale=nodes, axis=alt.Axis(tickCount=5, minExtent=margin - 10)), y2="top:Q"
    )
    noon = stacked.transform_filter("datum.hour == 3").transform_calculate(middle="(datum.low + datum.top) / 2")
    halo = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}, {}
    named = [
        noon.mark_text(fontSize=12 if wide else 11, fontWeight="bold", **how).encode(
            y=alt.Y("middle:Q", scale=nodes), text="what:N", color=alt.value(hue("text"))
        )
        for how in halo
    ]
    told = second.transform_filter("!isValid(datum.hour)").encode(y=alt.Y("nodes:Q", title=None, scale=nodes))
    rules = told.mark_rule(strokeDash=[5, 4], strokeWidth=1.5, aria=True)
    printed = [
        told.transform_calculate(words="datum.what + ' ' + format(datum.nodes, '.0f')")
        .mark_text(align="left", baseline="bottom", dy=-2, fontSize=11 if wide else 10, **how)
        .encode(x=alt.value(3), text="words:N")
        for how in halo
    ]
    return alt.vconcat(alt.layer(asked, bars, dots, said), alt.layer(columns, rules, *named, *printed), spacing=10)
