"""Where a config lies: a file, a gzip file, a folder that holds one, or standard input."""

import os
import sys

from ..base.errors import InputError, quoted
from .pasted import MAX_CHARACTERS, too_long

#: Standard input, as commands write it.
STDIN = "-"
NAMES = ("config.json", "config.json.gz", "params.json")


def config_text(path: str) -> tuple:
    """(text, name for errors) of the config at a path; a folder is asked for a ``config.json``."""
    if path == STDIN:
        return _decoded(sys.stdin.buffer.read(MAX_CHARACTERS + 1), "standard input"), "standard input"
    path = os.fspath(path)
    try:
        if os.path.isdir(path):
            path = next((os.path.join(path, name) for name in NAMES if os.path.isfile(os.path.join(path, name))), path)
        if os.path.isdir(path):
            where = f"the folder {quoted(path, 200)}"
            raise InputError(f"{where} holds no config.json; a folder with one, or the file itself, is accepted")
        with open(path, "rb") as file:
            data = file.read(MAX_CHARACTERS + 1)
        if path.endswith(".gz"):
            data = _unpacked(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or "not a file"
        raise InputError(f"cannot read the config {quoted(path, 200)}: {reason}; a config.json file is accepted") from None
    return _decoded(data, path), path


def _unpacked(path: str) -> bytes:
    import gzip  # rarely needed
    import zlib

    try:
        with gzip.open(path) as file:
            return file.read(MAX_CHARACTERS + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        where = f"the config {quoted(path, 200)}"
        raise InputError(f"{where} is no whole gzip file; a config.json or a .json.gz is accepted") from None


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_CHARACTERS:
        raise too_long(name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        where = f"cannot read the config {quoted(name, 200)}"
        raise InputError(f"{where}: not a text file; a config.json file is accepted") from None
