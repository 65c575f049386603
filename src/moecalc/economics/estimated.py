"""A service whose throughputs nobody measured: prefill and decode as their steps are estimated, with their intervals.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from ..serving.disaggregation import Requests, decode_rate
from ..serving.layout import ServingLayout, num_experts
from ..serving.request_steps import decode_context, decode_of_requests, prefill_of_requests
from ..serving.step_time import USUAL, Running, StepTime, decode_time
from ..serving.throughput import Point, expert_parallel
from .tokens import Service

#: GPUs that share attention of a model without experts, at most.
MOST_TP = 8


class Estimate(NamedTuple):
    """A service with the throughputs of estimated steps, and the ends of their intervals."""

    service: Service
    fast: Service  #: both steps at the low end
    slow: Service  #: both at the high end
    point: Point  #: of decode: batch and layout
    fast_enough: bool  #: whether users get what was asked
    fits: bool  #: whether the caches of that batch fit
    prefill: StepTime
    prefill_layout: ServingLayout


def usual_layout(config: ModelConfig, num_gpus: int, tp: int | None = None) -> ServingLayout:
    """Attention data parallel and experts dealt out over all of `num_gpus` [GPUs]; without experts tensor parallel.

    >>> usual_layout(v3, 32).ep, usual_layout(load_model("llama-3.1-8b"), 16).tp
    (32, 8)
    """
    whole("num_gpus", num_gpus, most=10**5)
    experts = num_experts(config) > 1
    tp = tp or (1 if experts else min(num_gpus, MOST_TP))
    if num_gpus % whole("tp", tp):
        raise InputError(f"tp must divide the {num_gpus} GPUs of an instance; found {tp}")
    if not experts:
        return ServingLayout(tp, num_gpus // tp)
    return expert_parallel(config, (num_gpus,), tp)[0]


def estimated_service(
    config: ModelConfig,
    accelerator: Accelerator,
    usd_per_gpu_hour: float,
    requests: Requests,
    prefill_layout: ServingLayout,
    decode_layout: ServingLayout,
    tokens_per_s_per_user: float,
    running: Running = USUAL,
) -> Estimate:
    """The service that GPUs at `usd_per_gpu_hour` [USD] give, at the largest batch with which users get their rate.

    A user is to have `tokens_per_s_per_user` [tokens/s]; half of the answer is cached while it is written. Where no batch
    gives that, it is the batch that comes nearest. Only its mix of `requests` counts, not how many come.

    >>> asked = Requests(1, 4383, 1211, 0.5625)
    >>> layouts = usual_layout(v3, 32), usual_layout(v3, 144)
    >>> found = estimated_service(v3, load_accelerator("h800-sxm"), 2, asked, *layouts, 20)
    >>> found.fast_enough and found.fits
    True
    """
    real("tokens_per_s_per_user", tokens_per_s_per_user, positive=True, most=1e6)
    prefill = prefill_of_requests(config, accelerator, prefill_layout, requests, running)
    points = decode_of_requests(config, accelerator, decode_layout, requests, running)
    point, enough = decode_rate(points, 1 / tokens_per_s_per_user)
    writing = running._replace(two_micro_batches=running.two_micro_batches and point.batch > 1)
    step = decode_time(config, accelerator, decode_layout, point.batch, decode_context(requests), writing)
    rates = prefill.tokens_per_s_per_gpu, step.tokens_per_s_per_gpu
    mix = requests.cache_hit, requests.input_tokens, requests.output_tokens

    def at(end: str) -> Service:
        speeds = [rate * one.step_s / getattr(one, end) for rate, one in zip(rates, (prefill, step), strict=True)]
        return Service(usd_per_gpu_hour, *speeds, 1, *mix)

    found = (at(end) for end in ("step_s", "low_s", "high_s"))
    return Estimate(*found, point, enough, point.fits, prefill, prefill_layout)
