"""Model states on each GPU: weights, gradients, optimizer. Activations are not counted here.

b_w, b_g and b_o are bytes of a weight, a gradient and the optimizer's states, by a recipe of
:data:`moecalc.training.recipes.RECIPES`; z is the ZeRO stage. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from ..base.checks import whole
from ..model.config import ModelConfig
from .layout import Layout, check_layout
from .recipes import Recipe, recipe

STATES = ("weights", "gradients", "optimizer_states")

COUNTED = "weights, gradients and optimizer states"
NOT_COUNTED = (
    "activations",
    "communication buffers",
    "workspace and fragmentation",
    "FP8 scale factors",
    "a second copy of a shared embedding on the last rank",
)


def stage_blocks(config: ModelConfig, layout: Layout) -> list:
    """Blocks of each pipeline stage: its layers, embedding first, head and MTP modules last.

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
        for stage in layout.pipeline(len(anatomy.layers), len(anatomy.mtp))
    ]


def params_per_gpu(tensor, layout: Layout) -> int:
    """Parameters of one tensor on the GPU of its pipeline rank that holds most of it [parameters].

    Expert parallelism deals out whole experts, expert tensor parallelism cuts each; tensor parallelism cuts the rest.
    """
    held, parts = tensor.num_params, layout.tp
    if tensor.component == "routed_experts":
        held, parts = held // layout.ep, layout.expert_tp
    # what cannot be cut evenly (a vocabulary, few key-value heads) leaves the first GPUs one shard more
    return held // tensor.shards * -(-tensor.shards // parts)


def rank_states(blocks, layout: Layout, dtypes: Recipe, copies: int = 1) -> dict:
    """Bytes that a GPU keeps of the states of some blocks, those that its pipeline rank holds.

    The pipeline holds each stage `copies` times, twice for DualPipe, and ZeRO shards over all of them. ``num_params`` and
    ``num_routed_params`` are those on this GPU [parameters]; each of :data:`STATES` is in [bytes].
    """
    held = {}  # (is routed, bytes of a weight) -> parameters
    for block in blocks:
        for tensor in block.tensors:
            key = tensor.component == "routed_experts", dtypes.weight_bytes(tensor)
            held[key] = held.get(key, 0) + params_per_gpu(tensor, layout)

    def share(num_params, routed, from_stage):
        replicas = copies * (layout.expert_replicas if routed else layout.dense_replicas)
        return -(-num_params // replicas) if layout.zero >= from_stage else num_params

    return {
        "num_params": sum(held.values()),
        "num_routed_params": sum(n for (routed, _), n in held.items() if routed),
        "weights": sum(share(n, routed, 3) * width for (routed, width), n in held.items()),
        "gradients": sum(share(n, routed, 2) for (routed, _), n in held.items()) * dtypes.gradient,
        "optimizer_states": sum(share(n, routed, 1) for (routed, _), n in held.items()) * dtypes.optimizer,
    }


def model_states(config: ModelConfig, layout: Layout, recipe_name: str) -> dict:
    r"""Model states on the GPUs of every pipeline rank: what ``moecalc memory`` prints.

    .. math:: M = \sum_{g} n_g \left( \frac{b_w}{r_g^{[z \ge 3]}} + \frac{b_g}{r_g^{[z \ge 2]}}
              + \frac{b_o}{r_g^{[z \ge 1]}} \right)

    n_g are the parameters on one GPU, in two groups: routed experts and the rest. A group has r_g replicas:
    TP x CP x DP / (EP x ETP) of the experts, CP x DP of the rest.

    Returns
    -------
    dict
        ``per_gpu_bytes`` of the fullest rank, its ``num_params_fullest_rank`` and ``components``, ``ranks``, ``counted`` and
        ``not_counted``; ``fits`` is None, since activations are not counted [bytes]

    Notes
    -----
    Without ``layers_per_stage`` the first stages take the layers that are left over; embedding on the
    first rank, head and MTP modules on the last. How DeepSeek-V3 filled its stages is not published.

    Examples
    --------
    >>> states = model_states(v3, Layout(pp=16, ep=64, dp=128), "deepseek-v3")
    >>> states["ranks"][1]["num_routed_params"] == 4 * 4 * (3 * 7168 * 2048)  # 4 experts in each of 4 layers
    True
    """
    check_layout(layout, config)
    dtypes = recipe(recipe_name)
    stages = stage_blocks(config, layout)
    pipeline = layout.pipeline(len(config.anatomy.layers))
    ranks = []
    for rank in range(layout.pp):
        held = layout.stages_of_rank(rank)
        blocks = [block for stage in held for block in stages[stage]]
        states = rank_states(blocks, layout, dtypes, copies=2 if layout.schedule == "dualpipe" else 1)
        ranks.append(
            {
                "rank": rank,
                "layers": [index for stage in held for index in pipeline[stage].layers],
                "holds": [block.name for block in blocks],
                **states,
                "bytes": sum(states[state] for state in STATES),
            }
        )
    fullest = max(ranks, key=lambda one: one["bytes"])
    return {
        "num_gpus": layout.num_gpus,
        "per_gpu_bytes": fullest["bytes"],
        "num_params_fullest_rank": fullest["num_params"],
        "fullest_rank": fullest["rank"],
        "components": {state: fullest[state] for state in STATES},
        "fits": None,
        "counted": COUNTED,
        "not_counted": list(NOT_COUNTED),
        "ranks": ranks,
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
            "ranks": _spans([rank["rank"] for rank in same]),
            "count": len(same),
            "holds": _counted(same[0]["holds"]),
        }
        for same in groups.values()
    ]


