"""Bytes that one GPU of each pipeline rank keeps of the model: weights, gradients, optimizer, whatever the schedule.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of
from ..base.errors import InputError
from ..model.config import ModelConfig
from .held_params import HeldParams, HeldParts, held_parts
from .layout import Layout, check_layout
from .recipes import Recipe, recipe
from .stages import Stage

#: Over which GPUs ZeRO shards: those that hold the same part of the same stage, or with DualPipe the mirrored rank's too.
OPTIMIZER_SHARDS = ("data_parallel", "data_parallel_and_mirror")
MIRRORED = OPTIMIZER_SHARDS[1]


class RankStates(NamedTuple):
    """Parameters on one GPU of a pipeline rank, and the bytes that it keeps of them."""

    rank: int
    stages: tuple  #: that it holds
    dense_params: int  #: all but routed experts, with `padding_params`
    expert_params: int
    padding_params: int  #: of the vocabulary
    fp8_params: int  #: whose weights are kept in FP8
    weights: int  #: [bytes], as all that follows
    fp8_scales: int
    gradients: int
    master: int  #: weights in the optimizer's precision
    moments: int
    ema_cpu: int  #: moving average of the parameters, in the memory of the CPU and in no sum

    @property
    def num_params(self) -> int:
        return self.dense_params + self.expert_params

    @property
    def optimizer_states(self) -> int:
        return self.master + self.moments

    @property
    def gpu_total(self) -> int:
        return self.weights + self.fp8_scales + self.gradients + self.master + self.moments


class Replicas(NamedTuple):
    """GPUs that hold the same, over which ZeRO shards: of routed experts, and of the rest."""

    dense: int
    experts: int


def default_shard(layout: Layout) -> str:
    """Which of :data:`OPTIMIZER_SHARDS` is meant where none is named: the mirror too, where there is one."""
    return MIRRORED if layout.schedule == "dualpipe" else OPTIMIZER_SHARDS[0]


def zero_group(layout: Layout, optimizer_shard: str | None = None) -> Replicas:
    r"""How many GPUs ZeRO shards over.

    .. math:: r_o = \text{DP} \cdot \text{CP}, \qquad
              r_x = \frac{\text{TP} \cdot \text{CP} \cdot \text{DP}}{\text{EP} \cdot \text{ETP}}

    Both are doubled for ``data_parallel_and_mirror``: rank PP - 1 - i of DualPipe holds what rank i holds. Without
    `optimizer_shard` this is so with DualPipe; the report does not say how DeepSeek did it.

    >>> zero_group(Layout(pp=16, ep=64, dp=128, schedule="dualpipe"), "data_parallel")
    Replicas(dense=128, experts=2)
    """
    shard = one_of("optimizer_shard", optimizer_shard or default_shard(layout), OPTIMIZER_SHARDS)
    copies = 2 if shard == MIRRORED else 1
    if copies == 2 and layout.schedule != "dualpipe":
        raise InputError(
            f"optimizer_shard {MIRRORED} needs the schedule dualpipe, whose ranks have a mirror; "
            f"{OPTIMIZER_SHARDS[0]} is accepted with {layout.schedule}"
        )
    return Replicas(copies * layout.dense_replicas, copies * layout.expert_replicas)


def filled_stages(config: ModelConfig, layout: Layout, mtp: bool | None = None) -> tuple:
    """The :class:`~moecalc.training.stages.Stage` of each pipeline stage, with MTP modules or without.

    Without a word on `mtp` they are trained where the model has them, or where a pipeline given by hand places them.

    >>> [len(filled_stages(v3, Layout(pp=16), mtp)[-1].mtp) for mtp in (None, False)]
    [1, 0]
    """
    num_layers, num_mtp = len(config.anatomy.layers), len(config.anatomy.mtp)
    if mtp and not num_mtp:
        raise InputError(f"mtp yes needs a model whose MTP modules are known; {config.name} has none, and no is accepted")
    stages = layout.pipeline(num_layers, 0 if mtp is False else num_mtp)
    if layout.stages is None:
        return stages
    if mtp is False:
        return tuple(stage._replace(mtp=range(0)) for stage in stages)
    if mtp and not any(stage.mtp for stage in stages):
        raise InputError("mtp yes needs an m in stages, or no stages, so that the last one takes the MTP modules")
    return stages


def states_of_stage(held: HeldParams, replicas: Replicas, dtypes: Recipe, zero: int) -> tuple:
    """Bytes of the weights, FP8 scale factors, gradients, master weights, moments and moving average of one held stage.

    ZeRO-1 shards the optimizer's states, ZeRO-2 gradients too, ZeRO-3 weights too; a shard of n parameters is
    n / replicas rounded up, for each of the two groups.

    >>> states_of_stage(HeldParams(dense=100, experts=30), Replicas(8, 4), recipe("bf16"), zero=1)
    (260, 0, 520, 84, 168, 0)
    """
    num_params = held.dense + held.experts
    shards = -(-held.dense // replicas.dense) - (-held.experts // replicas.experts)
    optimizer = shards if zero >= 1 else num_params
    gradients = shards if zero >= 2 else num_params
    low, blocks = held.dense_fp8 + held.experts_fp8, held.dense_blocks + held.experts_blocks
    if zero < 3:
        weights = low * dtypes.weight + (num_params - low) * dtypes.kept_weight
    elif dtypes.weight == dtypes.kept_weight:
        weights = shards * dtypes.weight
    else:  # a buffer for each width
        low_shards = -(-held.dense_fp8 // replicas.dense) - (-held.experts_fp8 // replicas.experts)
        kept = -((held.dense_fp8 - held.dense) // replicas.dense) - ((held.experts_fp8 - held.experts) // replicas.experts)
        weights = low_shards * dtypes.weight + kept * dtypes.kept_weight
    if zero >= 3:
        blocks = -(-held.dense_blocks // replicas.dense) - (-held.experts_blocks // replicas.experts)
    return (
        weights,
        blocks * dtypes.scale,
        gradients * dtypes.gradient,
        optimizer * dtypes.master_weight,
        optimizer * dtypes.moments,
        optimizer * dtypes.ema,
    )


def copied_tables(stages, tied: bool) -> tuple:
    """(index, "embedding" or "head") of the tables that a rank with these stages must hold beside its own.

    An MTP module reads embedding and head, and a tied head is the embedding table. A rank that has neither among its stages
    holds a copy, trained with the rest of the stage that needs it.
    """
    copies = []
    if not any([stage.embedding for stage in stages]):
        needing = [at for at, stage in enumerate(stages) if stage.mtp or (tied and stage.head)]
        copies += [(at, "embedding") for at in needing[-1:]]
    if not tied and not any([stage.head for stage in stages]):
        copies += [(at, "head") for at, stage in enumerate(stages) if stage.mtp][-1:]
    return tuple(copies)


def held_of_stage(stage: Stage, parts: HeldParts) -> HeldParams:
    """What one GPU holds of a stage, without copied tables."""
    held = HeldParams()
    for indices, sums in ((stage.layers, parts.layers), (stage.mtp, parts.mtp)):
        if indices:
            held = held.plus(sums[indices.stop]).plus(sums[indices.start], -1)
    if stage.embedding:
        held = held.plus(parts.embedding)
    if stage.head:
        held = held.plus(parts.head)
    return held


def rank_states(
    config: ModelConfig,
    layout: Layout,
    recipe_name: str | Recipe,
    optimizer_shard: str | None = None,
    mtp: bool | None = None,
) -> tuple:
    """:class:`RankStates` of every pipeline rank, quick enough for a search over layouts.

    What the ranks hold is kept for the next layout that differs in DP, CP or ZeRO alone; ranks that hold the same are
    counted once.

    >>> ranks = rank_states(v3, Layout(pp=16, ep=64, dp=64), "bf16", mtp=False)
    >>> ranks[1].dense_params, ranks[1].expert_params, ranks[1].gpu_total
    (931987456, 704643072, 18450247680)
    """
    check_layout(layout, config)
    dtypes = recipe(recipe_name)
    replicas = zero_group(layout, optimizer_shard)
    shape = layout._replace(dp=1, cp=1, zero=0, etp=layout.expert_tp)
    if isinstance(shape.layers_per_stage, list):  # cannot be a key of what is kept
        shape = shape._replace(layers_per_stage=tuple(shape.layers_per_stage))
    counted, ranks = {}, []
    for rank, (indices, held) in enumerate(held_by_rank(config, shape, mtp)):
        if held not in counted:
            counted[held] = kept_by_rank(held, replicas, dtypes, layout.zero)
        ranks.append(RankStates(rank, indices, *counted[held]))
    return tuple(ranks)


@lru_cache(maxsize=1024)
def held_by_rank(config, layout, mtp) -> tuple:
    """Of each rank the indices of its stages, and the :class:`HeldParams` of each of them."""
    stages = filled_stages(config, layout, mtp)
    parts = held_parts(config.anatomy, layout.tp, layout.ep, layout.expert_tp)
    layers, tied = config.anatomy.layers, config.anatomy.is_tied
    # a stage is what its layers are, not which: most ranks of a pipeline hold the same
    kinds = [(layers[stage.layers.start : stage.layers.stop], *stage[1:]) for stage in stages]
    counted, ranks = {}, []
    for rank in range(layout.pp):
        indices = layout.stages_of_rank(rank)
        kind = tuple([kinds[index] for index in indices])
        if kind not in counted:
            counted[kind] = held_of_rank([stages[index] for index in indices], parts, tied)
        ranks.append((indices, counted[kind]))
    return tuple(ranks)


def held_of_rank(stages: list, parts: HeldParts, tied: bool) -> tuple:
    """:class:`HeldParams` of each of the stages that a rank holds, with the tables that it holds for them."""
    held = [held_of_stage(stage, parts) for stage in stages]
    for at, table in copied_tables(stages, tied):
        held[at] = held[at].plus(parts.embedding_table if table == "embedding" else parts.head_table)
    return tuple(held)


def kept_by_rank(held: tuple, replicas: Replicas, dtypes: Recipe, zero: int) -> list:
    """Sums over the stages that a rank holds: the fields of :class:`RankStates` from ``dense_params`` on."""
    rows = []
    for one in held:
        low = one.dense_fp8 + one.experts_fp8 if dtypes.scale else 0
        rows.append((one.dense, one.experts, one.padding, low, *states_of_stage(one, replicas, dtypes, zero)))
    return [sum(column) for column in zip(*rows, strict=True)]
