"""Tables of the page on attention."""

from moecalc import load_model
from moecalc.claims.evidence import agrees
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.model.kv_cache import kv_cache_bytes
from moecalc.serving.mla_decode import FORMS, mla_operators, step_by_form

from ..prose import fact_table, table

#: model -> its name in data/serving.csv, where the Insights paper's Table 1 stands
_PUBLISHED = {"deepseek-v3": "DeepSeek-V3", "qwen2.5-72b": "Qwen2.5-72B", "llama-3.1-405b": "Llama 3.1 405B"}


def kinds(by_name: dict, num_layers: int, bytes_per_element: float):
    """Kinds of attention beside one another: what each caches and computes."""
    most = by_name["MHA"].cache_elements
    rows = [
        {
            "kind": name,
            "cached": kind.cache_elements,
            "bytes": kind.cache_elements * bytes_per_element * num_layers,
            "of_mha": kind.cache_elements / most,
            "params": kind.num_params,
            "flops": kind.flops_per_pair,
            "intensity": kind.intensity(bytes_per_element),
        }
        for name, kind in by_name.items()
    ]
    columns = {
        "kind": "Attention",
        "cached": "Cached numbers",
        "bytes": ("A token", "bytes", 5),
        "of_mha": ("Of MHA", "%", 2),
        "params": ("Weights", "parameters", 4),
        "flops": "FLOPs a pair",
        "intensity": ("FLOPs a byte", "", 4),
    }
    return table(rows, columns, "V3's layers and heads with four kinds of attention, cache in BF16")


def published_ratios() -> dict:
    """What the paper prints as a multiple of V3's cache, by model."""
    found = {slug: facts.by_subject("serving")[name] for slug, name in _PUBLISHED.items()}
    key = "kv_cache_of_deepseek_v3"
    return {slug: str(rows[key].value) for slug, rows in found.items() if key in rows}


def counted_ratio(slug: str, bytes_per_element: float = 2) -> float:
    """Bytes that a model caches for a token over those of V3."""
    one, v3 = (kv_cache_bytes(load_model(model), [1], bytes_per_element) for model in (slug, "deepseek-v3"))
    return one / v3


def published_beside_ours(bytes_per_element: float = 2):
    """Table 1 of the Insights paper beside our count."""
    printed = published_ratios()
    rows = [
        {
            "model": models.model(slug)["name"],
            "ours": kv_cache_bytes(load_model(slug), [1], bytes_per_element),
            "published": facts.lookup("serving", name, "kv_cache_per_token").to("bytes"),
            "ratio": counted_ratio(slug),
            "printed": printed.get(slug),
            "agrees": "" if slug not in printed else "yes" if agrees(printed[slug], counted_ratio(slug)) else "no",
        }
        for slug, name in _PUBLISHED.items()
    ]
    columns = {
        "model": "Model",
        "ours": ("Counted", "bytes", 6),
        "published": ("Published", "bytes", 6),
        "ratio": ("Of V3's", "", 4),
        "printed": "Printed ratio",
        "agrees": "Agrees",
    }
    return table(rows, columns, "Cache of a token in BF16, and Table 1 of the paper")


def operators(config, accelerator, cached_tokens: int, batch: int):
    """Products of one decoded token in one layer, in each form."""
    roofs = accelerator.peak_dense_bf16_flops_per_s, accelerator.memory_bandwidth_bytes_per_s
    rows = [
        {
            "form": FORMS[form],
            "operator": one.name,
            "flops": one.flops,
            "bytes": one.num_bytes,
            "intensity": one.intensity,
            "us": one.time_s(*roofs) * 1e6,
        }
        for form in FORMS
        for one in mla_operators(config, form, cached_tokens, 1, batch)
    ]
    columns = {
        "form": "Form",
        "operator": "Product",
        "flops": ("FLOPs", "FLOPs"),
        "bytes": ("Moved", "bytes"),
        "intensity": ("FLOPs a byte", "", 3),
        "us": ("Least time", "us", 3),
    }
    return table(rows, columns, "One layer of V3 decodes one token for each sequence of a batch, on an H800")


def steps(config, accelerator, kinds_of_step: dict):
    """Steps of different sizes in the absorbed and in the plain form; (cached, new, sequences) by name."""
    rows = []
    for name, (cached, new, batch) in kinds_of_step.items():
        step = step_by_form(config, accelerator, cached, new, batch)
        flops = {f"{form}_flops": count / (batch * new) for form, count in step.flops.items()}
        times = {form: seconds * 1e3 for form, seconds in step.time_s.items()}
        rows.append({"step": name, "cached": cached, "new": new, **flops, **times, "faster": step.faster})
    columns = {
        "step": "Step",
        "cached": "Cached",
        "new": "New",
        "absorbed_flops": ("Absorbed", "FLOPs", 3),
        "plain_flops": ("Plain", "FLOPs", 3),
        "absorbed": ("Absorbed", "ms", 3),
        "plain": ("Plain", "ms", 3),
        "faster": "Faster",
    }
    caption = (
        "FLOPs of a new token and least time of a step, all layers of V3 on an H800; "
        "decoding in a batch, reading one sequence"
    )
    return table(rows, columns, caption)


def yarn_bands(bands):
    """Rotary pairs that YaRN leaves alone, blends and stretches."""
    rows = [
        {
            "band": band.name,
            "pairs": band.num_pairs,
            "turns": "{:,.2f} to {:,.2f}".format(*band.rotations),
            "before": "{:,.0f} to {:,.0f}".format(*band.wavelengths),
            "after": "{:,.0f} to {:,.0f}".format(*band.new_wavelengths),
        }
        for band in bands
    ]
    columns = {
        "band": "Pairs",
        "pairs": "Number",
        "turns": "Turns in the context before",
        "before": "Tokens a turn, before",
        "after": "after",
    }
    return table(rows, columns, "Rotary pairs of DeepSeek-V3 under YaRN")


def facts_used():
    """Facts that the page uses."""
    cache = [
        fact
        for name in _PUBLISHED.values()
        for key, fact in facts.by_subject("serving")[name].items()
        if key.startswith("kv_cache")
    ]
    extension = ("method", "scale_s", "alpha", "beta", "sqrt_t", "seq_len_phase_2")
    context = [one for one in facts.facts("v3_report") if one.subject == "context extension" and one.quantity in extension]
    used = ("peak_dense_bf16", "memory_reported_by_driver", "memory_bandwidth")
    gpu = [facts.lookup("accelerators", "h800-sxm", key) for key in used]
    return fact_table(cache + context + gpu)
