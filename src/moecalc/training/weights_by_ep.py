"""Weights on a GPU by kind, and how expert parallelism makes them fewer. Examples use ``v3 = load_model("deepseek-v3")``."""

from typing import NamedTuple

from ..base.checks import one_of
from ..model.config import ModelConfig
from .layout import Layout, check_layout, num_routed_experts
from .recipes import recipe
from .states import params_per_gpu, stage_blocks

#: Which GPU is looked at.
RANKS = ("middle", "fullest")


class HeldWeights(NamedTuple):
    """Weights on a GPU; with DualPipe it holds those of its own stage and those of the mirrored one [bytes]"""

    other: int
    other_again: int
    experts: int
    experts_again: int

    @property
    def second_copy(self) -> int:
        return self.other_again + self.experts_again


def weights_by_rank(config: ModelConfig, layout: Layout, recipe_name: str) -> list:
    r""":class:`HeldWeights` of a GPU of each pipeline rank.

    .. math:: W = \sum_{s} \left( \frac{X_s}{EP \cdot ETP} + \frac{R_s}{TP} \right)

    X_s are the weights of the routed experts of a stage that the rank holds, R_s those of all else, as far as tensor
    parallelism cuts them. FP8 scale factors are left out.

    >>> weights_by_rank(v3, Layout(pp=16, ep=64, dp=64), "deepseek-v3")[1].experts  # 4 experts in each of 4 layers
    704643072
    """
    check_layout(layout, config)
    dtypes = recipe(recipe_name)
    stages = [_sums(blocks, layout, dtypes) for blocks in stage_blocks(config, layout)]
    if layout.schedule == "dualpipe":
        pairs = zip(stages, stages[::-1], strict=True)
    else:
        ranks = [layout.stages_of_rank(rank) for rank in range(layout.pp)]
        pairs = [([sum(stages[stage][kind] for stage in held) for kind in (0, 1)], (0, 0)) for held in ranks]
    return [HeldWeights(own[0], mirrored[0], own[1], mirrored[1]) for own, mirrored in pairs]


def weights_by_ep(
    config: ModelConfig, recipe_name: str, pp: int = 1, tp: int = 1, schedule: str = "1f1b", rank: str = "middle"
) -> dict:
    """EP -> :class:`HeldWeights` of one GPU, for every EP that deals the experts of each layer out evenly.

    There are as many replicas as EP needs, and experts are not cut. `rank` is one of :data:`RANKS`.

    >>> held = weights_by_ep(v3, "deepseek-v3", pp=16)
    >>> held[1].experts == 64 * held[64].experts, held[1].other == held[64].other
    (True, True)
    """
    return {ep: weights_at_ep(config, recipe_name, ep, pp, tp, schedule, rank) for ep in even_sizes(config)}


def weights_at_ep(
    config: ModelConfig, recipe_name: str, ep: int, pp: int = 1, tp: int = 1, schedule: str = "1f1b", rank: str = "middle"
) -> HeldWeights:
    """:class:`HeldWeights` of one GPU for one EP, as in :func:`weights_by_ep`."""
    one_of("rank", rank, RANKS)
    layout = Layout(tp=tp, pp=pp, ep=ep, dp=ep, etp=1, schedule=schedule)
    ranks = weights_by_rank(config, layout, recipe_name)
    return ranks[pp // 2] if rank == "middle" else max(ranks, key=sum)


def even_sizes(config: ModelConfig) -> list:
    """Every EP that deals the experts of each layer out evenly.

    >>> even_sizes(v3)
    [1, 2, 4, 8, 16, 32, 64, 128, 256]
    """
    counts = num_routed_experts(config) or [1]
    return [ep for ep in range(1, min(counts) + 1) if not any(count % ep for count in counts)]


def _sums(blocks, layout, dtypes) -> tuple:
    """Bytes of all else and of routed experts on a GPU of a stage."""
    sums = [0, 0]
    for tensor in [tensor for block in blocks for tensor in block.tensors]:
        sums[tensor.component == "routed_experts"] += params_per_gpu(tensor, layout) * dtypes.weight_bytes(tensor)
    return tuple(sums)
