"""Arguments that commands share, and a parser whose errors are one line."""

import argparse
import os
import re

from ..base.errors import InputError, instead, quoted


class Parser(argparse.ArgumentParser):
    """An argument parser that tells an error in one sentence, without the usage text."""

    #: where a command takes those of another behind its own: the name under which they stand
    rest = ""

    def __init__(self, **how):
        super().__init__(formatter_class=formatter, allow_abbrev=False, **how)

    def parse_args(self, args, namespace=None):
        if self.rest:
            namespace, further = self.parse_known_args(args, namespace)
            setattr(namespace, self.rest, further)
            return namespace
        options = [option for action in self._actions for option in action.option_strings]
        for arg in args:  # before what is missing: a misspelt option is both
            option = arg.partition("=")[0]
            if option.startswith("--") and option not in options:
                ending = instead(option, options, f"{self.prog} --help")
                raise InputError(f"{self.prog} has no option {quoted(option)}{ending}")
        return super().parse_args(args, namespace)

    def error(self, message):
        raise InputError(f"{message} (see {self.prog} --help)")


def formatter(prog: str):
    """Formats the help as wide as the terminal; asked without a width, argparse imports shutil for it."""
    try:
        width = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=max(width, 40) - 2)


#: Letter behind a number -> powers of 1000 of a count, of 1024 of a length.
LETTERS = {"k": 1, "m": 2, "b": 3, "t": 4}
_NUMBER = r"(?P<digits>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)\s*(?P<letter>[kKmMbBtT]?)"


class Length(int):
    """A number of tokens, and a sentence about how it was read."""

    note = ""


def amount(example: str):
    """A reader of numbers as people write them: 14.8T, 2,664,000, 2.664e6; `example` stands in its error."""

    def number(text: str):
        digits, letter = _taken_apart(text)
        if letter:
            return _plain(float(f"{digits}e{3 * LETTERS[letter]}"))
        for kind in (int, float):
            try:
                return kind(digits)
            except ValueError:
                pass
        raise argparse.ArgumentTypeError(f"a number is accepted, such as {example}; found {quoted(text)}")

    return number


def whole_amount(example: str):
    """A reader of whole numbers: 4096, 1e3, 8K of 1,000 each."""
    read = amount(example)

    def whole_number(text: str) -> int:
        try:
            value = _plain(read(text))
        except argparse.ArgumentTypeError:
            value = None
        if not isinstance(value, int):
            raise argparse.ArgumentTypeError(f"a whole number is accepted, such as {example}; found {quoted(text)}")
        return value

    return whole_number


number, whole = amount("1.5e6"), whole_amount("64")


def length(text: str) -> int:
    """A length in tokens: 4096, 128K of 1,024 each, as contexts are called."""
    digits, letter = _taken_apart(text)
    if not letter:
        return whole_amount("4096 or 128K")(text)
    value = Length(whole_amount("4096 or 128K")(str(_plain(float(digits) * 1024 ** LETTERS[letter]))))
    value.note = f"{text} is read as {value:,} tokens, with K of 1,024"
    return value


def share(text: str):
    """A share as people write it: 0.4 or 40%."""
    read = amount("0.4 or 40%")
    return read(text[:-1]) / 100 if text.endswith("%") and text[:-1] else read(text)


def money(text: str):
    """An amount of USD: 2, $2, 1.5M."""
    return amount("2 or 5.6M")(text.removeprefix("$"))


def number_or_range(text: str):
    """A price as typed: 2, $2, or 1.99-5.00 for a range."""
    low, dash, high = text.partition("-")
    return (money(low), money(high)) if dash and low and not low.endswith(("e", "E")) else money(text)


def _taken_apart(text: str) -> tuple:
    """(digits without commas, small letter behind them or "") of a number; the whole text where it is none of that form."""
    found = re.fullmatch(_NUMBER, text.strip())
    return (found["digits"].replace(",", ""), found["letter"].lower()) if found else (text, "")


def _plain(value):
    """An int, where a float is one."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def assignment(text: str) -> tuple:
    """key=value."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"key=value is accepted; found {quoted(text)}")
    return key.strip(), value


def add_model(parser, required: bool = True) -> None:
    """--model or --config, and --set to change keys of it."""
    which = parser.add_mutually_exclusive_group(required=required)
    which.add_argument("--model", metavar="NAME", help="a model of this project: see moecalc models")
    which.add_argument("--config", metavar="FILE", help="a Hugging Face config.json, its folder, a .json.gz, - for stdin")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=assignment,
        action="append",
        default=[],
        help="change a key of the config, such as n_routed_experts=128; may be repeated",
    )


def model_to_send(args, config) -> str | dict:
    """A model as a question to another process holds it: by name, or its config where that was given or changed."""
    return args.model if args.model is not None and not args.set else config.wrapper or config.raw


def read_model(args):
    """The config that `add_model`'s arguments name."""
    from ..model.config import load_config, load_model

    if args.model is None and args.config is None:
        raise InputError("a model is needed: --model NAME or --config FILE is accepted")
    if args.model is not None:
        check_model(args.model)
        config = load_model(args.model)
    else:
        check_file(args.config)
        config = load_config(args.config)
    return config.replace(**{key: json_value(value) for key, value in args.set}) if args.set else config


def looks_like_file(name: str) -> bool:
    """Whether what was typed for a model is a path: ``./config.json``, ``-``, a file that is there."""
    return name == "-" or name.startswith(("./", "../", "/", "~")) or name.endswith((".json", ".gz")) or os.path.isfile(name)


def check_model(name: str) -> None:
    """Refuses a path where the name of a model is asked for."""
    if looks_like_file(name):
        raise InputError(f"{quoted(name)} is a file, not a model of this project; use --config {name}")


def check_file(path: str) -> None:
    """Refuses the name of a model where a file is asked for; a path that is there, or looks like one, passes."""
    if os.path.exists(path) or looks_like_file(path):
        return
    from ..facts.models import model_slug

    elsewhere = "nothing is fetched from elsewhere"
    try:
        slug = model_slug(path)
    except InputError:
        if path.count("/") == 1:
            raise InputError(f"no file {quoted(path)}; {elsewhere}: a config.json that lies here is accepted") from None
        return
    raise InputError(f"no file {quoted(path)}, but a model of this project: use --model {slug}; {elsewhere}")


def notes(args, config=None, *more) -> dict:
    """What every command that takes a model adds to its result: ``notes``, the sentences that a reader must know.

    Those of the config, `more` that the command has, and how a length was read; ``left_out_note``, one of them, stays a key
    of its own.
    """
    read = [value.note for value in vars(args).values() if isinstance(value, Length)]
    said = [*(config.notes if config else ()), *more, *read]
    left_out = config.left_out_note if config else ""
    return {**({"left_out_note": left_out} if left_out else {}), "notes": said}


def json_value(text: str):
    """A value as in a config.json: a number, true, false, null, or else the text itself."""
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def add_accelerator(parser, **how) -> None:
    """--gpu."""
    parser.add_argument(
        "--gpu",
        metavar="NAME",
        help="an accelerator: see moecalc accelerators; or its numbers, such as bf16=400e12,hbm=2e12,memory=64e9",
        **how,
    )
