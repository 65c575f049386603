"""A simulation of load balancing: what each method does to the experts' load, on made-up tokens.

Nothing here is trained. Affinities are drawn at random, with some experts liked by all tokens;
a method may shift each expert's bias or the router's own output for it, and the load follows.
"""

import math
from bisect import bisect_left
from functools import lru_cache
from operator import add
from random import Random
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.progress import run_to_end

METHODS = ("none", "loss", "bias")
#: Batches that are drawn; the steps take them in turn.
BATCHES = 4
#: Part of the router's shift that training takes back in each step: it likes its experts for a reason.
PULL = 0.05
#: Share of the steps at the end that the averages are taken over.
END = 0.2
#: Scores are held as whole multiples of 2**-GRID, with the expert's number in the last digits.
#: So sums are exact, every machine breaks a tie alike, and a score carries the number of its expert.
GRID = 36
#: How far the scores may move before all of them are looked at again: a matter of speed alone.
WINDOW = {"none": 0.0, "loss": 0.5, "bias": 0.08}
#: Coefficients of the hyperbolic cotangent: of which power, how much.
COTH = {
    1: 1 / 3,
    3: -1 / 45,
    5: 2 / 945,
    7: -1 / 4725,
    9: 2 / 93555,
    11: -1382 / 638512875,
    13: 4 / 18243225,
    15: -3617 / 162820783125,
}


class Setting(NamedTuple):
    """What is simulated."""

    num_experts: int = 32  #: N
    num_experts_per_tok: int = 4  #: K
    num_tokens: int = 250  #: T, in each step
    num_steps: int = 100
    skew: float = 1.0  #: largest shift of an expert's logit that all tokens share
    gamma: float = 0.001  #: step of a bias
    frozen: float = 0.2  #: share of the steps at the end in which gamma is 0
    strength: float = 1.0  #: step of the router along the loss's gradient
    seed: int = 1


def check_setting(setting: Setting) -> Setting:
    """A setting, unchanged, if every value is in range."""
    whole("num_experts", setting.num_experts, 2, 512)
    whole("num_experts_per_tok", setting.num_experts_per_tok, 1, setting.num_experts)
    whole("num_tokens", setting.num_tokens, 1, 100_000)
    whole("num_steps", setting.num_steps, 1, 10_000)
    real("skew", setting.skew, 0, 10)
    real("gamma", setting.gamma, 0, 1)
    real("frozen", setting.frozen, 0, 1)
    real("strength", setting.strength, 0, 1000)
    whole("seed", setting.seed, 0)
    return setting


def simulated_loads(setting: Setting, method: str) -> dict:
    r"""Tokens of each expert in each step under one of the :data:`METHODS` of balancing.

    Every step routes a batch of tokens to the K experts with the best scores. Then, by method:

    - ``none``: nothing.
    - ``bias``: each expert's bias moves by gamma, down if its load is above the mean, up if below,
      as in DeepSeek-V3; at the end gamma is 0. A score is affinity plus bias.
    - ``loss``: the router's output for each expert moves down the gradient of an auxiliary loss,
      and training pulls it back. A score is the affinity that results.

    .. math:: L = \sum_i f_i P_i, \quad c_i \leftarrow (1 - \rho) \, c_i - \eta \, N \, \frac{\partial L}{\partial c_i}

    Returns
    -------
    dict
        ``loads``, shape [num_steps, num_experts] [tokens]; at the end ``offsets`` of the bias, and
        ``shifts`` of the router's outputs, one an expert

    Notes
    -----
    An affinity without shift is a uniform number from 0 to 1, a logit of the logistic distribution.
    f is the batch's load over its mean and held fixed in the gradient; P is the expected affinity
    over the sum of all, which for such affinities has a closed form. The weight alpha and the
    learning rate act as one, eta.

    Examples
    --------
    >>> loads = simulated_loads(Setting(num_experts=8, num_experts_per_tok=2, num_tokens=50), "none")["loads"]
    >>> len(loads), {sum(step) for step in loads}
    (100, {100})
    """
    return run_to_end(simulations(setting, (method,)))[method]


