"""What stands between two steps: gradients summed, parameters updated and handed back, for the rank that takes longest.

ZeRO-0 sums gradients by an all-reduce; from ZeRO-1 on they are reduce-scattered and new weights gathered, which ZeRO-3 does
in each micro-batch, and ZeRO-2 with the gradients where no pipeline adds them up first. Adam reads and writes all states of
its shard once.
"""

from typing import NamedTuple

from ...hardware.accelerator import Accelerator
from ...hardware.collectives.nccl import ALL_GATHER, ALL_REDUCE, REDUCE_SCATTER
from ..layout import Layout
from ..rank_states import RankStates, Replicas
from ..recipes import Recipe
from .network import collective_s


class Between(NamedTuple):
    """Times between steps [s]."""

    optimizer: float
    gradients: float  #: their reduction, if nothing hid it
    parameters: float  #: their gathering, if nothing hid it
    each_micro_batch: float  #: what ZeRO-3 and ZeRO-2 send for every micro-batch


def between(
    accelerator: Accelerator,
    layout: Layout,
    states: RankStates,
    replicas: Replicas,
    dtypes: Recipe,
    domain: int,
    bandwidth_bytes_per_s: float,
) -> Between:
    """Times of one pipeline rank.

    `domain` GPUs share the scale-up network, the optimizer reaches `bandwidth_bytes_per_s` [bytes/s].
    """
    width = min(2, dtypes.kept_weight)
    of_group = (
        (states.dense_params, replicas.dense, layout.tp),
        (states.expert_params, replicas.experts, layout.ep * layout.expert_tp),
    )
    gradients = parameters = each = 0.0
    moved = 0.0
    for params, size, stride in of_group:
        if not params:
            continue
        shard = params / size if layout.zero else params
        per_param = 2 * dtypes.gradient + 2 * (dtypes.master_weight + dtypes.moments) + dtypes.weight
        moved += shard * per_param
        if size == 1:
            continue
        if layout.zero == 0:
            gradients += collective_s(accelerator, ALL_REDUCE, params * dtypes.gradient, size, stride, domain)
            continue
        sent = min(2, dtypes.gradient) if layout.zero == 3 else dtypes.gradient  # FSDP's are in the type of computing
        scattered = collective_s(accelerator, REDUCE_SCATTER, params * sent, size, stride, domain)
        gathered = collective_s(accelerator, ALL_GATHER, params * width, size, stride, domain)
        if layout.zero == 3:
            each += 2 * gathered
        else:
            parameters += gathered
        if layout.zero == 3 or layout.zero == 2 and layout.pp == 1:  # a pipeline adds its micro-batches up first
            each += scattered
        else:
            gradients += scattered
    return Between(moved / bandwidth_bytes_per_s, gradients, parameters, each)
