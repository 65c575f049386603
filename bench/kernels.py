"""Fit the parameters of kernels, and print the errors: python -m bench.kernels FOLDER [--only KIND] [--write]

FOLDER holds the measured kernels: gemm.csv, moe.csv and so on, of AIConfigurator's performance database. A set of parameters
is fitted for each kind, type and generation of accelerators on the rows whose shape is not held out, and judged on the
others. --write puts the parameters into data/kernel_parameters.csv, the fitted shapes into bench/kernel_fits.csv, and a few
held-out rows, on which the tests look, into data/kernels_measured.csv; --rows writes these alone.
"""

import argparse
import csv
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from moecalc.hardware.kernels.held_out import is_held_out
from moecalc.hardware.kernels.parameters import GENERATIONS, OTHER, SIBLING, fitted_of, subject_of

from .kernel_fit import fit, log_errors
from .kernel_kinds import KINDS, TIMES, Kind, read

ROOT = Path(__file__).parent.parent
SOURCE, COMMIT, DATE = "aiconfigurator-kernels", "095f58a5", "2026-11"
COLUMNS = ("subject", "quantity", "value", "high", "unit", "source", "locator", "status", "date", "note")


class Errors(NamedTuple):
    """Of some rows: predicted over measured, less 1, without its sign."""

    rows: int
    median: float
    nine_in_ten: float

    def __str__(self) -> str:
        return f"{self.rows:5} rows  median {self.median:6.1%}  nine in ten within {self.nine_in_ten:6.1%}"


def errors_of(kind: Kind, parameters, rows) -> Errors:
    found = np.abs(np.expm1(log_errors(kind, parameters, rows)))
    return Errors(len(rows), float(np.median(found)), float(np.percentile(found, 90)))


def interval(kind: Kind, parameters, rows) -> list:
    """Measured over predicted, of which one row in ten is lower and one is higher."""
    return np.percentile(np.exp(-log_errors(kind, parameters, rows)), [10, 90]).tolist()


def facts_of(name: str, kind: Kind, parameters, dtype: str, generation: str, rows) -> list:
    """The rows of data/kernel_parameters.csv for one set."""
    fitted, held = ([row for row in rows if is_held_out(row.shape) is out] for out in (False, True))
    low, high = interval(kind, parameters, held)
    seen, out = errors_of(kind, parameters, fitted), errors_of(kind, parameters, held)
    versions = ", ".join(sorted({row.values["version"] for row in rows}))
    about = {
        "accelerators": (" ".join(sorted({row.accelerator for row in rows})), "", "text"),
        "version": (versions, "", "text"),
        "fitted_rows": (seen.rows, "", "count"),
        "fitted_shapes": (len({row.shape for row in fitted}), "", "count"),
        "fitted_median_error": (round(100 * seen.median, 2), "", "%"),
        "fitted_nine_in_ten_error": (round(100 * seen.nine_in_ten, 2), "", "%"),
        "held_out_rows": (out.rows, "", "count"),
        "held_out_median_error": (round(100 * out.median, 2), "", "%"),
        "held_out_nine_in_ten_error": (round(100 * out.nine_in_ten, 2), "", "%"),
        "measured_over_predicted": (f"{low:.4g}", f"{high:.4g}", "ratio"),
    }
    for field, value in parameters._asdict().items():
        about[field] = (f"{1e6 * value:.5g}", "", "us") if field in TIMES else (f"{value:.5g}", "", "ratio")
    locator = f"commit {COMMIT}, {name}.csv: shapes whose SHA-256 is even"
    subject = subject_of(name, dtype, generation)
    return [
        (
            subject,
            quantity,
            *value,
            SOURCE,
            locator,
            "derived",
            DATE,
            "held out of the fit" if "held_out" in quantity else "",
        )
        for quantity, value in about.items()
    ]


def transfers(name: str, sets: dict, rows: dict) -> list:
    """Measured over predicted of held-out rows, by the parameters of another generation."""
    found = []
    for (dtype, generation), measured in rows.items():
        held = [row for row in measured if is_held_out(row.shape)]
        for other in GENERATIONS:
            if other != generation and (parameters := sets.get((dtype, other))):
                found += (-log_errors(KINDS[name], parameters, held)).tolist()
    return found


