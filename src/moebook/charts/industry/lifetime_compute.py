"""What answers have taken since release, against the level lines of training; both axes logarithmic."""

import altair as alt

from moecalc.explorers.industry.lifetime_compute import DAYS, EVEN, PUBLISHED, RL, TRAINED, USE

from ...theme import hue
from .. import ROWS, chart

COLOURS = {USE: "blue", TRAINED: "orange", RL: "purple", PUBLISHED: "text", EVEN: "blue"}
#: How far the picture reaches below and above what pre-training takes.
BELOW, ABOVE = 1 / 2000, 80
TICKS = {1: "1 day", 7: "1 week", 30: "1 month", 365: "1 year", 3650: "10 years"}
SHORT = {1: "1 d", 7: "1 w", 30: "1 m", 365: "1 y", 3650: "10 y"}
LEVEL = f"pluck(data('{ROWS}'), 'amount')[indexof(pluck(data('{ROWS}'), 'line'), '{TRAINED}')]"


def draw(wide, controls):
    base = chart(wide, 72 if wide else 62, height=330 if wide else 200)
    ticks = TICKS if wide else SHORT
    said = " : ".join(f"datum.value == {day} ? '{words}'" for day, words in ticks.items()) + " : ''"
    x = alt.X(
        "day:Q",
        title="Since release",
        scale=alt.Scale(type="log", domain=[DAYS[0], DAYS[-1]], nice=False),
        axis=alt.Axis(values=list(ticks), labelExpr=said, labelFlush=True),
    )
    ends = {end: alt.ExprRef(f"{LEVEL} * {factor}") for end, factor in (("domainMin", BELOW), ("domainMax", ABOVE))}
    how = {"scale": alt.Scale(type="log", nice=False, **ends), "axis": alt.Axis(format=".0e", tickCount=5)}
    how["title"] = None
    y = alt.Y("amount:Q", **how)
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    colour = alt.Color("line:N", scale=colours, legend=None)
    drawn = base.encode(x=x, y=y, color=colour)
    bands = base.transform_filter("isValid(datum.low)").encode(x=x, y=alt.Y("low:Q", **how), y2="high:Q")
    areas = [
        bands.transform_filter(alt.datum.line == line).mark_area(
            color=hue(COLOURS[line]), opacity=0.22, line=False, clip=True
        )
        for line in (RL, USE)
    ]
    told = drawn.transform_filter("isValid(datum.amount)")
    lines = [
        told.transform_filter(alt.datum.line == line).mark_line(strokeWidth=width, strokeDash=dash, clip=True)
        for line, width, dash in ((TRAINED, 2.5, [1, 0]), (RL, 2, [1, 0]), (USE, 3, [1, 0]), (PUBLISHED, 2, [5, 4]))
    ]
    even = drawn.transform_filter(alt.datum.line == EVEN)
    drop = even.mark_rule(strokeDash=[3, 3], strokeWidth=1.5, aria=False).encode(
        y2=alt.value(330 if wide else 200)
    )
    dot = even.mark_point(filled=True, size=150 if wide else 110, opacity=1)
    last = f"datum.day == {DAYS[-1]}"
    size = 12 if wide else 11

    def words(data, **how):
        paper = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
        return [data.mark_text(fontSize=size, aria=False, **how, **look) for look in (paper, {})]

    named = drawn.transform_filter(f"({last}) && (datum.line == '{TRAINED}')").encode(text="line:N")
    below = drawn.transform_filter(f"({last}) && datum.line == '{RL}'").encode(text="line:N", y=alt.Y("low:Q", **how))
    use = drawn.transform_filter(f"datum.line == '{USE}' && datum.named == 'yes'").encode(text="line:N")
    dashed = drawn.transform_filter(f"datum.line == '{PUBLISHED}' && datum.named == 'yes'")
    dashed = dashed.transform_calculate(words="'dashed: ' + datum.line")
    dashed = dashed.encode(text="words:N", x=alt.value(0), y=alt.value(14))
    spot = even.transform_calculate(words="'day ' + format(datum.day, '.3~r')").encode(text="words:N")
    texts = [
        *words(named, align="right", dx=-6, dy=-9, fontWeight="bold"),
        *words(below, align="right", dx=-6, dy=-9, fontWeight="bold"),
        *words(use, align="right", dx=-8, dy=-8, fontWeight="bold"),
        *words(dashed, align="left", dx=6, dy=0),
        *words(spot, align="left", dx=10, dy=16, fontWeight="bold"),
    ]
    title = alt.Title(alt.ExprRef(f"data('{ROWS}')[0].axis"), anchor="start", fontSize=12, fontWeight="normal", offset=6)
    return alt.layer(*areas, *lines, drop, dot, *texts).properties(title=title)