def simulations(setting: Setting, methods=METHODS):
    """The same tokens under several methods: yields the share of all steps that is done, after each step.

    The generator returns what :func:`simulated_loads` gives, for each method. It raises at its first step, not before.

    >>> list(simulations(Setting(num_steps=2), ("none", "bias")))
    [0.25, 0.5, 0.75, 1.0]
    """
    check_setting(setting)
    for method in methods:
        one_of("method", method, METHODS)
    steps, results = setting.num_steps, {}
    for method in methods:
        results[method] = yield from _simulation(setting, method, len(results) * steps, len(methods) * steps)
    return results


def _simulation(setting: Setting, method: str, before: int, total: int):
    """One method; yields the share done of so many steps, some of which were done before."""
    num, moving = setting.num_experts, round(setting.num_steps * (1 - setting.frozen))
    popular = _drawn(num, setting.num_tokens, setting.skew, setting.seed)[0]
    batches = [_loader(batch, setting.num_experts_per_tok, WINDOW[method]) for batch in _scores(setting, method)]
    mean = setting.num_tokens * setting.num_experts_per_tok / num
    offsets, shifts, loads = [0.0] * num, [0.0] * num, []
    for step in range(setting.num_steps):
        if method == "none" and step >= BATCHES:
            loads.append(loads[step % BATCHES])
        else:
            loads.append(batches[step % BATCHES](shifts if method == "loss" else offsets))
        if method == "loss":
            gradient = _gradient(popular, shifts, [load / mean for load in loads[-1]])
            shifts = [(1 - PULL) * c - setting.strength * num * g for c, g in zip(shifts, gradient, strict=True)]
        elif method == "bias" and step < moving:
            offsets = [
                b + setting.gamma * ((load < mean) - (load > mean)) for b, load in zip(offsets, loads[-1], strict=True)
            ]
        yield (before + step + 1) / total
    return {"loads": loads, "offsets": offsets, "shifts": shifts}


def max_violation(loads) -> float:
    r"""By what share of the mean the busiest expert is above it: 0 where all are equal, 1 where one has twice the mean.

    .. math:: V = \frac{\max_i l_i}{\bar l} - 1

    l = `loads` [tokens] of each expert.

    >>> max_violation([30, 10, 10, 10])
    1.0
    """
    return max(loads) * len(loads) / sum(loads) - 1


def dropped_share(loads, capacity_factor: float) -> float:
    r"""Share of all assignments that find their expert full, if each takes c = `capacity_factor` times the mean and no more.

    .. math:: D = \frac{\sum_i \max(0, \, l_i - c \, \bar l)}{\sum_i l_i}

    l = `loads` [tokens] of each expert.

    >>> dropped_share([30, 10, 10, 10], 1.0), dropped_share([30, 10, 10, 10], 1.5), dropped_share([30, 10, 10, 10], 2.0)
    (0.25, 0.125, 0.0)
    """
    real("capacity_factor", capacity_factor, positive=True)
    room = capacity_factor * sum(loads) / len(loads)
    return math.fsum(max(0, load - room) for load in loads) / sum(loads)


def mean_over_last_steps(result: dict, setting: Setting, capacity_factor: float = 1.25) -> dict:
    """Averages over the last :data:`END` of the steps of `result`, which :func:`simulated_loads` returned for the setting.

    Returns
    -------
    dict
        ``max_violation`` of a step; ``max_violation_together`` of the loads of all these steps added
        up, which the chance of single batches hardly touches; ``dropped``, :func:`dropped_share` of a step;
        ``shift``, how far the affinity of an expert was moved on average; ``offset``, largest bias

    Examples
    --------
    >>> setting = Setting(num_experts=8, num_experts_per_tok=2, gamma=0.01)
    >>> bias, none = (mean_over_last_steps(simulated_loads(setting, method), setting) for method in ("bias", "none"))
    >>> bias["max_violation"] < none["max_violation"] / 2
    True
    """
    last = result["loads"][-max(1, round(END * len(result["loads"]))) :]
    popular = _drawn(setting.num_experts, setting.num_tokens, setting.skew, setting.seed)[0]
    moved = [abs(_mean_affinity(a + c)[0] - _mean_affinity(a)[0]) for a, c in zip(popular, result["shifts"], strict=True)]
    return {
        "max_violation": math.fsum(map(max_violation, last)) / len(last),
        "max_violation_together": max_violation([sum(column) for column in zip(*last, strict=True)]),
        "dropped": math.fsum(dropped_share(loads, capacity_factor) for loads in last) / len(last),
        "shift": math.fsum(moved) / len(moved),
        "offset": max(map(abs, result["offsets"])),
    }


