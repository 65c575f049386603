"""Imports point down only, the calculators need nothing but Python, and families are known to themselves alone."""

import ast
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
#: Bottom to top: a module may import what stands in a line before its own. Packages count as one.
LAYERS = (
    ("base",),
    ("facts",),
    ("model",),
    ("mechanisms",),
    ("hardware",),
    ("training", "serving"),
    ("economics",),
    ("claims",),
    ("explorers",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
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
    """The part of moecalc that a full name is in, "" for the package itself."""
    inside = name.split(".")[1]
    return inside if inside in HEIGHT else ""


@pytest.mark.parametrize("module", MODULES, ids=".".join)
def test_imports_point_down(module):
    own = module[1]
    if own == "__init__":
        return
    assert own in HEIGHT, f"{own} stands in no layer: put it in LAYERS"
    within = {name for name in imported(module) if name.startswith("moecalc.")}
    higher = {name for name in within if part(name) not in ("", own) and HEIGHT[part(name)] >= HEIGHT[own]}
    assert not higher


@pytest.mark.parametrize("module", MODULES, ids=".".join)
def test_only_the_standard_library_is_imported(module):
    others = {name.split(".")[0] for name in imported(module)} - {"moecalc"} - sys.stdlib_module_names
    assert not others


def about_model_type(node) -> bool:
    spelt = {getattr(one, field, None) for one in ast.walk(node) for field in ("attr", "id", "value")}
    return "model_type" in {name for name in spelt if isinstance(name, str)}


def test_model_type_is_compared_only_where_families_are_found():
    elsewhere = [module for module in MODULES if module[1:3] not in (("model", "families"), ("model", "config"))]
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
