"""Values that a grid takes along its axes, as they are typed: 4096:8192:512, 1:64:*2, a,b,c or a JSON list.

An axis knows its length and any of its values without listing them, so that a grid of 10^8 points is a few bytes.
"""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import prod
from typing import NamedTuple

from ...base.errors import InputError, quoted

#: Most points of a grid.
MAX_POINTS = 10**8
#: Largest end of a range: 1e999999 would be written out.
MAX_MAGNITUDE = Decimal("1e30")
FORMS = "low:high:step, low:high:*factor, values between commas or a JSON list"


class Axis(NamedTuple):
    """The values of one key, each a text as it would be typed for the command."""

    key: str
    values: tuple  #: where they are listed
    low: Decimal = Decimal(0)
    step: Decimal = Decimal(0)
    num_steps: int = 0  #: of a range with a step

    def __len__(self) -> int:
        return self.num_steps or len(self.values)

    def __getitem__(self, place: int) -> str:
        return plain(self.low + place * self.step) if self.num_steps else self.values[place]


def axis(key: str, text: str, read: Callable = Decimal) -> Axis:
    """The axis that is typed as key=text; `read` takes ends of a range that are no plain numbers, such as 128K.

    >>> list(map(axis("tp", "1:8:*2").__getitem__, range(4))), len(axis("hidden_size", "4096:8192:512"))
    (['1', '2', '4', '8'], 9)
    >>> axis("mtp", "0:0.9:0.3")[3], axis("gpu", "h20,h800").values, axis("recompute", '["norm,swiglu", "none"]').values
    ('0.9', ('h20', 'h800'), ('norm,swiglu', 'none'))
    """
    if text.lstrip().startswith("["):
        return _unlike(key, _json_values(key, text))
    if text.count(":") != 2:
        values = tuple(value.strip() for value in text.split(","))
        if not all(values):
            raise InputError(f"{key} has an empty value in {quoted(text)}; accepted are {FORMS}")
        return _unlike(key, values)
    low, high, step = (part.strip() for part in text.split(":"))
    first, last = (_end(key, text, one, read) for one in (low, high))
    if step.startswith("*"):
        return Axis(key, _factors(key, text, first, last, _end(key, text, step[1:], Decimal)))
    width = _end(key, text, step, read)
    if width == 0:
        raise InputError(f"the step of {key} must not be 0; found {quoted(text)}")
    num_steps = int((last - first) / width) + 1 if (last - first) * width >= 0 else 0
    if not num_steps:
        raise InputError(f"{key} has no values: a step of {step} does not lead from {low} to {high}; found {quoted(text)}")
    return Axis(key, (), first, width, num_steps)


def check_size(axes) -> int:
    """Points of a grid; refuses one that is too large, two axes of one key, and none at all."""
    keys = [one.key for one in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"{key} is set twice; one --set with all its values is accepted, such as {key}=1,2,4")
    if not axes:
        raise InputError(f"the grid is empty: --set KEY=VALUES gives it a key, with {FORMS}")
    size = prod(map(len, axes))
    if size > MAX_POINTS:
        sizes = " x ".join(f"{len(one):,}" for one in axes)
        raise InputError(f"a grid has at most {MAX_POINTS:,} points; found {size:,} ({sizes})")
    return size


def point(axes, index: int) -> tuple:
    """The values at a point, a text a key; the last key moves fastest."""
    places = []
    for one in reversed(axes):
        index, place = divmod(index, len(one))
        places.append(place)
    return tuple(one[place] for one, place in zip(axes, reversed(places), strict=True))


def typed(text: str):
    """A value as a table holds it: a number, true or false, else the text."""
    for kind in (int, float):
        try:
            value = kind(text)
            return value if value - value == 0 else text
        except ValueError:
            pass
    return {"true": True, "false": False, "null": None}.get(text, text)


def plain(number: Decimal) -> str:
    """A number without an exponent where it is whole.

    >>> plain(Decimal("4E+3")), plain(Decimal("0.30"))
    ('4000', '0.3')
    """
    return str(int(number)) if number == number.to_integral_value() else str(number.normalize())


def _end(key, text, part, read) -> Decimal:
    for reader in (Decimal, read):
        try:
            number = Decimal(str(reader(part.replace(",", ""))))
        except (InvalidOperation, ValueError, ArgumentTypeError):
            continue
        if number.is_finite() and abs(number) <= MAX_MAGNITUDE:
            return number
    raise InputError(f"{key}: {quoted(part)} is no number for a range; found {quoted(text)}, accepted are {FORMS}")


def _factors(key, text, low, high, factor) -> tuple:
    if factor <= 1 or low <= 0:
        raise InputError(f"{key} needs a factor above 1 and a low end above 0; found {quoted(text)}")
    values = []
    while low <= high:
        values.append(plain(low))
        low *= factor
    if not values:
        raise InputError(f"{key} has no values: its low end is above its high end; found {quoted(text)}")
    return _unlike(key, tuple(values)).values


def _json_values(key, text) -> tuple:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{key}: {quoted(text)} is not a JSON list; accepted are {FORMS}") from None
    if not values:
        raise InputError(f"{key} has no values; found {quoted(text)}, accepted are {FORMS}")
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in values)


def _unlike(key, values) -> Axis:
    if len(set(values)) < len(values):
        again = next(value for value in values if values.count(value) > 1)
        raise InputError(f"{key} has the value {quoted(again)} twice; each once is accepted")
    return Axis(key, values)
