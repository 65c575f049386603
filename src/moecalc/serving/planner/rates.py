"""What a deployment serves: requests a second of each phase, of both in balance, output tokens of a GPU, and their price.

Prefill and decode have instances of their own on the same kind of GPU, as in :mod:`moecalc.serving.disaggregation`, whose
queue says how busy prefill may be under the limit on the first token.
"""

from typing import NamedTuple

from ..disaggregation import mean_wait_s
from ..kv_transfer import kv_transfer
from ..throughput import CACHE_BYTES
from .axes import BALANCED
from .question import Question
from .space import Candidate
from .steps import Steps

#: Halvings of an interval: more than a float can tell.
HALVINGS = 60
SECONDS_OF_HOUR, MILLION = 3600, 1e6
#: Products round: a bound is meant but for this share.
ROUNDING = 1e-9


class Rates(NamedTuple):
    """What a deployment serves."""

    prefill_gpus: int
    decode_gpus: int
    requests_per_s: float
    prefill_busy: float  #: share of the time at that rate


class Served(Steps):
    """What deployments of a question serve under its limits."""

    def __init__(self, question: Question):
        super().__init__(question)
        self.known_firsts, self.known_rates = {}, {}

    def service_s(self, one: Candidate, slower: float = 1) -> float:
        """Time for which a request keeps the GPUs of its group [s]; `slower` stretches it."""
        asked = self.setting.requests
        computed = asked.input_tokens * (1 - asked.cache_hit)
        return slower * computed / self.prefill(one).tokens_per_s_per_gpu / one.prefill_tp

    def first_token_s(self, one: Candidate, slower: float = 1) -> float:
        """Time until the first token where nobody waits: prefill, and what is left of the cache's way [s]."""
        key = one.accelerator, one.prefill_tp, one.prefill_unit, slower
        if key not in self.known_firsts:
            service, left = self.service_s(one, slower), 0.0
            if link := self.setting.chips[one.accelerator].scale_out_bandwidth_bytes_per_s:
                width = CACHE_BYTES[self.types[one.accelerator].cache]
                left = kv_transfer(self.config, self.question.input_tokens, link, width, service).exposed_s
            self.known_firsts[key] = service + left
        return self.known_firsts[key]

    def prefill_requests(self, one: Candidate, gpus: int, slower: float = 1) -> tuple:
        """(requests a second, share of the time that is busy) that so many `gpus` [GPUs] of prefill take under the limit."""
        key = one.accelerator, one.prefill_tp, one.prefill_unit, gpus, slower
        if key not in self.known_rates:
            service = self.service_s(one, slower)
            servers, allowed = gpus // one.prefill_tp, self.question.ttft_s - self.first_token_s(one, slower)
            low, high = 0.0, 1.0
            for _ in range(HALVINGS if allowed > 0 else 0):
                middle = (low + high) / 2
                low, high = (middle, high) if mean_wait_s(service, servers, middle) <= allowed else (low, middle)
            self.known_rates[key] = (low * servers / service if service else float("inf")), low
        return self.known_rates[key]

    def decode_requests(self, one: Candidate, gpus: int, slower: float = 1) -> float:
        """Requests a second that so many `gpus` [GPUs] of decode take, whole instances of them [1/s]."""
        whole = gpus // one.unit * one.unit
        return whole * self.step(one).tokens_per_s_per_gpu / slower / self.question.output_tokens

    def rates(self, one: Candidate, gpus: int, ends: tuple = (1, 1)) -> Rates:
        """What is served with so many `gpus` [GPUs] of prefill; `ends` stretch the times of prefill and decode."""
        left = self.question.num_gpus - gpus
        can, busy = self.prefill_requests(one, gpus, ends[0])
        served = min(can, self.decode_requests(one, left, ends[1]))
        return Rates(gpus, left // one.unit * one.unit, served, busy * served / can if can else 0.0)

    def balance(self, one: Candidate) -> Rates:
        """The number of GPUs of prefill with which most requests are served, the fewest of equal ones.

        What prefill takes rises with its GPUs and what decode takes falls, so that the best number is where they cross or
        the one before: it is found by halving, and the ratio of prefill to decode needs no search.
        """
        if one.prefill_gpus != BALANCED:
            return self.rates(one, one.prefill_gpus)
        low, high = 0, (self.question.num_gpus - one.unit) // one.prefill_unit
        most = high

        def enough(units: int) -> bool:
            gpus = units * one.prefill_unit
            return self.prefill_requests(one, gpus)[0] >= self.decode_requests(one, self.question.num_gpus - gpus)

        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        tried = [self.rates(one, units * one.prefill_unit) for units in (low, high) if 1 <= units <= most]
        return max(tried, key=lambda rates: rates.requests_per_s)

    def per_gpu(self, rates: Rates) -> float:
        """Output tokens a second over all GPUs, those that no whole instance uses with them [tokens/s/GPU]."""
        return rates.requests_per_s * self.question.output_tokens / self.question.num_gpus

    def most_per_gpu(self, one: Candidate) -> float:
        """What no ratio of prefill to decode exceeds, as if GPUs could be divided and nobody waited [tokens/s/GPU]."""
        output = self.question.output_tokens
        seconds = self.service_s(one) * one.prefill_tp + output / self.step(one).tokens_per_s_per_gpu
        return output / seconds * (1 + ROUNDING)

    def value(self, one: Candidate, per_gpu: float) -> float:
        """What the objective makes of so many output tokens of a GPU; less is better."""
        return -per_gpu if self.question.objective == "tokens-per-gpu" else self.usd(one, per_gpu)

    def usd(self, one: Candidate, per_gpu: float) -> float | None:
        """What a million output tokens cost, prefill with them; None without a price [USD]."""
        prices = self.question.usd_per_gpu_hour
        return prices and MILLION * prices[one.accelerator] / SECONDS_OF_HOUR / per_gpu
