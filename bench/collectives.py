"""python -m bench.collectives FOLDER [--write]: fit times of communication to measured rows, print the errors reached.

FOLDER holds collectives.csv, deepep_ll.csv and deepep_normal.csv. ``--write`` writes ``data/collective_parameters.csv``.
"""

import argparse
import csv
import os
import statistics
from typing import NamedTuple

from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.hardware.collectives import low_latency, nccl, normal
from moecalc.hardware.collectives.parameters import ALIKE_LINKS, FALLBACK, GENERATIONS, OTHER, TABLE
from moecalc.hardware.collectives.shape import DIRECTIONS, Shape, gpus_per_node
from moecalc.hardware.kernels.held_out import is_held_out, shape_of

from .least_squares import fit

#: name in the files -> (slug, generation)
MEASURED = {
    "a100_sxm": ("a100-sxm", "ampere"),
    "h100_sxm": ("h100-sxm", "hopper"),
    "h200_sxm": ("h200-sxm", "hopper"),
    "b200_sxm": ("b200-sxm", "blackwell"),
    "gb200": ("gb200-nvl72", "blackwell"),
}
#: Accelerators of the same chip, or of the same generation, that were not measured.
ALIKE = {
    "ampere": "a800-sxm a100-sxm-40gb a100-pcie a100-pcie-40gb",
    "hopper": "h800-sxm h20 h20-141gb h100-pcie h100-nvl h200-nvl gh200-96gb",
    "blackwell": "b300-sxm gb300-nvl72",
}
START = {
    nccl.RingParameters: (5e-6, 1e-6, 0.8, 600e9, 20e-6, 3e6),
    low_latency.LowLatencyParameters: (8e-6, 0.01e-6, 0.4e-6, 3e9, 1e-6, 0.7, 0.9, 5e-6),
    normal.NormalParameters: (25e-6, 3e9, 0.5e-6, 30e9, 1e12, 0.65, 10e-6, 3e9, 15e9, 0.9, 2.0),
}
#: Parameters of DeepEP that only rows over several nodes show; on Hopper alone, where every node has eight GPUs.
OVER_NODES = {"share_of_scale_out", "doubling_s", "node_s", "sm_out_bytes_per_s", "sm_node_bytes_per_s", "congestion"}
UNITS = {"_bytes_per_s": ("GB/s", 1e9), "_bytes": ("KB", 1e3), "_s": ("us", 1e-6)}
HEADING = "subject,quantity,value,high,unit,source,locator,status,date,note"


class Kind(NamedTuple):
    """One kind of communication: its file, its rows there, and what predicts a row's time from parameters."""

    name: str
    file: str
    takes: object
    form: type
    predict: object
    measured_us: object


class Row(NamedTuple):
    """A measured row."""

    accelerator: object
    generation: str
    version: str
    held_out: bool
    values: dict
    time_s: float


def kinds() -> list:
    """Every kind, rings and exchanges of NCCL and both directions of both kernels of DeepEP."""
    rings = nccl.RING, lambda row: row["op_name"] != nccl.ALL_TO_ALL
    exchanges = nccl.EXCHANGE, lambda row: row["op_name"] == nccl.ALL_TO_ALL
    found = []
    for name, takes in (rings, exchanges):
        found.append(Kind(name, "collectives", takes, nccl.RingParameters, _ring_s, lambda row: float(row["latency_us"])))
    for direction in DIRECTIONS:
        found.append(_low_latency(direction))
        found.append(_normal(direction))
    return found


def _ring_s(found, row):
    values, link = row.values, row.accelerator.scale_up_bandwidth_bytes_per_s
    num_bytes = int(values["message_size"]) * nccl.DTYPES[values["nccl_dtype"]]
    return nccl.ring_time_s(found, values["op_name"], num_bytes, int(values["num_gpus"]), link)


def _shape(row):
    columns = ("num_token", "hidden_size", "num_topk", "num_experts", "node_num")
    return Shape(*(int(row.values[column]) for column in columns), gpus_per_node(row.accelerator))


def _links(row):
    return row.accelerator.scale_up_bandwidth_bytes_per_s, row.accelerator.scale_out_bandwidth_bytes_per_s


