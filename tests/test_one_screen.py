"""A figure is seen while it is moved: with a control in the middle of the screen, its picture is on the screen too."""

import pytest
from site_helpers import FIGURE_PAGES
from visits import visits

from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

#: The screens for which the report is laid out [px].
SCREENS = {"laptop": (1280, 720), "phone": (390, 780)}
#: The least share of a picture that is seen from each of its controls.
SEEN = 0.6
#: The highest that a picture is on a laptop [px].
HIGHEST = 440
#: The most of a phone's screen that sticks to its top, as a share of its height.
STICKS = 0.45
#: A picture so much smaller than it is drawn is hard to read.
SMALLEST = 0.8

#: Figures of the page. Of each: how high its picture is, how much smaller than it is drawn, how much of the screen's
#: height sticks to the top, and for each control the share of the picture that is on the screen and not covered.
MEASURE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const [width, height] = [document.documentElement.clientWidth, innerHeight];
  const sticky = [...document.body.querySelectorAll("*")]
    .filter(e => ["sticky", "fixed"].includes(getComputedStyle(e).position) && e.checkVisibility());
  // how far down it reaches what sticks to the top, over the middle of the screen
  const stuck = () => Math.max(0, ...sticky.map(e => e.getBoundingClientRect())
    .filter(({left, right, top, height}) => top < 1 && height > 0 && left < width / 2 && right > width / 2)
    .map(({bottom}) => bottom));
  const grid = [...Array(12).keys()].map(n => (n + .5) / 12);
  const seen = svg => {
    const {left, top, width: w, height: h} = svg.getBoundingClientRect();
    const points = grid.flatMap(x => grid.map(y => [left + x * w, top + y * h]));
    const free = ([x, y]) => {
      if (x < 0 || x >= width || y < 0 || y >= height) return false;
      const on_top = document.elementFromPoint(x, y);
      return on_top && (svg.contains(on_top) || on_top.contains(svg));
    };
    return points.filter(free).length / points.length;
  };
  const told = [];
  for (const section of document.querySelectorAll("section[data-explorer]")) {
    for (const folded of section.querySelectorAll(".more-controls")) folded.open = true;
    const svg = [...section.querySelectorAll("figure svg")].find(e => e.checkVisibility());
    const one = {name: section.dataset.explorer, controls: {}, sticks: 0};
    for (const box of section.querySelectorAll("[data-control]")) {
      box.scrollIntoView({block: "center", behavior: "instant"});
      await frame();
      one.controls[box.dataset.control] = seen(svg);
      one.sticks = Math.max(one.sticks, stuck() / height);
    }
    one.height = svg.getBoundingClientRect().height;
    one.scale = one.height / svg.viewBox.baseVal.height;
    told.push(one);
  }
  return told;
}"""


@visits(FIGURE_PAGES, *SCREENS)
def test_a_picture_is_on_the_screen_with_each_of_its_controls(visit):
    where = "phone" if visit.is_phone else "laptop"
    visit.resize(*SCREENS[where])
    for one in visit.measure(MEASURE):
        assert one["controls"].keys() == {control.key for control in explorer(one["name"]).controls}
        assert {key: share for key, share in one["controls"].items() if share < SEEN} == {}, one["name"]
        assert one["scale"] >= SMALLEST, f"{one['name']} is laid out for the room that it has"
        if where == "laptop":
            assert one["height"] <= HIGHEST, one["name"]
        else:
            assert 0 < one["sticks"] <= STICKS, one["name"]


# a figure with many controls: the last are far below its picture
@visits(["notebooks/3-system/model-states"], "phone")
def test_what_covers_a_picture_is_noticed(visit):
    style = visit.tab.add_style_tag(content=".explorer-shown { position: static !important }")
    assert min(min(one["controls"].values()) for one in visit.measure(MEASURE)) < SEEN
    visit.measure("""() => {
      const sheet = document.body.appendChild(document.createElement("div"));
      sheet.id = "sheet";
      sheet.style.cssText = "position: fixed; inset: 0; z-index: 2000";
    }""")
    assert max(max(one["controls"].values()) for one in visit.measure(MEASURE)) == 0
    style.evaluate("style => style.remove()")
    visit.measure("document.getElementById('sheet').remove()")
