"""Pipeline stages: which layers stand in each, and where embedding, head and MTP modules stand.

A pipeline given by hand is a string, as Megatron-LM writes it [1]_: ``E`` is the embedding, ``t`` a layer, ``m`` an MTP
module, ``L`` the head with its loss, ``|`` stands between stages, ``x*4`` and ``(xy)*4`` repeat, commas and blanks say
nothing.

.. [1] NVIDIA, Megatron-LM, ``--pipeline-model-parallel-layout``, megatron/training/arguments.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..base.errors import InputError, quoted

PARTS = {"E": "the embedding", "t": "a layer", "m": "an MTP module", "L": "the head with its loss"}
#: Deepest brackets in brackets.
MAX_NESTED = 10
#: Most stages and layers that a string may come to, written out.
MAX_PARTS = 10**5


class Stage(NamedTuple):
    """What one stage of a pipeline holds."""

    layers: range  #: indices of its layers
    embedding: bool = False
    mtp: range = range(0)  #: indices of its MTP modules, counted apart from the layers
    head: bool = False


def parse_stages(text: str) -> tuple:
    """The :class:`Stage` of each part of a pipeline given by hand [1]_.

    Raises
    ------
    InputError
        If the text has another sign, does not begin with the one ``E`` or end with the one ``L``, or an ``m`` stands before
        a ``t``; the number of layers is checked by :func:`moecalc.training.layout.check_layout`, which knows the model.

    Examples
    --------
    >>> for stage in parse_stages("E|t*2|tmL"):
    ...     print(list(stage.layers), stage.embedding, list(stage.mtp), stage.head)
    [] True [] False
    [0, 1] False [] False
    [2] False [0] True
    """
    if not isinstance(text, str):
        raise InputError(f"stages must be a string such as E|t*4|t*4,m,L; found {quoted(text)}")
    parts, _ = _unrolled("".join(sign for sign in text if sign not in ", \t\n"), 0, 0)
    flat = parts.replace("|", "")
    for sign, where, right in (("E", "begin", parts[:1] == "E"), ("L", "end", parts[-1:] == "L")):
        if not right or flat.count(sign) != 1:
            raise InputError(f"stages must {where} with its one {sign}, {PARTS[sign]}; found {quoted(text)}")
    if "t" in flat.partition("m")[2]:
        raise InputError(f"stages must have each m, {PARTS['m']}, after the last t; found {quoted(text)}")
    stages, layers, modules = [], 0, 0
    for part in parts.split("|"):
        held = range(layers, layers + part.count("t")), range(modules, modules + part.count("m"))
        stages.append(Stage(held[0], "E" in part, held[1], "L" in part))
        layers, modules = held[0].stop, held[1].stop
    return tuple(stages)


def stages_text(stages: Sequence) -> str:
    """The string of a pipeline given by hand: the other way round.

    >>> stages_text(parse_stages("E,t|(t*2|)*2|mL"))
    'Et|t*2|t*2||mL'
    """
    parts = []
    for stage in stages:
        repeated = [sign if n == 1 else f"{sign}*{n}" for sign, n in (("t", len(stage.layers)), ("m", len(stage.mtp))) if n]
        parts.append("".join(["E" * stage.embedding, *repeated, "L" * stage.head]))
    return "|".join(parts)


def _unrolled(text: str, at: int, depth: int) -> tuple:
    """The text from `at` to the bracket that closes it, its repetitions written out; and where that ended."""
    done, length = [], 0
    while at < len(text) and text[at] != ")":
        sign, at = text[at], at + 1
        if sign == "(":
            if depth == MAX_NESTED:
                raise InputError(f"stages must have at most {MAX_NESTED} brackets in brackets; found {quoted(text)}")
            sign, at = _unrolled(text, at, depth + 1)
        elif sign not in "|EtmL":
            accepted = "E, t, m, L, |, *, brackets and numbers"
            raise InputError(f"stages must be made of {accepted}; found {quoted(sign)} in {quoted(text)}")
        if text[at : at + 1] == "*":
            first = at = at + 1
            while text[at : at + 1] in set("0123456789"):
                at += 1
            times = int(text[first:at] or 0) if at - first < len(str(MAX_PARTS)) else 0
            if times < 1:
                accepted = f"a number from 1 to {MAX_PARTS:,} after each *"
                raise InputError(f"stages must have {accepted}; found {quoted(text[first - 1 :])}")
            if times * len(sign) > MAX_PARTS:
                raise _too_many(text)
            sign *= times
        done.append(sign)
        length += len(sign)
        if length > MAX_PARTS:
            raise _too_many(text)
    closed = at < len(text)
    if closed != (depth > 0):
        raise InputError(f"stages must close each bracket that it opens; found {quoted(text)}")
    return "".join(done), at + 1


def _too_many(text):
    return InputError(f"stages must come to at most {MAX_PARTS:,} parts, written out; found {quoted(text)}")
