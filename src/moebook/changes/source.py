"""A record of numbers from a file, or from a commit whose own code computes it."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from moecalc.base.errors import InputError, quoted

from ..site.build import ROOT
from . import record

#: What a commit's code needs.
FOLDERS = ("src/moecalc", "data")


def numbers(source: str, repository: Path = ROOT) -> dict:
    """What a version says.

    Parameters
    ----------
    source : str
        A file that ``python -m moebook.changes --record`` wrote, or anything that git takes for a commit
    repository : Path, optional
        Where git looks

    Returns
    -------
    dict
        As :func:`moebook.changes.record.record` makes it; of a commit with its name as ``commit`` and its own date

    Raises
    ------
    InputError
        If `source` is neither, or what it names cannot be read or run.
    """
    if os.path.isfile(source):
        return of_file(Path(source))
    return of_commit(source, repository)


def of_file(path: Path) -> dict:
    """The record in a file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        found = None
    if not isinstance(found, dict) or found.get("format") != record.FORMAT:
        raise InputError(f"{quoted(str(path))} is no record of numbers; python -m moebook.changes --record FILE writes one")
    return found


def of_commit(name: str, repository: Path) -> dict:
    """What the code and the data of a commit say."""
    told = _git(repository, "show", "--no-patch", "--format=%h %cs", "--end-of-options", f"{name}^{{commit}}", "--")
    if told.returncode:
        raise InputError(f"{quoted(name)} is neither a file nor a commit of this project; git log lists the commits")
    commit, date = told.stdout.decode().split()
    with tempfile.TemporaryDirectory() as folder:
        packed = _git(repository, "archive", commit, *FOLDERS)
        if packed.returncode:
            raise InputError(f"commit {commit} has no {' and '.join(FOLDERS)}; name a later one")
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
            files.extractall(folder, filter="data")
        env = os.environ | {"PYTHONPATH": os.path.join(folder, "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        # -P: beside the recorder stand modules that are none of the commit's
        ran = subprocess.run(
            [sys.executable, "-P", record.__file__], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
    if ran.returncode:
        why = (ran.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise InputError(f"commit {commit} cannot be recorded: {why}; name a later one")
    return json.loads(ran.stdout) | {"commit": commit, "date": date}


def _git(repository: Path, *argv: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", "-C", str(repository), *argv], capture_output=True, check=False)
