"""Steps of prefill and decode for requests of a mean length, as they are estimated.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache

from ..base.checks import real
from ..base.limits import MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from .disaggregation import Requests
from .layout import ServingLayout
from .served_types import served_types
from .step_time import USUAL, Running, StepTime, prefill_time
from .throughput import CACHE_BYTES, sequences_of_group, sweep

#: Sequences of a group that are tried, fewest first.
BATCHES = (1, 2, 3, *sorted(size * 2**power for size in (4, 5, 6, 7) for power in range(9)))
#: A step of prefill computes about so many tokens for each GPU of attention.
PREFILL_TOKENS = 8192


@lru_cache(maxsize=256)
def prefill_of_requests(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    requests: Requests,
    running: Running = USUAL,
) -> StepTime:
    """A step of prefill over so many `requests` that each GPU has some thousand tokens to compute, those cached not counted.

    >>> layout, h800 = ServingLayout(dp=32, ep=32, redundant_experts=32), load_accelerator("h800-sxm")
    >>> few, many = (prefill_of_requests(v3, h800, layout, Requests(1, 4000, 1000, hit)) for hit in (0.2, 0.8))
    >>> few.tokens_per_s_per_gpu > many.tokens_per_s_per_gpu
    True
    """
    prompt = round(real("input_tokens", requests.input_tokens, least=1, most=MAX_SEQ_LEN))
    computed = max(1, prompt - int(requests.input_tokens * requests.cache_hit))
    batch = max(1, round(PREFILL_TOKENS * layout.tp / computed))
    reading = running._replace(acceptance=None, two_micro_batches=running.two_micro_batches and batch > 1)
    return prefill_time(config, accelerator, layout, batch, computed, prompt - computed, reading)


def decode_context(requests: Requests) -> int:
    """Tokens that are cached on average while an answer is written: the input and half of the answer [tokens]."""
    return round(requests.input_tokens + requests.output_tokens / 2)


@lru_cache(maxsize=256)
def decode_of_requests(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    requests: Requests,
    running: Running = USUAL,
) -> tuple:
    """Batches of decode whose caches fit, a :class:`~moecalc.serving.throughput.Point` each; the smallest if none does.

    >>> points = decode_of_requests(v3, load_accelerator("h800-sxm"), ServingLayout(dp=128, ep=128), Requests(1, 4096, 2048))
    >>> points[0].batch, all(point.fits for point in points)
    (1, True)
    """
    types, context = running.types or served_types(config, accelerator), decode_context(requests)
    room = sequences_of_group(config, accelerator, layout, context, CACHE_BYTES[types.cache])
    batches = [batch for batch in BATCHES if batch <= room] or BATCHES[:1]
    return tuple(sweep(config, accelerator, (layout,), batches, context, running))
