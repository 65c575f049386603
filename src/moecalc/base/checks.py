"""Checks of numbers that people type, each with one sentence for what is wrong."""

from .errors import InputError, quoted

#: No quantity here is larger, or smaller and not 0: beyond, a number is a slip of the keyboard,
#: and products of such numbers would leave the range of a float.
LARGEST = 1e30
SMALLEST = 1e-30


def real(name: str, value, least: float = 0, most: float = LARGEST, positive: bool = False):
    """A number, if it is finite and in range.

    Parameters
    ----------
    name : str
        As the error sentence calls it [-]
    value : float
        What to check [any]
    least, most : float, optional
        Both are accepted [as `value`]
    positive : bool, optional
        Above 0, whatever `least` is [-]

    Returns
    -------
    float
        `value`, unchanged.

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value - value != 0:
        raise InputError(f"{name} must be a finite number {_limits(least, most, positive)}; found {quoted(value)}")
    if not (SMALLEST if positive else least) <= value <= most:
        raise InputError(f"{name} must be {_limits(least, most, positive)}; found {quoted(value)}")
    return value


def whole(name: str, value, least: int = 1, most: float = 10**18):
    """A number, if it is whole and in range.

    Parameters
    ----------
    name : str
        As the error sentence calls it [-]
    value : int
        What to check [any]
    least, most : int, optional
        Both are accepted [as `value`]

    Returns
    -------
    int
        `value`, unchanged.

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name} must be a whole number {_limits(least, most)}; found {quoted(value)}")
    return value


def one_of(name: str, value, accepted):
    """A value, if it is one of some.

    Parameters
    ----------
    name : str
        As the error sentence calls it [-]
    value : object
        What to check [-]
    accepted : iterable
        All that is accepted [-]

    Returns
    -------
    object
        `value`, unchanged.

    Raises
    ------
    InputError
        If it is not.
    """
    accepted = list(accepted)
    if value not in accepted:
        raise InputError(f"{name} must be one of {', '.join(map(str, accepted))}; found {quoted(value)}")
    return value


def _limits(least, most, positive=False) -> str:
    if positive:
        return f"above 0 and at most {_short(most)}"
    return f"from {_short(least)} to {_short(most)}"


def _short(number) -> str:
    return f"{number:,}" if isinstance(number, int) and number < 10**12 else f"{number:g}"
