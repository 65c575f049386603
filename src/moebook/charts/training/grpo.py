"""A bar for each answer of a group, and a mark for what it adds."""

import altair as alt

from moecalc.explorers.training.grpo import PUSHES

from ...theme import hue
from .. import ROWS, chart, column, present


def draw(wide, controls):
    names = 130 if wide else 105
    base = chart(wide, names, height=250 if wide else 172).encode(
        y=alt.Y(
            "label:N",
            sort=None,
            title=None,
            axis=alt.Axis(minExtent=names - 20, labelFontSize=12 if wide else 11, labelOverlap=True),
        ),
    )
    scale = alt.Scale(domain=list(PUSHES), range=[hue(name) for name in ("blue", "orange", "slate", "brown")])
    legend = alt.Legend(values=present(list(PUSHES), "push"), columns=4 if wide else 2, columnPadding=20)
    title = "Advantage; a mark at what the answer adds to the sum" if wide else "Advantage; mark: what is added"
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x=alt.X("advantage:Q", title=title, axis=alt.Axis(tickCount=6 if wide else 4), scale=_scale()),
        color=alt.Color("push:N", scale=scale, title=None, legend=legend),
    )
    marks = base.mark_tick(thickness=3, height={"band": 0.9}, color=hue("text"), opacity=1).encode(x="term:Q")
    zero = alt.Chart(alt.NamedData(ROWS)).mark_rule(color=hue("muted")).encode(x=alt.datum(0))
    return bars + marks + zero


def _scale():
    """Bars and marks with some room, and one unit on either side at least."""
    ends = [
        f"1.08 * {one}(extent({column('advantage')})[{i}], extent({column('term')})[{i}], {least})"
        for i, (one, least) in enumerate((("min", -1), ("max", 1)))
    ]
    return alt.Scale(domainMin=alt.ExprRef(ends[0]), domainMax=alt.ExprRef(ends[1]), nice=False)
