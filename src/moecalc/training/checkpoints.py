r"""Saving what a run would lose: bytes of a training checkpoint, time to write it, and how often that is worth it.

.. math:: 1 - \frac{\tau}{M e^{R / M} \left( e^{(\tau + w) / M} - 1 \right)}

is the share of time that is lost: failures come at random, M seconds apart in the mean, each costs R seconds and all
since the last checkpoint; checkpoints are tau seconds of work apart, and training waits w seconds for each [1]_. Least is
lost near tau = sqrt(2 w M) [2]_. Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] Daly, A higher order estimate of the optimum checkpoint interval for restart dumps, FGCS 22 (2006).
.. [2] Young, A first order approximation to the optimum checkpoint interval, CACM 17 (1974).
"""

import math
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..facts import tables
from ..model.config import ModelConfig
from .layout import Layout
from .rank_states import filled_stages
from .recipes import recipe

#: Most exponents of e in the share; beyond it nothing is left of the time.
MOST_EXPONENT = 600


class Lost(NamedTuple):
    """Shares of all time."""

    share: float  #: in all
    saving: float  #: training waits for checkpoints
    again: float  #: work that is done a second time
    restarting: float


def checkpoint_bytes(config: ModelConfig, layout: Layout, recipe_name: str, average: bool = False) -> int:
    """Bytes of a checkpoint from which training goes on: one copy of the optimizer's states and of the weights [bytes].

    Where the optimizer keeps master weights, others follow from them and are not saved. `average` adds a moving average.

    >>> own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    >>> round(checkpoint_bytes(v3, own, "deepseek-v3") / 1e12, 2)
    5.46
    """
    dtypes = recipe(recipe_name)
    width = dtypes.optimizer + (0 if dtypes.master_weight else dtypes.kept_weight) + ((dtypes.ema or 4) if average else 0)
    mtp = config.anatomy.mtp if any(stage.mtp for stage in filled_stages(config, layout)) else ()
    blocks = (config.anatomy.embedding, *config.anatomy.layers, config.anatomy.head, *mtp)
    return width * sum(block.num_params for block in blocks)


def write_time_s(
    num_bytes: float, num_nodes: int, bytes_per_s_of_node: float, storage_bytes_per_s: float | None = None
) -> float:
    """Time to write `num_bytes` [bytes] from all nodes at once, each at `bytes_per_s_of_node` [bytes/s]: at least that [s].

    `storage_bytes_per_s` [bytes/s] is what the file system takes in all, where that is known.

    >>> write_time_s(8e12, 256, 10e9) == write_time_s(8e12, 512, 10e9, 2.56e12) == 3.125
    True
    """
    rate = whole("num_nodes", num_nodes) * real("bytes_per_s_of_node", bytes_per_s_of_node, positive=True)
    if storage_bytes_per_s is not None:
        rate = min(rate, real("storage_bytes_per_s", storage_bytes_per_s, positive=True))
    return real("num_bytes", num_bytes) / rate


def time_lost(interval_s: float, wait_s: float, between_failures_s: float, restart_s: float = 0) -> Lost:
    r""":class:`Lost` of a run that saves itself now and then: the equation of this module.

    Parameters
    ----------
    interval_s : float
        tau, work between two checkpoints [s]
    wait_s : float
        w, for which training waits at each [s]
    between_failures_s : float
        M, mean time between failures [s]
    restart_s : float
        R, until work goes on after a failure [s]

    Examples
    --------
    >>> lost = time_lost(300, 0, 86400)
    >>> round(lost.share, 5), round(300 / 2 / 86400, 5)
    (0.00174, 0.00174)
    """
    for name, value in (("interval_s", interval_s), ("between_failures_s", between_failures_s)):
        real(name, value, positive=True)
    real("wait_s", wait_s)
    real("restart_s", restart_s)
    mean = between_failures_s
    exponent = (interval_s + wait_s) / mean
    if exponent + restart_s / mean > MOST_EXPONENT:
        return Lost(1.0, 0.0, 1.0, 0.0)
    # failures come once in M seconds; a restart may be cut short by the next
    working, restarting = math.exp(-restart_s / mean), -math.expm1(-restart_s / mean)
    twice = working * _beyond_linear(exponent) / math.expm1(exponent)
    saving = working * wait_s / (mean * math.expm1(exponent))
    return Lost(saving + twice + restarting, saving, twice, restarting)


def _beyond_linear(x: float) -> float:
    """e^x - 1 - x, also where x is so small that the difference would lose its digits."""
    if x > 1:
        return math.expm1(x) - x
    term, total = x * x / 2, 0.0
    for power in range(3, 22):
        total += term
        term *= x / power
    return total


def best_interval_s(wait_s: float, between_failures_s: float) -> float:
    r"""Work between checkpoints that loses least, for a training that waits `wait_s` [s] at each [s].

    `between_failures_s` [s] is the mean time between failures. Where tau is small against it, sqrt(2 w M):

    >>> round(best_interval_s(2, 80000)), round((2 * 2 * 80000) ** 0.5)
    (564, 566)
    """
    real("wait_s", wait_s, positive=True)
    real("between_failures_s", between_failures_s, positive=True)
    # the derivative is 0 where (1 - x) e^(x + w / M) = 1, with x = tau / M
    low, high, wait = 0.0, 1.0, wait_s / between_failures_s
    for _ in range(200):
        middle = (low + high) / 2
        if (1 - middle) * math.exp(min(MOST_EXPONENT, middle + wait)) > 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2 * between_failures_s


class Failures(NamedTuple):
    """Interruptions of a run that are published."""

    interruptions: int
    period_s: float
    num_gpus: int

    def between_s(self, num_gpus: int) -> float:
        """Mean time between them on another number of the same GPUs, each failing as often [s]: `num_gpus` [GPUs]."""
        return self.period_s * self.num_gpus / self.interruptions / whole("num_gpus", num_gpus)

    @property
    def deviation(self) -> float:
        """Standard deviation of the count over the count, for failures that come at random."""
        return self.interruptions**-0.5


def published_failures(run: str = "llama31-405B") -> Failures:
    """:class:`Failures` of a run of ``data/training_runs.csv``.

    >>> round(published_failures().between_s(16384) / 3600, 2)
    2.78
    """
    known = tables.by_subject("training_runs").get(run, {})
    if "num_interruptions" not in known:
        raise InputError(f"no interruptions of {run} are published; llama31-405B is accepted")
    period = known["interruption_window"].to("s")
    return Failures(known["num_interruptions"].value, period, round(known["num_gpus"].value))
