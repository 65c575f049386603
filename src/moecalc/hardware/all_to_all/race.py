"""Which experts made-up tokens choose: a seeded simulation that draws no more than the few best of each group.

The experts of a group ring one after the other: each wait is exponential with the rate of those that have not rung, and who
rings is drawn in proportion to it. So the best two of 32 experts cost two waits, not 32 scores and a sort.
"""

import math
from bisect import bisect_right
from random import Random

from ...base.checks import real, whole
from ...base.errors import InputError
from .gate import Gate, check_gate
from .scores import Scores, check_scores, popularity, score_of_time

#: Most tokens that are simulated: a minute or two.
MAX_SAMPLES = 10**6
#: Draws of one that has rung already, before all that have not are weighed.
TRIES = 12


def chosen_experts(gate: Gate, scores: Scores, num_samples: int, seed: int = 1, biases=None) -> list:
    """The experts of each of `num_samples` tokens, drawn by ``random.Random(seed).random`` alone.

    `biases` are added to the scores for the choice, one for each expert; 0 if not given. The same arguments give the same
    experts on every machine.

    >>> chosen_experts(Gate(8, 2, n_group=4, topk_group=1), Scores(), 3) == chosen_experts(
    ...     Gate(8, 2, n_group=4, topk_group=1), Scores(), 3
    ... )
    True
    """
    check_gate(gate)
    check_scores(scores)
    whole("num_samples", num_samples, 1, MAX_SAMPLES)
    whole("seed", seed, 0)
    draw = Random(seed).random
    weights = popularity(scores, gate.num_scored)
    if biases is not None:
        return _by_all_scores(gate, scores, weights, _checked(biases, gate), num_samples, draw)
    size = gate.num_scored // gate.n_group
    ringers = [_ringer(weights[g * size : (g + 1) * size], g * size, draw, scores.alike) for g in range(gate.n_group)]
    if not gate.limited:
        if gate.n_group > 1:
            ringers = [_ringer(weights, 0, draw, scores.alike)]
        next_one = ringers[0]
        return [_first(next_one, gate.num_chosen) for _ in range(num_samples)]
    score, best = score_of_time(scores), min(gate.best_per_group, size)
    if scores.alike:
        return [_alike_within_best_groups(gate, size, score, best, draw) for _ in range(num_samples)]
    return [_within_best_groups(gate, ringers, score, best) for _ in range(num_samples)]


def _first(ringer, num_chosen) -> list:
    state = ringer(None)
    for _ in range(num_chosen):
        ringer(state)
    return state[1]


def _within_best_groups(gate, ringers, score, best) -> list:
    """The experts of one token: groups by the sum of their best scores, then the earliest rings of those that stay."""
    found = []
    for ringer in ringers:
        state = ringer(None)
        total = 0.0
        for _ in range(best):
            ringer(state)
            total += score(state[0][-1])
        found.append((-total, len(found), state))
    found.sort()
    kept = [[state[0][0], 0, state, ringers[index]] for _, index, state in found[: gate.topk_group]]
    chosen = []
    for _ in range(gate.num_chosen):
        head = min(kept)  # two times are never equal, so nothing behind them is compared
        _, place, state, ringer = head
        chosen.append(state[1][place])
        place += 1
        if place == len(state[0]):
            ringer(state)
        head[0], head[1] = state[0][place], place
    return chosen


def _alike_within_best_groups(gate, size, score, best, draw) -> list:
    """The same, where all experts are alike: who rings does not change the next wait, so only the chosen get a name."""
    log = math.log
    found = []
    for group in range(gate.n_group):
        time = total = 0.0
        times = []
        for rung in range(best):
            time -= log(1.0 - draw()) / (size - rung)
            times.append(time)
            total -= score(time)
        found.append((total, group, times))
    found.sort()
    kept = [[times[0], 0, times, group] for _, group, times in found[: gate.topk_group]]
    chosen = []
    for _ in range(gate.num_chosen):
        head = min(kept)
        _, place, times, group = head
        expert = group * size + int(draw() * size)
        while expert in chosen:
            expert = group * size + int(draw() * size)
        chosen.append(expert)
        place += 1
        if place == len(times):
            times.append(times[-1] - log(1.0 - draw()) / (size - place) if place < size else math.inf)
        head[0], head[1] = times[place], place
    return chosen


def _ringer(weights, first, draw, alike):
    """A function that begins a race (of None), or adds the next ring to one: [times, experts, rate of the rest]."""
    num, total, log = len(weights), math.fsum(weights), math.log
    bounds, so_far = [], 0.0
    for weight in weights:
        so_far += weight
        bounds.append(so_far)

    def another(rung):
        for _ in range(TRIES):
            place = int(draw() * num) if alike else min(bisect_right(bounds, draw() * so_far), num - 1)
            if first + place not in rung:
                return place
        left = [place for place in range(num) if first + place not in rung]
        at = draw() * math.fsum(weights[place] for place in left)
        for place in left:
            at -= weights[place]
            if at < 0:
                return place
        return left[-1]

    def ring(state):
        if state is None:
            return [[], [], total]
        times, experts, rate = state
        if len(experts) == num:
            times.append(math.inf)
            experts.append(None)
            return state
        if not rate > 1e-9 * total:  # what rounding left of a difference
            rate = math.fsum(weights[place] for place in range(num) if first + place not in experts)
        times.append((times[-1] if times else 0.0) - log(1.0 - draw()) / rate)
        place = another(experts)
        experts.append(first + place)
        state[2] = rate - weights[place]
        return state

    return ring


def _by_all_scores(gate, scores, weights, biases, num_samples, draw) -> list:
    """The slow way, which biases need: every score is drawn."""
    score, log = score_of_time(scores), math.log
    size, best = gate.num_scored // gate.n_group, gate.best_per_group
    chosen = []
    for _ in range(num_samples):
        biased = [score(-log(1.0 - draw()) / weight) + bias for weight, bias in zip(weights, biases, strict=True)]
        groups = range(gate.n_group)
        if gate.limited:
            sums = [sum(sorted(biased[g * size : (g + 1) * size])[-best:]) for g in groups]
            groups = sorted(groups, key=sums.__getitem__)[-gate.topk_group :]
        allowed = [expert for g in groups for expert in range(g * size, (g + 1) * size)]
        chosen.append(sorted(allowed, key=biased.__getitem__)[-gate.num_chosen :])
    return chosen


def _checked(biases, gate) -> list:
    biases = [real("each of the biases", bias, -1e6, 1e6) for bias in biases]
    if len(biases) != gate.num_scored:
        raise InputError(f"biases must be as many as experts, {gate.num_scored}; found {len(biases)}")
    return biases
