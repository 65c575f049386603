"""Units of one definition: what a fact may be given in, and how a number is shown.

Inside the calculators there are only bytes, seconds, FLOPs, USD and plain counts.
A unit is converted once: on entry (:func:`convert`, when a fact is read) or on
display (:func:`show`). Prefixes K, M, G or B, T are powers of 1000; Ki, Mi, Gi of 1024.
"""

from .errors import InputError, instead

GIB = 2**30  # bytes

#: unit -> (dimension, factor to the unit that the calculators use)
UNITS = {
    "text": ("text", 1),
    "date": ("date", 1),
    # counts and ratios
    "count": ("count", 1),
    "ratio": ("ratio", 1),
    "x": ("ratio", 1),
    "%": ("ratio", 1e-2),
    "score": ("score", 1),
    "bits per byte": ("bits per byte", 1),
    "parameters": ("parameters", 1),
    "M parameters": ("parameters", 1e6),
    "B parameters": ("parameters", 1e9),
    "tokens": ("tokens", 1),
    "K tokens": ("tokens", 1e3),
    "B tokens": ("tokens", 1e9),
    "T tokens": ("tokens", 1e12),
    "sequences": ("sequences", 1),
    "GPUs": ("GPUs", 1),
    "nodes": ("nodes", 1),
    "experts": ("experts", 1),
    "SMs": ("SMs", 1),
    # time
    "s": ("time", 1),
    "ms": ("time", 1e-3),
    "us": ("time", 1e-6),
    "min": ("time", 60),
    "days": ("time", 86400),
    "GPU-hours": ("GPU-hours", 1),
    "K GPU-hours": ("GPU-hours", 1e3),
    "M GPU-hours": ("GPU-hours", 1e6),
    "GPU-hours/T tokens": ("GPU-hours per token", 1e-12),
    # money
    "USD": ("money", 1),
    "k USD": ("money", 1e3),
    "M USD": ("money", 1e6),
    "USD/GPU-hour": ("money per GPU-hour", 1),
    "USD/M tokens": ("money per token", 1e-6),
    # data
    "bytes": ("data", 1),
    "KB": ("data", 1e3),
    "GB": ("data", 1e9),
    "MiB": ("data", 2**20),
    "GiB": ("data", GIB),
    "bytes/s": ("data rate", 1),
    "Gb/s": ("data rate", 1e9 / 8),
    "GB/s": ("data rate", 1e9),
    "TB/s": ("data rate", 1e12),
    "TiB/s": ("data rate", 2**40),
    "GiB/s": ("data rate", GIB),
    "TiB/min": ("data rate", 2**40 / 60),
    # computation
    "FLOPs": ("FLOPs", 1),
    "10^12 FLOPs": ("FLOPs", 1e12),
    "GFLOPs/token": ("FLOPs per token", 1e9),
    "FLOP/s": ("FLOP rate", 1),
    "TFLOP/s": ("FLOP rate", 1e12),
    "TOP/s": ("op rate", 1e12),
    "tokens/s": ("token rate", 1),
    "tokens/s per node": ("token rate per node", 1),
    "tokens/s per GPU": ("token rate per GPU", 1),
    "tokens/s per TFLOP/s": ("tokens per FLOP", 1e-12),
    "B tokens/min": ("token rate", 1e9 / 60),
    "B tokens/day": ("token rate", 1e9 / 86400),
    "T tokens/day": ("token rate", 1e12 / 86400),
    "T tokens/month": ("token rate", 1e12 * 12 / (365.25 * 86400)),
    "W": ("power", 1),
    "Wh": ("energy", 3600),
    "FLOP/J": ("FLOPs per energy", 1),
    "TFLOP/J": ("FLOPs per energy", 1e12),
}


def convert(value: float, unit: str, to: str) -> float:
    """`value` given in `unit`, expressed in the unit `to` of the same dimension [`to`].

    Both are names in :data:`UNITS`. A value whose unit stays the same is returned unchanged, an integer included.

    Raises
    ------
    InputError
        If a unit is unknown, or the two measure different things.

    Examples
    --------
    >>> convert(989, "TFLOP/s", "TFLOP/s")
    989
    >>> convert(400, "Gb/s", "GB/s")
    50.0
    """
    dimension, factor = dimension_and_factor(unit)
    to_dimension, to_factor = dimension_and_factor(to)
    if dimension != to_dimension:
        raise InputError(f"{unit!r} measures {dimension} and cannot be given in {to!r}, which measures {to_dimension}")
    return value if factor == to_factor else value * factor / to_factor


