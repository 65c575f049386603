"""Readers of config keys: each turns a raw JSON value into a checked one, or says what is wrong.

A reader is a pair (read, default). ``read(key, value)`` returns the checked value or
raises; a key that is absent or null takes the default, and is an error without one.
A default may name another key of the same config.
"""

from collections.abc import Mapping

from ..base.checks import whole
from ..base.errors import InputError, quoted

REQUIRED = object()

#: Beyond these a size is a slip of the keyboard, not a model.
MAX_SIZE = 10**8
MAX_LAYERS = 10**4


def _size(key, value):
    return whole(key, value, 1, MAX_SIZE)


def _count(key, value):
    return whole(key, value, 0, MAX_SIZE)


def _layers(key, value):
    return whole(key, value, 1, MAX_LAYERS)


def _layer_count(key, value):
    return whole(key, value, 0, MAX_LAYERS)


def _flag(key, value):
    if not isinstance(value, bool):
        raise InputError(f"{key} must be true or false; found {quoted(value)}")
    return value


def _indices(key, value):
    if not isinstance(value, (list, tuple)) or len(value) > MAX_LAYERS:
        raise InputError(f"{key} must be a list of layer numbers such as [0, 1]; found {quoted(value)}")
    return tuple(whole(key, one, 0, MAX_LAYERS) for one in value)


def _names(*accepted):
    known = ", ".join(map(str, accepted))

    def read_names(key, value):
        if not isinstance(value, (list, tuple)) or len(value) > MAX_LAYERS:
            raise InputError(f"{key} must be a list of one name a layer; found {quoted(value)}")
        for one in value:
            if one not in accepted:
                raise InputError(f"{key} holds {known}; found {quoted(one)}")
        return tuple(value)

    return read_names


def size(default=REQUIRED):
    """Reader of a width, a number of heads, a vocabulary: 1 or more."""
    return _size, default


def count(default=REQUIRED):
    """Reader of a number that may be 0, such as shared experts."""
    return _count, default


def layers(default=REQUIRED):
    """Reader of a number of layers, 1 or more."""
    return _layers, default


def layer_count(default=REQUIRED):
    """Reader of a number of layers that may be 0, such as prediction modules."""
    return _layer_count, default


def flag(default=REQUIRED):
    """Reader of true or false."""
    return _flag, default


def indices(default=()):
    """Reader of a list of layers, each by its number from 0."""
    return _indices, default


def names(*accepted, default=None):
    """Reader of a list that names the kind of every layer, such as ``layer_types``; the kinds there are `accepted`."""
    return _names(*accepted), default


def read(readers: dict, raw: dict, model_type: str, spelling: dict) -> dict:
    """The checked value of every key that `readers` names, defaults filled in.

    Parameters
    ----------
    readers : dict
        Key -> reader, the ``KEYS`` of a family
    raw : dict
        A Hugging Face config
    model_type : str
        For the error sentence
    spelling : dict
        Key -> what the config calls it, where it has a name of its own; a dot leads into an object
    """
    values = {}
    for key, (reader, default) in readers.items():
        name, value = key, raw.get(key)
        if value is None and key in spelling:
            name = spelling[key]
            value = _inside(raw, name)
        if value is not None:
            values[key] = reader(name, value)
        elif default is REQUIRED:
            state = "is null" if key in raw or name in raw else "is missing"
            known = ", ".join(spelling.get(one, one) for one in needed(readers))
            raise InputError(f"{name} {state}; a {model_type} config needs {known}")
        else:
            values[key] = values[default] if isinstance(default, str) else default
    return values


def _inside(raw, path: str):
    """What stands at the end of a path through objects, None where it breaks off."""
    for key in path.split("."):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def needed(readers: dict) -> list:
    """The keys that a config must have: those without a default."""
    return [key for key, (_, default) in readers.items() if default is REQUIRED]
