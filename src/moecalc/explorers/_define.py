"""What an explorer is: controls as plain data, a function of them, and the numbers it shows.

One definition serves the notebook widget, the built page, ``moecalc explore`` and the
tests. Nothing here draws anything.
"""

from collections.abc import Callable
from types import GeneratorType
from typing import NamedTuple

from ..base.errors import InputError
from ..base.progress import run_to_end
from ..base.units import show
from ._guess import Guess

#: A slider with more stops than this cannot be set with a finger.
MAX_STOPS = 50
#: So many controls stand beside a picture on one screen; the others are folded.
MOST_LEADING = 6


class Choice(NamedTuple):
    """A control with a list of accepted values."""

    key: str
    label: str
    default: object
    options: tuple  #: (value, label in words) each
    unit: str = ""

    kind = "select"

    def read(self, value):
        """The option that `value`, or its text, stands for."""
        for option, _ in self.options:
            if str(option) == str(value):
                return option
        accepted = [str(option) for option, _ in self.options]
        raise InputError(f"{self.key} must be one of {', '.join(accepted)}; found {value!r}")

    def stops(self) -> list:
        """Every value that it accepts."""
        return [value for value, _ in self.options]

    def describe(self) -> dict:
        return {**self._asdict(), "kind": self.kind, "options": [list(option) for option in self.options]}


