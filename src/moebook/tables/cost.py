"""Tables of the page on cost."""

from moecalc.claims.registry import run_fact
from moecalc.economics.cost import cost_usd, wall_days
from moecalc.facts import tables as facts

from ..prose import fact_table, table

_STAGES = {"dsv3-pretrain": "pre-training", "dsv3-ctx-ext": "context extension", "dsv3-post": "post-training"}


def stages(usd_per_gpu_hour: float):
    """Table 1 of the report, recomputed at a rent."""
    rows = []
    for name, stage in _STAGES.items():
        hours = run_fact(name, "gpu_hours").to("GPU-hours")
        published = run_fact(name, "usd").to("USD")
        rows.append({"stage": stage, "hours": hours, "published": published, "usd": cost_usd(hours, usd_per_gpu_hour)})
    total = {key: sum(row[key] for row in rows) for key in ("hours", "published", "usd")}
    rows = [{**row, "share": row["hours"] / total["hours"]} for row in [*rows, {"stage": "sum of the stages", **total}]]
    columns = {
        "stage": "Stage",
        "hours": ("GPU-hours, published", "GPU-hours"),
        "share": ("Share of hours", "%", 2),
        "usd": (f"USD at ${usd_per_gpu_hour}, recomputed", "USD"),
        "published": ("USD, published", "USD"),
    }
    return table(rows, columns, "Training cost of DeepSeek-V3 by stage")


def days(runs: list):
    """Days of runs, from (what, GPU-hours, GPUs, where they are quoted)."""
    rows = [
        {"what": what, "hours": hours, "gpus": gpus, "days": wall_days(hours, gpus), "quoted": quoted}
        for what, hours, gpus, quoted in runs
    ]
    columns = {
        "what": "Run",
        "hours": ("GPU-hours", "GPU-hours"),
        "gpus": "GPUs",
        "days": ("Days, none ever idle", "days", 3),
        "quoted": "Quoted as",
    }
    return table(rows, columns, "Days of four runs, from their hours")


def facts_used():
    """Facts that the page uses."""
    used = [
        fact
        for name in (*_STAGES, "dsv3-total", "llama31-405B")
        for quantity, fact in facts.by_subject("training_runs")[name].items()
        if quantity in ("gpu_hours", "usd", "num_gpus", "interruption_window")
    ]
    return fact_table(used + facts.facts("rental_prices"))
