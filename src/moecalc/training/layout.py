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
    etp: int | None = None  #: into how many parts each routed expert is cut; None as Megatron: tp where ep is 1, else 1
    layers_per_stage: tuple | None = None  #: where the stages are not as even as can be

    @property
    def num_gpus(self) -> int:
        return self.tp * self.pp * self.dp

    @property
    def num_stages(self) -> int:
        return self.pp * 2 if self.schedule == "dualpipev" else self.pp

    @property
    def expert_tp(self) -> int:
        """Into how many parts each routed expert is cut."""
        if self.etp is not None:
            return self.etp
        return self.tp if self.ep == 1 else 1

    @property
    def expert_replicas(self) -> int:
        """GPUs that hold the same part of the same routed experts: the group over which ZeRO shards them."""
        return self.dp * self.tp // (self.ep * self.expert_tp)

    def stages(self, num_layers: int) -> list:
        """Indices of the layers of each stage."""
        return (
            split_evenly(num_layers, self.num_stages) if self.layers_per_stage is None else split_as(self.layers_per_stage)
        )


def check_layout(layout: Layout, config: ModelConfig) -> Layout:
    """The layout, if the model can be laid out so.

    Raises
    ------
    InputError
        If a size is not a whole number of at least 1, there are more stages than layers, ``tp`` does
        not divide the attention heads, ``ep`` divides not the routed experts, ep x etp not DP x TP, or ``layers_per_stage``
        names not every stage or not every layer.

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
    num_stages, num_layers = layout.num_stages, len(config.anatomy.layers)
    if num_stages > num_layers:
        raise InputError(f"pp {pp} makes {num_stages} stages of {num_layers} layers; at most one stage a layer is accepted")
    if layout.schedule == "dualpipe" and pp % 2:
        raise InputError(f"pp must be even for dualpipe, which pairs the ranks from both ends; found {pp}")
    heads = getattr(config, "num_attention_heads", None)
    if heads is not None and heads % tp:
        raise InputError(f"tp must divide the {heads} attention heads; found {tp}")
    experts = config.anatomy.num_routed_experts
    if experts % ep:
        raise InputError(f"ep must divide the {experts} routed experts of {config.name}; found {ep}")
    etp = whole("etp", layout.expert_tp, most=MAX_PARALLEL_SIZE)
    if dp * tp % (ep * etp):
        cut = f"ep x etp = {ep} x {etp} must divide" if etp > 1 else "ep must divide"
        raise InputError(f"{cut} dp x tp = {dp * tp}, the GPUs of one pipeline stage; found {ep * etp}")
    if layout.layers_per_stage is not None:
        _check_stages(layout.layers_per_stage, num_stages, num_layers)
    return layout


def _check_stages(sizes, num_stages, num_layers):
    for size in sizes:
        whole("layers_per_stage", size, most=num_layers)
    if len(sizes) != num_stages:
        raise InputError(
            f"layers_per_stage must give each of the {num_stages} stages its layers; found {len(sizes)} numbers"
        )
    if sum(sizes) != num_layers:
        raise InputError(f"layers_per_stage must sum to the {num_layers} layers of the model; found {sum(sizes)}")


def split_as(sizes) -> list:
    """Indices of the layers of stages of given sizes.

    >>> split_as((1, 2))
    [range(0, 1), range(1, 3)]
    """
    ends = [sum(sizes[: stage + 1]) for stage in range(len(sizes))]
    return [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]


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
