"""What a GPU of each pipeline rank holds, stacked, under a line at its memory."""

import altair as alt

from ...theme import hue
from .. import chart, column, plot_width
from .model_states import FEW, LAST

PARTS = {
    "weights": ("weights", "blue"),
    "gradients": ("gradients", "orange"),
    "optimizer": ("optimizer states", "green"),
    "activations": ("activations", "purple"),
    "buffers": ("buffers", "teal"),
    "band": ("beyond the rules, at most", "grid"),
}


def draw(wide, controls):
    beside = 95 if wide else 90  # the axis, and the line's words
    names = [words for words, _ in PARTS.values()]
    parts = alt.Scale(domain=names, range=[hue(colour) for _, colour in PARTS.values()])
    legend = alt.Legend(columns=3 if wide else 2, columnPadding=24 if wide else 10)
    numbers = {
        "labelAngle": 0,
        "values": alt.ExprRef(f"sequence(0, {LAST} + 1, {LAST} < {FEW} ? 1 : {4 if wide else 8})"),
        "labelFontSize": 12 if wide else alt.ExprRef(f"{LAST} + 1 < {FEW} ? 12 : 10"),
    }
    x = alt.X("rank:O", title="Pipeline rank", axis=alt.Axis(**numbers))
    ends = f"[extent({column('most')})[1], extent({column('gpu')})[1]]"
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef(f"1.06e-9 * extent({ends})[1]"), nice=False)
    y = alt.Y("gb:Q", title="Memory of a GPU [GB]", axis=alt.Axis(tickCount=6), scale=scale)
    bars = (
        chart(wide, beside, height=300 if wide else 180)
        .transform_fold(list(PARTS), as_=["key", "bytes"])
        .transform_calculate(
            gb="datum.bytes / 1e9",
            order=f"indexof({list(PARTS)}, datum.key)",
            part=f"{names}[indexof({list(PARTS)}, datum.key)]",
        )
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("part:N", scale=parts, title=None, legend=legend), order=alt.Order("order:Q"))
    )
    line = chart(wide, beside).transform_aggregate(gpu="max(gpu)").transform_calculate(gb="datum.gpu / 1e9")
    # the line crosses bars of every colour: a pale one under it keeps it in sight
    limit = alt.layer(
        *(
            line.mark_rule(color=hue(colour), strokeWidth=strength, aria=False).encode(y=y)
            for colour, strength in (("paper", 5), ("red", 2))
        )
    )
    said = (
        line.transform_calculate(label="'GPU|' + format(datum.gb, '.1f')")
        .mark_text(
            align="left", baseline="middle", dx=5, fontSize=11, lineBreak="|", color=hue("red"), x=plot_width(wide, beside)
        )
        .encode(y=y, text="label:N")
    )
    if not wide:
        return bars + limit + said
    sums = (
        chart(wide, beside)
        .transform_filter(f"{LAST} < {FEW}")
        .transform_calculate(gb="datum.most / 1e9", label="format(datum.gb, '.0f')", over="datum.most > datum.gpu")
        .mark_text(baseline="bottom", dy=-3, fontSize=11)
        .encode(x=x, y=y, text="label:N", color=alt.condition("datum.over", alt.value(hue("red")), alt.value(hue("text"))))
    )
    return bars + limit + said + sums
