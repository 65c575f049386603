"""Two bars a component: share of all parameters, share of the activated ones."""

import altair as alt

from ...theme import hue
from .. import chart

SHARES = {"total_share": "all parameters", "activated_share": "activated parameters"}
LABEL = "datum.share == 0 ? '0' : datum.share < 5e-5 ? '< 0.01 %' : format(100 * datum.share, '.2f') + ' %'"


def draw(wide, controls):
    kinds = alt.Scale(domain=list(SHARES.values()), range=[hue("slate"), hue("blue")])
    labels = 185 if wide else 140
    base = (
        chart(wide, labels, height=alt.Step(14.5 if wide else 8.5))
        .transform_fold(list(SHARES), as_=["key", "share"])
        .transform_calculate(of=f"{SHARES}[datum.key]", label=LABEL)
        .encode(
            y=alt.Y(
                "component:N",
                sort=None,
                title=None,
                scale=alt.Scale(paddingInner=0.25),
                axis=alt.Axis(minExtent=labels - 15, labelFontSize=12 if wide else 11),
            ),
            yOffset=alt.YOffset("of:N", sort=list(SHARES.values())),
            x=alt.X(
                "share:Q",
                axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1] if wide else [0, 0.5, 1]),
                title="Share",
                scale=alt.Scale(domain=[0, 1.15 if wide else 1.45], nice=False),
            ),
            color=alt.Color(
                "of:N",
                scale=kinds,
                title=None,
                legend=alt.Legend(columns=2, columnPadding=30 if wide else 8, labelFontSize=12 if wide else 11),
            ),
        )
    )
    texts = base.mark_text(align="left", dx=4, fontSize=11 if wide else 9).encode(
        text="label:N", color=alt.value(hue("text"))
    )
    return base.mark_bar() + texts
