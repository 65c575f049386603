"""A command or a figure of the report, asked at one point after another."""

import copy
from argparse import ArgumentTypeError

from ...base.errors import InputError, instead, quoted
from .. import command
from ..arguments import Parser

#: Of a switch, such as --two-micro-batches.
SWITCH = {"true": True, "yes": True, "false": False, "no": False}
#: Keys of an answer that depend on the machine and the hour.
NOT_KEPT = ("took_s",)


class Figure:
    """An explorer; the keys of a grid are its controls."""

    def __init__(self, options: list, keys: list):
        from ...explorers import explorer

        if len(options) != 1 or options[0].startswith("-"):
            raise InputError("moecalc sweep explore takes one figure (moecalc explore --list), and its controls by --set")
        self.explorer, self.keys = explorer(options[0]), keys
        self.controls = {control.key: control for control in self.explorer.controls}
        for key in keys:
            if key not in self.controls:
                ending = instead(key, self.controls, "moecalc explore --list")
                raise InputError(f"{options[0]} has no control {quoted(key)}{ending}")

    def reader(self, key: str):
        """What reads a value of a key, and refuses one that it cannot."""
        return self.controls[key].read

    def answer(self, values: tuple) -> dict:
        """The figure's numbers at a point."""
        return self.explorer.run(dict(zip(self.keys, values, strict=True))).metrics


class Command:
    """A command; the keys of a grid are options of it, or keys of its model's config."""

    def __init__(self, name: str, options: list, keys: list, first: tuple):
        self.module, self.keys = command(name), keys
        self.parser = Parser(prog=f"moecalc {name}", description=self.module.HELP)
        self.module.add_arguments(self.parser)
        own = {action.dest: action for action in self.parser._actions if action.dest not in ("help", "set")}
        self.options = {key: own[key.replace("-", "_")] for key in keys if key.replace("-", "_") in own}
        for key, action in self.options.items():
            self._check(key, action, options)
        line = [word for key, value in zip(keys, first, strict=True) for word in self._words(key, value)]
        if "processes" in own and "--processes" not in options:
            line += ["--processes", "1"]  # the points share the cores already
        self.args = self.parser.parse_args([*options, *line])
        self.in_config = [key for key in keys if key not in self.options]
        if self.in_config:
            self._check_config(name, own)

    def reader(self, key: str):
        """What reads a value of a key, and refuses one that it cannot."""
        return (lambda text: self._value(key, text)) if key in self.options else str

    def answer(self, values: tuple) -> dict:
        """What --json would print at a point."""
        args = copy.copy(self.args)
        told = dict(zip(self.keys, values, strict=True))
        for key, action in self.options.items():
            setattr(args, action.dest, self._value(key, told[key]))
        if self.in_config:
            args.set = [(key, told[key]) for key in self.in_config]
        return self.module.run(args)

    def _check(self, key, action, options):
        if not action.option_strings or action.nargs not in (None, 0):
            raise InputError(f"{key} takes a list of values and cannot be a key of a grid; give it behind the command")
        if given := [word for word in options if word.partition("=")[0] in action.option_strings]:
            raise InputError(f"{key} has two values: {given[0]} behind the command, and --set; one of them is accepted")

    def _check_config(self, name, own):
        from ..arguments import read_model

        if getattr(self.args, "model", None) is None and getattr(self.args, "config", None) is None:
            key, known = self.in_config[0], [option.replace("_", "-") for option in own if own[option].option_strings]
            ending = instead(key.replace("_", "-"), known, f"moecalc {name} --help")
            raise InputError(f"moecalc {name} has no option {quoted(key)}{ending}")
        keys = read_model(self.args).keys
        for key in self.in_config:
            if key not in keys:
                known = [*keys, *(option for option in own if own[option].option_strings)]
                ending = instead(key, known, f"for options moecalc {name} --help")
                raise InputError(f"{quoted(key)} is no option of {name} and no key of the model's config{ending}")

    def _words(self, key, value) -> list:
        """An option of the command as it is typed; nothing of a config's key and of a switch that is off."""
        action = self.options.get(key)
        if action is None:
            return []
        if action.nargs == 0:
            return action.option_strings[:1] if self._value(key, value) else []
        return [f"{action.option_strings[-1]}={value}"]

    def _value(self, key, text):
        action = self.options[key]
        if action.nargs == 0:
            if text.lower() not in SWITCH:
                raise InputError(f"{key} must be true or false; found {quoted(text)}")
            return SWITCH[text.lower()]
        try:
            value = action.type(text) if action.type else text
        except ArgumentTypeError as error:
            raise InputError(f"{key}: {error}") from None
        if action.choices is not None and value not in action.choices:
            raise InputError(f"{key} must be one of {', '.join(map(str, action.choices))}; found {quoted(text)}")
        return value


def asked(name: str, options: list, keys: list, first: tuple):
    """The command or figure that a sweep asks; `first` is the first value of each key."""
    return Figure(options, keys) if name == "explore" else Command(name, options, keys, first)


def flat(answer: dict, before: str = "") -> dict:
    """Numbers, words, truths of an answer by dotted names; lists and what is not finite are left out.

    >>> flat({"total": 3, "parts": {"head": 1.5, "notes": []}, "model": "x"})
    {'total': 3, 'parts.head': 1.5, 'model': 'x'}
    """
    found = {}
    for key, value in answer.items():
        finite = isinstance(value, float) and value - value == 0
        if isinstance(value, dict):
            found |= flat(value, f"{before}{key}.")
        elif before + key not in NOT_KEPT and (value is None or finite or isinstance(value, (str, int))):
            found[before + key] = value
    return found
