"""The axes of a space of layouts: what each may be, and what a reader calls it."""

from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.errors import InputError, instead, quoted
from ...base.limits import MAX_GPUS
from ...model.config import ModelConfig
from ..activation_policy import RECOMPUTABLE, V3_RECOMPUTE, ActivationPolicy, check_policy, recompute_of
from ..activations import recomputable_parts
from ..layout import SCHEDULES, ZERO_STAGES, num_routed_experts
from .splits import SPLITS

#: Axis -> what a reader calls it, in the order in which a space is counted: the last changes fastest.
AXES = {
    "accelerator": "accelerator",
    "num_gpus": "GPUs",
    "tp": "TP",
    "cp": "CP",
    "pp": "PP",
    "dp": "DP",
    "ep": "EP",
    "etp": "ETP",
    "schedule": "schedule",
    "vpp": "VPP",
    "split": "split",
    "micro_batch": "micro-batch",
    "recompute": "recompute",
    "zero": "ZeRO",
}
#: Largest TP and CP that are tried where no limit says so: a group beyond a node's eight GPUs is rarely worth its exchange.
MOST_IN_GROUP = 8
VIRTUAL = (1, 2, 4)
MICRO_BATCHES = (1, 2, 4, 8)
NONE = "none"
#: Between the names of one set of what is recomputed, where sets stand between commas.
JOIN = "+"


class Values(NamedTuple):
    """What each axis may be, in the order in which it is counted; None: what the others leave."""

    accelerator: tuple  #: places among the question's accelerators
    num_gpus: tuple
    tp: tuple
    cp: tuple
    pp: tuple
    dp: tuple | None
    ep: tuple
    etp: tuple | None  #: None: 1, and TP
    schedule: tuple
    vpp: tuple
    split: tuple
    micro_batch: tuple
    recompute: tuple
    zero: tuple


def limits_of(limits: dict, config: ModelConfig) -> tuple:
    """Limits as a question holds them: axes in one order, the values of each once and in one order."""
    for axis in limits:
        if axis not in AXES or axis == "accelerator":
            raise InputError(f"a space has no axis {quoted(axis)}{instead(axis, tuple(AXES)[1:])}")
    found = []
    for axis in AXES:
        if axis not in limits:
            continue
        values = tuple(limits[axis])
        if not values:
            raise InputError(f"limit {axis} must have a value, such as {axis}={_example(axis)}; found none")
        found.append((axis, _ordered(axis, [_checked(axis, value, config) for value in values])))
    return tuple(found)


def values_of(limits: tuple, num_accelerators: int, num_gpus: int, fewest: bool, config: ModelConfig) -> Values:
    """Values of each axis: as limited, else the usual ones.

    With `fewest`, a number of GPUs may be any divisor of `num_gpus` [GPUs].
    """
    anatomy, given = config.anatomy, dict(limits)
    numbers = given.get("num_gpus") or (_divisors(num_gpus) if fewest else (num_gpus,))
    divisors = sorted({one for number in numbers for one in _divisors(number)})
    counts = num_routed_experts(config)
    parts = recomputable_parts(config)
    some = tuple(name for name in V3_RECOMPUTE if name in parts)
    sets = [(), some, (*some, "permuted-tokens") if "permuted-tokens" in parts else (), ("full",)]
    heads = getattr(config, "num_attention_heads", None) or 0
    usual = Values(
        tuple(range(num_accelerators)),
        numbers,
        tuple(size for size in divisors if size <= MOST_IN_GROUP and heads % size == 0),
        tuple(size for size in divisors if size <= MOST_IN_GROUP),
        tuple(size for size in divisors if size <= len(anatomy.layers)),
        None,
        _common_divisors(counts) if counts else (1,),
        None if counts else (1,),
        SCHEDULES,
        VIRTUAL,
        SPLITS,
        MICRO_BATCHES,
        tuple(dict.fromkeys(recompute_text(one) for one in sets)),
        ZERO_STAGES,
    )
    return usual._replace(**{axis: _ordered(axis, values) for axis, values in given.items()})


def recompute_text(names: tuple) -> str:
    """A set of what is recomputed as ``--recompute`` takes it."""
    return ",".join(names) or NONE


def _ordered(axis, values) -> tuple:
    if axis == "schedule":
        return tuple(one for one in SCHEDULES if one in values)
    if axis == "split":
        return tuple(one for one in SPLITS if one in values)
    return tuple(sorted(set(values)))


def _checked(axis, value, config):
    """One value of a limit, if there is such a one and the model has what it asks for."""
    if axis == "schedule":
        return one_of("limit schedule", value, SCHEDULES)
    if axis == "split":
        return one_of("limit split", value, SPLITS)
    if axis == "recompute":
        return _set_of_names(value, config)
    if axis == "zero":
        return whole("limit zero", value, ZERO_STAGES[0], ZERO_STAGES[-1])
    whole(f"limit {axis}", value, most=MAX_GPUS)
    if axis in ("ep", "etp") and value > 1 and not num_routed_experts(config):
        raise InputError(f"limit {axis} must be 1 for {config.name}, which has no routed experts; found {value}")
    return value


def _set_of_names(value, config) -> str:
    """A set of names as a text, in one order whatever order it was typed in."""
    names = recompute_of(str(value).replace(JOIN, ","))
    check_policy(ActivationPolicy(names), recomputable_parts(config))
    return recompute_text(tuple(name for name in RECOMPUTABLE if name in names))


def _example(axis) -> str:
    return {"schedule": "1f1b", "split": SPLITS[0], "recompute": "none,norm+swiglu"}.get(axis, "1,2")


def _divisors(number: int) -> tuple:
    small = [one for one in range(1, int(number**0.5) + 1) if number % one == 0]
    return tuple(sorted({*small, *(number // one for one in small)}))


def _common_divisors(numbers: list) -> tuple:
    return tuple(one for one in _divisors(numbers[0]) if all(number % one == 0 for number in numbers))
