"""How Sphinx reads the pages: several at a time, and with a message that helps where an expression in a page raises."""

import os
import re
from dataclasses import replace
from pathlib import Path

import sphinx.builders
from myst_nb import sphinx_
from myst_nb.core.execute import ExecutionError, inline
from myst_nb.ext.eval import EvalRoleAny, RetrievalError, eval_warning, render_variable_outputs, retrieve_eval_data

from .. import html
from . import provenance


def set_up(app) -> None:
    """Let Sphinx read the pages as this module says."""
    app.add_role("eval", Eval(), override=True)
    provenance.set_up(app)
    inline.ExecutionError = CellError
    sphinx_.create_nb_reader = fold_code(sphinx_.create_nb_reader)
    read_in_parallel(app)


def fold_code(create_reader):
    """Readers of notebooks that fold away the code of each cell that has no tag, as the tag ``hide-input`` does.

    A page is prose with calls: the call can be unfolded, and JupyterLab shows it. So can the set-up, at the page's end.
    """

    def create(*args):
        reader = create_reader(*args)
        return reader and replace(reader, read=lambda text: with_folded_code(reader.read(text)))

    return create


def with_folded_code(notebook):
    """A notebook whose code cells without tags have the tag ``hide-input``, and those of the set-up one of their own too."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags")
        if not tags:
            cell.metadata["tags"] = ["hide-input"]
        elif "remove-input" in tags and provenance.is_set_up(cell.source):
            cell.metadata["tags"] = ["hide-input", provenance.SET_UP]
            cell.metadata["mystnb"] = {f"code_prompt_{what}": provenance.SET_UP_WORDS for what in ("show", "hide")}
    return notebook


def read_in_parallel(app) -> None:
    """Read as many pages at a time as there are processors.

    Each page is executed by a kernel of its own, so two pages share nothing.
    """
    app.parallel = processors()
    # a page at a time: Sphinx would hand out a few large bundles, and one processor would wait for the other
    sphinx.builders.make_chunks = lambda pages, _: [[page] for page in pages]
    app.connect("builder-inited", declare_safe)
    app.connect("env-updated", write_in_one_process)


def declare_safe(app) -> None:
    """Say for an extension of the table of contents that it does not mind: it acts when all pages are read."""
    app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write_in_one_process(app, _env) -> None:
    app.parallel = 1


class CellError(ExecutionError):
    """A cell that raised: says its page, the cell and what it raised.

    MyST's own error says the page alone; a process that reads a page hands on no more than these words.
    """

    def __str__(self):
        return f"{super().__str__()}: {self.__cause__}"


class Eval(EvalRoleAny):
    """The role ``eval``: the value of an expression, at its place in the text.

    MyST's own says what went wrong, and the line where the paragraph begins. Ours says
    the expression too, and the line on which it stands.
    """

    def run(self):
        try:
            outputs = retrieve_eval_data(self.document, self.text)
        except RetrievalError as error:
            line = line_of(self.source, self.text, self.line)
            return [], [eval_warning(f"the expression {self.text!r} in the text raises {error}", self.document, line)]
        for output in outputs:
            if not says_no_more(output.data):
                output.metadata["strip_text_quotes"] = True
                continue
            # the search, and the description of a page, read text and no HTML
            del output.data["text/html"]
        shown = render_variable_outputs(outputs, self.document, self.line, self.source, inline=True)
        return provenance.computed(self.text, shown), []


def says_no_more(forms: dict) -> bool:
    """Whether the HTML of a value is its text."""
    return forms.get("text/html") == html.text(forms.get("text/plain"))


def line_of(page: str, expression: str, paragraph: int) -> int:
    """The line of an expression in a page, from the line on which its paragraph begins."""
    lines = Path(page).read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(lines[paragraph - 1 :])
    # Markdown makes a space of a line's end
    words = r"\s+".join(map(re.escape, expression.split()))
    found = re.search(r"\{eval\}`+\s*" + words, text)
    return paragraph + text.count("\n", 0, found.start()) if found else paragraph
