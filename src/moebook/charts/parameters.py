"""Two bars a component: share of all parameters, share of the activated ones."""

import altair as alt

from ..theme import hue
from . import data, plot_width

SHARES = {"all parameters": "total_share", "activated parameters": "activated_share"}


def draw(result, wide):
    rows = [
        {"component": row["component"], "of": of, "share": row[key], "label": _label(row[key])}
        for row in result.rows
        for of, key in SHARES.items()
    ]
    order = [row["component"] for row in result.rows]
    kinds = alt.Scale(domain=list(SHARES), range=[hue("slate"), hue("blue")])
    labels = 185 if wide else 165
    base = alt.Chart(data(rows), width=plot_width(wide, labels), height=alt.Step(15)).encode(
        y=alt.Y(
            "component:N",
            sort=order,
            title=None,
            scale=alt.Scale(paddingInner=0.25),
            axis=alt.Axis(minExtent=labels - 15, labelFontSize=12 if wide else 11),
        ),
        yOffset=alt.YOffset("of:N", sort=list(SHARES)),
        x=alt.X(
            "share:Q",
            axis=alt.Axis(format="%", tickCount=5 if wide else 3, values=[0, 0.25, 0.5, 0.75, 1] if wide else [0, 0.5, 1]),
            title="Share",
            scale=alt.Scale(domain=[0, 1.15 if wide else 1.45], nice=False),
        ),
        color=alt.Color("of:N", scale=kinds, title=None, legend=alt.Legend(columns=2 if wide else 1, columnPadding=30)),
    )
    texts = base.mark_text(align="left", dx=4, fontSize=11).encode(text="label:N", color=alt.value(hue("text")))
    return base.mark_bar() + texts


def _label(share):
    return "0" if share == 0 else "< 0.01 %" if share < 5e-5 else f"{share:.2%}".replace("%", " %")
