"""What is known of one model: a file of ``data/models/`` with its config as published and its facts.

A model's slug is the name of its file without ``.json``.
"""

import os

from ..base.errors import InputError
from .tables import fact, json_names, read_json, unknown


def model(slug: str) -> dict:
    """``name``, ``config`` as published (None where it is not) and ``facts`` as the file has them.

    Raises :class:`InputError` where there is no such model; the sentence names the nearest.
    """
    if slug not in model_slugs():
        raise InputError(unknown("model", slug, model_slugs(), "moecalc models"))
    return read_json(os.path.join("models", slug + ".json"))


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
