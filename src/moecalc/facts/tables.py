"""Facts: a value with its unit, source, locator, status and date, read from ``data/``.

A table is a file of ``data/``, named without ``.csv``; only the one that is asked for is read. The checkout's
``data/`` is read before the copy inside an installed package, which in an editable install may be stale.
"""

import json
import os
from functools import wraps
from typing import NamedTuple

from ..base.errors import InputError, instead, quoted
from ..base.units import convert, dimension_and_factor

STATUSES = ("reported", "measured", "derived", "assumed", "unverified")
#: Columns of every fact table; a table may add more behind or before them.
COLUMNS = ("subject", "quantity", "value", "high", "unit", "source", "locator", "status", "date", "note")
_MAY_BE_BLANK = {"high", "note"}
_WORDS = {"text", "date"}

_cache = {}


def once(function):
    """A function of one name that reads what lies in ``data/``, called once for each name, as files are read once."""

    @wraps(function)
    def known(name):
        key = function.__name__, name
        if key not in _cache:
            _cache[key] = function(name)
        return _cache[key]

    return known


class Fact(NamedTuple):
    """One figure or statement and where it was read."""

    subject: str
    quantity: str
    value: float | str
    high: float | None  #: upper end, where the figure is a range
    unit: str
    source: str
    locator: str
    status: str
    date: str
    note: str

    def to(self, unit: str):
        """The value in another unit of the same dimension."""
        return convert(self.value, self.unit, unit)

    def range_to(self, unit: str) -> tuple:
        """(low, high) in another unit; both are the value where the figure is not a range."""
        low = self.to(unit)
        return low, low if self.high is None else convert(self.high, self.unit, unit)


def data_dir() -> str:
    """Folder of the facts: the checkout's ``data/``, or else the copy in the installed package."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    checkout = os.path.join(os.path.dirname(os.path.dirname(package)), "data")
    return checkout if os.path.isfile(os.path.join(checkout, "sources.json")) else os.path.join(package, "data")


def rows(table: str) -> list:
    """The rows of a table as they are written, in file order: column -> text."""
    if table not in _cache:
        import csv  # slow to import, and a model's config needs none

        with open(os.path.join(data_dir(), table + ".csv"), encoding="utf-8", newline="") as file:
            _cache[table] = list(csv.DictReader(file))
    return _cache[table]


def fact(row: dict, where: str) -> Fact:
    """A row, checked; `where`, its file and row, begins the error sentence.

    Raises
    ------
    InputError
        If something is blank or not known.
    """
    for column in COLUMNS:
        if not row.get(column) and column not in _MAY_BE_BLANK:
            raise InputError(f"{where}: {column} is blank; every fact carries {', '.join(COLUMNS[:9])}")
    unit, status = row["unit"], row["status"]
    try:
        dimension_and_factor(unit)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if status not in STATUSES:
        raise InputError(f"{where}: status {status!r} is not one of {', '.join(STATUSES)}")
    if row["source"] not in sources():
        raise InputError(f"{where}: source {row['source']!r} is not in data/sources.json")
    value, high = row["value"], row.get("high") or None
    if unit not in _WORDS:
        value, high = number(value, where), None if high is None else number(high, where)
    words = (row["source"], row["locator"], status, str(row["date"]), row.get("note") or "")
    return Fact(row["subject"], row["quantity"], value, high, unit, *words)


def number(text, where: str):
    """A finite number from a table, an int where it is whole; `where` begins the error sentence."""
    try:
        return int(str(text))  # of a JSON number too: int(46.7) would be 46
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is not a number") from None
    if value - value != 0:  # NaN and infinity
        raise InputError(f"{where}: {text!r} is not a finite number")
    return value


def facts(table: str) -> list:
    """Every :class:`Fact` of a table, in file order.

    Raises
    ------
    InputError
        If a row is not a fact; the sentence names it.
    """
    key = table, "facts"
    if key not in _cache:
        _cache[key] = [fact(row, f"data/{table}.csv, row {i}") for i, row in enumerate(rows(table), start=2)]
    return _cache[key]


def by_subject(table: str) -> dict:
    """The facts of a table: subject -> quantity -> Fact. Where sources disagree, the first row is the one used."""
    key = table, "by subject"
    if key not in _cache:
        grouped = {}
        for one in facts(table):
            grouped.setdefault(one.subject, {}).setdefault(one.quantity, one)
        _cache[key] = grouped
    return _cache[key]


def lookup(table: str, subject: str, quantity: str) -> Fact:
    """One fact; an unknown subject or quantity raises a sentence that names the nearest.

    >>> lookup("training_runs", "dsv3-pretrain", "gpu_hours").to("GPU-hours")
    2664000
    """
    known = by_subject(table)
    if subject not in known:
        raise InputError(unknown(f"subject in data/{table}.csv", subject, known))
    if quantity not in known[subject]:
        raise InputError(unknown(f"quantity of {subject} in data/{table}.csv", quantity, known[subject]))
    return known[subject][quantity]


def sources() -> dict:
    """What facts were read in, ``data/sources.json``: key -> title, address, date."""
    return read_json("sources.json")


def unknown(what: str, name: str, known, listed: str = "") -> str:
    """The error sentence for `name`, under which `what` was looked for among those `known`; all are `listed` somewhere."""
    return f"no {what} named {quoted(name)}{instead(name, known, listed)}"


def read_json(name: str):
    """A JSON file of the facts, by its path below ``data/``; read once."""
    if name not in _cache:
        with open(os.path.join(data_dir(), name), encoding="utf-8") as file:
            _cache[name] = json.load(file)
    return _cache[name]


def json_names(folder: str) -> list:
    """The JSON files of a folder below ``data/``, without ``.json``, in alphabetical order."""
    key = folder, "names"
    if key not in _cache:
        names = os.listdir(os.path.join(data_dir(), folder))
        _cache[key] = sorted(name[:-5] for name in names if name.endswith(".json"))
    return _cache[key]
