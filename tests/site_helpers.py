"""The book's pages as files, as code and as prose, for the tests of notebooks and site."""

import ast
import functools
import re
from pathlib import Path

import jupytext
import yaml

ROOT = Path(__file__).parent.parent


def toc_files(toc: Path = ROOT / "_toc.yml") -> list:
    """Every page that the table of contents names, in its order, such as ``book/intro``."""

    def walk(node):
        if isinstance(node, dict):
            yield from (node[key] for key in ("root", "file") if key in node)
            node = list(node.values())
        if isinstance(node, list):
            for one in node:
                yield from walk(one)

    return list(walk(yaml.safe_load(toc.read_text(encoding="utf-8"))))


PAGES = toc_files()
NOTEBOOKS = [page for page in PAGES if page.startswith("notebooks/")]
#: Pages with a claim of their own: those in the folder of a chapter.
CHAPTER_PAGES = [page for page in NOTEBOOKS if page.count("/") > 1]
#: The front page has a figure too, and is executed as they are; so has the page of errors, which belongs to no chapter.
FRONT, ERRORS = PAGES[0], "notebooks/how-wrong"
FIGURE_PAGES, EXECUTED = [FRONT, *CHAPTER_PAGES, ERRORS], [FRONT, *NOTEBOOKS]


def source(page: str) -> str:
    """The text of a page."""
    return (ROOT / f"{page}.md").read_text(encoding="utf-8")


@functools.cache
def code(page: str) -> ast.Module:
    """All code cells of a page, as one module."""
    cells = jupytext.reads(source(page), fmt="md:myst").cells
    return ast.parse("\n\n".join(cell.source for cell in cells if cell.cell_type == "code"))


def calls(page: str, name: str) -> list:
    """Every call of a function in a page."""
    return [node for node in ast.walk(code(page)) if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name]


@functools.cache
def shown(page: str) -> list:
    """(explorer, values of controls) of every figure of a page, in its order."""
    figures = sorted(calls(page, "show"), key=lambda call: call.lineno)
    return [
        (ast.literal_eval(call.args[0]), {told.arg: ast.literal_eval(told.value) for told in call.keywords})
        for call in figures
    ]


# --- prose -----------------------------------------------------------------------------------------------------------

#: Fenced blocks that hold no prose: code cells, code in a language, formulas.
_BLOCK = re.compile(
    r"^(`{3,}|~{3,}|:{3,})(?:\{(?:code-cell|code|code-block|math|bibliography)\}[^\n]*|\w+)\n.*?^\1\s*$", re.M | re.S
)
#: What is not prose, in the order in which it is taken out.
_NOT_PROSE = (
    re.compile(r"\A---\n.*?^---\n", re.M | re.S),  # the header
    _BLOCK,
    re.compile(r"^(?:`{3,}|~{3,}|:{3,}).*$", re.M),  # the fences of other blocks
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"^%.*$|^\(.*\)=$", re.M),  # comments and labels
    re.compile(r"</?[a-z][^>]*>"),  # tags of HTML
    re.compile(r"\{[\w:-]+\}`[^`]*`"),  # roles: eval, cite and others
    re.compile(r"(`+)[^`](?:.(?!\n\n))*?\1", re.S),  # code in a line
    re.compile(r"\$\$.*?\$\$", re.S),
    re.compile(r"\$[^$\n]+\$"),
    re.compile(r"(?<=\])\([^)\s]*\)|<https?:[^>]*>|https?://\S+"),  # addresses
    re.compile(r"^ *\d+[.)](?= )", re.M),  # the numbers of a list
)

#: Digits that are part of a name. Nothing here counts or measures.
NAMES = (
    r"C\d\d\d?",  # claims of the ledger
    r"(?:Tables?|Figures?|[Ss]ections?|[Ss]lides?|[Cc]hapters?|Appendix) [A-Z]?\d+(?:\.\d+)*",
    # accelerators
    r"(?:NVIDIA )?[ABH]\d{2,3}s?",
    r"GB\d{3}",
    # models
    r"(?:DeepSeek-|DeepSeek )?[RV]\d(?:\.\d)?",
    r"Llama[ -]\d(?:\.\d)?(?:[ -]\d+B)?",
    r"GPT-\d\w?(?:\.\d)?",
    r"Claude[ -]\d(?:\.\d)?(?: Sonnet)?",
    r"Qwen\d(?:\.\d)?(?:[ -]\d+B)?",
    r"Kimi K\d",
    r"Mixtral 8x\d+B",
    r"GLM-\d(?:\.\d)?",
    # number formats, and parts of a layout, a schedule or a rule of thumb
    r"(?:FP|BF|INT)\d{1,2}",
    r"E\dM\d",
    r"ZeRO-\d",
    r"(?:TP|PP|EP|DP)\d+",
    r"1F1B|ZB1P",
    r"[68]ND",
)
_NAMES = re.compile(rf"(?<![\w.,-])(?:{'|'.join(NAMES)})(?![\w])")


def prose(text: str) -> str:
    """A page's text with all that is not prose blanked out; lines keep their numbers."""
    for pattern in _NOT_PROSE:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def typed_numbers(text: str) -> list:
    """(line number, word) of each number in prose that no code has computed."""
    return [
        (number, word)
        for number, line in enumerate(prose(text).splitlines(), 1)
        for word in _NAMES.sub(" ", line).split()
        if re.search(r"\d", word)
    ]
