"""What each change from DeepSeek-V2 to DeepSeek-V3 adds: one after the other, alone, last, and on average."""

import math
from functools import cache

from ...base.units import si
from ...model.config import ModelConfig, load_model
from ...model.flops import training_flops_per_token
from ...model.kv_cache import kv_cache_elements_per_token
from ...model.params import num_activated_params, num_total_params
from .._define import Choice, Explorer, Metric

SEQ_LEN = 4096
BF16_BYTES = 2

#: Changes by name; keys as in config.json.
STEPS = {
    "wider layers": ("hidden_size",),
    "wider dense feed-forward": ("intermediate_size",),
    "more layers, more dense ones": ("num_hidden_layers", "first_k_dense_replace"),
    "wider experts": ("moe_intermediate_size",),
    "fewer shared experts": ("n_shared_experts",),
    "more routed experts": ("n_routed_experts",),
    "more experts a token": ("num_experts_per_tok",),
    "larger vocabulary": ("vocab_size",),
}
NAMES = list(STEPS)
ALL = frozenset(NAMES)

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

_EXPERTS = ["more routed experts", "wider experts", "more experts a token", "fewer shared experts"]
#: What comes first -> the changes in the order in which they are made.
ORDERS = {
    "listed": ("width first, vocabulary last", NAMES),
    "reversed": ("vocabulary first, width last", NAMES[::-1]),
    "experts": ("experts first", _EXPERTS + [name for name in NAMES if name not in _EXPERTS]),
    "depth": ("depth first", [NAMES[2], *NAMES[:2], *NAMES[3:]]),
}


@cache
def model_with(names: frozenset) -> ModelConfig:
    """DeepSeek-V2 with some of the changes, in V3's form throughout, so that only sizes change along the way."""
    v2, v3 = load_model("deepseek-v2"), load_model("deepseek-v3")
    changed = {key: v3.raw[key] for name in names for key in STEPS[name]}
    return ModelConfig({**v2.raw, "model_type": v3.model_type, **changed}, "between V2 and V3")


@cache
def counted_with(count: str, names: frozenset) -> int:
    """A count of V2 with some of the changes."""
    return COUNTS[count][2](model_with(names))


@cache
def interaction(count: str) -> dict:
    """What each change adds on top of others.

    Parameters
    ----------
    count : str
        A key of :data:`COUNTS` [-]

    Returns
    -------
    dict
        Name -> ``alone`` (to V2), ``last`` (to all the others), ``least`` and ``most`` (to any of the others),
        and ``mean`` over all orders, exact [the count's unit]

    Notes
    -----
    The mean over all orders is the Shapley value. A set of s of the n changes stands before a given one
    in s! (n - 1 - s)! of the n! orders, so the sets are weighed by that, and no order is walked through.
    """
    n = len(NAMES)
    sets = [frozenset(name for i, name in enumerate(NAMES) if bits >> i & 1) for bits in range(2**n)]
    found = {}
    for name in NAMES:
        without = [names for names in sets if name not in names]
        adds = {names: counted_with(count, names | {name}) - counted_with(count, names) for names in without}
        weighed = sum([math.factorial(len(names)) * math.factorial(n - 1 - len(names)) * adds[names] for names in without])
        whole, rest = divmod(weighed, math.factorial(n))
        found[name] = {
            "alone": adds[frozenset()],
            "last": adds[ALL - {name}],
            "least": min(adds.values()),
            "most": max(adds.values()),
            "mean": whole if not rest else weighed / math.factorial(n),
        }
    return found


def order_of(order: str, last: str) -> list:
    """The changes in an order, one of them moved to its end."""
    names = ORDERS[order][1]
    return [name for name in names if name != last] + [name for name in names if name == last]


def row_of(step, value, unit, changed=None, change=None, difference=None, others=None) -> dict:
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
        **(others or dict.fromkeys(("alone", "last", "least", "most", "mean"))),
    }


