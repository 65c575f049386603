"""Which numbers changed between two versions, as Markdown: ``make changelog FROM=v0.1 TO=main``.

A version is a commit, whose own code then runs, or a file that ``--record`` wrote.
"""

import argparse
import json
import sys
from pathlib import Path

from moecalc.base.errors import InputError

from .compare import changes
from .markdown import markdown
from .record import record
from .source import numbers


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m moebook.changes", description=__doc__)
    parser.add_argument("old", nargs="?", default="", help="a commit or a record, from which")
    parser.add_argument("new", nargs="?", default="", help="a commit or a record, to which")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what this version says, and compare nothing")
    told = parser.parse_args(argv)
    try:
        if told.record:
            return _write(told.record)
        if not told.old or not told.new:
            raise InputError("two versions are needed: make changelog FROM=COMMIT-OR-FILE TO=COMMIT-OR-FILE")
        old, new = numbers(told.old), numbers(told.new)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(markdown(changes(old, new), old, new), end="")
    return 0


def _write(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
