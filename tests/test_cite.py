"""How a page is cited: an entry that BibTeX reads, from one source, and a button that copies it."""

import pytest
import yaml
from pybtex.database import parse_string
from site_helpers import ROOT
from visits import visits

import moecalc
from moebook.site.cite import bibtex

pytest_plugins = ["site_fixtures"]

COST = "notebooks/1-overview/cost"


def test_an_entry_says_title_page_version_and_day(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert told["version"] == moecalc.__version__
    text = bibtex("notebooks/claims", "100 % of {claims} & more", "https://example.org/claims.html")
    (entry,) = parse_string(text, "bibtex").entries.values()
    assert str(entry.persons["author"][0]).strip("{}") == told["authors"][0]["name"]
    assert entry.fields["title"] == r"{100 \% of \{claims\} \& more}"
    assert entry.fields["howpublished"] == f"{told['title']}, version {told['version']}"
    assert entry.fields["note"] == "Page notebooks/claims, built 2026-01-01" and entry.fields["year"] == "2026"
    assert entry.fields["url"] == "https://example.org/claims.html" and "url" not in bibtex("a", "b")


def test_the_book_is_called_as_it_is_cited():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert (config["title"], config["author"]) == (told["title"], told["authors"][0]["name"])


@pytest.mark.site
@visits([COST], "laptop")
def test_it_is_copied(visit):
    cite = visit.tab.locator("details.cite")
    cite.locator("summary").click()
    text = cite.locator("pre").inner_text()
    (entry,) = parse_string(text, "bibtex").entries.values()
    title = visit.tab.locator("article h1").first.evaluate("title => title.firstChild.data")
    assert entry.fields["title"].strip("{}") == title
    cite.get_by_role("button", name="Copy").click()
    cite.get_by_text("Copied.").wait_for()
    assert visit.measure("navigator.clipboard.readText()").strip() == text.strip()
    assert visit.violations() == []