def compute(count, order, last):
    _, unit, value_of = COUNTS[count]
    v2, v3 = load_model("deepseek-v2"), load_model("deepseek-v3")
    start, end = value_of(v2), value_of(v3)
    before, made = start, frozenset()
    others = interaction(count)
    rows = [row_of("DeepSeek-V2", start, unit)]
    for name in order_of(order, last):
        made |= {name}
        value = counted_with(count, made)
        changed = {key: f"{v2.raw[key]:,} \u2192 {v3.raw[key]:,}" for key in STEPS[name]}
        rows.append(row_of(name, value, unit, changed, value - before, end - start, others[name]))
        before = value
    rows.append(row_of("DeepSeek-V3", end, unit))
    alone = sum(one["alone"] for one in others.values())
    metrics = {
        "v2": start,
        "v3": end,
        "ratio": end / start,
        "difference": end - start,
        "largest_step": max(row["change"] for row in rows[1:-1]),
        "alone": alone,
        "interaction": (end - start) - alone,
        "interaction_share": ((end - start) - alone) / (end - start),
        "unexplained": end - before,
    }
    return metrics, rows


EXPLORER = Explorer(
    name="v2-to-v3",
    title="From V2 to V3, change by change",
    description="On the left, a waterfall from DeepSeek-V2's count to DeepSeek-V3's: each bar is what one change of the "
    "config adds or takes away, on top of the changes before it. On the right, for each change, a line from the least to "
    "the most that it adds in any order, with marks for what it adds alone to V2, last, on top of all others, and on "
    "average over all orders.",
    headline=("ratio", "difference", "largest_step"),
    controls=(
        Choice("count", "Count", "total", tuple((key, title) for key, (title, _, _) in COUNTS.items())),
        Choice("order", "Order of the changes", "listed", tuple((key, words) for key, (words, _) in ORDERS.items())),
        Choice("last", "Made last, whatever the order", "none", (("none", "as ordered"), *((one, one) for one in NAMES))),
    ),
    metrics={
        "v2": Metric("DeepSeek-V2"),
        "v3": Metric("DeepSeek-V3"),
        "ratio": Metric("V3 over V2", "x", 3),
        "difference": Metric("Difference"),
        "largest_step": Metric("Most that one change adds"),
        "alone": Metric("Changes made alone, summed"),
        "interaction": Metric("Left to their interaction"),
        "interaction_share": Metric("Interaction, of the difference", "%", 1),
        "unexplained": Metric("Left unexplained by the changes"),
    },
    columns={
        "step": Metric("Change"),
        "config": Metric("Keys of the config"),
        "change": Metric("Adds"),
        "share": Metric("Of the difference", "%", 1),
        "value": Metric("Count after it"),
        "alone": Metric("Alone, to V2"),
        "last": Metric("Last, to V3"),
        "mean": Metric("Mean of all orders", "", 12),
    },
    compute=compute,
    says=("step", "config", "change", "value", "alone", "last", "mean"),
    picks={"last": "step"},
)


# --- for the page


def all_counts() -> dict:
    """The metrics of each of the :data:`COUNTS`.

    >>> round(all_counts()["kv_cache"]["ratio"], 3)
    1.017
    """
    return {count: EXPLORER.run({"count": count}).metrics for count in COUNTS}


def steps(count: str = "total") -> dict:
    """The changes by name, made in the listed order: ``change``, and what :func:`interaction` gives for each.

    >>> steps("activated")["larger vocabulary"]["change"]
    385351680
    """
    return {row["step"]: row for row in EXPLORER.run({"count": count}).rows if row["step"] in STEPS}


def summed(count: str = "total") -> dict:
    """All changes together, if each is made ``alone``, ``last``, or on the ``mean`` of all orders [the count's unit].

    >>> summed("kv_cache")
    {'alone': 1152, 'mean': 1152, 'last': 1152}
    """
    return {key: sum(one[key] for one in interaction(count).values()) for key in ("alone", "mean", "last")}
