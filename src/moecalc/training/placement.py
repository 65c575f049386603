r"""Who holds what: the stage, layers, experts and groups of each GPU, and the GPUs of an expert and a layer.

GPUs are numbered from 0, as Megatron-LM's default order ``tp-cp-ep-dp-pp`` does [1]_: tensor parallel GPUs are neighbours,
then come those of context parallelism, then data parallel replicas, and a pipeline rank is a block of TP x CP x DP GPUs:

.. math:: g = t + TP \, (c + CP \, (d + DP \, p)), \qquad g \bmod (TP \cdot CP \cdot DP) = t_e + ETP \, (e + EP \, d_e)

The second reading is that of the routed experts, which are dealt out over the same block: GPU e of an expert parallel group
holds experts e n / EP to (e + 1) n / EP - 1 of the n of each layer. A node is `gpus_per_node` neighbours [GPUs]. Examples
use ``v3 = load_model("deepseek-v3")``.

.. [1] NVIDIA, Megatron-LM, megatron/core/parallel_state.py, ``RankGenerator``.
"""

from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError
from ..base.limits import MAX_GPUS
from ..model.config import ModelConfig
from .layout import Layout, check_layout

GPUS_PER_NODE = 8


class Groups(NamedTuple):
    """The GPUs that one GPU works with, itself among them."""

    tp: range  #: share each matrix of a layer
    cp: range  #: share each sequence
    dp: range  #: hold the same layers and work on other sequences
    ep: range  #: hold the experts of a layer together
    etp: range  #: share each routed expert
    expert_dp: range  #: hold the same part of the same experts
    pp: range  #: hold the stages of the pipeline


class Gpu(NamedTuple):
    """What one GPU holds; ``tp`` to ``expert_dp`` are its places in the groups."""

    gpu: int
    node: int
    pp: int
    dp: int
    cp: int
    tp: int
    ep: int
    etp: int
    expert_dp: int
    stages: tuple  #: one, or more where the schedule gives a rank several
    layers: tuple
    mtp: tuple  #: MTP modules, counted from 0
    embedding: bool
    head: bool
    experts: range  #: of each MoE layer that it holds; where layers differ in their number, of one with most
    mirror: int | None  #: with DualPipe the GPU on the other end of the pipeline that holds the same
    groups: Groups


def place(config: ModelConfig, layout: Layout, gpus_per_node: int = GPUS_PER_NODE, step: int = 1) -> list:
    """The :class:`Gpu` of every place in the cluster, in order; of every `step`-th place alone, such as one a rank.

    >>> gpus = place(v3, Layout(pp=16, ep=64, dp=128, schedule="dualpipe"))
    >>> len(gpus), expert_names(gpus[0].experts), expert_names(gpus[63].experts), gpus[0].mirror
    (2048, 'E1-E4', 'E253-E256', 1920)
    >>> len({gpus[gpu].node for gpu in gpus[0].groups.ep})
    8
    """
    placed = _Placed(config, layout, gpus_per_node)
    return [placed.gpu(index) for index in range(0, layout.num_gpus, whole("step", step))]


def gpu_at(config: ModelConfig, layout: Layout, gpu_index: int, gpus_per_node: int = GPUS_PER_NODE) -> Gpu:
    """The :class:`Gpu` of one place, counted from 0.

    >>> gpu_at(v3, Layout(pp=16, ep=64, dp=128), 130).layers
    (4, 5, 6, 7)
    """
    placed = _Placed(config, layout, gpus_per_node)
    return placed.gpu(whole("gpu_index", gpu_index, 0, layout.num_gpus - 1))


