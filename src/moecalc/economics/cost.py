"""Cost of a run: GPU-hours, USD and wall-clock days, and the inverse of each question.

GPU-hours, H = `gpu_hours` [GPU-hours], are summed over all GPUs, and GPUs are never idle. Rent is the only
cost: no staff, data, failed runs or experiments before the run.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437.
"""

import math

from ..base.checks import real

HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3600


def cost_usd(gpu_hours: float, usd_per_gpu_hour: float) -> float:
    """Price of a run at a rent of p = `usd_per_gpu_hour` [USD per GPU-hour]: C = H p [USD]. V3's, Table 1 of [1]_:

    >>> cost_usd(2.788e6, 2)
    5576000.0
    """
    return real("gpu_hours", gpu_hours) * real("usd_per_gpu_hour", usd_per_gpu_hour)


def wall_days(gpu_hours: float, num_gpus: float) -> float:
    """Time that a run takes on n = `num_gpus` [GPUs]: d = H / (24 n) [days].

    >>> round(wall_days(2.788e6, 2048), 1)
    56.7
    """
    return real("gpu_hours", gpu_hours) / real("num_gpus", num_gpus, positive=True) / HOURS_PER_DAY


def gpu_hours_of(num_gpus: float, days: float) -> float:
    """GPU-hours of n = `num_gpus` [GPUs] that run for d = `days` [days]: H = 24 n d [GPU-hours].

    >>> gpu_hours_of(2048, 54)
    2654208
    """
    return real("num_gpus", num_gpus) * real("days", days) * HOURS_PER_DAY


def num_gpus_for_deadline(gpu_hours: float, days: float) -> int:
    """GPUs that finish a run within d = `days` [days], if it is as efficient on any number: n = ceil(H / (24 d)) [GPUs].

    >>> num_gpus_for_deadline(2.788e6, 30)
    3873
    """
    return math.ceil(real("gpu_hours", gpu_hours) / (real("days", days, positive=True) * HOURS_PER_DAY))


def usd_per_gpu_hour_for_budget(gpu_hours: float, budget_usd: float) -> float:
    """Rent at which a run costs just C = `budget_usd` [USD]: p = C / H [USD per GPU-hour]."""
    return real("budget_usd", budget_usd) / real("gpu_hours", gpu_hours, positive=True)


def training_gpu_hours(flops_per_token: float, num_tokens: float, peak_flops_per_s: float, mfu: float) -> float:
    r"""GPU-hours of a run at an assumed utilisation [GPU-hours].

    .. math:: H = \frac{F D}{3600 \, P \, \text{MFU}}

    F = `flops_per_token` [FLOPs per token] of training, D = `num_tokens` [tokens], P = `peak_flops_per_s` [FLOP/s] of one
    GPU, dense; `mfu` is in the convention of F. A trillion tokens of V3, published as 180 K H800-hours (section 1 of [1]_):

    >>> round(training_gpu_hours(250.450e9, 1e12, 989.5e12, 0.3906) / 1e3)
    180
    """
    real("mfu", mfu, positive=True, most=1)
    flops = real("flops_per_token", flops_per_token) * real("num_tokens", num_tokens)
    return flops / (real("peak_flops_per_s", peak_flops_per_s, positive=True) * mfu * SECONDS_PER_HOUR)


def run_cost(
    gpu_hours: float,
    usd_per_gpu_hour=None,
    num_gpus: float | None = None,
    deadline_days: float | None = None,
    budget_usd: float | None = None,
) -> dict:
    """Price, days and the inverse questions at once: what ``moecalc cost`` prints.

    `usd_per_gpu_hour` [USD per GPU-hour] is a price, a range (low, high) or None, to leave USD out. `num_gpus` [GPUs] asks
    for the days, `deadline_days` [days] for the GPUs, `budget_usd` [USD] for the price that it allows.

    Returns
    -------
    dict
        ``usd`` (None for a range), ``usd_low``, ``usd_high`` [USD], the prices that these are at, and for each question
        asked ``wall_days`` [days], ``num_gpus_for_deadline`` [GPUs], ``usd_per_gpu_hour_for_budget``
    """
    answers = {"gpu_hours": real("gpu_hours", gpu_hours)}
    if usd_per_gpu_hour is not None:
        low, high = usd_per_gpu_hour if isinstance(usd_per_gpu_hour, (tuple, list)) else (usd_per_gpu_hour,) * 2
        real("the upper end of usd_per_gpu_hour", high, least=real("usd_per_gpu_hour", low))
        answers |= {
            "usd": cost_usd(gpu_hours, low) if low == high else None,
            "usd_low": cost_usd(gpu_hours, low),
            "usd_high": cost_usd(gpu_hours, high),
            "usd_per_gpu_hour_low": low,
            "usd_per_gpu_hour_high": high,
        }
    if num_gpus is not None:
        answers["wall_days"] = wall_days(gpu_hours, num_gpus)
    if deadline_days is not None:
        answers["num_gpus_for_deadline"] = num_gpus_for_deadline(gpu_hours, deadline_days)
    if budget_usd is not None:
        answers["usd_per_gpu_hour_for_budget"] = usd_per_gpu_hour_for_budget(gpu_hours, budget_usd)
    return answers
