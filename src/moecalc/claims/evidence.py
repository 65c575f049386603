"""What was found about a claim, and the one function that makes a verdict of it."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from ..facts.tables import Fact

#: All verdicts, in the order in which they are listed.
VERDICTS = ("contradicted", "reproduced", "differs", "in part", "reported", "unverified", "question", "open")

#: Statuses of a fact that a source itself stands behind; ours (derived) and guesses settle nothing.
SETTLING = ("reported", "measured", "assumed")


class Part(NamedTuple):
    """One number, word or statement of a claim, and what was found for it. A statement is printed as "True"."""

    printed: str
    recomputed: float | str | bool | None = None  #: from the inputs that the talk prints, in the printed unit
    stated: float | str | bool | None = None  #: what a source says, in the printed unit
    fact: Fact | None = None  #: where it says so
    name: str = ""

    @property
    def found(self):
        """The recomputed value, or else the stated one."""
        return self.stated if self.recomputed is None else self.recomputed


class Evidence(NamedTuple):
    """What a claim's check returns."""

    parts: tuple
    own: str | None = None  #: our value from exact inputs, as a text
    convention: str = ""  #: under which our value, or the recomputed one, holds
    note: str = ""
    cite: Fact | None = None  #: the source to name, if it is not that of the first part
    shown: str | None = None  #: the finding as a text, where it does not have the form of what is printed


def agrees(printed: str, value, rounding: str = ROUND_HALF_UP) -> bool:
    """Whether a value, rounded to the digits of a printed text, is that text.

    Parameters
    ----------
    printed : str
        "95.5", "9.96912e12", "1/10" (the digits of the denominator decide), or a word
    value : float, str or bool
        A number in the unit of `printed`; else it is compared as a text
    rounding : str, optional
        A rounding mode of :mod:`decimal`

    Returns
    -------
    bool

    Examples
    --------
    >>> agrees("95.6", 95.552), agrees("95.5", 95.552), agrees("1/10", 0.0904), agrees("False", False)
    (True, False, False, True)
    """
    text, value = _over_one(printed, value)
    if not _both_numbers(text, value):
        return str(value) == printed
    return _decimal(value).quantize(_last_digit(text), rounding) == Decimal(text)


def truncated(printed: str, value) -> bool:
    """Whether a value is printed cut off instead of rounded: 95.552 as 95.5."""
    return agrees(printed, value, ROUND_DOWN) and not agrees(printed, value)


def outcome(part: Part) -> str:
    """What was found for one part: contradicted, reproduced, differs, reported or unverified.

    A source that gives more digits does not contradict a number that was cut off instead of rounded.
    """
    has_source = part.fact is not None and part.fact.status in SETTLING
    if has_source and not (agrees(part.printed, part.stated) or truncated(part.printed, part.stated)):
        return "contradicted"
    if part.recomputed is not None:
        return "reproduced" if agrees(part.printed, part.recomputed) else "differs"
    return "reported" if has_source else "unverified"


def verdict(evidence: Evidence | None, asks: bool = False) -> str:
    """The verdict on a claim, from nothing but the evidence.

    Parameters
    ----------
    evidence : Evidence or None
        What the claim's check returned; None where there is no check yet
    asks : bool, optional
        The claim is a question

    Returns
    -------
    str
        One of :data:`VERDICTS`: `contradicted` where a source states something else for any part;
        what all parts came to, where they agree, `reproduced` beside `reported` being `reproduced`;
        `in part` where some are confirmed and some are not.

    Examples
    --------
    >>> verdict(Evidence((Part("2.788", 2.788), Part("5.57", 5.576))))
    'in part'
    >>> verdict(Evidence((Part("175"),)))
    'unverified'
    """
    if asks:
        return "question"
    if evidence is None:
        return "open"
    outcomes = {outcome(part) for part in evidence.parts}
    if "contradicted" in outcomes:
        return "contradicted"
    if len(outcomes) == 1:
        return outcomes.pop()
    confirmed = outcomes & {"reproduced", "reported"}
    if outcomes == confirmed:
        return "reproduced"
    return "in part" if confirmed else "differs"


def shown_like(printed: str, value) -> str:
    """A value in the form of a printed text, with one digit more where it has more.

    >>> shown_like("58", 58.0833), shown_like("1.0966e14", 1.0966032e14), shown_like("671", 671)
    ('58.1', '1.09660e14', '671')
    """
    text, value = _over_one(printed, value)
    if not _both_numbers(text, value):
        return str(value)
    mantissa, e, exponent = text.partition("e")
    scaled = _decimal(value).scaleb(-int(exponent or 0))
    digit = _last_digit(mantissa)
    rounded = scaled.quantize(digit)
    if rounded != scaled:
        rounded = scaled.quantize(digit.scaleb(-1), ROUND_HALF_UP)
    return ("1/" if text != printed else "") + f"{rounded:f}" + e + exponent


def filled(printed: str, parts) -> str:
    """The printed text with what was found in place of each part."""
    text, rest = "", printed
    for part in parts:
        before, _, rest = rest.partition(part.printed)
        text += before + ("\u2013" if part.found is None else shown_like(part.printed, part.found))
    return text + rest


def _over_one(printed, value):
    """Of a ratio printed as "1/10", the denominator and what it should be."""
    return (printed[2:], 1 / value) if printed.startswith("1/") and value else (printed, value)


def _both_numbers(text, value) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _decimal(value) -> Decimal:
    """Without the last bits, which are noise of binary arithmetic."""
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.12g}")


def _last_digit(text: str) -> Decimal:
    return Decimal((0, (1,), Decimal(text).as_tuple().exponent))
