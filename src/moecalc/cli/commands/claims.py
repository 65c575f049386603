"""moecalc claims"""

from ...base.errors import InputError, quoted

HELP = "every claim of the talk, recomputed, with a verdict"
EXAMPLE = "moecalc claims --verdict differs"


def add_arguments(parser):
    parser.add_argument("--id", metavar="ID", help="one claim with all that was found, such as C64")
    parser.add_argument("--verdict", metavar="V", help="only those with this verdict, such as 'in part'")


def run(args):
    from ...claims import VERDICTS, ledger

    if args.verdict is not None and args.verdict not in VERDICTS:
        raise InputError(f"verdict must be one of {', '.join(VERDICTS)}; found {quoted(args.verdict)}")
    rows = ledger()
    if args.id is not None:
        ids = [row["id"] for row in rows]
        if args.id.upper() not in ids:
            ends = f"{ids[0]} to {ids[-1]}"
            raise InputError(f"no claim named {quoted(args.id)}; they run from {ends}")
        rows = [row for row in rows if row["id"] == args.id.upper()]
    return {"claims": [row for row in rows if args.verdict in (None, row["verdict"])]}


def show(result):
    """A table of claims; all of a claim where there is but one."""
    from ..text import table

    claims = result["claims"]
    if len(claims) == 1:
        return whole(claims[0])
    if not claims:
        return "no such claim"
    columns = {
        "id": "id",
        "what": "claim",
        "printed": "printed",
        "recomputed": "recomputed or read",
        "verdict": "verdict",
    }
    return table([short(row) for row in claims], columns)


def short(row: dict) -> dict:
    """A claim in one line."""
    return {
        **row,
        "what": cut(f"{row['subject']}: {row['claim']}", 48),
        "printed": cut(row["printed"] or "-", 24),
        "recomputed": cut(row["recomputed"] or "-", 30),
    }


def whole(row: dict) -> str:
    """A claim in full, one line a field."""
    from ...facts import tables

    source = tables.sources()[row["source"]] if row["source"] else {}
    fields = {
        "claim": f"{row['subject']}: {row['claim']}",
        "slide": row["slide"],
        "where": row["where"],
        "printed": f"{row['printed']} {row['unit']}",
        "recomputed or read": row["recomputed"],
        "verdict": row["verdict"],
        "own value": row["own_value"],
        "convention": row["convention"],
        "note": row["note"],
        "source": ", ".join(filter(None, (source.get("title"), row["locator"], source.get("url")))),
        "page": row["page"],
    }
    return "\n".join([row["id"], *(f"  {name:18}  {text}".rstrip() for name, text in fields.items() if text)])


def cut(text: str, width: int) -> str:
    """A text that fits."""
    return text if len(text) <= width else text[: width - 3] + "..."
