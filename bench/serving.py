"""Fit what engines add to their kernels on the rows that may be used for it, and print the errors of both halves.

``python -m bench.serving FILE [--write]``: FILE has measured rows with the columns of AIConfigurator's silicon_sample.csv;
--write puts parameters and intervals into data/serving_parameters.csv.
"""

import argparse
import csv
import math
import statistics
from pathlib import Path

from moecalc.base.errors import InputError
from moecalc.facts import tables
from moecalc.serving.engines import TABLE, Engine
from moecalc.serving.step_time import StepTime
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.serving_cases import INPUT, OUTPUT, deployment_step
from moecalc.validation.serving_cases import TABLE as CASES
from moecalc.validation.serving_runs import load_of_run, serving_run
from moecalc.validation.serving_split import serving_shape, use_of_shape

PATH = Path(__file__).parent.parent / "data" / f"{TABLE}.csv"
ENGINES = ("vllm", "sglang", "trtllm")
#: Parameters of the time of a token, and of the time to the first: start, and the first step of the search.
TOKEN = {"step_s": (0.0, 4e-4), "layer_s": (1e-5, 1e-5), "all_reduce_s": (1e-5, 5e-6), "meets": (1.0, 0.3)}
FIRST = {"admission_s": (0.05, 0.05), "queue": (0.2, 0.1), "waited_steps": (1.0, 1.0)}
#: Errors far above this count little more than those at it: some rows ran with what the table does not tell.
ROBUST = 0.12
#: Time to the first token is fitted, and judged, up to this concurrency.
LOW = 16
#: What lies outside an interval at each end.
OUTSIDE = 0.05
HALVINGS = 7
DATE = "2026-11"
COLUMNS = ("subject", "quantity", "value", "high", "unit", "source", "locator", "status", "date", "note")


class Measured:
    """A row with what it measured [s]."""

    def __init__(self, row):
        self.run = serving_run(row)
        self.use = use_of_shape(serving_shape(row, self.run.config.name))
        self.shape = serving_shape(row, self.run.config.name)
        self.tpot, self.ttft = (float(row[name] or 0) / 1e3 for name in ("tpot_ms", "ttft_ms"))

    @property
    def is_low(self) -> bool:
        return self.run.prefill is None and self.run.concurrency <= LOW and self.ttft > 0


