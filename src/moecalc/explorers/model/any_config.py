"""Any config: a model of the project, or a pasted ``config.json``, with any key changed."""

from ...claims.model import fitting_conventions
from ...facts.models import model_facts
from ...model.anatomy import title
from ...model.checkpoint import storage_bytes
from ...model.config import ModelConfig
from ...model.flops import attention_score_flops_per_token, flops_report, forward_flops_by_component, forward_flops_per_token
from ...model.kv_cache import kv_cache_bytes, kv_cache_report
from ...model.params import num_activated_params, num_total_params, params_by_component, params_report
from .._choices import NOTES, cached_width_choice, model_choice, notes, read_changes, read_config
from .._define import Choice, Explorer, Metric, Number, Text
from .._exchange import LARGEST_EXACT

LENGTHS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)
#: What is shown -> words for it, and what a row's bars are.
VIEWS = {
    "components": ("parameters by component", ("total", "activated")),
    "layers": ("parameters by kind of layer", ("total", "activated")),
    "flops": ("FLOPs by sequence length", ("products", "scores")),
    "cache": ("cache by context", ("cache",)),
    "storage": ("bytes of the weights", ("storage",)),
}
#: Keys of a row for what is drawn; with "_before", what it was before the changes.
BARS = ("first", "second")
#: Keys of a row that hold the length that it is of, named as the control that a click on its bar sets.
PICKED = ("seq_len", "context")
#: Columns of the table; a view leaves those empty that it says nothing of.
COLUMNS = ("blocks", "total", "activated", "flops", "scores", "cache", "storage")


def components(config, seq_len, **_) -> dict:
    """Parameters, FLOPs and stored bytes of each component."""
    total, used = params_by_component(config), params_by_component(config, activated=True)
    work, stored = forward_flops_by_component(config, seq_len), storage_bytes(config)["components"] or {}
    return {
        title(name): {
            "total": total.get(name, 0),
            "activated": used.get(name, 0),
            "flops": work.get(name, 0),
            "storage": stored.get(name),
        }
        for name in dict.fromkeys((*total, *work))
    }


