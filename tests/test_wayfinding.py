"""Finding one's way, and reading: short names of pages, chapters that fold, the face and the measure of the prose."""

import pytest
import yaml
from gates_helpers import FOCUS
from site_fixtures import WINDOWED
from site_helpers import CHAPTER_PAGES, PAGES, ROOT
from test_browser import View
from visits import visits

from moebook.site import fonts

pytest_plugins = ["site_fixtures"]

#: Longest entry of the sidebar [characters]
LONGEST = 32


def entries() -> dict:
    """Chapter -> (page, short title) each."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return {part["caption"]: [(page["file"], page.get("title")) for page in part["chapters"]] for part in parts}


SHORT = dict(page for pages in entries().values() for page in pages)


def test_every_page_has_a_short_title_of_its_own():
    assert list(SHORT) == PAGES[1:]
    assert [page for page, title in SHORT.items() if not title or len(title) > LONGEST] == []
    assert len(set(SHORT.values())) == len(SHORT)


def test_the_text_face_comes_from_its_package(tmp_path):
    rules = fonts.copy_fonts(ROOT / "node_modules", tmp_path)
    copied = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.woff2")}
    assert copied == {part.split(")")[0] for part in rules.split("url(")[1:]}
    assert f"_static/{min(copied, key=lambda name: 'italic' in name)}" == fonts.FIRST
    assert rules.count("font-display: swap") == 2 and rules.count('"Source Sans 3 stand-in"') == 1


# --- the built site --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(chromium, address):
    """A tab of a laptop, without scripts."""
    one = View(chromium, address, viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    yield one
    one.context.close()


@pytest.fixture(scope="module")
def laptop(chromium, address):
    one = View(chromium, address, viewport={"width": 1280, "height": 900})
    yield one
    one.context.close()


#: The sidebar's chapters with their entries, and the titles of the pages before and after.
WAYS = """() => [
  Object.fromEntries([...document.querySelectorAll(".bd-sidebar-primary .toctree-l0")].map(chapter => [
    chapter.querySelector("summary").innerText.trim(),
    [...chapter.querySelectorAll("li a")].map(link => link.textContent),
  ])),
  [...document.querySelectorAll(".prev-next-area .prev-next-title")].map(title => title.innerText),
]"""


@pytest.mark.site
@visits(PAGES, "laptop without scripts")
def test_sidebar_and_neighbours_use_the_short_titles(visit):
    shown, told = visit.measure(WAYS)
    assert shown == {caption: [title for _, title in pages] for caption, pages in entries().items()}
    here = PAGES.index(visit.page)
    beside = [SHORT.get(one) for one in (*PAGES[max(here - 1, 0) : here], *PAGES[here + 1 : here + 2])]
    assert told == [title or "DeepSeek-V3, Recomputed" for title in beside]


@pytest.mark.site
def test_a_chapter_unfolds_without_scripts_and_by_keyboard(plain):
    plain.open("notebooks/2-model/routing.html")
    chapters = plain.tab.locator(".bd-sidebar-primary .toctree-l0 > details")
    is_open = "chapters => chapters.map(chapter => chapter.open)"
    assert chapters.evaluate_all(is_open) == [caption == "Model" for caption in entries()]
    chapters.first.locator("summary").focus()
    plain.tab.keyboard.press("Enter")
    assert chapters.evaluate_all(is_open) == [caption in ("Overview", "Model") for caption in entries()]
    plain.tab.keyboard.press("Tab")
    plain.tab.keyboard.press("Enter")
    plain.tab.wait_for_url(f"**/{CHAPTER_PAGES[0]}.html")


@pytest.mark.site
def test_the_focus_on_a_chapter_is_seen(laptop):
    laptop.open("notebooks/claims.html")
    laptop.tab.locator(".bd-sidebar-primary summary").first.focus()
    laptop.tab.keyboard.press("Shift+Tab")
    laptop.tab.keyboard.press("Tab")
    # the theme draws the edge around the arrow of the line that has the focus
    arrow = "getComputedStyle(document.activeElement.querySelector('.toctree-toggle')).outlineStyle"
    assert laptop.tab.evaluate(FOCUS)["name"].strip() == "SUMMARY" and laptop.measure(arrow) == "solid"


#: Characters of each full line of the page's longest paragraph; code in a line is smaller and on the same line.
LINES = """() => {
  const longest = [...document.querySelectorAll(".bd-article section > p")].reduce(
    (one, other) => other.textContent.length > one.textContent.length ? other : one);
  const walk = document.createTreeWalker(longest, NodeFilter.SHOW_TEXT), range = document.createRange(), lines = [];
  for (let last = -Infinity; walk.nextNode();)
    for (let at = 0; at < walk.currentNode.length; at++) {
      range.setStart(walk.currentNode, at);
      range.setEnd(walk.currentNode, at + 1);
      const {top, bottom} = range.getBoundingClientRect(), middle = (top + bottom) / 2;
      if (middle > last + 12) { lines.push(0); last = middle; }
      lines[lines.length - 1]++;
    }
  return lines.slice(0, -1);
}"""


@pytest.mark.site
def test_prose_has_60_to_75_characters_a_line(laptop):
    laptop.open("book/method.html")
    laptop.measure("document.fonts.ready.then(() => true)")
    lines = laptop.measure(LINES)
    assert len(lines) > 2 and 60 <= sum(lines) / len(lines) <= 75, lines


@pytest.mark.site
def test_figures_are_of_one_width_and_the_face_is_the_sites_own(laptop):
    laptop.open("book/method.html")
    laptop.measure("document.fonts.ready.then(() => true)")
    widths = laptop.measure("""() => {
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = `40px ${getComputedStyle(document.body).fontFamily}`;
      return [..."0123456789"].map(digit => pen.measureText(digit).width);
    }""")
    loaded = laptop.measure("[...document.fonts].filter(face => face.status === 'loaded').map(face => face.family)")
    assert len(set(widths)) == 1 and any("Source Sans 3" in family for family in loaded)


@pytest.mark.site
def test_nothing_shifts_when_the_face_arrives(launch, address):
    browser = launch(WINDOWED)
    one = View(browser, address, viewport={"width": 1280, "height": 900})
    one.context.add_init_script("""window.shifted = 0; new PerformanceObserver(list => list.getEntries().forEach(
      entry => { window.shifted += entry.value; })).observe({type: "layout-shift", buffered: true})""")

    def late(route):
        one.tab.wait_for_timeout(700)
        route.continue_()

    one.context.route("**/*.woff2", late)
    for page in ("book/method", CHAPTER_PAGES[0]):
        one.open(f"{page}.html")
        one.measure("document.fonts.ready.then(() => true)")
        one.tab.wait_for_timeout(300)
        assert one.measure("shifted") < 0.05, page
    browser.close()
