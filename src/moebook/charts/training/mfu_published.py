"""Each published number, from a ring as it was printed to a dot in the common convention."""

import altair as alt

from ...theme import hue
from .. import chart, column

MODELS = {"DeepSeek-V3": "blue", "Llama 3.1 405B": "orange", "Llama 3.1 8B": "teal", "Mixtral 8x7B": "purple"}


def draw(wide, controls):
    names = 225 if wide else 150
    base = chart(wide, names, height=alt.Step(29 if wide else 21))
    lines = {} if wide else {"labelExpr": "replace(replace(datum.label, 'DeepSeek-V3: ', 'V3: '), 'Llama 3.1', 'Llama')"}
    y = alt.Y(
        "run:N",
        sort=None,
        title=None,
        axis=alt.Axis(
            minExtent=names - 12,
            labelFontSize=12 if wide else 10,
            domain=False,
            ticks=False,
            grid=True,
            gridOpacity=0.5,
            **lines,
        ),
    )
    largest = f"max(extent({column('printed')})[1], extent({column('common')})[1])"
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef(f"{1.12 if wide else 1.22} * {largest}"), nice=False)
    x = alt.X(
        "printed:Q",
        title="Share of the peak",
        scale=scale,
        axis=alt.Axis(format="%", tickCount=7 if wide else 4, gridOpacity=0.5),
    )
    colours = alt.Scale(domain=list(MODELS), range=[hue(colour) for colour in MODELS.values()])
    legend = alt.Legend(
        orient="none",
        legendX=10 - names,
        legendY=-30 if wide else -28,
        direction="horizontal",
        symbolType="circle",
        symbolOpacity=1,
        columns=4,
        columnPadding=24 if wide else 5,
        labelFontSize=12 if wide else 9,
    )
    colour = alt.Color("model:N", scale=colours, title=None, legend=legend)
    way = base.mark_rule(strokeWidth=3, opacity=0.45, aria=False).encode(x=x, x2="common:Q", y=y, color=colour)
    printed = base.mark_point(filled=True, fill=hue("paper"), strokeWidth=2, size=95 if wide else 60, opacity=1).encode(
        x=x, y=y, stroke=alt.Stroke("model:N", scale=colours, legend=None)
    )
    common = base.mark_point(filled=True, size=120 if wide else 75, opacity=1).encode(
        x=alt.X("common:Q", scale=scale), y=y, color=colour
    )
    labels = [
        base.transform_calculate(
            label=f"format(100 * datum.{key}, '.1f')",
            right=f"datum.{key} >= datum.{other}",
            near="abs(datum.printed - datum.common) < 0.002",
        )
        .transform_filter("datum.right" if side == "right" else "!datum.right")
        .transform_filter("true" if key == "common" else "!datum.near")
        .mark_text(
            align="left" if side == "right" else "right",
            dx=9 if side == "right" else -9,
            fontSize=11 if wide else 10,
            fontWeight="bold" if key == "common" else "normal",
        )
        .encode(x=alt.X(f"{key}:Q", scale=scale), y=y, text="label:N")
        for key, other in (("common", "printed"), ("printed", "common"))
        for side in ("right", "left")
    ]
    return alt.layer(way, printed, common, *labels)
