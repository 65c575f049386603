"""Checks of numbers that people type, each with one sentence for what is wrong."""

from .errors import InputError, quoted

#: No quantity here is larger, or smaller and not 0: beyond, a number is a slip of the keyboard,
#: and products of such numbers would leave the range of a float.
LARGEST = 1e30
SMALLEST = 1e-30
#: A refused size names a neighbour that would do if it is no farther than this.
MOST_TRIED = 10**5


def real(name: str, value, least: float = 0, most: float = LARGEST, positive: bool = False):
    """`value`, if it is a finite number from `least` to `most`, and above 0 where `positive`; else :class:`InputError`.

    `name` is what the error sentence calls it, here and in the checks below.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value - value != 0:
        raise InputError(f"{name} must be a finite number {_limits(least, most, positive)}; found {quoted(value)}")
    if not (SMALLEST if positive else least) <= value <= most:
        raise InputError(f"{name} must be {_limits(least, most, positive)}; found {quoted(value)}")
    return value


def whole(name: str, value, least: int = 1, most: float = 10**18):
    """`value`, if it is a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name} must be a whole number {_limits(least, most)}; found {quoted(value)}")
    return value


def one_of(name: str, value, accepted):
    """`value`, if it is one of those `accepted`."""
    accepted = list(accepted)
    if value not in accepted:
        raise InputError(f"{name} must be one of {', '.join(map(str, accepted))}; found {quoted(value)}")
    return value


def divisor(name: str, value: int, number: int, of: str):
    """`value`, if it divides a `number` of something; else :class:`InputError`, which names the nearest that do.

    >>> divisor("ep", 5, 256, "routed experts")
    Traceback (most recent call last):
    moecalc.base.errors.InputError: ep must divide the 256 routed experts; found 5, 4 and 8 divide them
    """
    if number % value:
        below = next((n for n in range(min(value, number), max(0, value - MOST_TRIED), -1) if number % n == 0), 1)
        above = next((n for n in range(value + 1, min(number, value + MOST_TRIED)) if number % n == 0), number)
        near = f"{below} and {above} divide them" if below != above else f"{below} divides them"
        raise InputError(f"{name} must divide the {number} {of}; found {value}, {near}")
    return value


def _limits(least, most, positive=False) -> str:
    if positive:
        return f"above 0 and at most {_short(most)}"
    return f"from {_short(least)} to {_short(most)}"


def _short(number) -> str:
    return f"{number:,}" if isinstance(number, int) and number < 10**12 else f"{number:g}"
