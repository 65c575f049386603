"""A JSON list that an argument names: a file, standard input, or the list itself."""

import os
import sys

from ..base.errors import InputError, quoted

#: Longest text that is read: a million numbers of 25 characters each
MAX_CHARACTERS = 25_000_000


def read_list(source: str, option: str, what: str, accepted: str) -> list:
    """The JSON list in a file, on standard input, or in the argument itself.

    `option` and `what` are the argument and its content as an error calls them; `accepted` ends the sentence.
    """
    import json

    if source.lstrip().startswith("["):
        text, name = source, option
    else:
        text, name = _read_text(source, what, accepted)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # also Python's limit on the digits of an integer
        where = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"the {what} of {quoted(name, 200)} are not JSON{where}; {accepted}") from None
    if not isinstance(values, list):
        raise InputError(f"the {what} of {quoted(name, 200)} are no list; {accepted}; found {quoted(values)}")
    return values


def _read_text(path: str, what: str, accepted: str) -> tuple:
    """(text, name for errors) of a file or standard input."""
    name = "standard input" if path == "-" else path
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_CHARACTERS + 1)
        else:
            with open(os.path.expanduser(path), "rb") as file:
                data = file.read(MAX_CHARACTERS + 1)
        if len(data) > MAX_CHARACTERS:
            raise InputError(f"{quoted(name, 200)} is longer than {MAX_CHARACTERS // 10**6} MB; {accepted}")
        return data.decode("utf-8-sig"), name
    except UnicodeDecodeError:
        raise InputError(f"cannot read the {what} of {quoted(name, 200)}: not a text file; {accepted}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or "not a file"
        raise InputError(f"cannot read the {what} of {quoted(name, 200)}: {reason}; {accepted}") from None
