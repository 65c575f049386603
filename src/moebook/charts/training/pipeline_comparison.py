"""A bar for each schedule: work, then the bubble; memory in words behind it."""

import altair as alt

from ...theme import hue
from .. import chart, room

PARTS = {"busy": ("works", "blue"), "bubble": ("waits", "slate")}


def draw(wide, controls):
    names = 125 if wide else 105
    y = alt.Y("schedule:N", sort=None, title=None, axis=alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 11))
    base = chart(wide, names, height=alt.Step(42 if wide else 32))
    words = {key: name for key, (name, _) in PARTS.items()}
    colours = alt.Scale(domain=list(words.values()), range=[hue(colour) for _, colour in PARTS.values()])
    bars = (
        base.transform_fold(list(PARTS), as_=["key", "time"])
        .transform_calculate(part=f"{words}[datum.key]", order="datum.key == 'busy' ? 0 : 1")
        .mark_bar(size=24 if wide else 18)
        .encode(
            y=y,
            x=alt.X(
                "time:Q",
                title="Time",
                scale=room("makespan", 1.12 if wide else 1.3),
                axis=alt.Axis(tickCount=6 if wide else 4),
            ),
            color=alt.Color("part:N", title=None, scale=colours, legend=alt.Legend(symbolStrokeWidth=0, columnPadding=24)),
            order=alt.Order("order:Q"),
        )
    )
    bubble = (
        base.transform_calculate(label="format(datum.bubble, '.3~f') + ' (' + format(100 * datum.share, '.0f') + ' %)'")
        .mark_text(align="left", dx=5, fontSize=11, color=hue("text"))
        .encode(y=y, x=alt.X("makespan:Q", title="Time"), text="label:N")
    )
    held = (
        base.transform_calculate(
            label="datum.parameters + (datum.parameters == 1 ? ' part' : ' parts') + "
            f"'{' of the model, activations of ' if wide else ', '}' + format(datum.activations, '.1~f') + ' micro-batches'",
            at="0",
        )
        .mark_text(align="left", dx=6, fontSize=11 if wide else 9.5, color=hue("paper"))
        .encode(y=y, x=alt.X("at:Q", title="Time"), text="label:N")
    )
    return bars + bubble + held
