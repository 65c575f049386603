"""Imports point down only, the calculators need nothing but Python, and families are known to themselves alone."""

import ast
import re
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
#: Floors of packages, bottom to top: a package imports what stands below its floor, and says so in its docstring.
FLOORS = (
    ("base",),
    ("facts", "numerics"),
    ("model",),
    ("mechanisms",),
    ("hardware",),
    ("training", "serving"),
    ("economics", "validation"),
    ("industry",),
    ("claims",),
    ("explorers",),
    ("cli",),
)
#: Floors inside packages, bottom to top; a module that is not named stands on any.
INNER = {
    "model": (
        ("anatomy", "keys", "pasted"),
        ("families",),
        ("config",),
        ("params", "flops", "kv_cache"),
        ("checkpoint",),
        ("catalog",),
    ),
    "numerics": (("formats",), ("scaling", "matrices"), ("accumulation",), ("experiments",)),
    "training": (
        ("stages",),
        ("layout", "recipes", "mfu", "pipeline"),
        ("held_params",),
        ("rank_states",),
        ("states", "placement", "phases", "hyperparameters", "activation_policy"),
        ("state_views", "activation_rules"),
        ("activation_ends",),
        ("activations",),
        ("memory_buffers",),
        ("memory",),
        ("memory_views", "timing"),
        ("step_work",),
        ("step",),
        ("planner",),
    ),
    "claims": (("printed", "evidence"), ("registry", "talk_formulas")),
    "explorers": (("_define",), ("_choices", "_exchange")),
}
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}
INNER_HEIGHT = {
    (package, name): height for package, floors in INNER.items() for height, names in enumerate(floors) for name in names
}
MODULES = [path.relative_to(SRC).with_suffix("").parts for path in sorted((SRC / "moecalc").rglob("*.py"))]


def imported(module: tuple) -> set:
    """Full names of all that a module imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse((SRC.joinpath(*module)).with_suffix(".py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module[: -node.level] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def part(name: str) -> str:
    """The package of moecalc that a full name is in, "" for moecalc itself."""
    inside = name.split(".")[1]
    return inside if inside in HEIGHT else ""


def inner_height(package: str, name: str) -> int | None:
    """The floor of a module inside its package, by the part of its name that follows the package's."""
    parts = name.split(".")
    return INNER_HEIGHT.get((package, parts[2])) if len(parts) > 2 and parts[1] == package else None


def may_import(package: str) -> set:
    """The packages that a package's docstring lets it import."""
    docstring = ast.get_docstring(ast.parse((SRC / "moecalc" / package / "__init__.py").read_text(encoding="utf-8")))
    told = re.search(r"^May import: (.*?)\.$", docstring, re.MULTILINE | re.DOTALL).group(1)
    return set() if told == "nothing but the standard library" else set(told.replace("\n", " ").split(", "))


@pytest.mark.parametrize("package", HEIGHT)
def test_a_package_says_that_it_imports_what_stands_below(package):
    assert may_import(package) == {name for name in HEIGHT if HEIGHT[name] < HEIGHT[package]}
    assert 5 <= len((SRC / "moecalc" / package / "README.md").read_text(encoding="utf-8").splitlines()) <= 10


@pytest.mark.parametrize("module", [module for module in MODULES if len(module) > 2], ids=".".join)
def test_imports_point_down(module):
    own = module[1]
    assert own in HEIGHT, f"{own} stands on no floor: put it in FLOORS"
    within = {name for name in imported(module) if name.startswith("moecalc.")}
    assert {part(name) for name in within} - {"", own} <= may_import(own)
    height = inner_height(own, ".".join(module))
    others = {name: inner_height(own, name) for name in within if name.split(".")[2:3] != [module[2]]}
    assert height is None or not {name for name, other in others.items() if other is not None and other >= height}


def test_every_module_stands_in_a_package():
    assert {module[1] for module in MODULES if len(module) == 2} == {"__init__", "__main__"}


@pytest.mark.parametrize("one, other", [("training", "serving"), ("serving", "training")])
def test_training_and_serving_do_not_import_each_other(one, other):
    found = {name for module in MODULES if module[1] == one for name in imported(module)}
    assert found and not {name for name in found if name.startswith("moecalc") and part(name) == other}


@pytest.mark.parametrize("module", MODULES, ids=".".join)
def test_only_the_standard_library_is_imported(module):
    others = {name.split(".")[0] for name in imported(module)} - {"moecalc"} - sys.stdlib_module_names
    assert not others


def about_model_type(node) -> bool:
    spelt = {getattr(one, field, None) for one in ast.walk(node) for field in ("attr", "id", "value")}
    return "model_type" in {name for name in spelt if isinstance(name, str)}


def test_model_type_is_compared_only_where_families_are_found():
    places = [("model", name) for name in ("families", "wrappers", "config")]
    elsewhere = [module for module in MODULES if module[1:3] not in places]
    assert len(elsewhere) > 20
    for module in elsewhere:
        tree = ast.parse((SRC.joinpath(*module)).with_suffix(".py").read_text(encoding="utf-8"))
        comparisons = [node for node in ast.walk(tree) if isinstance(node, (ast.Compare, ast.Match))]
        found = [node.lineno for node in comparisons if about_model_type(node)]
        assert not found, f"{'.'.join(module)}, line {found}"


@pytest.mark.parametrize("text", ['a.model_type == "llama"', 'raw["model_type"] in known', 'raw.get("model_type") != x'])
def test_a_comparison_would_be_found(text):
    assert about_model_type(ast.parse(text, mode="eval").body)


def test_the_package_itself_imports_nothing():
    """`import moecalc` is quick: what it offers is imported when it is asked for."""
    tree = ast.parse((SRC / "moecalc" / "__init__.py").read_text(encoding="utf-8"))
    assert not [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def test_all_that_the_package_offers_is_there():
    import moecalc

    for name in moecalc.__all__:
        assert getattr(moecalc, name) is not None
    assert {"load_model", "num_total_params", "InputError"} <= set(dir(moecalc))
    with pytest.raises(AttributeError, match="no attribute 'parms'"):
        moecalc.parms  # noqa: B018
