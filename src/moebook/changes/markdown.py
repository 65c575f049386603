"""What changed between two records, as Markdown."""

from moecalc.base.errors import InputError
from moecalc.base.units import show

from .compare import Changes, Number, is_number

#: Digits with which a number is first said; as many more as it takes to see the difference.
DIGITS, MOST_DIGITS = 4, 15
NOTHING = "\u2013"


def markdown(found: Changes, old: dict, new: dict) -> str:
    """A changelog, beginning with the names of the two versions.

    Parameters
    ----------
    found : Changes
        What changed
    old, new : dict
        The records that were compared

    Returns
    -------
    str
    """
    parts = [f"From {named(old)} to {named(new)}. {found.same:,} numbers are in both and did not change."]
    if not found.any:
        return parts[0] + "\n"
    parts += [
        _table(
            "Verdicts that changed",
            ("Claim", "Says", "Was", "Is", "Why"),
            [(one.claim, one.words, one.old, one.new, one.reason or "not written down") for one in found.verdicts],
        ),
        _numbers("What was found about a claim", "Claim", found.found),
        _numbers("Numbers of figures that changed", "Figure", found.numbers),
        _list("Figures added", found.figures_added),
        _list("Figures removed", found.figures_removed),
        _list("Claims added", found.claims_added),
        _list("Claims removed", found.claims_removed),
        _one_sided("Numbers added to figures", found.numbers_added, "new"),
        _one_sided("Numbers removed from figures", found.numbers_removed, "old"),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def named(record: dict) -> str:
    """A version as one says it."""
    what = f"commit {record['commit']}" if "commit" in record else f"version {record['version']}"
    return f"{what} of {record['date']}"


def said(number: Number) -> tuple:
    """The old and the new value in as few digits as show that they differ."""
    if not (is_number(number.old) and is_number(number.new)):
        return _value(number.old, number.unit, DIGITS), _value(number.new, number.unit, DIGITS)
    for digits in range(DIGITS, MOST_DIGITS + 1):
        texts = tuple(_value(value, number.unit, digits) for value in (number.old, number.new))
        if texts[0] != texts[1]:
            break
    return texts


def _value(value, unit: str, digits: int) -> str:
    if value is None or value == "":
        return NOTHING
    if not is_number(value):
        return str(value)
    try:
        # of a share these are digits behind the point
        return show(value, unit, digits - 3 if unit == "%" else digits)
    except InputError:
        # a unit that there is no more
        return f"{value:.{digits}g} {unit}".strip()


def _numbers(heading: str, of: str, numbers: tuple) -> str:
    rows = [(one.of, one.label, *said(one), _share(one.relative)) for one in numbers]
    return _table(heading, (of, "Number", "Was", "Is", "Change"), rows)


def _one_sided(heading: str, numbers: tuple, side: str) -> str:
    rows = [(one.of, one.label, _value(getattr(one, side), one.unit, DIGITS)) for one in numbers]
    return _table(heading, ("Figure", "Number", "Value"), rows)


def _share(relative: float | None) -> str:
    return NOTHING if relative is None else f"{100 * relative:+.3g} %"


def _list(heading: str, names: dict) -> str:
    return "\n".join([f"## {heading}\n", *(f"- `{name}`: {_cell(words)}" for name, words in names.items())]) if names else ""


def _table(heading: str, columns: tuple, rows: list) -> str:
    if not rows:
        return ""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return f"## {heading}\n\n" + "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text) -> str:
    """A text that a table of Markdown takes for one cell, and for nothing but text."""
    escaped = str(text).replace("\\", "\\\\")
    for mark in "|*_<$[]`":
        escaped = escaped.replace(mark, "\\" + mark)
    return " ".join(escaped.split())