def read(path) -> list:
    """Rows without a flag, or with repeats only, that say enough."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["flag"] or row["flag"].startswith("repeat")]
    found, why = [], {}
    for row in rows:
        try:
            one = Measured(row)
        except InputError as error:
            why[str(error)] = why.get(str(error), 0) + 1
            continue
        if one.tpot:
            found.append(one)
    print(f"{len(rows)} rows, {len(found)} say enough")
    for sentence, count in sorted(why.items(), key=lambda pair: -pair[1])[:8]:
        print(f"   {count:4d} {sentence}")
    return found


def tpot_ratios(rows, own: Engine) -> list:
    """Predicted over measured, of the time of a token."""
    return [load_of_run(row.run, own).tpot_s / row.tpot for row in rows]


def ttft_ratios(rows, own: Engine) -> list:
    """The same of the time to the first token, at low concurrency."""
    return [load_of_run(row.run, own).ttft_s / row.ttft for row in rows if row.is_low]


def cost(ratios, shapes) -> float:
    """The robust error, each shape counting alike: left-out shapes of the fitted half were nearer so than by rows alike."""
    sums = {}
    for one, shape in zip(ratios, shapes, strict=True):
        sums.setdefault(shape, []).append(math.log1p((math.log(one) / ROBUST) ** 2))
    return statistics.fmean(map(statistics.fmean, sums.values()))


def search(start: Engine, free: dict, ratios, shapes) -> Engine:
    """The engine with the least robust error: each parameter is moved up and down by steps that are halved.

    `ratios` are those of an engine, predicted over measured, in the order of their `shapes`.
    """
    best = start._replace(**{name: first for name, (first, _) in free.items()})
    least, steps = cost(ratios(best), shapes), {name: step for name, (_, step) in free.items()}
    for _ in range(HALVINGS):
        moved = True
        while moved:
            moved = False
            for name, step in steps.items():
                for sign in (1, -1):
                    tried = best._replace(**{name: max(0.0, getattr(best, name) + sign * step)})
                    if tried != best and (found := cost(ratios(tried), shapes)) < least - 1e-6:
                        best, least, moved = tried, found, True
                        break
        steps = {name: step / 2 for name, step in steps.items()}
    return best


def errors_of(ratios) -> tuple:
    """(median, nine in ten, mean) of the sizes of errors, as shares."""
    sizes = sorted(abs(one - 1) for one in ratios)
    return statistics.median(sizes), sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))], statistics.fmean(sizes)


def told(name, ratios, ends=None):
    if not ratios:
        return
    median, most, mean = errors_of(ratios)
    inside = "" if ends is None else f", inside {statistics.fmean(ends[0] <= 1 / one <= ends[1] for one in ratios):.0%}"
    print(f"   {name:34s}{len(ratios):5d} rows: median {median:.1%}, nine in ten {most:.1%}, mean {mean:.1%}{inside}")


def interval(rows, ratios) -> tuple:
    """Between which ratios of measured to predicted nine of ten lie, each shape counting alike: wider, as shapes are few."""
    shapes = {}
    for row, one in zip(rows, ratios, strict=True):
        shapes.setdefault(row.shape, []).append(1 / one)
    weighed = sorted((one, 1 / len(some)) for some in shapes.values() for one in some)
    ends = []
    for share in (OUTSIDE, 1 - OUTSIDE):
        below = 0.0
        for value, weight in weighed:
            below += weight
            if below >= share * len(shapes):
                ends.append(value)
                break
    return tuple(float(f"{one:.4g}") for one in ends)


def fit_engine(name: str, rows) -> tuple:
    """(engine, intervals, facts) of an engine, fitted on its rows that may be used."""
    own = [row for row in rows if row.run.engine == name]
    side = {use: [row for row in own if row.use == use] for use in (FITTED, HELD_OUT)}
    fitted = [row for row in side[FITTED] if row.run.prefill is None]
    low = [row for row in fitted if row.is_low]
    shapes, low_shapes = [row.shape for row in fitted], [row.shape for row in low]
    found = search(Engine(name), TOKEN, lambda one: tpot_ratios(fitted, one), shapes)
    found = search(found, FIRST, lambda one: ttft_ratios(low, one), low_shapes)
    found = Engine(name, *(float(f"{value:.4g}") for value in found[1:]))
    tpot, ttft = interval(fitted, tpot_ratios(fitted, found)), interval(low, ttft_ratios(low, found))
    print(f"{name}: {found}")
    facts = {}
    for use, kept in side.items():
        token, first = tpot_ratios(kept, found), ttft_ratios(kept, found)
        told(f"TPOT {use}", token, tpot)
        told(f"TTFT {use}", first, ttft)
        facts[use] = (len(token), errors_of(token), len(first), errors_of(first))
    return found, tpot, ttft, facts


def deployments(engines: dict) -> tuple:
    """The engine of large EP, its interval, and how many deployments it was fitted on; prints the errors of all."""
    rows = [row for row in tables.rows(CASES) if row["quantity"] in (INPUT, OUTPUT)]
    own = [row for row in rows if row["engine"] == "large-ep" and row["use"] == FITTED]

    def ratios(one: Engine, some=own):
        return [rate(row, one) / float(row["value"]) for row in some]

    found = search(Engine("large-ep"), {"stretch": (1.0, 0.1)}, ratios, [row["subject"] for row in own])
    found = found._replace(stretch=float(f"{found.stretch:.4g}"))
    used = engines | {"large-ep": found}
    print(f"large-ep: {found}")
    for row in rows:
        ratio = rate(row, used[row["engine"]]) / float(row["value"])
        print(f"   {row['use']:9s}{row['subject']:34s}{ratio - 1:+7.1%}")
    for use in (FITTED, HELD_OUT):
        told(
            f"deployments {use}", [rate(row, used[row["engine"]]) / float(row["value"]) for row in rows if row["use"] == use]
        )
    return found, sorted(ratios(found)), len(own)


def rate(row, own: Engine) -> float:
    found = deployment_step(row, own)
    return found.tokens_per_s_per_gpu if isinstance(found, StepTime) else found.output_tokens_per_s_per_gpu


def rows_of(name, found, tpot, ttft, facts, source, locator) -> list:
    """Rows of the table for one engine."""
    rows = []

    def add(quantity, value, unit, note="", high=""):
        rows.append([name, quantity, value, high, unit, source, locator, "derived", DATE, note])

    for field in (*TOKEN, *FIRST, "stretch"):
        value = getattr(found, field)
        if value == Engine("")._asdict()[field]:
            continue
        in_us = field.endswith("_s")
        add(field.removesuffix("_s"), float(f"{value * 1e6:.4g}") if in_us else value, "us" if in_us else "ratio")
    add("measured_over_predicted", tpot[0], "ratio", "nine of ten fitted rows, each shape counting alike", tpot[1])
    add("prefill_measured_over_predicted", ttft[0], "ratio", "the same of the time to the first token", ttft[1])
    for use, (count, token, few, first) in facts.items():
        side = use.replace(" ", "_")
        add(f"{side}_rows", count, "count")
        add(f"{side}_median_error", round(100 * token[0], 1), "%")
        add(f"{side}_nine_in_ten_error", round(100 * token[1], 1), "%")
        add(f"{side}_first_token_rows", few, "count", f"concurrency of at most {LOW}")
        add(f"{side}_first_token_median_error", round(100 * first[0], 1), "%")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rows, made, engines = read(args.file), [], {}
    for name in ENGINES:
        found, tpot, ttft, facts = fit_engine(name, rows)
        engines[name] = found
        locator = "silicon_sample.csv, rows without a flag, as moecalc.validation.serving_split deals them"
        made += rows_of(name, found, tpot, ttft, facts, "aiconfigurator-silicon", locator)
    found, ratios, count = deployments(engines)
    ends = float(f"{0.95 * ratios[0]:.4g}"), float(f"{1.05 * ratios[-1]:.4g}")
    where = f"data/{CASES}.csv, {count} deployments that are marked fitted"
    widened = "all fitted deployments, and 5% more: they are few"
    common = "large-ep", "lmsys-large-scale-ep", where, "derived", DATE
    for quantity, value, high, note in (
        ("stretch", found.stretch, "", "the one parameter"),
        ("measured_over_predicted", *ends, widened),
        ("prefill_measured_over_predicted", *ends, widened),
    ):
        made.append([common[0], quantity, value, high, "ratio", *common[1:], note])
    if args.write:
        with open(PATH, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(made)
        print(f"wrote {PATH}")


if __name__ == "__main__":
    main()
