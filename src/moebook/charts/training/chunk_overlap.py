"""Two lines of bars over time: computation, communication."""

import altair as alt

from ...theme import hue
from .. import chart, column, plot_width, present

COLOURS = {
    "forward": "orange",
    "backward for inputs": "green",
    "backward for weights": "blue",
    "pipeline": "purple",
}
MARGIN, LETTER = 100, {True: 6.3, False: 5.2}


def draw(wide, controls):
    margin = MARGIN if wide else 88
    base = chart(wide, margin, height=alt.Step(74 if wide else 62))
    last, width = f"extent({column('end')})[1]", plot_width(wide, margin)
    x = alt.X(
        "start:Q",
        title="Time",
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {last}]"), nice=False),
        axis=alt.Axis(grid=False, tickCount=7 if wide else 4),
    )
    y = alt.Y(
        "stream:N",
        sort=None,
        title=None,
        scale=alt.Scale(domain=["compute", "communication"], paddingInner=0.1, paddingOuter=0.05),
        axis=alt.Axis(ticks=False, domain=False, minExtent=margin - 12, labelFontSize=12 if wide else 11),
    )
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(
        values=present(list(COLOURS), "kind"),
        symbolType="square",
        symbolStrokeWidth=0,
        columnPadding=14,
        columns=4 if wide else 2,
    )
    bars = base.mark_rect(stroke=hue("paper"), strokeWidth=1).encode(
        x=x, x2="end:Q", y=y, color=alt.Color("kind:N", title=None, scale=colours, legend=legend)
    )
    size, room = 10.5 if wide else 9, f"datum.time * {width} / {last}"
    middle = base.transform_calculate(start="(datum.start + datum.end) / 2")
    fits, layer = (f"{room} > {LETTER[wide]} * {letters} + 5" for letters in ("length(datum.operation)", "7"))
    words = {"baseline": "middle", "color": hue("paper"), "fontSize": size}
    level = middle.transform_filter(fits).mark_text(dy=-7, **words).encode(x=x, y=y, text="operation:N")
    upright = (
        middle.transform_filter(f"!({fits}) && {room} > {size + 1}")
        .mark_text(angle=270, **words)
        .encode(x=x, y=y, text="operation:N")
    )
    layers = (
        middle.transform_filter(f"{fits} && {layer} && datum.layer != ''")
        .transform_calculate(words="'layer ' + datum.layer")
        .mark_text(dy=8, **words)
        .encode(x=x, y=y, text="words:N")
    )
    return bars + level + upright + layers
