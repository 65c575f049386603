"""Model states of each pipeline rank, stacked."""

import altair as alt

from moecalc.memory import STATES

from ..theme import hue
from . import data, plot_width

#: Up to so many bars there is room for the sum over each, and for each rank's number.
FEW = 16


def draw(result, wide):
    order = [state.replace("_", " ") for state in STATES]
    rows = [{**row, "gb": row["bytes"] / 1e9, "order": order.index(row["state"])} for row in result.rows]
    sums = {}
    for row in rows:
        sums[row["rank"]] = sums.get(row["rank"], 0) + row["gb"]
    states = alt.Scale(domain=order, range=[hue("blue"), hue("orange"), hue("green")])
    legend = alt.Legend(columns=3 if wide else 2, columnPadding=24)
    ranks = sorted(sums)
    every = 1 if len(ranks) <= FEW else 4 if wide else 8
    x = alt.X(
        "rank:O",
        title="Pipeline rank",
        axis=alt.Axis(labelAngle=0, values=ranks[::every], labelFontSize=12 if wide or len(ranks) < FEW else 10),
    )
    y = alt.Y("gb:Q", title="Model states on a GPU [GB]", axis=alt.Axis(tickCount=6))
    bars = (
        alt.Chart(data(rows), width=plot_width(wide), height=280)
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("state:N", scale=states, title=None, legend=legend), order=alt.Order("order:Q"))
    )
    if not wide or len(ranks) > FEW:
        return bars
    labelled = data([{"rank": rank, "gb": gb, "label": f"{gb:.1f}"} for rank, gb in sums.items()])
    labels = alt.Chart(labelled).mark_text(baseline="bottom", dy=-3, fontSize=11, color=hue("text"))
    return bars + labels.encode(x=x, y=y, text="label:N")
