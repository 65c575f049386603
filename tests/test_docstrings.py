"""A docstring says what the signature cannot: equation, convention, unit of each quantity, source.

The checks read the text alone. Units stand in brackets: ``H = `gpu_hours` [GPU-hours]``, or at the end of an entry
of a Parameters section. What every function of a module shares may stand once, in the docstring of the module.
"""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "moecalc"
#: Here a module is one of many of a kind, and its package says what it holds: a family `describe`, a command `run`.
ELSEWHERE = ("cli", "families", "explorers", "claims", "__main__.py")
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if not set(path.relative_to(PACKAGE).parts) & set(ELSEWHERE)]
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples", "References")
#: A parameter with one of these words in its name is a quantity.
QUANTITIES = {"bytes", "flops", "s", "tokens", "hours", "days", "usd", "len", "lens", "gpus", "params", "context"}
#: A pair of brackets that holds a unit: no shape, no reference, no index.
UNIT = r"(?<!shape )(?<!\w)\[(?!-\])[^\]\d]+\]"
#: What a number without a unit is called.
WITHOUT_UNIT = r"\b([Ss]hare|[Rr]atio|[Ff]actor)\b"
#: A module with fewer lines of code may spend more on its equations.
SMALL = 20


def public_definitions():
    for path in MODULES:
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                yield pytest.param(node, module, id=f"{path.relative_to(PACKAGE).with_suffix('')}.{node.name}")


