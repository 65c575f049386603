"""Error of a dot product over its length: a line for each accumulator, dashed where it is promoted."""

import altair as alt

from moecalc.claims.registry import report_fact
from moecalc.explorers.training.fp8_accumulation import LINES

from ...theme import hue
from .. import chart, powers_of_ten

COLOURS = {"aligned": "orange", "rounded": "blue"}


def draw(wide, controls):
    names = list(LINES.values())
    colours = [hue(COLOURS[model]) for model, _ in LINES]
    dashes = [[6, 4] if promoted else [1, 0] for _, promoted in LINES]
    x = alt.X(
        "inner:Q",
        title="Elements added",
        scale=alt.Scale(type="log", base=2, nice=False),
        axis=alt.Axis(tickCount=9, format=",", grid=False, labelOverlap=True),
    )
    y = alt.Y(
        "error:Q",
        title="Relative error",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=powers_of_ten(-7, 0), labelExpr="format(100 * datum.value, '~g') + ' %'"),
    )
    base = chart(wide, 64 if wide else 58, height=290 if wide else 190)
    how = {"title": None, "scale": alt.Scale(domain=names, range=colours)}
    legend = alt.Legend(columns=2 if wide else 1, symbolType="stroke", labelFontSize=12 if wide else 11, symbolSize=300)
    lines = base.mark_line(strokeWidth=2.5).encode(
        x=x,
        y=y,
        color=alt.Color("line:N", **how, legend=legend),
        strokeDash=alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=names, range=dashes)),
    )
    fact = report_fact("FP8 training", "max_relative_error_k4096")
    reported = fact.value / 100
    rule = base.transform_aggregate(first="min(inner)").transform_calculate(
        reported=f"{reported}", words=f"'the report: nearly {fact.value:g} %'"
    )
    level = rule.mark_rule(color=hue("muted"), strokeDash=[2, 3], aria=False).encode(y="reported:Q")
    words = rule.mark_text(align="left", dy=-7, dx=4, color=hue("muted"), fontSize=11).encode(
        x="first:Q", y="reported:Q", text="words:N"
    )
    return alt.layer(lines, level, words)
