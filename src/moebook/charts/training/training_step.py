"""The parts of a step, one after the other in time; under each a thin bar of what was measured, where it was."""

import altair as alt

from ...theme import hue
from .. import chart, column, plot_width

KINDS = {
    "forward": "orange",
    "overlapped": "purple",
    "backward": "green",
    "weight": "blue",
    "bubble": "slate",
    "optimizer": "brown",
    "step": "text",
}
MEASURED = "pink"
TITLE = "Time [s]"


def draw(wide, controls):
    names = 140 if wide else 108
    ends = [f"(extent({column(field)})[1] || 0)" for field in ("end", "high", "measured_end")]
    last = f"({'max(' + ', '.join(ends) + ')'} * {1.02 if wide else 1.04})"
    x = alt.X(
        "start:Q",
        title=TITLE,
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(last), nice=False),
        axis=alt.Axis(tickCount=8 if wide else 5),
    )
    step, thick, thin = (38, 14, 6) if wide else (32, 11, 5)
    up, down = -thick / 2 - 1, thin / 2 + 3
    axis = alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 10, domain=False, ticks=False, offset=3)
    base = chart(wide, names, height=alt.Step(step)).encode(y=alt.Y("part:N", sort=None, title=None, axis=axis))
    colours = alt.Scale(domain=list(KINDS), range=[hue(colour) for colour in KINDS.values()])
    bars = base.mark_bar(size=thick, yOffset=up).encode(
        x=x, x2="end:Q", color=alt.Color("kind:N", scale=colours, legend=None)
    )
    was = base.transform_filter("isValid(datum.measured)")
    measured = was.mark_bar(size=thin, yOffset=down, color=hue(MEASURED)).encode(
        x=alt.X("measured_start:Q", title=TITLE), x2="measured_end:Q"
    )
    whole = base.transform_filter("isValid(datum.high)")
    red = {"yOffset": up, "color": hue("red"), "aria": False}
    interval = [whole.mark_rule(strokeWidth=2, **red).encode(x=alt.X("low:Q", title=TITLE), x2="high:Q")] + [
        whole.mark_tick(size=thick, thickness=2, **red).encode(x=alt.X(f"{end}:Q", title=TITLE)) for end in ("low", "high")
    ]
    part, part_was = (one.transform_filter("!isValid(datum.high)") for one in (base, was))
    size, small = (11.5, 10.5) if wide else (10, 9)
    said = _words(part, wide, names, last, "datum.seconds", "start", "end", "", up, size, "text")
    told = _words(
        part_was, wide, names, last, "datum.measured", "measured_start", "measured_end", "measured ", down, small, MEASURED
    )
    return alt.layer(bars, measured, *interval, *said, *told, _whole(whole, size, up))


def _whole(whole, size, y):
    """The label of the whole step, in its bar: the interval would cross it behind the bar."""
    words = "format(datum.seconds, '.2f') + ' s'"
    words += " + (isValid(datum.measured) ? ', measured ' + format(datum.measured, '.2f') : '')"
    return (
        whole.transform_calculate(label=words)
        .mark_text(align="left", dx=5, fontSize=size, fontWeight="bold", yOffset=y, color=hue("paper"))
        .encode(x=alt.X("start:Q", title=TITLE), text="label:N")
    )


def _words(base, wide, names, last, value, start, end, before, y, size, colour) -> list:
    """A label for each bar: behind it, before it where there is no room, or in it where there is room nowhere else."""
    words = f"'{before}' + format({value}, {value} < 0.0995 ? '.3f' : '.2f') + ' s'"
    pixels = f"{plot_width(wide, names)} / {last}"
    length = f"({0.52 * size} * length({words}) + 10)"
    room = f"datum.{end} * {pixels} + {length} < {plot_width(wide, names)}"
    labelled = base.transform_calculate(
        label=words, place=f"{room} ? 'behind' : datum.{start} * {pixels} > {length} ? 'before' : 'in'"
    )
    how = {"fontSize": size, "yOffset": y}
    return [
        labelled.transform_filter("datum.place == 'behind'")
        .mark_text(align="left", dx=5, color=hue(colour), **how)
        .encode(x=alt.X(f"{end}:Q", title=TITLE), text="label:N"),
        labelled.transform_filter("datum.place == 'before'")
        .mark_text(align="right", dx=-5, color=hue(colour), **how)
        .encode(x=alt.X(f"{start}:Q", title=TITLE), text="label:N"),
        labelled.transform_filter("datum.place == 'in'")
        .mark_text(align="left", dx=5, color=hue("paper"), fontWeight="bold", **how)
        .encode(x=alt.X(f"{start}:Q", title=TITLE), text="label:N"),
    ]
