"""The kind of job that asks a command, or a figure of the report, at every point of a grid."""

import base64
import os
from functools import lru_cache
from tempfile import TemporaryDirectory

from ...base.errors import InputError, quoted
from ...base.search import chunk_places
from . import canonical
from .grid import Axis, axis, check_size, point, typed
from .points import asked, flat
from .rows import Rows, part_with

UNIT = "points"
#: Points of a chunk where there are many; where there are few, so many chunks, for all cores to have some.
CHUNK, LEAST_CHUNKS = 500, 64
#: Largest file that goes with a question to where it is computed [bytes]
MAX_FILE_BYTES = 2 * 10**6


def question_of(name: str, options: list, settings: list) -> dict:
    """The question of a sweep, checked: a command, its options, (key, values) of the grid, and the files that options name.

    Raises
    ------
    InputError
        If the grid is empty or too large, a key is unknown or set twice, or a value cannot be read.
    """
    question = {"command": name, "options": options, "axes": [list(one) for one in settings]}
    question["files"] = {word: _file(word) for word in options if word == "-" or os.path.exists(os.path.expanduser(word))}
    check_size(axes_of(question))
    sweep = _Sweep(question)
    for one in sweep.axes:  # of a range both ends: what lies between them can be read if they can
        for value in one.values or (one[0], one[len(one) - 1]):
            sweep.asked.reader(one.key)(value)
    return question


def axes_of(question: dict) -> list:
    """The axes of a question; a range may have ends such as 128K where its option reads them."""
    from ..arguments import length

    return [axis(key, text, length) for key, text in question["axes"]]


def size(question: dict) -> int:
    """Points of the grid."""
    return check_size(axes_of(question))


def num_chunks(question: dict) -> int:
    points = size(question)
    return max(min(points, LEAST_CHUNKS), -(-points // CHUNK))


def compute(question: dict, chunk: int, num_chunks: int) -> dict:
    """The rows of a chunk: ``columns``, ``rows``, and ``refused``, a sentence for each row that is."""
    return _known(canonical(question)).rows(chunk, num_chunks)


@lru_cache(maxsize=4)
def _known(question: str):
    import json

    return _Sweep(json.loads(question))


class _Sweep:
    """A question made ready to be asked."""

    def __init__(self, question: dict):
        self.axes: list[Axis] = axes_of(question)
        self.size = check_size(self.axes)
        self.folder, self.files, options = TemporaryDirectory(prefix="moecalc-"), {}, []
        for place, word in enumerate(question["options"]):
            if word in question["files"]:
                word, typed_word = os.path.join(self.folder.name, f"{place}-{os.path.basename(word)}"), word
                with open(word, "wb") as file:
                    file.write(base64.b64decode(question["files"][typed_word]))
                self.files[word] = typed_word
            options.append(word)
        keys = [one.key for one in self.axes]
        self.asked = asked(question["command"], options, keys, point(self.axes, 0))
        self.keys = keys

    def rows(self, chunk: int, num_chunks: int) -> dict:
        rows, refused = [], {}
        for index in chunk_places(self.size, chunk, num_chunks):
            values = point(self.axes, index)
            row = dict(zip(self.keys, map(typed, values), strict=True))
            try:
                answer = flat(self.asked.answer(values))
            except InputError as error:
                refused[str(len(rows))] = self.as_typed(" ".join(str(error).split()))
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a fault at one of a million points
                refused[str(len(rows))] = f"not computed, {type(error).__name__}: {self.as_typed(str(error))}"
            else:
                row |= {f"result.{key}" if key in row else key: self.as_typed(value) for key, value in answer.items()}
            rows.append(row)
        return part_with(rows, refused)

    def as_typed(self, value):
        """A text with the files under the names that they have for the reader."""
        if isinstance(value, str):
            for path, name in self.files.items():
                value = value.replace(path, name)
        return value


def _file(name: str) -> str:
    """A file in letters, to go with the question."""
    from ...model.files import NAMES

    if name == "-":
        raise InputError("standard input can be read once, not at every point; a file is accepted")
    path = os.path.expanduser(name)
    if os.path.isdir(path):
        path = next((os.path.join(path, one) for one in NAMES if os.path.isfile(os.path.join(path, one))), path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {quoted(name, 200)}: {error.strerror}; a file is accepted") from None
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{quoted(name, 200)} is longer than {MAX_FILE_BYTES // 10**6} MB, too long to go with a sweep")
    return base64.b64encode(data).decode()


class Whole:
    """The rows so far, on disk: a grid may have more than memory holds."""

    def __init__(self, question: dict):
        self.rows = Rows()

    def add(self, chunk: int, part: dict):
        self.rows.add(chunk, part)

    def finish(self) -> Rows:
        return self.rows
