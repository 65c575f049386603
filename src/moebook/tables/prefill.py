"""Tables of the page on prefill."""

from moecalc.claims.deployment import PREFILL, unit_fact
from moecalc.explorers.serving.prefill_operators import EXPLORER, published_rates
from moecalc.facts import tables as facts

from ..prose import fact_table, table

#: Quantities of the report's unit that the page uses.
UNIT = ("nodes", "gpus", "attention_parallelism", "moe_parallelism", "redundant_experts", "experts_per_gpu")


def by_balance(skews: tuple):
    """Tokens of a node by how much more the fullest GPU has than the mean."""
    rows = EXPLORER.points("skew", skews)
    columns = {
        "skew": ("Fullest GPU over the mean", "x", 3),
        "node": ("A node reads", "tokens/s", 3),
        "report": ("with TP4", "tokens/s", 3),
        "gain": ("By two micro-batches", "x", 3),
    }
    return table(rows, columns, "Prefill by balance of the experts")


def by_group(sizes: tuple):
    """Tokens of a node by how many GPUs share the experts."""
    rows = EXPLORER.points("ep", sizes)
    columns = {
        "ep": "GPUs that share the experts",
        "node": ("A node reads", "tokens/s", 3),
        "exposed": ("Not hidden, of a step", "%", 1),
        "gain": ("By two micro-batches", "x", 3),
    }
    return table(rows, columns, "Prefill by size of the group")


def facts_used():
    """Facts that the page uses."""
    served = facts.by_subject("serving")
    online = served["DeepSeek V3/R1 online service"]
    used = [unit_fact(PREFILL, name) for name in UNIT] + [online["prefill_unit"], online["cache_hit_rate"]]
    used += [fact for _, _, fact in published_rates()]
    return fact_table([*used, served["Published profiles"]["prefill"]])
