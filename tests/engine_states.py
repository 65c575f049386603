"""The states of the figures that several tests ask for, and what CPython answers."""

import functools
import json
import math
import random

from moecalc import InputError, explore
from moecalc.explorers import answer, explorer, portable

COMBINATIONS, MOST_REFUSED, SEED = 20, 10, 20241226
#: Fewer of what simulates or searches: a state of it takes half a second here, and several in WebAssembly.
FEWER = {"balancing": 6, "planner": 4}
#: And one of so many of its single moves; CPython answers them all.
RARER = {"balancing": 3, "planner": 3}
#: What takes seconds keeps its default among the combinations; it is one of the single moves all the same.
SLOW = {("planner", "searched")}
#: How far floats may lie apart: the functions of libm differ in their last digit.
CLOSE = 1e-12


def moves(one) -> list:
    """The values of every single-control move."""
    return [{control.key: value} for control in one.controls for value in control.stops() if value != control.default]


@functools.cache
def in_cpython(name: str, values: str) -> dict:
    """What the engine's function answers to JSON values in this process."""
    return json.loads(answer(name, values))


def said_by_explore(name: str, values: dict) -> dict:
    """What `explore` says of the same, as the engine would put it; without rows, which it does not give."""
    try:
        said = explore(name, **values)
    except InputError as error:
        return {"error": str(error)}
    return {key: portable(said[key]) for key in ("controls", "metrics")}


@functools.cache
def combinations(name: str, most: int = COMBINATIONS) -> list:
    """Random values of some controls, the same at every run: as many that are answered, and the refused ones met meanwhile.

    Of a layout that is drawn blindly hardly any divides a model, so some controls keep their defaults.
    """
    one, draw = explorer(name), random.Random(f"{SEED} {name}")
    answered, refused = [], []
    while len(answered) < min(most, FEWER.get(name, most)):
        moved = draw.sample(one.controls, draw.randint(2, len(one.controls)))
        values = {control.key: value(control, draw) for control in moved if (name, control.key) not in SLOW}
        (refused if "error" in in_cpython(name, json.dumps(values)) else answered).append(values)
        assert len(refused) < 1000
    return [*answered, *refused[:MOST_REFUSED]]


def value(control, draw):
    if control.kind == "textarea":
        return control.default
    if control.kind != "range" or draw.random() < 0.5:
        return draw.choice(control.stops())
    return (draw.randint if control.whole else draw.uniform)(control.low, control.high)


def states(name: str, every: int = 1) -> list:
    """Values of an explorer: the defaults, the combinations and, of the single moves, one of so many."""
    return [{}, *combinations(name), *moves(explorer(name))[:: max(every, RARER.get(name, 1))]]


def differences(ours, theirs, where="") -> list:
    """Where two values differ by more than the last digits of a float."""
    if type(ours) is not type(theirs):
        return [f"{where}: {ours!r} and {theirs!r}"]
    if isinstance(ours, dict):
        if list(ours) != list(theirs):
            return [f"{where}: {list(ours)} and {list(theirs)}"]
        return [told for key in ours for told in differences(ours[key], theirs[key], f"{where}.{key}")]
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return [f"{where}: {len(ours)} and {len(theirs)} of them"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [told for at, pair in pairs for told in differences(*pair, f"{where}[{at}]")]
    same = math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=0) if isinstance(ours, float) else ours == theirs
    return [] if same else [f"{where}: {ours!r} and {theirs!r}"]
