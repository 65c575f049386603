"""What the cheapest model of a capability cost, and when: prices of APIs joined to scores of the same models.

Capability is one benchmark, GPQA Diamond: the one of which scores were read for models from 2024 to 2025. A model without a
score that was read, or a price without a date, is left out.
"""

from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError
from ..economics.api_prices import ApiPrice, api_prices
from ..facts import tables

BENCHMARK = "GPQA Diamond"
#: The same benchmark in data/benchmarks.csv.
IN_REPORT = "GPQA-Diamond"
#: Model of data/api_prices.csv -> (its name here, subject of the score, its quantity in data/reasoning.csv, or "").
SCORED = {
    "gpt-4o": ("GPT-4o", "GPT-4o-0513", ""),
    "claude-3.5-sonnet": ("Claude 3.5 Sonnet", "Claude-3.5-Sonnet-1022", ""),
    "o1-mini": ("o1-mini", "o1-mini", "score_pass_1"),
    "deepseek-chat (V3 promo)": ("V3, promotion", "DeepSeek-V3", ""),
    "deepseek-chat (V3)": ("V3", "DeepSeek-V3", ""),
    "deepseek-chat off-peak 16:30-00:30 UTC": ("V3 at night", "DeepSeek-V3", ""),
    "deepseek-reasoner (R1)": ("R1", "R1", "score_pass_1"),
    "deepseek-reasoner off-peak 16:30-00:30 UTC": ("R1 at night", "R1", "score_pass_1"),
    "gpt-5": ("GPT-5", "GPT-5 high", "score"),
    "deepseek-chat and -reasoner (V3.1)": ("V3.1", "V3.1 Terminus", "score_pass_1"),
    "deepseek-chat and -reasoner (V3.2-Exp / V3.2)": ("V3.2", "V3.2-Exp", "score_pass_1"),
    "gemini-3-pro-preview": ("Gemini 3 Pro", "Gemini 3 Pro", "score"),
}
#: Its price has no last day in any document: it held until that of its successor began.
REPLACED = {"deepseek-chat and -reasoner (V3.1)": "deepseek-chat and -reasoner (V3.2-Exp / V3.2)"}
#: Who made a level common: model of data/api_prices.csv.
LEVELS = ("deepseek-chat (V3)", "deepseek-reasoner (R1)", "deepseek-chat and -reasoner (V3.2-Exp / V3.2)", "gpt-5")


class Priced(NamedTuple):
    """A price with the score of its model."""

    name: str
    score: float
    price: ApiPrice


class Step(NamedTuple):
    """From when on the cheapest model of a level costs how much."""

    date: str
    name: str
    usd_per_million: float


def score_of(model: str) -> tables.Fact:
    """The score of a model of ``data/api_prices.csv`` on the benchmark.

    >>> score_of("deepseek-reasoner (R1)").value
    71.5
    """
    if model not in SCORED:
        raise InputError(tables.unknown("model with a score", model, SCORED))
    _, subject, quantity = SCORED[model]
    if not quantity:
        return next(one for one in tables.facts("benchmarks") if (one.subject, one.quantity) == (subject, IN_REPORT))
    rows = zip(tables.rows("reasoning"), tables.facts("reasoning"), strict=True)
    return next(
        one for row, one in rows if (row["benchmark"], one.subject, one.quantity) == (BENCHMARK, subject, quantity)
    )


def priced() -> list:
    """Every dated price whose model has a score, in order of its first day.

    >>> [one.name for one in priced()][:3]
    ['Claude 3.5 Sonnet', 'GPT-4o', 'o1-mini']
    """
    found = [price for price in api_prices() if price.model in SCORED and price.valid_from]
    first = {price.model: price.valid_from for price in found}
    ended = [
        price._replace(valid_to=first[REPLACED[price.model]]) if price.model in REPLACED and not price.valid_to else price
        for price in found
    ]
    return [Priced(SCORED[price.model][0], score_of(price.model).value, price) for price in ended]


def cheapest(
    least_score: float, cache_hit: float, input_tokens: float, output_tokens: float, nights: bool = False
) -> list:
    """A :class:`Step` for each change of the cheapest price of a model with `least_score` [score] or more, oldest first.

    Prices are of `input_tokens` [tokens] with a share `cache_hit` cached, and `output_tokens` [tokens]. With `nights`,
    prices of the night count as if they held all day. It ends with the last price whose model has a score: later models
    were cheaper and dearer, and how good they are was not read.

    >>> [step.name for step in cheapest(71.5, 0, 1, 1)]
    ['R1', 'V3.1', 'V3.2']
    """
    real("least_score", least_score, most=1e4)
    real("the sum of input_tokens and output_tokens", input_tokens + output_tokens, positive=True)
    listed = [one for one in priced() if one.score >= least_score and (nights or not one.name.endswith("at night"))]
    last = max(one.price.valid_from for one in priced())
    changes = {day for one in listed for day in (one.price.valid_from, one.price.valid_to) if day and day <= last}
    steps = []
    for day in sorted(changes):
        open_now = [
            one for one in listed if one.price.valid_from <= day and (not one.price.valid_to or day < one.price.valid_to)
        ]
        if not open_now:
            continue
        usd, best = min(
            ((one.price.usd_per_million(cache_hit, input_tokens, output_tokens), one) for one in open_now),
            key=lambda pair: pair[0],
        )
        if not steps or (best.name, usd) != (steps[-1].name, steps[-1].usd_per_million):
            steps.append(Step(day, best.name, usd))
    return steps


def levels() -> dict:
    """Name of a level -> the score that it asks for.

    >>> list(levels().values())
    [59.1, 71.5, 79.9, 85.7]
    """
    return {SCORED[model][0]: score_of(model).value for model in LEVELS}
