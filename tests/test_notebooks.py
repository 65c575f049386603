"""Pages as they are written: each in the table of contents, whole, and with no number typed into its prose.

What pages compute is tested where they are run, see test_site.py.
"""

import ast
import re
from pathlib import Path

import pytest
import yaml
from site_helpers import CHAPTER_PAGES, EXECUTED, NOTEBOOKS, PAGES, ROOT, calls, code, prose, shown, source, typed_numbers

from moebook import charts
from moecalc.explorers import explorer_names

#: Lines of a page's first cell.
MOST_SET_UP = 12
#: Lines in code cells, of all lines of all pages.
MOST_CODE = 0.35


def test_the_table_of_contents_lists_every_page_once():
    files = [file.relative_to(ROOT) for folder in ("book", "notebooks") for file in ROOT.glob(f"{folder}/**/*.md")]
    assert sorted(PAGES) == sorted(f.with_suffix("").as_posix() for f in files if ".ipynb_checkpoints" not in f.parts)


@pytest.mark.parametrize("page", EXECUTED)
def test_opens_as_a_notebook(page):
    header, body = re.match(r"---\n(.*?\n)---\n(.*)", source(page), re.S).groups()
    header = yaml.safe_load(header)
    assert header["jupytext"]["text_representation"].items() >= {"extension": ".md", "format_name": "myst"}.items()
    assert header["kernelspec"]["name"] == "python3"
    assert body.lstrip().startswith("# "), "the title comes first"
    assert len(re.findall(r"^# ", prose(source(page)), re.M)) == 1, "one title"


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_says_how_to_read_it_and_what_it_leaves_out(page):
    text = prose(source(page))
    assert "**Read it as:**" in text
    assert "\n## What this page leaves out\n" in text
    assert calls(page, "claims_list")


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_has_a_figure_and_its_facts(page):
    assert "\ntables.facts_used(" in source(page)
    assert shown(page)
    assert {name for name, _ in shown(page)} <= set(explorer_names())


@pytest.mark.parametrize("page", EXECUTED)
def test_every_number_in_prose_is_computed(page):
    typed = [f"{page}.md:{line}: {word}" for line, word in typed_numbers(source(page))]
    assert not typed, "\n".join(["a number is the value of an expression, {eval}`num(...)`:", *typed])


@pytest.mark.parametrize("page", EXECUTED)
def test_a_page_names_no_numbers(page):
    """Prose holds expressions; JupyterLab would show a name as it is written."""
    assert "{glue" not in source(page)


@pytest.mark.parametrize("page", EXECUTED)
def test_a_page_defines_no_function(page):
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    found = [node for node in ast.walk(code(page)) if isinstance(node, definitions)]
    assert not [node.lineno for node in found if not (isinstance(node, ast.Lambda) and is_argument(node, page))]


def is_argument(function, page: str) -> bool:
    """Whether a function stands as the argument of a call, such as the key of a maximum."""
    passed = [kept.value for call in ast.walk(code(page)) if isinstance(call, ast.Call) for kept in call.keywords]
    return ast.dump(function) in {ast.dump(one) for one in passed}


@pytest.mark.parametrize("page", EXECUTED)
def test_a_page_begins_with_little_set_up(page):
    first = code_cells(source(page))[0].splitlines()
    written = [line for line in first if line.strip() and not line.startswith(("```", ":tags:"))]
    assert len(written) <= MOST_SET_UP, f"{len(written)} lines"


def test_pages_are_prose_with_calls():
    lines = sum(len(source(page).splitlines()) for page in EXECUTED)
    in_cells = sum(len(cell.splitlines()) for page in EXECUTED for cell in code_cells(source(page)))
    assert in_cells / lines <= MOST_CODE, f"{in_cells} of {lines} lines"


def code_cells(text: str) -> list:
    """The code cells of a page, from fence to fence."""
    return re.findall(r"^```\{code-cell\}.*?^```$", text, re.M | re.S)


def test_every_explorer_has_a_chart_and_is_shown():
    drawn = [path.stem.replace("_", "-") for path in Path(charts.__file__).parent.glob("*/[!_]*.py")]
    assert sorted(drawn) == explorer_names()
    assert {name for page in EXECUTED for name, _ in shown(page)} == set(explorer_names())


PROSE = {
    "It took 58 days.": ["58"],
    "# Where 671 billion parameters sit": ["671"],
    "14.8T tokens, 37B of them": ["14.8T", "37B"],
    '{eval}`num(days, "days", 3)` on {eval}`printed("C05")` and 2,048 GPUs': ["2,048"],
    "a line\n\nUSD 5.6 million": ["5.6"],
    "[54 days](https://example.org/54)": ["[54"],
    "```{note}\n3 things\n```": ["3"],
    "An H800 costs $2 or $3 an hour, V3 671B": ["3", "671B"],  # what is between two dollars is a formula
    "Llama 3.1 405B on 16K H100s": ["16K"],
    "Table 7 lists 12": ["12"],
    "1. one\n2. two, see section 3.3.4 and C06\n   10) ten": [],
    "DeepSeek-V3, V2, R1, GPT-4, Claude 3.5 Sonnet, FP8, BF16, ZeRO-1, 6ND at TP1 PP16 EP64 DP128, GB200": [],
    "`2048` ``a ` 1`` $2^{10}$ {cite:p}`zhao2025` $$\n1 + 1\n$$\n{math}`3`": [],
    "---\nkey: 5\n---\n```{code-cell} python\n:tags: [x]\nx = 5\n```\n```bash\nmoecalc --tp 1\n```": [],
    "a\n<!-- 7 -->\n% 8\n(label-9)=\n<https://example.org/10>": [],
}


@pytest.mark.parametrize(("text", "found"), PROSE.items())
def test_the_search_for_typed_numbers(text, found):
    assert [word for _, word in typed_numbers(text)] == found


def test_a_typed_number_is_named_with_its_line():
    assert typed_numbers("---\nx: 1\n---\n\n# Title\n\n```{code-cell}\n1\n```\n\nIt took 58 days.") == [(11, "58")]
