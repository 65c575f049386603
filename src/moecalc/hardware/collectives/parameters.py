"""Parameters of a kind of communication on a generation of accelerators, fitted: ``data/collective_parameters.csv``.

A kind and a generation make a subject of the table. What a generation has no rows of, such as DeepEP over several nodes of
Blackwell, is taken from :data:`FALLBACK`. ``python -m bench.collectives`` fits and writes the table.
"""

from typing import NamedTuple

from ...facts import tables
from ..accelerator import Accelerator
from ..kernels.estimate import KernelTime

TABLE = "collective_parameters"
GENERATIONS = ("ampere", "hopper", "blackwell")
#: The generation that most kinds were measured on.
FALLBACK = "hopper"
#: Ends of the subjects that hold intervals of what was not measured: other links of the same chip, another generation.
ALIKE_LINKS, OTHER = "other links", "other generations"
#: End of the name of a field -> unit that it is read in
_UNITS = {"_s": "s", "_bytes_per_s": "bytes/s", "_bytes": "bytes"}


class Source(NamedTuple):
    """The generation whose parameters an accelerator takes."""

    generation: str
    measured: bool  #: whether the accelerator itself was measured
    alike: bool  #: whether it is of that generation


class Interval(NamedTuple):
    """Between which ratios of measured to predicted time eight of ten held-out rows lie."""

    low: float
    high: float


def source_of(kind: str, accelerator: Accelerator) -> Source:
    """Where the parameters of an accelerator come from: its own generation, or else :data:`FALLBACK`.

    >>> source_of("ring", load_accelerator("h800-sxm")), source_of("ring", load_accelerator("mi300x")).alike
    (Source(generation='hopper', measured=False, alike=True), False)
    """
    known = tables.by_subject(TABLE)
    for generation in GENERATIONS:
        if f"{kind} {generation}" not in known:
            continue
        facts = known[f"generation {generation}"]
        own = accelerator.slug in facts["measured"].value.split()
        if own or accelerator.slug in facts["alike"].value.split():
            return Source(generation, own and _as_listed(accelerator), True)
    return Source(FALLBACK, False, False)


def fitted(kind: str, generation: str, form: type) -> NamedTuple:
    """The parameters of a kind on a generation, as the named tuple `form`; its fields' names end in their units.

    >>> Launch = NamedTuple("Launch", [("launch_s", float)])
    >>> 1e-6 < fitted("ring", "hopper", Launch).launch_s < 10e-6
    True
    """
    return _values(f"{kind} {generation}", kind, form)


def interval_of(kind: str, source: Source) -> Interval:
    """The interval of a kind: of held-out rows, or of transfers where the accelerator was not measured.

    Within a generation a transfer trusts all but the share of the links that arrives, and its interval is of rows with that
    share of another generation; else of rows with all parameters of another generation.

    >>> one = load_accelerator("h100-sxm")
    >>> known, other = (interval_of("ring", source_of("ring", of)) for of in (one, one._replace(slug="")))
    >>> other.low <= known.low < 1 < known.high <= other.high
    True
    """
    known = tables.by_subject(TABLE)
    subjects = [source.generation] if source.alike else [OTHER]
    if source.alike and not source.measured:
        subjects.append(ALIKE_LINKS)
    facts = [known[f"{kind} {one}"] for one in subjects]
    return Interval(min(one["low"].value for one in facts), max(one["high"].value for one in facts))


def with_interval(kind: str, accelerator: Accelerator, source: Source, time_s: float, note: str = "") -> KernelTime:
    """`time_s` [s] and the interval that belongs to it; a `note` is joined to what is said of the accelerator."""
    if not time_s:
        return KernelTime(0.0, 0.0, 0.0, note)
    ends = interval_of(kind, source)
    said = "" if source.measured else _from_links(accelerator, source)
    return KernelTime(time_s, time_s * ends.low, time_s * ends.high, "; ".join(one for one in (said, note) if one))


def _from_links(accelerator, source) -> str:
    name = accelerator.slug or accelerator.name
    what = "of its generation" if source.alike else f"of {source.generation.title()}"
    return f"{name} was not measured: parameters {what} at its link bandwidths, and the interval of such transfers"


def _as_listed(accelerator) -> bool:
    """Whether the links are those of the accelerator that was measured, not others typed in."""
    known = tables.by_subject("accelerators")[accelerator.slug]
    links = ("scale_up_bandwidth", "scale_out_bandwidth")
    return all(getattr(accelerator, f"{one}_bytes_per_s") == known[one].to("bytes/s") for one in links)


_read = {}


def _values(subject, kind, form) -> dict:
    """The parameters, read once."""
    if (subject, form) not in _read:
        known = tables.by_subject(TABLE)
        own, other = known[subject], known[f"{kind} {FALLBACK}"]
        found = {}
        for field in form._fields:
            ending = next((one for one in sorted(_UNITS, key=len, reverse=True) if field.endswith(one)), "")
            quantity = field.removesuffix(ending)
            fact = own[quantity] if quantity in own else other[quantity]
            found[field] = fact.to(_UNITS[ending]) if ending else fact.value
        _read[subject, form] = form(**found)
    return _read[subject, form]
