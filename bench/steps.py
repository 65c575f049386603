"""Fit what single kernels do not tell of training steps on the runs marked so, and print the errors of both halves.

``python -m bench.steps [--write]``: --write puts parameters and intervals into data/step_parameters.csv.
"""

import argparse
import csv
import math
import statistics
from pathlib import Path

from bench.least_squares import fit
from moecalc.base.errors import InputError
from moecalc.facts import tables
from moecalc.training.memory import Batch
from moecalc.training.step import training_step
from moecalc.training.timing.interval import OTHER, RATIO, Class, class_of
from moecalc.training.timing.parameters import SOURCED, TABLE, StepParameters, step_parameters
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.run_words import run_shape
from moecalc.validation.training_cases import METRICS, case_run
from moecalc.validation.training_runs import predicted_step

PATH = Path(__file__).parent.parent / "data" / f"{TABLE}.csv"
#: Shares end at less than all.
MOST = {"tp_hidden": 0.95, "hybridep": 0.95, "dp_hidden": 0.95}
#: Runs of eager programs are half of all, and of one maker: others count more often.
TIMES = {True: 1, False: 3}
#: What lies outside an interval at each end: nine in ten are inside.
OUTSIDE = 0.05
#: How many shapes of runs with the mean error of all a class's own are joined by.
BORROWED = 5
DATE = "2026-11"
#: Names of what :func:`spreads` returns.
SPREADS = ("spread", "spread_by_layout")


class Run:
    """A measured step with all that it is predicted from."""

    def __init__(self, row):
        self.subject, self.use, self.shape = row["subject"], row["use"], run_shape(case_run(row))
        _, settings, self.config, self.accelerator, _ = predicted_step(case_run(row))
        self.settings = settings
        self.measured_s = _measured_s(row, settings)

    def step_s(self, found: StepParameters) -> float:
        """The predicted time [s]."""
        one = self.settings
        batch = Batch(one.micro_batch, one.seq_len)
        how = (one.layout, one.recipe, batch, one.policy, one.global_batch, one.running)
        return training_step(self.config, self.accelerator, *how, mtp=one.mtp, found=found).step_s

    @property
    def class_of(self) -> Class:
        return class_of(self.accelerator, self.settings.layout, self.config.anatomy.num_routed_experts > 1)


def _measured_s(row, settings) -> float:
    there = tables.lookup("training_runs", row["subject"], row["quantity"]) if row["value"] == "training_runs" else None
    value = there.to(there.unit) if there else float(row["value"])
    if row["quantity"] == "step_time":
        return value
    return settings.global_batch * settings.seq_len / settings.layout.num_gpus / value


def runs() -> list:
    """Every row of the cases that measures a whole step and can be predicted."""
    found = []
    for row in tables.rows("training_cases"):
        if row["quantity"] not in METRICS or "known regression" in row["note"]:
            continue
        try:
            found.append(Run(row))
        except InputError:
            continue
    return found


def fitted(all_runs: list) -> StepParameters:
    """Parameters fitted on the runs that are marked so; those with a source stay."""
    start = step_parameters()._asdict()
    fixed = {name: start[name] for name in SOURCED}
    known = {}

    def bounded(point):
        inside = {name: min(value, MOST.get(name, math.inf)) for name, value in point.items()}
        return StepParameters(**fixed, **inside)

    def predict(point, run):
        found = bounded(point)
        if known.get("of") != found:
            known.clear()
            known["of"] = found
        if run.subject not in known:
            known[run.subject] = run.step_s(found)
        return known[run.subject]

    rows = [(run, run.measured_s) for run in all_runs if run.use == FITTED for _ in range(TIMES[run.settings.running.eager])]
    return bounded(fit(predict, rows, {name: value for name, value in start.items() if name not in SOURCED}, 20))


def errors_of(all_runs, found) -> dict:
    """Run -> predicted over measured, less 1."""
    return {run: run.step_s(found) / run.measured_s - 1 for run in all_runs}


def intervals(errors: dict) -> dict:
    """Subject of a class -> (low, high) of measured over predicted, from the errors of fitted runs alone.

    Student's t of their logarithms, whose degrees of freedom are the shapes of runs less their share of the parameters:
    versions of one run are no new evidence. Each class borrows :data:`BORROWED` shapes with the mean error of all.
    """
    found = {}
    for run, error in errors.items():
        if run.use == FITTED:
            found.setdefault(run.class_of.subject, {}).setdefault(run.shape, []).append(math.log1p(error) ** 2)
    squares = {subject: [statistics.fmean(own) for own in shapes.values()] for subject, shapes in found.items()}
    everything = [value for own in squares.values() for value in own]
    free = 1 - (len(StepParameters._fields) - len(SOURCED)) / len(everything)
    mean = sum(everything) / len(everything) / free
    ends = {OTHER: _ends(mean, free * len(everything))}
    for subject, own in sorted(squares.items()):
        degrees = free * len(own) + BORROWED
        ends[subject] = _ends((sum(own) + BORROWED * mean) / degrees, degrees)
    return ends


