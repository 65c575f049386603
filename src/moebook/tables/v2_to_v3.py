"""Tables of the page from V2 to V3."""

from moecalc.claims.config_tables import talk_table
from moecalc.claims.model import CONFIG_CLAIMS
from moecalc.claims.registry import config_fact
from moecalc.explorers.model.v2_to_v3 import COUNTS, NAMES
from moecalc.facts import models

from ..prose import claim_link, fact_table, table

V2, V3 = "deepseek-v2", "deepseek-v3"
#: Claims that the page lists; those of its tables that it does not are on the page on parameters.
CLAIMS = tuple(f"C{i}" for i in (*range(31, 45), *range(90, 94)))
_SLIDES = {"first": "The first configuration table of the talk", "second": "The second configuration table of the talk"}


def counts(metrics: dict):
    """What the changes come to, by count."""
    rows = [
        {
            "count": words,
            "v2": metrics[count]["v2"],
            "v3": metrics[count]["v3"],
            "ratio": metrics[count]["ratio"],
            "share": metrics[count]["interaction_share"],
        }
        for count, (words, _, _) in COUNTS.items()
    ]
    columns = {
        "count": "Count",
        "v2": "V2",
        "v3": "V3",
        "ratio": ("V3 over V2", "x", 3),
        "share": ("By interaction", "%", 1),
    }
    return table(rows, columns, "What the changes come to")


def changes(added: dict, sums: dict, difference: int):
    """Parameters that each change adds alone, last and on average, with the sums and what they miss."""
    rest = {key: difference - value for key, value in sums.items()}
    rows = [
        *({"step": name} | {key: added[name][key] for key in sums} for name in NAMES),
        {"step": "sum", **sums},
        {"step": "difference of the models, less the sum", **rest},
    ]
    columns = {"step": "Change", "alone": "Alone, to V2", "mean": "Mean of all orders", "last": "Last, to V3"}
    return table(rows, columns, "Total parameters that each change adds")


def slide(name: str):
    """The "first" or "second" configuration table of the talk beside what is published."""
    rows = [{**row, "claims": ", ".join(map(_link, row["claims"].split(", ")))} for row in talk_table(name)]
    columns = {"row": "Row", "v2": "V2", "v3": "V3", "found": "Published", "outcome": "Outcome", "claims": "Claims"}
    return table(rows, columns, f"{_SLIDES[name]}, held against what is published", raw=("claims",))


def _link(claim: str) -> str:
    return claim_link(claim) if claim in CLAIMS else f'<a href="parameters.html#{claim.lower()}">{claim}</a>'


def facts_used():
    """Facts that the page uses."""
    keys = dict.fromkeys(key for _, *keys in CONFIG_CLAIMS.values() for key in keys)
    configs = [config_fact(slug, key) for slug in (V2, V3) for key in keys]
    sizes = ("total_params", "activated_params")
    return fact_table(configs + [models.model_facts(slug)[size] for slug in (V2, V3) for size in sizes])
