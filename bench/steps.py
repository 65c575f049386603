"""Fit what single kernels do not tell of training steps on the runs marked so, and print the errors of both halves.

``python -m bench.steps [--write]``: --write puts parameters and intervals into data/step_parameters.csv.
"""

import argparse
import csv
import math
from pathlib import Path

from bench.least_squares import fit
from moecalc.base.errors import InputError
from moecalc.facts import tables
from moecalc.hardware.kernels.parameters import GENERATIONS
from moecalc.training.memory import Batch
from moecalc.training.step import training_step
from moecalc.training.timing.interval import OTHER, RATIO, Class, class_of
from moecalc.training.timing.parameters import SOURCED, TABLE, StepParameters, step_parameters
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.training_cases import METRICS, case_run
from moecalc.validation.training_runs import predicted_step

PATH = Path(__file__).parent.parent / "data" / f"{TABLE}.csv"
#: Shares end at less than all.
MOST = {"tp_hidden": 0.95, "hybridep": 0.95, "dp_hidden": 0.95}
#: Runs of eager programs are half of all, and of one maker: others count more often.
TIMES = {True: 1, False: 3}
#: Fewest cases of a class that has an interval of its own, and what of them lies outside it at each end.
FEWEST, OUTSIDE = 5, 0.1
#: No error is trusted to be smaller than this: a step differs as much from one day to the next.
LEAST_WIDTH = 0.03
DATE = "2026-11"


class Run:
    """A measured step with all that it is predicted from."""

    def __init__(self, row):
        self.subject, self.use = row["subject"], row["use"]
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
    """Subject of a class -> (low, high) of measured over predicted of its held-out runs, or of all where those are few."""
    ratios = {run: 1 / (1 + error) for run, error in errors.items() if run.use == HELD_OUT}
    found = {OTHER: _ends(sorted(ratios.values()), 0.05)}
    for one in [Class(generation, routed, sharded) for generation in GENERATIONS for routed in (0, 1) for sharded in (0, 1)]:
        of_class = sorted(ratio for run, ratio in ratios.items() if run.class_of == one)
        if len(of_class) < FEWEST:  # too few are held out: those that were fitted on are better than none
            of_class = sorted(1 / (1 + error) for run, error in errors.items() if run.class_of == one)
        if len(of_class) >= FEWEST:
            found[one.subject] = _ends(of_class, OUTSIDE)
    return found


def _ends(ratios: list, outside: float) -> tuple:
    """Between which ratios all but a share at each end lie."""
    left = int(outside * len(ratios))
    low, high = min(ratios[left], 1 - LEAST_WIDTH), max(ratios[-1 - left], 1 + LEAST_WIDTH)
    return math.floor(low * 1e3) / 1e3, math.ceil(high * 1e3) / 1e3  # rounded outwards, so that the ends lie inside


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
    for subject, (low, high) in ends.items():
        rows.append(row(subject, RATIO, f"{low:.4g}", "ratio", HELD_OUT, f"{high:.4g}"))
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
