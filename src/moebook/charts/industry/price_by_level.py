"""Stairs of the cheapest price of each level over time, and the cost on rented GPUs as a band across."""

import altair as alt

from moecalc.explorers.industry.price_by_level import FLOOR, NAMES, OWN

from ...theme import hue
from .. import chart, column

COLOURS = dict(zip(NAMES.values(), ("blue", "orange", "purple", "red"), strict=True))
WIDTHS = dict(zip(NAMES.values(), (8, 5, 2.5, 2.5), strict=True))
#: Its stair begins days after another one: its name stands below.
CLOSE = "o1-mini"
TICKS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
MONTHS = "(datum.value % 1 ? 'July ' : 'January ') + floor(datum.value)"
SHORT_MONTHS = MONTHS.replace("uary", "").replace("July", "Jul")


def draw(wide, controls):
    base = chart(wide, 70 if wide else 48, height=320 if wide else 185)
    x = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(values=[2025, 2025.5, 2026], labelExpr=MONTHS if wide else SHORT_MONTHS, grid=False),
    )
    scale = alt.Scale(
        type="log",
        nice=False,
        domainMin=alt.ExprRef(f"extent({column('usd')})[0] / 1.5"),
        domainMax=alt.ExprRef(f"1.6 * max(extent({column('usd')})[1], extent({column('high')})[1])"),
    )
    y = alt.Y("usd:Q", title=None, scale=scale, axis=alt.Axis(values=TICKS, format="$~g"))
    drawn = base.encode(x=x, y=y)
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(columns=2, symbolType="stroke", symbolStrokeWidth=4, columnPadding=14 if wide else 4, rowPadding=1)
    colour = alt.Color("level:N", title=None, scale=colours, legend=legend)
    stairs = [
        drawn.transform_filter(alt.datum.level == level)
        .mark_line(interpolate="step-after", strokeWidth=width if wide else 0.7 * width, order=False)
        .encode(color=colour)
        for level, width in WIDTHS.items()
    ]
    dots = drawn.transform_filter(alt.datum.named == "yes").mark_point(filled=True, size=60 if wide else 40, opacity=1)
    dots = dots.encode(color=colour)
    own = drawn.transform_filter(alt.datum.level == OWN)
    band = drawn.transform_filter(alt.datum.level == FLOOR).mark_rect(fill=hue("green"), fillOpacity=0.2)
    band = band.encode(x2="until:Q", y2="high:Q")
    level = own.mark_rule(color=hue("green"), strokeWidth=2.5, aria=True).encode(x2="until:Q")
    paper = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
    size = 11 if wide else 10

    def words(data, **how):
        said = data.encode(text="name:N")
        return [said.mark_text(fontSize=size, aria=False, **how, **look) for look in (paper, {})]

    names = drawn.transform_filter(alt.datum.named == "yes")
    texts = [
        *words(names.transform_filter(f"datum.name != '{CLOSE}'"), align="left", dx=6, dy=-10, color=hue("text")),
        *words(names.transform_filter(alt.datum.name == CLOSE), align="left", dx=0, dy=14, color=hue("text")),
        *words(own, align="left", dx=6, dy=12, color=hue("green"), fontWeight="bold"),
    ]
    title = alt.Title("USD per million tokens, as mixed", anchor="start", fontSize=12, fontWeight="normal", offset=6)
    return alt.layer(band, level, *stairs, dots, *texts).properties(title=title)
