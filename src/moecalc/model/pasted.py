"""What people paste where a config is asked for: the JSON of a ``config.json``, or something else, told in one sentence."""

import json
import re

from ..base.errors import InputError, quoted

#: A config is two or three levels deep; far more would exhaust the stack of a browser's Python.
MAX_DEPTH = 100
#: The longest config that was published has a tenth of this.
MAX_CHARACTERS = 200_000
#: Longest name of a key that an error repeats [characters]
_LONGEST_KEY = 40

#: A string (to its end, or the text's), or a bracket.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
_ADDRESS = re.compile(r"(?:https?:/|www\.|huggingface\.co)\S*\Z", re.IGNORECASE)
_REPOSITORY = re.compile(r"[A-Za-z][\w.-]*/[\w.-]+\Z")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n")
_MARKDOWN = re.compile(r"#{1,6} |```|\[!\[|!\[|[*-] ")
_YAML = re.compile(r"[\w.\"'-]+:(?:\s|\Z)")
_PYTHON = re.compile(r"\{\s*'|[:\[,]\s*(?:True|False|None)\s*[,}\]]")


def read_pasted(text: str, name: str = "") -> dict:
    """The keys and values of a ``config.json`` whose text was pasted, or read from a file called `name`.

    What the values mean is not checked here.

    Raises
    ------
    InputError
        If the text is empty, is not JSON (the sentence says where, and what it looks like), is nested too deeply, gives
        a key two values, or is no JSON object.

    Notes
    -----
    ``NaN`` and ``Infinity`` are read, as Python reads them: some published configs hold them, in keys that no count
    needs. A key that is needed refuses them.

    Examples
    --------
    >>> read_pasted('{"model_type": "llama", "hidden_size": 4096}')
    {'model_type': 'llama', 'hidden_size': 4096}
    >>> read_pasted("https://huggingface.co/deepseek-ai/DeepSeek-V3")
    Traceback (most recent call last):
    moecalc.base.errors.InputError: the config is an address, not JSON, at line 1 column 1; ...
    """
    where = f" {quoted(name, 200)}" if name else ""
    text = text.removeprefix("\ufeff")  # the mark that some editors put in front
    if len(text) > MAX_CHARACTERS:
        raise too_long(name)
    if not text.strip():
        raise InputError(f"the config{where} is empty; the JSON text of a config.json is accepted")
    if _is_too_deep(text):
        raise InputError(
            f"the config{where} is nested too deeply; the text of a config.json, at most {MAX_DEPTH} levels, is accepted"
        )
    try:
        raw = json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise InputError(_not_json(text, error, where)) from None
    except InputError as error:
        raise InputError(f"the config{where} gives {error}; each key is accepted once") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise InputError(f"the config{where} has a number of thousands of digits; sizes such as 7168 are accepted") from None
    if not isinstance(raw, dict):
        raise InputError(
            f"the config{where} must be a JSON object of keys such as hidden_size, between braces; found {kind_of(raw)}"
        )
    return raw


def too_long(name: str) -> InputError:
    """The error for a text that is longer than any config."""
    where = f" {quoted(name, 200)}" if name else ""
    return InputError(f"the config{where} is longer than {MAX_CHARACTERS // 1000} KB; the text of a config.json is accepted")


def kind_of(value) -> str:
    """What a JSON value is, in words.

    >>> kind_of([1, 2]), kind_of(None)
    ('a list', 'null')
    """
    if value is None:
        return "null"
    words = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
    return words.get(type(value), type(value).__name__)


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS.finditer(text):
        first = text[found.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _without_repetition(pairs: list) -> dict:
    raw = dict(pairs)
    if len(raw) < len(pairs):
        seen = {}
        for key, value in pairs:
            if key in seen and seen[key] != value:
                raise InputError(f"{quoted(key, _LONGEST_KEY)} twice, as {quoted(seen[key])} and as {quoted(value)}")
            seen[key] = value
    return raw


def _not_json(text: str, error: json.JSONDecodeError, where: str) -> str:
    """The sentence for a text that is not JSON: what it looks like, where it ends to be JSON, what to paste."""
    begun = text.strip()[:2000]
    place = f"at line {error.lineno} column {error.colno}"
    if _ADDRESS.match(begun) or _REPOSITORY.match(begun):
        return (
            f"the config{where} is an address, not JSON, {place}; nothing is fetched from elsewhere, "
            "so open its config.json there and paste the text"
        )
    if begun.startswith("<"):
        return f"the config{where} is a web page, not JSON, {place}; paste the text of the file config.json itself"
    if _FRONT_MATTER.match(begun) or _MARKDOWN.match(begun):
        return (
            f"the config{where} is a model card or other Markdown and is not JSON, {place}; "
            "paste the text of the file config.json that lies beside it"
        )
    if _YAML.match(begun):
        return f"the config{where} looks like YAML and is not JSON, {place}; the JSON text of a config.json is accepted"
    if _PYTHON.search(begun):
        return (
            f"the config{where} is Python and is not JSON, {place}; write keys and texts in double quotes, "
            "and true, false and null for True, False and None"
        )
    return f"the config{where} is not JSON ({_why(error)}, {place}); the text of a config.json is accepted"


def _why(error: json.JSONDecodeError) -> str:
    """The parser's words, in the small letters of a sentence's middle."""
    return error.msg[:1].lower() + error.msg[1:].removesuffix(" starting at")
