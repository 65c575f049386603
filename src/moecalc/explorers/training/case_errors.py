"""Errors of every case of the ledger, as strips by accelerator and kind."""

import math

from ...base.errors import InputError
from ...validation.cases import cases, summary
from ...validation.hold_out import FITTED, HELD_OUT
from ...validation.serving_cases import DEPLOYMENT, METRICS
from ...validation.serving_classes import ENGINES
from ...validation.training_cases import prepared
from ...validation.training_runs import TOKENS
from .._define import Choice, Explorer, Metric

KINDS = {
    "all": "training and memory",
    "training": "time of training",
    "memory": "memory of training",
    "serving": "time and output of serving",
}
#: The first of :data:`KINDS` -> kinds of the ledger.
TOGETHER = ("training", "memory")
USES = {"all": "both", HELD_OUT: "held out", FITTED: "fitted"}
#: Accelerators from the oldest on -> what a reader calls them.
ACCELERATORS = {
    "a100-sxm": "A100",
    "h20": "H20",
    "h800-sxm": "H800",
    "h100-sxm": "H100",
    "H100 96 GB": "H100, 96 GB",
    "h200-sxm": "H200",
    "b200-sxm": "B200",
    "gb200-nvl72": "GB200",
    "b300-sxm": "B300",
    "gb300-nvl72": "GB300",
    "mi350x": "MI350X",
}
#: Generations that a reader may choose -> accelerators.
GENERATIONS = {
    "ampere": ("A100", ("a100-sxm",)),
    "hopper": ("H100, H200, H800, H20", ("h20", "h800-sxm", "h100-sxm", "H100 96 GB", "h200-sxm")),
    "blackwell": ("B200, B300, GB200, GB300", ("b200-sxm", "gb200-nvl72", "b300-sxm", "gb300-nvl72")),
    "other": ("others", ("mi350x",)),
}
GROUPS = {
    "dense": "dense",
    "moe": "MoE",
    "": "memory",
    DEPLOYMENT: "deployments",
    **ENGINES,
}
COLOURS = {"use": "fitted or held out", "inside": "inside its interval or not"}
INSIDE = {True: "yes", False: "no", None: "none"}
#: Who measured, in a word: the rest of a source's key says when.
WHO = {
    "megatron": "Megatron",
    "simumax": "SimuMax",
    "mlperf": "MLPerf",
    "llm": "llm-foundry",
    "torchtitan": "torchtitan",
    "insights": "DeepSeek",
    "profile": "DeepSeek",
    "llama": "Meta",
    "aiconfigurator": "InferenceX",
    "tensorrt": "NVIDIA",
    "lmsys": "SGLang",
    "vllm": "vLLM",
    "open": "DeepSeek",
}
#: Metrics of which more is faster.
RATES = (TOKENS, *(name for name in METRICS.values() if "tokens/s" in name))
#: A point is moved aside by so much at most, in rows, where others lie beside it.
SPREAD = 0.36
LIMIT = 3  #: largest factor that is drawn: what is further off lies at the edge


def compute(kind, generation, use, colour):  # the chart colours: it has a picture for each
    if kind not in ("memory", "serving"):  # a reader's browser takes seconds for all of them, once
        yield from prepared()
    chosen = [
        case
        for one in (TOGETHER if kind == "all" else (kind,))
        for case in cases(one)
        if use in ("all", case.use)
        and (generation == "all" or case.accelerator in GENERATIONS[generation][1])
        and case.error is not None
    ]
    if not chosen:
        where = "any accelerator" if generation == "all" else f"accelerators of {GENERATIONS[generation][0]}"
        raise InputError(f"no case of {KINDS[kind]} on {where} is {'there' if use == 'all' else USES[use]}")
    held_out, fitted = (summary(case for case in chosen if case.use == one) for one in (HELD_OUT, FITTED))
    all_of_it = summary(chosen)
    metrics = {
        "mean": held_out.mean_abs_error,
        "worst": held_out.worst,
        "inside": held_out.inside,
        "cases": held_out.predicted,
        "median": held_out.median_abs_error,
        "bias": held_out.bias,
        "worst_case": held_out.worst_id,
        "mean_fitted": fitted.mean_abs_error,
        "cases_fitted": fitted.predicted,
        "mean_all": all_of_it.mean_abs_error,
    }
    order = list(ACCELERATORS)
    strips = sorted({(case.kind == "memory", order.index(case.accelerator), case.group) for case in chosen})
    names = {strip: f"{ACCELERATORS[order[strip[1]]]}, {GROUPS[strip[2]]}" for strip in strips}
    rows = []
    for strip in strips:
        own = [case for case in chosen if (case.kind == "memory", order.index(case.accelerator), case.group) == strip]
        own.sort(key=_factor)
        for case, aside in zip(own, _aside([_factor(case) for case in own]), strict=True):
            rows.append(_row(case, names[strip], len(strips) - 1 - strips.index(strip) + aside))
    return metrics, rows


