"""Four lines against the tokens done, one over the other."""

import altair as alt

from moecalc.explorers.training.pretraining_schedule import SCHEDULES

from ...theme import hue
from .. import chart, panel_header

#: Expression for the format of a value, at the axis and at a dot.
FORMAT = "datum.value < 1000 ? '.4~g' : ',.0f'"


def draw(wide, controls):
    base = (
        chart(wide, 70, height=80)
        .transform_calculate(trillions="datum.tokens / 1e12", label=f"format(datum.value, {FORMAT})")
        .encode(
            x=alt.X(
                "trillions:Q",
                title="Tokens done [T]",
                scale=alt.Scale(zero=False, nice=False, padding=8),
                axis=alt.Axis(tickCount=8 if wide else 5, grid=False),
            ),
            y=alt.Y(
                "value:Q",
                title=None,
                axis=alt.Axis(tickCount=3, labelExpr=f"format(datum.value, {FORMAT})"),
                scale=alt.Scale(padding=6),
            ),
        )
    )
    chosen = base.transform_filter(alt.datum.chosen)
    # a label at the right edge stands on the left of its dot
    side = "datum.trillions > 14 ? 'right' : 'left'"
    texts = chosen.encode(text="label:N")
    place = {"align": alt.expr(side), "dx": alt.expr("datum.trillions > 14 ? -9 : 9"), "dy": 11, "fontSize": 12}
    layers = [
        base.transform_filter("!datum.chosen").mark_line(color=hue("blue")),
        chosen.mark_point(size=90, filled=True, opacity=1, color=hue("orange")),
        texts.mark_text(**place, stroke=hue("paper"), strokeWidth=4, strokeJoin="round"),
        texts.mark_text(**place, color=hue("text")),
    ]
    return (
        alt.layer(*layers)
        .facet(row=alt.Row("schedule:N", sort=list(SCHEDULES), header=panel_header()), spacing=14)
        .resolve_scale(y="independent")
    )
