"""The report as one PDF, on a small book whose pages are written here: what is printed, and where its links lead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from site_helpers import ROOT

from moebook.printing.links import resolved
from moebook.printing.offer import offer
from moebook.printing.order import entries
from moebook.printing.page import MOST_ROWS, article
from moebook.site import styles

FIGURE = """<svg viewBox="0 0 100 40"><defs><clipPath id="c1"><rect width="100" height="40"/></clipPath></defs>
<path clip-path="url(#c1)" d="M0,0L100,40" stroke="#2563a8"/></svg>"""
FIRST = f"""<h1 id="t">First things<a class="headerlink" href="#t">#</a></h1>
<p>See <a href="b/two.html#more">more</a>, <a href="b/two.html#gone">gone</a>, <a href="https://example.org/x">out</a>,
<a href="#t">up</a> and <a href="all.zip">all</a>.</p>
<section class="explorer"><p class="explorer-title">A figure</p><div class="explorer-stage"><div class="explorer-shown">
<figure><div class="chart chart-wide">{FIGURE}</div><div class="chart chart-narrow"><p>narrow</p></div></figure></div>
<div class="explorer-hands"><form class="controls"><label for="n">GPUs</label><input type="number" id="n" data-control="n"
value="2048"><label for="m">Model</label><select id="m" data-control="m"><option>V2</option><option selected>V3</option>
</select></form></div></div></section>
<details class="hide above-input"><summary>Show code</summary><pre>secret()</pre></details>
<details><summary>Facts</summary><table><tr><td>folded away</td></tr></table></details>"""
WIDE = "".join(f"<td>column{number}</td>" for number in range(40))
SECOND = f"""<h1 id="t">Second things</h1><p>Back to <a href="../first.html">the first</a>.</p>
<p style="height: 900px">tall</p><p style="height: 900px">tall</p>
<h2 id="more">More of it</h2><div class="table-scroll"><table><tr>{WIDE}</tr></table></div>"""
THIRD = '<h1>Third things</h1><p>The end. <span class="offer-print"></span></p>'
TOC = """format: jb-book
root: first
parts:
  - caption: Middle
    chapters:
      - {file: b/two, title: Two, sections: [{file: third}]}
"""


def built(folder: Path) -> Path:
    """A site of three pages, with the report's own styles."""
    (folder / "b").mkdir(parents=True)
    (folder / "site.css").write_text(styles.css(ROOT / "book" / "styles"), encoding="utf-8")
    for page, up, text in (("first", "", FIRST), ("b/two", "../", SECOND), ("third", "", THIRD)):
        head = f'<link rel="stylesheet" type="text/css" href="{up}site.css?v=1">'
        whole = f'<!DOCTYPE html><html><head>{head}</head><body><article class="bd-article">{text}</article></body></html>'
        (folder / f"{page}.html").write_text(whole, encoding="utf-8")
    (folder / "index.html").write_text("", encoding="utf-8")
    (folder / "_toc.yml").write_text(TOC, encoding="utf-8")
    return folder


def run(*argv, **env) -> subprocess.CompletedProcess:
    """The command, in a process of its own: a second Playwright cannot start in that of the tests."""
    command = [sys.executable, "-m", "moebook.printing", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | env)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return built(tmp_path_factory.mktemp("printing") / "html")


@pytest.fixture(scope="module")
def pdf(site):
    """What is printed, read by another library than the one that writes it."""
    from pypdf import PdfReader

    output = site.parent / "book.pdf"
    told = run("--site", site, "--source", site, "--output", output, SITE_URL="https://example.org/report/")
    if told.returncode == 2 and os.environ.get("CI") != "true":
        pytest.skip(told.stderr)
    assert told.returncode == 0, told.stderr
    assert str(output) in told.stdout and f"{len(PdfReader(output).pages)} pages" in told.stdout
    return PdfReader(output)


def links(pdf, page: int) -> list:
    """Of each link of a page, where it leads: an address, or a page and the place on it."""
    found = [note.get_object() for note in pdf.pages[page - 1].get("/Annots", [])]
    targets = []
    for note in found:
        if "/Dest" in note:
            targets.append(pdf.get_destination_page_number(pdf.named_destinations[note["/Dest"]]) + 1)
        else:
            targets.append(note["/A"].get_object()["/URI"])
    return targets


def page_of(pdf, words: str) -> list:
    """The pages on which words stand, but for title and contents."""
    return [number for number, page in enumerate(pdf.pages, 1) if number > 2 and words in page.extract_text()]


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_title_page_says_what_it_is_and_from_when(pdf):
    text = pdf.pages[0].extract_text()
    assert "DeepSeek-V3, Recomputed" in " ".join(text.split())
    assert "moecalc" in text and "https://example.org/report/" in text
    assert pdf.metadata.title == "DeepSeek-V3, Recomputed" and "authors" in pdf.metadata.author


@pytest.mark.parametrize("claim", ["First things", "Second things", "Third things"])
def test_a_number_of_the_contents_is_the_page_of_its_heading(pdf, claim):
    lines = pdf.pages[1].extract_text().splitlines()
    (at,) = (index for index, line in enumerate(lines) if claim in line)
    number = next(int(word) for word in " ".join(lines[at:]).split() if word.isdigit())
    assert page_of(pdf, claim) == [number]
    assert number in links(pdf, 2)


