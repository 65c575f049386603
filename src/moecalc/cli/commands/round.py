"""moecalc round"""

import os
import sys

from ...base.errors import InputError, quoted

HELP = "numbers rounded to a format of few bits, and their codes"
EXAMPLE = 'moecalc round --format e4m3 --values "[0.3, 17, -1000]"'

#: Longest text that is read: as many numbers as are rounded at once, 25 characters each
MAX_CHARACTERS = 25_000_000
ACCEPTED = "a JSON list of numbers, such as [0.3, 17], is accepted"


def add_arguments(parser):
    parser.add_argument("--format", required=True, metavar="NAME", help="e4m3, e5m2, e5m6, bf16 or fp32")
    parser.add_argument(
        "--values", required=True, metavar="FILE", help="a JSON list of numbers: a file, - for stdin, or the list itself"
    )


def run(args):
    from ...numerics.formats import check_values, codes, float_format, rounded

    fmt = float_format(args.format)
    values = [float(value) for value in check_values(read_list(args.values))]
    beyond = sum(abs(value) > fmt.largest for value in values)
    said = [f"{beyond:,} of {len(values):,} values lie beyond {fmt.largest:g}, the largest, and saturate"] if beyond else []
    return {
        "format": fmt.name,
        "bits": fmt.num_bits,
        "largest": fmt.largest,
        "values": values,
        "rounded": rounded(values, fmt),
        "codes": codes(values, fmt),
        "notes": said,
    }


def read_list(source: str) -> list:
    """The JSON list in a file, on standard input, or in the argument itself."""
    import json

    if source.lstrip().startswith("["):
        text, name = source, "--values"
    else:
        text, name = read_text(source)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # also Python's limit on the digits of an integer
        where = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"the values of {quoted(name, 200)} are not JSON{where}; {ACCEPTED}") from None
    if not isinstance(values, list):
        raise InputError(f"the values of {quoted(name, 200)} are no list; {ACCEPTED}; found {quoted(values)}")
    return values


def read_text(path: str) -> tuple:
    """(text, name for errors) of a file or standard input."""
    name = "standard input" if path == "-" else path
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_CHARACTERS + 1)
        else:
            with open(os.path.expanduser(path), "rb") as file:
                data = file.read(MAX_CHARACTERS + 1)
        if len(data) > MAX_CHARACTERS:
            raise InputError(f"{quoted(name, 200)} is longer than {MAX_CHARACTERS // 10**6} MB; {ACCEPTED}")
        return data.decode("utf-8-sig"), name
    except UnicodeDecodeError:
        raise InputError(f"cannot read the values of {quoted(name, 200)}: not a text file; {ACCEPTED}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or "not a file"
        raise InputError(f"cannot read the values of {quoted(name, 200)}: {reason}; {ACCEPTED}") from None


def show(result):
    from ..text import noted, table

    rows = [
        {"value": value, "rounded": f"{number:.9g}", "code": f"{code:0{-(-result['bits'] // 4)}x}"}
        for value, number, code in zip(result["values"], result["rounded"], result["codes"], strict=True)
    ]
    columns = {"value": "value", "rounded": "rounded", "code": "code (hex)"}
    return noted(
        [f"{result['format']}: {result['bits']} bits, at most {result['largest']:g}", "", table(rows, columns)], result
    )
