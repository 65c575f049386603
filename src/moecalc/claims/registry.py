"""Checks by the claims they settle, and facts to hold claims against."""

from ..base.units import show
from ..facts import models, tables
from ..facts.tables import Fact
from .evidence import Evidence, Part
from .printed import numbers

#: the model that the talk is about
V3 = "deepseek-v3"

#: claim id -> the function that looks at it, given the claim's row
CHECKS = {}


def check(*ids):
    """Register a function from a claim's row to :class:`Evidence` for these claims."""

    def register(function):
        for claim_id in ids:
            if claim_id in CHECKS:
                raise ValueError(f"{claim_id} has a check already: {CHECKS[claim_id].__name__}")
            CHECKS[claim_id] = function
        return function

    return register


def config_fact(slug: str, key: str) -> Fact:
    """A key of a published config as a fact; "None" where the config has no such key."""
    record = models.model(slug)
    source = record["config_source"]
    value = record["config"].get(key, "None")
    locator = f"{key} in config.json: {record['config_locator'].partition('. ')[0]}"
    return Fact(slug, key, value, None, "text", source, locator, "reported", tables.sources()[source]["date"], "")


def config_part(printed: str, slug: str, key: str) -> Part:
    """A printed value held against a key of a config."""
    fact = config_fact(slug, key)
    return Part(printed, stated=fact.value, fact=fact, name=key)


def run_fact(run: str, quantity: str) -> Fact:
    """A fact of data/training_runs.csv."""
    return tables.lookup("training_runs", run, quantity)


def report_fact(subject: str, quantity: str) -> Fact:
    """A fact of data/v3_report.csv."""
    return tables.lookup("v3_report", subject, quantity)


def stated(claim: dict, fact: Fact, unit: str, **more) -> Evidence:
    """A claim of one number that a source gives too, in its unit or another."""
    return Evidence((Part(numbers(claim["id"])[0], stated=fact.to(unit), fact=fact),), **more)


def recomputed(claim: dict, value: float, **more) -> Evidence:
    """A claim of one number that follows from others."""
    return Evidence((Part(numbers(claim["id"])[0], value),), **more)


def percent(share: float) -> str:
    """A share as a reader sees it."""
    return show(share, "%", 2)


def says(fact, *words: str, name: str) -> Part:
    """A statement that a source makes, if its words are among the source's."""
    return Part("True", stated=all(word in fact.value for word in words), fact=fact, name=name)
