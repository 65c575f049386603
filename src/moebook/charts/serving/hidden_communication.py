"""Lines of bars over time: computing, the network, and the SMs beside attention where an order has them."""

import altair as alt

from moecalc.explorers.serving.hidden_communication import HALVES, LANES

from ...theme import hue
from .. import chart, column, plot_width, present

COLOURS = dict(zip(HALVES, ("orange", "blue"), strict=True))
#: Room for the names of lanes, and pixels of a letter on a bar.
MARGIN, LETTER = {True: 108, False: 84}, {True: 6.2, False: 5.4}


def draw(wide, controls):
    base = chart(wide, MARGIN[wide], height={True: 230, False: 180}[wide])
    last, width = f"extent({column('end')})[1]", plot_width(wide, MARGIN[wide])
    x = alt.X(
        "start:Q",
        title="Time [ms]",
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {last}]"), nice=False),
        axis=alt.Axis(grid=False, tickCount=7 if wide else 4),
    )
    y = alt.Y(
        "lane:N",
        sort=None,
        title=None,
        scale=alt.Scale(domain=present(list(LANES.values()), "lane"), paddingInner=0.12, paddingOuter=0.05),
        axis=alt.Axis(ticks=False, domain=False, labelFontSize=12 if wide else 11),
    )
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(symbolType="square", symbolStrokeWidth=0, columnPadding=16, columns=2)
    bars = base.mark_rect(stroke=hue("paper"), strokeWidth=1).encode(
        x=x, x2="end:Q", y=y, color=alt.Color("half:N", title=None, scale=colours, legend=legend)
    )
    size, room = 11 if wide else 9.5, f"(datum.end - datum.start) * {width} / {last}"
    fits = f"{room} > {LETTER[wide]} * length(datum.operation) + 4"
    words = {"baseline": "middle", "color": hue("paper"), "fontSize": size}
    level = _named(base, fits).mark_text(**words).encode(x=x, y=y, text="operation:N")
    narrow = _named(base, f"!({fits}) && {room} > {size + 1}").mark_text(angle=270, **words)
    return bars + level + narrow.encode(x=x, y=y, text="operation:N")


def _named(base, which: str):
    """Some bars, placed at their middle."""
    return base.transform_filter(which).transform_calculate(start="(datum.start + datum.end) / 2")
