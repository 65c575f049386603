"""Tables of the page that shows every error."""

from moecalc.facts import tables as facts
from moecalc.validation.cases import cases
from moecalc.validation.classes import reached
from moecalc.validation.hold_out import HELD_OUT
from moecalc.validation.peers import compared, reported_errors
from moecalc.validation.serving_classes import ENGINES, file_errors, reached_serving

from ..prose import source_link, table


def by_class():
    """What was aimed at, and what was reached."""
    rows = [
        {
            "name": one.name,
            "goal_mean": one.goal_mean,
            "goal_worst": one.goal_worst,
            **{
                key: getattr(one.held_out, key)
                for key in ("predicted", "mean_abs_error", "median_abs_error", "worst", "inside")
            },
            "fitted": one.fitted.predicted,
            "fitted_mean": one.fitted.mean_abs_error,
        }
        for one in reached()
    ]
    columns = {
        "name": "Cases",
        "goal_mean": ("Goal: mean", "%", 0),
        "goal_worst": ("worst", "%", 0),
        "predicted": "Held out",
        "mean_abs_error": ("mean error", "%", 1),
        "median_abs_error": ("median", "%", 1),
        "worst": ("worst", "%", 0),
        "inside": ("inside interval", "%", 0),
        "fitted": "Fitted",
        "fitted_mean": ("mean error", "%", 1),
    }
    return table(
        rows, columns, "Errors as shares of what was measured, beside the goals that were set before anything was fitted"
    )


def by_serving_class():
    """What was aimed at in serving, and what was reached."""
    rows = []
    for one in reached_serving():
        said = {"median": "median", "nine_in_ten": "nine in ten", "mean": "mean", "worst": "worst"}
        goals = ", ".join(f"{said[name]} {most:.0%}" for name, most in one.goals.items())
        found = {name: getattr(one.held_out, name) for name in ("count", "median", "nine_in_ten", "mean", "worst", "inside")}
        rows.append({"name": one.name, "goals": goals, **found, "met": "yes" if one.is_met else "no"})
        rows[-1] |= {"fitted": one.fitted.count, "fitted_median": one.fitted.median}
    columns = {
        "name": "Cases",
        "goals": "Goals",
        "count": "Held out",
        "median": ("median error", "%", 1),
        "nine_in_ten": ("nine in ten", "%", 0),
        "mean": ("mean", "%", 1),
        "worst": ("worst", "%", 0),
        "inside": ("inside interval", "%", 0),
        "met": "Goals met",
        "fitted": "Fitted",
        "fitted_median": ("median error", "%", 1),
    }
    return table(rows, columns, "Errors of serving as shares of what was measured, beside the goals set before any fit")


def whole_file():
    """Errors over every row of the published file that is held out, of which the ledger keeps a part."""
    rows = [{"engine": name, **file_errors(slug, HELD_OUT)._asdict()} for slug, name in ENGINES.items()]
    columns = {
        "engine": "Engine",
        "rows": "Rows held out",
        "median": ("Time of a token: median error", "%", 1),
        "nine_in_ten": ("nine in ten", "%", 0),
        "first_token_rows": "Rows of few requests",
        "first_token_median": ("Time to the first: median error", "%", 1),
    }
    return table(rows, columns, "Errors over all held-out rows of the published file")


#: Kinds of kernels as the tables of parameters begin their subjects -> what a reader calls them.
KERNELS = {
    "gemm": "products",
    "moe": "experts of a layer",
    "attention_prefill": "attention, prefill",
    "attention_decode": "attention, decode",
    "mla_prefill": "latent attention, prefill",
    "mla_decode": "latent attention, decode",
}
COLUMNS = {
    "what": "Kernel",
    "types": "Types",
    "generation": "Generation",
    "fitted": "Rows fitted",
    "held_out": "Rows held out",
    "median_fitted": ("Median error, fitted", "%", 1),
    "median": ("held out", "%", 1),
    "nine": ("Nine in ten within", "%", 0),
}


