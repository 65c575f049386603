"""The command line: one module a command in :mod:`moecalc.cli.commands`.

A command module holds ``HELP`` (one line), ``EXAMPLE`` (a command that works),
``add_arguments(parser)``, ``run(args)``, which returns what ``--json`` prints, and
``show(result)``, which makes it a text to read. Only the module of the command
that is asked for is imported: starting quickly is part of being usable in a script.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving, economics, validation, industry, claims,
explorers.
"""

import os
import sys
from contextlib import suppress

from .. import __version__
from ..base.errors import InputError, instead, quoted

COMMANDS = (
    "models",
    "families",
    "accelerators",
    "params",
    "flops",
    "kv-cache",
    "mfu",
    "cost",
    "memory",
    "round",
    "pipeline",
    "all-to-all",
    "placement",
    "kernels",
    "calibrate",
    "validate",
    "step",
    "plan",
    "plan-serving",
    "report",
    "experts",
    "fit",
    "serve",
    "token-cost",
    "claims",
    "explore",
    "sweep",
)

DESCRIPTION = "Count what a large language model costs to hold, to train and to serve."


def main(argv=None) -> int:
    """Run a command; 0 when it worked, 2 for bad input, told in one line on stderr."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks a character shows its code
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if argv and argv[0] in ("--version", "-V"):
            print(f"moecalc {__version__}")
        elif not argv or argv[0] in ("--help", "-h"):
            print(overview())
        else:
            with suppress(SystemExit):  # argparse's end of --help
                run(argv[0], argv[1:])
        sys.stdout.flush()
        return 0
    except InputError as error:
        print("moecalc:", *str(error).split(), file=sys.stderr)  # one line, whatever was typed
        return 2
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(name: str, argv: list) -> None:
    """Parse the arguments of one command and print its result."""
    from .arguments import Parser

    if name not in COMMANDS:
        raise InputError(f"no command named {quoted(name)}{instead(name, COMMANDS, 'moecalc --help')}")
    module = command(name)
    parser = Parser(prog=f"moecalc {name}", description=module.HELP, epilog=f"example: {module.EXAMPLE}")
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)
    result = module.run(args)
    if args.json:
        import json

        readable = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
        print(json.dumps(result, indent=2, ensure_ascii=not readable, allow_nan=False))
    else:
        print(module.show(result))


def command(name: str):
    """The module of a command."""
    from importlib import import_module

    return import_module(".commands." + name.replace("-", "_"), __name__)


def overview() -> str:
    """What ``moecalc --help`` prints: every command with an example."""
    lines = [f"usage: moecalc COMMAND [options]    (version {__version__})", "", DESCRIPTION, ""]
    for name in COMMANDS:
        module = command(name)
        lines += [f"  {name:13} {module.HELP}", f"  {'':13}   {module.EXAMPLE}"]
    lines += ["", "moecalc COMMAND --help lists its options. With --json a command prints one JSON object."]
    return "\n".join(lines)