class Number(NamedTuple):
    """A control with a number from `low` to `high`, moved in steps; whole where all three are."""

    key: str
    label: str
    default: float
    low: float
    high: float
    step: float
    unit: str = ""
    scale: str = "linear"  #: "log" where the stops of a slider should be factors; "powers" for powers of two alone
    zero: str = ""  #: what 0 stands for, where it does not stand for itself

    kind = "range"

    @property
    def whole(self) -> bool:
        return all(isinstance(one, int) for one in (self.default, self.low, self.high, self.step))

    def read(self, value):
        """`value`, or its text, as a number in range; any number in range is accepted, on a step or not."""
        kind = "a whole number" if self.whole else "a number"
        try:
            number = float(value)
            if self.whole and number.is_integer():
                number = int(number) if abs(number) < 2**53 else int(value)
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None or isinstance(value, bool) or not self.low <= number <= self.high or (
            self.whole and not isinstance(number, int)
        ):
            raise InputError(f"{self.key} must be {kind} from {self.low:,} to {self.high:,}; found {value!r}")
        return number

    def stops(self) -> list:
        """Where a slider stops: at most :data:`MAX_STOPS` values, with both ends and the default among them."""
        steps = round((self.high - self.low) / self.step)
        if self.scale == "log":
            spread = [self.low * (self.high / self.low) ** (i / MAX_STOPS) for i in range(MAX_STOPS + 1)]
            spread = [float(f"{value:.2g}") for value in spread]
        elif self.scale == "powers":
            spread = [2**power for power in range(int(self.high).bit_length())]
        else:
            # a divisor of the number of steps keeps every stop on a step
            every = next(n for n in range(1, steps + 1) if steps // n < MAX_STOPS)
            spread = [self.low + i * self.step for i in range(0, steps + 1, every)]
        inside = {value for value in spread if self.low < value < self.high} | {self.low, self.default, self.high}
        # no noise of binary steps: 0.1 + 0.2 is 0.3 here
        tidy = int if self.whole else lambda value: float(f"{value:.10g}")
        return sorted({tidy(value) for value in inside})

    def describe(self) -> dict:
        return {**self._asdict(), "kind": self.kind, "whole": self.whole, "stops": self.stops()}


class Switch(NamedTuple):
    """A control that is on or off."""

    key: str
    label: str
    default: bool
    unit: str = ""

    kind = "checkbox"

    def read(self, value):
        """True or False, or a text for them."""
        words = {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise InputError(f"{self.key} must be true or false; found {value!r}")

    def stops(self) -> list:
        """Both."""
        return [False, True]

    def describe(self) -> dict:
        return {**self._asdict(), "kind": self.kind}


class Text(NamedTuple):
    """A control with free text of some lines."""

    key: str
    label: str
    default: str
    hint: str = ""
    unit: str = ""
    files: str = ""  #: endings of the files that it may be filled from, such as ".json,.txt"; none where empty

    kind = "textarea"

    def read(self, value):
        """The text as it is."""
        if not isinstance(value, str):
            raise InputError(f"{self.key} must be a text; found {value!r}")
        return value

    def stops(self) -> list:
        """Nothing is known of what will be written."""
        return []

    def describe(self) -> dict:
        return {**self._asdict(), "kind": self.kind}


class Metric(NamedTuple):
    """A number that a figure shows."""

    label: str
    unit: str = ""
    digits: int = 4

    def text(self, value) -> str:
        """The value as a reader sees it."""
        return show(value, self.unit, self.digits)


class Result(NamedTuple):
    """What an explorer shows for some values of its controls."""

    controls: dict  #: key -> value, defaults filled in
    metrics: dict  #: key -> number at full precision, None where it has no value
    rows: list  #: what the chart draws and the data table lists


class Explorer(NamedTuple):
    """A figure that can be moved."""

    name: str
    title: str
    description: str  #: what the picture shows, for those who cannot see it
    controls: tuple
    metrics: dict  #: key -> Metric, in the order shown
    columns: dict  #: key of a row -> Metric: heading, unit and digits of the data table
    #: keyword per control -> (metrics, rows); where that takes long, a generator that yields the share done, or that with
    #: those found so far, and returns them
    compute: Callable
    #: columns that a mark of the picture says, the first of which names it; all of them where empty
    says: tuple = ()
    #: control key -> key of a row that holds a value of it, or its words: a click on the row's mark sets the control
    picks: dict = {}
    #: keys of the controls that tell the story, at most MOST_LEADING, in the order shown; the first ones where empty
    lead: tuple = ()
    #: keys of the one to three metrics that matter most; the first one where empty
    headline: tuple = ()
    #: what may be guessed before the page shows the answer
    guess: Guess | None = None

    @property
    def leading(self) -> list:
        """The controls that are shown first: all where they are few."""
        first = [control for key in self.lead for control in self.controls if control.key == key]
        rest = [control for control in self.controls if control not in first]
        return first + rest if len(self.controls) <= MOST_LEADING else first or rest[:MOST_LEADING]

    @property
    def further(self) -> list:
        """The controls that are folded at first."""
        leading = self.leading
        return [control for control in self.controls if control not in leading]

    @property
    def headlines(self) -> list:
        """Keys of the metrics that are shown large."""
        return list(self.headline or list(self.metrics)[:1])

    def read(self, values: dict) -> dict:
        """Checked values of all controls: those given, defaults for the rest."""
        known = {control.key: control for control in self.controls}
        for key in values:
            if key not in known:
                raise InputError(f"{self.name} has no control {key!r}; it has {', '.join(known)}")
        return {key: control.read(values.get(key, control.default)) for key, control in known.items()}

    def points(self, key: str, values: tuple, **controls) -> list:
        """The value and the numbers of the figure for each of some values of a control, the others as `controls` say."""
        return [{key: value, **self.run({key: value, **controls}).metrics} for value in values]

    def run(self, values: dict | None = None, progress: Callable | None = None) -> Result:
        """The figure's numbers and rows for some values of its controls.

        Parameters
        ----------
        values : dict, optional
            Control key -> value or its text; what is not given keeps its default [-]
        progress : callable, optional
            Is told the share done, from 0 to 1, as often as `compute` yields it: never, where it just returns; and, where it
            yields them too, the numbers and rows found so far as a second argument, a :class:`Result` [-]

        Returns
        -------
        Result

        Raises
        ------
        InputError
            If a key is unknown or a value is not accepted.
        """
        controls = self.read(values or {})
        found = self.compute(**controls)

        def result(metrics, rows):
            return Result(controls, {key: metrics[key] for key in self.metrics}, rows)

        def tell(share, so_far=None):
            progress(share, *([] if so_far is None else [result(*so_far)]))

        return result(*(run_to_end(found, progress and tell) if isinstance(found, GeneratorType) else found))
