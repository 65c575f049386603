"""A waterfall from V2 to V3."""

import altair as alt

from ..theme import hue
from . import ROWS, chart, room

TITLES = {"parameters": "Parameters", "bytes": "Bytes a token", "FLOPs": "FLOPs a token"}
#: Expression for the unit of what is counted.
UNIT = f"data('{ROWS}')[0].unit"
SHORT = "format(datum.value, '~s')"
#: Expression for a number at the axis: parameters are counted in B, not G.
NUMBER = f"{UNIT} == 'parameters' ? replace(replace({SHORT}, 'G', ' B'), 'T', ' T') : {SHORT}"


def draw(wide, controls):
    kinds = alt.Scale(domain=["model", "adds", "takes away"], range=[hue("slate"), hue("blue"), hue("orange")])
    names = 310 if wide else 200
    base = chart(wide, names, height=alt.Step(26)).encode(
        y=alt.Y(
            # where there is room, from what to what
            "with_sizes:N" if wide else "step:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=0, minExtent=names - 15, labelFontSize=12 if wide else 11),
        ),
        x=alt.X(
            "base:Q",
            title=None,
            axis=alt.Axis(labelExpr=NUMBER, tickCount=4 if wide else 2),
            scale=room("end", 1.3 if wide else 1.75),
        ),
        x2="end:Q",
        # on a phone the signs say it
        color=alt.Color("kind:N", scale=kinds, title=None, legend=alt.Legend(columnPadding=24) if wide else None),
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11 if wide else 10).encode(
        x="end:Q", x2=alt.X2(), text="label:N", color=alt.value(hue("text"))
    )
    # the title of an axis cannot follow the rows, that of the chart can
    title = alt.Title(
        alt.ExprRef(f"{TITLES}[{UNIT}]"), orient="bottom", frame="group", fontSize=12, fontWeight="normal", offset=4
    )
    return (base.mark_bar() + labels).properties(title=title)