def _low_latency(direction):
    def predict(found, row):
        sms = row.accelerator.num_sms or low_latency.USUAL_SMS
        return low_latency.low_latency_s(found, direction, _shape(row), *_links(row), sms)

    def measured(row):
        return float(row[f"{direction}_avg_t_us"])

    name = f"{low_latency.KIND} {direction}"
    return Kind(name, "deepep_ll", lambda row: True, low_latency.LowLatencyParameters, predict, measured)


def _normal(direction):
    def predict(found, row):
        return normal.normal_s(found, direction, _shape(row), int(row.values[f"{direction}_sms"]), *_links(row))

    def measured(row):
        return float(row[f"{direction}_transmit_us"]) + float(row[f"{direction}_notify_us"])

    return Kind(f"{normal.KIND} {direction}", "deepep_normal", lambda row: True, normal.NormalParameters, predict, measured)


def read(kind: Kind, folder: str) -> list:
    """The rows of a kind."""
    found = []
    with open(os.path.join(folder, f"{kind.file}.csv"), encoding="utf-8", newline="") as file:
        for values in csv.DictReader(file):
            if kind.takes(values):
                slug, generation = MEASURED[values["accelerator"]]
                held = is_held_out(shape_of(kind.file, values))
                told = (load_accelerator(slug), generation, values["version"], held, values)
                found.append(Row(*told, 1e-6 * kind.measured_us(values)))
    return found


def names(kind: Kind, generation: str) -> list:
    """Parameters that the rows of a generation show; the others are 0, or taken from :data:`FALLBACK`."""
    fields = list(kind.form._fields)
    if kind.name == nccl.EXCHANGE:
        fields.remove("step_s")
    if kind.file != "collectives":
        fields = [field for field in fields if generation == FALLBACK or field not in OVER_NODES]
        if generation != FALLBACK and kind.form is normal.NormalParameters:
            fields.remove("share_of_link")  # so few SMs never fill these links
        if generation == FALLBACK:
            fields = [field for field in fields if field != "rank_s"]
    return fields


def fitted(kind: Kind, rows: list, generation: str):
    """The parameters of a generation, from its rows that are not held out."""
    start = dict(zip(kind.form._fields, START[kind.form], strict=True))
    chosen = names(kind, generation)
    fixed = {field: 0.0 if field in ("rank_s", "step_s") else start[field] for field in start if field not in chosen}

    def predict(found, row):
        return kind.predict(kind.form(**fixed, **found), row)

    used = [(row, row.time_s) for row in rows if row.generation == generation and not row.held_out]
    return kind.form(**fixed, **fit(predict, used, {field: start[field] for field in chosen}))


class Errors(NamedTuple):
    """Sizes of errors of some rows as shares, and between which ratios of measured to predicted eight of ten lie."""

    count: int
    median: float
    nine_in_ten: float
    worst: float
    low: float
    high: float


def errors(kind: Kind, found, rows: list) -> Errors:
    """Errors of some rows, predicted with one set of parameters."""
    return of_ratios([row.time_s / kind.predict(found, row) for row in rows])


def of_ratios(ratios: list) -> Errors:
    """Errors from ratios of measured to predicted."""
    sizes = [abs(1 / ratio - 1) for ratio in ratios]
    tenths, ends = (statistics.quantiles(values, n=10, method="inclusive") for values in (sizes, ratios))
    return Errors(len(sizes), statistics.median(sizes), tenths[-1], max(sizes), ends[0], ends[-1])


def written(kind: Kind, generation: str, found, before: Errors, held: Errors, versions: str) -> list:
    """The rows of the table for a kind and generation."""
    where = f"performance database, {kind.file}, {versions}"
    said = f"fitted on {before.count} rows, median error {before.median:.1%}, nine in ten within {before.nine_in_ten:.1%}"
    subject, lines = f"{kind.name} {generation}", []
    for field in kind.form._fields:
        own = field in names(kind, generation)
        if not own and field not in ("rank_s", "step_s"):
            continue
        ending, (unit, size) = next(((key, one) for key, one in UNITS.items() if field.endswith(key)), ("", ("ratio", 1)))
        value = getattr(found, field) / size
        lines.append((subject, field.removesuffix(ending), f"{value:.4g}", unit, where, said if own else "not in this form"))
    after = f"of {held.count} rows held out"
    lines += [
        (subject, "rows_fitted", before.count, "count", where, ""),
        (subject, "rows_held_out", held.count, "count", where, "by a checksum of the shape, before anything was fitted"),
        (subject, "median_error_fitted", f"{100 * before.median:.3g}", "%", where, ""),
        (subject, "nine_in_ten_fitted", f"{100 * before.nine_in_ten:.3g}", "%", where, ""),
        (subject, "median_error_held_out", f"{100 * held.median:.3g}", "%", where, ""),
        (subject, "nine_in_ten_held_out", f"{100 * held.nine_in_ten:.3g}", "%", where, ""),
        *_ends(subject, held, where, f"tenth part of measured over predicted, {after}"),
    ]
    return lines


