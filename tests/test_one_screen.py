"""A figure is seen while it is moved: with a control in the middle of the screen, its picture is on the screen too."""

import pytest
from site_helpers import FIGURE_PAGES
from visits import View

from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

LAPTOP = {"viewport": {"width": 1280, "height": 720}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
SIZES = {"laptop": LAPTOP, "phone": PHONE}
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
  const grid = [...Array(20).keys()].map(n => (n + .5) / 20);
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


@pytest.fixture(scope="module")
def measured(chromium, address):
    """Size of the screen -> its figures, measured on every page."""
    found = {}
    for size, how in SIZES.items():
        view = View(chromium, address, **how)
        found[size] = []
        for page in FIGURE_PAGES:
            view.open(f"{page}.html")
            found[size] += view.measure(MEASURE)
        view.close()
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_on_the_screen_with_each_of_its_controls(measured, size):
    shares = {(one["name"], key): share for one in measured[size] for key, share in one["controls"].items()}
    names = {name for name, _ in shares}
    assert shares.keys() == {(name, control.key) for name in names for control in explorer(name).controls}
    unseen = {which: share for which, share in shares.items() if share < SEEN}
    print(f"{size}: {len(shares) - len(unseen)} of {len(shares)} controls")
    assert not unseen


def test_a_picture_is_low_enough_for_a_laptop(measured):
    assert {one["name"]: one["height"] for one in measured["laptop"] if one["height"] > HIGHEST} == {}


def test_what_sticks_leaves_a_phone_room_for_the_controls(measured):
    assert {one["name"]: one["sticks"] for one in measured["phone"] if not 0 < one["sticks"] <= STICKS} == {}


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_laid_out_for_the_room_that_it_has(measured, size):
    assert {one["name"]: one["scale"] for one in measured[size] if one["scale"] < SMALLEST} == {}


def test_what_covers_a_picture_is_noticed(chromium, address):
    view = View(chromium, address, **PHONE)
    # a figure with many controls: the last are far below its picture
    view.open("notebooks/3-system/model-states.html")
    view.tab.add_style_tag(content=".explorer-shown { position: static !important }")
    assert min(min(one["controls"].values()) for one in view.measure(MEASURE)) < SEEN
    view.measure("""() => {
      const sheet = document.body.appendChild(document.createElement("div"));
      sheet.style.cssText = "position: fixed; inset: 0; z-index: 2000";
    }""")
    assert max(max(one["controls"].values()) for one in view.measure(MEASURE)) == 0
    view.close()