def dimension_and_factor(unit: str) -> tuple:
    """What a unit of :data:`UNITS` measures, and its factor to the unit used inside."""
    try:
        return UNITS[unit]
    except (KeyError, TypeError):
        raise InputError(f"unknown unit {unit!r}{instead(unit, UNITS, 'moecalc.base.units')}") from None


#: Measured units take their prefix in front, as in GFLOPs; all else is counted, in M or B.
_PREFIXED = {"FLOPs", "FLOP/s", "bytes", "bytes/s"}
_COUNTED = {"parameters", "tokens", "GPU-hours"}


def prefixes(unit: str) -> list:
    """A unit with each prefix that it takes, from none upwards by factors of 1000; the unit alone where it takes none.

    >>> prefixes("bytes")[:4], prefixes("tokens"), prefixes("days")
    (['bytes', 'KB', 'MB', 'GB'], ['tokens', 'K tokens', 'M tokens', 'B tokens', 'T tokens'], ['days'])
    """
    if unit in _PREFIXED:
        return [unit, *(letter + unit.replace("bytes", "B") for letter in "KMGTPEZ")]
    if unit in _COUNTED or unit == "USD":
        return [unit, *(f"{letter} {unit}" for letter in "KMBT")]
    return [unit]


def si(value: float, unit: str = "", digits: int = 4) -> str:
    """`value` in powers of 1000, to so many significant `digits`: display only.

    Bytes and FLOPs take K, M, G, T in front of the unit; counts take K, M, B, T behind the number.

    >>> si(671026404352, "parameters"), si(70272, "bytes", 5), si(386.5e12, "FLOP/s")
    ('671.0 B parameters', '70.272 KB', '386.5 TFLOP/s')
    """
    prefixes = " KMGTPEZ" if unit in _PREFIXED else " KMBT"
    step = 0
    while abs(value) >= 999.5 and step < len(prefixes) - 1:
        value /= 1000
        step += 1
    whole_digits = len(str(int(abs(value))))
    number = f"{value:,.{max(0, digits - whole_digits)}f}"
    if step == 0 and float(value).is_integer():
        number = f"{value:,.0f}"
    prefix = prefixes[step].strip()
    if unit in _PREFIXED:
        unit = unit.replace("bytes", "B") if prefix else unit
        return f"{number} {prefix}{unit}"
    return " ".join(part for part in (number, prefix, unit) if part)


def show(value, unit: str = "", digits: int = 4) -> str:
    """A value as a reader sees it, with its unit: display only.

    With the unit "%" a number is a ratio, 0.39 is shown as 39 %, and `digits` stand behind the point; else they are
    significant digits. "count" is a number in powers of 1000 without a word. "USD" and the units of :func:`si` have forms
    of their own; any other word is put behind the number.

    >>> show(0.3906, "%", 2), show(5576000, "USD"), show(56.72, "days", 3), show(None)
    ('39.06 %', '$5.576 M', '56.7 days', '–')
    """
    if value is None:
        return "\u2013"
    if isinstance(value, str):
        return value
    if unit == "%":
        return f"{value * 100:.{digits}f} %"
    if unit == "count":
        return si(value, "", digits)
    if unit == "USD":
        return "$" + si(value, "", digits)
    if unit in _PREFIXED or unit in _COUNTED:
        return si(value, unit, digits)
    if isinstance(value, int):
        return f"{value:,} {unit}".rstrip()
    whole_digits = len(str(int(abs(value))))
    return f"{value:,.{max(0, digits - whole_digits)}f} {unit}".rstrip()


def spans(numbers, to: str = " to ") -> str:
    """Whole numbers as a reader sees them, with the runs among them drawn together.

    >>> spans((0, 3, 4, 5)), spans((4, 5, 6, 7, 55, 56, 57), "-"), spans(())
    ('0, 3 to 5', '4-7, 55-57', '')
    """
    runs = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][-1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}{to}{high}" for low, high in runs)
