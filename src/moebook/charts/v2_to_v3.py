"""A waterfall from V2 to V3."""

import altair as alt

from moecalc.explorers.v2_to_v3 import COUNTS
from moecalc.units import si

from ..theme import hue
from . import data, plot_width

TITLES = {"parameters": "Parameters", "bytes": "Bytes a token", "FLOPs": "FLOPs a token"}


def draw(result, wide):
    unit = COUNTS[result.controls["count"]][1]
    rows = []
    for row in result.rows:
        change = row["change"]
        rows.append(
            {
                "step": _name(row, wide),
                "low": row["base"],
                "high": row["base"] + abs(row["value"] if change is None else change),
                "kind": "model" if change is None else "adds" if change >= 0 else "takes away",
                "label": _label(row, unit),
            }
        )
    kinds = alt.Scale(domain=["model", "adds", "takes away"], range=[hue("slate"), hue("blue"), hue("orange")])
    top = max(row["high"] for row in rows)
    short = "format(datum.value, '~s')"
    if unit == "parameters":  # counts are said in B, not G
        short = f"replace(replace({short}, 'G', ' B'), 'T', ' T')"
    names = 310 if wide else 200
    base = alt.Chart(data(rows), width=plot_width(wide, names), height=alt.Step(26)).encode(
        y=alt.Y(
            "step:N",
            sort=[row["step"] for row in rows],
            title=None,
            axis=alt.Axis(labelLimit=320, minExtent=names - 15, labelFontSize=12 if wide else 11),
        ),
        x=alt.X(
            "low:Q",
            title=TITLES[unit],
            axis=alt.Axis(labelExpr=short, tickCount=4 if wide else 2),
            scale=alt.Scale(domain=[0, top * (1.3 if wide else 1.75)], nice=False),
        ),
        x2="high:Q",
        # on a phone the signs say it
        color=alt.Color("kind:N", scale=kinds, title=None, legend=alt.Legend(columnPadding=24) if wide else None),
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11 if wide else 10).encode(
        x="high:Q", x2=alt.X2(), text="label:N", color=alt.value(hue("text"))
    )
    return base.mark_bar() + labels


def _label(row, unit):
    change = row["change"]
    if change == 0:
        return "no change"
    text = si(row["value"] if change is None else abs(change), unit, 3).removesuffix(unit).strip()
    return text if change is None else ("+" if change > 0 else "\u2212") + text


def _name(row, wide):
    """A change in words; where there is room, from what to what."""
    if not wide or not row["config"]:
        return row["step"]
    changes = [part.partition(" ")[2] for part in row["config"].split(", ")]
    return f"{row['step']}: {', '.join(changes)}"
