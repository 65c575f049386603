r"""Requests that come one after the other to an engine which reads prompts between the steps of decoding.

.. math:: \text{TPOT} = t_d + m (b - 1) \frac{t_1}{O}, \qquad \text{TTFT} = a + t_1 + q (b - 1) t_p + n\, t_d

t_d is a step of b sequences with half their answers written, t_1 the prefill of a prompt alone, t_p beside others, O the
tokens of an answer. While a request writes its answer each other one begins anew once on average, and it meets the share
m of their prefills; before its first token it waits for a, for the share q of the others' prefills and for n steps. What an
engine's m, a, q and n are is fitted (:mod:`moecalc.serving.engines`). Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import whole
from ..base.limits import MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from .engines import usual_engine
from .layout import ServingLayout
from .step_time import MAX_BATCH, USUAL, Running, decode_time, prefill_time

#: Most tokens of prompts that a step takes: vLLM's ``max_num_batched_tokens`` on large GPUs; TensorRT-LLM's is as large.
STEP_TOKENS = 8192


class Load(NamedTuple):
    """What a steady load of requests sees."""

    tpot_s: float  #: from a token to the next
    tpot_low_s: float
    tpot_high_s: float
    ttft_s: float  #: from a request to its first token
    ttft_low_s: float
    ttft_high_s: float
    running: int  #: sequences at once of all groups; fewer than asked where their caches do not fit
    output_tokens_per_s_per_gpu: float
    step_s: float  #: of decoding alone
    prefills_s: float  #: of the time of a token, in which other prompts are read


def continuous(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    concurrency: int,
    isl: int,
    osl: int,
    running: Running = USUAL,
    room: int | None = None,
) -> Load:
    """What `concurrency` requests see that are kept running, of all data parallel groups together.

    `isl` [tokens] are those of a prompt, `osl` [tokens] those of an answer; `room` is how many sequences of a group fit,
    where that is known. Requests beyond it wait, which no time here counts.

    >>> b200 = load_accelerator("b200-sxm")
    >>> one, many = (continuous(v3, b200, ServingLayout(tp=8), n, 8192, 1024) for n in (4, 64))
    >>> one.tpot_s < many.tpot_s, one.output_tokens_per_s_per_gpu < many.output_tokens_per_s_per_gpu
    (True, True)
    """
    whole("concurrency", concurrency, most=MAX_BATCH * layout.dp)
    whole("isl", isl, most=MAX_SEQ_LEN)
    whole("osl", osl, most=MAX_SEQ_LEN)
    own = running.engine or usual_engine(layout)
    running = running._replace(engine=own)
    batch = max(1, min(-(-concurrency // layout.dp), room or MAX_BATCH))
    step = decode_time(config, accelerator, layout, batch, isl + osl // 2, running)
    together = max(1, min(batch, STEP_TOKENS // isl))
    plain = running._replace(acceptance=None)
    alone = prefill_time(config, accelerator, layout, 1, isl, running=plain).step_s
    each = alone
    if together > 1:
        each = prefill_time(config, accelerator, layout, together, isl, running=plain).step_s / together
    tokens = step.tokens_per_s_per_user * step.step_s
    prefills = own.meets * (batch - 1) * alone / osl
    tpot = step.step_s / tokens + prefills
    ttft = own.admission_s + alone + own.queue * (batch - 1) * each + own.waited_steps * step.step_s
    every = min(concurrency, batch * layout.dp)
    rate = every * osl / (ttft + tpot * max(1, osl - 1)) / layout.num_gpus
    return Load(
        tpot,
        own.low * tpot,
        own.high * tpot,
        ttft,
        own.prefill_low * ttft,
        own.prefill_high * ttft,
        every,
        rate,
        step.step_s,
        prefills,
    )
