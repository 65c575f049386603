"""Rental prices of accelerators, from ``data/rental_prices.csv``."""

from ..base.errors import InputError, quoted
from ..facts import tables


def rental_price_usd_per_gpu_hour(slug: str) -> tuple:
    """(low, high) of an accelerator's rental price, equal where the source gives one [USD per GPU-hour].

    >>> rental_price_usd_per_gpu_hour("h800-sxm")
    (2, 2)
    """
    known = tables.by_subject("rental_prices")
    if slug not in list(known):
        raise InputError(f"no rental price is known for {quoted(slug)}; there is one for {', '.join(known)}")
    return known[slug]["rental"].range_to("USD/GPU-hour")
