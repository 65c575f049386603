"""What the figure of open models draws: one number over the release date, or hours to train against memory to hold."""

from datetime import date
from math import log10
from typing import NamedTuple

from ...model.traits import ATTENTION, CACHE_CONTEXT

#: How an axis is cut: powers of ten, these as percent, widths of numbers, whole numbers, or words.
LOG, PERCENT, WIDTH, COUNT, WORDS = "log", "percent", "width", "count", "words"
#: A model is named in the picture if it is larger, or smaller, than all before it by this factor.
RECORD = 1.05
COST, V3 = "cost", "deepseek-v3"
#: The names of two models that came within so many days do not stand beside each other.
CLOSE_DAYS = 45


class View(NamedTuple):
    """A view: which key of a row is drawn, and how."""

    label: str
    title: str
    axis: str
    key: str
    foot: str = ""  #: key of the other end of a line
    falls: bool = False  #: whether a record is a low value
    unit: str = "B"  #: of 1e9


VIEWS = {
    "size": View("total and activated parameters", "Parameters, activated to total", LOG, "total", "activated"),
    "share": View("share that is activated", "Activated share of the parameters", PERCENT, "activated_share", falls=True),
    "experts": View("experts, and those chosen", "Experts of a layer, chosen to all", LOG, "experts", "chosen"),
    "expert_size": View("parameters of an expert", "Parameters of one expert", LOG, "expert_params", falls=True),
    "shared": View("shared experts", "Shared experts, each as large as a routed one", COUNT, "shared"),
    "attention": View("kind of attention", "Kind of attention", WORDS, "attention"),
    "cache": View(
        "cache of a token", f"Bytes of cache for a token of {CACHE_CONTEXT:,}, in BF16", LOG, "cache_bytes", falls=True
    ),
    "context": View("context", "Tokens of context that the config allows", LOG, "context"),
    "bits": View("bits of a stored parameter", "Bits of a stored parameter, by the config", WIDTH, "bits", falls=True),
    COST: View(
        "memory to hold, hours to train", "GPU-hours to train, against bytes of the weights", LOG, "gpu_hours", unit="G"
    ),
}


def year(day: str) -> float:
    """A date, to the month at least, as a number of years."""
    y, m, d = (*map(int, day.split("-")), 1)[:3]
    return round(y + (date(y, m, d) - date(y, 1, 1)).days / 366, 3)


def height(view: View, value) -> float | None:
    """Where a value stands on the axis of a view."""
    if value is None:
        return None
    if view.axis == WORDS:
        return ATTENTION.index(value)
    return round(value if view.axis == COUNT else log10(value), 4)


def firsts(rows: list, view: View) -> set:
    """Slugs of the dated rows that set a record, or that are the first with a word or a whole number."""
    best, seen, found = None, set(), set()
    for row in rows:
        value = row[view.key]
        if value is None or not row["released"]:
            continue
        if view.axis in (WORDS, COUNT):
            new = value not in seen
            seen.add(value)
        else:
            gain = 0 if best is None else best / value if view.falls else value / best
            new = best is None or gain > RECORD
            best = value if new else best
        if new:
            found.add(row["slug"])
    return found


def largest(rows: list) -> set:
    """The slug of the largest dated model, in a set that is empty where there is none."""
    dated = [row for row in rows if row["released"]]
    return {max(dated, key=lambda row: row["total"])["slug"]} if dated else set()


def place_names(rows: list, show: str) -> None:
    """Say of each row that is named in the picture where its name stands, and whether a small screen has room for it."""
    side = "under" if VIEWS[show].falls else "left"
    named = [row for row in rows if row["named"] and (show == COST or row["released"])]
    for row in named:
        dense, v3 = row["kind"] == "dense", row["slug"] == V3
        row["place"] = "below" if v3 and show == COST else "above" if row is named[0] or dense else side
        row["on_phone"] = dense or v3 or row is named[-1]
    if show != COST and len(named) > 1 and days_between(*named[:2]) <= CLOSE_DAYS:
        # side by side at the left edge
        named[1]["place"] = "right"
        if show == "size":
            named[0]["place"] = "foot"


def days_between(one: dict, other: dict) -> int:
    """Days from one release to another."""
    return (date.fromisoformat(other["released"]) - date.fromisoformat(one["released"])).days


def place_marks(rows: list, show: str) -> None:
    """Say where each row stands in the picture, whether it is named there, and, in the first row, what the axes are."""
    view = VIEWS[show]
    told = [row for row in rows if row["kind"] == "MoE"] if show == "share" else rows
    named = firsts(told, VIEWS["size"]._replace(key="activated") if show == COST else view) | {V3}
    if show == COST:
        named |= largest(rows)
    for row in rows:
        row["named"] = row["slug"] in named
        if show == COST:
            row["x"] = round(log10(row["weight_bytes"]), 4)
        else:
            row["x"] = year(row["released"]) if row["released"] else None
        row["y"] = None if row["x"] is None else height(view, row[view.key])
        row["foot"] = height(view, row[view.foot]) if view.foot else None
    rows[0] |= {"drawn": view.title, "axis": view.axis, "unit": view.unit, "across": COST if show == COST else "date"}
