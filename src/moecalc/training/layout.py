"""How a model is laid over GPUs: tensor, context, pipeline, expert and data parallel sizes, and the ZeRO stage."""

from typing import NamedTuple

from ..base.checks import divisor, one_of, whole
from ..base.errors import InputError, quoted
from ..base.limits import MAX_PARALLEL_SIZE
from ..model.config import ModelConfig
from .stages import Stage, stages_text

SCHEDULES = ("1f1b", "zb1p", "dualpipe", "dualpipev", "interleaved")
ZERO_STAGES = (0, 1, 2, 3)


class Layout(NamedTuple):
    """Sizes of the parallel groups; tp x cp x pp x dp GPUs in all, by any of :data:`SCHEDULES`."""

    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp: int = 1  #: replicas of what is not a routed expert, each working on sequences of its own
    zero: int = 1
    schedule: str = "1f1b"
    etp: int | None = None  #: into how many parts each routed expert is cut; None as Megatron: tp where ep is 1, else 1
    layers_per_stage: tuple | None = None  #: where the stages are not as even as can be
    cp: int = 1  #: into how many parts each sequence is cut
    vpp: int = 1  #: virtual stages that a rank holds with the interleaved schedule
    stages: tuple | None = None  #: a pipeline given by hand: what :func:`moecalc.training.stages.parse_stages` returns

    @property
    def num_gpus(self) -> int:
        return self.tp * self.cp * self.pp * self.dp

    @property
    def gpus_per_stage(self) -> int:
        """GPUs of one pipeline rank, over which its routed experts are dealt out."""
        return self.tp * self.cp * self.dp

    @property
    def num_stages(self) -> int:
        return self.pp * {"dualpipev": 2, "interleaved": self.vpp}.get(self.schedule, 1)

    @property
    def expert_tp(self) -> int:
        """Into how many parts each routed expert is cut."""
        if self.etp is not None:
            return self.etp
        return self.tp if self.ep == 1 else 1

    @property
    def dense_replicas(self) -> int:
        """GPUs that hold the same part of what is not a routed expert: the group over which ZeRO shards it."""
        return self.dp * self.cp

    @property
    def expert_replicas(self) -> int:
        """GPUs that hold the same part of the same routed experts: the group over which ZeRO shards them."""
        return self.gpus_per_stage // (self.ep * self.expert_tp)

    def pipeline(self, num_layers: int, num_mtp: int = 0) -> tuple:
        """The :class:`~moecalc.training.stages.Stage` of each pipeline stage.

        Without a pipeline given by hand the embedding stands in the first stage, head and MTP modules in the last.
        """
        if self.stages is not None:
            return self.stages
        sizes = self.layers_per_stage
        split = split_evenly(num_layers, self.num_stages) if sizes is None else split_as(sizes)
        first, last = 0, len(split) - 1
        return tuple(
            Stage(layers, n == first, range(num_mtp if n == last else 0), n == last) for n, layers in enumerate(split)
        )

    def stages_of_rank(self, rank: int) -> tuple:
        """Stages that one of its pipeline ranks holds."""
        return stages_of_rank(rank, self.pp, self.schedule, self.vpp)


def check_layout(layout: Layout, config: ModelConfig) -> Layout:
    """The layout, if the model can be laid out so.

    Raises
    ------
    InputError
        If a size is not a whole number of at least 1, there are more stages than layers, ``tp`` does
        not divide the attention heads, ``ep`` divides not the routed experts, ep x etp not TP x CP x DP, pp x vpp not the
        layers, or ``layers_per_stage`` or ``stages`` names not every stage or not every layer.

    Examples
    --------
    >>> check_layout(Layout(pp=16, ep=64, dp=128), load_model("deepseek-v3")).num_gpus
    2048
    """
    for name in ("tp", "cp", "pp", "vpp", "ep", "dp"):
        whole(name, getattr(layout, name), most=MAX_PARALLEL_SIZE)
    whole("zero", layout.zero, ZERO_STAGES[0], ZERO_STAGES[-1])
    one_of("schedule", layout.schedule, SCHEDULES)
    heads = getattr(config, "num_attention_heads", None)
    if heads is not None:
        divisor("tp", layout.tp, heads, "attention heads")
    counts = num_routed_experts(config)
    if not counts and layout.ep > 1:
        raise InputError(f"ep must be 1 for {config.name}, which has no routed experts; found {layout.ep}")
    for experts in counts:
        divisor("ep", layout.ep, experts, f"routed experts of {config.name}")
    etp = whole("etp", layout.expert_tp, most=MAX_PARALLEL_SIZE)
    name, size = ("ep x etp", layout.ep * etp) if etp > 1 else ("ep", layout.ep)
    divisor(name, size, layout.gpus_per_stage, "GPUs of one pipeline rank, tp x cp x dp")
    _check_pipeline(layout, config.anatomy)
    return layout


