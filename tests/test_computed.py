"""A number of the text says from which expression it comes, and leads to its cell: by mouse, keys, touch, and still."""

import ast
import re

import pytest
from bs4 import BeautifulSoup
from site_helpers import EXECUTED, source
from visits import visits

from moebook.site.provenance import bound, cell_of, is_set_up

pytest_plugins = ["site_fixtures"]

WRITERS = {"num", "span", "printed", "found", "exact", "table", "still", "claim_link", "verdict_word"}
TOKEN, COST = "notebooks/3-system/token-cost", "notebooks/1-overview/cost"

# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import a.b\nfrom c import d as e, f", {"a", "e", "f"}),
        ("x, (y, z) = 1, (2, 3)\nw = [v for v in x]", {"x", "y", "z", "w", "v"}),
        ("show('cost')", set()),
        ("if (n := 3): m = n", {"n", "m"}),
    ],
)
def test_names_that_a_cell_binds(code, names):
    assert bound(code) == names


def test_a_number_is_of_the_last_cell_that_binds_one_of_its_names():
    before = {"num": "code-1", "tables": "code-1", "day": "code-2", "run": "code-10"}
    cells = {
        'num(day.nodes, "nodes")': "code-2",
        "num(day.nodes / run.days)": "code-10",
        "num(tables.total())": "code-1",
        "num(3 + 4)": "code-12",
        'found("C05")': "code-12",
    }
    assert {expression: cell_of(expression, before, "code-12") for expression in cells} == cells


@pytest.mark.parametrize(("code", "whether"), [("import a", True), ("a = 1", True), ("a = 1\nshow(a)", False), ("", True)])
def test_set_up_shows_nothing(code, whether):
    assert is_set_up(code) is whether


# --- pages -----------------------------------------------------------------------------------------------------------


def expressions(page: str) -> list:
    """Every expression of a page's text, as it is written."""
    return [" ".join(told.split()) for told in re.findall(r"\{eval\}`([^`]+)`", source(page))]


@pytest.mark.site
@pytest.mark.parametrize("page", EXECUTED)
def test_every_number_of_the_text_leads_to_a_cell_that_can_be_unfolded(site, page):
    file = site / f"{page}.html"
    if not file.exists():
        pytest.skip("not in this site")
    soup = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
    numbers = soup.select("article a.computed")
    # what is computed and is no number stays text: a name, a verdict
    assert len(numbers) >= 0.7 * len(expressions(page))
    assert {number["title"] for number in numbers} <= set(expressions(page))
    for number in numbers:
        cell = soup.find(id=number["href"].removeprefix("#"))
        assert cell.find_parent("details") and "open" not in cell.find_parent("details").attrs
        assert re.search(r"\d", number.get_text())
        # what writes a number says nothing of where it comes from
        names = {node.id for node in ast.walk(ast.parse(number["title"])) if isinstance(node, ast.Name)} - WRITERS
        binding = [one for one in soup.find_all(id=re.compile(r"code-\d+$")) if names & bound(one.get_text())]
        assert cell in binding or not binding, number["title"]
    # a stop of the Tab key for each block of text at most
    for block in soup.select("article p"):
        assert sum(number.get("tabindex") != "-1" for number in block.select("a.computed")) <= 1


@pytest.mark.site
def test_the_number_of_a_set_up_is_found_in_it(site):
    soup = BeautifulSoup((site / f"{TOKEN}.html").read_text(encoding="utf-8"), "html.parser")
    number = soup.find("a", title='num(cost.usd_per_million, "USD", 4)')
    cell = soup.find(id=number["href"].removeprefix("#"))
    assert "cost, slopes = " in cell.get_text() and cell.find_parent(class_="tag_set-up")
    (folded,) = soup.select("article .tag_set-up")
    assert "What this page's numbers are computed from" in folded.summary.get_text()
    assert not soup.select("footer a.report"), "no repository is configured"


@pytest.mark.site
@visits([TOKEN], "laptop")
def test_at_the_mouse(visit):
    tab = visit.tab
    number, label = tab.locator("a.computed").nth(1), tab.locator(".computed-from")
    number.scroll_into_view_if_needed()
    number.hover()
    assert label.inner_text().startswith(expressions(TOKEN)[1]) and "Click: go to its cell" in label.inner_text()
    assert visit.violations() == []
    label.hover()
    tab.wait_for_timeout(300)
    assert label.is_visible(), "the pointer may go there"
    tab.keyboard.press("Escape")
    assert label.is_hidden()
    tab.mouse.move(5, 500)
    number.hover()
    tab.mouse.move(5, 500)
    label.wait_for(state="hidden")
    number.click()
    folded = tab.locator(number.get_attribute("href"))
    assert folded.is_visible() and folded.evaluate("cell => cell.getBoundingClientRect().top < innerHeight")


@pytest.mark.site
@visits([TOKEN], "laptop")
def test_by_keys_a_paragraph_is_one_stop(visit):
    tab, keys = visit.tab, visit.tab.keyboard
    tab.mouse.move(2, 2)
    label = tab.locator(".computed-from")
    text = "document.activeElement.textContent"
    first = tab.locator("a.computed").first
    of_paragraph = "number => [...number.closest('p').querySelectorAll('a.computed')].map(one => one.textContent)"
    paragraph = first.evaluate(of_paragraph)
    assert len(paragraph) > 3
    first.focus()
    keys.press("ArrowRight")
    assert tab.evaluate(text) == paragraph[1] and label.inner_text().startswith(expressions(TOKEN)[1])
    described = tab.evaluate("document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent")
    assert expressions(TOKEN)[1] in described
    keys.press("End")
    assert tab.evaluate(text) == paragraph[-1]
    keys.press("ArrowRight")
    assert tab.evaluate(text) == paragraph[-1]
    keys.press("Tab")
    assert not tab.evaluate("document.activeElement.matches('a.computed')") and label.is_hidden()
    keys.press("Shift+Tab")
    assert tab.evaluate(text) == paragraph[-1], "it comes back to where it was"
    keys.press("Home")
    cell = tab.locator(first.get_attribute("href"))
    assert cell.is_hidden()
    keys.press("Enter")
    assert cell.is_visible()


@pytest.mark.site
@visits([TOKEN], "phone")
def test_a_first_tap_asks_and_a_second_goes(visit):
    tab = visit.tab
    number, label = tab.locator("a.computed").nth(2), tab.locator(".computed-from")
    number.tap()
    assert label.inner_text().startswith(expressions(TOKEN)[2]) and "Tap again" in label.inner_text()
    box, width = label.bounding_box(), visit.size["width"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    cell = tab.locator(number.get_attribute("href"))
    assert cell.is_hidden() and "#" not in tab.url
    number.tap()
    assert cell.is_visible()


@pytest.mark.site
@visits([COST], "laptop without scripts")
def test_without_scripts_it_is_a_link_with_a_title(visit):
    number = visit.tab.locator("a.computed").first
    assert number.get_attribute("title") == expressions(COST)[0]
    number.click()
    assert visit.tab.locator(number.get_attribute("href")).is_visible(), "the browser unfolds what it leads to"


@pytest.mark.site
@visits([COST], "laptop")
def test_on_paper_it_is_plain(visit):
    visit.tab.emulate_media(media="print")
    line = visit.tab.locator("a.computed").first.evaluate("number => getComputedStyle(number).textDecorationLine")
    visit.tab.emulate_media(media="screen")
    assert line == "none" and visit.tab.locator(".tag_set-up").count() == 1
