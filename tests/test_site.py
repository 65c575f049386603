"""The built site, read as files: whole, linked, and nothing that another host would have to serve."""

import functools
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import tinycss2
from bs4 import BeautifulSoup
from site_helpers import EXECUTED, FIGURE_PAGES, PAGES, shown

import moecalc
from moebook import html
from moecalc.explorers import explorer, explorer_names

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

#: Attributes by which a page makes a browser load something at once.
LOADS = ("src", "srcset", "poster", "data", "xlink:href")
#: Pages that Sphinx adds to those of the table of contents.
ADDED = ["404", "search", "checks"]


@functools.cache
def read(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture
def soup(site):
    """A function that gives a page of the site, parsed."""
    return lambda page: read(site / f"{page}.html")


def every(site, ending) -> list:
    files = sorted(site.rglob(f"*.{ending}"))
    assert files
    return files


def loaded(page: BeautifulSoup) -> list:
    """Every address that a page loads without being asked."""
    found = [tag[name] for tag in page.find_all(True) for name in LOADS if tag.has_attr(name)]
    found += [tag["href"] for tag in page.find_all(["link", "use", "image"]) if tag.has_attr("href")]
    found += [url for tag in page.find_all("style") for url in urls_of_css(tag.get_text())]
    return found + [url for tag in page.find_all(style=True) for url in urls_of_css(f"a {{ {tag['style']} }}")]


def urls_of_css(text: str) -> list:
    """Every url() and @import of a stylesheet."""

    def walk(nodes):
        for node in nodes or ():
            if node.type == "url":
                yield node.value
            elif node.type == "function" and node.lower_name == "url":
                yield from (one.value for one in node.arguments if one.type == "string")
            elif node.type == "at-rule" and node.lower_at_keyword == "import":
                yield from (one.value for one in node.prelude if one.type in ("string", "url"))
            for part in ("prelude", "content", "arguments"):
                yield from walk(getattr(node, part, ()))

    return list(walk(tinycss2.parse_stylesheet(text)))


def is_elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def target(site: Path, file: Path, url: str) -> tuple:
    """(file, anchor) to which an address of the site leads; one from the top is that of the 404 page."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    found = site / path.lstrip("/") if path.startswith("/") else (file.parent / path if path else file)
    return (found / "index.html" if found.is_dir() else found), unquote(parts.fragment)


# --- what is there ---------------------------------------------------------------------------------------------------


def test_every_page_is_built(site):
    built = [file.relative_to(site).with_suffix("").as_posix() for file in every(site, "html")]
    assert sorted(built) == sorted([*PAGES, *ADDED, "index"])
    assert f"url={PAGES[0]}.html" in (site / "index.html").read_text()


def test_every_notebook_was_executed_and_nothing_in_it_failed(site):
    """The build runs them, from the folder that they lie in, in a kernel of their own, as JupyterLab does.

    A second run by these tests would find nothing that this one does not, and take as long again.
    """
    for page in EXECUTED:
        notebook = nbformat.read(site.with_name("jupyter_execute") / f"{page}.ipynb", as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert cells and all(cell.execution_count for cell in cells), page
        outputs = [output for cell in cells for output in cell.outputs]
        assert {output.output_type for output in outputs} <= {"display_data", "execute_result"}, page


@pytest.mark.parametrize("page", [*PAGES, *ADDED])
def test_page(page, soup, site):
    whole = soup(page)
    (title,) = [heading for heading in whole.find_all("h1") if not heading.find_parent(id="jb-print-docs-body")]
    assert title.get_text(strip=True) and whole.title.get_text(strip=True)
    assert whole.html["lang"] == "en"
    icon = whole.find("link", rel="icon") or whole.find("link", rel="shortcut icon")
    assert target(site, site / f"{page}.html", icon["href"])[0].is_file()
    assert whole.find("meta", attrs={"name": "viewport"})
    footer = whole.select_one("footer .provenance").get_text()
    assert re.match(rf"moecalc {re.escape(moecalc.__version__)}, built \d{{4}}-\d\d-\d\d\.", footer)


@pytest.mark.parametrize("page", [*PAGES, *ADDED])
def test_no_page_shows_an_error(page, soup):
    whole = soup(page)
    assert "Traceback (most recent call last)" not in whole.get_text()
    assert not whole.select(".output.traceback, .output.stderr, .problematic, .system-message, .katex-error")


# --- no other host ---------------------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_another_host(site):
    elsewhere = [(file.name, url) for file in every(site, "html") for url in loaded(read(file)) if is_elsewhere(url)]
    elsewhere += [
        (file.name, url) for file in every(site, "css") for url in urls_of_css(file.read_text("utf-8")) if is_elsewhere(url)
    ]
    assert not elsewhere


def test_the_search_for_what_is_loaded():
    page = BeautifulSoup(
        "<script src='//a'></script><link href='b'><img src='c' srcset='d'><iframe src='https://e'></iframe><a href='no'>"
        "</a><style>@import 'f'; @media print { p { background: url(g) } }</style><p style='background: url(\"h\")'></p>",
        "html.parser",
    )
    assert sorted(loaded(page)) == ["//a", "b", "c", "d", "f", "g", "h", "https://e"]
    assert [url for url in loaded(page) if is_elsewhere(url)] == ["//a", "https://e"]


def test_nothing_is_carried_that_no_page_needs(site):
    unwanted = re.compile("mathjax|vega|fontawesome.*js|thebe|embed-amd|require", re.I)
    # drawn anew, a picture needs Vega: a bundle that no page names, loaded at the first move
    on_demand = site / "_static" / "vega.js"
    assert [file for file in site.rglob("*") if unwanted.search(file.name)] == [on_demand]
    for file in every(site, "html"):
        for script in read(file).find_all("script"):
            assert not unwanted.search(str(script)), file
            assert "widget-state" not in script.get("type", ""), file


# --- links -----------------------------------------------------------------------------------------------------------


def test_every_link_and_every_anchor_resolves(site):
    broken = []
    for file in every(site, "html"):
        for link in read(file).find_all("a", href=True):
            if is_elsewhere(link["href"]):
                continue
            to, anchor = target(site, file, link["href"])
            if not to.is_file() or (anchor and to.suffix == ".html" and not read(to).find(id=anchor)):
                broken.append((file.relative_to(site).as_posix(), link["href"]))
    assert not broken


def test_every_file_that_is_loaded_is_there(site):
    asked = [(file, url) for file in every(site, "html") for url in loaded(read(file))]
    asked += [(file, url) for file in every(site, "css") for url in urls_of_css(file.read_text("utf-8"))]
    here = [(file, url) for file, url in asked if not urlsplit(url).scheme and urlsplit(url).path]
    assert not {(file.name, url) for file, url in here if not target(site, file, url)[0].is_file()}


def test_links_to_other_hosts_are_secure(site):
    other = {link["href"] for file in every(site, "html") for link in read(file).find_all("a", href=is_elsewhere)}
    assert other and not [url for url in other if not url.startswith("https://")]


# --- formulas, tables and figures ------------------------------------------------------------------------------------


def test_every_formula_is_drawn(site):
    formulas = 0
    for file in every(site, "html"):
        page = read(file)
        for formula in page.select(".math"):
            assert formula.select_one(".katex .katex-html"), (file, formula)
            formulas += 1
        article = page.find("article")
        raw = article.get_text() if article else ""
        for told in page.select("article pre, article code, article .katex"):
            raw = raw.replace(told.get_text(), " ")
        assert not re.search(r"\\\(|\\\[|\$\$|\\frac|\\times", raw), file
    assert formulas


def test_every_figure_of_the_report_is_shown(soup):
    figures = [figure["data-explorer"] for page in PAGES for figure in soup(page).select("section.explorer")]
    assert set(figures) == set(explorer_names())


@pytest.mark.parametrize("page", FIGURE_PAGES)
def test_figures(page, soup, moecalc):
    sections = soup(page).select("section.explorer")
    assert [section["data-explorer"] for section in sections] == [name for name, _ in shown(page)]
    for section, (name, told) in zip(sections, shown(page), strict=True):
        pictures = section.select("figure svg[role=img]")
        assert len(pictures) == 2 and all(len(picture["aria-label"]) > 40 for picture in pictures)
        assert section.select_one(".explorer-caption").get_text(strip=True)
        settings = [word for key, value in told.items() for word in ("--set", f"{key}={value}")]
        metrics = moecalc(f"explore {name} --json", *settings).json["metrics"]
        outputs = section.select("output[data-metric]")
        assert {one["data-metric"]: one["data-value"] for one in outputs} == {
            key: html.full_precision(value) for key, value in metrics.items()
        }
        assert {one["data-metric"]: one.get_text() for one in outputs} == {
            key: explorer(name).metrics[key].text(metrics[key]) for key in metrics
        }
        assert [one["data-metric"] for one in section.select(".headline output")] == explorer(name).headlines
        boxes = [box["data-control"] for box in section.select("[data-control]")]
        assert boxes == [control.key for control in [*explorer(name).leading, *explorer(name).further]]
        folded = [box["data-control"] for box in section.select(".more-controls [data-control]")]
        assert folded == [control.key for control in explorer(name).further]
        rows = section.select("details table tbody tr")
        assert len(rows) == len(explorer(name).run(told).rows) > 0


def test_numbers_are_written_for_programs():
    for value in (2_788_000.0, 1 / 3, 5, 671_026_404_352, 1e-9):
        assert json.loads(html.full_precision(value)) == value
    assert html.full_precision(None) == ""


@pytest.mark.parametrize("page", EXECUTED)
def test_no_id_stands_twice(page, soup):
    ids = [tag["id"] for tag in soup(page).find_all(id=True)]
    assert len(ids) == len(set(ids)), sorted({one for one in ids if ids.count(one) > 1})
