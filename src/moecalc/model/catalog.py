"""The models of ``data/models/``, named by their slugs: counted where their family is supported, published figures else."""

from ..facts import models
from ..facts.tables import once
from .config import load_model
from .families import model_type, supported
from .params import num_activated_params, num_total_params
from .wrappers import language_config, supports


@once
def counted_config(slug: str):
    """The config of a model; None where its family is not supported."""
    return load_model(slug) if supports(models.model(slug)["config"]) else None


def why_not_counted(slug: str) -> str | None:
    """Why only published figures of a model are listed; None where the model is counted.

    >>> why_not_counted("grok-1"), why_not_counted("kimi-k3")
    ('no public config', 'family kimi_k3 is not described')
    """
    raw = models.model(slug)["config"]
    if raw is None:
        return "no public config"
    return None if supports(raw) else f"family {language_config(raw).raw.get('model_type')} is not described"


def model_row(slug: str) -> dict:
    """One model: what is published, and what we count.

    Returns
    -------
    dict
        ``slug``, ``name``, ``model_type``, ``counted`` (whether the two counts are ours, exact),
        ``total_params``, ``activated_params`` (None where nothing is published) [parameters],
        ``published_total_params``, ``published_activated_params``, ``release_date``, and
        ``release_date_status``, ``params_status``: the status of the fact, of the less certain one of the two counts

    Examples
    --------
    >>> row = model_row("deepseek-v3")
    >>> row["total_params"], row["published_total_params"], row["release_date"]
    (671026404352, 671000000000, '2024-12-26')
    """
    slug = models.model_slug(slug)
    record, published = models.model(slug), models.model_facts(slug)
    config = counted_config(slug)

    def figure(quantity):
        fact = published.get(quantity)
        return None if fact is None else round(fact.to("parameters"))

    total, activated = figure("total_params"), figure("activated_params")
    released = published.get("release_date")
    statuses = [published[key].status for key in ("total_params", "activated_params") if key in published]
    least = "unverified" if "unverified" in statuses else next(iter(statuses), None)
    return {
        "slug": slug,
        "name": record["name"],
        "model_type": (record["config"] or {}).get("model_type"),
        "counted": config is not None,
        "total_params": num_total_params(config) if config else total,
        "activated_params": num_activated_params(config) if config else activated,
        "published_total_params": total,
        "published_activated_params": activated,
        "params_status": "derived" if config else least,
        "release_date": released.value if released else None,
        "release_date_status": released.status if released else None,
    }


def model_rows() -> list:
    """One :func:`model_row` for every model of ``data/models/``, by slug."""
    return [model_row(slug) for slug in models.model_slugs()]


def model_type_rows() -> list:
    """Every ``model_type`` that is counted, with the ``models`` that people know by it and an ``example``.

    The example is a slug of ``data/models/``, None where there is none.

    >>> [row["example"] for row in model_type_rows() if row["model_type"] == "mixtral"]
    ['mixtral-8x7b']
    """
    examples = {}
    for slug in models.model_slugs():
        raw = models.model(slug)["config"]
        if raw is not None:
            examples.setdefault(language_config(raw).raw.get("model_type"), slug)
    return [
        {"model_type": name, "models": model_type(name).models, "example": examples.get(name)} for name in supported()
    ]


def counted_slugs() -> list:
    """The models whose family is supported, in alphabetical order."""
    return [slug for slug in models.model_slugs() if supports(models.model(slug)["config"])]
