"""Model states of each pipeline rank, stacked."""

import altair as alt

from moecalc.training.state_views import SHOWN_STATES

from ...theme import hue
from .. import chart, column

#: Up to so many bars there is room for the sum over each, and for each rank's number.
FEW = 16
#: Expression for the last rank's number.
LAST = f"extent({column('rank')})[1]"


def draw(wide, controls):
    order = [state.replace("_", " ") for state in SHOWN_STATES]
    states = alt.Scale(domain=order, range=[hue("blue"), hue("orange"), hue("green")])
    legend = alt.Legend(columns=3, columnPadding=24 if wide else 10)
    numbers = {
        "labelAngle": 0,
        "values": alt.ExprRef(f"sequence(0, {LAST} + 1, {LAST} < {FEW} ? 1 : {4 if wide else 8})"),
        "labelFontSize": 12 if wide else alt.ExprRef(f"{LAST} + 1 < {FEW} ? 12 : 10"),
    }
    x = alt.X("rank:O", title="Pipeline rank", axis=alt.Axis(**numbers))
    y = alt.Y("gb:Q", title="Model states on a GPU [GB]", axis=alt.Axis(tickCount=6))
    bars = (
        chart(wide, height=300 if wide else 180)
        .transform_calculate(gb="datum.bytes / 1e9", order=f"indexof({order}, datum.state)")
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("state:N", scale=states, title=None, legend=legend), order=alt.Order("order:Q"))
    )
    if not wide:
        return bars
    labels = (
        chart(wide)
        .transform_filter(f"{LAST} < {FEW}")
        .transform_aggregate(sum="sum(bytes)", groupby=["rank"])
        .transform_calculate(gb="datum.sum / 1e9", label="format(datum.gb, '.1f')")
        .mark_text(baseline="bottom", dy=-3, fontSize=11, color=hue("text"))
        .encode(x=x, y=y, text="label:N")
    )
    return bars + labels
