"""Days against GPUs."""

import altair as alt

from ..theme import hue
from . import data, plot_width


def draw(result, wide):
    runs = alt.Scale(domain=["this run", "Llama 3.1 405B"], range=[hue("blue"), hue("orange")])
    base = alt.Chart(data(result.rows), width=plot_width(wide), height=280).encode(
        x=alt.X(
            "num_gpus:Q", scale=alt.Scale(type="log", nice=False), title="GPUs", axis=alt.Axis(format="~s", tickCount=6)
        ),
        y=alt.Y("days:Q", scale=alt.Scale(type="log"), title="Days", axis=alt.Axis(format="~s", tickCount=5)),
        color=alt.Color("run:N", scale=runs, title=None),
    )
    chosen = base.transform_filter(alt.datum.chosen)
    labels = chosen.mark_text(align="left", dx=8, dy=-8).encode(text=alt.Text("days:Q", format=".1f"))
    return base.mark_line() + chosen.mark_point(size=110, filled=True, opacity=1) + labels
