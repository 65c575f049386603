"""What is known of one model: a file of ``data/models/`` with its config as published and its facts.

A model's slug is the name of its file without ``.json``.
"""

import os

from ..base.names import find
from .tables import fact, json_names, read_json


def model_slug(name: str) -> str:
    """The slug of the one model that `name` means: as hubs and people write it too, with an owner, in any case.

    Raises :class:`InputError` where there is no such model, or where several may be meant.

    >>> model_slug("deepseek-ai/DeepSeek-V3"), model_slug("meta-llama/Llama-3.1-8B")
    ('deepseek-v3', 'llama-3.1-8b')
    """
    if name in model_slugs():
        return name
    return find("model", name, {slug: (model(slug)["name"],) for slug in model_slugs()})


def model(slug: str) -> dict:
    """``name``, ``config`` as published (None where it is not) and ``facts`` as the file has them."""
    return read_json(os.path.join("models", model_slug(slug) + ".json"))


def facts_of_model(slug: str) -> list:
    """Every :class:`Fact` of one model in the order of the file, also where sources disagree."""
    rows = enumerate(model(slug)["facts"], start=1)
    return [fact({"subject": slug, **row}, f"data/models/{slug}.json, fact {i}") for i, row in rows]


def model_facts(slug: str) -> dict:
    """The facts of one model by quantity; the first where sources disagree."""
    found = {}
    for one in facts_of_model(slug):
        found.setdefault(one.quantity, one)
    return found


def model_slugs() -> list:
    """The models there are, in alphabetical order."""
    return json_names("models")
