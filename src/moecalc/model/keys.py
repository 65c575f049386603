"""Readers of config keys: each turns a raw JSON value into a checked one, or says what is wrong.

A reader is a pair (read, default). ``read(key, value)`` returns the checked value or raises. A key that is absent takes
what its family publishes as the default, else the reader's own default; without either it is an error. A default of None
says that the key may be null, a name that null stands for the value of another key of the same config.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..base.checks import real, whole
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


def _word(key, value):
    if not isinstance(value, str):
        raise InputError(f"{key} must be a word such as silu; found {quoted(value)}")
    return value


def _size_or_auto(key, value):
    return None if value == "auto" else _size(key, value)


def _number(key, value):
    return real(key, value, positive=True, most=MAX_SIZE)


def _letters(accepted):
    def read_letters(key, value):
        if not isinstance(value, str) or len(value) > MAX_LAYERS or not set(value) <= set(accepted):
            raise InputError(f"{key} must be a text of one of {' '.join(accepted)} a layer; found {quoted(value)}")
        return value

    return read_letters


def _indices(key, value):
    if not isinstance(value, (list, tuple)) or len(value) > MAX_LAYERS:
        raise InputError(f"{key} must be a list of layer numbers such as [0, 1]; found {quoted(value)}")
    return tuple(whole(key, one, 0, MAX_LAYERS) for one in value)


def _indices_as_text(key, value):
    if not isinstance(value, str):
        return _indices(key, value)
    numbers = [one.strip() for one in value.split(",") if one.strip()]
    if not all(one.isdecimal() for one in numbers):
        raise InputError(f"{key} must be layer numbers such as 3,4,5; found {quoted(value)}")
    return _indices(key, [int(one) for one in numbers])


def _sizes(key, value):
    if not isinstance(value, (list, tuple)):
        return whole(key, value, 1, MAX_SIZE)
    if len(value) > MAX_LAYERS:
        raise InputError(f"{key} must be one size, or a list of one a layer; found {quoted(value)}")
    return tuple(whole(key, one, 1, MAX_SIZE) for one in value)


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


def word(default=REQUIRED):
    """Reader of a word, such as the name of an activation."""
    return _word, default


def size_or_auto(default=None):
    """Reader of a size that may be "auto": None then, for its family to work out."""
    return _size_or_auto, default


def number(default=REQUIRED):
    """Reader of a number above 0 that need not be whole, such as a factor of a width."""
    return _number, default


def letters(accepted, default=None):
    """Reader of a text with a letter for the kind of every layer; `accepted` are those that there are."""
    return _letters(accepted), default


def indices(default=()):
    """Reader of a list of layers, each by its number from 0."""
    return _indices, default


def indices_as_text(default=None):
    """Reader of layers, each by its number from 0, in a list or in a text such as "3,4,5"."""
    return _indices_as_text, default


def sizes(default=REQUIRED):
    """Reader of one size for all layers, or of a list of one a layer."""
    return _sizes, default


def names(*accepted, default=None):
    """Reader of a list that names the kind of every layer, such as ``layer_types``; the kinds there are `accepted`."""
    return _names(*accepted), default


class Values(NamedTuple):
    """What :func:`read` found."""

    values: dict  #: key -> checked value, defaults filled in
    taken: dict  #: of them those that the config leaves to the published defaults


def read(readers: dict, raw: dict, model_type: str, spelling: dict, published: dict) -> Values:
    """The checked value of every key that `readers` names.

    Parameters
    ----------
    readers : dict
        Key -> reader, the ``KEYS`` of a family
    raw : dict
        A Hugging Face config
    model_type : str
        For the error sentence
    spelling : dict
        Key -> other names that configs have for it; a dot leads into an object
    published : dict
        Key -> the default of the library that publishes the model type
    """
    values, taken = {}, {}
    for key, (reader, default) in readers.items():
        names = (key, *spelling.get(key, ()))
        name, value = _found(raw, names)
        absent = name is None
        if absent and key in published:
            name, value = key, published[key]
        if value is not None:
            values[key] = reader(name, value)
        elif default is REQUIRED or (not absent and type(default) is int):
            state = "is missing" if absent else "is null"
            known = ", ".join(spelling.get(one, (one,))[0] for one in needed(readers))
            raise InputError(f"{name or names[-1]} {state}; a {model_type} config needs {known}")
        else:
            values[key] = values[default] if isinstance(default, str) else default
        if absent and key in published:
            taken[key] = values[key]
    return Values(values, taken)


def _found(raw: dict, names: tuple) -> tuple:
    """(name, value) of the first of `names` that a config gives, of one that it gives as null where it has no other; or
    (None, None).
    """
    null = None
    for name in names:
        *objects, last = name.split(".")
        inside = raw
        for one in objects:
            inside = inside.get(one) if isinstance(inside, Mapping) else None
        if isinstance(inside, Mapping) and last in inside:
            if inside[last] is not None:
                return name, inside[last]
            null = null or name
    return null, None


def without(readers: dict, *keys: str) -> dict:
    """Some `readers`, but not those of the `keys` that a family works out itself."""
    return {key: reader for key, reader in readers.items() if key not in keys}


def needed(readers: dict) -> list:
    """The keys that a config must have: those without a default."""
    return [key for key, (_, default) in readers.items() if default is REQUIRED]