def holders(config: ModelConfig, layout: Layout, expert: int | None = None, layer: int | None = None) -> list:
    """The GPUs that hold an expert of a layer, or a part of it; of every layer, or whole layers, where one is not said.

    Layers and experts count from 0; the MTP modules are the layers behind the last.

    Raises
    ------
    InputError
        If the model or the layer has no such expert, or no stage holds the layer.

    Examples
    --------
    >>> holders(v3, Layout(pp=16, ep=64, dp=128), expert=255, layer=60)
    [1983, 2047]
    """
    placed = _Placed(config, layout, GPUS_PER_NODE)
    ranks, numbers = placed.ranks, sorted(set(placed.num_experts))
    if layer is not None:
        whole("layer", layer, 0, len(placed.num_experts) - 1)
        ranks = [rank for rank in ranks if layer in rank.all_layers]
        if not ranks:
            raise InputError(f"layer must stand in one of the stages; found {layer}, an MTP module that they leave out")
        numbers = [placed.num_experts[layer]]
    chosen = range(layout.gpus_per_stage)
    if expert is not None:
        if numbers[-1] == 0:
            what = config.name if layer is None else f"layer {layer} of {config.name}"
            raise InputError(f"expert must be left out for {what}, which has no routed experts; found {expert}")
        whole("expert", expert, 0, numbers[-1] - 1)
        held = {expert // (number // layout.ep) for number in numbers if expert < number}
        chosen = [within for within in chosen if within // layout.expert_tp % layout.ep in held]
        ranks = [rank for rank in ranks if any(placed.num_experts[layer] > expert for layer in rank.all_layers)]
    return [rank.first + within for rank in ranks for within in chosen]


def num_copies(layout: Layout) -> int:
    """How often the cluster holds each routed expert: its expert data parallel size, twice that with DualPipe [copies].

    >>> num_copies(Layout(pp=16, ep=64, dp=128)), num_copies(Layout(pp=16, ep=64, dp=128, schedule="dualpipe"))
    (2, 4)
    """
    return layout.expert_replicas * (2 if layout.schedule == "dualpipe" else 1)


def expert_names(experts: range) -> str:
    """Neighbouring experts, counted from 1 as the talk does; "none" where there are none.

    >>> expert_names(range(0, 4)), expert_names(range(255, 256)), expert_names(range(0))
    ('E1-E4', 'E256', 'none')
    """
    if not experts:
        return "none"
    return f"E{experts.start + 1}" if len(experts) == 1 else f"E{experts.start + 1}-E{experts.stop}"


class _Rank(NamedTuple):
    """What all GPUs of a pipeline rank hold."""

    first: int  # its first GPU
    held: tuple  # stages, layers, MTP modules, embedding and head, as in Gpu
    all_layers: frozenset  # MTP modules as the layers behind the last
    experts: list  # of each place in an expert parallel group


class _Placed:
    """A checked layout of a model, and what its pipeline ranks hold, found once for all of their GPUs."""

    def __init__(self, config, layout, gpus_per_node):
        check_layout(layout, config)
        whole("num_gpus (tp x cp x pp x dp)", layout.num_gpus, most=MAX_GPUS)
        self.layout, self.gpus_per_node = layout, whole("gpus_per_node", gpus_per_node, most=MAX_GPUS)
        self.sizes = layout.tp, layout.cp, layout.ep, layout.expert_tp, layout.gpus_per_stage, layout.num_gpus
        self.mirrored = layout.schedule == "dualpipe"
        anatomy = config.anatomy
        self.num_experts = [_num_experts(block) for block in (*anatomy.layers, *anatomy.mtp)]
        self.pipeline = layout.pipeline(len(anatomy.layers), len(anatomy.mtp))
        self.ranks = [self._rank(rank, len(anatomy.layers)) for rank in range(layout.pp)]

    def _rank(self, rank, num_layers):
        stages = self.layout.stages_of_rank(rank)
        held = [self.pipeline[stage] for stage in stages]
        layers = tuple(layer for stage in held for layer in stage.layers)
        mtp = tuple(module for stage in held for module in stage.mtp)
        everything = frozenset((*layers, *(num_layers + module for module in mtp)))
        each = max((self.num_experts[layer] for layer in everything), default=0) // self.layout.ep
        return _Rank(
            rank * self.layout.gpus_per_stage,
            (stages, layers, mtp, any(stage.embedding for stage in held), any(stage.head for stage in held)),
            everything,
            [range(place * each, (place + 1) * each) for place in range(self.layout.ep)],
        )

    def gpu(self, index):
        tp, cp, ep, etp, per_stage, num_gpus = self.sizes
        at_pp, within = divmod(index, per_stage)
        rest, at_tp = divmod(within, tp)
        at_dp, at_cp = divmod(rest, cp)
        rest, at_etp = divmod(within, etp)
        at_expert_dp, at_ep = divmod(rest, ep)
        rank = self.ranks[at_pp]
        first, end = rank.first, rank.first + per_stage
        expert_group = index - at_etp - at_ep * etp
        groups = Groups(
            range(index - at_tp, index - at_tp + tp),
            range(index - at_cp * tp, index + (cp - at_cp) * tp, tp),
            range(first + at_tp + tp * at_cp, end, tp * cp),
            range(expert_group + at_etp, expert_group + ep * etp, etp),
            range(index - at_etp, index - at_etp + etp),
            range(first + at_etp + etp * at_ep, end, etp * ep),
            range(within, num_gpus, per_stage),
        )
        places = index, index // self.gpus_per_node, at_pp, at_dp, at_cp, at_tp, at_ep, at_etp, at_expert_dp
        mirror = num_gpus - per_stage - rank.first + within if self.mirrored else None
        return Gpu(*places, *rank.held, rank.experts[at_ep], mirror, groups)


def _num_experts(block):
    return max((tensor.copies for tensor in block.tensors if tensor.component == "routed_experts"), default=0)
