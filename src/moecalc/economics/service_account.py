"""A day of DeepSeek's online service, as DeepSeek accounted for it, computed again from the figures that it published.

.. [1] DeepSeek-AI, Day 6: One More Thing, DeepSeek-V3/R1 Inference System Overview, open-infra-index, 2025.
"""

from typing import NamedTuple

from ..base.checks import real, whole
from ..facts import tables
from .api_prices import ApiPrice
from .cost import HOURS_PER_DAY, SECONDS_PER_HOUR
from .tokens import MILLION, Service

SUBJECT = "DeepSeek V3/R1 online service"
GPUS_PER_NODE = 8
#: Of the GPUs' day that was published: 24 hours.
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR


class Day(NamedTuple):
    """What a service used and served in a day."""

    nodes: float  #: on average
    gpus_per_node: int
    usd_per_gpu_hour: float
    cached_input_tokens: float
    computed_input_tokens: float
    output_tokens: float

    @property
    def tokens(self) -> float:
        """Input and output [tokens]."""
        return self.cached_input_tokens + self.computed_input_tokens + self.output_tokens


class Account(NamedTuple):
    """Cost of a day and what its tokens would bring at an API's prices."""

    usd_cost: float
    usd_revenue: float
    profit_over_cost: float
    profit_over_revenue: float
    paid_share: float  #: of the revenue, at which profit ends; above 1 where all of it is too little


def account(day: Day, price: ApiPrice) -> Account:
    r"""Cost and theoretical revenue of a day, if every token is paid for.

    .. math:: C = 24 \, n \, g \, p, \qquad R = n_h P_h + n_m P_m + n_o P_o, \qquad \frac{R - C}{C}

    n nodes of g GPUs at a rent p; n_h, n_m, n_o are cached, computed and output tokens, each with its price P. DeepSeek
    prints 87,072 and 562,027 USD, and the last as 545 % [1]_:

    >>> made = account(deepseek_day(), ApiPrice("DeepSeek", "R1", "2025-01-20", "2025-09-05", 0.55, 0.14, 2.19))
    >>> round(made.usd_cost, 6), round(made.usd_revenue), round(made.profit_over_cost, 3)
    (87072.0, 562100, 5.456)
    """
    real("nodes", day.nodes, positive=True, most=1e9)
    whole("gpus_per_node", day.gpus_per_node, most=10**6)
    real("usd_per_gpu_hour", day.usd_per_gpu_hour, positive=True, most=1e6)
    for name in ("cached_input_tokens", "computed_input_tokens", "output_tokens"):
        real(name, getattr(day, name), most=1e18)
    real("the day's tokens", day.tokens, positive=True)
    cost = HOURS_PER_DAY * day.nodes * day.gpus_per_node * day.usd_per_gpu_hour
    given = day.cached_input_tokens + day.computed_input_tokens
    hit = day.cached_input_tokens / given if given else 0
    revenue = day.tokens / MILLION * price.usd_per_million(hit, given, day.output_tokens)
    return Account(
        cost, revenue, (revenue - cost) / cost, 1 - cost / revenue if revenue else -1, cost / revenue if revenue else 1
    )


def revenue_range(day: Day, price: ApiPrice, rounded_to: float = 1e9) -> tuple:
    """(low, high) of the revenue where counts of tokens were rounded to multiples of `rounded_to` [tokens]; the ends in USD.

    The tokens of input that were computed are a difference of two printed numbers, all input and cached input.
    """
    half = real("rounded_to", rounded_to, positive=True) / 2
    cached = price.usd_per_million_cached_input
    cached = price.usd_per_million_input if cached is None else cached
    # all input moves at the price of computed input, cached input by the difference of the two
    swing = half * (price.usd_per_million_input + abs(cached - price.usd_per_million_input) + price.usd_per_million_output)
    middle = account(day, price).usd_revenue
    return middle - swing / MILLION, middle + swing / MILLION


def printed(quantity: str):
    """What DeepSeek printed of its day, a fact of ``data/serving.csv``."""
    return tables.lookup("serving", SUBJECT, quantity)


def deepseek_day() -> Day:
    """The day that DeepSeek accounted for: from noon of 27 to noon of 28 February 2025 [1]_."""
    given, cached, output = (
        printed(name).to("B tokens/day") * 1e9 for name in ("input_tokens", "input_tokens_cache_hit", "output_tokens")
    )
    nodes, rent = printed("nodes_avg").to("nodes"), printed("gpu_price_assumed").to("USD/GPU-hour")
    return Day(nodes, GPUS_PER_NODE, rent, cached, given - cached, output)


def deepseek_nodes() -> dict:
    """Nodes that DeepSeek's tokens keep busy at the throughputs printed beside them: prefill and decode [nodes].

    Together they are the mean number of nodes that was printed, so that both throughputs are means over all paid hours:

    >>> {name: round(nodes, 1) for name, nodes in deepseek_nodes().items()}
    {'prefill': 95.5, 'decode': 131.4}
    """
    day = deepseek_day()
    given = day.cached_input_tokens + day.computed_input_tokens
    rates = {"prefill": "prefill_throughput_per_node", "decode": "decode_throughput_per_node"}
    tokens = {"prefill": given, "decode": day.output_tokens}
    return {
        name: tokens[name] / SECONDS_PER_DAY / printed(rate).to("tokens/s per node") for name, rate in rates.items()
    }


def deepseek_service() -> Service:
    """DeepSeek's service as a :class:`~moecalc.economics.tokens.Service`: its throughputs are means over all paid hours."""
    day, nodes = deepseek_day(), deepseek_nodes()
    given = day.cached_input_tokens + day.computed_input_tokens
    prefill, decode = (
        tokens / SECONDS_PER_DAY / nodes[name] / day.gpus_per_node
        for name, tokens in (("prefill", day.computed_input_tokens), ("decode", day.output_tokens))
    )
    return Service(
        day.usd_per_gpu_hour,
        prefill,
        decode,
        cache_hit=day.cached_input_tokens / given,
        input_tokens=given,
        output_tokens=day.output_tokens,
    )
