"""Model families: what a ``model_type`` is made of.

``data/model_types/`` has a file for each ``model_type``: the family that describes it, the class that publishes it, and
the defaults of that class. A family is a module here, named after the model type that had its form first. It holds

``KEYS``
    the config keys that it reads, each with a reader of :mod:`moecalc.model.keys`;
``SPELLING``
    key -> the names that configs have for it, if not or not only the common one;
``describe(config)``
    the :class:`~moecalc.model.anatomy.Anatomy` that those keys stand for.

Two model types of one form share a module; their defaults are in their files. To add a form, add such a module (its parts
are in ``_parts.py``), a file for its model type and a config to the tests. Nothing else in the package knows a family.
"""

import os
from functools import cache
from typing import NamedTuple

from ...base.errors import InputError, quoted, slip
from ...facts.tables import json_names, read_json

FOLDER = "model_types"


class ModelType(NamedTuple):
    """What is known of a ``model_type``."""

    name: str
    family: str  #: the module here that describes it
    models: str  #: that people know by it
    defaults: dict  #: of keys that a config leaves out, by the class that publishes it
    spelling: dict  #: key -> further names of it
    library: str  #: whose class it is, with its version; empty where none publishes it
    cls: str  #: the config class, such as LlamaConfig

    def names(self, spelling: dict) -> dict:
        """Key -> all names for it, the family's own `spelling` first."""
        further = {key: (key, *names) for key, names in self.spelling.items() if key not in spelling}
        return {key: (*names, *self.spelling.get(key, ())) for key, names in spelling.items()} | further

    @property
    def base(self) -> str:
        """What its architectures begin with: Llama of LlamaForCausalLM."""
        return self.cls.removesuffix("Config").removesuffix("Text")


def supported() -> list:
    """Every ``model_type`` that is counted, in alphabetical order."""
    return json_names(FOLDER)


def model_type(name: str) -> ModelType:
    """What is known of a ``model_type``."""
    if not isinstance(name, str):
        raise InputError(f"model_type must be a name such as llama or deepseek_v3; found {quoted(name)}")
    if name not in supported():
        listed = "moecalc families lists those that are"
        raise InputError(f"model_type {quoted(name)} is not described{slip(name, supported())}; {listed}")
    record = read_json(os.path.join(FOLDER, name + ".json"))
    spelling = {key: tuple(names) for key, names in record.get("spelling", {}).items()}
    library, cls = record.get("library", ""), record.get("class", "")
    return ModelType(name, record["family"], record["models"], record.get("defaults", {}), spelling, library, cls)


@cache
def family(name: str):
    """The module of a family."""
    from importlib import import_module

    return import_module("." + name, __name__)
