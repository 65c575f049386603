"""Rental prices of accelerators, from ``data/rental_prices.csv``."""

from ..base.errors import InputError, quoted
from ..facts import tables
from ..hardware.accelerator import read_accelerator


def rental_price_usd_per_gpu_hour(name: str) -> tuple:
    """(low, high) of an accelerator's rental price, equal where the source gives one [USD per GPU-hour].

    `name` is a slug, or what :func:`~moecalc.hardware.accelerator.read_accelerator` reads.

    >>> rental_price_usd_per_gpu_hour("h800-sxm")
    (2, 2)
    """
    known = tables.by_subject("rental_prices")
    slug = name if name in list(known) else read_accelerator(name).slug
    if slug not in known:
        raise InputError(f"no rental price is known for {quoted(name)}; there is one for {', '.join(known)}")
    return known[slug]["rental"].range_to("USD/GPU-hour")
