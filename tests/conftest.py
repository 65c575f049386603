"""What several tests share: the command line in this process."""

import contextlib
import io
import json
import shlex
from typing import NamedTuple

import pytest
from hypothesis import settings

from moecalc.cli import main

pytest_plugins = ["run_order"]
#: There are two files of this name: as a module with doctests only one could be imported.
collect_ignore = ["conftest.py"]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        assert self.code == 0, self.err
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"JSON has no {word}"))


@pytest.fixture
def moecalc():
    """A function that runs a command line, and arguments added to it: moecalc("params --model", "deepseek-v3")."""

    def run(line, *more) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*shlex.split(line), *map(str, more)])
        return Answer(code, out.getvalue(), err.getvalue())

    return run
