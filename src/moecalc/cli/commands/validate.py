"""moecalc validate"""

HELP = "measured runs beside what is predicted for them: the ledger of errors, or the rows of a file"
EXAMPLE = "moecalc validate --kind memory --held-out"

#: So many cases are shown, the worst first; --json has all.
MOST_SHOWN = 30


def add_arguments(parser):
    parser.add_argument("--kind", metavar="KIND", help="training, memory or serving; without it all")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--fitted", action="store_true", help="cases that a parameter may be fitted on")
    which.add_argument("--held-out", action="store_true", help="cases that no parameter may be fitted on")
    parser.add_argument("--file", metavar="FILE", help="a CSV file of measured runs of one kind, in place of the ledger")


def run(args):
    from ...base.checks import one_of
    from ...base.errors import InputError
    from ...validation.cases import KINDS, cases
    from ...validation.hold_out import FITTED, HELD_OUT

    if args.kind is not None:
        one_of("--kind", args.kind, KINDS)
    if args.file is None:
        use = FITTED if args.fitted else HELD_OUT if args.held_out else None
        return told(cases(args.kind, use), KINDS if args.kind is None else (args.kind,))
    if args.kind is None:
        raise InputError(f"--file needs --kind, one of {', '.join(KINDS)}: it says which columns the file has")
    if args.fitted or args.held_out:
        raise InputError("--fitted and --held-out choose cases of the ledger; the rows of a file are neither")
    from ...validation.file_rows import rows_as_cases
    from ..kernel_rows import read_rows

    return told(rows_as_cases(args.kind, read_rows(args.file)), (args.kind,))


KEYS = ("id", "kind", "metric", "model", "accelerator", "measured", "predicted", "low", "high", "error", "fitted", "source")


def told(cases, kinds) -> dict:
    """Cases and their summary as JSON has them."""
    from ...validation.cases import summary

    shown = []
    for case in cases:
        one = {key: getattr(case, key) for key in KEYS} | {"inside": case.inside}
        shown.append(one | {key: value for key in ("why_not", "note") if (value := getattr(case, key))})
    of_kind = {kind: summary([case for case in cases if case.kind == kind])._asdict() for kind in kinds}
    return {"cases": shown, "summary": of_kind, "notes": []}


def show(result):
    from ..text import noted, table

    cases = result["cases"]
    with_error = sorted((one for one in cases if one["error"] is not None), key=lambda one: -abs(one["error"]))
    rows = [
        {**one, "error": f"{one['error']:+.1%}", "use": {True: "fitted", False: "held out", None: "-"}[one["fitted"]]}
        for one in with_error[:MOST_SHOWN]
    ]
    lines = [table(rows, COLUMNS)] if rows else []
    if len(with_error) > len(rows):
        lines.append(f"... {len(with_error) - len(rows):,} more, with smaller errors; --json has all")
    whys = {}
    for one in cases:
        if "why_not" in one:
            whys[one["why_not"]] = whys.get(one["why_not"], 0) + 1
    for why, count in sorted(whys.items(), key=lambda pair: -pair[1])[:MOST_SHOWN]:
        lines.append(f"not predicted, {count:,} of {len(cases):,}: {why}")
    lines.append("")
    for kind, one in result["summary"].items():
        if not one["predicted"]:
            lines.append(f"{kind}: {one['count']:,} cases, none with an error")
            continue
        inside = "" if one["inside"] is None else f"; {one['inside']:.0%} lie in their interval"
        lines.append(
            f"{kind}: {one['count']:,} cases, {one['predicted']:,} with an error: mean {one['mean_abs_error']:.1%}, "
            f"median {one['median_abs_error']:.1%}, worst {one['worst']:+.1%} ({one['worst_id']}){inside}"
        )
    return noted(lines, result)


COLUMNS = {
    "id": "case",
    "metric": "metric",
    "accelerator": "accelerator",
    "measured": "measured",
    "predicted": "predicted",
    "error": "error",
    "use": "use",
}
