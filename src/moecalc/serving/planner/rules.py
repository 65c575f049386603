"""Why a deployment cannot be, and what one that can comes to: by its numbers, by memory, and only then by time.

Prefill and decode have instances of their own on the same kind of GPU, as in :mod:`moecalc.serving.disaggregation`, whose
queue says how busy prefill may be under the limit on the first token.
"""

from typing import NamedTuple

from ...model.checkpoint import storage_bytes
from ..capacity import instance
from ..disaggregation import mean_wait_s
from ..fewest import cuts_cache
from ..kv_transfer import kv_transfer
from ..layout import ServingLayout, num_experts
from ..request_steps import PREFILL_TOKENS, decode_context, prefill_of_requests
from ..served_types import served_types
from ..step_time import Running, StepTime, decode_time
from ..throughput import CACHE_BYTES
from ..workspace import workspace
from .axes import BALANCED
from .question import Question, setting_of
from .space import Candidate

#: Reason -> a sentence; in the order in which they are asked: a deployment counts under the first that holds.
REASONS = {
    "heads": "TP does not divide the attention heads, or the cache",
    "groups": "EP does not divide the TP x DP GPUs of an instance",
    "experts": "EP does not divide the routed experts with their copies",
    "prefill": "TP of prefill does not divide the GPUs of its instance or the heads, or its experts cannot be dealt out",
    "gpus": "an instance of prefill and one of decode are more than the GPUs, or prefill's are no whole instances",
    "weights": "the weights alone do not fit in the memory of an instance",
    "memory": "weights, workspace and the caches of the batch do not fit in memory",
    "prefill-memory": "weights, workspace and the caches of what is read at once do not fit on an instance of prefill",
    "ttft": "prefill alone takes longer than the first token may",
    "tpot": "a step takes longer than a token may",
    "demand": "all GPUs together serve fewer requests than are asked for",
}
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


class Found(NamedTuple):
    """A deployment that keeps its promises, and what it comes to."""

    value: float  #: of the objective, less is better
    not_per_user: float  #: tokens a second of a user, negative: of equal values the faster one comes first
    index: int  #: its number in the space
    tokens_per_s_per_gpu: float  #: output, over the GPUs of both phases and those left idle
    tpot_s: float
    prefill_gpus: int
    decode_gpus: int
    requests_per_s: float


