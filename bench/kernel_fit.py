"""Fit parameters of kernels: damped least squares (Levenberg and Marquardt) in logarithms of parameters and of times."""

import numpy as np

from moecalc.hardware.kernels.held_out import is_held_out

from .kernel_kinds import SHARES, Kind

#: Errors far above this weigh by their size alone, not by its square: some rows are of badly chosen kernels.
ROBUST = 0.1
ITERATIONS, TRIES = 40, 3
#: No launch takes less; without it the times of tiles would take its place [s].
LEAST_LAUNCH = 1e-6
#: What a parameter is set to where no row depends on it: windows that no row has are skipped.
IDLE = {"window": 1.0, "wave": 1.0}


def log_errors(kind: Kind, parameters, rows) -> np.ndarray:
    """Logarithms of predicted over measured."""
    return np.log([kind.seconds(row.hardware, parameters, row.values) / row.seconds for row in rows])


def fit(kind: Kind, rows, start=None):
    """The parameters with the least robust error on rows, none of which may be held out; from `start` alone if given."""
    if wrong := sorted({row.shape for row in rows if is_held_out(row.shape)}):
        raise ValueError(f"held-out shapes may not be fitted on: {', '.join(wrong[:3])}")
    if start is not None:
        idle = {name: value for name, value in start._asdict().items() if not value}
        chosen = {**idle, **{name: getattr(start, name) for name in kind.choices}}
        return _levenberg_marquardt(kind, start, chosen, rows, 0)[1]
    best = None
    for chosen in _combinations(kind.choices):
        for seed in range(TRIES):
            cost, parameters = _levenberg_marquardt(kind, kind.start._replace(**chosen), chosen, rows, seed)
            if best is None or cost < best[0]:
                best = cost, parameters
    return _without_idle(kind, best[1], rows)


def _without_idle(kind: Kind, parameters, rows):
    """Parameters on which no row depends, such as quantising in BF16, are not fitted: set to what says so."""
    errors = log_errors(kind, parameters, rows)
    for name, value in parameters._asdict().items():
        idle = parameters._replace(**{name: IDLE.get(name, 0.0)})
        if (
            name not in kind.choices
            and name not in SHARES
            and np.array_equal(errors, log_errors(kind, parameters._replace(**{name: value / 2}), rows))
        ):
            parameters = idle
    return parameters


def _combinations(choices: dict) -> list:
    found = [{}]
    for name, values in choices.items():
        found = [{**one, name: value} for one in found for value in values]
    return found


def _levenberg_marquardt(kind: Kind, start, chosen: dict, rows, seed: int):
    """(cost, parameters), in logarithms of the parameters."""
    free = [name for name in start._fields if name not in chosen]
    most = np.log([kind.most.get(name, 1e3) for name in free])
    point = np.log([getattr(start, name) for name in free])
    if seed:
        point += np.random.default_rng(seed).normal(0, 0.7, len(free))
    least = np.log([LEAST_LAUNCH if name == "launch" else 1e-18 for name in free])
    point = np.clip(point, least, most)

    def errors(point):
        return log_errors(kind, start._replace(**dict(zip(free, np.exp(point).tolist(), strict=True))), rows)

    def cost_of(errors):
        return float(np.sum(np.sqrt(1 + (errors / ROBUST) ** 2) - 1))

    now, damping = errors(point), 1e-2
    cost = cost_of(now)
    for _ in range(ITERATIONS):
        slopes = np.empty((len(now), len(free)))
        for place in range(len(free)):
            moved = point.copy()
            moved[place] -= 1e-3
            slopes[:, place] = (now - errors(moved)) / 1e-3
        weights = 1 / np.sqrt(1 + (now / ROBUST) ** 2)
        square, slope = slopes.T @ (slopes * weights[:, None]), slopes.T @ (weights * now)
        for _ in range(8):
            step = -np.linalg.solve(square + damping * np.diag(np.diag(square) + 1e-6), slope)
            tried = np.clip(point + np.clip(step, -1, 1), least, most)
            found = errors(tried)
            if cost_of(found) < cost:
                break
            damping *= 4
        else:
            break
        gain, point, now, damping = 1 - cost_of(found) / cost, tried, found, max(damping / 5, 1e-7)
        cost = cost_of(found)
        if gain < 1e-4:
            break
    return cost, start._replace(**dict(zip(free, np.exp(point).tolist(), strict=True)))
