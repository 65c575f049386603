"""Limits of a search as they are typed: an axis and its values."""

import argparse

from ..base.errors import InputError, quoted
from .arguments import assignment, whole


def add_limits(parser, axes: str) -> None:
    """--limit, whose help names the axes."""
    told = f"values of an axis, between commas: {axes}; may be repeated"
    parser.add_argument("--limit", action="append", type=assignment, default=[], metavar="AXIS=VALUES", help=told)


def read_limits(typed: list, words: tuple) -> dict:
    """Axis -> values, of what was typed as axis=values; whole numbers, but of the axes named in `words`."""
    found = {}
    for axis, text in typed:
        axis = axis.replace("-", "_")
        if axis in found:
            raise InputError(f"limit {axis} is given twice; all its values stand in one, such as {axis}={text},...")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if axis not in words:
            try:
                parts = [whole(part) for part in parts]
            except argparse.ArgumentTypeError:
                raise InputError(f"limit {axis} must be whole numbers between commas; found {quoted(text)}") from None
        found[axis] = tuple(parts)
    return found
