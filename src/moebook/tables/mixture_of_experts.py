"""Tables and still pictures of the page on mixtures of experts."""

from moecalc.explorers import explorer
from moecalc.explorers.industry.open_models import models_without_counts
from moecalc.facts import models
from moecalc.facts import tables as facts

from ..prose import fact_table, still, table

#: dense models that no view names, listed beside those that one does
_DENSE = {"qwen2.5-72b", "llama-3.1-8b"}


def share_by_date():
    """Activated share by release date, as a picture."""
    return still(
        "open-models",
        "Activated share by release date",
        "A mark for each dated model, on a logarithmic axis; dense models stand at the top. Named is each model that "
        "was sparser than all before it when it came.",
        show="share",
    )


def hours_against_memory():
    """Hours to train against memory to hold, as a picture."""
    return still(
        "open-models",
        "Hours to train against memory to hold",
        "A mark for each model, dated or not, on logarithmic axes: GPU-hours at the same MFU for all, against "
        "the bytes of the weights. Tokens, MFU and bytes are the defaults of the figure above.",
        show="cost",
    )


def undated(rows: list):
    """Models whose release date was not found."""
    listed = [row for row in rows if not row["released"]]
    listed += [{"name": name, "counts": "none published"} for name in models_without_counts()]
    columns = {
        "name": "Model without a date",
        "kind": "Kind",
        "total": ("Total", "parameters", 3),
        "activated": ("Activated", "parameters", 3),
        "activated_share": ("Share", "%", 1),
        "counts": "Counts are",
    }
    return table(listed, columns, "Models whose release date was not found")


def by_year(years: list):
    """Models by year of release."""
    columns = {
        "year": "Year",
        "num_moe": "MoE",
        "num_new_sizes": "New sizes",
        "num_dense": "Dense",
        "median_share": ("Median share", "%", 1),
        "lowest_share": ("Lowest", "%", 1),
        "largest": "Largest",
        "largest_total": ("Its total", "parameters", 3),
    }
    return table(years, columns, "Models collected, by year of release")


def hours_and_memory(result):
    """The models that a view of the figure names: hours to train them, GPUs to hold them."""
    views = [explorer("open-models").run({"show": view}).rows for view in ("size", "share", "cost")]
    named = {row["slug"] for rows in views for row in rows if row["named"]} | _DENSE
    columns = {
        "name": "Model",
        "kind": "Kind",
        "total": ("Total", "parameters", 3),
        "activated": ("Activated", "parameters", 3),
        "gpu_hours": ("GPU-hours", "GPU-hours", 3),
        "usd": ("Cost", "USD", 3),
        "weight_bytes": ("Weights", "bytes", 3),
        "num_gpus": "H800s to hold",
    }
    tokens, mfu = result.controls["tokens"], result.controls["mfu"]
    caption = f"For {tokens:g} T tokens at {mfu:g} % of an H800's peak, weights in FP8"
    return table([row for row in result.rows if row["slug"] in named], columns, caption)


def facts_used():
    """Facts that the page uses."""
    quantities = ("total_params", "activated_params", "release_date")
    shown = [
        fact
        for slug in models.model_slugs()
        for quantity, fact in models.model_facts(slug).items()
        if quantity in quantities
    ]
    return fact_table([*shown, facts.lookup("training_runs", "dsv3-pretrain", "gpu_hours_per_t_tokens")])
