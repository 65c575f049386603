"""How long one layer with experts takes for half a batch, in the operations of :mod:`moecalc.serving.micro_batches`.

`batch` are sequences of each data parallel group. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from ..base.checks import one_of, whole
from ..base.errors import InputError
from ..hardware.accelerator import Accelerator
from ..hardware.all_to_all.gate import gate_of
from ..hardware.collectives.normal import USUAL_SMS, normal_time
from ..hardware.collectives.shape import Shape, gpus_per_node
from ..model.config import ModelConfig
from .engines import engine
from .layer_time import Sizes, layer_parts
from .layout import ServingLayout, check_layout
from .micro_batches import DECODE, PREFILL, REPORT, LayerTimes, steady_layer_s, with_shared_sms
from .served_blocks import served_blocks
from .served_kernels import kernels_of
from .served_types import served_types
from .step_time import PHASES, USUAL, USUAL_KIND, Running

#: Small kernels (norms, casts) that stand before attention's core; the others go with the feed-forward.
SMALL_BEFORE = 0.5
#: SMs that read weights as fast as memory gives them: an assumption, of which the report says that few suffice.
ENOUGH_SMS = 48


def layer_times(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    phase: str,
    batch: int,
    context: int,
    running: Running = USUAL,
) -> LayerTimes:
    """The operations of one layer with experts for a whole `batch` of `context` [tokens], on all SMs.

    Notes
    -----
    Of attention's matrices the one that leads back to the residual stream goes with its second half, as does a sum over
    tensor parallel GPUs. Starts of kernels are in the times, and an engine's factor on kernels; what it adds once a layer is
    not.

    Examples
    --------
    Four prompts of 4,096 tokens on each of 32 GPUs: experts and combine are the longest.

    >>> unit = ServingLayout(dp=32, ep=32, redundant_experts=32)
    >>> whole = layer_times(v3, load_accelerator("h800-sxm"), unit, "prefill", 4, 4096)
    >>> sorted(whole._asdict(), key=lambda name: -getattr(whole, name))[:2]
    ['combine', 'experts']
    """
    one_of("phase", phase, PHASES)
    check_layout(config, layout)
    whole("batch", batch, most=10**6)
    kernels, types = kernels_of(accelerator), running.types or served_types(config, accelerator)
    routed = [served for served, _ in served_blocks(config, layout.tp, types) if served.routed]
    if not routed:
        raise InputError(f"{config.name} has no routed experts, so nothing is dispatched; a mixture of experts is accepted")
    running, served = running._replace(engine=running.engine or engine()), routed[-1]
    new = context if phase == "prefill" else 1
    sizes, kind = Sizes(phase, batch, context, 0, new), running.all_to_all or USUAL_KIND[phase]
    parts, _ = layer_parts(kernels, served, sizes, layout, running, kind, types.cache)
    out = sum(
        one.times * kernels.product(batch * new, one.outputs, one.inputs, one.dtype)
        for one in served.products
        if one.part == "projections" and one.outputs == served.hidden
    )
    small, given = parts.pop("small_kernels", 0.0), {name: parts.pop(name, 0.0) for name in ("dispatch", "combine")}
    before, experts = parts.pop("projections") - out, parts.pop("experts")
    shared = parts.pop("dense_feed_forward", 0.0) + (1 - SMALL_BEFORE) * small
    found = LayerTimes(before + SMALL_BEFORE * small, out + sum(parts.values()), shared=shared, experts=experts, **given)
    return LayerTimes(*(running.engine.stretch * one for one in found))


def half_times(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    order: str,
    batch: int,
    context: int,
    num_sms: int = USUAL_SMS,
    enough_sms: int = ENOUGH_SMS,
    running: Running = USUAL,
) -> LayerTimes:
    """The operations of half a batch in an order of :data:`moecalc.serving.micro_batches.ORDERS` but the last.

    `context` [tokens]; `num_sms` SMs are set aside for communication in prefill, and in the report's decode for all but
    attention, where `enough_sms` would suffice to read the experts' weights. An odd batch has a larger half.

    >>> unit = ServingLayout(dp=128, ep=128)
    >>> h800 = load_accelerator("h800-sxm")
    >>> half, all_of_it = (half_times(v3, h800, unit, "decode", batch, 4096) for batch in (64, 128))
    >>> all_of_it.experts < 1.5 * half.experts  # both read the same weights
    True
    """
    one_of("order", order, (PREFILL, DECODE, REPORT))
    if whole("batch", batch, most=10**6) < 2:
        raise InputError(f"two micro-batches need a batch of at least 2; found {batch}")
    phase = PREFILL if order == PREFILL else DECODE
    times = layer_times(config, accelerator, layout, phase, -(-batch // 2), context, running)
    total = kernels_of(accelerator).num_sms
    whole("num_sms", num_sms, most=total)
    if order == PREFILL:
        times = times._replace(**_sent_with(config, accelerator, layout, -(-batch // 2) * context, num_sms, times))
    whole("enough_sms", enough_sms, most=10**6)
    return with_shared_sms(times, order, num_sms / total, min(1.0, enough_sms / total))


def _sent_with(config, accelerator, layout, tokens, num_sms, times) -> dict:
    """Dispatch and combine where other than the usual number of SMs moves the data."""
    on_node, gate = min(layout.ep, gpus_per_node(accelerator)), gate_of(config)
    slots = gate.num_experts + layout.redundant_experts
    shape = Shape(-(-tokens // layout.tp), config.hidden_size, gate.num_chosen, slots, layout.ep // on_node, on_node)
    usual, chosen = (normal_time(accelerator, shape, sms) for sms in (USUAL_SMS, num_sms))
    return {
        name: getattr(times, name) * getattr(chosen, name).time_s / getattr(usual, name).time_s
        for name in ("dispatch", "combine")
    }


def gain(half: LayerTimes, order: str, all_at_once: LayerTimes) -> float:
    """Factor by which two halves are faster than the whole batch at once, one operation after the other.

    >>> gain(LayerTimes(1, 2, 2, 1, 2, 2), PREFILL, LayerTimes(2, 4, 4, 2, 4, 4))
    1.6666666666666667
    """
    return sum(all_at_once) / steady_layer_s(half, order)
