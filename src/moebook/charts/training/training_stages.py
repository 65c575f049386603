"""Bars for each stage of training, a panel each."""

import altair as alt

from moecalc.explorers.training.training_stages import SERIES
from moecalc.training.v3_run import RUNS

from ...theme import hue
from .. import chart, panel_header, room

COLOURS = dict(zip(SERIES, ("blue", "orange", "green", "purple", "slate"), strict=True))


def draw(wide, controls):
    names = 100
    base = chart(wide, names, height=alt.Step(24 if wide else 15)).encode(
        y=alt.Y("series:N", sort=None, title=None, axis=alt.Axis(minExtent=names - 25, domain=False, ticks=False)),
        x=alt.X(
            "share:Q",
            title="Share",
            axis=alt.Axis(format="%", tickCount=5 if wide else 3),
            scale=room("share", 1.2 if wide else 1.4),
        ),
    )
    scale = alt.Scale(domain=list(SERIES), range=[hue(name) for name in COLOURS.values()])
    bars = base.transform_filter("isValid(datum.share)").mark_bar()
    labels = (
        base.transform_calculate(
            at="isValid(datum.share) ? datum.share : 0",
            label="isValid(datum.share) ? format(100 * datum.share, '.2f') + ' %' : 'not published'",
        )
        .mark_text(align="left", dx=5, color=hue("text"))
        .encode(x="at:Q", text="label:N")
    )
    return (
        alt.layer(bars.encode(color=alt.Color("series:N", scale=scale, legend=None)), labels)
        .facet(row=alt.Row("stage:N", sort=list(RUNS), header=panel_header()), spacing=12)
        .resolve_scale(y="independent")
    )
