"""The one error type that bad input raises."""


class InputError(ValueError):
    """Bad input, told in one sentence that names the value and what is accepted.

    The command line prints it on stderr and exits with 2, a widget shows it beside
    its controls, and a script catches it as a ``ValueError``.
    """


def nearest(name: str, accepted, limit: int = 3) -> str:
    """The accepted names most like `name`, for the end of an error sentence."""
    import difflib  # slow to import, and only a mistake needs it

    accepted = sorted(accepted)
    close = difflib.get_close_matches(str(name).lower(), accepted, n=limit, cutoff=0.3) or accepted[:limit]
    return ", ".join(close)
