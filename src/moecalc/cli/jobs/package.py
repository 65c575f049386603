"""This package as something to send, and a short text that tells two of them apart."""

import hashlib
import io
import os
import platform
import sys
import zipfile
from functools import lru_cache

from ... import __version__
from ...facts.tables import data_dir

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@lru_cache(maxsize=1)
def identity() -> dict:
    """Version, digest of the sources and data, and Python: where they are the same, so is every answer, to the byte."""
    digest = hashlib.sha256()
    for name, path in _files():
        with open(path, "rb") as file:
            digest.update(f"{name}\n".encode() + hashlib.sha256(file.read()).digest())
    python = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    return {"moecalc": __version__, "sources": digest.hexdigest()[:16], "python": python}


def archive() -> bytes:
    """A zip file of the package with its data inside, as the wheel has it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, path in _files():
            zipped.write(path, name)
    return packed.getvalue()


def _files() -> list:
    """(name in the wheel, path) of all sources and data, in the order of their names."""
    found = {}
    for top, inside, ending in ((PACKAGE, "moecalc", ".py"), (data_dir(), "moecalc/data", "")):
        for folder, _, names in os.walk(top):
            for name in names:
                if name.endswith(ending) and not name.endswith((".pyc", "~")) and name[0] != ".":
                    path = os.path.join(folder, name)
                    found["/".join([inside, *os.path.relpath(path, top).split(os.sep)])] = path
    return sorted(found.items())
