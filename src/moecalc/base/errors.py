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


#: So many accepted names fit into a sentence.
MOST_LISTED = 15


def nearest(name: str, accepted, limit: int = 3) -> str:
    """The `accepted` names that `name` may be a slip of the keyboard for, or the beginning of, joined by commas; maybe none.

    A name with other digits is another version, not a slip.

    >>> nearest("lama", ["llama", "mistral"]), nearest("deepseek-v4", ["deepseek-v3"]), nearest("bert", ["dbrx"])
    ('llama', '', '')
    """
    import difflib  # slow to import, and only a mistake needs it

    name = str(name)[:100].lower()
    accepted = sorted(accepted)
    begun = [one for one in accepted if len(name) > 2 and one.startswith(name)]
    same = [one for one in accepted if _digits(one) == _digits(name)]
    alike = difflib.get_close_matches(name, same, n=limit, cutoff=0.8)
    return ", ".join(list(dict.fromkeys(begun + alike))[:limit])


def instead(name: str, accepted, listed: str = "") -> str:
    """How a sentence ends that refuses `name`: with the nearest `accepted`, all if they are few, or where they are `listed`.

    >>> instead("costs", ["cost", "params"]), instead("bert", ["dbrx", "llama"])
    ('; the nearest are cost', '; accepted are dbrx, llama')
    >>> instead("bert", map(str, range(99)), "the help")
    '; the help lists them'
    """
    accepted = list(accepted)
    if near := nearest(name, accepted):
        return f"; the nearest are {near}"
    if len(accepted) <= MOST_LISTED:
        return f"; accepted are {', '.join(accepted)}"
    return f"; {listed} lists them" if listed else ""


def slip(name: str, accepted) -> str:
    """``; is X meant?`` where `name` is X but for a slip of the keyboard, one letter in three or so; else empty.

    >>> slip("lama", ["llama", "mistral"]), slip("bert", ["dbrx", "llama"])
    ('; is llama meant?', '')
    """
    near = nearest(name, accepted, limit=1)
    return f"; is {near} meant?" if near else ""


def _digits(name: str) -> list:
    return [letter for letter in name if letter.isdigit()]
