"""The page's own scripts: their types, lint and unit tests in Node."""

import subprocess

import pytest
from site_helpers import ROOT

from moebook.site.scripts import node

TESTS = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "web" / "test").glob("*.test.js"))


@pytest.mark.parametrize(
    "command",
    [
        ["node_modules/typescript/bin/tsc", "-p", "web"],
        ["node_modules/eslint/bin/eslint.js", "--config", "web/eslint.config.mjs", "--max-warnings", "0", "web"],
        ["--test", *TESTS],
    ],
    ids=["types", "lint", "tests"],
)
def test_scripts(command):
    assert TESTS
    run = subprocess.run([node(), *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.returncode == 0, run.stdout
