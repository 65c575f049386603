"""The ledger as a picture, as a badge, and the page with the code of its checks."""

import re
import xml.etree.ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from site_helpers import ROOT

from moebook.badge import COLOURS, FILE, badge
from moebook.ledger import VERDICTS
from moebook.ledger_picture import by_chapter, ledger_picture
from moebook.prose import claims_list
from moebook.site import checks
from moebook.tables import claims as tables
from moecalc.claims import counts_by_verdict, ledger
from moecalc.claims.registry import CHECKS

pytest_plugins = ["site_fixtures"]

ROWS = ledger()
SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


# --- the picture -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["wide", "narrow"])
def drawing(request):
    return parsed(ledger_picture(ROWS).data).select_one(f".chart-{request.param} svg")


def test_every_claim_is_a_square_once_in_the_colour_of_its_verdict(drawing):
    squares = {link["href"]: link for link in drawing.select("a")}
    assert len(drawing.select("a rect")) == len(squares) == len(ROWS)
    for row in ROWS:
        square = squares[f"#{row['id'].lower()}"]
        assert square["class"] == [f"ledger-{row['verdict'].replace(' ', '-')}"]
        assert square.find("text").get_text() == str(int(row["id"][1:]))
        assert square.title.get_text().startswith(f"{row['id']}, {row['verdict']}: ")


def test_no_square_covers_another_and_all_are_in_the_picture(drawing):
    width, height = map(float, drawing["viewbox"].split()[2:])
    places = [(float(rect["x"]), float(rect["y"]), float(rect["width"])) for rect in drawing.select("rect")]
    assert len({(x, y) for x, y, _ in places}) == len(places)
    assert all(0 <= x <= width - side and 0 <= y <= height - side for x, y, side in places)
    for x, y, side in places:
        assert not [1 for a, b, _ in places if (a, b) != (x, y) and abs(a - x) < side and abs(b - y) < side]


def test_a_square_is_large_enough_for_a_finger_on_a_phone():
    drawing = parsed(ledger_picture(ROWS).data).select_one(".chart-narrow svg")
    assert float(drawing["viewbox"].split()[2]) <= 375 - 2 * 16, "it is not drawn smaller than it is written"
    assert {rect["width"] for rect in drawing.select("rect")} == {"24"}


def test_verdicts_stand_together_within_a_chapter():
    for claims in by_chapter(ROWS).values():
        order = [VERDICTS.index(row["verdict"]) for row in claims]
        assert order == sorted(order)
    assert sum(map(len, by_chapter(ROWS).values())) == len(ROWS)


def test_the_table_adds_up():
    lines = [
        [cell.get_text() for cell in line.select("th, td")]
        for line in parsed(tables.by_verdict(ROWS).data).select("tbody tr")
    ]
    counts = counts_by_verdict()
    for verdict, *numbers, total in lines:
        assert sum(map(int, numbers)) == int(total) == counts[verdict]
    assert sum(int(line[-1]) for line in lines) == len(ROWS)


# --- the badge -------------------------------------------------------------------------------------------------------


def test_the_badge_counts_every_verdict_that_there_is():
    counts = counts_by_verdict()
    drawn = ET.fromstring(badge(counts))
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert words[0] == "claims" and len(words) == 1 + sum(map(bool, counts.values()))
    assert sum(int(word.split()[0]) for word in words[1:]) == len(ROWS)
    assert drawn.get("aria-label") == "claims: " + ", ".join(words[1:])


def test_a_badge_says_one_and_none():
    drawn = badge({"differs": 1, "question": 2, "open": 0})
    assert "1 differs" in drawn and "2 questions" in drawn and "open" not in drawn


def test_the_parts_of_a_badge_follow_each_other_and_their_words_fit():
    drawn = ET.fromstring(badge(counts_by_verdict()))
    boxes, left = [box for box in drawn.iter(f"{SVG}rect") if box.get("fill")], 0
    for box, text in zip(boxes, drawn.iter(f"{SVG}text"), strict=True):
        assert int(box.get("x")) == left < int(text.get("x"))
        left += int(box.get("width"))
        assert int(text.get("x")) + int(text.get("textLength")) < left
    assert left == int(drawn.get("width"))


def test_the_colours_of_the_badge_are_those_of_the_bar():
    styles = (ROOT / "book" / "styles" / "front.css").read_text(encoding="utf-8")
    written = dict(re.findall(r"--ledger-([\w-]+): (#\w+);", styles))
    assert {verdict.replace(" ", "-"): colour for verdict, colour in COLOURS.items() if verdict != "open"} == written


@pytest.mark.site
def test_the_site_carries_the_badge(site):
    assert (site / FILE).read_text(encoding="utf-8") == badge(counts_by_verdict())


# --- the list and the code -------------------------------------------------------------------------------------------


def test_every_claim_of_the_list_says_its_slide_and_leads_to_page_and_code():
    listed = parsed(claims_list(links=True).data)
    for row in ROWS:
        item = listed.find(id=row["id"].lower())
        links = [link["href"] for link in item.select("a[href]")]
        assert f"Slide: {row['slide']}" in item.get_text()
        assert (f"../checks.html#{checks.anchor(row['id'])}" in links) == (row["id"] in CHECKS)
        page = row["page"].removeprefix("notebooks/")
        assert not page or f"{page}.html#{row['id'].lower()}" in links


@pytest.mark.parametrize("claim", ["C01", "C49", "C104"])
def test_the_code_of_a_check_stands_at_its_anchor(claim):
    from sphinx.highlighting import PygmentsBridge

    page = parsed(checks.body(PygmentsBridge("html")))
    assert {f"check-{known.lower()}" for known in CHECKS} == {mark["id"] for mark in page.select(".check")}
    after = "".join(str(text) for text in page.find(id=checks.anchor(claim)).find_all_next(string=True)[:60])
    assert after.startswith("@check(") and f"def {checks.places()[claim].function}(" in after
    assert page.select("h2")[0].get_text().startswith("src/moecalc/claims/")
