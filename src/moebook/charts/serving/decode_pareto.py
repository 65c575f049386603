"""Curves of output against speed, one for each size of the group, with and without drafts; published points."""

import altair as alt

from moecalc.explorers.serving.decode_pareto import DRAFTS, FAST, PLAIN, PUBLISHED, SIZES

from ...theme import hue
from .. import chart

COLOURS = dict(zip((f"EP{size}" for size in SIZES), ("slate", "green", "purple", "blue", "orange"), strict=True))
MARGIN = {True: 76, False: 56}


def draw(wide, controls):
    base = chart(wide, MARGIN[wide], height=330 if wide else 165)
    x = alt.X("user:Q", title="An answer [tokens/s]", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=8 if wide else 5))
    y = alt.Y("output:Q", title="A GPU [tokens/s]", scale=alt.Scale(nice=6), axis=alt.Axis(tickCount=7, format="~s"))
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(columns=5 if wide else 3, columnPadding=10, symbolType="stroke", symbolStrokeWidth=3, orient="top")
    colour = alt.Color("line:N", title=None, scale=colours, legend=legend)
    curves = base.transform_filter(alt.datum.drafts != PUBLISHED).encode(x=x, y=y, color=colour)
    dash = alt.StrokeDash(
        "drafts:N",
        title=None,
        scale=alt.Scale(domain=[DRAFTS, PLAIN], range=[[1, 0], [5, 3]]),
        legend=alt.Legend(orient="top" if wide else "bottom", symbolStrokeColor=hue("text"), columns=2, offset=4),
    )
    lines = curves.mark_line(strokeWidth=1.8, order=False).encode(strokeDash=dash)
    dots = curves.mark_point(size=22, filled=True, opacity=1)
    published = base.transform_filter(alt.datum.drafts == PUBLISHED).encode(x=x, y=y)
    ranges = published.mark_rule(strokeWidth=2, color=hue("text")).encode(x2="high:Q")
    diamonds = published.mark_point(shape="diamond", size=90, filled=True, opacity=1, color=hue("text"))
    size, fast = 11 if wide else 9, alt.datum.line == FAST  # beyond the end of the curves
    words = {"align": "right", "fontSize": size, "color": hue("text")}
    low = alt.datum.output < 1900  # close below another
    beside = published.transform_filter(~fast & ~low).mark_text(dx=-8, dy=-1, **words)
    below = published.transform_filter(~fast & low).mark_text(dx=-8, dy=9, **words)
    above = published.transform_filter(fast).mark_text(dx=6, dy=-11, **words)
    return alt.layer(lines, dots, ranges, diamonds, *(names.encode(text="line:N") for names in (beside, below, above)))
