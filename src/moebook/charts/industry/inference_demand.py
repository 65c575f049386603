"""Volumes over time, as accelerators, power or rent, with intervals; one's own users as a band across."""

import altair as alt

from moecalc.explorers.industry.inference_demand import ACCOUNT, DAY, YOURS

from ...theme import hue
from .. import ROWS, chart, powers_of_ten

COLOURS = {
    "Google, all products": "blue",
    "ByteDance, Doubao": "red",
    "China, all providers": "brown",
    "Google, API": "teal",
    "OpenAI, API": "green",
    "OpenRouter": "purple",
    "Microsoft, Foundry": "slate",
    DAY: "orange",
}
#: Who -> (name on a phone, alignment and place of the name by the last mark: right and down, on a desktop and on a phone).
PLACES = {
    "Google, all products": ("Google", "left", (8, 3), (6, 3)),
    "ByteDance, Doubao": ("Doubao", "left", (8, -3), (6, -2)),
    "China, all providers": ("China", "right", (-54, -12), (-30, -9)),
    "Google, API": ("Google, API", "left", (8, 4), (6, 2)),
    "OpenAI, API": ("OpenAI, API", "left", (6, 14), (0, 13)),
    "OpenRouter": ("OpenRouter", "left", (8, 4), (6, 3)),
    "Microsoft, Foundry": ("Microsoft", "left", (8, 4), (6, 3)),
    DAY: ("DeepSeek", "left", (8, 12), (6, 8)),
}
SPAN = (2023.95, 2027.2)


def draw(wide, controls):
    height = 340 if wide else 215
    base = chart(wide, 62 if wide else 50, height=height)
    x = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=list(SPAN), nice=False),
        axis=alt.Axis(values=[2024, 2025, 2026, 2027], format="d", grid=False),
    )
    how = {"title": None, "scale": alt.Scale(type="log", nice=False, padding=12)}
    said = "replace(replace(format(datum.value, '~s'), 'k', 'K'), 'G', 'B')"
    how["axis"] = alt.Axis(values=powers_of_ten(-3, 10), labelExpr=said)
    y = alt.Y("amount:Q", **how)
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    colour = alt.Color("who:N", scale=colours, legend=None)
    told = base.transform_filter(alt.FieldOneOfPredicate("who", list(COLOURS))).encode(x=x, color=colour)
    lines = told.mark_line(strokeWidth=1.5).encode(y=y)
    spans = told.mark_rule(strokeWidth=4, opacity=0.35, aria=True).encode(y=alt.Y("low:Q", **how), y2="high:Q")
    dots = told.mark_point(filled=True, size=60 if wide else 36, opacity=1).encode(y=y)
    account = base.transform_filter(alt.datum.who == ACCOUNT).encode(x=x, y=y)
    diamond = account.mark_point(shape="diamond", filled=True, size=130 if wide else 90, opacity=1, color=hue("text"))
    yours = base.transform_filter(alt.datum.who == YOURS)
    band = yours.mark_rect(fill=hue("pink"), fillOpacity=0.22).encode(
        x=alt.value(0), x2=alt.value("width"), y=alt.Y("low:Q", **how), y2="high:Q"
    )
    level = yours.mark_rule(color=hue("pink"), strokeWidth=2, aria=True).encode(y=y)
    paper = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
    size = 11 if wide else 9.5

    def words(data, text, **looks):
        said = data.encode(text=alt.value(text))
        return [said.mark_text(fontSize=size, aria=False, **looks, **look) for look in (paper, {})]

    last = told.transform_filter(alt.datum.last == "yes").encode(y=y)
    texts = []
    for who, (short, align, *places) in PLACES.items():
        dx, dy = places[not wide]
        texts += words(last.transform_filter(alt.datum.who == who), who if wide else short, align=align, dx=dx, dy=dy)
    at = 8 if wide else 6
    texts += words(yours.encode(x=alt.value(at), y=y), YOURS, align="left", dy=-8, fontWeight="bold", color=hue("pink"))
    texts += words(account, ACCOUNT, align="right", dx=-9, dy=0, color=hue("text"))
    title = alt.Title(
        alt.ExprRef(f"'It takes: ' + data('{ROWS}')[0].axis"), anchor="start", fontSize=12, fontWeight="normal", offset=6
    )
    return alt.layer(band, level, lines, spans, dots, diamond, *texts).properties(title=title)
