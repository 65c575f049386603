"""What is said of a kernel: how long it takes, and between which times the measured one is expected."""

from typing import NamedTuple


class KernelTime(NamedTuple):
    """The time of one kernel and an interval in which eight of ten held-out rows like it lie."""

    time_s: float
    low_s: float | None = None  #: None where no interval is known
    high_s: float | None = None
    note: str = ""  #: what is assumed of the accelerator or the type
