"""moecalc kernels"""

from ..arguments import add_accelerator

HELP = "time of single kernels: products, collectives, DeepEP; a row typed in, or each row of a file of measured ones"
EXAMPLE = "moecalc kernels --op gemm --row gemm_dtype=fp8_block,m=4096,n=7168,k=2048 --gpu h800-sxm"

#: So many rows are shown; --json has all.
MOST_SHOWN = 20


def add_arguments(parser):
    from ..kernel_rows import OPS

    parser.add_argument("--op", required=True, metavar="KIND", help=f"one of {', '.join(OPS)}")
    parser.add_argument("--file", metavar="FILE", help="a CSV file with a row for each kernel")
    parser.add_argument("--row", metavar="COLUMN=VALUE,...", help="one row, in place of a file")
    add_accelerator(parser)


def run(args):
    from ...base.checks import one_of
    from ...base.errors import InputError
    from ...hardware.accelerator import read_accelerator
    from ..kernel_rows import OPS, read_rows, row_of, values_of

    one_of("--op", args.op, OPS)
    if (args.file is None) == (args.row is None):
        raise InputError("either --file or --row says which kernels; exactly one of them is accepted")
    rows = [row_of(args.row)] if args.file is None else read_rows(args.file)
    accelerators, shown = {}, []
    for number, row in enumerate(rows, start=2):
        where = "the row" if args.file is None else f"row {number}"
        name = args.gpu or row.get("accelerator")
        if not name:
            raise InputError(f"{where} names no accelerator; a column accelerator or --gpu does")
        if name not in accelerators:
            accelerators[name] = read_accelerator(name)
        values = values_of(args.op, row, where)
        try:
            found = OPS[args.op].time(accelerators[name], values)
        except InputError as error:
            raise InputError(str(error) if args.file is None else f"{where}: {error}") from None
        of = {"accelerator": accelerators[name].slug or accelerators[name].name}
        shown.append({**of, **values, **_told(found, row, OPS[args.op].measured)})
    ends = {key: [one[key] for one in shown] for key in ("low_us", "high_us")}
    result = {"op": args.op, "rows": len(shown), "times_us": [one["time_us"] for one in shown], **ends}
    parts = [key for key in ("dispatch_us", "combine_us") if key in shown[0]]
    result |= {key: [one[key] for one in shown] for key in parts}
    result["notes"] = list(dict.fromkeys(one["note"] for one in shown if one["note"]))
    return result | {"shown": [{key: one[key] for key in one if key != "note"} for one in shown[:MOST_SHOWN]]}


def _told(found, row, measured) -> dict:
    """Times in microseconds, those of its parts, and the measured one where the row has all columns of it."""
    times = {"time_us": found.time_s, "low_us": found.low_s, "high_us": found.high_s}
    times |= {f"{part}_us": getattr(found, part).time_s for part in ("dispatch", "combine") if hasattr(found, part)}
    told = {key: None if value is None else 1e6 * value for key, value in times.items()}
    if all(row.get(column) for column in measured):
        parts = [measured_us(row[column]) for column in measured]
        told["measured_us"] = None if None in parts else sum(parts) or None
    return {**told, "note": found.note}


def measured_us(text: str):
    """A measured time; None where the text is no number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def show(result):
    from ..text import noted, table

    lines = [table(result["shown"], {key: key for key in result["shown"][0]})]
    if result["rows"] > len(result["shown"]):
        lines.append(f"... {result['rows'] - len(result['shown']):,} more rows; --json has all")
    return noted(lines, result)
