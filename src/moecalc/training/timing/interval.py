"""Between which times a step is expected, from the errors of measured cases like it.

A case is like another if it ran on a chip of the same generation, with routed experts or without, and with all states
sharded (ZeRO-3) or not. ``data/step_parameters.csv`` says of each class between which ratios of measured to predicted time
nine in ten are expected, from the errors of fitted runs, widened since these are few; held-out runs test that. A class
without fitted runs has no row, and takes the widest of those that differ in one thing.
"""

from typing import NamedTuple

from ...facts import tables
from ...hardware.accelerator import Accelerator, load_accelerator
from ...hardware.kernels.parameters import GENERATIONS, generation_of
from ...hardware.kernels.parameters import OTHER as OTHER_GENERATION
from ...hardware.kernels.parameters import interval_of as kernel_interval
from ..layout import Layout
from .parameters import TABLE

#: The quantity of a class.
RATIO = "measured_over_predicted"
#: The class of accelerators that no case ran on: all cases together.
OTHER = "other accelerators"


class Class(NamedTuple):
    """What makes cases alike."""

    generation: str
    routed: bool
    sharded: bool  #: all states, as FSDP and ZeRO-3 do

    @property
    def subject(self) -> str:
        """Its subject in the table."""
        kind = "moe" if self.routed else "dense"
        return f"interval {self.generation} {kind}{' sharded' if self.sharded else ''}"


def class_of(accelerator: Accelerator, layout: Layout, routed: bool) -> Class:
    """The class of a step.

    >>> class_of(load_accelerator("h800-sxm"), Layout(ep=64, dp=64), True).subject
    'interval hopper moe'
    """
    return Class(generation_of(accelerator), routed, layout.zero == 3)


def interval(accelerator: Accelerator, layout: Layout, routed: bool) -> tuple:
    """(low, high, a sentence): factors of the predicted time between which nine in ten cases like it are expected."""
    own = class_of(accelerator, layout, routed)
    key = own, accelerator
    if key not in _known:
        _known[key] = _interval(own, accelerator)
    return _known[key]


_known = {}


def _interval(own: Class, accelerator: Accelerator) -> tuple:
    known = tables.by_subject(TABLE)
    slugs = known["all"]["accelerators"].value.split()
    subjects = [one.subject for one in _near(own) if one.subject in known]
    if own.subject in known:
        found, said = [own.subject], f"from measured steps like it ({_said(own)})"
    else:
        found, said = subjects or [OTHER], "no measured step is like it: from the nearest classes"
    ends = [(known[one][RATIO].value, known[one][RATIO].high) for one in found]
    if accelerator.slug not in slugs or accelerator != load_accelerator(accelerator.slug):
        far = known[OTHER][RATIO]
        ends += [(far.value, far.high), kernel_interval(OTHER_GENERATION)]
        said = f"no step on {accelerator.name} was measured: from all steps and kernels on other accelerators"
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return low, high, f"{said}, nine in ten are expected between {low:.2f} and {high:.2f} times the predicted time"


def _near(own: Class) -> list:
    """Classes that differ in one thing."""
    return [
        own._replace(sharded=not own.sharded),
        *(own._replace(generation=one) for one in GENERATIONS if one != own.generation),
    ]


def _said(own: Class) -> str:
    kind = "mixture of experts" if own.routed else "dense"
    return f"{own.generation.title()}, {kind}{', all states sharded' if own.sharded else ''}"
