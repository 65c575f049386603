"""A bar for each convention."""

import altair as alt

from ..theme import hue
from . import data, plot_width


def draw(result, wide):
    rows = [{**row, "label": f"{row['utilisation'] * 100:.2f} %"} for row in result.rows]
    order = [row["convention"] for row in rows]
    kinds = alt.Scale(domain=["MFU", "HFU"], range=[hue("blue"), hue("slate")])
    top = max(1e-9, *(row["utilisation"] for row in rows))
    names = 200 if wide else 175
    base = alt.Chart(data(rows), width=plot_width(wide, names), height=alt.Step(26)).encode(
        y=alt.Y(
            "convention:N",
            sort=order,
            title=None,
            axis=alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 11),
        ),
        x=alt.X(
            "utilisation:Q",
            axis=alt.Axis(format="%", tickCount=5 if wide else 3),
            title="Share of the peak",
            scale=alt.Scale(domain=[0, top * (1.2 if wide else 1.6)], nice=False),
        ),
        color=alt.Color("kind:N", scale=kinds, title=None, legend=alt.Legend(symbolStrokeWidth=0, columnPadding=24)),
    )
    labels = base.mark_text(align="left", dx=5).encode(
        text="label:N", color=alt.value(hue("text"))
    )
    chosen = base.transform_filter(alt.datum.chosen).mark_bar(stroke=hue("text"), strokeWidth=2)
    return base.mark_bar() + chosen + labels
