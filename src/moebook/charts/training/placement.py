"""A cluster as a field of squares, a block of lines for each pipeline rank, the chosen GPU's groups in colour."""

import altair as alt

from moecalc.explorers.training._cluster_map import CHOSEN, CP, DP, EP, HEIGHT, MIRROR, OTHER, PP, SAME, TP

from ...theme import hue
from .. import chart, column, present

#: What a GPU is to the chosen one -> hue.
COLOURS = {
    CHOSEN: "text",
    SAME: "red",
    TP: "green",
    CP: "teal",
    EP: "orange",
    DP: "blue",
    PP: "purple",
    MIRROR: "pink",
    OTHER: "slate",
}
#: Expression for the opacity of a square: nodes are told apart by their shade.
SHADE = f"datum.group == '{MIRROR}' ? 0.6 : datum.group != '{OTHER}' ? 1 : datum.node % 2 ? 0.2 : 0.32"
#: Fewer marks in a line, or lines, do not fill the picture.
FEWEST_ACROSS, FEWEST_LINES = 16, 10


def draw(wide, controls):
    labels, height = (112, 330) if wide else (26, 250)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domainMin=0, domainMax=_end("x", FEWEST_ACROSS), nice=False))
    bottom = _end("y", FEWEST_LINES * HEIGHT, HEIGHT)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domainMin=0, domainMax=bottom, nice=False, reverse=True))
    names = [name for name in COLOURS if name != OTHER]
    colour = alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()]),
        legend=alt.Legend(
            values=present(names, "group"),
            columns=4 if wide else 3,
            columnPadding=18 if wide else 8,
            labelFontSize=12 if wide else 10.5,
            symbolType="square",
            symbolSize=90 if wide else 60,
            symbolOpacity=1,
            rowPadding=1,
            offset=20 if wide else 16,
        ),
    )
    field = chart(wide, labels, height=height)
    squares = (
        field.transform_calculate(right="datum.x + 0.88", bottom=f"datum.y + {0.86 * HEIGHT}")
        .mark_rect()
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="bottom:Q",
            color=colour,
            opacity=alt.Opacity("shade:Q", scale=None, legend=None),
        )
        .transform_calculate(shade=SHADE)
    )
    text = {"fontSize": 11 if wide else 9, "color": hue("text"), "baseline": "middle", "align": "right"}
    ranks = field.transform_filter("isValid(datum.label)").transform_calculate(middle="datum.y + datum.height / 2")
    numbers = ranks.mark_text(**text, dx=-6, fontWeight="bold").encode(x=alt.value(0), y="middle:Q", text="label:N")
    layers = [squares, numbers]
    if wide:
        said = ranks.mark_text(**text | {"color": hue("muted"), "fontSize": 10}, dx=-26)
        layers.append(said.encode(x=alt.value(0), y="middle:Q", text="layers:N"))
        heads = {"fontSize": 10, "color": hue("muted"), "baseline": "bottom", "align": "right", "dy": -4}
        first = ranks.transform_filter("datum.gpu == 0")
        layers += [
            first.mark_text(**heads, dx=dx, text=word).encode(x=alt.value(0), y=alt.value(0))
            for word, dx in (("rank", -6), ("layers", -32))
        ]
    named = field.transform_filter("isValid(datum.tick)")
    small = {"fontSize": 10 if wide else 8.5, "color": hue("muted"), "baseline": "bottom", "dy": -4}
    for align, here, at in (("left", "datum.x == 0", 0), ("right", "datum.x > 0", 0.88)):
        ticks = named.transform_filter(here).transform_calculate(at=f"datum.x + {at}").mark_text(**small, align=align)
        layers.append(ticks.encode(x="at:Q", y=alt.value(0), text="tick:N"))
    return alt.layer(*layers)


def _end(field: str, least: int, size: int = 1) -> alt.ExprRef:
    """Expression for where the last mark ends, each of one size."""
    return alt.ExprRef(f"max({least}, extent({column(field)})[1] + {size})")
