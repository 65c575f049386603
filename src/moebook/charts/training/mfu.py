"""A bar for each convention."""

import altair as alt

from ...theme import hue
from .. import chart, room


def draw(wide, controls):
    kinds = alt.Scale(domain=["MFU", "HFU"], range=[hue("blue"), hue("slate")])
    names = 200 if wide else 175
    base = chart(wide, names, height=alt.Step(26 if wide else 18)).encode(
        y=alt.Y(
            "convention:N",
            sort=None,
            title=None,
            axis=alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 11),
        ),
        x=alt.X(
            "utilisation:Q",
            axis=alt.Axis(format="%", tickCount=5 if wide else 3),
            title="Share of the peak",
            scale=room("utilisation", 1.2 if wide else 1.6),
        ),
        color=alt.Color("kind:N", scale=kinds, title=None, legend=alt.Legend(symbolStrokeWidth=0, columnPadding=24)),
    )
    labels = (
        base.transform_calculate(label="format(100 * datum.utilisation, '.2f') + ' %'")
        .mark_text(align="left", dx=5)
        .encode(text="label:N", color=alt.value(hue("text")))
    )
    chosen = base.transform_filter(alt.datum.chosen).mark_bar(stroke=hue("text"), strokeWidth=2)
    return base.mark_bar() + chosen + labels
