"""Bars for each part of a model: parameters, FLOPs, cache or stored bytes, and where they ended before the changes."""

import altair as alt

from moecalc.explorers.model.any_config import BARS

from ...theme import hue
from .. import chart, column

#: What the bars are, and how they are labelled, depends on it.
VARIANTS = ("view",)

#: View -> title of the axis, unit behind the prefix, names and colours of its bars.
LOOKS = {
    "components": ("Parameters", "", {"all parameters": "slate", "those of one token": "blue"}),
    "layers": ("Parameters", "", {"all parameters": "slate", "those of one token": "blue"}),
    "flops": ("Forward FLOPs a token", "FLOPs", {"products with weights": "blue", "tokens with tokens": "orange"}),
    "cache": ("Bytes in the cache", "B", {"cache of the batch": "teal"}),
    "storage": ("Bytes of the weights", "B", {"as stored": "brown"}),
}
#: Views that have a row for each length, with the title of that axis.
LENGTHS = {"flops": "Sequence length [tokens]", "cache": "Context [tokens]"}
#: Expression for the chosen length.
CHOSEN = f"{column('part')}[indexof({column('chosen')}, true)]"


def number(field: str, unit: str, form: str = ".4s") -> str:
    """Expression for a number with its prefix; a count without a unit takes B for billions."""
    short = f"replace(format({field}, abs({field}) < 999.5 ? '~f' : '{form}'), 'k', 'K')"
    short = f"replace({short}, regexp('([KMGTPEZY])$'), ' $1')"
    return f"{short} + (abs({field}) < 999.5 ? ' ' : '') + '{unit}'" if unit else f"replace({short}, 'G', 'B')"


def draw(wide, controls):
    view = controls["view"]
    title, unit, names = LOOKS[view]
    bars = BARS[: len(names)]
    stacked = view == "flops"
    beside = len(bars) == 2 and not stacked
    labels = 95 if view in LENGTHS else 175 if wide else 140
    step = {True: 13.5, False: 7.5} if beside else {True: 26, False: 17}
    base = chart(wide, labels, height=alt.Step(step[wide]))
    if view == "components":
        # the products of tokens with tokens hold no parameters; they stand in the table
        base = base.transform_filter("datum.first + datum.first_before > 0")
    several = "datum.blocks > 1 ? datum.blocks + ' x ' + datum.part : datum.part"
    y = alt.Y(
        "shown:N",
        sort=None,
        title=LENGTHS.get(view),
        scale=alt.Scale(paddingInner=0.25),
        axis=alt.Axis(
            labelFontSize=12 if wide else 11,
            labelLimit=labels - 10,
            **({} if view in LENGTHS else {"minExtent": labels - 15}),
            labelFontWeight=alt.condition(f"datum.value == {CHOSEN}", alt.value("bold"), alt.value("normal")),
        ),
    )
    x = alt.X(
        "value:Q",
        title=title,
        scale=alt.Scale(nice=False),
        axis=alt.Axis(labelExpr=number("datum.value", unit, "~s"), tickCount=4 if wide else 2),
    )
    base = base.transform_calculate(shown=several if view == "layers" else "datum.part").encode(y=y)
    each = base.transform_fold(list(bars), as_=["key", "value"]).transform_calculate(
        of=f"{list(names)}[indexof({list(bars)}, datum.key)]",
        rank=f"indexof({list(bars)}, datum.key)",
        before="datum[datum.key + '_before']",
    )
    offset = {"yOffset": alt.YOffset("of:N", sort=list(names))} if beside else {}
    legend = alt.Legend(columns=2, columnPadding=30 if wide else 8, labelFontSize=12 if wide else 11)
    legend = legend if len(bars) == 2 else None
    colours = alt.Scale(domain=list(names), range=[hue(name) for name in names.values()])
    drawn = each.mark_bar().encode(
        x=x, color=alt.Color("of:N", scale=colours, title=None, legend=legend), order=alt.Order("rank:Q"), **offset
    )
    ends = each
    if stacked:
        ends = base.transform_calculate(
            value="datum.first + datum.second", before="datum.first_before + datum.second_before"
        )
    longest = [f"max(extent({column(bar)})[1], extent({column(f'{bar}_before')})[1])" for bar in bars]
    top = f"({' + '.join(longest)})" if stacked else f"max({', '.join(longest)})"
    unknown = "!isValid(datum.storage) ? 'not known' : " if view == "storage" else ""
    ends = ends.transform_calculate(
        label=f"{unknown}{number('datum.value', unit)}",
        # a label stands at its bar where it has room before the mark, else behind both
        end=f"datum.before - datum.value > {0.2 if wide else 0.5} * {top} ? datum.value : max(datum.value, datum.before)",
        # a point that is not seen keeps room for the longest label
        room=f"{1.18 if wide else 1.4} * max(1, datum.value, datum.before)",
    )
    moved = ends.transform_filter("datum.value != datum.before").encode(x="before:Q", **offset)
    size = step[wide] * 0.75
    # on a lighter edge, so that it is seen on bars of any colour
    edge = moved.mark_tick(thickness=5, color=hue("paper"), size=size, aria=False)
    was = edge + moved.mark_tick(thickness=2, color=hue("text"), size=size, aria=False)
    # on a phone there is no room to say the same twice
    said = ends if wide or not beside else ends.transform_filter("datum.rank == 0 || datum.value != datum.first")
    words = said.mark_text(align="left", dx=5, fontSize=11 if wide else 9, color=hue("text"))
    words = words.encode(x="end:Q", text="label:N", **offset)
    room = ends.mark_point(opacity=0).encode(x="room:Q", **offset)
    differs = " || ".join(f"join({column(bar)}) != join({column(f'{bar}_before')})" for bar in bars)
    hint = alt.ExprRef(f"{differs} ? 'Upright mark: before the changes' : ''")
    return alt.layer(drawn, room, was, words).properties(
        title=alt.Title(hint, anchor="end", fontSize=12, fontWeight="normal", offset=4)
    )
