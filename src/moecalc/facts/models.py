"""What is known of one model: a file of ``data/models/`` with its config as published and its facts."""

import os

from ..base.errors import InputError
from .tables import fact, json_names, read_json, unknown


def model(slug: str) -> dict:
    """What is known of one model.

    Parameters
    ----------
    slug : str
        Name of a file of ``data/models/`` without ``.json`` [-]

    Returns
    -------
    dict
        ``name``, ``config`` as published (None where it is not), ``facts`` as they are written.

    Raises
    ------
    InputError
        If there is no such model; the sentence names the nearest.
    """
    if slug not in model_slugs():
        raise InputError(unknown("model", slug, model_slugs()))
    return read_json(os.path.join("models", slug + ".json"))


def facts_of_model(slug: str) -> list:
    """Every fact of one model, also where sources disagree.

    Parameters
    ----------
    slug : str
        A model of ``data/models/`` [-]

    Returns
    -------
    list of Fact
        In the order of the file.
    """
    rows = enumerate(model(slug)["facts"], start=1)
    return [fact({"subject": slug, **row}, f"data/models/{slug}.json, fact {i}") for i, row in rows]


def model_facts(slug: str) -> dict:
    """The facts of one model.

    Parameters
    ----------
    slug : str
        A model of ``data/models/`` [-]

    Returns
    -------
    dict
        quantity -> Fact; the first where sources disagree.
    """
    found = {}
    for one in facts_of_model(slug):
        found.setdefault(one.quantity, one)
    return found


def model_slugs() -> list:
    """The models there are.

    Returns
    -------
    list of str
        Their slugs, in alphabetical order.
    """
    return json_names("models")
