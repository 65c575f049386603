"""Columns of tables: one unit in the heading, one prefix, points below each other."""

from fractions import Fraction

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from moebook import html
from moecalc.base.columns import column
from moecalc.base.units import prefixes
from moecalc.explorers import Metric

#: values, unit, digits, heading -> unit in brackets, cells
COLUMNS = {
    "the prefix is that of the middle value": (
        ([13_421_772_800, 671_026_404_352, 1_000_000_000], "bytes", 4, "Weights"),
        ("GB", ["13.42", "671.03", "1.00"]),
    ),
    "counts take theirs before the word": (([37_552_282_624], "parameters", 4, "Used"), ("B parameters", ["37.55"])),
    "what the heading names is not said again": (
        ([2_664_000, 119_000], "GPU-hours", 4, "GPU-hours"),
        ("K", ["2,664", "119"]),
    ),
    "a measured unit is said with its prefix": (([3e9, 5e9], "FLOPs", 4, "FLOPs a token"), ("GFLOPs", ["3", "5"])),
    "money": (([5_576_000, 238_000], "USD", 4, "Cost"), ("K USD", ["5,576", "238"])),
    "shares keep their decimals": (([1.0, 0.4, None], "%", 1, "Share"), ("%", ["100.0", "40.0", "\u2013"])),
    "counts stay whole": (([671_026_404_352, 2048, 0], "", 4, "Count"), ("", ["671,026,404,352", "2,048", "0"])),
    "a float needs no decimals where all are whole": (([56.0, 54.0], "days", 3, "Run"), ("days", ["56", "54"])),
    "decimals are as many for all": (([56.72, 3.5, 10.0], "days", 3, "Run"), ("days", ["56.7", "3.5", "10.0"])),
    "a number far below the others keeps two digits": (
        ([15360.0, 3072.0, 0.00022], "", 4, ""),
        ("", ["15,360", "3,072", "0.00022"]),
    ),
    "noise does not": (([1.5, 2.5, 1e-17], "", 4, ""), ("", ["1.5", "2.5", "0.0"])),
    "texts stand as they are": ((["2,048", None, "no"], "bytes", 4, "Given"), ("", ["2,048", "\u2013", "no"])),
    "nothing": (([], "bytes", 4, "Weights"), ("", [])),
    "nothing but zeros": (([0, 0], "bytes", 4, "Weights"), ("bytes", ["0", "0"])),
}


@pytest.mark.parametrize(("given", "expected"), COLUMNS.values(), ids=COLUMNS)
def test_columns(given, expected):
    assert column(*given) == expected


@given(
    st.lists(st.integers(0, 10**15) | st.floats(1e-3, 1e15), min_size=1, max_size=6),
    st.sampled_from(["bytes", "tokens", "USD", "days", "FLOP/s"]),
)
def test_a_column_says_its_values(values, unit):
    """Cell times prefix is the value, to the last digit of the cell."""
    shown = column(values, unit)
    factor = 1000 ** prefixes(unit).index(shown.unit)
    for value, cell in zip(values, shown.cells, strict=True):
        decimals = len(cell.partition(".")[2])
        exact = Fraction(value) / factor
        # half a digit, and what division in floats may lose
        assert abs(Fraction(cell.replace(",", "")) - exact) <= Fraction(1, 2 * 10**decimals) + exact / 2**52


@given(st.lists(st.floats(1.0, 1e15), min_size=1, max_size=6))
def test_the_middle_value_has_a_digit_before_the_point(values):
    shown = column(values, "bytes")
    sizes = sorted(float(cell.replace(",", "")) for cell in shown.cells)
    assert 1 <= sizes[(len(sizes) - 1) // 2] <= 1000


def test_points_stand_below_each_other():
    rows = [{"name": name, "size": size} for name, size in (("a", 15360.0), ("b", 3.25), ("c", 0.00022), ("d", None))]
    page = BeautifulSoup(html.table(rows, {"name": Metric("Name"), "size": Metric("Size", "x", 3)}), "html.parser")
    assert page.select_one("thead th.number").decode_contents() == 'Size <span class="unit">[x]</span>'
    cells = page.select("td.number")
    assert [(cell.text, cell.get("style")) for cell in cells] == [
        ("15,360.00", "--short: 3"),
        ("3.25", "--short: 3"),
        ("0.00022", None),
        ("\u2013", None),
    ]
