"""Cost of a token on GPUs that one pays for by the hour, and which lever moves it by how much.

Rent is the only cost. A cached input token takes no time of prefill; what keeps its cache is not counted.

.. [1] DeepSeek-AI, Day 6: One More Thing, DeepSeek-V3/R1 Inference System Overview, open-infra-index, 2025.
"""

from typing import NamedTuple

from ..base.checks import real
from ..serving.disaggregation import Requests, request_gpu_seconds
from .cost import HOURS_PER_DAY, SECONDS_PER_HOUR

MILLION = 1e6


class Service(NamedTuple):
    """What a token's cost follows from."""

    usd_per_gpu_hour: float
    prefill_tokens_per_s_per_gpu: float  #: input tokens that are computed, none that the cache holds
    decode_tokens_per_s_per_gpu: float  #: output tokens
    utilisation: float = 1  #: share of the paid hours at these throughputs; 1 where they are means over all paid hours
    cache_hit: float = 0  #: share of the input tokens that the cache holds
    input_tokens: float = 1000  #: of a request, cached ones included; only their ratio to the output decides
    output_tokens: float = 1000


class TokenCost(NamedTuple):
    """USD per million tokens, and where the GPUs' time goes."""

    usd_per_million_input: float  #: of all input tokens, cached ones included
    usd_per_million_computed_input: float
    usd_per_million_output: float
    usd_per_million: float  #: of input and output as they are mixed
    prefill_share: float  #: of the GPUs' time, and of the cost
    tokens_per_day_per_gpu: float  #: input and output that a GPU serves in a day at this utilisation


def checked(service: Service) -> Service:
    """The `service`, if each of its numbers is one that a service may have."""
    for name in ("prefill_tokens_per_s_per_gpu", "decode_tokens_per_s_per_gpu"):
        real(name, getattr(service, name), positive=True, most=1e9)
    real("usd_per_gpu_hour", service.usd_per_gpu_hour, most=1e6)
    real("utilisation", service.utilisation, least=1e-6, most=1)
    real("cache_hit", service.cache_hit, most=1)
    real("input_tokens", service.input_tokens, most=1e15)
    real("output_tokens", service.output_tokens, most=1e15)
    real("the sum of input_tokens and output_tokens", service.input_tokens + service.output_tokens, positive=True)
    return service


def token_cost(service: Service) -> TokenCost:
    r"""Cost of input, of output and of a mix of both.

    .. math:: C_{in} = \frac{p \, (1 - h)}{3600 \, u \, r_p}, \qquad C_{out} = \frac{p}{3600 \, u \, r_d}, \qquad
              C = \frac{n_i C_{in} + n_o C_{out}}{n_i + n_o}

    p = ``usd_per_gpu_hour``, u = ``utilisation``, h = ``cache_hit``; r_p and r_d are the two throughputs of a GPU, n_i and
    n_o a request's tokens. Cost is linear in p.

    DeepSeek's service, by its throughputs of a node [1]_, of which 32,244 tokens/s of input are computed:

    >>> cost = token_cost(Service(2, 32244 / 8, 14800 / 8, cache_hit=342 / 608, input_tokens=608, output_tokens=168))
    >>> round(cost.usd_per_million_computed_input, 3), round(cost.usd_per_million_output, 3)
    (0.138, 0.3)
    """
    checked(service)
    per_second = service.usd_per_gpu_hour / SECONDS_PER_HOUR / service.utilisation
    computed, output = (
        MILLION * per_second / rate
        for rate in (service.prefill_tokens_per_s_per_gpu, service.decode_tokens_per_s_per_gpu)
    )
    seconds = gpu_seconds(service)
    tokens = service.input_tokens + service.output_tokens
    return TokenCost(
        usd_per_million_input=(1 - service.cache_hit) * computed,
        usd_per_million_computed_input=computed,
        usd_per_million_output=output,
        usd_per_million=MILLION * per_second * sum(seconds) / tokens,
        prefill_share=seconds[0] / sum(seconds) if sum(seconds) else 0,
        tokens_per_day_per_gpu=service.utilisation * HOURS_PER_DAY * SECONDS_PER_HOUR * tokens / sum(seconds)
        if sum(seconds)
        else 0,
    )


def gpu_seconds(service: Service) -> tuple:
    """(prefill, decode) of one request, on GPUs that do nothing else [GPU-seconds]."""
    one = Requests(1, service.input_tokens, service.output_tokens, service.cache_hit)
    return request_gpu_seconds(one, service.prefill_tokens_per_s_per_gpu, service.decode_tokens_per_s_per_gpu)


def elasticities(service: Service) -> dict:
    r"""By how many percent a mixed token's cost rises when a lever rises by one [a ratio for each lever].

    .. math:: \epsilon_x = \frac{x}{C} \frac{\partial C}{\partial x}

    With s the share of prefill in the GPUs' time they are 1 for the price, -1 for utilisation, -s and s - 1 for the two
    throughputs, and -s h / (1 - h) for hits in the cache. More output shifts the mix to the dearer token.

    >>> round(elasticities(Service(2, 4000, 2000))["output_tokens"], 4)
    0.1667
    """
    share = token_cost(service).prefill_share
    mixed = service.output_tokens / (service.input_tokens + service.output_tokens)
    computed = 1 - service.cache_hit
    return {
        "usd_per_gpu_hour": 1,
        "utilisation": -1,
        "prefill_tokens_per_s_per_gpu": -share,
        "decode_tokens_per_s_per_gpu": share - 1,
        "cache_hit": -share * service.cache_hit / computed if computed else 0,
        "output_tokens": (1 - share) - mixed,
    }


class Lever(NamedTuple):
    """What one lever does to the cost of a mixed token while the others stay."""

    name: str
    field: str
    low: float
    high: float
    usd_at_low: float  #: per million tokens
    usd_at_high: float

    @property
    def factor(self) -> float:
        """The dearer end over the cheaper one [a ratio]."""
        ends = sorted((self.usd_at_low, self.usd_at_high))
        return ends[1] / ends[0] if ends[0] else float("inf")


def levers(service: Service, ranges) -> list:
    """Each lever moved alone from `low` to `high`, the one that moves the cost most first.

    `ranges` holds (name, field of a :class:`Service`, low, high); one field may be moved by several levers, as decoding is
    by the batch and by drafts.
    """
    found = []
    for name, field, low, high in ranges:
        usd = [token_cost(service._replace(**{field: value})).usd_per_million for value in (low, high)]
        found.append(Lever(name, field, low, high, *usd))
    return sorted(found, key=lambda lever: -lever.factor)
