"""Rows of a table that come in parts, in any order, and are read in theirs: kept in a file that has no name."""

import csv
import json
from collections.abc import Iterator
from tempfile import TemporaryFile

from ...base.errors import InputError, quoted

#: The last column: the sentence of a row that has no answer.
REFUSED = "refused"


class Rows:
    """Rows by parts; columns stand in the order in which rows first have them, whatever order parts came in."""

    def __init__(self, refusals: bool = True):
        self.last = [REFUSED] if refusals else []
        self.file = TemporaryFile(prefix="moecalc-")  # noqa: SIM115 - goes with the rows
        self.places = {}  #: number of a part -> where it stands in the file
        self.first, self.kinds = {}, {}  #: columns of a part -> the first such part; column -> letters of what it holds
        self.num_rows = self.num_refused = 0
        self.refusal = None  #: (part, row, sentence) of the first row without an answer

    def add(self, number: int, part: dict):
        """A part with its ``columns``, their ``kinds``, ``rows`` and ``refused``."""
        text = json.dumps(part).encode()
        try:
            self.file.seek(0, 2)
            self.places[number] = self.file.tell(), len(text)
            self.file.write(text)
            self.file.flush()
        except OSError as error:
            raise InputError(f"rows wait in the folder of temporary files, which TMPDIR names: {error.strerror}") from None
        columns = tuple(part["columns"])
        self.first[columns] = min(number, self.first.get(columns, number))
        for column, letters in zip(columns, part["kinds"], strict=True):
            self.kinds[column] = self.kinds.get(column, set()) | set(letters)
        self.num_rows += len(part["rows"])
        self.num_refused += len(part["refused"])
        refusals = [(number, int(row), sentence) for row, sentence in part["refused"].items()]
        self.refusal = min([*filter(None, [self.refusal]), *refusals], default=None)

    @property
    def columns(self) -> list:
        found = {}
        for columns in sorted(self.first, key=self.first.get):
            found |= dict.fromkeys(columns)
        return [column for column in found if column not in self.last] + self.last

    def kind(self, column: str) -> type:
        """What a column holds: of several kinds the one that holds all."""
        letters = "".join(sorted(self.kinds.get(column, "t")))
        return {"b": bool, "i": int, "f": float, "fi": float}.get(letters, str)

    def parts(self) -> Iterator[list]:
        """The rows, a list of them at a time: a value for each of the columns."""
        columns = self.columns
        for number in sorted(self.places):
            start, length = self.places[number]
            self.file.seek(start)
            part = json.loads(self.file.read(length))
            place = {column: i for i, column in enumerate(part["columns"])}
            order = [place.get(column) for column in columns[: len(columns) - len(self.last)]]
            yield [
                [*(None if at is None else row[at] for at in order), *(part["refused"].get(str(i)) for _ in self.last)]
                for i, row in enumerate(part["rows"])
            ]

    def dicts(self, most: int) -> list:
        """The first rows: column -> value, without what a row does not have."""
        columns, found = self.columns, []
        for rows in self.parts():
            for row in rows:
                if len(found) == most:
                    return found
                found.append({column: value for column, value in zip(columns, row, strict=True) if value is not None})
        return found


def part_with(rows: list, refused: dict | None = None) -> dict:
    """A part of such rows: each a dictionary; `refused` has the sentences of some by their places, as texts."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return {
        "columns": columns,
        "kinds": ["".join(sorted({_kind(row.get(column)) for row in rows})) for column in columns],
        "rows": [[row.get(column) for column in columns] for row in rows],
        "refused": refused or {},
    }


def _kind(value) -> str:
    """A letter for what a value is: text, truth, int, float or nothing."""
    if value is None or isinstance(value, (str, bool)):
        return {str: "t", bool: "b"}.get(type(value), "")
    return "i" if isinstance(value, int) and abs(value) < 2**63 else "f"


def write_csv(rows: Rows, path: str) -> None:
    """The rows as a CSV file."""
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(rows.columns)
            for part in rows.parts():
                writer.writerows(part)
    except OSError as error:
        raise InputError(f"cannot write {quoted(path, 200)}: {error.strerror}; another path is accepted") from None
