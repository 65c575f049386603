"""Two records of numbers beside each other."""

from typing import NamedTuple

from moecalc.claims.expected import expected

#: A share by which two computers may differ in the last digits of the same number.
NOISE = 1e-9


class Number(NamedTuple):
    """A number that is not what it was."""

    of: str  #: name of the figure, or id of the claim
    label: str
    unit: str
    old: object
    new: object

    @property
    def relative(self) -> float | None:
        """By which share it changed; None where that says nothing: of words, from nothing, to the other side of it."""
        both = is_number(self.old) and is_number(self.new)
        return self.new / self.old - 1 if both and self.old * self.new > 0 else None


class Verdict(NamedTuple):
    """A verdict that is not what it was."""

    claim: str
    words: str  #: what the claim says
    old: str
    new: str
    reason: str  #: why it is so now; empty where nobody wrote it down


class Changes(NamedTuple):
    """What two records differ in."""

    figures_added: dict  #: name -> title
    figures_removed: dict
    claims_added: dict  #: id -> claim
    claims_removed: dict
    verdicts: tuple  #: of :class:`Verdict`
    numbers: tuple  #: of :class:`Number`, of figures that both have
    found: tuple  #: of :class:`Number`, of claims that both have
    numbers_added: tuple  #: of :class:`Number` without an old value
    numbers_removed: tuple
    same: int  #: numbers and findings that are in both and did not change

    @property
    def any(self) -> bool:
        return any(self[:-1])


def changes(old: dict, new: dict) -> Changes:
    """What changed from one record to another.

    Parameters
    ----------
    old, new : dict
        As :func:`moebook.changes.record.record` makes them

    Returns
    -------
    Changes
    """
    figures, claims = (old["figures"], new["figures"]), (old["claims"], new["claims"])
    were, are = (_metrics(record["figures"], figures[0].keys() & figures[1].keys()) for record in (old, new))
    said, says = (_found(record["claims"], claims[0].keys() & claims[1].keys()) for record in (old, new))
    numbers, found = _differing(were, are), _differing(said, says)
    return Changes(
        figures_added=_only(figures[1], figures[0], "title"),
        figures_removed=_only(figures[0], figures[1], "title"),
        claims_added=_only(claims[1], claims[0], "claim"),
        claims_removed=_only(claims[0], claims[1], "claim"),
        verdicts=tuple(_verdicts(*claims)),
        numbers=numbers,
        found=found,
        numbers_added=tuple(told._replace(old=None, new=told.old) for key, told in are.items() if key not in were),
        numbers_removed=tuple(told for key, told in were.items() if key not in are),
        same=len(were.keys() & are.keys()) + len(said) - len(numbers) - len(found),
    )


def is_number(value) -> bool:
    """Whether one can calculate with it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(old, new) -> bool:
    """Whether two values are one, but for the noise of different computers."""
    if is_number(old) and is_number(new):
        return abs(new - old) <= NOISE * max(abs(old), abs(new))
    return old == new


def _metrics(figures: dict, names) -> dict:
    """(figure, key) -> a number of it, as its old value."""
    return {
        (name, key): Number(name, metric["label"], metric["unit"], metric["value"], None)
        for name in figures
        if name in names
        for key, metric in figures[name]["metrics"].items()
    }


def _found(claims: dict, ids) -> dict:
    """(claim, kind) -> what was found about it, as its old value."""
    kinds = {"recomputed": "as printed", "own_value": "from exact inputs"}
    return {
        (claim, kind): Number(claim, words, "", claims[claim][kind], None)
        for claim in claims
        if claim in ids
        for kind, words in kinds.items()
    }


def _differing(were: dict, are: dict) -> tuple:
    """Those in both whose values differ."""
    pairs = ((told, are[key].old) for key, told in were.items() if key in are)
    return tuple(told._replace(new=value) for told, value in pairs if not same(told.old, value))


def _only(here: dict, there: dict, words: str) -> dict:
    return {name: told[words] for name, told in here.items() if name not in there}


def _verdicts(old: dict, new: dict):
    for claim, told in new.items():
        if claim in old and old[claim]["verdict"] != told["verdict"]:
            reason = told["reason"] or _reason(claim, told["verdict"])
            yield Verdict(claim, told["claim"], old[claim]["verdict"], told["verdict"], reason)


def _reason(claim: str, verdict: str) -> str:
    """Why a verdict is so, as written down here, for a record from before reasons were."""
    known = expected().get(claim)
    return known.reason if known and known.verdict == verdict else ""