def kernels():
    """Errors of single kernels on shapes that no parameter was fitted on."""
    rows = []
    for subject, known in facts.by_subject("kernel_parameters").items():
        if "held_out_rows" not in known:
            continue
        kind, types, generation = subject.split(" ")
        values = {name: known[f"{name}_median_error"].to("ratio") for name in ("fitted", "held_out")}
        rows.append(
            {"what": KERNELS[kind], "types": types.replace("_", " "), "generation": generation.capitalize()}
            | {name: known[f"{name}_rows"].value for name in ("fitted", "held_out")}
            | {"median_fitted": values["fitted"], "median": values["held_out"]}
            | {"nine": known["held_out_nine_in_ten_error"].to("ratio")}
        )
    rows.sort(key=lambda row: -row["median"])
    return table(rows, COLUMNS, "Times of single kernels, the largest errors first", folded=True)


def collectives():
    """Errors of collectives and of DeepEP's kernels on rows that no parameter was fitted on."""
    rows = []
    for subject, known in facts.by_subject("collective_parameters").items():
        if "rows_held_out" not in known:
            continue
        what, _, generation = subject.rpartition(" ")
        rows.append(
            {"what": what, "generation": generation.capitalize()}
            | {"fitted": known["rows_fitted"].value, "held_out": known["rows_held_out"].value}
            | {
                "median_fitted": known["median_error_fitted"].to("ratio"),
                "median": known["median_error_held_out"].to("ratio"),
            }
            | {"nine": known["nine_in_ten_held_out"].to("ratio")}
        )
    rows.sort(key=lambda row: -row["median"])
    columns = {key: head for key, head in COLUMNS.items() if key != "types"}
    return table(rows, {**columns, "what": "Communication"}, "Times of communication, the largest errors first", folded=True)


def peers():
    """Another simulator's errors beside ours, on the same runs."""
    rows = []
    for quantity, what in (
        ("simumax_step_time", "time of a step"),
        ("simumax_peak_allocated_fullest_rank", "memory at the peak"),
    ):
        both = compared(quantity)
        for who, errors in (
            (source_link("simumax"), [one.peer_error for one in both]),
            ("this project", [one.case.error for one in both]),
        ):
            rows.append(
                {"what": what, "who": who, "cases": len(errors), "mean": sum(map(abs, errors)) / len(errors)}
                | {"low": min(errors), "high": max(errors)}
            )
    columns = {
        "what": "Of",
        "who": "Predicted by",
        "cases": "Cases",
        "mean": ("Mean error", "%", 1),
        "low": ("from", "%", 1),
        "high": ("to", "%", 1),
    }
    return table(rows, columns, "The same runs on eight B200, predicted by SimuMax and here", raw=("who",))


def reported():
    """Errors that peers report of runs that are not in the ledger."""
    rows = [
        {"who": source_link(fact.source, fact.locator), "run": fact.subject, "error": fact.to("ratio"), "note": fact.note}
        for fact in reported_errors()
    ]
    columns = {"run": "Run", "error": ("Error", "%", 1), "note": "Note", "who": "Reported by"}
    return table(rows, columns, "Errors that others report of other runs", raw=("who",))


def every(kind: str):
    """Every case of a kind."""
    rows = [
        {
            "case": case.id.replace("_", " "),
            "metric": case.metric,
            "accelerator": case.accelerator,
            "use": case.use,
            "measured": case.measured,
            "predicted": case.predicted,
            "low": case.low,
            "high": case.high,
            "error": case.error,
            "source": source_link(case.source),
        }
        for case in cases(kind)
    ]
    columns = {
        "case": "Case",
        "metric": "Metric",
        "accelerator": "Accelerator",
        "use": "Used as",
        "measured": ("Measured", "", 4),
        "predicted": ("Predicted", "", 4),
        "low": ("from", "", 3),
        "high": ("to", "", 3),
        "error": ("Error", "%", 1),
        "source": "Source",
    }
    return table(rows, columns, f"Every case of {kind}, {len(rows)} of them", raw=("source",), folded=True)


def worst(count: int):
    """The cases that are furthest off, of those held out, one of a run."""
    rows, seen = [], set()
    for case in sorted((one for one in cases(use=HELD_OUT) if one.error is not None), key=lambda one: -abs(one.error)):
        key = case.model, case.accelerator, case.metric, case.source
        if key not in seen and len(rows) < count:
            seen.add(key)
            rows.append({"case": case.id.replace("_", " "), "metric": case.metric, "error": case.error})
    return table(rows, {"case": "Case", "metric": "Metric", "error": ("Error", "%", 0)}, "The worst of what is held out")