def _loader(batch, num_experts_per_tok: int, window: float):
    """A function from what is added to each expert's score to the tokens of each expert: the kernel.

    All scores of a token are looked at once. As long as what is added has since moved by no more than
    the window, only those that were so near to the chosen ones can be chosen, and only they are kept.
    """
    centre, near = None, []

    def load(added):
        nonlocal centre
        num = len(added)
        moved = None if centre is None else [now - then for now, then in zip(added, centre, strict=True)]
        if moved is None or max(moved) - min(moved) > window:
            centre, moved = added, [0.0] * num
            near.clear()
            shift = [_on_grid(one) * num for one in added]
            within = _on_grid(window) * num + num
            for row in batch:
                scores = sorted(map(add, row, shift))
                kept = scores[bisect_left(scores, scores[-num_experts_per_tok] - within) :]
                near.append((kept, [int(score % num) for score in kept]))
        shift, counts, first = [_on_grid(one) * num for one in moved], [0] * num, -num_experts_per_tok
        for scores, experts in near:
            for best in sorted(map(add, scores, map(shift.__getitem__, experts)))[first:]:
                counts[int(best % num)] += 1
        return counts

    return load


def _on_grid(value: float) -> float:
    return value * 2**GRID // 1


@lru_cache(maxsize=4)
def _drawn(num: int, num_tokens: int, skew: float, seed: int) -> tuple:
    """What all tokens share, and how much each token likes each expert besides, in each batch."""
    draw = Random(seed).random
    popular = [skew * (2 * draw() - 1) for _ in range(num)]
    return popular, [[[draw() or 0.5 for _ in range(num)] for _ in range(num_tokens)] for _ in range(BATCHES)]


def _scores(setting: Setting, method: str) -> list:
    """Affinities, or logits, of each batch on the grid."""
    num, size = setting.num_experts, 2**GRID
    popular, batches = _drawn(num, setting.num_tokens, setting.skew, setting.seed)
    if method == "loss":
        log = math.log
        rows = list(enumerate(popular))
        return [
            [[(a + log(u / (1 - u))) * size // 1 * num + i for (i, a), u in zip(rows, row, strict=True)] for row in batch]
            for batch in batches
        ]
    odds = [(i, math.exp(a)) for i, a in enumerate(popular)]
    return [
        [[w * u / (1 - u + w * u) * size // 1 * num + i for (i, w), u in zip(odds, row, strict=True)] for row in batch]
        for batch in batches
    ]


def _mean_affinity(logit: float) -> tuple:
    """Expected sigmoid of a logistic variable around `logit`, and its derivative."""
    if abs(logit) <= 0.5:  # near 0 the closed form is a difference of large numbers
        powers = [(n, c * (logit / 2) ** (n - 1)) for n, c in COTH.items()]
        return 0.5 + logit / 4 * math.fsum((1 + n) * p for n, p in powers), math.fsum(n * (1 + n) * p for n, p in powers) / 4
    w = math.exp(logit)
    mean = w / (w - 1) - w * logit / (w - 1) ** 2
    # of the mean with respect to the logit
    slope = w * ((w + 1) * logit - 2 * (w - 1)) / (w - 1) ** 3
    return mean, slope


def _gradient(popular, shifts, load) -> list:
    """Of the sum of f P with respect to the router's shifts."""
    pairs = [_mean_affinity(a + c) for a, c in zip(popular, shifts, strict=True)]
    total = math.fsum(mean for mean, _ in pairs)
    along = math.fsum(f * mean for f, (mean, _) in zip(load, pairs, strict=True)) / total
    return [slope / total * (f - along) for f, (_, slope) in zip(load, pairs, strict=True)]


def at_the_last_steps(method: str, **changes) -> dict:
    """What :func:`mean_over_last_steps` finds for one method, in a :class:`Setting` with some fields changed.

    >>> bias, none = (at_the_last_steps(method, num_tokens=125) for method in ("bias", "none"))
    >>> bias["max_violation"] < none["max_violation"]
    True
    """
    setting = Setting(**changes)
    return mean_over_last_steps(simulated_loads(setting, method), setting)
