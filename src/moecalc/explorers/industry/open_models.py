"""Open models by release date: how large, how sparse, and what each costs to train and to hold."""

from math import ceil
from statistics import median

from ...economics.cost import cost_usd, training_gpu_hours
from ...model.catalog import counted_config, model_rows
from ...model.flops import training_flops_per_token
from ...model.traits import traits
from ...training.mfu import nd_flops_per_token
from .._choices import TYPED_IN, accelerator_choice, accelerator_numbers, chosen_accelerator
from .._define import Choice, Explorer, Metric, Number
from ._views import RECORD, V3, VIEWS, place_marks, place_names

SEQ_LEN = 4096
WIDTHS = {
    "bf16": (2, "BF16, 2 bytes a parameter"),
    "fp8": (1, "FP8, 1 byte a parameter"),
    "fp4": (0.5, "4 bits a parameter"),
}
ACCELERATORS = (
    "h800-sxm",
    "a100-sxm",
    "h100-sxm",
    "h200-sxm",
    "h20",
    "b200-sxm",
    "gb300-nvl72",
    "mi300x",
    "tpu-v6e",
    TYPED_IN,
)
#: Where the two counts of a model come from, by the status of the fact.
COUNTS = {"derived": "counted here", "reported": "published", "unverified": "no source"}
#: Digits of what rows hold of hours, money and shares.
DIGITS = 5


def rounded(value: float) -> float:
    """To the digits that a row holds: what is drawn of many states is stored."""
    return float(f"{value:.{DIGITS}g}")


def is_moe(row: dict) -> bool:
    """A model that uses fewer parameters for a token than it has."""
    return row["activated_params"] < row["total_params"]


def listed_models() -> list:
    """The models with a published or counted total and activated count, the oldest first, those without a date last."""
    rows = [row for row in model_rows() if row["total_params"] and row["activated_params"]]
    return sorted(rows, key=lambda row: (row["release_date"] or "9999", row["slug"]))


def models_without_counts() -> list:
    """Names of the models of which nothing is published that could be drawn."""
    return [row["name"] for row in model_rows() if not (row["total_params"] and row["activated_params"])]


#: Years in which a model here was released.
YEARS = sorted({int(row["release_date"][:4]) for row in listed_models() if row["release_date"]})


def flops_per_token(row: dict) -> float:
    """Training FLOPs: exact where the model is counted, else 6ND."""
    if row["counted"]:
        return training_flops_per_token(counted_config(row["slug"]), SEQ_LEN)
    return nd_flops_per_token(row["activated_params"])


def exact_over_6nd() -> dict:
    """By how much 6ND, with the published activated parameters, falls short: model -> exact FLOPs over 6ND."""
    return {
        row["slug"]: flops_per_token(row) / nd_flops_per_token(row["published_activated_params"])
        for row in listed_models()
        if row["counted"]
    }


def routing(of) -> str | None:
    """Experts in words, the shared ones last: "8 of 256 + 1"; None of a dense model."""
    if of.num_experts is None:
        return None
    shared = f" + {of.shared_experts:g}" if of.shared_experts else ""
    return f"{of.experts_per_token or '?'} of {of.num_experts}{shared}"


def new_sizes(models: list) -> set:
    """Slugs of the models whose published size no earlier one has; the others are one of those, trained further."""
    seen, found = set(), set()
    for row in models:
        size = row["published_total_params"], row["published_activated_params"]
        if size not in seen:
            seen.add(size)
            found.add(row["slug"])
    return found


def compute(show, since, tokens, mfu, accelerator, accelerator_numbers, usd_per_gpu_hour, width):
    gpu, bytes_per_param = chosen_accelerator(accelerator, accelerator_numbers), WIDTHS[width][0]
    peak, memory_bytes = map(gpu.needed, ("peak_dense_bf16_flops_per_s", "memory_bytes"))
    models = listed_models()
    new = new_sizes(models)
    dated = [row for row in models if row["release_date"] and row["release_date"] >= str(since)]
    moe = [row for row in dated if is_moe(row)]

    def row_of(model):
        total, activated = model["total_params"], model["activated_params"]
        hours = training_gpu_hours(flops_per_token(model), tokens * 1e12, peak, mfu / 100)
        of = traits(model["slug"])
        return {
            "slug": model["slug"],
            "name": model["name"],
            "released": model["release_date"],
            "date": {"reported": "sourced", None: "none"}.get(model["release_date_status"], "no source"),
            "kind": "MoE" if is_moe(model) else "dense",
            "total": total,
            "activated": activated,
            "activated_share": rounded(activated / total),
            "counts": COUNTS[model["params_status"]],
            "new_size": "yes" if model["slug"] in new else "no",
            "gpu_hours": rounded(hours),
            "usd": rounded(cost_usd(hours, usd_per_gpu_hour)),
            "weight_bytes": total * bytes_per_param,
            "num_gpus": ceil(total * bytes_per_param / memory_bytes),
            "routing": routing(of),
            "experts": of.num_experts,
            "chosen": of.experts_per_token,
            "expert_params": of.expert_params,
            "shared": of.shared_experts,
            "attention": of.attention,
            "cache_bytes": of.cache_bytes and round(of.cache_bytes),
            "context": of.context_tokens,
            "bits": of.stored_bits and round(of.stored_bits, 2),
        }

    dense = [row for row in dated if not is_moe(row)]
    shares = [row["activated_params"] / row["total_params"] for row in moe if row["slug"] in new]
    undated = [row for row in models if not row["release_date"]]
    v3 = row_of(next(row for row in models if row["slug"] == V3))
    metrics = {
        "num_models": len(dated),
        "num_moe": len(moe),
        "num_new_sizes": len(shares),
        "num_dense": len(dense),
        "last_dense": dense[-1]["release_date"] if dense else None,
        "num_undated": len(undated),
        "median_activated_share": median(shares) if shares else None,
        "lowest_activated_share": min(shares, default=None),
        "largest_total": max((row["total_params"] for row in dated), default=None),
        **{f"v3_{key}": v3[key] for key in ("gpu_hours", "usd", "weight_bytes", "num_gpus")},
    }
    rows = [row_of(model) for model in dated + undated]
    place_marks(rows, show)
    place_names(rows, show)
    return metrics, rows


