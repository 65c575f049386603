"""How a model is laid over GPUs: tensor, pipeline, expert and data parallel sizes, and the ZeRO stage."""

from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError
from ..base.limits import MAX_PARALLEL_SIZE
from ..model.config import ModelConfig

SCHEDULES = ("1f1b", "zb1p", "dualpipe", "dualpipev")
ZERO_STAGES = (0, 1, 2, 3)


class Layout(NamedTuple):
    """Sizes of the parallel groups; tp x pp x dp GPUs in all."""

    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp: int = 1
    zero: int = 1
    schedule: str = "1f1b"

    @property
    def num_gpus(self) -> int:
        return self.tp * self.pp * self.dp

    @property
    def expert_replicas(self) -> int:
        """GPUs that hold the same routed experts: the group over which ZeRO shards them."""
        return self.dp * self.tp // self.ep


def check_layout(layout: Layout, config: ModelConfig) -> Layout:
    """The layout, if the model can be laid out so.

    Raises
    ------
    InputError
        If a size is not a whole number of at least 1, there are more stages than layers, ``tp`` does
        not divide the attention heads, or ``ep`` divides not both the routed experts and DP x TP.

    Examples
    --------
    >>> check_layout(Layout(pp=16, ep=64, dp=128), load_model("deepseek-v3")).num_gpus
    2048
    """
    for name in ("tp", "pp", "ep", "dp"):
        whole(name, getattr(layout, name), most=MAX_PARALLEL_SIZE)
    whole("zero", layout.zero, ZERO_STAGES[0], ZERO_STAGES[-1])
    one_of("schedule", layout.schedule, SCHEDULES)
    tp, pp, ep, dp = layout.tp, layout.pp, layout.ep, layout.dp
    num_stages = pp * 2 if layout.schedule == "dualpipev" else pp
    num_layers = config.num_hidden_layers
    if num_stages > num_layers:
        raise InputError(f"pp {pp} makes {num_stages} stages of {num_layers} layers; at most one stage a layer is accepted")
    if layout.schedule == "dualpipe" and pp % 2:
        raise InputError(f"pp must be even for dualpipe, which pairs the ranks from both ends; found {pp}")
    if config.num_attention_heads % tp:
        raise InputError(f"tp must divide the {config.num_attention_heads} attention heads; found {tp}")
    experts = config.anatomy.num_routed_experts
    if experts % ep:
        raise InputError(f"ep must divide the {experts} routed experts of {config.name}; found {ep}")
    if dp * tp % ep:
        raise InputError(f"ep must divide dp x tp = {dp * tp}, the GPUs of one pipeline stage; found {ep}")
    return layout


def split_evenly(num_layers: int, num_stages: int) -> list:
    """Indices of the layers of each stage, as even as can be; the first stages take the ones left over.

    >>> [len(stage) for stage in split_evenly(61, 16)]
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3]
    """
    size, extra = divmod(num_layers, num_stages)
    bounds = [stage * size + min(stage, extra) for stage in range(num_stages + 1)]
    return [range(low, high) for low, high in zip(bounds[:-1], bounds[1:], strict=True)]


def stages_of_rank(rank: int, pp: int, schedule: str) -> tuple:
    """Stages that one of `pp` pipeline ranks holds: one, or two with a bidirectional schedule.

    ``dualpipe`` gives each rank a second, mirrored stage of the pp (every stage is held twice);
    ``dualpipev`` folds 2 x pp stages, each held once.

    >>> stages_of_rank(0, 16, "dualpipe")
    (0, 15)
    """
    if schedule == "dualpipe":
        return rank, pp - 1 - rank
    if schedule == "dualpipev":
        return rank, 2 * pp - 1 - rank
    return (rank,)
