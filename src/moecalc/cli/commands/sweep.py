"""moecalc sweep"""

import time

from ...base.errors import InputError, instead, quoted
from ..arguments import assignment

HELP = "a command or a figure at every point of a grid, as a table, CSV or Parquet; on all cores or a cluster"
EXAMPLE = "moecalc sweep params --model llama-3.1-8b --set num_hidden_layers=16:32:8 --set hidden_size=4096,8192"

#: Rows that a text shows, and columns at most.
SHOWN, MOST_COLUMNS = 20, 8
#: Rows that one JSON object holds.
MOST_IN_JSON = 10**6


def add_arguments(parser):
    parser.rest = "options"
    parser.add_argument("command", metavar="COMMAND", help="a command and its options, or explore and a figure")
    values = (
        "values of an option of the command, a control of the figure or a key of the model's config, as low:high:step (with "
        "both ends), low:high:*factor, a,b,c or a JSON list; may be repeated: the grid has all combinations"
    )
    parser.add_argument("--set", metavar="KEY=VALUES", type=assignment, action="append", default=[], help=values)
    from ..jobs.running import add_running
    from ..tables_out import add_tables

    add_tables(parser)
    add_running(parser)


def run(args):
    from .. import COMMANDS
    from ..jobs import job_of, sweep
    from ..jobs.running import run_job
    from ..tables_out import table_writers

    began = time.monotonic()
    known = [name for name in COMMANDS if name != "sweep"]
    if args.command not in known:
        raise InputError(f"no command named {quoted(args.command)} to sweep{instead(args.command, known, 'moecalc --help')}")
    writers = table_writers(args)
    question = sweep.question_of(args.command, args.options, args.set)
    points = sweep.size(question)
    if args.json and not writers and points > MOST_IN_JSON:
        raise InputError(f"--json holds at most {MOST_IN_JSON:,} rows; found {points:,}, for --csv or --parquet")
    rows = run_job(job_of("sweep", question), args)
    for path, write in writers.items():
        write(rows, path)
    refused = None if rows.refusal is None else rows.refusal[2]
    told = {"num_points": points, "num_refused": rows.num_refused, "first_refused": refused, "columns": rows.columns}
    here = rows.dicts(points if args.json and not writers else SHOWN)
    return {"command": args.command, **told, "files": list(writers), "rows": here, "took_s": time.monotonic() - began}


def show(result):
    from ..text import table

    rows = result["rows"]
    names = [name for name in result["columns"] if any(name in row for row in rows)]
    told = {name: [row.get(name) for row in rows] for name in names}
    # what does not vary, and what says again how the grid was set, comes last
    again = {name for i, name in enumerate(names) if any(told[name] == told[one] for one in names[:i])}
    keys = sorted(names, key=lambda name: name in again or len(set(told[name])) < 2)
    shown = keys[:MOST_COLUMNS]
    lines = [table(rows, {name: name for name in shown}), ""]
    more = [f"{result['num_points']:,} points", f"{result['num_refused']:,} refused"]
    if result["num_points"] > len(rows):
        more.append(f"the first {len(rows)} are shown")
    if len(keys) > len(shown):
        more.append(f"{len(shown)} of {len(keys)} columns")
    lines.append(", ".join(more) + f", {result['took_s']:.1f} s")
    if result["first_refused"]:
        lines.append(f"the first refusal: {result['first_refused']}")
    return "\n".join([*lines, *(f"written: {path}" for path in result["files"])])
