"""What was fitted of kernels: parameters with the rows behind them, and which hold for an accelerator.

A set of parameters is a subject of ``data/kernel_parameters.csv``: kind of kernel, types, generation of accelerators, with
the rows that it was fitted on, how many were held out, and the errors of both. ``bench/kernels.py`` fits them.
"""

from typing import NamedTuple

from ...base.errors import InputError, quoted
from ...facts import tables
from ..accelerator import Accelerator, load_accelerator
from .estimate import KernelTime
from .hardware import Hardware

TABLE = "kernel_parameters"
#: generation -> an accelerator of it that was measured; oldest first
GENERATIONS = {"ampere": "a100-sxm", "hopper": "h100-sxm", "blackwell": "b200-sxm"}
#: Subjects whose interval holds where not the accelerator was measured, but another of its generation; or one of another.
SIBLING, OTHER = "other accelerator", "other generation"
#: SMs whose peaks differ by no more than this are of one design.
SAME_RATE = 0.15
#: Beside its parameters, each set says this.
MEASUREMENTS = (
    "accelerators",
    "version",
    "fitted_rows",
    "fitted_shapes",
    "fitted_median_error",
    "fitted_nine_in_ten_error",
    "held_out_rows",
    "held_out_median_error",
    "held_out_nine_in_ten_error",
    "measured_over_predicted",
)
#: Kinds of kernels that are products; the others are attention.
PRODUCTS = ("gemm", "moe")
#: Kind and type of the kernels whose launch an accelerator's own is compared with.
LAUNCH = ("gemm", "bfloat16")
#: Most parameters of a set.
MOST_PARAMETERS = 12
#: Peaks by the name of a type; INT8 runs at twice the BF16 peak on all that were measured.
PEAKS = {
    "bf16": ("peak_dense_bf16_flops_per_s", 1),
    "int8": ("peak_dense_bf16_flops_per_s", 2),
    "fp8": ("peak_dense_fp8_flops_per_s", 1),
    "fp4": ("peak_dense_fp4_flops_per_s", 1),
}


class Fitted(NamedTuple):
    """A set of parameters with its interval."""

    generation: str
    accelerators: tuple  #: slugs of those that were measured
    parameters: tuple  #: the named tuple of the kind
    low: float  #: measured over predicted of held-out rows: one in ten is lower
    high: float  #: one in ten is higher


def subject_of(kind: str, dtype: str, generation: str) -> str:
    """The subject of a set in the table."""
    return f"{kind} {dtype} {generation}"


def fitted_of(kind: str, dtype: str, generation: str, shape) -> Fitted | None:
    """The set of a kind, a type and a generation, its parameters as the named tuple `shape`; None where there is none."""
    key = kind, dtype, generation
    if key not in _cache:
        known = tables.by_subject(TABLE).get(subject_of(*key))
        _cache[key] = known and _read(known, generation, shape)
    return _cache[key]


_cache = {}


def _read(known: dict, generation: str, shape) -> Fitted:
    values = (known[name].to("s" if known[name].unit == "us" else known[name].unit) for name in shape._fields)
    interval = known["measured_over_predicted"]
    return Fitted(generation, tuple(known["accelerators"].value.split()), shape(*values), interval.value, interval.high)


def generation_of(accelerator: Accelerator) -> str:
    """The generation whose kernels an accelerator's are taken to be like, by the types that it computes in, else its peaks.

    >>> [generation_of(load_accelerator(slug)) for slug in ("a100-sxm", "h800-sxm", "h20", "b300-sxm")]
    ['ampere', 'hopper', 'hopper', 'blackwell']
    """
    if accelerator.peak_dense_fp4_flops_per_s:
        return "blackwell"
    if accelerator.peak_dense_fp8_flops_per_s:
        return "hopper"
    if accelerator.slug:
        return "ampere"
    return min(GENERATIONS, key=lambda generation: _apart(accelerator, generation))


def _apart(accelerator: Accelerator, generation: str) -> float:
    """How far an accelerator's peak and bandwidth are from those of a generation, in factors."""
    from math import log

    like, far = load_accelerator(GENERATIONS[generation]), 0.0
    for field in ("peak_dense_bf16_flops_per_s", "memory_bandwidth_bytes_per_s"):
        if value := getattr(accelerator, field):
            far += abs(log(value / getattr(like, field)))
    return far


