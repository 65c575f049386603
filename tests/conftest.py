"""What several tests share: the command line in this process."""

import contextlib
import io
import json
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from moecalc.cli import main

pytest_plugins = ["run_order"]
#: There are two files of this name: as a module with doctests only one could be imported.
collect_ignore = ["conftest.py"]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def drivers(tmp_path_factory, monkeypatch):
    """The entry points of pyproject.toml, whatever is installed; the folder that names them, for other processes."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = tmp_path_factory.mktemp("entry-points")
    (about := folder / "moecalc_drivers-0.dist-info").mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: moecalc-drivers\nVersion: 0\n")
    lines = [f"{name} = {place}\n" for name, place in project["entry-points"]["moecalc.drivers"].items()]
    (about / "entry_points.txt").write_text("".join(["[moecalc.drivers]\n", *lines]))
    monkeypatch.syspath_prepend(folder)
    return folder


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
