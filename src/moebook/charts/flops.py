"""FLOPs by operator, stacked, as the sequence grows."""

import altair as alt

from ..theme import hue
from . import data, plot_width

#: Neighbours in a bar differ in lightness, too.
COLOURS = {
    "attention": "blue",
    "router": "pink",
    "routed experts": "teal",
    "shared experts": "olive",
    "dense feed-forward": "brown",
    "output head": "slate",
    "query x key": "orange",
    "scores x value": "purple",
}


def draw(result, wide):
    order = list(dict.fromkeys(row["component"] for row in result.rows))
    lengths = list(dict.fromkeys(row["seq_len"] for row in result.rows))
    rows = [
        {**row, "length": f"{row['seq_len']:,}", "rank": order.index(row["component"]), "gflops": row["flops"] / 1e9}
        for row in result.rows
    ]
    sums = [
        {"length": f"{length:,}", "gflops": total / 1e9, "label": _gflops(total / 1e9), "chosen": chosen}
        for length in lengths
        for total, chosen in [_sum_and_choice(result.rows, length)]
    ]
    longest = max(one["gflops"] for one in sums)
    chosen = next(one["length"] for one in sums if one["chosen"])
    y = alt.Y(
        "length:N",
        sort=[f"{length:,}" for length in lengths],
        title="Sequence length [tokens]",
        axis=alt.Axis(labelFontWeight=alt.condition(alt.datum.value == chosen, alt.value("bold"), alt.value("normal"))),
    )
    x = alt.X(
        "gflops:Q",
        title="Forward GFLOPs a token",
        axis=alt.Axis(format=",~r", tickCount=4 if wide else 3),
        scale=alt.Scale(domain=[0, longest * (1.1 if wide else 1.25)], nice=False),
    )
    bars = (
        alt.Chart(data(rows), width=plot_width(wide, 95), height=alt.Step(26))
        .mark_bar()
        .encode(
            y=y,
            x=x,
            color=alt.Color(
                "component:N",
                scale=alt.Scale(domain=order, range=[hue(COLOURS.get(name, "green")) for name in order]),
                title=None,
                legend=alt.Legend(columns=4, columnPadding=28)
                if wide
                else alt.Legend(columns=2, columnPadding=20, labelFontSize=10),
            ),
            order=alt.Order("rank:Q"),
        )
    )
    base = alt.Chart(data(sums)).encode(y=y, x=x, text="label:N")
    labels = [
        base.transform_filter(alt.datum.chosen == bold).mark_text(align="left", dx=4, fontWeight=weight, color=hue("text"))
        for bold, weight in ((True, "bold"), (False, "normal"))
    ]
    return alt.layer(bars, *labels)


def _gflops(value):
    return f"{value:,.{1 if value < 100 else 0}f}"


def _sum_and_choice(rows, length):
    of_it = [row for row in rows if row["seq_len"] == length]
    return sum(row["flops"] for row in of_it), of_it[0]["chosen"]
