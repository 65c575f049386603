"""The built site in Chromium: on a laptop and a phone, light and dark, with scripts and without, and nobody else to ask."""

import itertools

import pytest
from site_helpers import CHAPTER_PAGES, PAGES

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

WIDTHS, SCHEMES = (1280, 375), ("light", "dark")
ALL = [*PAGES, "search"]


class View:
    """One tab, and what goes wrong in it."""

    def __init__(self, browser, address, width, **how):
        self.address = address
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **how)
        self.context.route(lambda url: not url.startswith(address), self.refuse)
        self.tab = self.context.new_page()
        self.tab.on("console", lambda said: said.type in ("error", "warning") and self.wrong.append(said.text))
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.wrong = []

    def refuse(self, route):
        self.wrong.append(f"asks another host: {route.request.url}")
        route.abort()

    def open(self, path):
        self.wrong.clear()
        answer = self.tab.goto(f"{self.address}{path}")
        self.tab.wait_for_timeout(50)  # what scripts do at their leisure
        return answer

    def measure(self, script, *given):
        return self.tab.evaluate(script, *given)


@pytest.fixture(scope="module")
def view(chromium, address, request):
    """A tab of some width and scheme, for all pages that are opened in it."""
    width, scheme, scripts = request.param
    one = View(chromium, address, width, color_scheme=scheme, java_script_enabled=scripts)
    yield one
    one.context.close()


def views(*, scripts, schemes=SCHEMES):
    cases = [(width, scheme, scripts) for width, scheme in itertools.product(WIDTHS, schemes)]
    names = [f"{width} {scheme}" if scripts else f"{width} without scripts" for width, scheme, _ in cases]
    return pytest.mark.parametrize("view", cases, ids=names, indirect=True, scope="module")


#: What is cut off or has to be scrolled sideways to be seen: the page, or a box that is neither table, code nor formula.
CUT_OFF = """() => {
  const page = document.documentElement, scrolls = ".table-scroll, .highlight, .math, #jb-print-docs-body";
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


@views(scripts=True)
@pytest.mark.parametrize("page", ALL)
def test_page(view, page):
    assert view.open(f"{page}.html").status == 200
    assert view.wrong == []
    assert view.measure(CUT_OFF) == []


@views(scripts=False, schemes=("light",))
@pytest.mark.parametrize("page", PAGES)
def test_without_scripts(view, page):
    view.open(f"{page}.html")
    assert view.wrong == []
    assert view.measure(CUT_OFF) == []
    for what in ("article h1", "article table", "article .math", "article output", "article figcaption", ".claims > li"):
        assert view.measure(UNSEEN, what) == [], what


@views(scripts=False, schemes=("light",))
@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_one_picture_of_each_figure_fits_the_screen(view, page):
    view.open(f"{page}.html")
    pictures = view.measure(PICTURES)
    wide = view.tab.viewport_size["width"]
    assert pictures
    for widths in pictures:
        (width,) = widths
        assert wide * 0.35 < width <= wide


@views(scripts=True, schemes=("dark",))
@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_in_the_dark_no_figure_lies_in_a_white_box(view, page):
    view.open(f"{page}.html")
    assert view.measure("document.documentElement.dataset.theme") == "dark"
    assert sum(view.measure("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")) < 200
    assert view.measure(PAINTED) == []


@views(scripts=True, schemes=("light",))
def test_an_address_that_is_not_there(view):
    answer = view.open("deep/down/nothing")
    assert answer.status == 404
    # the browser reports the page's own status, and nothing that the page asks for is missing
    assert view.wrong == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
    assert view.tab.locator("h1:visible").count() == 1
    assert view.measure("getComputedStyle(document.querySelector('.bd-main')).display") == "flex", "it has its styles"
    view.tab.locator("article a", has_text="here").click()
    view.tab.wait_for_url(f"{view.address}{PAGES[0]}.html")


@views(scripts=True, schemes=("light",))
def test_the_front_door_leads_to_the_first_page(view):
    view.open("")
    view.tab.wait_for_url(f"{view.address}{PAGES[0]}.html")


@views(scripts=True, schemes=("light",))
def test_search(view):
    view.open("search.html?q=GPU-hours")
    view.tab.locator("#search-results li a").first.wait_for()
    assert view.wrong == []


def test_what_goes_wrong_is_noticed(chromium, address):
    one = View(chromium, address, 375)
    one.open("search.html")
    one.measure("""async () => {
      console.warn("a warning"); console.error("an error"); setTimeout(() => { throw Error("thrown") });
      await fetch("https://example.org/").catch(() => {});
      document.querySelector("main").insertAdjacentHTML("beforeend", "<p style='width: 2000px'>wide</p>");
    }""")
    one.tab.wait_for_timeout(50)
    told = " | ".join(one.wrong)
    assert all(word in told for word in ("a warning", "an error", "thrown", "asks another host: https://example.org/"))
    assert [told.split(" is ")[0] for told in one.measure(CUT_OFF)] == ["the page"]
    one.context.close()
