"""Names as people and programs write them, and which of the known ones is meant."""

import re

from .errors import InputError, instead, quoted

#: So many candidates are named where several may be meant.
MOST_CANDIDATES = 8


def find(what: str, name: str, known: dict) -> str:
    """The slug among those `known` that `name` stands for; where several may be meant, the sentence asks which.

    `what` is looked for, such as accelerator or model; `known` has each slug with its further names, which may be none.
    Names are compared without case, owner (``owner/name``) and separators. The whole name is looked for first; where no
    name is the same, all those are meant that have each of its words.

    >>> known = {"a10": [], "a100-sxm": ["NVIDIA A100-SXM4-80GB"], "h20": []}
    >>> find("accelerator", "A10", known), find("accelerator", "a100", known), find("accelerator", "A100 80GB", known)
    ('a10', 'a100-sxm', 'a100-sxm')
    """
    if name in list(known):  # a list: what is no text may have no hash
        return name
    text = name if isinstance(name, str) else ""
    names = {slug: (slug, *others) for slug, others in known.items()}
    for compare in (_same, _has_each_word):
        meant = [slug for slug, own in names.items() if any(compare(text, one) for one in own)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            more = f" and {len(meant) - MOST_CANDIDATES} more" if len(meant) > MOST_CANDIDATES else ""
            candidates = ", ".join(meant[:MOST_CANDIDATES]) + more
            raise InputError(f"{what} {quoted(name)} may be {candidates}; say which of them is meant")
    raise InputError(f"no {what} named {quoted(name)}{instead(name, known, 'moecalc ' + what + 's')}")


def _words(name: str) -> list:
    """Letters and digits between separators, in small letters, without the owner of a repository."""
    return re.findall(r"[^\W_]+", name.rpartition("/")[2].casefold())


def _same(name: str, other: str) -> bool:
    return _words(name) != [] and "".join(_words(name)) == "".join(_words(other))


def _has_each_word(name: str, other: str) -> bool:
    """Each word of `name` is one of `other`, or some that follow each other: 80GB is 80 GB."""
    parts = _words(other)
    runs = {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    return _words(name) != [] and set(_words(name)) <= runs
