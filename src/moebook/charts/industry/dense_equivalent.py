"""Compute that a dense model needs over that of a mixture, against the latter: laws, bounds as a band, papers as points."""

import altair as alt

from moecalc.explorers.industry.dense_equivalent import BOUNDS, FINE, HIGH, JOINT, LOW, PAPERS, UNKNOWN

from ...theme import hue
from .. import chart

COLOURS = {JOINT: "blue", FINE: "purple", BOUNDS: "slate", PAPERS: "orange"}
TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100]
POWER = "'1e' + round(log(datum.value) / LN10)"
#: Where the name of a published multiple stands: above its point, but for these.
BELOW = ("145B", "DeepSeekMoE 16B", "Krajewski et al., as stated")


def draw(wide, controls):
    size = 11 if wide else 10
    scale = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])
    legend = alt.Legend(title=None, direction="horizontal", columns=4 if wide else 2, columnPadding=14, labelFontSize=size)
    legend.symbolOpacity = 1
    colour = alt.Color("what:N", scale=scale, legend=legend)
    powers = [10.0**power for power in range(LOW, HIGH + 1)]
    x = alt.X(
        "x:Q",
        title="Training compute of the mixture of experts [FLOPs]" if wide else "Training compute [FLOPs]",
        scale=alt.Scale(type="log", domain=[10.0**LOW, 10.0 ** (HIGH + 1)], nice=False),
        axis=alt.Axis(values=powers if wide else powers[::2], labelExpr=POWER, grid=False),
    )
    y_scale = alt.Scale(type="log", domain=[0.3, 160], nice=False, clamp=True)
    y = alt.Y("multiple:Q", title=None, scale=y_scale, axis=alt.Axis(values=TICKS, labelExpr="datum.value + ' x'"))
    height = 310 if wide else 210
    base = chart(wide, 52, height=height).encode(x=x)
    band = base.transform_filter(alt.datum.what == BOUNDS).mark_area(opacity=0.16, interpolate="monotone")
    band = band.encode(y=y, y2="high:Q", color=colour)
    laws = base.transform_filter(alt.FieldOneOfPredicate("what", [JOINT, FINE])).encode(y=y, color=colour)
    lines = laws.mark_line(strokeWidth=2, strokeDash=[5, 4])
    solid = laws.transform_filter("datum.fitted == 'yes'").mark_line(strokeWidth=4)
    papers = base.transform_filter(alt.datum.what == PAPERS).encode(y=y)
    points = papers.mark_point(filled=True, size=90 if wide else 60, opacity=1).encode(color=colour)

    def words(there, **how):
        said = "datum.said" if wide else "replace(datum.said, 'DeepSeekMoE', 'DSMoE')"
        chosen = papers.transform_filter(there).transform_calculate(words=said).encode(text="words:N")
        paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}
        return [chosen.mark_text(fontSize=size, color=hue("text"), **how, **behind) for behind in (paper, {})]

    below = alt.FieldOneOfPredicate("said", BELOW)
    right_end = "datum.x > 1e24"
    names = [
        *words(below, align="left", dx=9, dy=9),
        *words({"and": [{"not": below}, f"!({right_end})"]}, align="left", dx=9, dy=-3),
        *words(right_end, align="right", baseline="middle", dx=-9),
    ]
    ends = base.transform_filter("datum.what == 'V3' || datum.what == 'end'")
    marks = ends.mark_rule(strokeWidth=1.5, strokeDash=[2, 3], color=hue("muted"), aria=True)
    said = "datum.what == 'V3' ? 'V3' : " + ("'joint law: fitted to here'" if wide else "'fitted to here'")
    labels = ends.transform_calculate(words=said).encode(text="words:N", y=alt.value(4))
    left, right = (labels.transform_filter(f"datum.what {sign} 'V3'") for sign in ("!=", "=="))
    plain = {"fontSize": size, "color": hue("muted")}
    text = {"baseline": "top", **plain}
    ends_said = [left.mark_text(align="right", dx=-4, **text), right.mark_text(align="left", dx=4, **text)]
    unknown = base.transform_filter("datum.what == 'V3'").encode(x=alt.datum(UNKNOWN), y=alt.value(height - 18))
    column = unknown.mark_text(text=["compute", "not given"], align="center", baseline="bottom", lineHeight=12, **plain)
    title = alt.Title("Dense over MoE, compute at equal loss", anchor="start", fontSize=12, fontWeight="normal", offset=6)
    return alt.layer(band, lines, solid, marks, points, *names, *ends_said, column).properties(title=title)