def _ends(subject, held, where, note):
    return [
        (subject, "low", f"{held.low:.4g}", "ratio", where, f"lowest {note}"),
        (subject, "high", f"{held.high:.4g}", "ratio", where, f"highest {note}"),
    ]


def report(kind: Kind, folder: str) -> list:
    """Fit a kind on each generation, print its errors, and return the rows of the table."""
    rows, sets, lines = read(kind, folder), {}, []
    for generation in [one for one in GENERATIONS if any(row.generation == one for row in rows)]:
        own = [row for row in rows if row.generation == generation]
        sets[generation] = found = fitted(kind, own, generation)
        parts = [[row for row in own if row.held_out == held] for held in (False, True)]
        reached = [errors(kind, found, part) for part in parts]
        for name, one in zip(("fitted", "held out"), reached, strict=True):
            _print(f"{kind.name} {generation}", name, one)
        for slug in sorted({row.accelerator.slug for row in own}):
            _print("", slug, errors(kind, found, [row for row in parts[1] if row.accelerator.slug == slug]))
        if kind.file != "collectives" and generation == FALLBACK:
            for number in ("1", "2", "4", "8"):
                some = [row for row in parts[1] if row.values["node_num"] == number]
                _print("", f"nodes: {number}", errors(kind, found, some))
        versions = ", ".join(sorted({row.version for row in own}))
        lines += written(kind, generation, found, *reached, versions)
    for name, what in ((ALIKE_LINKS, "share of the links"), (OTHER, "parameters")):
        across = of_ratios(list(_transferred(kind, rows, sets, name)))
        _print(f"{kind.name} {name}", "held out", across)
        note = f"tenth part of measured over predicted, of {across.count} rows with the {what} of another generation"
        lines += _ends(f"{kind.name} {name}", across, f"performance database, {kind.file}", note)
    return lines


def _transferred(kind, rows, sets, name):
    """Measured over predicted of held-out rows on one node, with what another generation's rows say."""
    for row in rows:
        if not row.held_out or row.values.get("node_num", "1") != "1":
            continue
        for generation, found in sets.items():
            if generation != row.generation:
                own = sets[row.generation]._replace(share_of_link=found.share_of_link)
                yield row.time_s / kind.predict(found if name == OTHER else own, row)


def _print(what, name, one):
    figures = f"median {one.median:6.1%}  nine in ten {one.nine_in_ten:6.1%}  worst {one.worst:6.1%}"
    print(f"{what:46} {name:12} {one.count:5} rows  {figures}  [{one.low:.2f}, {one.high:.2f}]")


def write(lines: list) -> None:
    """The table."""
    source, date = "aiconfigurator", tables.sources()["aiconfigurator"]["date"]
    with open(os.path.join(tables.data_dir(), f"{TABLE}.csv"), "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADING.split(","))
        for generation in GENERATIONS:
            own = " ".join(slug for slug, of in MEASURED.values() if of == generation)
            told = ("performance database, names of systems", "assumed", date)
            out.writerow((f"generation {generation}", "measured", own, "", "text", source, *told, ""))
            note = "of the same generation, not measured"
            out.writerow((f"generation {generation}", "alike", ALIKE[generation], "", "text", source, *told, note))
        for subject, quantity, value, unit, where, note in lines:
            out.writerow((subject, quantity, value, "", unit, source, where, "derived", date, note))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.collectives", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--write", action="store_true", help=f"write data/{TABLE}.csv")
    args = parser.parse_args()
    lines = [line for kind in kinds() for line in report(kind, args.folder)]
    if args.write:
        write(lines)


if __name__ == "__main__":
    main()
