"""moecalc explore"""

from ...base.errors import InputError
from ..arguments import assignment

HELP = "the numbers of a figure of the report, for any values of its controls"
EXAMPLE = "moecalc explore cost --set num_gpus=2000"


def add_arguments(parser):
    parser.add_argument("name", nargs="?", metavar="NAME", help="a figure: see --list")
    parser.add_argument("--list", action="store_true", help="list the figures")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", type=assignment, action="append", default=[], help="set a control; may be repeated"
    )


def run(args):
    from ...explorers import explore, explorers

    if args.list:
        return {
            "explorers": [
                {
                    "name": one.name,
                    "title": one.title,
                    "controls": [control.describe() for control in one.controls],
                    "metrics": list(one.metrics),
                }
                for one in explorers()
            ]
        }
    if args.name is None:
        raise InputError("a figure is needed: moecalc explore --list names them")
    return explore(args.name, **dict(args.set))


def show(result):
    from ..text import cell, table

    if "explorers" in result:
        rows = [{**one, "controls": ", ".join(c["key"] for c in one["controls"])} for one in result["explorers"]]
        return table(rows, {"name": "name", "title": "title", "controls": "controls"})
    rows = [{"name": name, "value": cell(value)} for part in ("controls", "metrics") for name, value in result[part].items()]
    return table(rows, {"name": "name", "value": "value"})
