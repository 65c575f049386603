"""Parts of a GPU's memory at its peak, and what would make a layout fit.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..model.config import ModelConfig
from .activation_policy import V3_RECOMPUTE, ActivationPolicy
from .activations import ActivationCut, activations_by_component, kept_of_block, recomputable_parts, tokens_on_gpu
from .layout import Layout
from .memory import Batch, Memory, memory, pipeline_of
from .pipeline.live import live_combinations
from .rank_states import filled_stages


class Step(NamedTuple):
    """One thing that saves memory, with all those before it."""

    name: str
    policy: ActivationPolicy
    memory: Memory


def memory_steps(config: ModelConfig, policy: ActivationPolicy, *where, **more) -> tuple:
    """:class:`Step` of what may be done about activations, one after the other, from the `policy` on.

    V3's recompute, caches in FP8 and E5M6, routing weights before the down projection, recompute of whole layers: each
    only where the model has it and the policy does not do it yet. `where` and `more` are the other arguments of
    :func:`moecalc.training.memory.memory`. The order matters: what is recomputed is not cached.

    >>> steps = memory_steps(v3, ActivationPolicy(), Layout(pp=16, ep=64, dp=128, schedule="dualpipe"), "deepseek-v3")
    >>> [step.name for step in steps][1:3]
    ['recompute norm,mla-up,swiglu', 'activations in FP8 and E5M6']
    """
    parts = recomputable_parts(config)
    policies = {"as asked": policy}
    if not policy.recomputes("full"):
        wanted = [name for name in V3_RECOMPUTE if name in parts and name not in policy.recompute]
        if wanted:
            policy = policy._replace(recompute=(*policy.recompute, *wanted))
            policies[f"recompute {','.join(wanted)}"] = policy
        if policy.cache != "fp8":
            policy = policy._replace(cache="fp8")
            policies["activations in FP8 and E5M6"] = policy
        if "router" in parts and not policy.weight_before_down:
            policy = policy._replace(weight_before_down=True)
            policies["routing weights before the down projection"] = policy
        policies["recompute full"] = policy._replace(recompute=("full",))
    return tuple(Step(name, one, memory(config, *where, policy=one, **more)) for name, one in policies.items())


def activation_components(
    config: ModelConfig, layout: Layout, batch: Batch, policy: ActivationPolicy, cut: ActivationCut, rank: int, mtp=None
) -> dict:
    """Activations that a pipeline rank keeps at its peak, by component; their sum is that of the rank [bytes].

    >>> layout = Layout(pp=16, ep=64, dp=128)
    >>> parts = activation_components(v3, layout, Batch(), ActivationPolicy(), ActivationCut(), rank=15)
    >>> parts["lm_head"] == 4096 * 2 * (4 * 129280 + 8)  # the head, and the MTP module's
    True
    """
    tokens = tokens_on_gpu(batch.micro_batch, batch.seq_len, layout.cp)
    stages, anatomy = filled_stages(config, layout, mtp), config.anatomy
    if not policy.flash_attention:
        policy = policy._replace(seq_len=batch.seq_len)
    own = []
    for index in layout.stages_of_rank(rank):
        stage, sums = stages[index], {}
        blocks = [anatomy.layers[one] for one in stage.layers] + [anatomy.mtp[one] for one in stage.mtp]
        blocks += [anatomy.embedding] * stage.embedding + [anatomy.head] * stage.head
        for block in blocks:
            for name, held in activations_by_component(kept_of_block(config, block, policy), tokens, cut).items():
                sums[name] = sums.get(name, 0) + held
        own.append(sums)
    live = live_combinations(pipeline_of(layout, batch.num_micro_batches))[rank]
    totals = [sum(sums.values()) for sums in own]
    peak = max(live, key=lambda numbers: sum(n * total for n, total in zip(numbers, totals, strict=True)))
    parts = {}
    for number, sums in zip(peak, own, strict=True):
        for name, held in sums.items():
            parts[name] = parts.get(name, 0) + number * held
    return {name: held for name, held in parts.items() if held}
