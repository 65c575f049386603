"""Dispatch and combine as DeepEP's kernels are called, and what is said of both."""

import math
from typing import NamedTuple

from ...base.checks import divisor, whole
from ...base.limits import MAX_PARALLEL_SIZE
from ..accelerator import Accelerator
from ..all_to_all.gate import MAX_CHOSEN, MAX_EXPERTS
from ..kernels.estimate import KernelTime
from .parameters import FALLBACK, Source, with_interval

DIRECTIONS = ("dispatch", "combine")
#: GPUs of a node, and of one where the scale-up domain is larger than that: a tray of a GB200 NVL72.
NODE, TRAY = 8, 4


class Shape(NamedTuple):
    """One call: tokens of each GPU, and where their experts are."""

    num_tokens: int
    hidden_size: int
    num_chosen: int = 8
    num_experts: int = 256
    num_nodes: int = 1
    gpus_per_node: int = NODE

    @property
    def ep(self) -> int:
        """GPUs that hold the experts."""
        return self.num_nodes * self.gpus_per_node


class DispatchCombine(NamedTuple):
    """Times of both kernels, one after the other."""

    dispatch: KernelTime
    combine: KernelTime

    @property
    def time_s(self) -> float:
        return self.dispatch.time_s + self.combine.time_s

    @property
    def low_s(self) -> float:
        return self.dispatch.low_s + self.combine.low_s

    @property
    def high_s(self) -> float:
        return self.dispatch.high_s + self.combine.high_s

    @property
    def note(self) -> str:
        return self.dispatch.note


def check_shape(shape: Shape, whole_experts: bool = True) -> Shape:
    """The shape, if its sizes go together; with `whole_experts`, each GPU must hold as many.

    >>> check_shape(Shape(128, 7168)).ep
    8
    """
    whole("num_token", shape.num_tokens, 0, 10**9)
    whole("hidden_size", shape.hidden_size, 1, 10**6)
    whole("num_experts", shape.num_experts, 1, MAX_EXPERTS)
    whole("num_topk", shape.num_chosen, 1, min(MAX_CHOSEN, shape.num_experts))
    whole("node_num", shape.num_nodes, 1, MAX_PARALLEL_SIZE)
    whole("gpus_per_node", shape.gpus_per_node, 1, MAX_PARALLEL_SIZE)
    if whole_experts:
        divisor("EP, nodes times GPUs of a node,", shape.ep, shape.num_experts, "experts")
    return shape


def gpus_per_node(accelerator: Accelerator) -> int:
    """GPUs of a node as the measured rows count nodes [GPUs].

    >>> gpus_per_node(load_accelerator("h100-sxm")), gpus_per_node(load_accelerator("gb200-nvl72"))
    (8, 4)
    """
    domain = accelerator.scale_up_domain_gpus
    return NODE if domain is None or domain <= NODE else TRAY


def nominal_links(accelerator: Accelerator, shape: Shape) -> tuple:
    """Bandwidths of the scale-up and the scale-out link in one direction; one that is not crossed is not asked for.

    >>> nominal_links(load_accelerator("h800-sxm"), Shape(128, 7168))
    (200000000000.0, inf)
    """
    up = accelerator.needed("scale_up_bandwidth_bytes_per_s") if shape.gpus_per_node > 1 else math.inf
    return up, accelerator.needed("scale_out_bandwidth_bytes_per_s") if shape.num_nodes > 1 else math.inf


def timed(kind: str, accelerator: Accelerator, source: Source, shape: Shape, time_s: float, note: str = "") -> KernelTime:
    """`time_s` [s] of a shape with its interval: over several nodes only one generation was measured."""
    if shape.num_nodes > 1 and source.generation != FALLBACK:
        source = source._replace(measured=False, alike=False)
        note = f"over several nodes only {FALLBACK.title()} was measured: its parameters and the interval of such transfers"
    return with_interval(kind, accelerator, source, time_s, note)