def _row(case, strip: str, height: float) -> dict:
    factor, low, high = _factor(case), case.low / case.measured, case.high / case.measured
    if case.metric in RATES:  # a rate is drawn as the time that it stands for
        low, high = 1 / high, 1 / low
    return {
        "case": case.id,
        "strip": strip,
        "use": case.use,
        "inside": INSIDE[case.inside],
        "source": WHO[case.source.partition("-")[0]],
        "factor": _drawn(factor),
        "low": _drawn(low),
        "high": _drawn(high),
        "error": round(case.error, 4),
        "height": round(height, 2),
    }


def _drawn(factor: float) -> float:
    return round(min(max(factor, 1 / LIMIT), LIMIT), 3)


def _factor(case) -> float:
    """Predicted over measured, of times also where a rate was measured."""
    return 1 / (1 + case.error) if case.metric in RATES else 1 + case.error


def _aside(factors: list) -> list:
    """How far each point of a strip is moved aside: to the first free lane, so that close ones do not cover each other."""
    lanes, found = {}, []
    for factor in factors:
        place = math.log(max(factor, 1e-3))
        for lane in sorted(range(-4, 5), key=abs):
            if place - lanes.get(lane, -math.inf) > 0.035:
                break
        else:
            lane = min(lanes, key=lanes.get)
        lanes[lane] = place
        found.append(lane / 4 * SPREAD)
    return found


EXPLORER = Explorer(
    name="case-errors",
    title="Every case: predicted over measured",
    description="Strips of points on a logarithmic axis, one strip for each accelerator and kind of model or memory. A "
    "point is a measured case, its place the predicted over the measured value, with one in the middle; a thin line is the "
    "interval that was given. Fitted and held-out cases have different colours.",
    controls=(
        Choice("kind", "Kind", "all", tuple(KINDS.items())),
        Choice(
            "generation", "Accelerators", "all", (("all", "all"), *((key, name) for key, (name, _) in GENERATIONS.items()))
        ),
        Choice("use", "Fitted or held out", "all", tuple(USES.items())),
        Choice("colour", "Colour by", "use", tuple(COLOURS.items())),
    ),
    headline=("mean", "worst", "inside"),
    metrics={
        "mean": Metric("Mean error, held out", "%", 1),
        "worst": Metric("Worst, held out", "%", 1),
        "inside": Metric("Inside their interval", "%", 0),
        "cases": Metric("Cases held out"),
        "median": Metric("Median error, held out", "%", 1),
        "bias": Metric("Mean with its sign", "%", 1),
        "worst_case": Metric("The worst is"),
        "mean_fitted": Metric("Mean error, fitted", "%", 1),
        "cases_fitted": Metric("Cases fitted"),
        "mean_all": Metric("Mean error, all", "%", 1),
    },
    columns={
        "case": Metric("Case"),
        "strip": Metric("On"),
        "use": Metric("Used as"),
        "source": Metric("Measured by"),
        "inside": Metric("In its interval"),
        "error": Metric("Error", "%", 1),
    },
    compute=compute,
)