def _ends(variance: float, degrees: float) -> tuple:
    """Between which ratios all but a share at each end are expected."""
    width = _student(1 - OUTSIDE, degrees) * math.sqrt(variance)
    return math.floor(math.exp(-width) * 1e3) / 1e3, math.ceil(math.exp(width) * 1e3) / 1e3  # rounded outwards


def _student(level: float, degrees: float) -> float:
    """The quantile of Student's t, by Cornish and Fisher's expansion; within 1 % from five degrees of freedom on."""
    z = statistics.NormalDist().inv_cdf(level)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2 + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384 / degrees**3


def inside(errors: dict, ends: dict) -> float:
    """Share of held-out runs whose measured time lies in the interval of their class."""
    held = [
        (ends.get(run.class_of.subject, ends[OTHER]), 1 / (1 + error))
        for run, error in errors.items()
        if run.use == HELD_OUT
    ]
    return sum(low <= ratio <= high for (low, high), ratio in held) / len(held)


def spreads(errors: dict) -> tuple:
    """(of all steps, of those of one model on one accelerator in one recipe) from layout to layout, as shares.

    Root mean squares of logarithms: of all errors; of the mean error of each layout, about the mean of the layouts of its
    model, accelerator and recipe. Fitted and held-out runs alike: nothing is fitted on it.
    """
    groups = {}
    for run, error in errors.items():
        one = run.settings
        layout = (one.layout._replace(dp=1), one.micro_batch, one.policy.recompute)
        key = run.config.name, run.accelerator.slug, one.recipe, one.running.eager
        groups.setdefault(key, {}).setdefault(layout, []).append(math.log1p(error))
    squares, free = 0.0, 0
    for layouts in groups.values():
        means = [statistics.fmean(own) for own in layouts.values()]
        middle = statistics.fmean(means)
        squares += sum((one - middle) ** 2 for one in means)
        free += len(means) - 1
    everything = statistics.fmean(math.log1p(error) ** 2 for error in errors.values())
    return math.sqrt(everything), math.sqrt(squares / free)


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    all_runs = runs()
    found = fitted(all_runs)
    for name, value in found._asdict().items():
        print(f"{name:20} {value:.4g}")
    errors = errors_of(all_runs, found)
    for use in (FITTED, HELD_OUT):
        print(f"\n{use}")
        for one in sorted({run.class_of.subject for run in errors}):
            own = [error for run, error in errors.items() if run.use == use and run.class_of.subject == one]
            if own:
                mean = sum(map(abs, own)) / len(own)
                print(f"{one:34} {len(own):3} mean {mean:.1%} worst {max(own, key=abs):+.1%}")
    ends = intervals(errors)
    for subject, (low, high) in ends.items():
        print(f"{subject:34} {low:.3f} {high:.3f}")
    print(f"held out inside {inside(errors, ends):.1%}")
    print("spread of all {:.1%}, of layouts of one model on one accelerator {:.1%}".format(*spreads(errors)))
    if args.write:
        write(all_runs, found, errors, ends)


def write(all_runs, found, errors, ends) -> None:
    """Put all of it into the table; rows with a source stay as they are."""
    with PATH.open(encoding="utf-8", newline="") as file:
        before = list(csv.DictReader(file))
    columns = list(before[0])
    kept = [row for row in before if row["subject"] == "all" and row["quantity"] in SOURCED]
    uses = {use: [run for run in all_runs if run.use == use] for use in (FITTED, HELD_OUT)}
    source = {"source": "megatron-bridge-summaries", "status": "derived", "date": DATE}
    said = {use: f"rows of data/training_cases.csv that are marked {use}" for use in uses}

    def row(subject, quantity, value, unit, use, high="", note=""):
        values = {"subject": subject, "quantity": quantity, "value": value, "high": high, "unit": unit, "note": note}
        return {**source, **values, "locator": said[use]}

    rows = list(kept)
    for name, value in found._asdict().items():
        if name not in SOURCED:
            unit, scale = ("us", 1e6) if name.endswith("_s") else ("ratio", 1) if value < 1e6 else ("TFLOP/J", 1e-12)
            rows.append(row("all", name.removesuffix("_s"), f"{value * scale:.5g}", unit, FITTED))
    slugs = sorted({run.accelerator.slug for run in all_runs})
    rows.append(row("all", "accelerators", " ".join(slugs), "text", FITTED))
    rows.append(row("all", "fitted_on", " ".join(sorted({run.subject for run in uses[FITTED]})), "text", FITTED))
    for use, name in ((FITTED, "fitted"), (HELD_OUT, "held_out")):
        own = [abs(errors[run]) for run in uses[use]]
        rows.append(row("all", f"{name}_rows", len(own), "count", use))
        rows.append(row("all", f"{name}_mean_error", f"{100 * sum(own) / len(own):.3g}", "%", use))
    rows.append(row("all", "held_out_inside", f"{100 * inside(errors, ends):.3g}", "%", HELD_OUT))
    for name, value in zip(SPREADS, spreads(errors), strict=True):
        rows.append(row("all", name, f"{100 * value:.3g}", "%", FITTED) | {"locator": "all rows of data/training_cases.csv"})
    for subject, (low, high) in ends.items():
        rows.append(row(subject, RATIO, f"{low:.4g}", "ratio", FITTED, f"{high:.4g}"))
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
