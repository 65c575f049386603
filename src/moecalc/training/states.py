"""Model states on each GPU: weights, gradients, optimizer. Activations are not counted here.

b_w, b_g and b_o are bytes of a weight, a gradient and the optimizer's states, by a recipe of
:data:`moecalc.training.recipes.RECIPES`, or one spelt out; z is the ZeRO stage, Z its group, one of
:data:`moecalc.training.rank_states.OPTIMIZER_SHARDS`. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from ..base.checks import whole
from ..base.units import spans
from ..model.config import ModelConfig
from .held_params import is_vocabulary, params_per_gpu, scale_blocks, vocabulary_rows
from .layout import Layout, check_layout, num_routed_experts
from .rank_states import RankStates, copied_tables, default_shard, filled_stages, rank_states, zero_group
from .recipes import is_low_precision, recipe

__all__ = ("params_per_gpu",)

#: Parts of the model states on a GPU, which sum to them.
STATES = ("weights", "fp8_scales", "gradients", "optimizer_states")

COUNTED = "weights with FP8 scale factors, gradients and optimizer states"
NOT_COUNTED = (
    "activations",
    "communication buffers",
    "workspace and fragmentation",
    "copies of layers that several stages share",
)


def stage_blocks(config: ModelConfig, layout: Layout, mtp: bool | None = None) -> list:
    """Blocks of each pipeline stage in order; by default embedding first, head and MTP modules last.

    >>> [block.name for block in stage_blocks(v3, Layout(pp=16))[-1]]
    ['MoE layer', 'MoE layer', 'MoE layer', 'head', 'MTP module']
    """
    anatomy = config.anatomy
    return [
        [
            *([anatomy.embedding] if stage.embedding else []),
            *(anatomy.layers[index] for index in stage.layers),
            *([anatomy.head] if stage.head else []),
            *(anatomy.mtp[index] for index in stage.mtp),
        ]
        for stage in filled_stages(config, layout, mtp)
    ]


def model_states(
    config: ModelConfig,
    layout: Layout,
    recipe_name: str,
    optimizer_shard: str | None = None,
    mtp: bool | None = None,
) -> dict:
    r"""Model states on the GPUs of every pipeline rank: what ``moecalc memory`` prints.

    .. math:: M = \sum_{g} n_g \left( \frac{b_w}{r_g^{[z \ge 3]}} + \frac{b_g}{r_g^{[z \ge 2]}}
              + \frac{b_o}{r_g^{[z \ge 1]}} \right)

    n_g are the parameters on one GPU, in two groups: routed experts and the rest, with a vocabulary padded to a multiple of
    128 x TP. Their replicas r_g are those of :func:`moecalc.training.rank_states.zero_group`, which takes `optimizer_shard`.
    `mtp` is False where MTP modules are not trained.

    Returns
    -------
    dict
        ``per_gpu_bytes`` of the fullest rank, its ``num_params_fullest_rank`` and ``components``, ``ranks``, ``counted`` and
        ``not_counted``; ``fits`` is None, since activations are not counted [bytes]

    Notes
    -----
    Without ``layers_per_stage`` or ``stages`` the first stages take the layers that are left over; embedding on the
    first rank, head and MTP modules on the last. How DeepSeek-V3 filled its stages is not published. A rank that needs an
    embedding or head which it has not (for a tied head, or an MTP module) holds a copy, so that ranks may sum to more than
    the model.

    Examples
    --------
    >>> states = model_states(v3, Layout(pp=16, ep=64, dp=128), "deepseek-v3")
    >>> states["ranks"][1]["num_routed_params"] == 4 * 4 * (3 * 7168 * 2048)  # 4 experts in each of 4 layers
    True
    """
    counted = rank_states(config, layout, recipe_name, optimizer_shard, mtp)
    stages, blocks = filled_stages(config, layout, mtp), stage_blocks(config, layout, mtp)
    replicas = zero_group(layout, optimizer_shard)
    ranks = []
    for states in counted:
        held = [stages[stage] for stage in states.stages]
        copies = [f"copy of {table}" for _, table in copied_tables(held, config.anatomy.is_tied)]
        ranks.append(
            {
                "rank": states.rank,
                "layers": [index for stage in held for index in stage.layers],
                "holds": [block.name for stage in states.stages for block in blocks[stage]] + copies,
                **by_state(states),
            }
        )
    fullest = max(ranks, key=lambda one: one["bytes"])
    return {
        "num_gpus": layout.num_gpus,
        "optimizer_shard": optimizer_shard or default_shard(layout),
        "dense_replicas": replicas.dense,
        "expert_replicas": replicas.experts if num_routed_experts(config) else None,
        "per_gpu_bytes": fullest["bytes"],
        "num_params_fullest_rank": fullest["num_params"],
        "fullest_rank": fullest["rank"],
        "components": {state: fullest[state] for state in STATES},
        "fits": None,
        "counted": COUNTED,
        "not_counted": list(NOT_COUNTED),
        "ranks": ranks,
    }


def by_state(states: RankStates) -> dict:
    """What a rank holds, by name: parameters, each of :data:`STATES`, and ``bytes``, their sum.

    ``num_routed_params`` is an older name of ``expert_params``.
    """
    return {
        "num_params": states.num_params,
        "num_routed_params": states.expert_params,
        **{name: value for name, value in states._asdict().items() if name != "rank"},
        "optimizer_states": states.optimizer_states,
        "bytes": states.gpu_total,
    }


def rank_groups(ranks) -> list:
    """Pipeline ranks of :func:`model_states` that hold the same, taken together.

    ``ranks`` and ``holds`` are in words, ``count`` is the number of ranks; the rest is what each of them holds.

    >>> states = model_states(v3, Layout(pp=16, ep=64, dp=128), "bf16")
    >>> [(group["ranks"], group["holds"]) for group in rank_groups(states["ranks"])][1]
    ('1 to 12', '4 MoE layers')
    """
    groups = {}
    for rank in ranks:
        groups.setdefault((tuple(sorted(rank["holds"])), rank["bytes"]), []).append(rank)
    return [
        {
            **same[0],
            "ranks": spans([rank["rank"] for rank in same]),
            "count": len(same),
            "holds": _counted(same[0]["holds"]),
        }
        for same in groups.values()
    ]


def states_of_all_gpus(config: ModelConfig, layout: Layout, recipe_name: str) -> dict:
    r"""Model states summed over all GPUs tensor by tensor: a second route [bytes].

    .. math:: M = \sum_{t} n_t \left( b_w r_t^{[z < 3]} + b_g r_t^{[z < 2]} + b_o r_t^{[z < 1]} \right)

    The cluster holds the n_t parameters of a tensor r_t times: CP x DP / (EP x ETP) times for routed experts, CP x DP times
    for the rest, twice as often with DualPipe. Tensor parallelism must be 1.

    Notes
    -----
    :func:`model_states` rounds each GPU's shard up to a whole parameter, so its sum may be larger by a few bytes.

    Examples
    --------
    At ZeRO-1 the optimizer's states are held once: eight bytes for each parameter, the MTP module and the embedding that
    its rank copies included.

    >>> states = states_of_all_gpus(v3, Layout(pp=16, ep=64, dp=128), "deepseek-v3")
    >>> states["optimizer_states"] == 8 * (671026404352 + 11610067968 + 129280 * 7168)
    True
    """
    check_layout(layout, config)
    whole("tp", layout.tp, most=1)
    dtypes, anatomy, stages = recipe(recipe_name), config.anatomy, filled_stages(config, layout)
    # weights that a layer runs again are another layer's, and so are their scale factors
    tensors = [t for blocks in stage_blocks(config, layout) for block in blocks for t in block.tensors if t.owned]
    for rank in range(0 if layout.schedule == "dualpipe" else layout.pp):  # the mirror has what DualPipe's ranks need
        for _, table in copied_tables([stages[stage] for stage in layout.stages_of_rank(rank)], anatomy.is_tied):
            block = anatomy.embedding if table == "embedding" else anatomy.head
            tensors += [tensor._replace(owned=True) for tensor in block.tensors if is_vocabulary(tensor)]
    sums = dict.fromkeys(STATES, 0)
    for tensor in tensors:
        held = layout.expert_replicas if tensor.component == "routed_experts" else layout.dense_replicas
        held *= 2 if layout.schedule == "dualpipe" else 1
        weight, grads, optimizer = (1 if layout.zero >= stage else held for stage in (3, 2, 1))
        num_params = tensor.num_params
        if is_vocabulary(tensor):
            num_params = num_params // tensor.shards * vocabulary_rows(tensor, 1)
        sums["weights"] += num_params * dtypes.weight_bytes(tensor) * weight
        if is_low_precision(tensor):
            sums["fp8_scales"] += tensor.copies * scale_blocks(tensor, 1) * dtypes.scale * weight
        sums["gradients"] += num_params * dtypes.gradient * grads
        sums["optimizer_states"] += num_params * dtypes.optimizer * optimizer
    return sums


def _counted(names) -> str:
    """embedding, 3 dense layers, MoE layer"""
    counts = {name: names.count(name) for name in names}
    return ", ".join(name if count == 1 else f"{count} {name}s" for name, count in counts.items())
