"""Prices of model APIs and when they held, from ``data/api_prices.csv``."""

from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError
from ..facts import tables


class ApiPrice(NamedTuple):
    """What an API asks for a million tokens, and when it did."""

    vendor: str
    model: str
    valid_from: str  #: a date, or "" where no document tells
    valid_to: str  #: a date, or "" where it still holds or no document tells
    usd_per_million_input: float
    usd_per_million_cached_input: float | None  #: None where no price of its own was read: it is then that of input
    usd_per_million_output: float

    def usd_per_million(self, cache_hit: float, input_tokens: float, output_tokens: float) -> float:
        """Price of a mix [USD per million tokens], the share `cache_hit` of its `input_tokens` [tokens] being cached."""
        cached = self.usd_per_million_cached_input
        cached = self.usd_per_million_input if cached is None else cached
        paid = cache_hit * cached + (1 - cache_hit) * self.usd_per_million_input
        tokens = input_tokens + output_tokens
        return (input_tokens * paid + output_tokens * self.usd_per_million_output) / tokens


def api_prices(vendor: str | None = None) -> list:
    """Every :class:`ApiPrice` of input and output, in order of their dates; of one `vendor` alone where given.

    >>> [price.model for price in api_prices("DeepSeek")][:2]
    ['deepseek-chat (V3 promo)', 'deepseek-reasoner (R1)']
    """
    grouped = {}
    for row, fact in zip(tables.rows("api_prices"), tables.facts("api_prices"), strict=True):
        key = row["vendor"], row["model"], row["valid_from"], row["valid_to"]
        grouped.setdefault(key, {}).setdefault(fact.quantity, fact.to("USD/M tokens"))
    known = sorted({key[0] for key in grouped})
    if vendor is not None and vendor not in known:
        raise InputError(tables.unknown("vendor in data/api_prices.csv", vendor, known))
    found = [
        ApiPrice(*key, paid["input"], paid.get("cached_input"), paid["output"])
        for key, paid in grouped.items()
        if {"input", "output"} <= set(paid) and vendor in (None, key[0])
    ]
    return sorted(found, key=lambda price: (price.valid_from or price.valid_to, price.model))


def api_price(name: str) -> ApiPrice:
    """The latest price of the model of this name.

    >>> api_price("deepseek-chat (V3)").usd_per_million_output
    1.1
    """
    prices = api_prices()
    named = [price for price in prices if price.model == name]
    if not named:
        raise InputError(tables.unknown("model in data/api_prices.csv", name, [price.model for price in prices]))
    return named[-1]


def stated_price(usd_input: float, usd_output: float, usd_cached_input: float | None = None) -> ApiPrice:
    """A stated price of a million tokens: `usd_input` [USD], `usd_output` [USD] and maybe `usd_cached_input` [USD]."""
    for name, value in (("input", usd_input), ("output", usd_output), ("cached input", usd_cached_input)):
        if value is not None:
            real(f"the API's price of {name}", value, most=1e6)
    return ApiPrice("stated", "stated", "", "", usd_input, usd_cached_input, usd_output)