def sections(docstring: str) -> dict:
    """Section -> its text; the text before the first one under the name ''."""
    parts = re.split(r"^(\w+)\n-+\n", docstring, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def entries(section: str) -> dict:
    """Parameter -> what its entry in a Parameters section says."""
    found = re.findall(r"^(\S.*?) ?(?::.*)?\n((?:    .*\n?|\n)+)", section + "\n", flags=re.MULTILINE)
    return {name.strip("*"): text for names, text in found for name in names.split(", ")}


def prose(docstring: str) -> str:
    """A docstring without its equations and examples, whose brackets mean other things."""
    text = re.sub(r"^>>>.*\n(?:.+\n?)*", "", docstring, flags=re.MULTILINE)
    return re.sub(r"^\.\. math::.*(?:\n[ \t]+.*|\n(?=\n[ \t]))*", "", text, flags=re.MULTILINE)


def quantities_told(docstring: str) -> set:
    """The parameters that a docstring gives a unit."""
    in_text = re.findall(rf"(?<![`:])`(\w+)`(?!`)[^`\[.]*{UNIT}", prose(docstring))
    listed = entries(sections(docstring).get("Parameters", ""))
    return set(in_text) | {name for name, text in listed.items() if re.search(UNIT, text)}


def parameters(node) -> list:
    if isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        return parameters(made[0])[1:] if made else []
    args = node.args
    in_order = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return [arg.arg for arg in in_order if arg]


def is_quantity(name: str) -> bool:
    return bool(QUANTITIES & set(name.split("_"))) and not name.endswith("_note")


def returns_number(node) -> bool:
    named = {one.id for one in ast.walk(getattr(node, "returns", None) or ast.Pass()) if isinstance(one, ast.Name)}
    return bool(named) and named <= {"int", "float"}


def references(docstring: str) -> tuple:
    """(defined, used)"""
    return set(re.findall(r"^\.\. \[(\d+)\]", docstring, re.MULTILINE)), set(re.findall(r"\[(\d+)\]_", docstring))


def complaints(node, module) -> list:
    """What is wrong with the docstring of a public function or class."""
    docstring, shared = ast.get_docstring(node) or "", ast.get_docstring(module) or ""
    if not docstring:
        return ["no docstring"]
    wrong, found = [], sections(docstring)
    if [name for name in found if name] != [name for name in SECTIONS if name in found]:
        wrong.append("unknown sections, or out of order")
    names, listed = parameters(node), list(entries(found.get("Parameters", "")))
    told = quantities_told(docstring)
    if listed != [name for name in names if name in listed]:
        wrong.append("Parameters lists what the signature has not, or in another order")
    if stray := told - set(names):
        wrong.append(f"no parameter is called {', '.join(sorted(stray))}")
    told |= quantities_told(shared)
    if lacking := [name for name in names if is_quantity(name) and name not in told]:
        wrong.append(f"{', '.join(lacking)}: a quantity without its unit, such as [bytes]")
    result = prose(docstring).split("\n\n")[0] + found.get("Returns", "")
    if returns_number(node) and not re.search(f"{UNIT}|{WITHOUT_UNIT}", result):
        wrong.append("the unit of the result is missing, or the word share, ratio or factor")
    (defined, used), (shared_defined, _) = references(docstring), references(shared)
    if used - defined - shared_defined or defined - used:
        wrong.append("a source without a reference to it, or the other way round")
    if "[-]" in docstring:
        wrong.append("[-] is no unit: leave it out")
    if re.search(r">>> (from|import) moecalc\b", docstring):
        wrong.append("an import that src/conftest.py does for every example")
    uses_v3 = re.search(r"^(>>>|\.\.\.).*(?<![\w\"-])v3\b(?! =)", docstring, re.MULTILINE)
    if uses_v3 and 'v3 = load_model("deepseek-v3")' not in shared:
        wrong.append("an example uses v3, and the docstring of the module does not say what that is")
    return wrong


@pytest.mark.parametrize(("node", "module"), list(public_definitions()))
def test_docstring(node, module):
    assert complaints(node, module) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstring_of_module(path):
    """What a module says for all of its functions is true of one of them."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    docstring = ast.get_docstring(module)
    assert docstring
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert quantities_told(docstring) <= {name for node in functions for name in parameters(node)}
    used = [references(ast.get_docstring(node) or "")[1] for node in functions]
    assert references(docstring)[0] <= references(docstring)[1].union(*used)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_at_least_as_much_code_as_docstring(path):
    text = path.read_text(encoding="utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    first = [node.body[0] for node in ast.walk(ast.parse(text)) if isinstance(node, documented) and ast.get_docstring(node)]
    told = {line for one in first for line in range(one.lineno, one.end_lineno + 1)}
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    code = sum(line not in told for line in lines)
    assert code < SMALL or len(lines) - code <= code


GOOD = "Rent [USD].\n\nH = `gpu_hours` [GPU-hours].\n\n>>> rent(1)\n2"


@pytest.mark.parametrize(
    ("docstring", "complaint"),
    [
        (GOOD, None),
        ("Rent [USD].\n\nParameters\n----------\ngpu_hours : float\n    H [GPU-hours]", None),
        ("", "no docstring"),
        ("Rent [USD].\n\n`gpu_hours` is H, `days` are d [days].", "no parameter is called days"),
        ("Rent [USD].\n\nH = `gpu_hours`.", "a quantity without its unit"),
        ("Rent [USD].\n\nParameters\n----------\ngpu_hours : float\n    H, shape [n]", "a quantity without its unit"),
        ("Rent [USD].\n\n.. math:: `gpu_hours` [h]", "a quantity without its unit"),
        (GOOD.replace(" [USD]", ""), "unit of the result"),
        (GOOD.replace("[USD]", "[-]"), "[-] is no unit"),
        (GOOD.replace("Rent", "Rent, see [1]_"), "a source"),
        (GOOD + "\n\n.. [1] A paper.", "a source"),
        (GOOD + "\n\nRemarks\n-------\nNone.", "unknown sections"),
        (GOOD + "\n\nParameters\n----------\nprice : float\n    p", "Parameters lists"),
        (GOOD.replace(">>> ", ">>> from moecalc import rent\n>>> "), "an import"),
        (GOOD.replace("rent(1)", "rent(v3)"), "an example uses v3"),
    ],
)
def test_a_bad_docstring_is_found(docstring, complaint):
    module = ast.parse(f'"""Costs."""\ndef rent(gpu_hours) -> float:\n    {docstring!r}')
    found = complaints(module.body[1], module)
    assert not found if complaint is None else any(complaint in one for one in found), found


def test_a_module_gives_a_shared_quantity_its_unit():
    module = ast.parse('"""Costs of H = `gpu_hours` [GPU-hours]."""\ndef rent(gpu_hours) -> float:\n    "Rent [USD]."')
    assert complaints(module.body[1], module) == []
