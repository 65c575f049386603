"""Least time of a step against new tokens, cached tokens or sequences; a line for each form."""

import altair as alt

from moecalc.serving.mla_decode import FORMS

from ...theme import hue
from .. import ROWS, chart, column, powers_of_ten

COLOURS = {"absorbed": "blue", "plain": "orange", "expanded": "purple"}
DASHES = {"absorbed": [1, 0], "plain": [8, 4], "expanded": [2, 3]}
#: Expressions for milliseconds at the axis and at a mark.
MS = "datum.value < 1 ? format(datum.value, '~g') : format(datum.value, ',.0f')"
LABEL = "format(datum.ms, datum.ms < 10 ? '.2f' : datum.ms < 100 ? '.1f' : ',.0f') + ' ms'"


def draw(wide, controls):
    names = list(FORMS.values())
    colours = alt.Scale(domain=names, range=[hue(COLOURS[form]) for form in FORMS])
    dashes = alt.Scale(domain=names, range=[DASHES[form] for form in FORMS])
    strokes = {
        "symbolType": "stroke",
        "symbolSize": 700 if wide else 300,
        "symbolStrokeWidth": 2.5,
        "labelFontSize": 12 if wide else 11,
    }
    legend = alt.Legend(columns=3 if wide else 1, columnPadding=24, rowPadding=1, **strokes)
    # a label below the lowest mark stands above the axis
    lowest = 0.4 if wide else 0.15
    base = chart(wide, 70, height=320 if wide else 155).encode(
        x=alt.X(
            "value:Q",
            title=None,
            scale=alt.Scale(type="log", base=2, nice=False),
            axis=alt.Axis(format=",d", tickCount=8 if wide else 5),
        ),
        y=alt.Y(
            "ms:Q",
            title="Least time of a step, all layers [ms]" if wide else "Least time of a step [ms]",
            scale=alt.Scale(type="log", nice=False, domainMin=alt.ExprRef(f"{lowest} * extent({column('ms')})[0]")),
            axis=alt.Axis(labelExpr=MS, values=powers_of_ten(-4, 9)),
        ),
        color=alt.Color("form:N", scale=colours, title=None, legend=legend),
    )
    lines = base.mark_line(strokeWidth=2.5).encode(
        strokeDash=alt.StrokeDash("form:N", scale=dashes, title=None, legend=legend)
    )
    chosen = base.transform_filter(alt.datum.chosen)
    labels = chosen.transform_calculate(label=LABEL).encode(text="label:N")
    # lines rise: a label stands below them on the right, or above them on the left, where there is room
    ends = f"extent({column('value')})"
    left_half = f"datum.value * datum.value < {ends}[0] * {ends}[1]"
    halo = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
    texts = [
        labels.transform_filter(there).mark_text(**place, **stroke, fontSize=12 if wide else 11)
        for there, place in (
            (left_half, {"align": "left", "dx": 9, "dy": 13}),
            (f"!({left_half})", {"align": "right", "dx": -9, "dy": -11}),
        )
        for stroke in (halo, {})
    ]
    title = alt.Title(
        alt.ExprRef(f"data('{ROWS}')[0].axis"), orient="bottom", frame="group", fontSize=12, fontWeight="normal", offset=4
    )
    return alt.layer(lines, chosen.mark_point(size=110, filled=True, opacity=1), *texts).properties(title=title)
