"""Quality gates of every page, in Chromium: WCAG, keyboard, fingers, weight, silence, and controls that keep their word."""

import functools
import gzip

import pytest
from gates_helpers import COLOUR_RULES, FOCUS, REACHABLE
from site_helpers import FIGURE_PAGES, PAGES
from test_browser import ALL
from visits import SIZES, SPARING, View, visits

from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]
pytestmark = [pytest.mark.site, pytest.mark.gates]


# --- for everybody ---------------------------------------------------------------------------------------------------


@visits([*ALL, "404"], "laptop", "phone")
def test_axe_finds_no_violation_in_use(visit):
    # all that a page has, also what is folded at first, and figures that were moved: axe looks once at everything
    for figure in visit.figures:
        figure.rest()
        figure.move(figure.controls[0]["key"], figure.controls[0]["settings"][-1])
        figure.unfold()
        figure.rest()
    if visit.is_phone:
        visit.scheme("dark")  # a laptop shows the same colours of either scheme
    assert visit.violations() == []
    if not visit.is_phone:
        visit.scheme("dark")
        assert visit.violations(COLOUR_RULES) == []


@visits(FIGURE_PAGES, "laptop")
def test_keyboard_alone(visit):
    tab = visit.tab
    for figure in visit.figures:
        figure.rest()
        figure.unfold()
        expected = tab.evaluate(REACHABLE, figure.name)
        title = figure.section.locator(".explorer-title")
        title.evaluate("title => { title.tabIndex = -1; title.focus() }")
        reached = []
        for _ in range(len(expected) + 1):
            tab.keyboard.press("Tab")
            reached.append(tab.evaluate(FOCUS))
        *inside, after = reached
        assert [one["name"] for one in inside] == expected
        assert {one["at"] for one in inside} == {figure.name}
        assert [one["name"] for one in inside if not one["seen"]] == []
        assert after["at"] != figure.name, "Tab leaves the figure"
        tab.keyboard.press("Shift+Tab")
        assert tab.evaluate(FOCUS)["name"] == expected[-1], "and comes back"


@visits(FIGURE_PAGES, "phone")
def test_controls_are_labelled_and_large_enough_for_a_finger(visit):
    for figure in visit.figures:
        figure.rest()
        figure.unfold()
        known = explorer(figure.name)
        for control in known.controls:
            box = figure.control(control.key)
            label = box.evaluate("box => [...box.labels].filter(e => e.checkVisibility()).map(e => e.innerText).join()")
            unit = getattr(control, "unit", "")
            assert control.label in label and unit in label, control.key
            if control.kind in ("range", "textarea"):
                told = box.evaluate("box => document.getElementById(box.getAttribute('aria-describedby')).innerText")
                assert told.strip(), control.key
        small = figure.section.evaluate(
            """section => [...section.querySelectorAll("input, select, textarea, button, summary")].filter(e => {
              const {width, height} = e.getBoundingClientRect(); return width < 24 || height < 24; })
              .map(e => e.outerHTML.slice(0, 90))"""
        )
        assert small == []


# --- light and silent ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def weigh(site, address):
    """A function that gives the weight of what a page has fetched, without the engine [KB, gzipped]."""

    @functools.cache
    def size(path):
        return len(gzip.compress((site / path).read_bytes())) / 1000

    def weight(fetched):
        paths = {url.removeprefix(address).partition("?")[0].partition("#")[0] for url in fetched if url.startswith(address)}
        return sum(size(path) for path in paths if not path.startswith("engine/"))

    return weight


@pytest.mark.parametrize("page", PAGES)
def test_weight(page, chromium, address, weigh):
    # a first visit: of faces that were fetched for another page a browser loads also those that this one does not need
    one = View(chromium, address, **SIZES["laptop"])
    one.context.add_init_script(SPARING)
    one.open(f"{page}.html")
    one.tab.wait_for_load_state("networkidle")
    assert weigh(one.fetched) <= 350
    assert not any("/webfonts/" in url for url in one.fetched), "icons are drawn by icons.css"
    one.close()


@visits(FIGURE_PAGES, "laptop")
def test_nothing_goes_wrong_and_little_is_fetched_while_every_control_is_moved(visit, weigh):
    for figure in visit.figures:
        figure.rest()
        built = figure.state
        for control in figure.controls:
            for now in figure.drive([(control["key"], setting) for setting in control["settings"]]):
                # a refusal is an answer too: a sentence, and numbers that are marked
                assert now["refused"] == now["stale"], (figure.name, now["moved"])
            figure.press("reset")
            figure.rest()
            assert figure.state["metrics"] == built["metrics"]
        # far from any single move, and faster than it can be answered
        for control in figure.controls:
            figure.move(control["key"], control["settings"][-1])
        figure.rest()
    assert any("vega.js" in url for url in visit.fetched)
    assert weigh(visit.fetched) <= 650


# --- the first rung --------------------------------------------------------------------------------------------------


@visits(FIGURE_PAGES, "laptop without scripts")
def test_without_scripts_the_controls_are_off_and_say_why(visit):
    for section in visit.tab.locator("section[data-explorer]").all():
        assert section.locator("[data-control]").count() > 0
        assert all(box.is_disabled() for box in section.locator("[data-control], button").all())
        assert section.locator("p.no-js", has_text="they need JavaScript").is_visible()
        assert section.get_attribute("aria-busy") == "false" and section.get_attribute("data-engine") == "idle"
        assert section.locator("figure svg:visible").count() == 1 and section.locator("output:visible").count() > 0
