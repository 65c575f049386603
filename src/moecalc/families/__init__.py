"""Model families: one module each, named after its ``model_type``.

A family module holds

``KEYS``
    the config keys that it reads, each with a reader of :mod:`moecalc.keys`;
``describe(config)``
    the :class:`~moecalc.anatomy.Anatomy` that those keys stand for.

To add a family, add such a module (its parts are in ``_parts.py``) and a model of it
in ``data/models/``. Nothing else in the package knows a family by name.
"""

import os

from ..errors import InputError, nearest, quoted


def supported() -> list:
    """Every ``model_type`` that has a module here."""
    files = [file for folder in __path__ for file in os.listdir(folder)]
    return sorted(file[:-3] for file in files if file.endswith(".py") and not file.startswith("_"))


def supports(raw) -> bool:
    """Whether a raw config is of a family that has a module here."""
    return isinstance(raw, dict) and raw.get("model_type") in supported()


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
