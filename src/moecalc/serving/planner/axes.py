"""The axes of a space of deployments: what each may be, and what a reader calls it."""

from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.errors import InputError, instead, quoted
from ...base.limits import MAX_GPUS
from ...model.config import ModelConfig
from ..layout import num_experts

#: Axis -> what a reader calls it, in the order in which a space is counted: the last changes fastest.
AXES = {
    "accelerator": "accelerator",
    "tp": "TP of attention",
    "dp": "DP of attention",
    "ep": "EP",
    "redundant": "redundant experts",
    "prefill_tp": "TP of prefill",
    "prefill_unit": "GPUs of a prefill instance",
    "prefill_gpus": "GPUs of prefill",
    "mtp": "MTP",
    "batch": "batch",
}
#: In place of a number of GPUs of prefill: as many as give the most requests, see :func:`.rules.Rules.balance`.
BALANCED = 0
MOST_TP = 8
MOST_UNIT = 64  #: GPUs of an instance of prefill that are tried where no limit says so
BATCHES = tuple(2**power for power in range(11))


class Values(NamedTuple):
    """What each axis may be, in the order in which it is counted."""

    accelerator: tuple  #: places among the question's accelerators
    tp: tuple
    dp: tuple
    ep: tuple
    redundant: tuple
    prefill_tp: tuple
    prefill_unit: tuple
    prefill_gpus: tuple
    mtp: tuple
    batch: tuple


def limits_of(limits: dict, config: ModelConfig, num_gpus: int) -> tuple:
    """Limits as a question of `num_gpus` [GPUs] holds them: axes in one order, the values of each once and in one order."""
    for axis in limits:
        if axis not in AXES or axis == "accelerator":
            raise InputError(f"a space has no axis {quoted(axis)}{instead(axis, tuple(AXES)[1:])}")
    found = []
    for axis in AXES:
        if axis in limits:
            values = tuple(limits[axis])
            if not values:
                example = "no" if axis == "mtp" else 1
                raise InputError(f"limit {axis} must have a value, such as {axis}={example}; found none")
            found.append((axis, tuple(sorted({_checked(axis, value, config, num_gpus) for value in values}))))
    return tuple(found)


def values_of(limits: tuple, num_accelerators: int, num_gpus: int, config: ModelConfig) -> Values:
    """Values of each axis: as limited, else the usual ones for `num_gpus` [GPUs]."""
    experts, sizes = num_experts(config), _sizes(num_gpus)
    routed = experts > 1
    within = tuple(size for size in sizes if size <= MOST_TP)
    eps = tuple(size for size in sizes if size <= 2 * experts) if routed else (1,)
    usual = Values(
        tuple(range(num_accelerators)),
        within,
        sizes if routed else (1,),
        eps,
        tuple(sorted({-experts % ep for ep in dict(limits).get("ep", eps)})) if routed else (0,),
        within,
        tuple(size for size in sizes if size <= (MOST_UNIT if routed else MOST_TP)),
        (BALANCED,),
        ("no", "yes") if config.anatomy.mtp else ("no",),
        BATCHES,
    )
    return usual._replace(**dict(limits))


def _sizes(num_gpus: int) -> tuple:
    """Powers of two below the GPUs: one at least is of the other phase."""
    return tuple(2**power for power in range(num_gpus.bit_length()) if 2**power < num_gpus)


def _checked(axis, value, config, num_gpus):
    """One value of a limit, if there is such a one and the model has what it asks for."""
    if axis == "mtp":
        one_of("limit mtp", value, ("no", "yes"))
        if value == "yes" and not config.anatomy.mtp:
            raise InputError(f"limit mtp must be no for {config.name}, whose MTP modules are not known; found yes")
        return value
    whole(f"limit {axis}", value, least=0 if axis in ("redundant", "prefill_gpus") else 1, most=MAX_GPUS)
    routed = num_experts(config) > 1
    if axis == "ep" and value > 1 and not routed or axis == "redundant" and value and not routed:
        raise InputError(
            f"limit {axis} must be {1 if axis == 'ep' else 0} for {config.name}, which has no routed experts; found {value}"
        )
    if axis == "redundant" and value > num_experts(config):
        raise InputError(f"limit redundant must be at most one for each of {num_experts(config)} experts; found {value}")
    if axis == "prefill_gpus" and value >= num_gpus:
        raise InputError(f"limit prefill_gpus must be less than the {num_gpus:,} GPUs; found {value:,}")
    return value