def test_pages_follow_the_table_of_contents_and_the_outline_says_so(pdf):
    def titles(outline):
        return [titles(one) if isinstance(one, list) else one.title for one in outline]

    flat = str(titles(pdf.outline))
    words = ["Contents", "First things", "Middle", "Second things", "More of it", "Third things"]
    assert [flat.index(word) for word in words] == sorted(flat.index(word) for word in words)
    assert page_of(pdf, "First things")[0] < page_of(pdf, "Second things")[0] < page_of(pdf, "Third things")[0]


def test_links_lead_inside_the_file_or_to_another_host(pdf):
    (first,), (second,) = page_of(pdf, "First things"), page_of(pdf, "Second things")
    (more,) = page_of(pdf, "More of it")
    assert more > second
    outside = ["https://example.org/x", "https://example.org/report/all.zip"]
    assert links(pdf, first) == [more, second, outside[0], first, outside[1]]
    assert links(pdf, second) == [first]


def test_what_is_folded_is_printed_and_code_and_the_narrow_picture_are_not(pdf):
    text = " ".join(page.extract_text() for page in pdf.pages)
    assert "folded away" in text and "GPUs: 2,048; Model: V3" in text
    assert "secret" not in text and "narrow" not in text and "#" not in text


def test_figures_are_drawn_not_painted(pdf):
    kinds = {
        form.get_object()["/Subtype"]
        for page in pdf.pages
        for form in page["/Resources"].get_object().get("/XObject", {}).values()
    }
    assert "/Image" not in kinds
    (first,) = page_of(pdf, "First things")
    drawn = pdf.pages[first - 1].get_contents().get_data()
    assert b" l\n" in drawn and b"S\n" in drawn, "a line is drawn"


def test_no_table_is_wider_than_its_page(pdf):
    (more,) = page_of(pdf, "More of it")
    page = pdf.pages[more - 1]
    places = []
    page.extract_text(visitor_text=lambda text, cm, tm, *_: places.append(cm[0] * tm[4] + cm[4]) if text.strip() else None)
    assert "column39" in page.extract_text()
    assert 0 < max(places) < float(page.mediabox.width) - 20


def test_no_page_is_empty(pdf):
    assert all(len(page.extract_text().split()) > 1 for page in pdf.pages)
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pdf.pages} == {(595, 842)}


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_without_chromium_one_sentence_says_how_to_get_it(site, tmp_path):
    told = run(
        "--site", site, "--source", site, "--output", tmp_path / "x.pdf", PATH="", PLAYWRIGHT_BROWSERS_PATH=str(tmp_path)
    )
    assert told.returncode == 2 and len(told.stderr.splitlines()) == 1
    assert "apt-get install chromium" in told.stderr and "playwright install chromium" in told.stderr
    assert not (tmp_path / "x.pdf").exists()


def test_without_a_site_one_sentence_says_how_to_build_it(tmp_path):
    told = run("--site", tmp_path)
    assert told.returncode == 2 and told.stderr == f"There is no site in {tmp_path}: make site builds it.\n"


# --- the pieces ------------------------------------------------------------------------------------------------------


def test_the_order_of_the_report_is_that_of_its_table_of_contents():
    pages = entries(ROOT)
    assert pages[0].page == "book/intro" and pages[0].part == ""
    assert len({entry.slug for entry in pages}) == len(pages) > 30


SLUGS = {"first": "first", "b/two": "b-two"}
KNOWN = {"first", "b-two", "b-two--more"}


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("b/two.html", "#b-two"),
        ("b/two.html#more", "#b-two--more"),
        ("b/two.html#gone", "#b-two"),
        ("#top", "#first"),
        ("https://example.org/", "https://example.org/"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("javascript:alert(1)", None),
        ("b/three.html", None),
        ("all.zip", None),
    ],
)
def test_where_a_link_leads(href, target):
    assert resolved(href, "first", SLUGS, KNOWN) == target


def test_what_is_not_printed_is_on_the_site():
    assert resolved("../all.zip", "b/two", SLUGS, KNOWN, "https://example.org/r/") == "https://example.org/r/all.zip"
    assert resolved("../x.html#y", "b/two", SLUGS, KNOWN, "https://example.org/r/") == "https://example.org/r/x.html#y"


def test_ids_and_what_names_them_change_together():
    text = f'<article class="bd-article"><label for="x">a</label><p id="x" aria-labelledby="y z">b</p>{FIGURE}</article>'
    found = article(text, "p")
    assert found.p["id"] == found.label["for"] == "p--x" and found.p["aria-labelledby"] == "p--y p--z"
    assert found.find(attrs={"clip-path": "url(#p--c1)"}) and found.find(id="p--c1")


def test_long_data_of_a_figure_is_cut_and_says_so():
    rows = "".join(f"<tr><td>row{number}</td></tr>" for number in range(100))
    whole = f'<details class="data-table"><summary>Data</summary><table><tbody>{rows}</tbody></table></details>'
    found = article(f'<article class="bd-article">{whole}</article>', "p")
    assert len(found.select("tr")) == MOST_ROWS and "The first 60 of 100 rows" in found.get_text()
    assert found.details.has_attr("open")


def test_the_front_page_offers_the_file_once_it_is_there(tmp_path):
    site = built(tmp_path / "html")
    file = site / "report.pdf"
    file.write_bytes(b"0" * 8_700_000)
    for _ in range(2):
        offer(site / "third.html", file)
    assert (site / "third.html").read_text().count('<a href="report.pdf">All pages as one PDF</a>') == 1
    with pytest.raises(LookupError, match="no place for the link"):
        offer(site / "first.html", file)


def test_the_front_page_has_a_place_for_the_link():
    root = entries(ROOT)[0].page
    assert '<span class="offer-print"></span>' in (ROOT / f"{root}.md").read_text(encoding="utf-8")
