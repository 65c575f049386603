"""Four lines against the tokens done, two beside each other."""

import altair as alt

from moecalc.explorers.training.pretraining_schedule import SCHEDULES

from ...theme import hue
from .. import NARROW, ROWS, WIDE, panel_header

#: Expression for the format of a value, at the axis and at a dot.
FORMAT = "datum.value < 1000 ? '.4~g' : ',.0f'"


def draw(wide, controls):
    base = (
        alt.Chart(alt.NamedData(ROWS), width=WIDE // 2 - 60 if wide else NARROW // 2 - 42, height=130 if wide else 75)
        .transform_calculate(trillions="datum.tokens / 1e12", label=f"format(datum.value, {FORMAT})")
        .encode(
            x=alt.X(
                "trillions:Q",
                title="Tokens done [T]",
                scale=alt.Scale(zero=False, nice=False, padding=8),
                axis=alt.Axis(tickCount=5 if wide else 3, grid=False),
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
    header = panel_header() if wide else panel_header(labelFontSize=10, labelFontWeight="normal")
    return (
        alt.layer(*layers)
        .facet(alt.Facet("schedule:N", sort=list(SCHEDULES), header=header), columns=2, spacing=14 if wide else 8)
        .resolve_scale(y="independent")
    )
