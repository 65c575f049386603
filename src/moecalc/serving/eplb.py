"""Experts balanced by copies: which slot of which GPU holds which expert, the plan of DeepSeek's EPLB [1]_.

Loads are integers inside, scaled up where they have fractions, so sums are exact and a tie is a tie on every machine.

.. [1] DeepSeek-AI, Expert Parallelism Load Balancer, https://github.com/deepseek-ai/EPLB.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from math import fsum, lcm
from typing import NamedTuple

from ..base.checks import LARGEST, divisor, real, whole
from ..base.errors import InputError, quoted
from ..base.limits import MAX_EXPERT_SLOTS


class ExpertPlan(NamedTuple):
    """Where the copies of experts lie, layer by layer."""

    physical_to_logical: list  #: [layers][replicas], the expert in each slot; the slots of GPU 0 come first
    copies: list  #: [layers][experts], slots that hold the expert
    max_over_mean: list  #: [layers], load of the fullest GPU over the mean of all
    policy: str  #: hierarchical or global
    notes: list  #: sentences that a reader must know


def balanced_experts(loads: Sequence, replicas: int, groups: int, nodes: int, gpus: int) -> ExpertPlan:
    """The plan of DeepSeek's ``rebalance_experts`` for loads as they were counted.

    Groups are packed on nodes, each node copies its own experts, and each packs its copies on its GPUs. Where nodes do not
    divide the groups there is one node with one group, and balancing is global.

    Parameters
    ----------
    loads : sequence, shape [layers][experts]
        Of each expert, in any unit
    replicas : int
        Slots of all GPUs, so experts and added copies
    groups : int
        Groups of consecutive experts that the gate limits a token to; 1 where it does not
    nodes : int
        Of GPUs with a fast network between them
    gpus : int
        That hold a layer's experts, on all nodes [GPUs]

    Notes
    -----
    The first of equals is taken. DeepSeek's program sums in float32 and sorts equals in no stated order, so where copies
    weigh the same, or very nearly, it may exchange them.

    >>> plan = balanced_experts([[90, 12, 20, 40]], replicas=6, groups=2, nodes=1, gpus=2)
    >>> plan.physical_to_logical, plan.copies, plan.max_over_mean
    ([[3, 0, 1, 0, 0, 2]], [[3, 1, 1, 1]], [1.0123456790123457])
    """
    num_experts = _check_loads(loads)
    _check_sizes(len(loads), num_experts, replicas, gpus)
    whole("groups", groups)
    whole("nodes", nodes)
    policy, notes = "hierarchical", []
    if groups % nodes:
        policy = "global"
        notes.append(
            f"{nodes:,} nodes do not divide the {groups:,} groups: balancing is global, as in DeepSeek's EPLB, "
            "and the copies of an expert lie on any node"
        )
        groups = nodes = 1
    divisor("groups", groups, num_experts, "experts")
    divisor("nodes", nodes, gpus, "GPUs")
    found = [_layer(layer, replicas, groups, nodes, gpus) for layer in loads]
    slots, copies = [one[0] for one in found], [one[1] for one in found]
    imbalance = [_max_over_mean(*one, gpus) for one in zip(loads, slots, copies, strict=True)]
    return ExpertPlan(slots, copies, imbalance, policy, notes)


def _layer(loads, replicas, groups, nodes, gpus) -> tuple:
    """(expert in each slot, copies of each expert) of one layer."""
    exact, size = _integers(loads), len(loads) // groups
    slots, copies = [], [1] * len(loads)
    for held in _packed([sum(exact[first : first + size]) for first in range(0, len(loads), size)], nodes):
        experts = [expert for group in held for expert in range(group * size, (group + 1) * size)]
        order, counts = _copied([exact[expert] for expert in experts], replicas // nodes)
        unit = lcm(*set(counts))  # in this unit each copy's part of a load is a whole number
        parts = [exact[expert] * (unit // count) for expert, count in zip(experts, counts, strict=True)]
        for gpu in _packed([parts[index] for index in order], gpus // nodes):
            slots += [experts[order[item]] for item in gpu]
        for expert, count in zip(experts, counts, strict=True):
            copies[expert] = count
    return slots, copies


def packed(weights: Sequence, packs: int) -> list:
    """Items in `packs` of equally many: item by item in falling weight, each to the lightest pack that has a place.

    `weights` are those of the items. With a pack for each item, item i lies in pack i.

    >>> packed([5, 1, 4, 3], 2)
    [[0, 1], [2, 3]]
    """
    _check_loads([weights])
    divisor("packs", whole("packs", packs), len(weights), "items")
    return _packed(_integers(weights), packs)


def _packed(weights, packs) -> list:
    size = len(weights) // packs
    if size == 1:
        return [[item] for item in range(packs)]
    held = [[] for _ in range(packs)]
    # A heap of weight x packs + pack: one whole number holds both, and the first of equals comes first.
    lightest = list(range(packs))
    for item in sorted(range(len(weights)), key=weights.__getitem__, reverse=True):
        key = lightest[0]
        pack = held[key % packs]
        pack.append(item)
        if len(pack) == size:
            heappop(lightest)
        else:
            heapreplace(lightest, key + weights[item] * packs)
    return held


def copied(loads: Sequence, slots: int) -> tuple:
    """(expert in each of the `slots`, copies of each expert): first each once, then a copy of whichever has most a copy.

    `loads` are those of the experts.

    >>> copied([90, 10, 20, 40], 6)
    ([0, 1, 2, 3, 0, 0], [3, 1, 1, 1])
    """
    _check_sizes(1, _check_loads([loads]), slots, 1)
    return _copied(_integers(loads), slots)


def _copied(weights, slots) -> tuple:
    order, counts = list(range(len(weights))), [1] * len(weights)
    # Most a copy first: whole part, then what remains, a fraction so small in its terms that a float orders it rightly.
    fullest = [(-weight, 0, expert) for expert, weight in enumerate(weights)]
    heapify(fullest)
    for _ in range(slots - len(weights)):
        expert = fullest[0][2]
        order.append(expert)
        counts[expert] += 1
        most, rest = divmod(weights[expert], counts[expert])
        heapreplace(fullest, (-most, -rest / counts[expert], expert))
    return order, counts


def max_over_mean(loads: Sequence, physical_to_logical: Sequence, gpus: int) -> float:
    """Ratio of the fullest GPU's load to the mean of all, for one layer and any placement: 1 is perfect balance.

    An expert's copies share its load evenly. A plan made of one hour's `loads` may so be held against the next hour's.

    Parameters
    ----------
    loads : sequence, shape [experts]
        Of each expert
    physical_to_logical : sequence, shape [slots]
        The expert in each slot
    gpus : int
        That share the slots evenly, in order [GPUs]

    >>> max_over_mean([90, 10, 20, 40], [0, 1, 2, 3], 2)
    1.25
    """
    num_experts = _check_loads([loads])
    _check_sizes(1, num_experts, len(physical_to_logical), gpus)
    copies = [0] * num_experts
    for expert in physical_to_logical:
        copies[whole("the expert of a slot", expert, 0, num_experts - 1)] += 1
    if 0 in copies:
        raise InputError(f"each expert must have a slot; expert {copies.index(0)} has none")
    return _max_over_mean(loads, physical_to_logical, copies, gpus)


def _max_over_mean(loads, slots, copies, gpus) -> float:
    total, size = fsum(loads), len(slots) // gpus
    if not total:
        return 1.0  # nobody has anything to do
    parts = [load / count for load, count in zip(loads, copies, strict=True)]
    most = max(fsum([parts[expert] for expert in slots[first : first + size]]) for first in range(0, len(slots), size))
    return max(1.0, most / total * gpus)  # never less: the rest is rounding


def throughput_of_balanced(max_over_mean: Sequence, expert_share: float = 1) -> float:
    r"""Share that is left of the throughput with perfectly balanced experts, if every GPU waits for the fullest one.

    .. math:: \frac{1}{1 + f \, (\bar{m} - 1)}

    m = `max_over_mean` of each layer, whose mean counts, as layers follow each other; f = `expert_share` is the share of the
    time of a balanced step that grows with a GPU's load. For one layer and f = 1 it is mean over max, EPLB's balancedness.

    >>> throughput_of_balanced([1.25]), throughput_of_balanced([1.25, 1.75], 0.5)
    (0.8, 0.8)
    """
    if not max_over_mean:
        raise InputError("max_over_mean must have a ratio for each layer; found none")
    ratios = [real("max_over_mean", ratio, least=1) for ratio in max_over_mean]
    real("expert_share", expert_share, most=1)
    return 1 / (1 + expert_share * (fsum(ratios) / len(ratios) - 1))


def _integers(loads) -> Sequence:
    """`loads` times a power of 2 that makes each a whole number."""
    if set(map(type, loads)) == {int}:
        return loads
    ratios = [load.as_integer_ratio() for load in loads]
    unit = max(ratio[1] for ratio in ratios)
    return [over * (unit // under) for over, under in ratios]


def _check_sizes(num_layers, num_experts, replicas, gpus) -> None:
    whole("replicas", replicas)
    whole("gpus", gpus)
    if replicas < num_experts:
        raise InputError(f"replicas must be at least the {num_experts:,} experts, a slot for each; found {replicas:,}")
    if num_layers * replicas > MAX_EXPERT_SLOTS:
        found = f"found {num_layers:,} layers of {replicas:,}"
        raise InputError(f"replicas must be at most {MAX_EXPERT_SLOTS:,} over all layers; {found}")
    divisor("gpus", gpus, replicas, "replicas")


def _check_loads(loads) -> int:
    """How many experts a layer has."""
    for number, layer in enumerate(_listed("loads", loads)):
        _listed(f"layer {number} of the loads", layer)
        if len(layer) != len(loads[0]):
            counts = f"layer {number} has {len(layer):,}, layer 0 has {len(loads[0]):,}"
            raise InputError(f"every layer must have a load for each expert; {counts}")
        # Quick where all is well; NaN fails each comparison.
        if not (set(map(type, layer)) <= {int, float} and min(layer) >= 0 and sum(layer) <= LARGEST):
            for expert, load in enumerate(layer):
                real(f"the load of expert {expert} in layer {number}", load)
    return len(loads[0])


def _listed(name, value):
    if not isinstance(value, (list, tuple)) or not value:
        raise InputError(f"{name} must be a list with at least one entry; found {quoted(value)}")
    return value
