"""What needs more than Python stands outside: an entry point names it, nothing here imports it."""

from ...base.errors import InputError

GROUP = "moecalc.drivers"
#: Name of an entry point -> what it is for.
NEEDED_FOR = {"dask": "--dask", "folder": "a --folder that is an address", "parquet": "--parquet", "bar": "a bar"}


def extra(name: str):
    """The function behind an entry point of :data:`GROUP`.

    Raises
    ------
    InputError
        If it is not there, or what it needs is not installed.
    """
    from importlib.metadata import entry_points

    found = list(entry_points(group=GROUP, name=name))
    try:
        if found:
            return found[0].load()
        lacking = "of this package no more than a checkout is here"
    except ImportError as error:
        lacking = f"{error.name or error} is not installed"
    raise InputError(f'{NEEDED_FOR[name]} needs the extra cluster ({lacking}): pip install "moecalc[cluster]" brings it')
