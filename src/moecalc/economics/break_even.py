"""When one's own GPUs are cheaper than an API, and from when on they no longer are."""

from typing import NamedTuple

from ..base.checks import SMALLEST
from .api_prices import ApiPrice
from .cost import HOURS_PER_DAY
from .tokens import MILLION, Service, token_cost

OWN, API = "own GPUs", "the API"


class BreakEven(NamedTuple):
    """Own GPUs beside one price of an API, for the same mix of tokens."""

    api: ApiPrice
    usd_per_million: float  #: on own GPUs
    api_usd_per_million: float
    utilisation: float | None  #: at which the two are equal; None where own GPUs are dearer even at 1
    usd_per_gpu_hour: float  #: at which they are equal, at the utilisation given
    tokens_per_day_per_gpu: float | None  #: what the API sells for a GPU's rent of a day; None if it is free
    cheaper: str  #: OWN or API


def break_even(service: Service, api: ApiPrice) -> BreakEven:
    r"""Utilisation, rent and load at which own GPUs cost what the API asks.

    .. math:: u^* = u \frac{C}{A}, \qquad p^* = p \frac{A}{C}, \qquad T^* = \frac{24 \, p}{A}

    C is the cost of a mixed token, A the API's price of it; T^* [tokens per GPU and day] is paid for whether it is served or
    not. An API that asks nothing is never dearer.

    >>> service = Service(2, 4030, 1850, cache_hit=0.5625, input_tokens=608, output_tokens=168)
    >>> found = break_even(service, ApiPrice("DeepSeek", "V3", "2025-02-08", "2025-09-05", 0.27, 0.07, 1.1))
    >>> found.cheaper, round(found.utilisation, 2), round(found.usd_per_gpu_hour, 2)
    ('own GPUs', 0.31, 6.44)
    """
    own = token_cost(service).usd_per_million
    asked = api.usd_per_million(service.cache_hit, service.input_tokens, service.output_tokens)
    needed = service.utilisation * own / asked if asked > SMALLEST else None
    # the rent is taken out of the cost, so that a rent of 0 has an answer too
    per_dollar = token_cost(service._replace(usd_per_gpu_hour=1)).usd_per_million
    return BreakEven(
        api=api,
        usd_per_million=own,
        api_usd_per_million=asked,
        utilisation=needed if needed is not None and needed <= 1 else None,
        usd_per_gpu_hour=asked / per_dollar if per_dollar else 0,
        tokens_per_day_per_gpu=MILLION * HOURS_PER_DAY * service.usd_per_gpu_hour / asked if asked > SMALLEST else None,
        cheaper=OWN if own < asked else API,
    )


def over_time(service: Service, prices: list) -> list:
    """A :class:`BreakEven` for each of `prices`, in their order: those of one vendor tell how long own GPUs stay cheaper."""
    return [break_even(service, price) for price in prices]


def undercut_from(service: Service, prices: list) -> str | None:
    """The first date from which an API of `prices` is cheaper than own GPUs; None where none is known to be."""
    dates = [one.api.valid_from for one in over_time(service, prices) if one.cheaper == API]
    return min((date for date in dates if date), default=None)
