r"""An accelerator's own speeds from a few kernels that someone timed on it.

.. math:: \min_x \sum_i \rho\left( \ln \frac{t_i(x)}{m_i} \right)

m are measured times, t what the kernels' parameters say of an accelerator with the numbers x: its launch, and shares of the
speeds that were fitted on its generation. The sum is robust, so that a badly chosen kernel moves little. Logarithms of x are
found by damped least squares; a number is fitted only where enough rows depend on it.
"""

from collections.abc import Callable
from math import exp, log, sqrt
from typing import NamedTuple

from ..base.errors import InputError
from .accelerator import TYPED, Accelerator
from .kernels.gemm import GemmParameters
from .kernels.parameters import LAUNCH, fitted_of, generation_of

#: Keys of an accelerator that are fitted -> least and most of each.
KEYS = {
    "launch": (1e-7, 1e-3),
    "products": (0.05, 20.0),
    "attention": (0.05, 20.0),
    "bandwidth": (0.05, 20.0),
    "scale_up": (1e8, 1e14),
}
#: So many rows must change by this share of a key's change, else it is left as it was.
LEAST_ROWS, LEAST_SLOPE = 3, 0.2
#: Errors far above this weigh by their size alone, not by its square.
ROBUST = 0.1
ITERATIONS, STEP = 30, 1e-3


class Measurement(NamedTuple):
    """One kernel that was timed."""

    seconds: float
    time_s: Callable  #: accelerator -> seconds that are predicted of it
    fitted: bool = True  #: whether the keys may be fitted on it


class Calibration(NamedTuple):
    """An accelerator with the keys that were fitted, and what it predicts."""

    accelerator: Accelerator
    keys: dict  #: key as it is typed -> value that was fitted
    before_s: tuple  #: predicted of each row without them [s]
    after_s: tuple  #: and with them [s]


def calibrated(accelerator: Accelerator, measurements: list) -> Calibration:
    """Fit the keys of an accelerator, whose peaks and bandwidth are known, on measured times.

    `measurements` is a list of :class:`Measurement`. Raises :class:`InputError` where too few rows are there to fit any key.

    >>> from .kernels.elementwise import elementwise_time
    >>> h100 = load_accelerator("h100-sxm")
    >>> timers = [lambda one, size=size: elementwise_time(one, size).time_s for size in (1e3, 1e4, 1e5, 1e8, 1e9, 4e9)]
    >>> mine = h100._replace(bandwidth_share=0.5, launch_s=5e-6)
    >>> found = calibrated(h100, [Measurement(timer(mine), timer) for timer in timers])
    >>> {key: round(value, 8) for key, value in found.keys.items()}
    {'launch': 5e-06, 'bandwidth': 0.5}
    """
    fitted = [one for one in measurements if one.fitted]
    before = tuple(one.time_s(accelerator) for one in measurements)
    start = {key: value for key in KEYS if (value := _start(accelerator, key)) is not None}
    point = {key: log(value) for key, value in start.items()}
    slopes = _slopes(accelerator, fitted, point, _errors(accelerator, fitted, point))
    point = {key: point[key] for key, each in slopes.items() if sum(abs(one) >= LEAST_SLOPE for one in each) >= LEAST_ROWS}
    if not point:
        raise InputError(f"from {len(fitted)} rows no key can be fitted; each needs at least {LEAST_ROWS} that depend on it")
    point = _least(accelerator, fitted, point)
    found = _with(accelerator, point)
    keys = {key: exp(value) for key, value in point.items()}
    return Calibration(found, keys, before, tuple(one.time_s(found) for one in measurements))


def _start(accelerator: Accelerator, key: str) -> float | None:
    """The value of a key from which its fit starts; None where there is none."""
    known = getattr(accelerator, TYPED[key][0])
    if known is not None or key == "scale_up":
        return known
    if key == "launch":
        return fitted_of(*LAUNCH, generation_of(accelerator), GemmParameters).parameters.launch
    return 1.0


def _with(accelerator: Accelerator, point: dict) -> Accelerator:
    return accelerator._replace(**{TYPED[key][0]: exp(value) for key, value in point.items()})


def _errors(accelerator: Accelerator, rows: list, point: dict) -> list:
    """Logarithms of predicted over measured."""
    one = _with(accelerator, point)
    return [log(row.time_s(one) / row.seconds) for row in rows]


def _slopes(accelerator: Accelerator, rows: list, point: dict, now: list) -> dict:
    """Key -> how the error of each row grows with the logarithm of its value."""
    found = {}
    for key in point:
        moved = _errors(accelerator, rows, {**point, key: point[key] + STEP})
        found[key] = [(after - before) / STEP for after, before in zip(moved, now, strict=True)]
    return found


def _cost(errors: list) -> float:
    return sum(sqrt(1 + (one / ROBUST) ** 2) - 1 for one in errors)


def _least(accelerator: Accelerator, rows: list, point: dict) -> dict:
    """The point with the least cost (Levenberg and Marquardt)."""
    keys, damping = list(point), 1e-3
    now = _errors(accelerator, rows, point)
    for _ in range(ITERATIONS):
        slopes = _slopes(accelerator, rows, point, now)
        weights = [1 / sqrt(1 + (one / ROBUST) ** 2) for one in now]
        square = [[sum(map(_product, slopes[a], slopes[b], weights)) for b in keys] for a in keys]
        slope = [sum(map(_product, slopes[a], now, weights)) for a in keys]
        for _ in range(8):
            damped = [
                [one * (1 + damping * (a == b)) + 1e-9 * (a == b) for b, one in enumerate(line)]
                for a, line in enumerate(square)
            ]
            step = solved(damped, [-one for one in slope])
            tried = {
                key: min(max(point[key] + min(max(by, -1), 1), log(KEYS[key][0])), log(KEYS[key][1]))
                for key, by in zip(keys, step, strict=True)
            }
            found = _errors(accelerator, rows, tried)
            if _cost(found) < _cost(now):
                break
            damping *= 4
        else:
            return point
        gained = 1 - _cost(found) / _cost(now)
        point, now, damping = tried, found, max(damping / 5, 1e-9)
        if gained < 1e-6:
            break
    return point


def _product(one: float, other: float, weight: float) -> float:
    return one * other * weight


def solved(square: list, right: list) -> list:
    """x of A x = b, for a small A, by elimination with pivots.

    >>> solved([[0.0, 2.0], [1.0, 1.0]], [4.0, 3.0])
    [1.0, 2.0]
    """
    lines = [[*line, one] for line, one in zip(square, right, strict=True)]
    size = len(lines)
    for place in range(size):
        best = max(range(place, size), key=lambda number: abs(lines[number][place]))
        lines[place], lines[best] = lines[best], lines[place]
        for below in range(place + 1, size):
            times = lines[below][place] / lines[place][place]
            lines[below] = [one - times * other for one, other in zip(lines[below], lines[place], strict=True)]
    found = [0.0] * size
    for place in reversed(range(size)):
        known = sum(lines[place][other] * found[other] for other in range(place + 1, size))
        found[place] = (lines[place][size] - known) / lines[place][place]
    return found
