"""Layouts by the memory and the time that they need, and how many others fail for which reason."""

import altair as alt

from moecalc.explorers.training.planner import LAYOUT, LETTERS, REASON, RUNS

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title

COLOURS = dict(zip(LETTERS.values(), ["blue", "teal", "orange", "green", "purple"], strict=True))
#: So many of the best stand beside the picture.
TOLD = 4
KINDS = {"rules": "slate", "memory": "red", RUNS: "green"}


def draw(wide, controls):
    size = 12 if wide else 10
    width = (WIDE - 130) * 11 // 20 if wide else NARROW - 62

    def panel(name, title, width, height):
        base = alt.Chart(alt.NamedData(ROWS), title=part_title(title), width=width, height=height)
        return base.transform_filter(alt.datum.panel == name)

    seconds = alt.Y(
        "step_s:Q",
        title="a step [s]",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=alt.Axis(tickCount=4, format="~s"),
    )
    gigabytes = alt.X(
        "gigabytes:Q",
        title="the fullest GPU needs [GB]",
        scale=alt.Scale(zero=True, nice=False, padding=4),
        axis=alt.Axis(tickCount=5, grid=False),
    )
    layouts = panel(LAYOUT, "Time against memory", width, 260 if wide else 112)
    first = layouts.transform_filter(alt.datum.place == 1)
    band = first.mark_rect(fill=hue("blue"), fillOpacity=0.14, strokeOpacity=0, aria=False).encode(
        y=alt.Y("low_s:Q"), y2="high_s:Q"
    )
    limit = first.mark_rule(strokeDash=[5, 4], color=hue("muted"), aria=False).encode(x="memory_limit:Q")
    front = layouts.transform_filter("datum.front").mark_line(
        interpolate="step-after", strokeWidth=1.5, color=hue("muted"), aria=False
    ).encode(x=gigabytes, y=seconds)  # fmt: skip
    colour = alt.Color(
        "schedule:N",
        title=None,
        legend=alt.Legend(columns=5, labelFontSize=10, columnPadding=4, symbolSize=50, offset=4),
        scale=alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()]),
    )
    # the best on top: another may stand in the same place
    points = [
        some.mark_point(size=70 if wide else 50, opacity=1).encode(x=gigabytes, y=seconds, color=colour)
        for some in (layouts.transform_filter(alt.datum.place > 1), first)
    ]
    best = first.mark_point(size=240, filled=False, strokeWidth=2, color=hue("text"), aria=False).encode(
        x=gigabytes, y=seconds
    )
    paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}
    named = [
        first.mark_text(align="right", baseline="top", dx=-4, dy=12, fontSize=size, fontWeight="bold", **behind).encode(
            x=gigabytes, y=seconds, text="letters:N"
        )
        for behind in (paper, {})
    ]
    left = alt.layer(band, limit, front, *points, best, *named)

    width, gutter = (290, 178) if wide else (NARROW - 62, 158)
    row = alt.Y("name:N", title=None, sort=None, axis=None)
    start = alt.X(value=0)

    def bar_scale(field, room):
        most = f"{room} * max(1e-9, extent({column(field)})[1])"
        return alt.Scale(domainMin=0, domainMax=alt.ExprRef(most), range=[gutter, width], nice=False)

    reasons = panel(REASON, "Layouts, by the first reason that ends them", width, alt.Step(19 if wide else 13)).encode(y=row)
    count = alt.X("count:Q", axis=None, scale=bar_scale("count", 1.5))
    kind = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(KINDS), range=[hue(one) for one in KINDS.values()]))
    bars = reasons.mark_bar(height=alt.RelativeBandSize(0.6)).encode(x=count, color=kind)
    words = reasons.mark_text(align="left", fontSize=size).encode(x=start, text="name:N")
    counts = reasons.mark_text(align="left", dx=4, fontSize=size).encode(x=count, text=alt.Text("count:Q", format=","))
    right = alt.layer(bars, words, counts)
    if wide:
        right = alt.vconcat(right, best_layouts(panel, width), spacing=14).resolve_scale(x="independent", y="independent")
    joined = alt.hconcat(left, right, spacing=24) if wide else alt.vconcat(left, right, spacing=6)
    return joined.resolve_scale(color="independent", x="independent", y="independent")


def best_layouts(panel, width):
    """The first of the best, each with a bar of its time and a thin one of its memory."""
    rows = panel(LAYOUT, "The best: time, and in grey memory", width, alt.Step(29))
    rows = rows.transform_filter(alt.datum.place <= TOLD).encode(y=alt.Y("place:O", title=None, axis=None))

    def bars(field, colour, offset, height):
        # rows begin with the best, each a little slower than the one before
        most = f"1.1 * ({column(field)}[{TOLD - 1}] || extent({column(field)})[1])"
        scale = alt.Scale(domainMin=0, nice=False, domainMax=alt.ExprRef(most), clamp=True)
        return rows.mark_bar(color=colour, height=height, yOffset=offset).encode(
            x=alt.X(f"{field}:Q", axis=None, scale=scale)
        )

    words = rows.mark_text(align="left", dy=-8, fontSize=11).encode(x=alt.X(value=0), text="said:N")
    return alt.layer(bars("step_s", hue("blue"), 3, 6), bars("gigabytes", hue("slate"), 9, 3), words).resolve_scale(
        x="independent"
    )
