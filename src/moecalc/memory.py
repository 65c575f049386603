"""Model states on each GPU: weights, gradients, optimizer. Activations are not counted here."""

from .config import ModelConfig
from .layout import Layout, check_layout, split_evenly, stages_of_rank
from .precision import Recipe, recipe

STATES = ("weights", "gradients", "optimizer_states")

COUNTED = "weights, gradients and optimizer states"
NOT_COUNTED = (
    "activations",
    "communication buffers",
    "workspace and fragmentation",
    "FP8 scale factors",
    "a second copy of a shared embedding on the last rank",
)


def stage_blocks(config: ModelConfig, num_stages: int) -> list:
    """Blocks of each pipeline stage: layers split evenly, embedding first, head and MTP modules last.

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    num_stages : int
        At most the number of layers [-]

    Returns
    -------
    list of list of Block

    Examples
    --------
    >>> from moecalc import load_model
    >>> [block.name for block in stage_blocks(load_model("deepseek-v3"), 16)[-1]]
    ['MoE layer', 'MoE layer', 'MoE layer', 'head', 'MTP module']
    """
    anatomy = config.anatomy
    stages = [[anatomy.layers[i] for i in indices] for indices in split_evenly(len(anatomy.layers), num_stages)]
    stages[0].insert(0, anatomy.embedding)
    stages[-1] += [anatomy.head, *anatomy.mtp]
    return stages


def params_per_gpu(tensor, layout: Layout) -> int:
    """Parameters of one tensor that one GPU holds: routed experts whole, the rest cut by tensor parallelism."""
    if tensor.component == "routed_experts":
        return tensor.num_params // layout.ep
    # what cannot be cut evenly (a vocabulary, few key-value heads) leaves the first GPUs one shard more
    return tensor.num_params // tensor.shards * -(-tensor.shards // layout.tp)


def rank_states(blocks, layout: Layout, dtypes: Recipe, copies: int = 1) -> dict:
    """Bytes that a GPU keeps of the states of some blocks.

    Parameters
    ----------
    blocks : sequence of Block
        What the GPU's pipeline rank holds [-]
    layout : Layout
        The parallel sizes and the ZeRO stage [-]
    dtypes : Recipe
        Bytes per parameter [-]
    copies : int, optional
        How often the pipeline holds each stage: 2 for DualPipe. ZeRO shards over all of them [-]

    Returns
    -------
    dict
        ``num_params``, ``num_routed_params`` on this GPU [parameters]; each of `STATES` [bytes]
    """
    held = {}  # (is routed, bytes of a weight) -> parameters
    for block in blocks:
        for tensor in block.tensors:
            key = tensor.component == "routed_experts", dtypes.weight_bytes(tensor)
            held[key] = held.get(key, 0) + params_per_gpu(tensor, layout)

    def share(num_params, routed, from_stage):
        replicas = copies * (layout.expert_replicas if routed else layout.dp)
        return -(-num_params // replicas) if layout.zero >= from_stage else num_params

    return {
        "num_params": sum(held.values()),
        "num_routed_params": sum(n for (routed, _), n in held.items() if routed),
        "weights": sum(share(n, routed, 3) * width for (routed, width), n in held.items()),
        "gradients": sum(share(n, routed, 2) for (routed, _), n in held.items()) * dtypes.gradient,
        "optimizer_states": sum(share(n, routed, 1) for (routed, _), n in held.items()) * dtypes.optimizer,
    }


def model_states(config: ModelConfig, layout: Layout, recipe_name: str = "deepseek-v3") -> dict:
    r"""Model states on the GPUs of every pipeline rank: what ``moecalc memory`` prints.

    .. math:: M = \sum_{g} n_g \left( \frac{b_w}{r_g^{[z \ge 3]}} + \frac{b_g}{r_g^{[z \ge 2]}}
              + \frac{b_o}{r_g^{[z \ge 1]}} \right)

    Parameters
    ----------
    config : ModelConfig
        n_g, its parameters on one GPU, in two groups: routed experts and the rest [parameters]
    layout : Layout
        z, the ZeRO stage; r_g, replicas of a group: DP x TP / EP of the experts, DP of the rest [-]
    recipe_name : str, optional
        b_w, b_g, b_o, bytes of a weight, a gradient and the optimizer's states: see
        :data:`moecalc.precision.RECIPES` [-]

    Returns
    -------
    dict
        ``per_gpu_bytes`` of the fullest rank, its ``components``, ``ranks``, ``counted`` and
        ``not_counted``; ``fits`` is None, since activations are not counted [bytes]

    Raises
    ------
    InputError
        If the model cannot be laid out so, or the recipe is unknown.

    Notes
    -----
    Layers are split as evenly as can be, the first stages taking those left over; embedding on the
    first rank, head and MTP modules on the last. How DeepSeek-V3 filled its stages is not published.

    Examples
    --------
    >>> from moecalc import load_model
    >>> states = model_states(load_model("deepseek-v3"), Layout(pp=16, ep=64, dp=128))
    >>> states["ranks"][1]["num_routed_params"] == 4 * 4 * (3 * 7168 * 2048)  # 4 experts in each of 4 layers
    True
    """
    check_layout(layout, config)
    dtypes = recipe(recipe_name)
    num_stages = 2 * layout.pp if layout.schedule == "dualpipev" else layout.pp
    stages = stage_blocks(config, num_stages)
    layer_indices = split_evenly(config.num_hidden_layers, num_stages)
    ranks = []
    for rank in range(layout.pp):
        held = stages_of_rank(rank, layout.pp, layout.schedule)
        blocks = [block for stage in held for block in stages[stage]]
        states = rank_states(blocks, layout, dtypes, copies=2 if layout.schedule == "dualpipe" else 1)
        ranks.append(
            {
                "rank": rank,
                "layers": [index for stage in held for index in layer_indices[stage]],
                "holds": [block.name for block in blocks],
                **states,
                "bytes": sum(states[state] for state in STATES),
            }
        )
    fullest = max(ranks, key=lambda one: one["bytes"])
    return {
        "num_gpus": layout.num_gpus,
        "per_gpu_bytes": fullest["bytes"],
        "fullest_rank": fullest["rank"],
        "components": {state: fullest[state] for state in STATES},
        "fits": None,
        "counted": COUNTED,
        "not_counted": list(NOT_COUNTED),
        "ranks": ranks,
    }
