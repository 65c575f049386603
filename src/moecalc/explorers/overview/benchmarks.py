"""Published benchmark results, by model and subject."""

from statistics import median

from ...facts.benchmarks import MODELS, TABLES, V3, lead, points_ahead, results, subjects
from .._define import Choice, Explorer, Metric, Number

ALL = "all"
_RIVALS = tuple((key, name) for key, (name, _) in MODELS.items() if key != V3)


def compute(table, rival, subject, margin):
    rivals = () if rival == ALL else (rival,)
    compared = lead(*rivals, subject="" if subject == ALL else subject, table=table, margin=margin)
    in_points = [one for one in compared.comparisons if one.v3.unit == "score"]
    widest = max(in_points, key=lambda one: one.points, default=None)
    narrowest = min(in_points, key=lambda one: one.points, default=None)
    behind = narrowest if narrowest and narrowest.points < 0 else None
    metrics = {
        "num_tests": compared.tests,
        "num_ahead": compared.ahead,
        "num_level": compared.level,
        "num_behind": len(compared.behind_in),
        "median_lead": median([one.points for one in in_points]) if in_points else None,
        "widest_lead": widest.points if widest else None,
        "widest_lead_in": str(widest.benchmark) if widest else None,
        "widest_gap": -behind.points if behind else None,
        "widest_gap_in": str(behind.benchmark) if behind else None,
    }
    by_benchmark = results(table)
    rows = [
        {
            "subject": benchmark.subject,
            "benchmark": benchmark.name,
            "metric": benchmark.metric or None,
            "shots": benchmark.shots or None,
            "test": str(benchmark),
            "model": MODELS[key][0],
            "published_as": name,
            "score": fact.value,
            "unit": fact.unit,
            "lead": None if key == V3 else points_ahead(by_benchmark[benchmark][V3][1], fact),
        }
        for benchmark in [one.benchmark for one in compared.comparisons]
        for key, (name, fact) in by_benchmark[benchmark].items()
        if key in (V3, *(rivals or MODELS))
    ]
    return metrics, rows


EXPLORER = Explorer(
    name="benchmarks",
    title="Published benchmark results",
    description="By subject, a line for each benchmark, named with its metric and, where published, its number of shots. On "
    "it stands a mark for each model at its score; DeepSeek-V3's is the upright bar. Bits per byte are on another scale, "
    "where less is better: they are in the data table alone.",
    headline=("num_ahead", "num_behind", "median_lead"),
    controls=(
        Choice("table", "Results of", "chat", tuple((key, title) for key, (_, title) in TABLES.items())),
        Choice("rival", "DeepSeek-V3 against", ALL, ((ALL, "the best of all others"), *_RIVALS)),
        Choice("subject", "Subject", ALL, ((ALL, "all subjects"), *((name, name) for name in subjects()))),
        Number("margin", "A gap that counts as level", 0.0, 0.0, 5.0, 0.1, "points", zero="none"),
    ),
    metrics={
        "num_tests": Metric("Tests compared"),
        "num_ahead": Metric("DeepSeek-V3 is ahead in"),
        "num_level": Metric("level in"),
        "num_behind": Metric("behind in"),
        "median_lead": Metric("Its median lead", "points", 3),
        "widest_lead": Metric("Furthest ahead", "points", 3),
        "widest_lead_in": Metric("in the test"),
        "widest_gap": Metric("Furthest behind", "points", 3),
        "widest_gap_in": Metric("in the test"),
    },
    columns={
        "subject": Metric("Subject"),
        "benchmark": Metric("Benchmark"),
        "metric": Metric("Metric"),
        "shots": Metric("Shots"),
        "published_as": Metric("Model, as published"),
        "score": Metric("Score", "", 3),
        "lead": Metric("DeepSeek-V3's lead over it", "", 3),
    },
    compute=compute,
    says=("published_as", "benchmark", "metric", "shots", "score", "lead"),
    picks={"rival": "model"},
)
