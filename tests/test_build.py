"""What the build refuses, what it makes anew, and what it mends of the theme."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from site_helpers import ROOT

from moebook.site import katex, repairs, styles

pytestmark = pytest.mark.site

HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

"""
#: A page whose two numbers hang on a row of data/ and on a line of src/. It has every fault of the theme:
#: a list of references, and a cell to unfold.
NUMBERS = """# Numbers

```{code-cell} python
:tags: [hide-input]
from moebook.prose import num
from moecalc.facts import tables
from moecalc.economics.cost import wall_days
hours = tables.lookup("training_runs", "dsv3-total", "gpu_hours").to("GPU-hours")
```

Hours: {eval}`num(hours)`. Days: {eval}`num(wall_days(hours, 1000), "", 6)`. $E = mc^2$.

```{bibliography}
:all:
```
"""


@pytest.fixture
def book(tmp_path):
    """A book with one page of its own, and a copy of what the page computes from.

    It has so many pages that Sphinx reads them in several processes.
    """
    for folder in ("src", "data", "web"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("book/assets", "book/styles"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    of_the_wheel = ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff")
    for file in ("_config.yml", "book/references.bib", *of_the_wheel):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    others = ["front", "one", "two", "three", "four"]
    files = ", ".join(f"file: {name}" for name in ("page", *others[1:]))
    (tmp_path / "_toc.yml").write_text(f"{{format: jb-book, root: front, chapters: [{files}]}}")
    for name in others:
        (tmp_path / f"{name}.md").write_text(f"# Page {name}")
    return tmp_path


def build(book, text):
    """(the run, the page that it made or None); the folder held a site before."""
    (book / "page.md").write_text(HEADER + text)
    page = book / "_build" / "html" / "page.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("an older page")
    run = subprocess.run(
        [sys.executable, "-m", "moebook.site.build"],
        env={**os.environ, "PYTHONPATH": str(book / "src"), "SITE_URL": "https://example.org/report/"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run, page.read_text(encoding="utf-8") if page.parent.exists() else None


#: What the build refuses -> a page with it, and words that it says.
REFUSED = {
    "a cell that raises": ("```{code-cell} python\n1 / 0\n```", ["page.md", "1 / 0", "ZeroDivisionError"]),
    "names that lead nowhere, and an expression that raises": (
        "[There](nowhere.md), {cite:p}`nobody2024`\nand **{eval}`1 /\n0`**",
        ["nowhere.md", "nobody2024", "page.md:9: WARNING: the expression '1 / 0' in the text raises ZeroDivisionError"],
    ),
    "a formula that cannot be drawn": ("$\\frac{1}{$", ["KaTeX"]),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_a_fault_stops_the_build_and_leaves_no_site(book, text, words):
    run, page = build(book, f"# Page\n\n{text}\n")
    assert run.returncode == 1, run.stdout
    assert all(word in run.stdout for word in words)
    assert "The site was not built" in run.stdout and page is None


def test_a_change_in_data_or_in_src_changes_the_page(book):
    run, page = build(book, NUMBERS)
    assert run.returncode == 0, run.stdout
    assert "Hours: 2,788,000. Days: 116.167." in without_tags(page)
    assert 'href="/report/_static/' in (book / "_build/html/404.html").read_text()

    change(book / "data" / "training_runs.csv", "dsv3-total,gpu_hours,2788000", "dsv3-total,gpu_hours,2788024")
    change(book / "src" / "moecalc" / "economics" / "cost.py", "HOURS_PER_DAY = 24", "HOURS_PER_DAY = 12")
    run, page = build(book, NUMBERS)
    assert run.returncode == 0, run.stdout
    assert "Hours: 2,788,024. Days: 232.335." in without_tags(page)


def without_tags(page):
    from bs4 import BeautifulSoup

    return BeautifulSoup(page, "html.parser").get_text()


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


# --- repairs ---------------------------------------------------------------------------------------------------------

FAULTY = """<head><script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
<script type="text/x-thebe-config">
  {"requestKernel": true}
</script>
<script>kernelName = 'python3'</script><script src="kept.js"></script>
<script src="documentation_options.js"></script><script data-sd-x="y" src="other.js"></script>
<meta name="docsearch:version" content="" />
  <script src="_static/searchtools.js"></script>
  <script src="_static/language_data.js"></script>
  <script src="searchindex.js"></script></head>
<button class="btn search-button-field other" title="Search" aria-label="Search" data-kept></button>
<div role="list" class="citation-list"><div class="citation" id="a" role="doc-biblioentry"></div></div>
<details><summary aria-label="Toggle hidden content">Show</summary></details>
"""
MENDED = """<head><script defer src="kept.js"></script>
<script src="documentation_options.js"></script><script defer data-sd-x="y" src="other.js"></script>
<meta name="docsearch:version" content="" /></head>
<button class="btn search-button-field other" data-kept></button>
<div class="citation-list"><div class="citation" id="a"></div></div>
<details><summary>Show</summary></details>
"""


def test_repairs_of_pages(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text(FAULTY)
    (tmp_path / "whole.html").write_text("<p>whole</p>")
    (tmp_path / "_static" / "scripts").mkdir(parents=True)
    for orphan in ("scripts/fontawesome.js", "scripts/fontawesome.js.map", "sphinx-thebe.js", "kept.js"):
        (tmp_path / "_static" / orphan).touch()
    assert repairs.repair_pages(tmp_path) == set(repairs.REPAIRS)
    assert (tmp_path / "deep" / "page.html").read_text() == MENDED
    assert (tmp_path / "whole.html").read_text() == "<p>whole</p>"
    assert [file.name for file in (tmp_path / "_static").rglob("*.*")] == ["kept.js"]
    assert repairs.repair_pages(tmp_path) == set()


def test_repairs_of_lists():
    def asset(filename="", body=None):
        return SimpleNamespace(filename=filename, attributes={"body": body})

    kept = asset("_static/doctools.js"), asset(body="let toggleOpenOnPrint = 'true';"), "_static/custom.css"
    context = {
        "body": '<div class="toggle">',
        "script_files": [asset("_static/sphinx-thebe.js"), *kept[:2], asset(body="const THEBE_JS_URL = 'x'")],
        "css_files": [kept[2], "_static/sphinx-thebe.css"],
    }
    assert repairs.drop_scripts_and_styles(context) == set(repairs.UNUSED)
    assert context == {"body": context["body"], "script_files": [*kept[:2]], "css_files": [kept[2]]}
    assert repairs.drop_scripts_and_styles(context) == set()


#: What a page shows -> what it then needs.
SELDOM = {
    '<div class="sd-card sd-shadow">': "_static/sphinx-design.min.css",
    '<div class="admonition dropdown">': "_static/togglebutton.css",
    '<div class="highlight">': "_static/copybutton.css",
    '<span class="katex">': "_static/katex/katex.min.css",
    '<div class="cell docutils">': "_static/mystnb.abc.css",
}


@pytest.mark.parametrize("shows", SELDOM)
def test_styles_only_where_they_are_used(shows):
    context = {"body": shows, "css_files": list(SELDOM.values())}
    assert len(repairs.drop_scripts_and_styles(context)) == len(SELDOM) - 1
    assert context["css_files"] == [SELDOM[shows]]


SELDOM_NEEDED = [repair for repair, _ in repairs.SELDOM_USED]
ALL_REPAIRS = [*repairs.UNUSED, *SELDOM_NEEDED, *repairs.REPAIRS, *repairs.STYLE_REPAIRS]


@pytest.mark.parametrize("repair", ALL_REPAIRS)
def test_a_repair_that_nothing_needs_stops_the_build(repair):
    used = set(ALL_REPAIRS)
    repairs.all_were_needed(used)
    with pytest.raises(RuntimeError, match="remove its repair: " + repair.why.partition(";")[0]):
        repairs.all_were_needed(used - {repair})


def test_styles_of_formulas_bring_their_fonts(tmp_path):
    katex.copy_styles(ROOT / "node_modules", tmp_path / "katex")
    styles = (tmp_path / "katex" / "katex.min.css").read_text()
    fonts = {file.name for file in (tmp_path / "katex" / "fonts").iterdir()}
    assert fonts == {part.split(")")[0].removeprefix("fonts/") for part in styles.split("url(")[1:]}


SLOW = """import socket, time
time.sleep({before})
server = socket.socket(socket.AF_UNIX)
server.bind("katex.sock")
time.sleep({between})
server.listen()
server.accept()[0].sendall(b"drawn")
"""


@pytest.mark.parametrize(("before", "between"), [(0, 0.3), (0.3, 0)])
def test_a_server_of_formulas_that_takes_its_time(tmp_path, monkeypatch, before, between):
    script = SLOW.format(before=before, between=between)
    monkeypatch.setattr("sphinxcontrib.katex.KaTeXServer.build_command", lambda socket: [sys.executable, "-c", script])
    process, connection = katex.start_server(tmp_path, 10)
    with process, connection:
        assert connection.recv(5) == b"drawn"


def test_a_server_of_formulas_that_never_listens(tmp_path, monkeypatch):
    script = SLOW.format(before=60, between=0)
    monkeypatch.setattr("sphinxcontrib.katex.KaTeXServer.build_command", lambda socket: [sys.executable, "-c", script])
    with pytest.raises(Exception, match="server did not come up within 0.2 seconds|0.2"):
        katex.start_server(tmp_path, 0.2)


def test_styles_are_one_file_and_those_for_paper_come_last(tmp_path):
    for name in ("print", "tables", "colours"):
        (tmp_path / f"{name}.css").write_text(f"/* {name} */\n")
    assert styles.css(tmp_path) == "/* colours */\n\n/* tables */\n\n/* print */\n"
