"""Days against GPUs."""

import altair as alt

from ...theme import hue
from .. import chart

#: Expressions for days at the axis and at a mark.
DAYS = "datum.label && datum.value < 1 ? format(datum.value, '~g') : datum.label"
LABEL = "format(datum.days, datum.days < 1 ? '.2f' : datum.days < 1000 ? '.1f' : ',.0f')"


def draw(wide, controls):
    runs = alt.Scale(domain=["this run", "Llama 3.1 405B"], range=[hue("blue"), hue("orange")])
    base = chart(wide, height=300 if wide else 160).encode(
        x=alt.X(
            "num_gpus:Q", scale=alt.Scale(type="log", nice=False), title="GPUs", axis=alt.Axis(format="~s", tickCount=6)
        ),
        y=alt.Y(
            "days:Q", scale=alt.Scale(type="log"), title="Days", axis=alt.Axis(format="~s", labelExpr=DAYS, tickCount=5)
        ),
        color=alt.Color("run:N", scale=runs, title=None),
    )
    chosen = base.transform_filter(alt.datum.chosen)
    labels = chosen.transform_calculate(label=LABEL).encode(text="label:N")
    # where the two lines are close, a label stands on the other line
    texts = [
        labels.mark_text(align="left", dx=8, dy=-8, stroke=hue("paper"), strokeWidth=4, strokeJoin="round"),
        labels.mark_text(align="left", dx=8, dy=-8),
    ]
    return alt.layer(base.mark_line(), chosen.mark_point(size=110, filled=True, opacity=1), *texts)
