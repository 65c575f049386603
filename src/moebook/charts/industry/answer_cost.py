"""Scores of published models over the tokens of an answer, and beside it what one budget affords."""

import altair as alt

from moecalc.explorers.industry.answer_cost import CHOSEN, CLOSED, HERE, LENGTHS, LINES, LONG, OPEN, SHORT

from ...theme import hue
from .. import ROWS, part_title

COLOURS = {SHORT: "teal", CHOSEN: "blue", LONG: "purple"}
KINDS = {OPEN: "orange", CLOSED: "slate"}
#: Width and height of the parts, on a desktop and on a phone.
SCORES = {True: (180, 300), False: (88, 160)}
CURVES = {True: (240, 300), False: (100, 160)}
#: What a curve is called where it begins, on a desktop and on a phone.
SAID = {
    SHORT: ("1/4 of the training", "1/4 trained"),
    CHOSEN: ("training as chosen", "as chosen"),
    LONG: ("4 times the training", "4 x trained"),
}
TITLES = {
    True: ("Score by tokens; grey: layers not known", "Size that one budget affords [GFLOPs a token]"),
    False: ("Score by tokens", "GFLOPs a token"),
}
SCORE_TICKS = {
    True: [1000, 3000, 7000, 10_000, 15_000, 20_000, 30_000, 40_000, 80_000],
    False: [1000, 5000, 12_000, 25_000, 50_000],
}
TICKS = {True: [300, 1000, 3000, 10_000, 30_000, 100_000], False: [1000, 10_000, 100_000]}
LEAST, MOST = 2, 1000


def draw(wide, controls):
    size = 11 if wide else 9.5
    def part(title, sizes):
        return alt.Chart(alt.NamedData(ROWS), title=part_title(title), width=sizes[wide][0], height=sizes[wide][1])

    kinds = alt.Scale(domain=list(KINDS), range=[hue(name) for name in KINDS.values()])
    colour = alt.Color("line:N", scale=kinds, legend=None)
    y = {"title": None, "scale": alt.Scale(zero=False, nice=False, padding=8), "axis": alt.Axis(tickCount=5, format=",d")}
    models = part(TITLES[wide][0], SCORES).transform_filter("isValid(datum.score)")
    models = models.encode(
        x=alt.X(
            "tokens:Q",
            title="Tokens of an answer",
            scale=alt.Scale(type="log", nice=False, padding=8),
            axis=alt.Axis(values=SCORE_TICKS[wide], format="~s"),
        ),
        y=alt.Y("score:Q", **y),
        color=colour,
    )
    edge = alt.value(SCORES[wide][0])
    leads = models.mark_rule(strokeWidth=0.75, opacity=0.7, aria=False).encode(x2=edge, y2="height:Q")
    dots = models.mark_point(filled=True, size=80 if wide else 50, opacity=1)
    names = models.mark_text(align="left", dx=4, fontSize=size, aria=False, color=hue("text"))
    names = names.encode(x=edge, y=alt.Y("height:Q", **y), text="name:N", color=alt.value(hue("text")))
    first = alt.layer(leads, dots, names)

    curves = part(TITLES[wide][1], CURVES).encode(
        x=alt.X(
            "tokens:Q",
            title="Tokens of an answer",
            scale=alt.Scale(type="log", domain=[LENGTHS[0], LENGTHS[-1]], nice=False, clamp=True),
            axis=alt.Axis(values=TICKS[wide], format="~s"),
        ),
        y=alt.Y(
            "gflops:Q",
            title=None,
            scale=alt.Scale(type="log", domain=[LEAST, MOST], nice=False, clamp=True),
            axis=alt.Axis(values=[3, 10, 30, 100, 300, 1000], format="~g"),
        ),
    )
    colours = alt.Scale(domain=list(LINES), range=[hue(COLOURS[line]) for line in LINES])
    lines = curves.transform_filter(alt.FieldOneOfPredicate("line", list(LINES))).mark_line(strokeWidth=2.5, order=False)
    colour = alt.Color("line:N", scale=colours, legend=None)
    lines = lines.encode(color=colour)
    begins = curves.transform_filter(alt.datum.tokens == LENGTHS[0])
    words = " : ".join(f"datum.line == '{line}' ? '{said[not wide]}'" for line, said in SAID.items()) + " : ''"
    begins = begins.transform_calculate(words=words).encode(text="words:N", color=colour)
    begins = begins.mark_text(align="left", dx=4, dy=-7, fontSize=size, aria=False)
    known = curves.transform_filter(alt.datum.line == OPEN)
    known = known.mark_point(filled=True, size=70 if wide else 45, opacity=1, color=hue(KINDS[OPEN]))
    here = curves.transform_filter(alt.datum.line == HERE)
    ring = here.mark_point(shape="diamond", filled=True, size=150 if wide else 100, opacity=1, color=hue(COLOURS[CHOSEN]))
    second = alt.layer(lines, known, ring, begins)
    both = alt.hconcat(first, second, spacing=14 if wide else 4)
    return both.resolve_scale(color="independent")
