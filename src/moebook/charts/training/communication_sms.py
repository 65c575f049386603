"""Bandwidth reached, and throughput left, against the SMs that move data."""

import altair as alt

from moecalc.explorers.training.communication_sms import BEST, CHOSEN, COMPUTING, MEASURED, NAMES, REACHED, THROUGHPUT

from ...theme import hue
from .. import NARROW, ROWS, WIDE, part_title

COLOURS = {
    NAMES["dispatch"]: "orange",
    NAMES["combine"]: "purple",
    MEASURED["dispatch"]: "orange",
    MEASURED["combine"]: "purple",
    NAMES[COMPUTING]: "slate",
    NAMES[THROUGHPUT]: "blue",
    BEST: "green",
    CHOSEN: "blue",
}


def draw(wide, controls):
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    colour = alt.Color("what:N", scale=colours, legend=None)
    data = alt.NamedData(ROWS)
    room = {"width": (WIDE - 140) * 2 // 5 if wide else NARROW - 64, "height": 250 if wide else 74}

    def panel(name, title, **how):
        return alt.Chart(data, title=part_title(title), **{**room, **how}).transform_filter(f"datum.panel == '{name}'")

    x = alt.X("num_sms:Q", title="SMs for communication", axis=alt.Axis(tickCount=6), scale=alt.Scale(nice=False))
    near = x if wide else alt.X("num_sms:Q", title=None, axis=alt.Axis(tickCount=6), scale=alt.Scale(nice=False))
    reached = panel(REACHED, "Bandwidth [GB/s]").encode(x=near, y=alt.Y("gb_per_s:Q", title=None), color=colour)
    lines = reached.transform_filter(alt.FieldOneOfPredicate("what", [NAMES[one] for one in MEASURED])).mark_line()
    points = reached.transform_filter(alt.FieldOneOfPredicate("what", list(MEASURED.values()))).mark_point(
        filled=True, size=70 if wide else 45, opacity=0.9
    )
    ends = (
        reached.transform_filter("datum.num_sms == 8")
        .transform_filter(alt.FieldOneOfPredicate("what", list(NAMES.values())[:2]))
        .mark_text(
            align=alt.ExprRef("datum.what == 'dispatch' ? 'right' : 'left'"),
            dx=alt.ExprRef("datum.what == 'dispatch' ? -6 : 8"),
            dy=alt.ExprRef("datum.what == 'dispatch' ? -6 : 10"),
            fontSize=12 if wide else 11,
        )
        .encode(text="what:N")
    )
    whole = panel(THROUGHPUT, "Throughput, of a co-processor's", width=(WIDE - 140) * 3 // 5 if wide else NARROW - 64)
    whole = whole.encode(
        x=x, y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])), color=colour
    )
    names = [NAMES[COMPUTING], NAMES[THROUGHPUT]]
    curves = whole.transform_filter(alt.FieldOneOfPredicate("what", names)).mark_line(strokeWidth=2.5)
    marked = whole.transform_filter(alt.FieldOneOfPredicate("what", [BEST, CHOSEN]))
    dots = marked.mark_point(filled=True, size=130 if wide else 90, opacity=1)
    said = marked.transform_calculate(label="datum.what + ', ' + datum.num_sms + ' SMs: ' + format(datum.share, '.1%')")
    texts = [
        said.mark_text(
            align=alt.ExprRef("datum.num_sms > 70 ? 'right' : 'left'"),
            dx=alt.ExprRef("datum.num_sms > 70 ? -12 : 12"),
            dy=alt.ExprRef(f"datum.what == '{BEST}' ? {-16 if wide else -13} : -2"),
            fontSize=12 if wide else 11,
            **stroke,
        ).encode(text="label:N")
        for stroke in ({"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}, {})
    ]
    panels = alt.layer(lines, points, ends), alt.layer(curves, dots, *texts)
    return alt.hconcat(*panels, spacing=24) if wide else alt.vconcat(*panels, spacing=10)
