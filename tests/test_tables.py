"""Tables have room on a laptop; on a phone the first column stays while the others scroll."""

import pytest
from site_helpers import PAGES
from visits import visits

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

#: Every table of the page, unfolded: its first words, its width and that of its place.
WIDTHS = """() => {
  for (const folded of document.querySelectorAll("main details")) folded.open = true;
  return [...document.querySelectorAll("main table")].filter(table => table.checkVisibility()).map(table => {
    const place = table.closest(".table-scroll, .pst-scrollable-table-container") ?? table.parentElement;
    return [table.textContent.trim().slice(0, 40), table.offsetWidth, place.clientWidth];
  });
}"""

#: Of every table that is wider than its place, scrolled to its end: by how much its first column has moved.
MOVED = """() => {
  for (const folded of document.querySelectorAll("main details")) folded.open = true;
  const places = [...document.querySelectorAll(".table-scroll, .pst-scrollable-table-container")];
  return places.filter(place => place.checkVisibility() && place.scrollWidth > place.clientWidth + 1).map(place => {
    const cell = place.querySelector("tbody tr > :first-child"), before = cell.getBoundingClientRect().left;
    place.scrollLeft = place.scrollWidth;
    const moved = Math.abs(cell.getBoundingClientRect().left - before), share = cell.offsetWidth / place.clientWidth;
    place.scrollLeft = 0;
    return [place.textContent.trim().slice(0, 40), moved, share];
  });
}"""


@visits(PAGES, "laptop")
def test_no_table_is_wider_than_its_place(visit):
    assert [found for found in visit.measure(WIDTHS) if found[1] > found[2] + 1] == []


@visits(PAGES, "phone")
def test_the_first_column_stays_while_the_others_scroll(visit):
    found = visit.measure(MOVED)
    assert [one for one in found if one[1] > 1] == []
    # and leaves them room
    assert [one for one in found if one[2] > 0.7] == []
