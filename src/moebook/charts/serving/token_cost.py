"""Prices of an API over time and the cost on one's own GPUs, and what moves that cost, on one scale of USD."""

import altair as alt

from moecalc.explorers.serving.token_cost import ACCOUNT, CHAT, LEVERS, NAMES, NIGHT, OWN_COST, PRICES, REASONER, SAID

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title

COLOURS = {CHAT: "blue", REASONER: "purple", NIGHT: "slate", OWN_COST: "green", ACCOUNT: "orange"}
#: One scale for both panels, with room for the words above and below the lines.
USD = alt.Scale(
    type="log",
    nice=False,
    domainMin=alt.ExprRef(f"extent({column('usd')})[0] / 1.8"),
    domainMax=alt.ExprRef(f"1.35 * max(extent({column('usd')})[1], extent({column('usd2')})[1])"),
)
TICKS = alt.Axis(values=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50], format="$~g")
MONTHS = "(datum.value % 1 ? 'July ' : 'January ') + floor(datum.value)"
SHORT_MONTHS = MONTHS.replace("uary", "").replace("July", "Jul")
#: Prices whose words stand below their end.
BELOW = [NAMES[name][0] for name in ("deepseek-chat off-peak 16:30-00:30 UTC", "deepseek-flash V4.1 off-peak (peak 2x)")]
#: Without a word of its own where there is no room for it.
CROWDED = BELOW[0]


def draw(wide, controls):
    size = 11 if wide else 10
    colours = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])
    colour = alt.Color("what:N", title=None, legend=None, scale=colours)
    y = alt.Y("usd:Q", title=None, scale=USD, axis=TICKS)
    y2 = alt.Y2("usd2:Q")
    paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}

    def panel(name, title, width, height):
        base = alt.Chart(alt.NamedData(ROWS), title=part_title(title), width=width, height=height)
        return base.transform_filter(alt.datum.panel == name)

    def words(base, **how):
        return [base.mark_text(fontSize=size, **how, **behind) for behind in (paper, {})]

    width = (WIDE - 110) * 3 // 5 if wide else NARROW - 62
    dated = panel(PRICES, "USD per million tokens: DeepSeek's API, and own GPUs", width, 300 if wide else 128).encode(
        x=alt.X(
            "start:Q",
            title=None,
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(values=[2025, 2025.5, 2026, 2026.5], labelExpr=MONTHS if wide else SHORT_MONTHS, grid=False),
        ),
        x2="end:Q",
        y=y,
        color=colour,
    )
    band = dated.transform_filter("isValid(datum.usd2)").mark_rect(fillOpacity=0.2, strokeOpacity=0).encode(y2=y2)
    level = dated.transform_filter("!isValid(datum.usd2)")
    api = level.transform_filter(alt.FieldOneOfPredicate("what", [CHAT, REASONER, NIGHT]))
    lines = api.mark_rule(strokeWidth=4 if wide else 3, aria=True)
    ours, theirs = (level.transform_filter(alt.datum.what == what) for what in (OWN_COST, ACCOUNT))
    own = ours.mark_rule(strokeWidth=3, aria=True)
    told = theirs.mark_rule(strokeWidth=3, strokeDash=[4, 6], aria=True)
    named = api.transform_filter("indexof(datum.name, ',') < 0" + ("" if wide else f" && datum.name != '{CROWDED}'"))
    named = named.encode(text="name:N", x2=alt.Undefined)
    below = alt.FieldOneOfPredicate("name", BELOW)
    names = [
        *words(named.transform_filter(alt.LogicalNotPredicate(**{"not": below})), align="left", baseline="bottom", dy=-4),
        *words(named.transform_filter(below).encode(x="end:Q"), align="right", baseline="top", dy=4),
    ]
    said = [
        text
        for side, how in (("datum.above", {"baseline": "bottom", "dy": -6}), ("!datum.above", {"baseline": "top", "dy": 6}))
        for text in words(
            level.transform_filter(alt.FieldOneOfPredicate("what", [OWN_COST, ACCOUNT]))
            .transform_filter(side)
            .transform_calculate(words="datum.what + format(datum.usd, ' $.3~g')")
            .encode(text="words:N", x2=alt.Undefined),
            align="left",
            dx=4,
            fontWeight="bold",
            **how,
        )
    ]
    first = alt.layer(band, lines, own, told, *names, *said)

    width = (WIDE - 110) * 2 // 5 if wide else NARROW - 62
    moved = panel(LEVERS, "What moves it, alone", width, 300 if wide else 84).encode(
        x=alt.X(
            "name:N",
            title=None,
            sort=list(SAID),
            axis=alt.Axis(ticks=False, domain=False, labelAngle=0, labelFontSize=size, labelExpr="split(datum.label, ' ')"),
        ),
        y=y,
        color=colour,
    )
    bars = moved.mark_bar(width=alt.RelativeBandSize(0.45), opacity=0.85).encode(y2=y2)
    low = words(moved.encode(text="at_low:N"), baseline="top", dy=4)
    high = words(moved.encode(text="at_high:N", y=alt.Y("usd2:Q", scale=USD)), baseline="bottom", dy=-4)
    now = alt.Chart(alt.NamedData(ROWS)).transform_filter(
        f"datum.panel == '{PRICES}' && datum.what == '{OWN_COST}' && !isValid(datum.usd2)"
    )
    now = now.mark_rule(strokeWidth=1.5, strokeDash=[3, 3]).encode(y=y, color=colour)
    second = alt.layer(bars, now, *low, *high)
    return alt.hconcat(first, second, spacing=18) if wide else alt.vconcat(first, second, spacing=4)
