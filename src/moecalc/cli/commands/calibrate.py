"""moecalc calibrate"""

from ..arguments import add_accelerator

HELP = "numbers of an accelerator that you have, from a few kernels timed on it; or how to time them"
EXAMPLE = "moecalc calibrate"

#: How the kernels are timed, and what becomes of the times.
HOW = (
    ("needs PyTorch, on the machine with the GPU", 'pip install "moecalc[calibrate]"'),
    ("times products, attention and copies, in about a minute", "python -m moecalibrate --out rows.csv"),
    ("with several GPUs: collectives too", "torchrun --nproc-per-node 8 -m moecalibrate --out rows.csv"),
    ("without a GPU: made-up times, to see the form of a file", "python -m moecalibrate --dry-run --out rows.csv"),
    ("the accelerator by its name or data sheet, corrected by its rows", "moecalc calibrate --file rows.csv --gpu NAME"),
)


def add_arguments(parser):
    parser.add_argument("--file", metavar="FILE", help="rows that moecalibrate timed: op, the columns of the op, latency_us")
    add_accelerator(parser)


def run(args):
    from ...base.errors import InputError
    from ..calibration import calibration_of

    if args.file is None:
        if args.gpu is not None:
            raise InputError("--gpu says what the rows of --file were timed on; --file is missing")
        return {"how": [{"what": what, "command": command} for what, command in HOW], "notes": []}
    return calibration_of(args.file, args.gpu)


def show(result):
    from ..text import noted, table

    if "how" in result:
        return "\n".join(line for one in result["how"] for line in (f"# {one['what']}", one["command"], ""))
    keys = [{"key": key, **one} for key, one in result["keys"].items()]
    lines = [
        table(result["rows"], {name: name for name in result["rows"][0]}),
        "",
        table(result["summary"], {name: name.replace("_", " ") for name in result["summary"][0]}),
        "",
        table(keys, {"key": "key", "value": "value", "unit": "unit", "what": ""}),
        "",
        f'--gpu "{result["gpu"]}"',
    ]
    return noted(lines, result)
