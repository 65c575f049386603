"""moecalc claims"""

from ...errors import InputError

HELP = "every claim of the talk, recomputed, with a verdict"
EXAMPLE = "moecalc claims --verdict differs"


def add_arguments(parser):
    parser.add_argument("--id", metavar="ID", help="one claim, such as C64")
    parser.add_argument("--verdict", metavar="V", help="only those with this verdict")


def run(args):
    from ...claims import VERDICTS, ledger

    rows = ledger()
    if args.verdict is not None and args.verdict not in VERDICTS:
        raise InputError(f"verdict must be one of {', '.join(VERDICTS)}; found {args.verdict!r}")
    if args.id is not None:
        ids = [row["id"] for row in rows]
        if args.id.upper() not in ids:
            raise InputError(f"no claim named {args.id!r}; they run from {ids[0]} to {ids[-1]}")
        rows = [row for row in rows if row["id"] == args.id.upper()]
    return {"claims": [row for row in rows if args.verdict in (None, row["verdict"])]}


def show(result):
    from ..text import table

    rows = [{**row, "what": _short(f"{row['subject']}: {row['claim']}"), "printed": _short(row["printed"], 24),
             "recomputed": _short(row["recomputed"], 30)} for row in result["claims"]]
    columns = {
        "id": "id",
        "what": "claim",
        "printed": "printed",
        "recomputed": "recomputed",
        "verdict": "verdict",
    }
    return table(rows, columns)


def _short(text, width=48):
    text = "" if text is None else str(text)
    return text if len(text) <= width else text[: width - 3] + "..."
