"""A fit of positive parameters to measured times: Levenberg and Marquardt's steps on logarithms, outliers held back."""

import math

from moecalc.hardware.calibration import solved

#: Relative error up to which a row pulls with full weight.
USUAL_ERROR = 0.1
#: A parameter stays between start / REACH and start * REACH.
REACH = 1e3


def fit(predict, rows: list, start: dict, most_steps: int = 60) -> dict:
    """Parameters that make ``predict(parameters, row)`` near to the measured time of ``(row, time)``, from `start` on.

    Squares of the logarithm of predicted over measured are summed; beyond :data:`USUAL_ERROR` an error counts by its size.
    """
    names, point = list(start), [math.log(value) for value in start.values()]
    ends = [(one - math.log(REACH), one + math.log(REACH)) for one in point]

    def errors(at):
        found = dict(zip(names, map(math.exp, at), strict=True))
        return [math.log(predict(found, row) / time) for row, time in rows]

    damping, here = 1e-2, errors(point)
    for _ in range(most_steps):
        slopes = []
        for index in range(len(names)):
            moved = point.copy()
            moved[index] += 1e-4
            slopes.append([(after - now) / 1e-4 for after, now in zip(errors(moved), here, strict=True)])
        weights = [1 / math.hypot(1, one / USUAL_ERROR) for one in here]
        matrix = [[_dot(one, other, weights) for other in slopes] for one in slopes]
        right = [-_dot(one, here, weights) for one in slopes]
        for _ in range(12):
            damped = [[x + (damping * x + 1e-9) * (i == j) for j, x in enumerate(row)] for i, row in enumerate(matrix)]
            step = solved(damped, right)
            tried = [
                min(max(p + max(-1.0, min(1.0, s)), low), high) for p, s, (low, high) in zip(point, step, ends, strict=True)
            ]
            after = errors(tried)
            if _loss(after) < _loss(here):
                break
            damping *= 4
        else:
            break
        done = _loss(here) - _loss(after) < 1e-7 * _loss(here)
        point, here, damping = tried, after, max(damping / 9, 1e-9)
        if done:
            break
    return dict(zip(names, map(math.exp, point), strict=True))


def _loss(errors) -> float:
    return sum(math.hypot(1, one / USUAL_ERROR) - 1 for one in errors)


def _dot(one, other, weights) -> float:
    return sum(a * b * w for a, b, w in zip(one, other, weights, strict=True))
