"""A mark for each kind of attention on a scale of bytes, and what a GPU has left for them."""

import altair as alt

from ...theme import hue
from .. import ROWS, chart, column, powers_of_ten

#: Expressions for a number of bytes, in a label and on the axis.
SHORT = "replace(replace(replace(replace(format({0}, '{1}'), 'k', ' K'), 'M', ' M'), 'G', ' G'), 'T', ' T') + 'B'"
SIZE = SHORT.format("datum.bytes_per_sequence", ".3s")
FITS = "(datum.sequences == 0 ? 'none fits' : datum.sequences == 1 ? '1 fits' : format(datum.sequences, ',') + ' fit')"
ROOM = f"data('{ROWS}')[0].room"


def draw(wide, controls):
    names = 75
    ends = f"extent({column('bytes_per_sequence')})"
    # the line stays inside wherever the GPU's memory is; on the right there is room for labels
    low = alt.ExprRef(f"0.5 * min({ends}[0], {ROOM} > 0 ? {ROOM} : {ends}[0])")
    high = alt.ExprRef(f"{30 if wide else 2} * max({ends}[1], {ROOM})")
    base = chart(wide, names, height=alt.Step(40 if wide else 37)).encode(
        y=alt.Y("kind:N", sort=None, title=None, axis=alt.Axis(minExtent=names - 15, labelFontSize=12 if wide else 11)),
    )
    x = alt.X(
        "bytes_per_sequence:Q",
        scale=alt.Scale(type="log", domainMin=low, domainMax=high, nice=False),
        title="Cache of one sequence",
        axis=alt.Axis(labelExpr=SHORT.format("datum.value", "~s"), values=powers_of_ten(0, 18)),
    )
    marks = base.mark_point(filled=True, size=130, opacity=1, color=hue("blue")).encode(x=x)
    # on a phone a label stands above its mark, from the left
    place = {"align": "left", "dx": 10} if wide else {"align": "left", "dx": 4, "dy": -15, "fontSize": 11}
    texts = base.transform_calculate(label=f"{SIZE} + ', ' + {FITS}").encode(x=x if wide else alt.value(0), text="label:N")
    halo = texts.mark_text(**place, stroke=hue("paper"), strokeWidth=5, strokeJoin="round")
    labels = texts.mark_text(**place)
    line = (
        chart(wide, names)
        .transform_filter("datum.kind == 'MHA' && datum.room > 0")
        .mark_rule(color=hue("orange"), strokeDash=[5, 4], strokeWidth=2)
        .encode(x="room:Q")
    )
    return alt.layer(line, marks, halo, labels).properties(
        title=alt.Title(
            "Dashed: memory left on one GPU", anchor="end", color=hue("orange"), fontSize=12, fontWeight="normal", offset=4
        )
    )
