"""Which model a published run trains or serves: its config, from the words of the row.

Names are those of ``data/models`` and, for models that only runs name, of ``data/run_models.csv``.
"""

import functools
import json
import re

from ..base import names
from ..base.errors import InputError, quoted
from ..facts import models, tables
from ..facts.tables import once
from ..model.config import ModelConfig, load_model

#: Words beside a model's name that do not change what is computed.
_ASIDE = re.compile(
    r"\b(instruct|chat|base|hf|meta|fp8|fp4|nvfp4|mxfp4|bf16|w8a8|w4a16|tokendrop|dropless|w/|w/o|with(?:out)?|mtp|"
    r"mlperf.*|pre-?training|\d{4}|v\d\.\d+-\d{4})(?=$|[\s_./-])",
    re.IGNORECASE,
)
_LAYERS = re.compile(r"(\d+)[ -]?(?:layers?\b|L\b)", re.IGNORECASE)
_DENSE = re.compile(r"(\d+) dense \+ (\d+) MoE", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^)]*\)")
_SIZE = re.compile(r"\b\d+(?:\.\d+)?[bB]\b")


def run_config(name: str, words: str = "") -> ModelConfig:
    """The config of a model as a row writes it; `words` is what else the row says.

    A model "(12 layers)" is cut to its first layers. Of the dense layers before the experts it keeps as many as the words
    say ("1 dense + 3 MoE"), else in proportion and at least one. A cut model has no MTP modules.

    >>> cut = run_config("DeepSeek-V3 (4 layers)")
    >>> cut.num_hidden_layers, cut.first_k_dense_replace
    (4, 1)
    """
    plain = _BRACKETS.sub(" ", name).strip()
    if " / " in plain:
        raise InputError(f"the row names several models: {quoted(name)}")
    config = _config(plain, name)
    inside = " ".join(_BRACKETS.findall(name))
    layers = _LAYERS.search(inside)
    if not layers:
        return config
    num_layers = int(layers[1])
    if num_layers > config.num_hidden_layers:
        raise InputError(f"{quoted(name)} has more layers than the {config.num_hidden_layers} of {config.name}")
    changes = {"num_hidden_layers": num_layers}
    if "first_k_dense_replace" in config.keys:
        dense, first = _DENSE.search(f"{inside} {words}"), config.first_k_dense_replace
        kept = min(first, max(1, round(first * num_layers / config.num_hidden_layers)))
        changes["first_k_dense_replace"] = int(dense[1]) if dense else kept
    if "num_nextn_predict_layers" in config.keys and "mtp" not in inside.casefold():
        changes["num_nextn_predict_layers"] = 0
    return config.replace(**changes)


@functools.cache  # a file names a model in many rows
def _config(plain: str, name: str) -> ModelConfig:
    """The config of a name without brackets, also where words stand beside it that say nothing of its shape."""
    aside = " ".join(_ASIDE.sub(" ", plain).split())
    error = None
    for text in dict.fromkeys((plain, aside, aside.partition("/")[0].strip(), _without_size(aside))):
        try:
            return _known(names.find("model", text, _all_names("names")))
        except InputError as one:
            error = error or one
    raise InputError(str(error) if plain == name else f"no model of data is meant by {quoted(name)}: {error}")


def _without_size(text: str) -> str:
    """Without the number of parameters behind a name of a version, as in DeepSeek-V3 671B."""
    return _SIZE.sub("", text).strip() if re.search(r"\b[VvRr]\d", text) else text


@once
def _all_names(_: str) -> dict:
    """Slug -> further names, of models and of those that only runs name."""
    known = {slug: [models.model(slug)["name"]] for slug in models.model_slugs()}
    for slug, quantities in tables.by_subject("run_models").items():
        known[slug] = [one.strip() for one in quantities["name"].value.split(";")]
    return known


@once
def _known(slug: str) -> ModelConfig:
    if slug not in tables.by_subject("run_models"):
        return load_model(slug)
    changes = json.loads(tables.lookup("run_models", slug, "config").value)
    base = changes.pop("from", None)
    return ModelConfig(changes, slug) if base is None else _named(load_model(base).replace(**changes), slug)


def _named(config: ModelConfig, slug: str) -> ModelConfig:
    return ModelConfig(config.raw, slug)
