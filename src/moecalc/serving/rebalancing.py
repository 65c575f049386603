"""How often to move experts: what a new plan costs in bytes and seconds, against what an old plan loses.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..model.checkpoint import tensor_storage
from ..model.config import ModelConfig
from .eplb import ExpertPlan, balanced_experts, max_over_mean, throughput_of_balanced
from .expert_loads import made_up_loads, normal

#: Correlations of loads, now and then, at which an old plan is tried; between them its loss is interpolated.
CORRELATIONS = (1.0, 0.99, 0.97, 0.9, 0.8, 0.6, 0.3, 0.0)
#: Equal parts of an interval at whose middles a plan's age is looked at.
AGES = 40


class Moved(NamedTuple):
    """What a new plan asks of the GPU that fetches most."""

    slots: int  #: of all layers, that get an expert which the GPU did not hold
    share: float  #: of all slots of all GPUs that get one
    num_bytes: float
    time_s: float  #: on one link, with nothing else on it


class Interval(NamedTuple):
    """Shares of the throughput with a fresh plan that are lost, if experts are moved at an interval."""

    interval_s: float
    moving: float  #: while experts are fetched, if nothing else is done then
    ageing: float  #: because loads drift away from the plan

    @property
    def total(self) -> float:
        return self.moving + self.ageing


def bytes_of_expert(config: ModelConfig, weights: str | None = None) -> float:
    """Bytes of one routed expert of one layer, scales included, as the config stores it or as `weights` asks [bytes].

    >>> bytes_of_expert(v3) / 2**20  # 3 x 2048 x 7168 numbers of FP8, and a scale for each 128 x 128 of them
    42.010253...
    """
    stored = tensor_storage(config, weights)
    held = [
        stored(tensor) / tensor.copies
        for block in config.anatomy.layers[-1:]
        for tensor in block.tensors
        if tensor.component == "routed_experts"
    ]
    if not held:
        raise InputError(f"{config.name or 'this model'} has no routed experts in its last layer")
    return math.fsum(held)


def moved(before: Sequence, after: Sequence, gpus: int, expert_bytes: float, bandwidth: float) -> Moved:
    """What it takes to come from one plan to another, both [layers][slots] over the same `gpus` [GPUs].

    `expert_bytes` [bytes] of each are fetched over a link of `bandwidth` [bytes/s]; a GPU changes its own slots freely.

    >>> moved([[0, 1, 2, 3]], [[1, 0, 2, 0]], 2, 100, 50)
    Moved(slots=1, share=0.25, num_bytes=100, time_s=2.0)
    """
    real("expert_bytes", expert_bytes, positive=True)
    real("bandwidth", bandwidth, positive=True)
    fetched = [0] * whole("gpus", gpus)
    for old, new in zip(before, after, strict=True):
        size = len(new) // gpus
        for gpu in range(gpus):
            here = slice(gpu * size, (gpu + 1) * size)
            fetched[gpu] += len(set(new[here]) - set(old[here]))
    most = max(fetched)
    num_slots = sum(map(len, after))
    return Moved(most, sum(fetched) / num_slots, most * expert_bytes, most * expert_bytes / bandwidth)


class Drift(NamedTuple):
    """What becomes of a plan as loads drift: for each of :data:`CORRELATIONS`, and the plans at both ends."""

    imbalance: tuple  #: max over mean, mean over layers
    first: ExpertPlan
    last: ExpertPlan  #: made for loads that have nothing in common with those of the first

    def throughput(self, correlation: float, expert_share: float = 1) -> float:
        """Share of a balanced step's throughput at a `correlation` of the loads now with those of the plan: a ratio."""
        for (right, at_right), (left, at_left) in zip(
            zip(CORRELATIONS, self.imbalance, strict=True),
            zip(CORRELATIONS[1:], self.imbalance[1:], strict=True),
            strict=False,
        ):
            if correlation >= left:
                part = (correlation - left) / (right - left)
                return throughput_of_balanced([at_left + part * (at_right - at_left)], expert_share)
        raise InputError(f"correlation must be from 0 to 1; found {correlation}")


def drift(layers: int, experts: int, skew: float, sizes: tuple, seed: int = 1) -> Drift:
    r"""A plan for loads of the law :func:`moecalc.serving.expert_loads.made_up_loads`, held against loads drawn later.

    .. math:: z' = \rho z + \sqrt{1 - \rho^2} \, \varepsilon

    z are the logarithms of the loads over the skew; `sizes` are replicas, groups, nodes and GPUs.

    >>> drift(2, 16, 1, (24, 1, 1, 8)).imbalance[0] == drift(2, 16, 1, (24, 1, 1, 8)).first.max_over_mean[0]
    False
    """
    loads = made_up_loads(layers, experts, skew, seed)
    first, draw = balanced_experts(loads, *sizes), Random(seed + 10**6).random
    noise = [[normal(draw) for _ in layer] for layer in loads]
    found = []
    for correlation in CORRELATIONS:
        fresh = skew * math.sqrt(1 - correlation**2)
        later = [
            [load**correlation * math.exp(fresh * epsilon) for load, epsilon in zip(*pair, strict=True)]
            for pair in zip(loads, noise, strict=True)
        ]
        ratios = [
            max_over_mean(layer, slots, sizes[-1]) for layer, slots in zip(later, first.physical_to_logical, strict=True)
        ]
        found.append(math.fsum(ratios) / len(ratios))
    return Drift(tuple(found), first, balanced_experts(later, *sizes))


def lost_at_interval(found: Drift, interval_s: float, move_s: float, drift_s: float, expert_share: float = 1) -> Interval:
    r"""What is lost if a plan of age 0 is made every `interval_s` [s].

    .. math:: \frac{t_m}{T} + \frac{1}{T} \int_0^T \left( 1 - \frac{\theta(e^{-a / \tau})}{\theta(1)} \right) da

    t_m = `move_s` [s] for which serving stands still, 0 where weights are fetched in the background; loads forget their
    past in tau = `drift_s` [s]; theta is :meth:`Drift.throughput` with `expert_share`.
    """
    real("interval_s", interval_s, positive=True)
    real("move_s", move_s)
    real("drift_s", drift_s, positive=True)
    best = found.throughput(1, expert_share)
    ages = [(place + 0.5) * interval_s / AGES for place in range(AGES)]
    kept = math.fsum(found.throughput(math.exp(-age / drift_s), expert_share) / best for age in ages) / AGES
    return Interval(interval_s, min(1.0, move_s / interval_s), 1 - kept)
