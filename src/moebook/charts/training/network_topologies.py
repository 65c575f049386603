"""Lines over the number of endpoints, which end where a kind of network does, and what is printed as points."""

import altair as alt

from moecalc.explorers.training.network_topologies import PLANES, PRINTED, THREE, TWO

from ...theme import hue
from .. import chart

KINDS = {TWO: "orange", PLANES: "blue", THREE: "green"}


def draw(wide, controls):
    x = alt.X(
        "endpoints:Q",
        title="Endpoints",
        scale=alt.Scale(type="log", domain=[60, 500_000], nice=False),
        axis=alt.Axis(values=[100, 1_000, 10_000, 100_000], format="~s", labelExpr="replace(datum.label, 'k', 'K')"),
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domainMin=0, nice=True), axis=alt.Axis(format=",~f", tickCount=6))
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(KINDS), range=[hue(name) for name in KINDS.values()]),
        legend=alt.Legend(title=None, columns=3, columnPadding=20 if wide else 8, offset=24, symbolType="stroke"),
    )
    base = chart(wide, 50, height=280 if wide else 190)
    # what is shown is a control, so the axis has its title from the rows
    title = base.transform_filter("isValid(datum.shown)").mark_text(
        align="left", baseline="bottom", dx=-38, dy=-8, fontSize=12, color=hue("text")
    )
    # planes and three layers hide the line of two where they cost the same: it is drawn last, and thinner
    width = alt.StrokeWidth("kind:N", scale=alt.Scale(domain=list(KINDS), range=[2, 4.5, 3]), legend=None)
    lines = base.transform_filter("datum.part == 'line'").transform_calculate(
        order=f"indexof(['{THREE}', '{PLANES}', '{TWO}'], datum.kind)"
    )
    drawn = [
        lines.transform_filter(f"datum.kind == '{kind}'").mark_line(interpolate="linear").encode(
            x=x, y=y, color=colour, strokeWidth=width
        )
        for kind in (THREE, PLANES, TWO)
    ]
    ends = (
        lines.transform_joinaggregate(reach="max(endpoints)", groupby=["kind"])
        .transform_filter("datum.endpoints == datum.reach")
        .mark_tick(orient="vertical", thickness=3, size=16, aria=False)
        .encode(x=x, y=y, color=colour)
    )
    here = base.transform_filter("datum.part == 'here'").mark_point(
        filled=True, size=110 if wide else 80, opacity=1, stroke=hue("paper"), strokeWidth=1.2
    )
    printed = base.transform_filter(f"datum.part == '{PRINTED}'").transform_calculate(
        short="datum.kind == 'fat tree of 2 layers' ? 'FT2' : datum.kind == 'fat tree of 3 layers' ? 'FT3' "
        ": test(regexp('planes'), datum.kind) ? 'MPFT' : datum.kind",
        below="datum.kind == 'Slim Fly'",
    )
    points = printed.mark_point(
        shape="diamond", filled=False, size=90 if wide else 60, stroke=hue("text"), strokeWidth=1.4, opacity=1
    )
    # beside MPFT there is no room for another name on the same line
    size = 11 if wide else 9.5
    names = [
        printed.transform_filter(f"{'' if below else '!'}datum.below").mark_text(
            dy=14 if below else -13, fontSize=size, color=hue("text")
        )
        for below in (False, True)
    ]
    return alt.layer(
        *drawn,
        title.encode(x=alt.value(0), y=alt.value(0), text="shown:N"),
        ends,
        here.encode(x=x, y=y, color=colour),
        points.encode(x=x, y=y),
        *(name.encode(x=x, y=y, text="short:N") for name in names),
    )
