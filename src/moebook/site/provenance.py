"""Where a number of the prose comes from: each says its expression, and leads to the cell that computed what it names.

A number is a link, so that it works without scripts and for every hand. Of the numbers of a paragraph the first alone is a
stop of the Tab key: a page has dozens, and nobody should have to pass them all. The page's script hands the stop on by arrow
keys.
"""

import ast
import re

from docutils import nodes

from .. import prose

#: Tag of the cells that a page begins with; they are hidden in JupyterLab's way, and stand folded at the end of the page.
SET_UP = "set-up"
SET_UP_WORDS = "What this page's numbers are computed from"
#: What says how a number is written, and nothing of where it comes from.
_WRITTEN_BY = {name for name, value in vars(prose).items() if getattr(value, "__module__", "") == prose.__name__}
#: Blocks within which the arrow keys go from number to number.
_BLOCKS = (nodes.table, nodes.bullet_list, nodes.enumerated_list, nodes.definition_list)


class Computed(nodes.inline):
    """A number that links to its cell."""


def set_up(app) -> None:
    """Let pages say where their numbers come from."""
    app.add_node(Computed, html=(_open, _close))
    app.connect("doctree-read", trace)


def _open(translator, node):
    told = {"href": f"#{node['cell']}", "title": node["expression"]}
    if not node["first"]:
        told["tabindex"] = "-1"
    translator.body.append(translator.starttag(node, "a", "", CLASS="computed", **told))


def _close(translator, _node):
    translator.body.append("</a>")


def computed(expression: str, found: list) -> list:
    """What the role ``eval`` puts into the text, so marked that its number can be traced."""
    text = "".join(node.astext() for node in found)
    if not re.search(r"\d", text) or any(list(node.findall(nodes.raw)) for node in found):
        return found
    return [nodes.inline("", text, expression=expression)]


def is_set_up(source: str) -> bool:
    """Whether a cell shows nothing: it imports and assigns."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    return not statements or not isinstance(statements[-1], ast.Expr)


def trace(_app, document) -> None:
    """Link each number of a page to its cell, and gather the cells of the set-up at the page's end."""
    cells, before = [], {}
    # in the order of the page: a name is that of the last cell before
    for node in document.findall(lambda node: isinstance(node, nodes.Element)):
        if node.get("nb_element") == "cell_code":
            source = next(node.findall(nodes.literal_block), None)
            if source is not None and "cell_input" in source.parent.get("classes", ()):
                source["ids"].append(f"code-{len(cells) + 1}")
                cells.append(source)
                before |= dict.fromkeys(bound(source.astext()), source["ids"][0])
        elif "expression" in node and not isinstance(node, Computed) and cells and _can_link(node):
            node["cell"] = cell_of(node["expression"], before, cells[-1]["ids"][0])
    _link(document)
    _gather(document)


def _can_link(node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, (nodes.title, nodes.reference)):
            return False
    return True


def bound(source: str) -> set:
    """Names that a cell imports or assigns, as far as other code can read them."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def cell_of(expression: str, before: dict, nearest: str) -> str:
    """The id of the cell that last bound one of the names of an expression, else of the nearest before it."""
    try:
        names = {node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name)}
    except SyntaxError:
        return nearest
    found = {before[name] for name in names - _WRITTEN_BY if name in before}
    return max(found, key=lambda ident: int(ident.rpartition("-")[2]), default=nearest)


def _link(document) -> None:
    seen = set()
    for node in list(document.findall(lambda node: isinstance(node, nodes.inline) and "cell" in node)):
        block = id(_block_of(node))
        told = {key: node[key] for key in ("expression", "cell")}
        node.replace_self(Computed("", "", *node.children, **told, first=block not in seen))
        seen.add(block)


def _block_of(node):
    """The outermost list or table around a number, else its paragraph."""
    block, node = node.parent, node.parent
    while node is not None:
        if isinstance(node, _BLOCKS):
            block = node
        node = node.parent
    return block


def _gather(document) -> None:
    found = list(document.findall(lambda node: f"tag_{SET_UP}" in getattr(node, "attributes", {}).get("classes", ())))
    if not found:
        return
    first, *others = found
    (code,) = first.children
    for cell in others:
        code.extend(cell.children[0].children)
    for cell in found:
        cell.parent.remove(cell)
    document.append(first)
