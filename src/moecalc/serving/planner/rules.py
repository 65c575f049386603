"""Why a deployment cannot be, and what one that can comes to: by its numbers, by memory, and only then by time."""

from typing import NamedTuple

from ..request_steps import PREFILL_TOKENS
from .question import Question
from .rates import Served
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


class Rules(Served):
    """Looks at the deployments of a question; what several share is counted once."""

    def __init__(self, question: Question):
        super().__init__(question)
        self.computed = max(1, question.input_tokens - int(question.input_tokens * question.cache_hit))

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
