"""Memory in named cases: DeepSeek-V3's own layout under what may be true of it, more expert parallelism, other models.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..facts import models
from ..model.config import ModelConfig, load_model
from .activation_policy import V3_RECOMPUTE, ActivationPolicy
from .layout import Layout
from .memory import ONE_SEQUENCE, Batch, Memory, memory
from .memory_savings import v3_recompute

#: The report's, with DualPipe; two stages of 128 GPUs each are held twice (sections 3.1 and 3.2).
V3_LAYOUT = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
REPORTED = ActivationPolicy(V3_RECOMPUTE, "fp8")
#: What may have been done about activations -> whether the report says it.
V3_CASES = {
    "nothing": (ActivationPolicy(), False),
    "the report's recompute, the rest in BF16": (ActivationPolicy(V3_RECOMPUTE), True),
    "and FP8 and E5M6": (REPORTED, True),
    "and experts' inputs dispatched again": (REPORTED._replace(recompute=(*V3_RECOMPUTE, "permuted-tokens")), False),
    "or experts' outputs not kept": (REPORTED._replace(weight_before_down=True), False),
    "or whole layers recomputed": (ActivationPolicy(("full",)), False),
}


class V3Case(NamedTuple):
    """V3's own layout under one policy."""

    name: str
    reported: bool  #: whether the report says all of it
    policy: ActivationPolicy
    memory: Memory

    @property
    def middle(self):
        """A rank in the middle of the pipeline."""
        return self.memory.ranks[len(self.memory.ranks) // 2]


def v3_cases(memory_bytes: float | None = None) -> tuple:
    """:class:`V3Case` of :data:`V3_CASES`, held against `memory_bytes` of a GPU [bytes].

    >>> [round(case.middle.activations / 2**30, 1) for case in v3_cases()]
    [155.6, 96.1, 70.3, 55.0, 40.6, 3.7]
    """
    config = load_model("deepseek-v3")
    return tuple(
        V3Case(name, said, policy, memory(config, V3_LAYOUT, "deepseek-v3", ONE_SEQUENCE, policy, memory_bytes=memory_bytes))
        for name, (policy, said) in V3_CASES.items()
    )


def largest_skew(memory_bytes: float) -> float:
    """The largest factor by which routing may be skewed, up to 4, so that V3 fits if experts' outputs are not kept; else 0.

    It must fit `memory_bytes` of a GPU [bytes] at the upper end of the band; steps are of a twentieth.

    >>> largest_skew(80e9)
    1.05
    """
    config, policy = load_model("deepseek-v3"), REPORTED._replace(weight_before_down=True)
    for steps in range(4 * 20, 19, -1):
        skew = steps / 20
        if memory(config, V3_LAYOUT, "deepseek-v3", ONE_SEQUENCE, policy, skew=skew, memory_bytes=memory_bytes).fits:
            return skew
    return 0


class AtEp(NamedTuple):
    """Memory at one size of expert parallelism, on the fullest rank [bytes]."""

    ep: int
    experts: float  #: of a layer on a GPU
    weights: int
    states: int
    activations: int
    most: int  #: upper end of the band


def memory_by_ep(
    config: ModelConfig, layout: Layout, recipe_name: str, policy: ActivationPolicy, sizes: Sequence[int]
) -> tuple:
    """:class:`AtEp` for each of some expert-parallel sizes, all else equal: as many GPUs, tokens and micro-batches.

    >>> [one.weights // 10**6 for one in memory_by_ep(v3, V3_LAYOUT, "deepseek-v3", REPORTED, (8, 64))]
    [13156, 3288]
    """
    found = []
    for ep in sizes:
        fullest = memory(config, layout._replace(ep=ep), recipe_name, ONE_SEQUENCE, policy).fullest
        held = fullest.states
        experts = config.anatomy.num_routed_experts / ep
        weights = held.weights + held.fp8_scales
        found.append(AtEp(ep, experts, weights, held.gpu_total, fullest.activations, fullest.band[1]))
    return tuple(found)


#: Model, layout and batch as Megatron-style training has them; the two of Llama 3.1 405B are published.
OTHERS = (
    ("llama-3.1-8b", Layout(tp=2, dp=4), Batch(1, 8192)),
    ("mixtral-8x7b", Layout(tp=2, pp=4, ep=8, dp=8), Batch(1, 4096)),
    ("qwen3-235b-a22b", Layout(tp=4, pp=16, ep=32, dp=16), Batch(1, 4096)),
    ("llama-3.1-405b", Layout(tp=8, pp=16, dp=64), Batch(1, 8192)),
    ("llama-3.1-405b", Layout(tp=8, cp=16, pp=16, dp=8), Batch(1, 131072)),
)


class OtherCase(NamedTuple):
    """Another model in plain BF16 on a layout: with nothing recomputed, with norms and SwiGLU, with whole layers."""

    model: str
    layout: Layout
    batch: Batch
    plain: Memory
    selective: Memory
    full: Memory


def other_cases(memory_bytes: float | None = None) -> tuple:
    """:class:`OtherCase` of :data:`OTHERS`, held against `memory_bytes` of a GPU [bytes].

    >>> [case.plain.fits for case in other_cases(80e9)]
    [True, True, True, False, False]
    """
    cases = []
    for model, layout, batch in OTHERS:
        config = load_model(model)
        found = [
            memory(config, layout, "bf16", batch, ActivationPolicy(recompute), memory_bytes=memory_bytes)
            for recompute in ((), v3_recompute(config), ("full",))
        ]
        cases.append(OtherCase(models.model(model)["name"], layout, batch, *found))
    return tuple(cases)
