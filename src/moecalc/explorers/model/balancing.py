"""Load of the busiest expert over the steps of a simulation, under three methods."""

import math

from ...mechanisms.balancing import METHODS, Setting, max_violation, mean_over_last_steps, simulations
from .._define import Choice, Explorer, Metric, Number

#: Points of each curve; one stands for the mean of the steps up to it.
POINTS = 25
NAMES = {"none": "no balancing", "loss": "auxiliary loss", "bias": "bias"}


#: Fields of a setting that a method does not look at.
UNUSED = {"none": ("gamma", "frozen", "strength"), "loss": ("gamma", "frozen"), "bias": ("strength",)}
#: How many simulations are kept: a control moves one method, or none, more often than all.
KEPT = 12
_kept: dict = {}


def _results(setting: Setting):
    """Method -> its simulation; yields the share done."""
    keys = {method: (method, setting._replace(**dict.fromkeys(UNUSED[method], 0.0))) for method in METHODS}
    new = yield from simulations(setting, [method for method, key in keys.items() if key not in _kept])
    _kept.update({keys[method]: result for method, result in new.items()})
    results = {method: _kept[key] for method, key in keys.items()}
    for key in [*_kept][:-KEPT]:
        del _kept[key]
    yield 1.0
    return results


def compute(experts, top_k, tokens, steps, skew, gamma, frozen, strength, capacity, seed):
    setting = Setting(experts, top_k, tokens, steps, skew, gamma, frozen / 100, strength, seed)
    results = yield from _results(setting)
    ends = {method: mean_over_last_steps(result, setting, capacity) for method, result in results.items()}
    metrics = {
        **{f"violation_{method}": ends[method]["max_violation"] for method in METHODS},
        **{f"together_{method}": ends[method]["max_violation_together"] for method in METHODS},
        **{f"dropped_{method}": ends[method]["dropped"] for method in METHODS},
        "shift": ends["loss"]["shift"],
        "offset": ends["bias"]["offset"],
        "mean_load": tokens * top_k / experts,
    }
    every = steps // POINTS
    curves = {method: [max_violation(loads) for loads in result["loads"]] for method, result in results.items()}
    rows = [
        {
            "step": last,
            **{method: round(math.fsum(curve[last - every : last]) / every, 6) for method, curve in curves.items()},
            "frozen": last > round(steps * (1 - frozen / 100)),
        }
        for last in range(every, steps + 1, every)
    ]
    return metrics, rows


def _each(*values, words="{}"):
    return tuple((value, words.format(value)) for value in values)


EXPLORER = Explorer(
    name="balancing",
    title="Three ways to balance, simulated on made-up tokens",
    description="Three curves over the steps of a simulation: how far the busiest expert is above the mean load, without "
    "balancing, with an auxiliary loss and with a bias on each expert. In the shaded steps the biases stand still. "
    "A point is the mean of the steps up to it.",
    lead=("gamma", "strength", "skew", "experts", "top_k", "capacity"),
    headline=("violation_bias", "violation_loss", "violation_none"),
    controls=(
        Choice("experts", "Experts", 32, _each(16, 32, 64)),
        Choice("top_k", "Experts a token", 4, _each(1, 2, 4, 8)),
        Choice("tokens", "Tokens a step", 250, _each(125, 250, 500, 1000, words="{:,}")),
        Choice("steps", "Steps", 100, _each(50, 100)),
        Choice("skew", "Skew of the experts", 1, ((0, "none"), (0.5, "small"), (1, "medium"), (2, "large"))),
        Choice("gamma", "Step of a bias, gamma", 0.001, _each(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1)),
        Choice("frozen", "Gamma is 0 at the end for", 20, ((0, "no step"), (20, "a fifth of them"), (50, "half of them"))),
        Choice("strength", "Strength of the auxiliary loss", 0.3, _each(0.1, 0.3, 1, 3, 10)),
        Choice("capacity", "Room of an expert, over the mean", 1.25, _each(1, 1.25, 1.5, 2, words="{:g} times")),
        Number("seed", "Seed", 1, 1, 5, 1),
    ),
    metrics={
        "violation_none": Metric("Above the mean: no balancing", "%", 1),
        "violation_loss": Metric("Above the mean: auxiliary loss", "%", 1),
        "violation_bias": Metric("Above the mean: bias", "%", 1),
        "together_none": Metric("Last steps together: no balancing", "%", 1),
        "together_loss": Metric("Last steps together: auxiliary loss", "%", 1),
        "together_bias": Metric("Last steps together: bias", "%", 1),
        "dropped_none": Metric("Finds no room: no balancing", "%", 2),
        "dropped_loss": Metric("Finds no room: auxiliary loss", "%", 2),
        "dropped_bias": Metric("Finds no room: bias", "%", 2),
        "shift": Metric("Affinities moved by the loss", "", 4),
        "offset": Metric("Largest bias", "", 4),
        "mean_load": Metric("Mean load of an expert", "tokens"),
    },
    columns={
        "step": Metric("Steps up to"),
        **{method: Metric(f"Above the mean: {NAMES[method]}", "%", 1) for method in METHODS},
    },
    compute=compute,
)
