"""A waterfall from the BF16 peak to MFU."""

import altair as alt

from ...theme import hue
from .. import chart, column, plot_width

KINDS = {"all": "slate", "gain": "green", "loss": "orange"}
TITLE = "Share of the BF16 peak"


def draw(wide, controls):
    names = 160 if wide else 118
    last = f"(1.02 * max(extent({column('end')})[1], extent({column('start')})[1]))"
    axis = alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 10, domain=False, ticks=False, offset=3)
    base = chart(wide, names, height=alt.Step(30 if wide else 25)).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=axis)
    )
    x = alt.X(
        "start:Q",
        title=TITLE,
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(last), nice=False),
        axis=alt.Axis(format="%", tickCount=8 if wide else 4),
    )
    colours = alt.Scale(domain=list(KINDS), range=[hue(colour) for colour in KINDS.values()])
    bars = base.mark_bar(size=20 if wide else 16).encode(
        x=x, x2="end:Q", color=alt.Color("kind:N", scale=colours, legend=None)
    )
    peak = (
        chart(wide, names)
        .transform_aggregate(rows="count()")
        .transform_calculate(peak="1")
        .mark_rule(color=hue("muted"), strokeDash=[4, 4], aria=False)
        .encode(x=alt.X("peak:Q", title=TITLE))
    )
    size, width = (11.5 if wide else 10), plot_width(wide, names)
    pixels, right = f"{width} / {last}", "max(datum.start, datum.end)"
    label = "isValid(datum.factor) ? '\u00d7 ' + format(datum.factor, '.2f') : format(100 * datum.after, '.1f') + ' %'"
    labelled = base.transform_calculate(
        label=label,
        at=right,
        low="min(datum.start, datum.end)",
        inside=f"datum.kind == 'all' && datum.after * {pixels} > 60",
        fits=f"{right} * {pixels} + 46 < {width}",
    )
    how = {"fontSize": size}
    behind = labelled.transform_filter("!datum.inside && datum.fits").mark_text(align="left", dx=5, color=hue("text"), **how)
    before = labelled.transform_filter("!datum.inside && !datum.fits").mark_text(
        align="right", dx=-5, color=hue("text"), **how
    )
    within = labelled.transform_filter("datum.inside").mark_text(
        align="left", dx=6, color=hue("paper"), fontWeight="bold", **how
    )
    return alt.layer(
        peak,
        bars,
        behind.encode(x=alt.X("at:Q", title=TITLE), text="label:N"),
        before.encode(x=alt.X("low:Q", title=TITLE), text="label:N"),
        within.encode(x=x, text="label:N"),
    )
