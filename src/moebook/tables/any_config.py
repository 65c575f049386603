"""Tables of the page on any config."""

from moecalc.claims.model import CONVENTIONS
from moecalc.model.catalog import why_not_counted
from moecalc.model.params import num_correction_biases

from ..prose import fact_table, source_link, table, together

#: convention -> its name in a narrow column
_SHORT = dict(zip(CONVENTIONS, ("all", "no embedding", "neither"), strict=True))


def short_name(row: dict) -> str:
    """A model's name without what stands in brackets."""
    return row["name"].partition(" (")[0]


def names(rows) -> str:
    """The models of some rows, in a sentence."""
    return ", ".join(row["name"] for row in rows)


def figures(rows) -> str:
    """Published figures with their models, in a sentence."""
    return " and the ".join(f"{row['published']} B of {short_name(row)}" for row in rows)


def conventions(activated: list):
    """Published activated parameters of every counted model with experts, beside ours in each convention."""
    rows = [
        {
            "name": short_name(row),
            "published": f"{row['published']} B",
            **{short: row[name] for name, short in _SHORT.items()},
            "fits": "; ".join(_SHORT[name] for name in row["fits"]) or "none",
        }
        for row in activated
    ]
    columns = {
        "name": "Model",
        "published": "Published",
        **{short: (short.capitalize(), "B", 4) for short in _SHORT.values()},
        "fits": "What rounds to it",
    }
    caption = "Activated parameters of every counted model with experts; neither: without embedding and head"
    return table(rows, columns, caption)


def every_model(listed: list):
    """The models that are counted, and those with published figures alone."""
    rows = [
        {
            "name": short_name(row),
            "total": row["total_params"],
            "activated": row["activated_params"],
            "published_total": _billions(row["published_total_params"]),
            "published_activated": _billions(row["published_activated_params"]),
            "why": why_not_counted(row["slug"]),
        }
        for row in listed
    ]
    published = {"published_total": ("Published", "B", 4), "published_activated": ("activated", "B", 3)}
    counted = {"name": "Model", "total": "Total", "activated": "Activated", **published}
    others = {"name": "Model", **published, "why": "Why it is not counted"}
    return together(
        table([row for row in rows if row["why"] is None], counted, "Models that are counted"),
        table([row for row in rows if row["why"]], others, "Models with published figures alone"),
    )


def _billions(count):
    return count and count / 1e9


def surplus_of(config, surplus: dict):
    """What published weights of a model hold beyond the count from its config."""
    biases = num_correction_biases(config)
    rows = [
        {"what": "published weights, all numbers", "count": surplus["fact"].value},
        {"what": "parameters that the config implies", "count": surplus["counted"] - biases},
        {"what": "correction biases of the router", "count": biases},
        {"what": "left over", "count": surplus["surplus"]},
    ]
    source = source_link(surplus["fact"].source, surplus["fact"].locator)
    caption = "The published weights of Kimi K2 against the count from its config"
    return table(rows, {"what": "Kimi K2", "count": "Numbers"}, caption, source)


def facts_used(activated: list, surplus: dict):
    """Facts that the page uses."""
    return fact_table([row["fact"] for row in activated] + [surplus["fact"]])
