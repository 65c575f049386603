"""What the layout column of a published run says, such as ``TP2 PP8 VP4 EP64`` or ``FSDP FULL_SHARD, grad accum 2``."""

import re
from typing import NamedTuple

from ..base.errors import InputError, quoted

#: Words of parallel sizes, as tables print them -> field of :class:`RunLayout`.
_SIZES = {"TP": "tp", "PP": "pp", "CP": "cp", "EP": "ep", "ETP": "etp", "VP": "vpp", "VPP": "vpp", "DP": "dp"}
_SIZE = re.compile(r"(?<![A-Za-z])(ETP|VPP|FSDP|HSDP|TP|PP|CP|EP|VP|DP|GA)\s*[=-]?\s*(\d+)(?!\d)", re.IGNORECASE)
_ACCUMULATED = re.compile(r"(?:grad(?:ient)? accum(?:ulation)?\s*=?\s*(\d+))|(?:(\d+)\s*micro-?batches)", re.IGNORECASE)
_ZERO = re.compile(r"ZeRO[ -]?([0-3])", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\d)[x×*](?=[A-Za-z])")  #: as in TP8xPP4
#: Words that say that a size is not known.
_UNSAID = ("not stated", "not read", "not known", "undisclosed", "as printed")
_SCHEDULES = {"dualpipev": "dualpipev", "dualpipe": "dualpipe", "zero-bubble": "zb1p", "zb1p": "zb1p"}


class RunLayout(NamedTuple):
    """Sizes that a row's words give; None where they give none."""

    tp: int = 1
    pp: int = 1
    cp: int = 1
    ep: int = 1
    etp: int | None = None
    vpp: int = 1
    dp: int | None = None
    zero: int = 1
    schedule: str = ""  #: dualpipe, dualpipev or zb1p where the words name it
    accumulate: int | None = None  #: micro-batches of a step

    def words(self) -> str:
        """The layout as one text, the same for all ways of writing it; without replicas and micro-batches."""
        sizes = f"TP{self.tp} PP{self.pp} CP{self.cp} EP{self.ep} VP{self.vpp} ZeRO-{self.zero}"
        return " ".join(filter(None, [sizes, self.schedule]))


def run_layout(text: str) -> RunLayout:
    """The :class:`RunLayout` of the words of a table; a size that is not named is 1.

    FSDP shards all states, so it is read as ZeRO-3; ``SHARD_GRAD_OP`` leaves the weights whole, as ZeRO-2 does.

    >>> run_layout("TP2 PP8 VP4 EP64").words()
    'TP2 PP8 CP1 EP64 VP4 ZeRO-1'
    >>> run_layout("FSDP FULL_SHARD, grad accum 2")[7:]
    (3, '', 2)

    Raises
    ------
    InputError
        If the words are blank, say that a size is not known, or name no layout.
    """
    plain = _BETWEEN.sub(" ", text.strip())
    if not plain:
        raise InputError("the row names no layout")
    for unsaid in _UNSAID:
        if unsaid in plain.casefold():
            raise InputError(f"the row does not say its whole layout: {quoted(plain)}")
    found = {}
    for word, number in _SIZE.findall(plain):
        name = _SIZES.get(word.upper(), "accumulate" if word.upper() == "GA" else "dp")
        if int(number) < 1 or found.setdefault(name, int(number)) != int(number):
            raise InputError(f"the row gives {word.upper()} twice, or as 0: {quoted(plain)}")
    for numbers in _ACCUMULATED.findall(plain):
        found["accumulate"] = int(numbers[0] or numbers[1])
    lowered = plain.casefold()
    zero = _ZERO.search(plain)
    sharded = "fsdp" in lowered or "hsdp" in lowered
    if not (found or zero or sharded or re.search(r"\bdp\b", lowered)):
        raise InputError(f"the row's layout has no sizes such as TP8 PP4 EP8: {quoted(plain)}")
    found["zero"] = int(zero[1]) if zero else (2 if "shard_grad_op" in lowered else 3) if sharded else 1
    found["schedule"] = next((name for word, name in _SCHEDULES.items() if word in lowered), "")
    return RunLayout(**found)


def run_shape(run) -> str:
    """What makes two rows versions of one run: all but the number of micro-batches, the software and its date.

    `run` gives model, accelerator, num_gpus, seq_len, micro_batch, precision and parallelism by name.
    """
    layout = run_layout(run["parallelism"]).words()
    names = ("model", "accelerator", "num_gpus", "seq_len", "micro_batch", "precision")
    return " | ".join([*(str(run[name]) for name in names), layout])
