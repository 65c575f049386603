"""Published figures of DeepEP as points, under the bandwidths or above the times of full links."""

import altair as alt

from moecalc.explorers.training.deepep import APRIL, FINAL, INITIAL, NORMAL, OUT_FULL, ROOF, UP_FULL, V2, VERSIONS

from ...theme import hue
from .. import chart

VARIANTS = ("kernels",)
COLOURS = {INITIAL: "slate", APRIL: "teal", FINAL: "blue", V2: "purple"}
SHAPES = {"dispatch": "circle", "combine": "diamond"}


def draw(wide, controls):
    normal = controls["kernels"] == NORMAL
    lines = {OUT_FULL: "orange", UP_FULL: "green"} if normal else {ROOF["dispatch"]: "orange", ROOF["combine"]: "green"}
    versions = VERSIONS[controls["kernels"]]
    hues = lines | {version: COLOURS[version] for version in versions}
    looks = {"columns": 2, "columnPadding": 18 if wide else 8, "rowPadding": 2, "labelFontSize": 12 if wide else 10}
    colours = alt.Scale(domain=list(hues), range=[hue(name) for name in hues.values()])
    colour = alt.Color("what:N", scale=colours, legend=alt.Legend(title=None, symbolType="square", **looks))
    title = "Bandwidth [GB/s]" if normal else "Time [µs]"
    y = alt.Y(
        "gb_per_s:Q" if normal else "us:Q",
        title=title,
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(tickCount=6 if wide else 5),
    )
    x = alt.X(
        "ep:Q",
        title="Expert parallel [GPUs]",
        scale=alt.Scale(type="log", base=2, nice=False, padding=14),
        axis=alt.Axis(values=[8, 16, 32, 64, 128, 256], format="d"),
    )
    base = chart(wide, 70, height=250 if wide else 140).encode(x=x, y=y, color=colour)
    drawn = base.transform_filter(alt.FieldOneOfPredicate("what", list(lines))).mark_line(strokeWidth=2.5)
    shape = alt.Shape(
        "direction:N",
        scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
        legend=alt.Legend(title=None, orient="bottom", labelFontSize=12 if wide else 11),
    )
    points = (
        base.transform_filter(alt.FieldOneOfPredicate("what", list(versions)))
        .mark_point(filled=True, opacity=0.9, size=110 if wide else 70)
        .encode(shape=shape)
    )
    return alt.layer(drawn, points)