def num_routed_experts(config: ModelConfig) -> list:
    """The different numbers of routed experts that its layers have; none of a model without experts.

    >>> num_routed_experts(load_model("deepseek-v3"))
    [256]
    """
    anatomy = config.anatomy
    blocks = dict.fromkeys((*anatomy.layers, *anatomy.mtp))
    found = {tensor.copies for block in blocks for tensor in block.tensors if tensor.component == "routed_experts"}
    return sorted(found)


def _check_pipeline(layout, anatomy):
    pp, schedule, num_stages, num_layers = layout.pp, layout.schedule, layout.num_stages, len(anatomy.layers)
    if schedule == "dualpipe" and pp % 2:
        raise InputError(f"pp must be even for dualpipe, which pairs the ranks from both ends; found {pp}")
    if layout.vpp > 1 and schedule != "interleaved":
        raise InputError(f"vpp must be 1 for {schedule}, only interleaved takes virtual stages; found {layout.vpp}")
    if layout.stages is not None:
        return _check_stages(layout, anatomy)
    if num_stages > num_layers:
        raise InputError(f"pp {pp} makes {num_stages} stages of {num_layers} layers; at most one stage a layer is accepted")
    sizes = layout.layers_per_stage
    if sizes is None:
        if layout.vpp > 1:
            name = f"pp x vpp = {pp} x {layout.vpp}"
            divisor(name, num_stages, num_layers, "layers, unless layers_per_stage or stages say how many each stage takes,")
        return None
    for size in sizes:
        whole("layers_per_stage", size, most=num_layers)
    if len(sizes) != num_stages:
        raise InputError(
            f"layers_per_stage must give each of the {num_stages} stages its layers; found {len(sizes)} numbers"
        )
    if sum(sizes) != num_layers:
        raise InputError(f"layers_per_stage must sum to the {num_layers} layers of the model; found {sum(sizes)}")


def _check_stages(layout, anatomy):
    if layout.layers_per_stage is not None:
        raise InputError("layers_per_stage and stages both say where the layers stand; give one of them")
    stages, num_layers, num_mtp = layout.stages, len(anatomy.layers), len(anatomy.mtp)
    if not stages or not all(isinstance(stage, Stage) for stage in stages):
        raise InputError(f"stages must be what parse_stages makes of a string; found {quoted(stages)}")
    if len(stages) != layout.num_stages:
        found = f"found {len(stages)} in {quoted(stages_text(stages))}"
        raise InputError(f"stages must be {layout.num_stages}, with | between them, for pp {layout.pp}; {found}")
    held, modules = stages[-1].layers.stop, stages[-1].mtp.stop
    if held != num_layers:
        raise InputError(f"stages must have one t for each of the {num_layers} layers of the model; found {held}")
    if modules not in (0, num_mtp):
        accepted = f"an m for each of the {num_mtp} MTP modules, or none to leave them out"
        if not num_mtp:
            accepted = "no m for a model without MTP modules"
        raise InputError(f"stages must have {accepted}; found {modules}")


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


def stages_of_rank(rank: int, pp: int, schedule: str, vpp: int = 1) -> tuple:
    """Stages that one of `pp` pipeline ranks holds: one, or several where the pipeline turns back or goes round.

    ``dualpipe`` gives each rank a second, mirrored stage of the pp (every stage is held twice);
    ``dualpipev`` folds 2 x pp stages, each held once; ``interleaved`` deals `vpp` x pp stages out in rounds.

    >>> stages_of_rank(0, 16, "dualpipe"), stages_of_rank(1, 4, "interleaved", vpp=3)
    ((0, 15), (1, 5, 9))
    """
    if schedule == "dualpipe":
        return rank, pp - 1 - rank
    if schedule == "dualpipev":
        return rank, 2 * pp - 1 - rank
    if schedule == "interleaved":
        return tuple(range(rank, pp * vpp, pp))
    return (rank,)
