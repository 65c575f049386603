r"""Prefill and decode on GPUs of their own: in which ratio, and how many for a time to the first token and between tokens.

Requests come at random, each of the mean length. Throughputs are those of GPUs that are busy.

.. [1] Sakasegawa, An Approximation Formula L_q = alpha rho^beta / (1 - rho), Ann. Inst. Statist. Math. 29 (1977).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError

MOST_GPUS = 10**9
#: A queue that cannot meet its time is given so many GPUs that its wait is this share of prefill.
NEAR = 0.1


class Requests(NamedTuple):
    """What is asked of a service."""

    per_s: float
    input_tokens: float  #: of a request, cached ones included
    output_tokens: float
    cache_hit: float = 0  #: share of the input that an earlier request left in the cache


class Prefill(NamedTuple):
    """How GPUs of prefill work."""

    tokens_per_s_per_gpu: float  #: computed, without those that the cache holds
    gpus_per_request: int = 1  #: that share one request: the tensor parallel group of attention
    unit_gpus: int = 1  #: come and go together


class Rate(NamedTuple):
    """One batch of decode; a point of :mod:`moecalc.serving.throughput` or a step's time serves as well."""

    tokens_per_s_per_gpu: float
    tokens_per_s_per_user: float


class Slo(NamedTuple):
    """What a user is promised."""

    ttft_s: float  #: until the first token
    tpot_s: float  #: from a token to the next


class Plan(NamedTuple):
    """GPUs of both kinds, and what a user sees."""

    meets: bool
    missed: tuple  #: sentences, one for each promise that no number of GPUs keeps, with the nearest that can be kept
    nearest: Slo  #: the promise that can be kept: what was asked where it can be
    prefill_gpus: int
    decode_gpus: int
    ratio: float  #: of prefill to decode, before either is rounded up to whole units
    prefill_busy: float  #: share of the time
    decode_busy: float
    wait_s: float  #: mean, before prefill begins
    prefill_s: float
    ttft_s: float  #: mean
    tpot_s: float
    output_tokens_per_s_per_gpu: float  #: over all GPUs


def request_gpu_seconds(requests: Requests, prefill_rate: float, decode_rate: float) -> tuple:
    """(prefill, decode) of one request [GPU-seconds], at the rates of a GPU of each kind [tokens/s].

    >>> request_gpu_seconds(Requests(1, 4000, 1000, cache_hit=0.5), 4000, 2000)
    (0.5, 0.5)
    """
    real("prefill_rate", prefill_rate, positive=True, most=1e9)
    real("decode_rate", decode_rate, positive=True, most=1e9)
    return requests.input_tokens * (1 - requests.cache_hit) / prefill_rate, requests.output_tokens / decode_rate


def prefill_to_decode(requests: Requests, prefill_rate: float, decode_rate: float) -> float:
    r"""GPUs of prefill for each one of decode, both equally busy [a ratio].

    .. math:: \frac{N_p}{N_d} = \frac{n_i (1 - h) / r_p}{n_o / r_d}

    DeepSeek's day, whose nodes by its throughputs are 95.5 and 131.4:

    >>> round(prefill_to_decode(Requests(1, 608, 168, 342 / 608), 32244 / 8, 14800 / 8), 3)
    0.727
    """
    prefill, decode = request_gpu_seconds(_checked(requests), prefill_rate, decode_rate)
    return prefill / decode


def mean_wait_s(service_s: float, servers: float, busy: float) -> float:
    r"""Mean time in the queue before one of some `servers` is free, each `busy` for that share of the time [s].

    .. math:: W = \frac{S}{2} \, \frac{\rho^{\sqrt{2 (c + 1)} - 1}}{c \, (1 - \rho)}

    Requests come independently and take S = `service_s` [s] each; c are the servers, rho their share. Exact for one [1]_:

    >>> mean_wait_s(1, 1, 0.5)
    0.5
    """
    real("service_s", service_s, most=1e12)
    real("servers", servers, least=1, most=1e12)
    real("busy", busy, most=1)
    if busy == 1:
        return math.inf
    return service_s / 2 * busy ** (math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - busy))


def decode_rate(rates: Iterable, tpot_s: float) -> tuple:
    """(the batch with most tokens a GPU of those that keep `tpot_s` [s], True), or (the fastest for a user, False).

    >>> slow, fast = Rate(2000, 20), Rate(800, 80)
    >>> decode_rate([slow, fast], 0.05) == (slow, True), decode_rate([slow, fast], 0.01) == (fast, False)
    (True, True)
    """
    rates = list(rates)
    if not rates:
        raise InputError("rates must hold at least one batch of decode; found none")
    for one in rates:
        real("tokens_per_s_per_user", one.tokens_per_s_per_user, positive=True, most=1e9)
    kept = [one for one in rates if 1 / one.tokens_per_s_per_user <= tpot_s * (1 + 1e-12)]
    if kept:
        return max(kept, key=lambda one: one.tokens_per_s_per_gpu), True
    return max(rates, key=lambda one: one.tokens_per_s_per_user), False