def by_year(rows: list) -> list:
    """Dated rows of :func:`compute`, by the year of release; shares are of MoE models of a new size."""
    years = sorted({row["released"][:4] for row in rows if row["released"]})
    found = []
    for year in years:
        listed = [row for row in rows if row["released"] and row["released"].startswith(year)]
        moe = [row for row in listed if row["kind"] == "MoE"]
        largest = max(listed, key=lambda row: row["total"])
        shares = [row["activated_share"] for row in moe if row["new_size"] == "yes"]
        found.append(
            {
                "year": year,
                "num_moe": len(moe),
                "num_new_sizes": len(shares),
                "num_dense": len(listed) - len(moe),
                "median_share": median(shares) if shares else None,
                "lowest_share": min(shares, default=None),
                "largest": largest["name"],
                "largest_total": largest["total"],
            }
        )
    return found


def accelerators() -> Choice:
    """A few accelerators, and another by its numbers: the picture of each is stored."""
    every = accelerator_choice()
    return every._replace(options=tuple(option for option in every.options if option[0] in ACCELERATORS))


EXPLORER = Explorer(
    name="open-models",
    title="Open models: total against activated parameters",
    description="A mark for each open model collected here, at its release date. By size: an upright line from its "
    "activated to its total parameters, on a logarithmic axis; for dense models the two are one point. By experts: a line "
    "from those chosen to all. Otherwise a point: its activated share, the size or number of its experts, its attention, "
    "cache, context or the bits of its weights. By cost: hours to train against memory to hold, both axes logarithmic, "
    "models without a date too. DeepSeek-V3's mark is larger. Named are it and the models that set a record when they came, "
    f"by a factor of {RECORD} at least, or that were the first of their kind.",
    lead=("show", "since", "tokens", "mfu", "accelerator", "width"),
    headline=("num_models", "num_moe", "median_activated_share"),
    controls=(
        Choice("show", "Show", "size", tuple((key, view.label) for key, view in VIEWS.items())),
        Choice("since", "Released since", YEARS[0], tuple((year, str(year)) for year in YEARS)),
        Number("tokens", "Training tokens", 1.0, 0.1, 64.0, 0.1, "T tokens", "powers"),
        Number("mfu", "MFU that is reached", 40.0, 5.0, 100.0, 5.0, "%"),
        accelerators(),
        accelerator_numbers(),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.5, 8.0, 0.5, "USD per GPU-hour"),
        Choice("width", "Weights held in", "fp8", tuple((key, title) for key, (_, title) in WIDTHS.items())),
    ),
    metrics={
        "num_models": Metric("Dated models since then", "models"),
        "num_moe": Metric("of which MoE", "models"),
        "num_new_sizes": Metric("of a size not seen before", "models"),
        "num_dense": Metric("of which dense", "models"),
        "last_dense": Metric("the last of them"),
        "num_undated": Metric("Models without a date", "models"),
        "median_activated_share": Metric("Activated share of those MoE, median", "%", 1),
        "lowest_activated_share": Metric("and lowest", "%", 1),
        "largest_total": Metric("Largest model", "parameters", 3),
        "v3_gpu_hours": Metric("DeepSeek-V3 for those tokens", "GPU-hours"),
        "v3_usd": Metric("at that price", "USD"),
        "v3_weight_bytes": Metric("Its weights", "bytes"),
        "v3_num_gpus": Metric("fill at least", "GPUs"),
    },
    columns={
        "name": Metric("Model"),
        "released": Metric("Released"),
        "total": Metric("Total", "parameters", 3),
        "activated": Metric("Activated", "parameters", 3),
        "activated_share": Metric("Share", "%", 1),
        "gpu_hours": Metric("To train", "GPU-hours"),
        "routing": Metric("Experts"),
        "expert_params": Metric("One has", "parameters", 3),
        "attention": Metric("Attention"),
        "cache_bytes": Metric("Cache", "bytes", 3),
        "context": Metric("Context", "tokens"),
        "bits": Metric("Bits", "", 3),
    },
    compute=compute,
    says=(
        *("name", "released", "total", "activated", "activated_share", "gpu_hours"),
        *("routing", "expert_params", "attention", "cache_bytes", "context", "bits"),
    ),
)
