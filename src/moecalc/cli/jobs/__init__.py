"""Work in chunks that any process can do: a search, or a command at every point of a grid.

A job is a kind, a question (what JSON has) and a number of chunks. A kind is a planner (``planners``), or a module with

- ``UNIT``, what it counts, such as points, and ``size(question)``, how many of them there are;
- ``num_chunks(question)``, into how many chunks it is cut where nobody says;
- ``compute(question, chunk, num_chunks)``, which returns what JSON has and depends on its arguments alone;
- ``Whole(question)`` with ``add(chunk, part)``, in any order, and ``finish()``, which returns the answer.

So the same function runs in this process, in others and on a cluster (``running``), what is finished can be kept in a
folder (``folder``), and the answer is the same to the byte. Any other kind is the full name of a module that the other
processes can import too.
"""

import json
from importlib import import_module
from typing import NamedTuple

#: Kinds that are planners, and those that are modules here.
PLANNERS, KINDS = ("plan", "plan-serving"), ("sweep",)


class Job(NamedTuple):
    """What is to be computed, in plain values."""

    kind: str
    question: dict
    num_chunks: int


class Stopped(Exception):
    """Why a job ended before its end; what computes chunks raises it."""


def job_of(kind: str, question: dict, num_chunks: int | None = None) -> Job:
    """A job; cut as its kind cuts it where no number of chunks is given."""
    return Job(kind, question, num_chunks or kind_of(kind).num_chunks(question))


def kind_of(kind: str):
    """What a kind is."""
    if kind in PLANNERS:
        from .planners import planner

        return planner(kind)
    return import_module("." + kind, __name__) if kind in KINDS else import_module(kind)


def canonical(value) -> str:
    """One text for one value: JSON without spaces, keys in order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def compute(kind: str, question: str, chunk: int, num_chunks: int) -> str:
    """One chunk as JSON text; `question` is a text too. This is what every process runs."""
    return canonical(kind_of(kind).compute(json.loads(question), chunk, num_chunks))
