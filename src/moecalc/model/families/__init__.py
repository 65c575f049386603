"""Model families: one module each, named after its ``model_type``.

A family module holds

``KEYS``
    the config keys that it reads, each with a reader of :mod:`moecalc.model.keys`;
``SPELLING``
    what its configs call some of these keys, if not by the common names;
``describe(config)``
    the :class:`~moecalc.model.anatomy.Anatomy` that those keys stand for.

To add a family, add such a module (its parts are in ``_parts.py``) and a model of it
in ``data/models/``. Nothing else in the package knows a family by name.
"""

import os
from collections.abc import Mapping

from ...base.errors import InputError, nearest, quoted


def supported() -> list:
    """Every ``model_type`` that has a module here."""
    files = [file for folder in __path__ for file in os.listdir(folder)]
    return sorted(file[:-3] for file in files if file.endswith(".py") and not file.startswith("_"))


def supports(raw) -> bool:
    """Whether a raw config is of a family that has a module here, or wraps one that is."""
    return isinstance(raw, dict) and language_config(raw)[0].get("model_type") in supported()


#: What a wrapper may say for the model inside, where that says nothing itself.
INHERITED = ("tie_word_embeddings", "quantization_config", "torch_dtype", "dtype")


def language_config(raw: dict) -> tuple:
    """The config of the language model, and the names of the parts of a multimodal wrapper that stand beside it.

    A wrapper keeps it under ``text_config``; any other config is itself one, with nothing beside it.
    """
    inner = raw.get("text_config")
    if inner is None or raw.get("model_type") in supported():
        return raw, ()
    if not isinstance(inner, Mapping):
        raise InputError(f"text_config must be an object of keys such as hidden_size; found {quoted(inner)}")
    beside = [key for key, value in raw.items() if key.endswith("_config") and isinstance(value, Mapping)]
    left_out = tuple(key for key in beside if key not in ("text_config", "quantization_config"))
    said = {key: raw[key] for key in INHERITED if raw.get(key) is not None and inner.get(key) is None}
    return {**inner, **said}, left_out


def family(model_type: str):
    """The module that describes `model_type`."""
    if not isinstance(model_type, str):
        raise InputError(f"model_type must be a name such as {', '.join(supported())}; found {quoted(model_type)}")
    if model_type not in supported():
        raise InputError(
            f"model_type {quoted(model_type)} is not supported; the nearest that are: {nearest(model_type, supported())}"
        )
    from importlib import import_module

    return import_module("." + model_type, __name__)
