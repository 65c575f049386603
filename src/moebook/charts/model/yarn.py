"""Two marks for each pair of rotary dimensions: its wavelength before and after."""

import altair as alt

from moecalc.explorers.model.yarn import AFTER, BEFORE

from ...theme import hue
from .. import chart, column, powers_of_ten


def draw(wide, controls):
    when = alt.Scale(domain=[BEFORE, AFTER], range=[hue("slate"), hue("blue")])
    shapes = alt.Scale(domain=[BEFORE, AFTER], range=["circle", "triangle-up"])
    legend = alt.Legend(columnPadding=24)
    y = alt.Y(
        "wavelength:Q",
        title="Tokens in which a pair turns once",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(
            labelExpr="replace(replace(format(datum.value, '~s'), 'k', 'K'), 'G', 'B')", values=powers_of_ten(0, 12)
        ),
    )
    base = chart(wide, 70, height=320 if wide else 190)
    last = f"extent({column('pair')})[1]"
    marks = base.mark_point(filled=True, size=55 if wide else 35, opacity=1).encode(
        x=alt.X(
            "pair:Q",
            title="Pair of rotary dimensions, the fastest first",
            scale=alt.Scale(domainMin=-0.5, domainMax=alt.ExprRef(f"{last} + 0.5"), nice=False),
            axis=alt.Axis(tickCount=8 if wide else 4, format="d", tickMinStep=1),
        ),
        y=y,
        color=alt.Color("when:N", scale=when, title=None, legend=legend),
        shape=alt.Shape("when:N", scale=shapes, title=None, legend=legend),
    )
    layers = [marks]
    # the shorter context is named below its line: the two may be close
    below, above = {"baseline": "top", "dy": 4}, {"baseline": "bottom", "dy": -3}
    for field, words, side in (("original", "context before", below), ("context", "context after", above)):
        one = base.transform_filter(f"datum.pair == 0 && datum.when == '{BEFORE}'")
        layers.append(one.mark_rule(strokeDash=[5, 4]).encode(y=f"{field}:Q"))
        layers.append(
            one.transform_calculate(label=f"'{words}: ' + format(datum.{field}, ',')")
            .mark_text(align="left", dx=4, **side, fontSize=11, color=hue("text"))
            .encode(x=alt.value(0), y=f"{field}:Q", text="label:N")
        )
    return alt.layer(*layers)
