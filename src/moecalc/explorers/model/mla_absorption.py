"""Forms of multi-head latent attention on a roofline."""

import math

from ...facts import models
from ...model.catalog import counted_slugs
from ...model.config import load_model
from ...model.kv_cache import kv_cache_bytes
from ...serving.mla_decode import FORMS, absorption_break_even, expanded_cache_elements, mla_roofline
from .._choices import accelerator_choice, accelerator_numbers, cached_width_choice, chosen_accelerator
from .._define import Choice, Explorer, Metric, Number

#: What may be swept -> title of its axis, and the values.
SWEEPS = {
    "query_tokens": ("New tokens of each sequence", tuple(2**power for power in range(15))),
    "cached_tokens": ("Tokens in the cache, of each sequence", tuple(2**power for power in range(8, 21))),
    "batch": ("Sequences at once", tuple(2**power for power in range(11))),
}


def latent_models() -> tuple:
    """Models with latent attention in which every token sees all before it: an indexer keeps a second cache."""

    def dense(config):
        return "kv_lora_rank" in config.keys and all(len(layer.cache) == 1 for layer in config.anatomy.layers)

    return tuple((slug, models.model(slug)["name"]) for slug in counted_slugs() if dense(load_model(slug)))


def compute(model, cached_tokens, query_tokens, batch, tp, bytes_per_element, accelerator, accelerator_numbers, sweep):
    config, gpu = load_model(model), chosen_accelerator(accelerator, accelerator_numbers)
    peak, bandwidth = map(gpu.needed, ("peak_dense_bf16_flops_per_s", "memory_bandwidth_bytes_per_s"))
    known = {"cached_tokens": cached_tokens, "query_tokens": query_tokens, "batch": batch}

    def run(form, **changed):
        values = known | changed
        return mla_roofline(config, form, peak, bandwidth, **values, bytes_per_element=bytes_per_element, tp=tp)

    chosen = {form: run(form) for form in FORMS}
    faster = min(("absorbed", "plain"), key=lambda form: chosen[form]["time_s"])  # a tie is the absorbed form's
    fewer = min(("absorbed", "plain"), key=lambda form: chosen[form]["flops"])
    break_even = absorption_break_even(config)
    new, kept_tokens = batch * query_tokens, batch * (cached_tokens + query_tokens)
    metrics = {
        "faster": faster,
        "fewer_flops": fewer,
        **{f"{form}_flops": chosen[form]["flops"] / new for form in FORMS},
        **{f"{form}_intensity": chosen[form]["intensity"] for form in FORMS},
        **{f"{form}_ms": chosen[form]["time_s"] * 1e3 for form in FORMS},
        "ridge": peak / bandwidth,
        "latent_cache_bytes": kv_cache_bytes(config, [kept_tokens], bytes_per_element),
        "expanded_cache_bytes": expanded_cache_elements(config) * kept_tokens * bytes_per_element,
        "break_even": break_even if math.isfinite(break_even) else None,
    }
    axis, values = SWEEPS[sweep]
    rows = []
    for value in sorted({*values, known[sweep]} - {0}):
        for form, name in FORMS.items():
            found = run(form, **{sweep: value})
            rows.append(
                {
                    "axis": axis,
                    "value": value,
                    sweep: value,
                    "form": name,
                    "ms": found["time_s"] * 1e3,
                    "flops": float(found["flops"]),  # beyond what a chart takes as a whole number
                    "bytes": found["bytes"],
                    "intensity": found["intensity"],
                    "chosen": value == known[sweep],
                }
            )
    return metrics, rows


EXPLORER = Explorer(
    name="mla-absorption",
    title="Latent attention in three forms",
    description="A line for each form of multi-head latent attention, on two logarithmic axes: the least time on a "
    "roofline for a step, all layers, against new tokens, cached tokens or sequences. A mark stands at the chosen value.",
    lead=("query_tokens", "cached_tokens", "batch", "sweep", "model", "accelerator"),
    headline=("faster", "absorbed_ms", "plain_ms"),
    controls=(
        Choice("model", "Model", "deepseek-v3", latent_models()),
        Number("cached_tokens", "In the cache, of each sequence", 4096, 0, 1_048_576, 1, "tokens", "powers"),
        Number("query_tokens", "New, of each sequence", 1, 1, 16384, 1, "tokens", "powers"),
        Number("batch", "Batch", 64, 1, 1024, 1, "sequences", "powers"),
        Number("tp", "Heads shared by", 1, 1, 16, 1, "GPUs", "powers"),
        cached_width_choice(),
        accelerator_choice(),
        accelerator_numbers(),
        Choice("sweep", "Along the axis", "query_tokens", tuple((key, title) for key, (title, _) in SWEEPS.items())),
    ),
    metrics={
        "faster": Metric("Faster with the latent cache"),
        "fewer_flops": Metric("Fewer FLOPs with it"),
        "absorbed_flops": Metric("Absorbed, a new token", "FLOPs"),
        "plain_flops": Metric("Plain, expanded at each step", "FLOPs"),
        "expanded_flops": Metric("Plain, expanded cache", "FLOPs"),
        "absorbed_intensity": Metric("Absorbed", "FLOPs a byte", 3),
        "plain_intensity": Metric("Plain, at each step", "FLOPs a byte", 3),
        "expanded_intensity": Metric("Plain, expanded cache", "FLOPs a byte", 3),
        "ridge": Metric("The GPU can do", "FLOPs a byte", 3),
        "absorbed_ms": Metric("Absorbed, a step", "ms", 3),
        "plain_ms": Metric("Plain, at each step", "ms", 3),
        "expanded_ms": Metric("Plain, expanded cache", "ms", 3),
        "latent_cache_bytes": Metric("Latent cache of all", "bytes"),
        "expanded_cache_bytes": Metric("Expanded cache of all", "bytes"),
        "break_even": Metric("Equal FLOPs, long cache, at", "new tokens", 4),
    },
    columns={
        "axis": Metric("Along the axis"),
        "value": Metric("Value"),
        "form": Metric("Form"),
        "flops": Metric("FLOPs of a step", "FLOPs"),
        "bytes": Metric("Bytes moved", "bytes"),
        "intensity": Metric("FLOPs a byte", "", 3),
        "ms": Metric("Least time", "ms", 3),
    },
    compute=compute,
    says=("form", "axis", "value", "ms", "intensity", "flops", "bytes"),
    picks={"cached_tokens": "cached_tokens", "query_tokens": "query_tokens", "batch": "batch"},
)
