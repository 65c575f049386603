"""Weights on a GPU against the size of the expert parallel group, in powers, and the GPU's memory as a line."""

import altair as alt

from moecalc.explorers.training.weights_by_ep import ELSE, EXPERTS, SUM

from ...theme import hue
from .. import chart, column, present

#: Expression for the values named at the axis [GB]
ROUND = "[0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000]"
COLOURS = {SUM: "text", EXPERTS: "orange", ELSE: "blue"}
#: Expression for the largest EP.
LARGEST = f"extent({column('size')})[1]"


def draw(wide, controls):
    field = chart(wide, 62 if wide else 46, height=300 if wide else 200).transform_calculate(gb="datum.bytes / 1e9")
    sizes = alt.ExprRef(f"pow(2, sequence(0, floor(log({LARGEST}) / log(2) + 1.001)))")
    x = alt.X(
        "size:Q",
        title="Expert parallel size [GPUs]",
        scale=alt.Scale(type="log", base=2, domainMin=0.85, domainMax=alt.ExprRef(f"1.18 * max(2, {LARGEST})"), nice=False),
        axis=alt.Axis(values=sizes, format="d", grid=False, labelFontSize=12 if wide else 10),
    )
    y = alt.Y(
        "gb:Q",
        title="Weights on a GPU [GB]",
        scale=alt.Scale(type="log", nice=False, padding=16),
        axis=alt.Axis(values=alt.ExprRef(ROUND), format="~g"),
    )
    names = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(values=present(list(COLOURS), "kind"), columns=3, columnPadding=20 if wide else 12)
    colour = alt.Color("kind:N", scale=names, title=None, legend=legend)
    lines = field.mark_line(strokeWidth=2, aria=False).encode(x=x, y=y, color=colour)
    points = (
        field.transform_calculate(area=f"datum.chosen ? {150 if wide else 90} : {50 if wide else 32}")
        .mark_point(filled=True, opacity=1)
        .encode(x=x, y=y, color=colour, size=alt.Size("area:Q", scale=None, legend=None))
    )
    sums = (
        field.transform_filter(f"datum.kind == '{SUM}'")
        .transform_calculate(label="format(datum.gb, datum.gb < 9.95 ? '.1f' : '.0f')")
        .mark_text(baseline="bottom", dy=-8, fontSize=11 if wide else 9, color=hue("text"))
        .encode(x=x, y=y, text="label:N")
    )
    limit = field.transform_filter("datum._row == 0").transform_calculate(
        gb="datum.memory / 1e9", words="format(datum.gb, '.0f') + ' GB, the GPU'"
    )
    line = limit.mark_rule(strokeDash=[4, 3], color=hue("muted"), aria=False).encode(y=y)
    words = limit.mark_text(align="right", baseline="bottom", dy=-3, fontSize=11 if wide else 9, color=hue("muted")).encode(
        x=alt.value("width"), y=y, text="words:N"
    )
    return alt.layer(line, lines, points, sums, words)
