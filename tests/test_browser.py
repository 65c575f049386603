"""The built site in Chromium: on a laptop and a phone, light and dark, with scripts and without, and nobody else to ask."""

import pytest
from site_helpers import FIGURE_PAGES, PAGES
from visits import SIZES, View, visits

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

SCHEMES = ("light", "dark")
ALL = [*PAGES, "search"]
SCRIPTED, STILL = ("laptop", "phone"), ("laptop without scripts", "phone without scripts")


#: What is cut off or has to be scrolled sideways to be seen: the page, or a box that is neither table, code nor formula.
CUT_OFF = """() => {
  const page = document.documentElement, tables = ".table-scroll, .pst-scrollable-table-container";
  const scrolls = `${tables}, .highlight, .math, #jb-print-docs-body`;
  const boxes = [...document.querySelectorAll("main *")].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1
    && getComputedStyle(e).overflowX !== "visible" && !e.closest(scrolls));
  const words = [...document.querySelectorAll("figure svg text")].filter(word => {
    const [inner, outer] = [word, word.closest("svg")].map(e => e.getBoundingClientRect());
    return inner.width > 0 && (inner.left < outer.left - 1 || inner.right > outer.right + 1
      || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1);
  });
  const wide = page.scrollWidth > page.clientWidth ? [`the page is ${page.scrollWidth} wide`] : [];
  return [...wide, ...boxes.map(e => e.outerHTML.slice(0, 90)), ...words.map(e => "in a picture: " + e.textContent)];
}"""

#: What covers the page's own background behind a figure or a table that the build made.
PAINTED = """() => [".cell_output", ".cell_output > .output", ".explorer", ".explorer figure", ".chart", ".chart > svg"]
  .flatMap(what => [...document.querySelectorAll(what)].map(e => [what, getComputedStyle(e).backgroundColor]))
  .filter(([_, colour]) => colour !== "rgba(0, 0, 0, 0)")"""

#: What has no size although it should be seen: all that matches and lies in nothing that is folded.
UNSEEN = """(what) => [...document.querySelectorAll(what)]
  .filter(e => !e.closest("details:not([open]), #jb-print-docs-body"))
  .filter(e => { const box = e.getBoundingClientRect(); return box.width < 5 || box.height < 5 || !e.checkVisibility(); })
  .map(e => e.outerHTML.slice(0, 90))"""

#: For each figure the widths of its pictures that are seen.
PICTURES = """() => [...document.querySelectorAll("section.explorer")].map(section =>
  [...section.querySelectorAll("figure svg")].map(svg => svg.getBoundingClientRect().width).filter(width => width > 0))"""


@visits(ALL, *SCRIPTED)
def test_page(visit):
    assert visit.status == 200
    for scheme in SCHEMES:
        visit.scheme(scheme)
        assert visit.measure(CUT_OFF) == []


@visits(PAGES, *STILL)
def test_without_scripts(visit):
    assert visit.measure(CUT_OFF) == []
    for what in ("h1", "table", ".math", "output", ":is(figcaption, .explorer-caption)", ".claims > li"):
        what = f"article {what}"
        assert visit.measure(UNSEEN, what) == [], what


@visits(FIGURE_PAGES, *STILL)
def test_one_picture_of_each_figure_fits_the_screen(visit):
    pictures = visit.measure(PICTURES)
    wide = visit.size["width"]
    assert pictures
    for widths in pictures:
        (width,) = widths
        assert wide * 0.35 < width <= wide


@visits(FIGURE_PAGES, *SCRIPTED)
def test_in_the_dark_no_figure_lies_in_a_white_box(visit):
    visit.scheme("dark")
    assert sum(visit.measure("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")) < 200
    assert visit.measure(PAINTED) == []


@pytest.fixture(params=SCRIPTED)
def view(request, chromium, address):
    """A tab for one test."""
    one = View(chromium, address, **SIZES[request.param])
    yield one
    one.close()


def test_an_address_that_is_not_there(view):
    answer = view.open("deep/down/nothing")
    assert answer.status == 404
    # the browser reports the page's own status, and nothing that the page asks for is missing
    assert view.wrong == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
    assert view.tab.locator("h1:visible").count() == 1
    assert view.measure("getComputedStyle(document.querySelector('.bd-main')).display") == "flex", "it has its styles"
    view.tab.locator("article a", has_text="here").click()
    view.tab.wait_for_url(f"{view.address}{PAGES[0]}.html")


def test_the_front_door_leads_to_the_first_page(view):
    view.open("")
    view.tab.wait_for_url(f"{view.address}{PAGES[0]}.html")


def test_search(view):
    view.open("search.html?q=GPU-hours")
    view.tab.locator("#search-results li a").first.wait_for()
    assert view.wrong == []


def test_a_reader_who_prefers_the_dark_gets_it(chromium, address):
    one = View(chromium, address, color_scheme="dark")
    one.open(f"{PAGES[0]}.html")
    assert one.measure("document.documentElement.dataset.theme") == "dark"
    one.close()


def test_what_goes_wrong_is_noticed(view):
    view.open("search.html")
    view.measure("""async () => {
      console.warn("a warning"); console.error("an error"); setTimeout(() => { throw Error("thrown") });
      await fetch("https://example.org/").catch(() => {});
      document.querySelector("main").insertAdjacentHTML("beforeend", "<p style='width: 2000px'>wide</p>");
    }""")
    view.tab.wait_for_timeout(50)
    told = " | ".join(view.wrong)
    assert all(word in told for word in ("a warning", "an error", "thrown", "asks another host: https://example.org/"))
    assert [told.split(" is ")[0] for told in view.measure(CUT_OFF)] == ["the page"]
