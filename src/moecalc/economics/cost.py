"""Cost of a run: GPU-hours, USD and wall-clock days, and each of them asked for the other way round."""

import math

from ..base.checks import real

HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3600


def cost_usd(gpu_hours: float, usd_per_gpu_hour: float) -> float:
    r"""Price of a run.

    .. math:: C = H p

    Parameters
    ----------
    gpu_hours : float
        H, hours summed over all GPUs [GPU-hours]
    usd_per_gpu_hour : float
        p, rental price [USD per GPU-hour]

    Returns
    -------
    float
        C [USD]

    Raises
    ------
    InputError
        If a number is negative or not finite.

    Notes
    -----
    Rent only: no staff, data, failed runs or experiments before the run.

    Examples
    --------
    DeepSeek-V3, Table 1 [1]_:

    >>> cost_usd(2.788e6, 2)
    5576000.0

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, Table 1.
    """
    return real("gpu_hours", gpu_hours) * real("usd_per_gpu_hour", usd_per_gpu_hour)


def wall_days(gpu_hours: float, num_gpus: float) -> float:
    r"""Days that a run takes on a number of GPUs, none of them ever idle.

    .. math:: d = \frac{H}{24 n}

    Parameters
    ----------
    gpu_hours : float
        H, hours summed over all GPUs [GPU-hours]
    num_gpus : float
        n [GPUs]

    Returns
    -------
    float
        d [days]

    Raises
    ------
    InputError
        If a number is negative or not finite, or there are no GPUs.

    Examples
    --------
    >>> round(wall_days(2.788e6, 2048), 1)
    56.7
    """
    return real("gpu_hours", gpu_hours) / real("num_gpus", num_gpus, positive=True) / HOURS_PER_DAY


def gpu_hours_of(num_gpus: float, days: float) -> float:
    r"""GPU-hours of a cluster that runs for some days.

    .. math:: H = 24 n d

    Parameters
    ----------
    num_gpus : float
        n [GPUs]
    days : float
        d [days]

    Returns
    -------
    float
        H [GPU-hours]

    Raises
    ------
    InputError
        If a number is negative or not finite.

    Examples
    --------
    >>> gpu_hours_of(2048, 54)
    2654208
    """
    return real("num_gpus", num_gpus) * real("days", days) * HOURS_PER_DAY


def num_gpus_for_deadline(gpu_hours: float, days: float) -> int:
    r"""GPUs that finish a run in time.

    .. math:: n = \left\lceil \frac{H}{24 d} \right\rceil

    Parameters
    ----------
    gpu_hours : float
        H, hours summed over all GPUs [GPU-hours]
    days : float
        d, days there are [days]

    Returns
    -------
    int
        n; assumes that the run is as efficient on any number [GPUs]

    Raises
    ------
    InputError
        If a number is negative or not finite, or there is no time.

    Examples
    --------
    >>> num_gpus_for_deadline(2.788e6, 30)
    3873
    """
    return math.ceil(real("gpu_hours", gpu_hours) / (real("days", days, positive=True) * HOURS_PER_DAY))


def usd_per_gpu_hour_for_budget(gpu_hours: float, budget_usd: float) -> float:
    r"""Rental price at which a run costs just the budget.

    .. math:: p = \frac{C}{H}

    Parameters
    ----------
    gpu_hours : float
        H, hours summed over all GPUs [GPU-hours]
    budget_usd : float
        C [USD]

    Returns
    -------
    float
        p [USD per GPU-hour]

    Raises
    ------
    InputError
        If a number is negative or not finite, or there are no hours.

    Examples
    --------
    >>> usd_per_gpu_hour_for_budget(2.788e6, 5.576e6)
    2.0
    """
    return real("budget_usd", budget_usd) / real("gpu_hours", gpu_hours, positive=True)


def training_gpu_hours(flops_per_token: float, num_tokens: float, peak_flops_per_s: float, mfu: float) -> float:
    r"""GPU-hours of a run at an assumed utilisation.

    .. math:: H = \frac{F D}{3600 \, P \, \text{MFU}}

    Parameters
    ----------
    flops_per_token : float
        F, training FLOPs of one token [FLOPs per token]
    num_tokens : float
        D [tokens]
    peak_flops_per_s : float
        P, dense peak of one GPU [FLOP/s]
    mfu : float
        Share of the peak that is reached, in the convention of F [-]

    Returns
    -------
    float
        H [GPU-hours]

    Raises
    ------
    InputError
        If a number is negative or not finite, or `mfu` is not in (0, 1].

    Examples
    --------
    One trillion tokens of DeepSeek-V3 at the MFU it reached, published as 180 K H800-hours [1]_:

    >>> round(training_gpu_hours(250.450e9, 1e12, 989.5e12, 0.3906) / 1e3)
    180

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 1.
    """
    real("mfu", mfu, positive=True, most=1)
    flops = real("flops_per_token", flops_per_token) * real("num_tokens", num_tokens)
    return flops / (real("peak_flops_per_s", peak_flops_per_s, positive=True) * mfu * SECONDS_PER_HOUR)


def run_cost(
    gpu_hours: float,
    usd_per_gpu_hour,
    num_gpus: float | None = None,
    deadline_days: float | None = None,
    budget_usd: float | None = None,
) -> dict:
    """Price, days and the inverse questions at once: what ``moecalc cost`` prints.

    Parameters
    ----------
    gpu_hours : float
        Hours summed over all GPUs [GPU-hours]
    usd_per_gpu_hour : float or tuple of two
        A price, or (low, high) where it is a range [USD per GPU-hour]
    num_gpus : float, optional
        For the days that it takes [GPUs]
    deadline_days : float, optional
        For the GPUs that it takes [days]
    budget_usd : float, optional
        For the price that it allows [USD]

    Returns
    -------
    dict
        ``usd`` (None for a range), ``usd_low``, ``usd_high`` [USD], the prices that these are at,
        and for each question asked ``wall_days`` [days], ``num_gpus_for_deadline`` [GPUs],
        ``usd_per_gpu_hour_for_budget``

    Raises
    ------
    InputError
        If a number is negative or not finite, or the range is upside down.

    Examples
    --------
    >>> run_cost(2.664e6, 2)["usd"]
    5328000.0
    """
    low, high = usd_per_gpu_hour if isinstance(usd_per_gpu_hour, (tuple, list)) else (usd_per_gpu_hour,) * 2
    real("the upper end of usd_per_gpu_hour", high, least=real("usd_per_gpu_hour", low))
    answers = {
        "gpu_hours": gpu_hours,
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
