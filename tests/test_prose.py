"""What stands in the prose of a page: values of expressions, in the built page and in JupyterLab."""

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from moebook import prose
from moecalc.claims import ledger


def test_a_text_has_no_quotes_and_is_still_a_text():
    said = prose.num(56.72, "days", 3)
    assert (repr(said), str(said), f"{said}") == ("56.7 days",) * 3
    assert said == "56.7 days" and said._repr_html_() == "56.7 days"


@pytest.mark.parametrize(
    ("expression", "text", "html"),
    [
        ('num(671026404352, "parameters")', "671.0 B parameters", "671.0 B parameters"),
        ('num(0.3906, "%", 2)', "39.06 %", "39.06 %"),
        ("num(2048)", "2,048", "2,048"),
        ('num("a < b")', "a < b", "a &lt; b"),
        ('printed("C05")', "58 days", "58 days"),
    ],
)
def test_what_the_role_shows(expression, text, html, monkeypatch):
    """JupyterLab asks the kernel for a user's expression and shows its HTML; the build shows its text."""
    # a shell takes the place of the main module, from which other processes would start
    for name in ("__main__", prose.__name__):
        monkeypatch.setitem(sys.modules, name, sys.modules[name])
    shell = InteractiveShell(user_ns=dict(vars(prose)))
    answer = shell.user_expressions({"0": expression})["0"]
    assert answer["status"] == "ok"
    assert answer["data"] == {"text/plain": text, "text/html": html}


def test_claims_in_prose_are_those_of_the_ledger():
    for row in ledger():
        assert prose.printed(row["id"]).startswith(row["printed"])
        assert prose.found(row["id"]) == (row["recomputed"] or "nothing")
    with pytest.raises(KeyError, match="C999"):
        prose.printed("C999")
