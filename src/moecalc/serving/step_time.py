"""Time of one step of prefill or decode, by operator, for a model laid out over GPUs.

Of an engine, see :mod:`moecalc.serving.engines`. `batch` are sequences of each data parallel group. Examples use
``v3 = load_model("deepseek-v3")``.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.errors import InputError
from ..base.limits import MAX_DEPTH
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from .capacity import check_context
from .engines import Engine, usual_engine
from .layer_time import Sizes, layer_parts, overlapped
from .layout import ServingLayout, check_layout, num_experts
from .served_blocks import served_block, served_blocks
from .served_kernels import KINDS, kernels_of
from .served_types import ServedTypes, served_types
from .speculative import tokens_per_step

PHASES = ("prefill", "decode")
MAX_BATCH = 10**6
#: Kind of all-to-all that a phase runs where nothing is said.
USUAL_KIND = {"prefill": "normal", "decode": "low-latency"}


class Running(NamedTuple):
    """How a model is run, beside its layout."""

    engine: Engine | None = None  #: by the layout if None: :func:`moecalc.serving.engines.usual_engine`
    types: ServedTypes | None = None  #: the checkpoint's own, with a cache in BF16, if None
    two_micro_batches: bool = False  #: whether one hides the communication of the other
    absorbed: bool = True  #: whether latent attention decodes on its latents
    skew: float = 1.0  #: load of the GPU whose experts have most, over the mean
    all_to_all: str | None = None  #: normal or low-latency, by the phase if None
    acceptance: float | None = None  #: of a drafted token; None without drafts
    depth: int = 1  #: tokens that are drafted


#: Everything as it usually is.
USUAL = Running()


class StepTime(NamedTuple):
    """One step on all GPUs of an instance, and how fast that is."""

    step_s: float
    low_s: float  #: measured steps are expected between this, by what the engine was fitted on
    high_s: float  #: and this
    tokens_per_s_per_gpu: float
    tokens_per_s_per_user: float  #: of a prompt in prefill, of an answer in decode
    components: dict  #: part of the step -> seconds, which sum to ``step_s``
    hidden_s: float  #: communication behind computing, in no part
    flops: float  #: of all GPUs, products and attention [FLOPs]
    ttft_s: float | None = None  #: of prefill: the prompt's whole time where nobody waits


def prefill_time(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    batch: int,
    context: int,
    cached: int = 0,
    running: Running = USUAL,
) -> StepTime:
    """Time in which each group reads `batch` prompts of `context` [tokens], after `cached` [tokens] that need no reading.

    With two micro-batches attention and experts of one run beside dispatch and combine of the other, on the SMs that the
    kernels for these leave.

    >>> h800 = load_accelerator("h800-sxm")
    >>> unit = ServingLayout(tp=4, dp=8, ep=32, redundant_experts=32)
    >>> one, two = (prefill_time(v3, h800, unit, 8, 4096, running=Running(two_micro_batches=many)) for many in (False, True))
    >>> two.step_s < one.step_s
    True
    """
    _check(config, layout, batch, context, running)
    whole("cached", cached, least=0, most=10**9)
    check_context(config, context + cached)
    sizes = Sizes("prefill", batch, context, cached, context)
    return _step(config, accelerator, layout, sizes, running, batch * layout.dp * context, context)


def decode_time(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    batch: int,
    context: int,
    running: Running = USUAL,
) -> StepTime:
    """Time in which each of `batch` sequences of a group, `context` [tokens] long, gets a token, or those it accepts.

    With two micro-batches attention of one runs beside dispatch and combine of the other.

    >>> found = decode_time(v3, load_accelerator("h800-sxm"), ServingLayout(dp=128, ep=128), 128, 4096)
    >>> abs(math.fsum(found.components.values()) - found.step_s) < 1e-9
    True
    """
    _check(config, layout, batch, context, running)
    queries, tokens = 1, 1.0
    if running.acceptance is not None:
        if not config.anatomy.mtp:
            raise InputError(f"mtp needs a model whose MTP modules are known; {config.name or 'this model'} has none")
        queries = 1 + whole("depth", running.depth, most=MAX_DEPTH)
        tokens = tokens_per_step(running.acceptance, running.depth)
    sizes = Sizes("decode", batch, context, 0, queries)
    return _step(config, accelerator, layout, sizes, running, batch * layout.dp * tokens, tokens)


def _check(config, layout, batch, context, running) -> None:
    _check_layout(config, layout)
    whole("batch", batch, most=MAX_BATCH)
    check_context(config, context)
    real("skew", running.skew, least=1, most=1e4)
    if running.all_to_all is not None:
        one_of("all_to_all", running.all_to_all, KINDS)
    if running.two_micro_batches and batch < 2:
        raise InputError(f"two micro-batches need a batch of at least 2; found {batch}")


@lru_cache(maxsize=4096)
def _check_layout(config, layout) -> None:
    check_layout(config, layout)
    if layout.pp != 1:
        raise InputError(f"pp must be 1: the time of steps in pipeline stages is not modelled; found {layout.pp}")
    most = num_experts(config)
    if layout.redundant_experts > most:
        raise InputError(f"redundant_experts must be at most one for each of {most}; found {layout.redundant_experts}")


def _step(config, accelerator, layout, sizes, running, tokens, of_user) -> StepTime:
    kernels, own = kernels_of(accelerator), running.engine or usual_engine(layout)
    kernels.forget()
    types = running.types or served_types(config, accelerator)
    blocks = served_blocks(config, layout.tp, types)
    kind = running.all_to_all or USUAL_KIND[sizes.phase]
    halves, running = 2 if running.two_micro_batches else 1, running._replace(engine=own)
    part = sizes._replace(batch=-(-sizes.batch // halves))
    sums, hidden, flops = {}, 0.0, 0.0
    for served, count in blocks:
        parts, of_block = layer_parts(kernels, served, part, layout, running, kind, types.cache)
        flops += count * halves * of_block
        if halves == 2:
            parts, covered = overlapped(parts, sizes.phase, kernels.num_sms)
            hidden += count * covered
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + count * value
    if sizes.new > 1 and sizes.phase == "decode":
        module = served_block(config.anatomy.mtp[0], config.hidden_size, layout.tp, types)
        head, drafting = blocks[-1][0], sizes._replace(new=1)
        drafted = 0.0
        for one in (module, head) if not any(p.part == "head" for p in module.products) else (module,):
            parts, of_block = layer_parts(kernels, one, drafting, layout, running, kind, types.cache)
            drafted += math.fsum(parts.values())
            flops += running.depth * of_block
        sums["drafts"] = running.depth * drafted
    sums = {name: own.stretch * value for name, value in sums.items() if value}
    layers = len(config.anatomy.layers)
    sums["engine"] = own.step_s + own.layer_s * layers
    step_s = math.fsum(sums.values())
    low, high = (own.prefill_low, own.prefill_high) if sizes.phase == "prefill" else (own.low, own.high)
    return StepTime(
        step_s,
        low * step_s,
        high * step_s,
        tokens / step_s / layout.num_gpus,
        of_user / step_s,
        sums,
        own.stretch * hidden,
        flops * layout.num_gpus,
        step_s if sizes.phase == "prefill" else None,
    )