def siblings(name: str, sets: dict, rows: dict) -> list:
    """Measured over predicted of held-out rows, by parameters that were fitted on another accelerator of the generation."""
    found = []
    for key, measured in rows.items():
        for left_out in (slugs := sorted({row.accelerator for row in measured})):
            if len(slugs) > 1:
                others = [row for row in measured if row.accelerator != left_out and not is_held_out(row.shape)]
                parameters = fit(KINDS[name], others, sets[key])
                held = [row for row in measured if row.accelerator == left_out and is_held_out(row.shape)]
                found += (-log_errors(KINDS[name], parameters, held)).tolist()
    return found


#: So many held-out rows of each kind and accelerator are kept for the tests, whatever their errors.
KEPT = 5


def kept_rows(name: str, rows: dict) -> list:
    """Rows of data/kernels_measured.csv: those whose text has the least checksums."""
    by_accelerator = {}
    about = {"accelerator", "version", "latency_us", *(() if name == "moe" else ("kernel_source",))}
    for row in (row for measured in rows.values() for row in measured if is_held_out(row.shape)):
        text = ",".join(f"{column}={value}" for column, value in row.values.items() if column not in about)
        by_accelerator.setdefault(row.accelerator, []).append((sha256(text.encode()).hexdigest(), text, row))
    found = []
    for accelerator, listed in by_accelerator.items():
        for _, text, row in sorted(listed, key=lambda one: one[0])[:KEPT]:
            locator = f"commit {COMMIT}, {name}.csv, {row.values['version']}"
            fact = (f"{name} {accelerator}", text, row.values["latency_us"], "", "us")
            found.append((*fact, SOURCE, locator, "measured", DATE, ""))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.kernels", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=KINDS, help="this kind alone, and write nothing")
    parser.add_argument(
        "--refit", choices=KINDS, action="append", help="fit these, and take the parameters of others as written"
    )
    parser.add_argument("--write", action="store_true", help="write data/kernel_parameters.csv and bench/kernel_fits.csv")
    parser.add_argument("--rows", action="store_true", help="write data/kernels_measured.csv alone")
    args = parser.parse_args()
    if args.write or args.rows:
        kept = [row for name in KINDS for row in kept_rows(name, read(args.folder, name))]
        write(ROOT / "data" / "kernels_measured.csv", COLUMNS, kept)
    if args.rows:
        return
    table, shapes, moved, near = [], [], [], []
    written = {}
    if args.refit:
        with open(ROOT / "data" / "kernel_parameters.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                written.setdefault(row["subject"], []).append(tuple(row[column] for column in COLUMNS))
    for name, kind in KINDS.items():
        if args.only not in (None, name):
            continue
        sets, rows = {}, read(args.folder, name)
        for (dtype, generation), measured in rows.items():
            fitted = [row for row in measured if not is_held_out(row.shape)]
            subject = subject_of(name, dtype, generation)
            shapes += [(subject, shape) for shape in sorted({row.shape for row in fitted})]
            if args.refit and name not in args.refit:
                sets[dtype, generation] = fitted_of(name, dtype, generation, type(kind.start)).parameters
                table += written[subject]
                continue
            parameters = sets[dtype, generation] = fit(kind, fitted)
            print(f"{subject}\n    fitted   {errors_of(kind, parameters, fitted)}")
            for accelerator in sorted({row.accelerator for row in measured}):
                held = [row for row in measured if row.accelerator == accelerator and is_held_out(row.shape)]
                print(f"    held out {errors_of(kind, parameters, held)}  {accelerator}")
            print("   ", "  ".join(f"{field} {value:.4g}" for field, value in parameters._asdict().items()), flush=True)
            table += facts_of(name, kind, parameters, dtype, generation, measured)
        moved += transfers(name, sets, rows)
        near += siblings(name, sets, rows)
    for subject, told, found in (
        ("another generation", OTHER, moved),
        ("another accelerator of the generation", SIBLING, near),
    ):
        low, high = np.percentile(np.exp(found), [10, 90])
        print(f"parameters of {subject}: measured over predicted {low:.3f} to {high:.3f} in eight of ten held-out rows")
        locator = f"commit {COMMIT}, held-out shapes of all files, by parameters of {subject}"
        note = f"{len(found)} rows; one in ten is lower, one higher"
        known = (told, "measured_over_predicted", f"{low:.4g}", f"{high:.4g}", "ratio")
        table.append((*known, SOURCE, locator, "derived", DATE, note))
    if args.write and not args.only:
        write(ROOT / "data" / "kernel_parameters.csv", COLUMNS, table)
        write(ROOT / "bench" / "kernel_fits.csv", ("subject", "shape"), shapes)


def write(path: Path, columns: tuple, rows: list) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


if __name__ == "__main__":
    main()
