"""What searches of planners take as it is typed: accelerators and prices, limits, how many are told, and where it runs."""

import argparse

from ..base.errors import InputError, quoted
from .arguments import assignment, money, whole


def add_gpus(parser, like: str) -> None:
    """--gpu, of which there may be several, and what each costs."""
    add = parser.add_argument
    gpus = f"{like}, all GPUs of one; may be repeated, to compare several"
    add("--gpu", metavar="NAME", action="append", required=True, help=gpus)
    prices = "of each accelerator; without it the middle of its rent, where that is known"
    add("--usd-per-gpu-hour", type=money, nargs="+", metavar="USD", help=prices)


def prices(args) -> tuple:
    """(the price of each accelerator, or None, and what is to be said of them)."""
    from ..economics.prices import rental_price_usd_per_gpu_hour

    if args.usd_per_gpu_hour is not None:
        given = args.usd_per_gpu_hour
        return (given[0] if len(given) == 1 else given), []
    try:
        middles = [sum(rental_price_usd_per_gpu_hour(name)) / 2 for name in dict.fromkeys(args.gpu)]
    except InputError:
        if args.objective == "dollars":
            raise
        return None, ["no price is known for an accelerator, so that no cost is told; --usd-per-gpu-hour gives one"]
    return middles, ["prices are the middle of what accelerators are rented for"]


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


def add_searching(parser) -> None:
    """What a search takes beside its question: --top, the tables, and where it runs."""
    from .jobs.running import add_running
    from .tables_out import add_tables

    top = "so many of the best are told, beside the front"
    parser.add_argument("--top", type=whole, default=10, metavar="K", help=top)
    add_tables(parser)
    add_running(parser)


def heading(accelerators) -> str:
    """Accelerators between which a search chooses, in words."""
    return " or ".join(accelerators)
