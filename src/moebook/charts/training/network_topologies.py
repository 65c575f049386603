"""Lines over the number of endpoints, which end where a kind of network does, and what is printed as points."""

import altair as alt

from moecalc.explorers.training.network_topologies import MEASURES, PLANES, PRINTED, THREE, TWO

from ...theme import hue
from .. import chart

#: Each chart has its own title of the axis, and its own kind of axis.
VARIANTS = ("measure",)
KINDS = {TWO: "orange", PLANES: "blue", THREE: "green"}
#: Numbers on the axis of each measure.
FORMATS = {"usd": ",.0f", "switches": ".0f", "links": ".1f", "total_usd": "~g"}


def draw(wide, controls):
    measure = controls["measure"]
    x = alt.X(
        "endpoints:Q",
        title="Endpoints",
        scale=alt.Scale(type="log", domain=[60, 500_000], nice=False),
        axis=alt.Axis(values=[100, 1_000, 10_000, 100_000], format="~s", labelExpr="replace(datum.label, 'k', 'K')"),
    )
    logarithmic = measure == "total_usd"
    words = MEASURES[measure]
    y = alt.Y(
        "value:Q",
        title=words[0].upper() + words[1:],
        scale=alt.Scale(type="log", nice=True) if logarithmic else alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(format=FORMATS[measure], tickCount=4 if logarithmic else 6),
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(KINDS), range=[hue(name) for name in KINDS.values()]),
        legend=alt.Legend(title=None, columns=3, columnPadding=20 if wide else 8, symbolType="stroke", symbolStrokeWidth=3),
    )
    base = chart(wide, 66, height=280 if wide else 190)
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
        ends,
        here.encode(x=x, y=y, color=colour),
        points.encode(x=x, y=y),
        *(name.encode(x=x, y=y, text="short:N") for name in names),
    )
