"""Loads of experts made up by a law, since nobody publishes them expert by expert, and what copies make of them.

A load is in units of the mean of its law. One parameter, the skew, can be set by a published imbalance of GPUs.
"""

import math
from collections.abc import Callable, Sequence
from random import Random

from ..base.checks import divisor, real, whole
from ..base.errors import InputError
from .eplb import max_over_mean

#: Layers and experts of a model that are drawn at most, and the largest skew.
MOST_LAYERS, MOST_EXPERTS, MOST_SKEW = 1000, 4096, 5.0
#: The skew with the mean imbalance that TensorRT-LLM measured of DeepSeek-R1 on 32 GPUs without copies, over 58 layers of
#: 256 experts: :func:`fitted_skew` gives it.
PUBLISHED_SKEW = 1.0725
#: Halvings of an interval of skews: enough for six digits.
HALVINGS = 24


def normal(draw: Callable) -> float:
    """A ratio of mean 0 and variance 1, the same on every machine: 12 numbers that `draw` gives from 0 to 1, less 6.

    >>> round(normal(Random(1).random), 6)
    -0.223377
    """
    return math.fsum(draw() for _ in range(12)) - 6


def made_up_loads(layers: int, experts: int, skew: float, seed: int = 1) -> list:
    r"""Loads [layers][experts] by a log-normal law: few experts have most, as where loads were published.

    .. math:: w = e^{\sigma z}

    z is :func:`normal`; sigma = `skew` is 0 for a perfect balance. `experts` are those of each of the `layers`.

    >>> made_up_loads(1, 2, 0), [round(load, 3) for load in made_up_loads(1, 2, 1)[0]]
    ([[1.0, 1.0]], [0.8, 0.927])
    """
    whole("layers", layers, most=MOST_LAYERS)
    whole("experts", experts, most=MOST_EXPERTS)
    real("skew", skew, most=MOST_SKEW)
    draw = Random(whole("seed", seed, least=0)).random
    return [[math.exp(skew * normal(draw)) for _ in range(experts)] for _ in range(layers)]


def loads_of_step(loads: Sequence, tokens: int, seed: int = 1) -> list:
    r"""Loads [experts] as one step counts them: `tokens` [tokens] are all routed ones of a layer, each k times for top-k.

    .. math:: c = \max\left(0, p + z \sqrt{p}\right), \qquad p = T \, w / \textstyle\sum w

    z is :func:`normal`. `loads` are those of one layer in the long run. Leaves out that a token's k experts are different.

    >>> [round(load) for load in loads_of_step([3, 1], 4000)]
    [2988, 998]
    """
    whole("tokens", tokens, most=10**12)
    unit, draw = tokens / math.fsum(loads), Random(whole("seed", seed, least=0)).random
    return [max(0.0, load * unit + normal(draw) * math.sqrt(load * unit)) for load in loads]


def imbalance_in_order(loads: Sequence, gpus: int) -> list:
    """Max over mean of each layer's `gpus` [GPUs], on which `loads` [layers][experts] lie in order, one copy each: ratios.

    >>> imbalance_in_order([[90, 10, 20, 40]], 2)
    [1.25]
    """
    divisor("gpus", whole("gpus", gpus), len(loads[0]), "experts")
    slots = range(len(loads[0]))
    return [max_over_mean(layer, slots, gpus) for layer in loads]


def fitted_skew(imbalance: float, layers: int, experts: int, gpus: int, seed: int = 1) -> float:
    """The skew at which `gpus` [GPUs] that hold `experts` in order have a mean `imbalance`, max over mean: a ratio.

    The mean is over `layers`, drawn with `seed`.

    Raises
    ------
    InputError
        Where no skew up to :data:`MOST_SKEW` has it.

    >>> round(fitted_skew(2.0, 8, 64, 8), 2)
    1.13
    """
    real("imbalance", imbalance, least=1)
    drawn = made_up_loads(layers, experts, 1, seed)

    def mean(skew) -> float:
        found = imbalance_in_order([[load**skew for load in layer] for layer in drawn], gpus)
        return math.fsum(found) / len(found)

    low, high = 0.0, MOST_SKEW
    if mean(high) < imbalance:
        raise InputError(f"imbalance must be at most {mean(high):.3g} on {gpus:,} GPUs; found {imbalance:g}")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) < imbalance else (low, middle)
    return (low + high) / 2


def imbalance_of_steps(loads: Sequence, plan: Sequence, gpus: int, tokens: int, seed: int = 1) -> list:
    """Max over mean of each layer's `gpus` [GPUs] in a step of so many routed `tokens` [tokens], under a plan: ratios.

    `plan` [layers][slots] is such as :func:`moecalc.serving.eplb.balanced_experts` makes of `loads` [layers][experts], those
    of the long run. The fewer tokens a step has, the further it is from what the plan was made for.

    >>> from .eplb import balanced_experts
    >>> loads = made_up_loads(1, 16, 1)
    >>> plan = balanced_experts(loads, 24, 1, 1, 8)
    >>> few, many = (imbalance_of_steps(loads, plan.physical_to_logical, 8, tokens)[0] for tokens in (100, 10**9))
    >>> few > many and abs(many - plan.max_over_mean[0]) < 1e-3
    True
    """
    return [
        max_over_mean(loads_of_step(layer, tokens, seed + place), slots, gpus)
        for place, (layer, slots) in enumerate(zip(loads, plan, strict=True))
    ]
