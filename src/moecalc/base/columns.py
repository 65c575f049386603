"""A column of a table: the unit in its heading, one prefix and as many decimals for all its numbers. Display only."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .units import prefixes, show

#: No number has more decimals than these.
MOST_DECIMALS = 7


class Column(NamedTuple):
    """What a table shows of the values of a column."""

    unit: str  #: what stands in brackets behind the heading; empty where nothing has to
    cells: list  #: a text for each value


def column(values: Sequence, unit: str = "", digits: int = 4, label: str = "") -> Column:
    """The values of a column as a reader sees them.

    Parameters
    ----------
    values : sequence of float, int, str or None
        With the unit "%" ratios [`unit`]
    unit, digits
        As :func:`moecalc.base.units.show` takes them; the digits are those of the middle number
    label : str, optional
        The heading. A unit that it names is not said again

    Examples
    --------
    >>> column([13_421_772_800, 671_026_404_352, 912_680], "bytes")
    Column(unit='GB', cells=['13.42', '671.03', '0.00091'])
    >>> column([2_664_000, 119_000, None], "GPU-hours", label="GPU-hours, published")
    Column(unit='K', cells=['2,664', '119', '\u2013'])
    >>> column([0.5, 0.0625], "%", 1), column([671, 2048], "", 4)
    (Column(unit='%', cells=['50.0', '6.2']), Column(unit='', cells=['671', '2,048']))
    """
    numbers = [value for value in values if is_number(value)]
    if not numbers:
        return Column("", [show(value) for value in values])
    step = _step(numbers, unit)
    scaled = [_scaled(value, unit, step) for value in numbers]
    decimals = digits if unit == "%" else _decimals(scaled, digits)
    cells = [_text(_scaled(value, unit, step), decimals) if is_number(value) else show(value) for value in values]
    return Column(_heading(unit, step, label), cells)


def is_number(value) -> bool:
    """Whether a cell holds a number, and no text, truth or nothing."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _middle(numbers: list):
    """The middle one of the sizes that are not zero; 0 where all are."""
    sizes = sorted(abs(value) for value in numbers if value)
    return sizes[(len(sizes) - 1) // 2] if sizes else 0


def _step(numbers: list, unit: str) -> int:
    """By how many thousands to divide, so that the middle number has one to three digits before the point."""
    size, step = _middle(numbers), 0
    while size >= 1000 and step < len(prefixes(unit)) - 1:
        size, step = size / 1000, step + 1
    return step


def _scaled(value, unit: str, step: int):
    if unit == "%":
        return value * 100
    for _ in range(step):
        value /= 1000
    return value


def _decimals(numbers: list, digits: int) -> int:
    """Decimals that give the middle number its digits; fewer where no number needs them."""
    most = max(0, digits - len(str(int(_middle(numbers)))))
    return min(most, max(_needed(value, most + 2) for value in numbers))


def _needed(value, decimals: int) -> int:
    """Decimals up to the last one that is not zero."""
    return 0 if isinstance(value, int) else len(f"{value:.{decimals}f}".partition(".")[2].rstrip("0"))


def _text(value, decimals: int) -> str:
    """A number with the decimals of its column; with more, where they would leave it fewer than two digits."""
    if isinstance(value, int) and not decimals:
        return f"{value:,}"
    lost = abs(float(f"{value:.{decimals}f}") - value) > 1e-9 * abs(value)
    wanted = 1 - int(f"{value:.1e}".partition("e")[2])
    return f"{value:,.{wanted if lost and decimals < wanted <= MOST_DECIMALS else decimals}f}"


def _heading(unit: str, step: int, label: str) -> str:
    """The unit with its prefix; of a count that the label names already, the prefix alone."""
    prefixed = prefixes(unit)[step]
    words = re.findall(r"[a-z0-9/-]+", label.lower())
    if unit.lower() not in words:
        return prefixed
    return "" if prefixed == unit else prefixed.removesuffix(f" {unit}")
