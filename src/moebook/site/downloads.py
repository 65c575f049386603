"""What a reader can take away: each page as a notebook, and the whole site in one file."""

import shutil
from pathlib import Path

ARCHIVE = "deepseek-v3-recomputed.zip"
#: The whole report on paper, which is printed from the built site; see :mod:`moebook.printing`.
PRINTED = "deepseek-v3-recomputed.pdf"


def offer_notebook(app, pagename: str, context: dict) -> None:
    """Put a page's notebook beside its source, where the theme's download menu finds it.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The build [-]
    pagename : str
        The page [-]
    context : dict
        What its template is given; gets ``ipynb_source`` [-]
    """
    source = Path(app.env.doc2path(pagename)) if pagename in app.env.all_docs else None
    if source is None or not source.is_relative_to(Path(app.srcdir) / "notebooks"):
        return
    import jupytext

    notebook = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    notebook.parent.mkdir(parents=True, exist_ok=True)
    jupytext.write(jupytext.read(source), notebook)
    context["ipynb_source"] = f"{pagename}.ipynb"


def archive_site(site: Path) -> None:
    """The whole site as one file, inside the site: for any static host, or to read offline."""
    made = shutil.make_archive(str(site.with_name(Path(ARCHIVE).stem)), "zip", site)
    shutil.move(made, site / ARCHIVE)
