"""Stacked shares of time over a logarithmic interval, with the chosen and the best one on top."""

import altair as alt

from ...theme import hue
from .. import chart, column

PARTS = {
    "restarting": ("restarting", "slate"),
    "again": ("computed a second time", "orange"),
    "saving": ("waiting for checkpoints", "blue"),
}
TICKS = [digit * 10**power for power in range(-4, 5) for digit in (1, 3)]


def draw(wide, controls):
    titles = [title for title, _ in PARTS.values()]
    colours = alt.Scale(domain=titles, range=[hue(name) for _, name in PARTS.values()])
    legend = alt.Legend(title=None, columns=3 if wide else 2, columnPadding=18, symbolStrokeWidth=0)
    names = " : ".join(f"datum.key == '{key}' ? '{title}'" for key, (title, _) in PARTS.items()) + " : ''"
    order = " : ".join(f"datum.key == '{key}' ? {at}" for at, key in enumerate(PARTS)) + " : 9"
    # short intervals cost without bound: so much of it is shown as says where the best one lies
    most = f"min(1, 4 * extent({column('share')})[0])"
    minutes = f"extent({column('minutes')})"
    base = chart(wide, 62, height=260 if wide else 210)
    x = alt.X(
        "minutes:Q",
        title="Interval between checkpoints [min]",
        scale=alt.Scale(
            type="log", nice=False, domainMin=alt.ExprRef(f"{minutes}[0]"), domainMax=alt.ExprRef(f"{minutes}[1]")
        ),
        axis=alt.Axis(values=TICKS, labelExpr="format(datum.value, '~g')"),
    )
    y = alt.Y("top:Q", title="Time lost", axis=alt.Axis(format=".1%", tickCount=5), scale=_scale(most))
    areas = (
        base.transform_filter("!isValid(datum.mark)")
        .transform_fold(list(PARTS), as_=["key", "part"])
        .transform_calculate(what=names, place=order)
        .transform_stack(stack="part", groupby=["minutes"], sort=[alt.SortField("place")], as_=["bottom", "top"])
        .transform_calculate(bottom=f"min(datum.bottom, {most})", top=f"min(datum.top, {most})")
        .mark_area(opacity=0.85, line=False)
        .encode(x=x, y=y, y2="bottom:Q", color=alt.Color("what:N", scale=colours, legend=legend))
    )
    marks = base.transform_filter("isValid(datum.mark)").transform_calculate(top=f"min(datum.share, {most})")
    at = {"x": x, "y": alt.Y("top:Q", scale=_scale(most))}
    rules = marks.mark_rule(strokeDash=[4, 3], color=hue("text"), aria=False).encode(x=x)
    points = marks.mark_point(filled=True, size=130 if wide else 90, opacity=1, color=hue("text")).encode(**at)
    kind = "datum.mark + ': '" if wide else "(datum.mark == 'best' ? 'best: ' : '')"
    said = marks.transform_calculate(
        label=f"{kind} + format(datum.minutes, '.3~r') + ' min, ' + format(datum.share, '.2%')",
    )
    words = [
        said.mark_text(
            align=alt.ExprRef("datum.side == 'left' ? 'right' : 'left'"),
            dx=alt.ExprRef("datum.side == 'left' ? -10 : 10"),
            dy=alt.ExprRef(f"datum.share > {most} ? 16 : -18"),
            fontSize=12 if wide else 11,
            color=hue("text"),
            aria=False,
            **look,
        ).encode(**at, text="label:N")
        for look in ({"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}, {})
    ]
    return alt.layer(areas, rules, points, *words)


def _scale(most):
    return alt.Scale(domainMin=0, domainMax=alt.ExprRef(most), nice=False)
