"""The one error type that bad input raises."""


class InputError(ValueError):
    """Bad input, told in one sentence that names the value and what is accepted.

    The command line prints it on stderr and exits with 2, a widget shows it beside
    its controls, and a script catches it as a ``ValueError``.
    """


def quoted(value, limit: int = 60) -> str:
    """A value as an error sentence names it: on one line, and cut after `limit` characters.

    >>> quoted("7168"), quoted("x" * 100, limit=4)
    ("'7168'", "'xxx... (102 characters)")
    """
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        text = f"an integer of {value.bit_length():,} bits"
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text):,} characters)"


def nearest(name: str, accepted, limit: int = 3) -> str:
    """The `accepted` names most like `name`, joined by commas; the first of all where none is alike.

    >>> nearest("lama", ["llama", "mistral", "qwen2"], limit=1)
    'llama'
    """
    import difflib  # slow to import, and only a mistake needs it

    accepted, name = sorted(accepted), str(name)[:100].lower()
    begun = [one for one in accepted if name and one.startswith(name)]
    alike = difflib.get_close_matches(name, accepted, n=limit, cutoff=0.3)
    return ", ".join(list(dict.fromkeys(begun + alike))[:limit] or accepted[:limit])


def slip(name: str, accepted) -> str:
    """``; is X meant?`` where `name` is X but for a slip of the keyboard, one letter in three or so; else empty.

    >>> slip("lama", ["llama", "mistral"]), slip("bert", ["dbrx", "llama"])
    ('; is llama meant?', '')
    """
    import difflib  # slow to import, and only a mistake needs it

    name = str(name)[:100].lower()
    alike = difflib.get_close_matches(name, sorted(accepted), n=1, cutoff=0.8)
    return f"; is {alike[0]} meant?" if alike else ""
