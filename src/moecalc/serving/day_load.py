"""A day's load as one wave around its mean, and what GPUs that are given back at night save."""

import math
from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError

HOURS = 24
#: Hour at which the wave is highest.
BUSIEST = 15


def load_by_hour(peak_over_mean: float, busiest: float = BUSIEST) -> list:
    r"""The load of each hour over the day's mean [24 ratios].

    .. math:: \lambda(t) = 1 + (a - 1) \cos \frac{2 \pi (t - t_0)}{24}

    a = `peak_over_mean`, t_0 = `busiest`, an hour. Real days are no cosine; of DeepSeek's, mean and peak alone were printed.

    >>> [round(one, 2) for one in load_by_hour(1.2)[::6]]
    [0.86, 0.86, 1.14, 1.14]
    """
    real("peak_over_mean", peak_over_mean, least=1, most=2)
    return [1 + (peak_over_mean - 1) * math.cos(2 * math.pi * (hour - busiest) / HOURS) for hour in range(HOURS)]


class Held(NamedTuple):
    """GPUs that a day of changing load needs."""

    mean: float  #: where those not needed are given back
    peak: int  #: where they are kept
    saved: float  #: share of the GPU-hours


def held(gpus_by_hour: list) -> Held:
    """What giving GPUs back saves, where each hour needs as many as `gpus_by_hour` [GPUs] says.

    >>> held([2, 4])
    Held(mean=3.0, peak=4, saved=0.25)
    """
    if not gpus_by_hour:
        raise InputError("gpus_by_hour must hold at least one hour; found none")
    for gpus in gpus_by_hour:
        real("gpus_by_hour", gpus, positive=True)
    mean, peak = sum(gpus_by_hour) / len(gpus_by_hour), max(gpus_by_hour)
    return Held(mean, peak, 1 - mean / peak)