def plan(
    requests: Requests,
    slo: Slo,
    prefill: Prefill,
    rates: Iterable,
    decode_unit_gpus: int = 1,
    transfer_s: float = 0,
) -> Plan:
    """The fewest GPUs of prefill and of decode that keep a promise; where none do, the nearest promise and GPUs for that.

    The first token waits for the queue, for prefill by the GPUs that share the request, and for `transfer_s` [s] of what is
    left of the cache's way. Decode takes the largest of the batches `rates` that keeps the time between tokens, and as many
    GPUs as sequences in flight need. `decode_unit_gpus` [GPUs] come and go together.

    >>> found = plan(Requests(100, 4000, 1000), Slo(2, 0.05), Prefill(4000), [Rate(2000, 20), Rate(800, 80)])
    >>> found.meets, found.prefill_gpus, found.decode_gpus
    (True, 101, 50)
    """
    _checked(requests)
    real("ttft_s", slo.ttft_s, positive=True, most=1e9)
    real("tpot_s", slo.tpot_s, positive=True, most=1e9)
    whole("gpus_per_request", prefill.gpus_per_request, most=10**6)
    whole("unit_gpus", prefill.unit_gpus, most=10**6)
    whole("decode_unit_gpus", decode_unit_gpus, most=10**6)
    rate, fast_enough = decode_rate(rates, slo.tpot_s)
    seconds = request_gpu_seconds(requests, prefill.tokens_per_s_per_gpu, rate.tokens_per_s_per_gpu)
    service_s = seconds[0] / prefill.gpus_per_request
    fixed = service_s + real("transfer_s", transfer_s, most=1e9)
    soon_enough = fixed < slo.ttft_s
    allowed = slo.ttft_s - fixed if soon_enough else NEAR * service_s
    prefill_gpus, wait = _fewest(requests.per_s * seconds[0], service_s, prefill, allowed)
    units = max(1, math.ceil(requests.per_s * seconds[1] / decode_unit_gpus - 1e-9))
    decode_gpus = units * decode_unit_gpus
    tpot, missed = 1 / rate.tokens_per_s_per_user, []
    if not soon_enough:
        missed.append(f"no number of GPUs gives a first token within {slo.ttft_s:.4g} s: at least {fixed:.4g} s are needed")
    if not fast_enough:
        missed.append(f"no batch gives a token every {1e3 * slo.tpot_s:.4g} ms: the fastest takes {1e3 * tpot:.4g} ms")
    return Plan(
        meets=soon_enough and fast_enough,
        missed=tuple(missed),
        nearest=Slo(slo.ttft_s if soon_enough else fixed, slo.tpot_s if fast_enough else tpot),
        prefill_gpus=prefill_gpus,
        decode_gpus=decode_gpus,
        ratio=seconds[0] / seconds[1],
        prefill_busy=requests.per_s * seconds[0] / prefill_gpus,
        decode_busy=requests.per_s * seconds[1] / decode_gpus,
        wait_s=wait,
        prefill_s=service_s,
        ttft_s=wait + fixed,
        tpot_s=tpot,
        output_tokens_per_s_per_gpu=requests.per_s * requests.output_tokens / (prefill_gpus + decode_gpus),
    )


def _fewest(busy_gpus: float, service_s: float, prefill: Prefill, allowed_s: float) -> tuple:
    """(GPUs of prefill, mean wait): the fewest whole units whose queue is no longer than allowed."""
    least = max(prefill.gpus_per_request, prefill.unit_gpus)

    def wait(units):
        gpus = units * prefill.unit_gpus
        servers = gpus // prefill.gpus_per_request
        busy = busy_gpus / (servers * prefill.gpus_per_request) if servers else 1
        return mean_wait_s(service_s, servers, busy) if servers and busy < 1 else math.inf

    low = max(0, math.ceil(max(busy_gpus, least) / prefill.unit_gpus - 1e-9) - 1)
    high = low + 1
    while wait(high) > allowed_s and high * prefill.unit_gpus < MOST_GPUS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wait(middle) <= allowed_s else (middle, high)
    return high * prefill.unit_gpus, wait(high)


def _checked(requests: Requests) -> Requests:
    real("requests a second", requests.per_s, positive=True, most=1e9)
    real("input_tokens", requests.input_tokens, positive=True, most=1e15)
    real("output_tokens", requests.output_tokens, positive=True, most=1e15)
    real("cache_hit", requests.cache_hit, most=1)
    return requests
