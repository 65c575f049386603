"""The docstring is the specification: sections in order, each parameter described with its unit."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "moecalc"
#: Here a module is one of many of a kind, and its package says what it holds: a family `describe`, a command `run`.
ELSEWHERE = ("cli", "families", "explorers", "claims")
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples", "References")


def public_definitions():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if set(name.parts) & set(ELSEWHERE):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                yield pytest.param(node, id=f"{name.with_suffix('')}.{node.name}")


def sections(docstring: str) -> dict:
    """Section -> its text."""
    parts = re.split(r"^(\w+)\n-+\n", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section: str) -> dict:
    """Parameter -> what is said of it."""
    entries = re.findall(r"^(\S.*?) ?(?::.*)?\n((?:    .*\n?|\n)+)", section + "\n", flags=re.MULTILINE)
    return {name.strip("*"): text for names, text in entries for name in names.split(", ")}


def parameters(node) -> list:
    if isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        return parameters(made[0])[1:] if made else []
    args = node.args
    in_order = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return [arg.arg for arg in in_order if arg]


def returns_something(node) -> bool:
    return isinstance(node, ast.FunctionDef) and ast.dump(node.returns or node) != ast.dump(ast.Constant(None))


@pytest.mark.parametrize("node", list(public_definitions()))
def test_docstring(node):
    docstring = ast.get_docstring(node)
    assert docstring, "no docstring"
    found = sections(docstring)
    assert list(found) == [name for name in SECTIONS if name in found], "unknown sections, or out of order"
    told = described(found.get("Parameters", ""))
    assert list(told) == parameters(node), "parameters described, in order"
    for name, text in told.items():
        assert re.search(r"\[[^\]]+\]\s*$", text), f"{name} has no unit: end with [bytes], [FLOP/s], ... or [-]"
    if returns_something(node):
        assert found.get("Returns", "").strip(), "no Returns"
    references = found.pop("References", "")
    text = docstring.removesuffix(references)
    assert re.findall(r"^\.\. \[(\d+)\]", references, re.MULTILINE) == sorted(set(re.findall(r"\[(\d+)\]_", text)))


def test_an_undescribed_parameter_is_found():
    docstring = "F.\n\nParameters\n----------\na : int\n    A [s]"
    node = ast.parse(f"def f(a, b):\n    {docstring!r}").body[0]
    assert list(described(sections(ast.get_docstring(node))["Parameters"])) == ["a"] != parameters(node)
