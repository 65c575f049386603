"""What each change from DeepSeek-V2 to DeepSeek-V3 adds, one after the other."""

from ..config import ModelConfig, load_model
from ..flops import training_flops_per_token
from ..kv_cache import kv_cache_elements_per_token
from ..params import num_activated_params, num_total_params
from ..units import si
from ._define import Choice, Explorer, Metric

SEQ_LEN = 4096
BF16_BYTES = 2

#: Changes in the order in which they are applied, or its reverse; keys as in config.json.
STEPS = (
    ("wider layers", ("hidden_size",)),
    ("wider dense feed-forward", ("intermediate_size",)),
    ("more layers, more dense ones", ("num_hidden_layers", "first_k_dense_replace")),
    ("wider experts", ("moe_intermediate_size",)),
    ("fewer shared experts", ("n_shared_experts",)),
    ("more routed experts", ("n_routed_experts",)),
    ("more experts a token", ("num_experts_per_tok",)),
    ("larger vocabulary", ("vocab_size",)),
)

COUNTS = {
    "total": ("total parameters", "parameters", num_total_params),
    "activated": ("activated parameters", "parameters", num_activated_params),
    "kv_cache": ("cache a token, BF16", "bytes", lambda config: BF16_BYTES * kv_cache_elements_per_token(config)),
    "training_flops": (
        f"training FLOPs a token at {SEQ_LEN:,}",
        "FLOPs",
        lambda config: training_flops_per_token(config, SEQ_LEN),
    ),
}

ORDERS = {"listed": "width first", "reversed": "vocabulary first, width last"}


def row_of(step, value, unit, changed=None, change=None, difference=None) -> dict:
    """A model, or one change of its config with what it adds; `base` and `end` are where its bar begins and ends."""
    length = value if change is None else abs(change)
    words = si(length, unit, 3).removesuffix(unit).strip()
    sign = "" if change is None else "+" if change > 0 else "\u2212"
    return {
        "step": step,
        "with_sizes": f"{step}: {', '.join(changed.values())}" if changed else step,
        "config": ", ".join(f"{key} {sizes}" for key, sizes in changed.items()) if changed else "",
        "change": change,
        "share": None if change is None else change / difference,
        "value": value,
        "base": 0 if change is None else min(value, value - change),
        "end": value if change is None else max(value, value - change),
        "kind": "model" if change is None else "adds" if change >= 0 else "takes away",
        "label": "no change" if change == 0 else sign + words,
        "unit": unit,
    }


def compute(count, order):
    _, unit, value_of = COUNTS[count]
    v2, v3 = load_model("deepseek-v2"), load_model("deepseek-v3")
    # V3's form throughout, so that only sizes change along the way
    raw = {**v2.raw, "model_type": "deepseek_v3"}
    start, end = value_of(v2), value_of(v3)
    before = start
    rows = [row_of("DeepSeek-V2", start, unit)]
    for title, keys in STEPS if order == "listed" else STEPS[::-1]:
        raw |= {key: v3.raw[key] for key in keys}
        value = value_of(ModelConfig(raw, title))
        changed = {key: f"{v2.raw[key]:,} \u2192 {v3.raw[key]:,}" for key in keys}
        rows.append(row_of(title, value, unit, changed, value - before, end - start))
        before = value
    rows.append(row_of("DeepSeek-V3", end, unit))
    metrics = {
        "v2": start,
        "v3": end,
        "ratio": end / start,
        "largest_step": max(row["change"] for row in rows[1:-1]),
        "unexplained": end - before,
    }
    return metrics, rows


EXPLORER = Explorer(
    name="v2-to-v3",
    title="From V2 to V3, change by change",
    description="A waterfall from DeepSeek-V2's count to DeepSeek-V3's: each bar is what one change of the "
    "config adds or takes away, on top of the changes before it.",
    controls=(
        Choice("count", "Count", "total", tuple((key, title) for key, (title, _, _) in COUNTS.items())),
        Choice("order", "Order of the changes", "listed", tuple(ORDERS.items())),
    ),
    metrics={
        "v2": Metric("DeepSeek-V2"),
        "v3": Metric("DeepSeek-V3"),
        "ratio": Metric("V3 over V2", "x", 3),
        "largest_step": Metric("Most that one change adds"),
        "unexplained": Metric("Left unexplained by the changes"),
    },
    columns={
        "step": Metric("Change"),
        "config": Metric("Keys of the config"),
        "change": Metric("Adds"),
        "share": Metric("Of the difference", "%", 1),
        "value": Metric("Count after it"),
    },
    compute=compute,
)