def layers(config, seq_len, bytes_per_element, **_) -> dict:
    """Parameters, FLOPs and cache of a token in each kind of layer, over all of that kind."""
    rows = {}
    for block, count in config.anatomy.counted:
        kept = [cache.elements for cache in block.cache if not cache.once and cache.bytes is None]
        row = {
            "blocks": count,
            "total": count * block.num_params,
            "activated": count * block.num_activated_params,
            "flops": count * (block.num_flops + block.num_score_flops * seq_len // 2),
            "cache": count * sum(kept) * bytes_per_element,
        }
        known = rows.setdefault(block.name, dict.fromkeys(row, 0))
        rows[block.name] = {key: known[key] + value for key, value in row.items()}
    return rows


def flops_by_length(config, seq_len, **_) -> dict:
    """Forward FLOPs of a token at each length; of them, the products of tokens with tokens."""
    rows = {}
    for length in sorted({*LENGTHS, seq_len}):
        total, scores = forward_flops_per_token(config, length), attention_score_flops_per_token(config, length)
        rows[f"{length:,}"] = {
            "flops": total,
            "products": total - scores,
            "scores": scores,
            "chosen": length == seq_len,
            "seq_len": length,
        }
    return rows


def cache_by_context(config, context, bytes_per_element, batch, **_) -> dict:
    """Bytes that a batch keeps at each context."""
    return {
        f"{length:,}": {
            "cache": batch * kv_cache_bytes(config, [length], bytes_per_element),
            "chosen": length == context,
            "context": length,
        }
        for length in sorted({*LENGTHS, context})
    }


def storage(config, **_) -> dict:
    """Bytes of the weights, by component; without a number where it is not known how they are stored."""
    stored = storage_bytes(config)["components"] or {}
    return {title(name): {"storage": stored.get(name)} for name in params_by_component(config)}


ROWS = {"components": components, "layers": layers, "flops": flops_by_length, "cache": cache_by_context, "storage": storage}


def drawable(value):
    """A number that a chart can draw: what is beyond 2^53 would travel as a text."""
    return float(value) if isinstance(value, int) and abs(value) > LARGEST_EXACT else value


def rows_of(view: str, now: ModelConfig, before: ModelConfig, **sizes) -> list:
    """Rows of the config as it is changed, each beside what it was before the changes."""
    new, old = (ROWS[view](config, **sizes) for config in (now, before))
    rows = []
    for part in dict.fromkeys((*new, *old)):
        one, was = new.get(part, {}), old.get(part, {})
        row = {"part": part, "chosen": bool(one.get("chosen")), **{key: drawable(one.get(key)) for key in COLUMNS}}
        for bar, key in zip(BARS, VIEWS[view][1], strict=False):
            row |= {bar: drawable(one.get(key) or 0), f"{bar}_before": drawable(was.get(key) or 0)}
        row |= {key: one[key] for key in PICKED if key in one}
        rows.append(row)
    return rows


def compute(view, model, config, changes, seq_len, context, bytes_per_element, batch):
    before = read_config(model, config)
    changed = read_changes(changes)
    now = before.replace(**changed) if changed else before
    published = {} if config.strip() else model_facts(model)
    counted, work, stored = params_report(now), flops_report(now, seq_len), storage_bytes(now)
    kept = kv_cache_report(now, context, bytes_per_element, batch)
    was = kv_cache_report(before, context, bytes_per_element, batch)
    activated = published.get("activated_params")
    met = work.get("forward_per_token_windowed", work.get("forward_per_token_sparse"))
    metrics = {
        "total": counted["total"],
        "published_total": published["total_params"].to("parameters") if "total_params" in published else None,
        "activated": counted["activated"],
        "activated_without_embedding": counted["activated_without_embedding"],
        "activated_without_embedding_and_head": counted["activated_without_embedding_and_head"],
        "published_activated": activated.to("parameters") if activated else None,
        "num_fitting": len(fitting_conventions(before, str(activated.value))) if activated else None,
        "mtp": counted["mtp"],
        "forward_flops_per_token": work["forward_per_token"],
        "forward_flops_per_token_met": met,
        "kv_bytes_per_token": kept["bytes_per_token"],
        "kv_bytes": kept["bytes"],
        "storage_bytes": stored["total"],
        "storage": stored["method"] or "no quantisation",
        "family": now.model_type,
        "notes": notes(now),
        "total_ratio": counted["total"] / num_total_params(before),
        "activated_ratio": counted["activated"] / num_activated_params(before),
        "flops_ratio": work["forward_per_token"] / forward_flops_per_token(before, seq_len),
        "kv_ratio": kept["bytes"] / was["bytes"] if was["bytes"] else None,
    }
    sizes = {"seq_len": seq_len, "context": context, "bytes_per_element": bytes_per_element, "batch": batch}
    return metrics, rows_of(view, now, before, **sizes)


EXPLORER = Explorer(
    name="any-config",
    title="Any config, counted",
    description="Bars for the config as it is changed, and an upright mark where each bar ended before the changes. By "
    "component and by kind of layer: all parameters, and those that one token uses. By sequence length: the FLOPs of a "
    "token, products of tokens with tokens last. By context: the cache of the batch. In bytes: the weights by component.",
    lead=("model", "config", "changes", "view", "context"),
    headline=("total", "activated", "kv_bytes_per_token"),
    controls=(
        Choice("view", "Show", "components", tuple((key, words) for key, (words, _) in VIEWS.items())),
        model_choice(flops=True),
        Text("config", "A config.json, instead of the model", "", "paste the JSON text here", files=".json,.txt"),
        Text("changes", "Changed keys", "", "one key=value a line, such as num_hidden_layers=30"),
        Number("seq_len", "Sequence length", 4096, 128, 1_048_576, 128, "tokens", "log"),
        Number("context", "Context in the cache", 32_768, 128, 1_048_576, 128, "tokens", "log"),
        cached_width_choice(),
        Number("batch", "Sequences in the cache", 1, 1, 1024, 1, "sequences", "powers"),
    ),
    metrics={
        "total": Metric("Total parameters"),
        "published_total": Metric("published, of the model", "parameters"),
        "activated": Metric("Activated, all"),
        "activated_without_embedding": Metric("without embedding"),
        "activated_without_embedding_and_head": Metric("without embedding and head"),
        "published_activated": Metric("published, of the model", "parameters"),
        "num_fitting": Metric("of the three counts round to it"),
        "mtp": Metric("MTP modules, apart"),
        "forward_flops_per_token": Metric("Forward, a token, causal", "FLOPs", 5),
        "forward_flops_per_token_met": Metric("within windows or selection", "FLOPs", 5),
        "kv_bytes_per_token": Metric("Cache a token", "bytes", 5),
        "kv_bytes": Metric("Cache of the batch", "bytes", 5),
        "storage_bytes": Metric("Weights as stored", "bytes", 5),
        "storage": Metric("in the form"),
        "family": Metric("Counted as family"),
        "notes": NOTES,
        "total_ratio": Metric("Total, of the unchanged config's", "%", 1),
        "activated_ratio": Metric("Activated, of the unchanged", "%", 1),
        "flops_ratio": Metric("FLOPs, of the unchanged", "%", 1),
        "kv_ratio": Metric("Cache, of the unchanged", "%", 1),
    },
    columns={
        "part": Metric("Part"),
        "blocks": Metric("Blocks"),
        "total": Metric("Parameters"),
        "activated": Metric("Activated"),
        "flops": Metric("FLOPs a token", "FLOPs"),
        "scores": Metric("of them scores", "FLOPs"),
        "cache": Metric("Cache", "bytes"),
        "storage": Metric("Stored", "bytes"),
    },
    compute=compute,
    picks={"seq_len": "seq_len", "context": "context"},
)