def hardware_of(accelerator: Accelerator, peak: str, generation: str, kind: str = "gemm") -> tuple:
    """(:class:`Hardware` of an accelerator for a type, what is assumed of it)

    The shares that were measured on an accelerator scale what it computes in a kind of kernel, and what memory moves.
    """
    field, times = PEAKS[peak]
    share = accelerator.products_share if kind in PRODUCTS else accelerator.attention_share
    num_sms, note = accelerator.num_sms, ""
    if num_sms is None:
        num_sms = load_accelerator(GENERATIONS[generation]).num_sms
        note = f"{accelerator.name} is taken to have {num_sms} SMs, as {GENERATIONS[generation]}"
    bandwidth = accelerator.needed("memory_bandwidth_bytes_per_s") * (accelerator.bandwidth_share or 1.0)
    return Hardware(times * accelerator.needed(field) * (share or 1.0), bandwidth, num_sms), note


def with_launch(accelerator: Accelerator, parameters, generation: str):
    """Parameters, their launch moved by as much as this accelerator's own differs from its `generation`'s of products."""
    if accelerator.launch_s is None:
        return parameters
    usual = tables.by_subject(TABLE)[subject_of(*LAUNCH, generation)]["launch"].to("s")
    return parameters._replace(launch=max(0.0, parameters.launch + accelerator.launch_s - usual))


def kernel_time(kind: str, dtype: str, shape, accelerator: Accelerator, peak: str, time_s, asked: str = "") -> KernelTime:
    """The time of a kernel by the set of parameters that is nearest to an accelerator, with its interval.

    `shape` is the named tuple of its parameters, `time_s` [s] a function of a :class:`Hardware` and of them, `asked` the
    type that was asked for where `dtype` stands for it.
    """
    own = generation_of(accelerator)
    order = sorted(GENERATIONS, key=lambda name: abs(_place(name) - _place(own)))
    fitted = next((found for name in order if (found := fitted_of(kind, dtype, name, shape))), None)
    if fitted is None:
        raise InputError(f"no parameters of {kind} in {quoted(dtype)} were fitted")
    hardware, note = hardware_of(accelerator, peak, own, kind)
    found = time_s(hardware, with_launch(accelerator, fitted.parameters, own))
    low, high, notes = fitted.low, fitted.high, [note] if note else []
    as_fitted = asked in ("", dtype)
    if not (as_fitted and accelerator.slug in fitted.accelerators and accelerator == _listed(accelerator.slug)):
        near = as_fitted and own == fitted.generation and _same_sms(accelerator, _listed(fitted.accelerators[0]))
        widen = interval_of(SIBLING if near else OTHER)
        low, high, measured = min(low, widen[0]), max(high, widen[1]), " and ".join(fitted.accelerators)
        notes.append(
            f"{kind} in {asked or dtype} was not measured on {accelerator.name}: parameters of {dtype} on {measured}, "
            "in a wider interval"
        )
    return KernelTime(found, low * found, high * found, "; ".join(notes))


def _listed(slug: str) -> Accelerator:
    """An accelerator as ``data/accelerators.csv`` has it: other numbers may have been typed in under its name."""
    if slug not in _cache:
        _cache[slug] = load_accelerator(slug)
    return _cache[slug]


def _same_sms(one: Accelerator, other: Accelerator) -> bool:
    """Whether an SM of both computes about as fast, as on chips of one design that differ in links, memory or clock."""
    if one.num_sms is None or one.peak_dense_bf16_flops_per_s is None:
        return False
    rates = [each.peak_dense_bf16_flops_per_s / each.num_sms for each in (one, other)]
    return abs(rates[0] / rates[1] - 1) <= SAME_RATE


def interval_of(subject: str) -> tuple:
    """(low, high) of measured over predicted, factors in which eight in ten rows lie; `subject` is SIBLING or OTHER."""
    known = tables.by_subject(TABLE)[subject]["measured_over_predicted"]
    return known.value, known.high


def _place(generation: str) -> int:
    return list(GENERATIONS).index(generation)


def complaints(known: dict, shapes: dict) -> list:
    """What a set of parameters lacks: `known` are its facts by quantity, `shapes` kind of kernel -> its named tuple.

    A parameter without a source or without the rows that it was fitted on is a complaint, and one that no calculator reads.
    """
    first = next(iter(known.values()))
    kind = first.subject.split()[0]
    wrong = [f"{first.subject} lacks {name}" for name in MEASUREMENTS if name not in known]
    expected = set(shapes[kind]._fields) if kind in shapes else set()
    given = set(known) - set(MEASUREMENTS)
    wrong += [f"{first.subject}: no calculator reads {name}" for name in sorted(given - expected)]
    wrong += [f"{first.subject} lacks {name}" for name in sorted(expected - given)]
    if len(given) > MOST_PARAMETERS:
        wrong.append(f"{first.subject} has {len(given)} parameters, more than {MOST_PARAMETERS}")
    if "fitted_rows" in known and known["fitted_rows"].value < 10 * len(given):
        wrong.append(f"{first.subject}: fewer than ten rows for each parameter")
    return wrong
