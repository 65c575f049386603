"""Where a reader says that a number is wrong: the issue form of the repository, as far as the report knows it filled in."""

import os
from urllib.parse import urlencode

import moecalc

from .build_date import build_date

#: The form, in .github/ISSUE_TEMPLATE; what its address fills in are the ids of its fields.
FORM = "number.yml"


def address(app, page: str) -> str:
    """The address of the form for a page; empty where no repository is configured.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        ``repository_url`` in ``html_context`` of ``_config.yml``, or ``REPOSITORY_URL`` where the site is published [-]
    page : str
        Such as ``notebooks/claims`` [-]

    Returns
    -------
    str
        The page's script adds the number and its expression
    """
    repository = os.environ.get("REPOSITORY_URL") or app.config.html_context.get("repository_url", "")
    if not repository:
        return ""
    told = {"template": FORM, "page": page, "version": f"{moecalc.__version__}, built {build_date()}"}
    return f"{repository.rstrip('/')}/issues/new?{urlencode(told)}"