def states_of_all_gpus(config: ModelConfig, layout: Layout, recipe_name: str) -> dict:
    r"""Model states summed over all GPUs, without looking at stages or ranks: a second route [bytes].

    .. math:: M = \sum_{t} n_t \left( b_w r_t^{[z < 3]} + b_g r_t^{[z < 2]} + b_o r_t^{[z < 1]} \right)

    The cluster holds the n_t parameters of a tensor r_t times: CP x DP / (EP x ETP) times for routed experts, CP x DP times
    for the rest, twice as often with DualPipe. Tensor parallelism must be 1.

    Notes
    -----
    :func:`model_states` rounds each GPU's shard up to a whole parameter, so its sum may be larger by a few bytes.

    Examples
    --------
    At ZeRO-1 the optimizer's states are held once: eight bytes for each parameter, the MTP module included.

    >>> states = states_of_all_gpus(v3, Layout(pp=16, ep=64, dp=128), "deepseek-v3")
    >>> states["optimizer_states"] == 8 * (671026404352 + 11610067968)
    True
    """
    check_layout(layout, config)
    whole("tp", layout.tp, most=1)
    dtypes = recipe(recipe_name)
    copies = 2 if layout.schedule == "dualpipe" else 1
    anatomy = config.anatomy
    modules = layout.pipeline(len(anatomy.layers), len(anatomy.mtp))[-1].mtp.stop  # none where none is placed by hand
    sums = dict.fromkeys(STATES, 0)
    for block in (anatomy.embedding, *anatomy.layers, anatomy.head, *anatomy.mtp[:modules]):
        for tensor in block.tensors:
            routed = tensor.component == "routed_experts"
            held = copies * (layout.expert_replicas if routed else layout.dense_replicas)
            widths = dtypes.weight_bytes(tensor), dtypes.gradient, dtypes.optimizer
            for state, width, from_stage in zip(STATES, widths, (3, 2, 1), strict=True):
                sums[state] += tensor.num_params * width * (1 if layout.zero >= from_stage else held)
    return sums


def _counted(names) -> str:
    """embedding, 3 dense layers, MoE layer"""
    counts = {name: names.count(name) for name in names}
    return ", ".join(name if count == 1 else f"{count} {name}s" for name, count in counts.items())


def _spans(numbers) -> str:
    """0, 3 to 5"""
    spans = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][-1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in spans)