class Rules:
    """Looks at the deployments of a question; what several share is counted once."""

    def __init__(self, question: Question):
        self.question, self.setting = question, setting_of(question)
        self.config = self.setting.config
        self.experts = num_experts(self.config)
        self.heads = getattr(self.config, "num_attention_heads", None)
        self.weights = storage_bytes(self.config)["total"]
        self.types = [served_types(self.config, chip) for chip in self.setting.chips]
        self.computed = max(1, question.input_tokens - int(question.input_tokens * question.cache_hit))
        self.known_rooms, self.known_steps, self.known_prefills = {}, {}, {}
        self.known_firsts, self.known_rates = {}, {}

    def shape_reason(self, one: Candidate) -> str:
        """Why no deployment with this shape of decode can be; empty if one can."""
        if not self.cuts(one.tp):
            return "heads"
        if one.unit % one.ep:
            return "groups"
        return "experts" if (self.experts + one.redundant) % one.ep else ""

    def prefill_reason(self, one: Candidate) -> str:
        """Why it cannot be by the numbers of prefill, or as weights alone do not fit; empty if it can."""
        if one.prefill_unit % one.prefill_tp or not self.cuts(one.prefill_tp) or not self.prefill_layout(one):
            return "prefill"
        wanted = one.prefill_gpus or one.prefill_unit
        if wanted % one.prefill_unit or wanted + one.unit > self.question.num_gpus:
            return "gpus"
        memory = self.setting.chips[one.accelerator].memory_bytes
        return "weights" if self.weights > memory * min(one.unit, one.prefill_unit) else ""

    def judged(self, one: Candidate, beaten=None) -> tuple:
        """(why it fails or "", by how much, its :class:`Found` but for the index) of a shape that can be.

        `beaten`, if given, is asked with the most tokens of a GPU that it could give and its time of a token, whether
        others beat it; then nothing is found.
        """
        asked = self.question
        lacks = -self.room(one.accelerator, self.decode_layout(one), one.batch)
        if lacks > 0:
            return "memory", lacks, None
        reads = max(1, round(PREFILL_TOKENS * one.prefill_tp / self.computed))  # as prefill_of_requests does
        lacks = -self.room(one.accelerator, self.prefill_layout(one), reads)
        if lacks > 0:
            return "prefill-memory", lacks, None
        fixed = self.first_token_s(one)
        if fixed >= asked.ttft_s:
            return "ttft", fixed - asked.ttft_s, None
        step = self.step(one)
        tpot = 1 / step.tokens_per_s_per_user
        if tpot > asked.tpot_s:
            return "tpot", tpot - asked.tpot_s, None
        if beaten and asked.requests_per_s is None and beaten(one, self.most_per_gpu(one), tpot):
            return "", 0, None
        rates = self.balance(one)
        if asked.requests_per_s is not None and rates.requests_per_s < asked.requests_per_s:
            return "demand", asked.requests_per_s - rates.requests_per_s, None
        per_gpu = self.per_gpu(rates)
        value = self.value(one, per_gpu)
        of_user = step.tokens_per_s_per_user
        return "", 0, Found(value, -of_user, 0, per_gpu, tpot, *rates[:3])

    def reason(self, one: Candidate) -> tuple:
        """(why it fails or "", by how much, its :class:`Found`)."""
        reason = self.shape_reason(one) or self.prefill_reason(one)
        return (reason, 0, None) if reason else self.judged(one)

    def cuts(self, tp: int) -> bool:
        """Whether so many GPUs can share attention."""
        return not (self.heads and self.heads % tp) and cuts_cache(self.config, tp)

    def decode_layout(self, one: Candidate) -> ServingLayout:
        """An instance of decode."""
        return ServingLayout(one.tp, one.dp, one.ep, 1, one.redundant)

    def prefill_layout(self, one: Candidate) -> ServingLayout | None:
        """An instance of prefill: experts are dealt out over all of it, with the fewest copies; None where none can be."""
        if self.experts == 1:
            return ServingLayout(one.prefill_tp) if one.prefill_tp == one.prefill_unit else None
        copies = -self.experts % one.prefill_unit
        if copies > self.experts:
            return None
        return ServingLayout(one.prefill_tp, one.prefill_unit // one.prefill_tp, one.prefill_unit, 1, copies)

    def room(self, place: int, layout: ServingLayout, batch: int) -> float:
        """Bytes that a GPU has left beside the caches of a batch, on the accelerator at a `place` [bytes]."""
        key = place, layout
        if key not in self.known_rooms:
            memory = self.setting.chips[place].memory_bytes
            width = CACHE_BYTES[self.types[place].cache]
            self.known_rooms[key] = instance(
                self.config, layout, memory, workspace(self.config, memory, layout.num_gpus), width
            )
        found = self.known_rooms[key]
        paged = found.paged(self.setting.context)
        return min(stage.room - batch * stage.sequence_bytes(paged) for stage in found.stages)

    def step(self, one: Candidate) -> StepTime:
        """A step of decode."""
        key = *one[:5], *one[-2:]
        if key not in self.known_steps:
            running = Running(
                types=self.types[one.accelerator], acceptance=self.question.acceptance if one.mtp == "yes" else None
            )
            chip, context = self.setting.chips[one.accelerator], decode_context(self.setting.requests)
            self.known_steps[key] = decode_time(self.config, chip, self.decode_layout(one), one.batch, context, running)
        return self.known_steps[key]

    def prefill(self, one: Candidate) -> StepTime:
        """A step of prefill."""
        key = one.accelerator, one.prefill_tp, one.prefill_unit
        if key not in self.known_prefills:
            chip, running = self.setting.chips[one.accelerator], Running(types=self.types[one.accelerator])
            self.known_prefills[key] = prefill_of_requests(
                self.config, chip, self.prefill_layout(one), self.setting.requests, running
            )
        return self.known_prefills[key]

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
