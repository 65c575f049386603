"""`pip install .` gives a working moecalc anywhere: the wheel carries the only copy of data/ inside."""

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNREACHABLE = ("No matching distribution found", "Could not find a version", "ConnectionError", "Connection refused")


def pip(*argv):
    run = subprocess.run([sys.executable, "-m", "pip", *argv], capture_output=True, text=True, cwd=ROOT)
    if run.returncode and any(words in run.stderr for words in UNREACHABLE) and os.environ.get("CI") != "true":
        pytest.skip("building the wheel needs hatchling, and no package index can be reached")
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip("wheel", ".", "--quiet", "--no-deps", *isolation, "--wheel-dir", folder)
    (made,) = folder.glob("moecalc-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin/ of a fresh environment that holds the wheel and nothing else, not even pip."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    pip("--python", environment / "bin" / "python", "install", "--quiet", "--no-deps", "--no-index", wheel)
    return environment / "bin"


def test_the_wheel_holds_the_code_and_the_data(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"moecalc", "moebook", "moecalibrate", "moecluster"}
    data = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert "models/deepseek-v3.json" in data
    assert {name.removeprefix("moecalc/data/") for name in names if name.startswith("moecalc/data/")} == data
    code = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "moecalc").rglob("*.py")}
    assert code <= names


@pytest.mark.parametrize(
    "line", ["params --model deepseek-v3 --json", "accelerators --json", "models", "claims --json", "explore cost --json"]
)
def test_the_installed_command_works_from_anywhere(installed, tmp_path, line, moecalc):
    how = {"cwd": tmp_path, "env": {"PYTHONIOENCODING": "utf-8"}, "capture_output": True, "encoding": "utf-8"}
    run = subprocess.run([installed / "moecalc", *line.split()], **how)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == moecalc(line).out


def test_the_installed_package_reads_its_own_data(installed, tmp_path):
    command = [installed / "python", "-c", "from moecalc.facts import tables; print(tables.data_dir())"]
    folder = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(folder).is_relative_to(installed.parent)
