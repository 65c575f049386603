"""Checks of numbers that people type, each with one sentence for what is wrong."""

from .errors import InputError


def real(name: str, value, least: float = 0, most: float = float("inf"), positive: bool = False):
    """`value` if it is a finite number in [least, most]; with `positive`, above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value - value != 0:
        raise InputError(f"{name} must be a finite number; found {value!r}")
    if positive and value <= 0:
        raise InputError(f"{name} must be above 0; found {value!r}")
    if not least <= value <= most:
        limits = f"at least {least:,}" if most == float("inf") else f"from {least:,} to {most:,}"
        raise InputError(f"{name} must be {limits}; found {value!r}")
    return value


def whole(name: str, value, least: int = 1, most: float = 10**18):
    """`value` if it is a whole number in [least, most]."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} must be a whole number; found {value!r}")
    return real(name, value, least, most)


def one_of(name: str, value, accepted):
    """`value` if it is among `accepted`."""
    if value not in accepted:
        raise InputError(f"{name} must be one of {', '.join(map(str, accepted))}; found {value!r}")
    return value
