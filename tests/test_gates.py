"""Quality gates of the whole site, in Chromium: WCAG, keyboard, touch, weight, silence, and figures that keep their word."""

import csv
import gzip
import io
import itertools
from xml.etree import ElementTree

import pytest
from gates_helpers import AXE, CONTROLS, FOCUS, REACHABLE, VIOLATIONS, Figure, sentence
from site_helpers import CHAPTER_PAGES, PAGES
from test_browser import ALL
from visits import View

from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]
pytestmark = [pytest.mark.site, pytest.mark.gates]

COST, PARAMETERS = "notebooks/1-overview/cost.html", "notebooks/2-model/parameters.html"


@pytest.fixture
def opened(chromium, address):
    """A function that opens a page in a tab of its own, with what goes wrong there."""
    views = []

    def open_page(path, width=1280, prepare=None, **how):
        one = View(chromium, address, viewport={"width": width, "height": 900}, **how)
        views.append(one)
        one.tab.set_default_timeout(60_000)
        if prepare:
            prepare(one)
        one.open(path)
        return one

    yield open_page
    for one in views:
        one.context.close()


@pytest.fixture
def cost(opened):
    """The first figure, alive, on a laptop."""
    one = opened(COST, permissions=["clipboard-read", "clipboard-write"])
    figure = Figure(one.tab, "cost")
    figure.rest()
    return figure


@pytest.fixture(scope="module")
def wide(chromium, address):
    """One tab for what needs none of its own; the engine that a page has started starts faster on the next."""
    one = View(chromium, address, viewport={"width": 1280, "height": 900})
    one.tab.set_default_timeout(60_000)
    yield one
    one.context.close()


def figures(tab) -> list:
    return [(Figure(tab, told["name"]), told["controls"]) for told in tab.evaluate(CONTROLS)]


# --- for everybody ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe_view(chromium, address, request):
    width, scheme = request.param
    one = View(chromium, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    one.tab.set_default_timeout(60_000)
    yield one
    one.context.close()


@pytest.mark.parametrize("page", [*ALL, "404"])
@pytest.mark.parametrize(
    "axe_view",
    list(itertools.product((1280, 375), ("light", "dark"))),
    ids=lambda case: f"{case[0]} {case[1]}",
    indirect=True,
)
def test_axe_finds_no_violation_before_and_after_use(axe_view, page):
    axe_view.open(f"{page}.html")
    tab = axe_view.tab
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    assert tab.evaluate(VIOLATIONS, "html") == []
    used = figures(tab)
    for figure, controls in used:
        figure.rest()
        figure.move(controls[0]["key"], controls[0]["settings"][-1])
        figure.unfold()
        figure.rest()
    if used:
        assert tab.evaluate(VIOLATIONS, "main") == []


def test_axe_is_awake(opened):
    tab = opened("book/method.html").tab
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    tab.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")
    assert [told.split(":")[0] for told in tab.evaluate(VIOLATIONS, "html")] == ["button-name", "image-alt"]


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_keyboard_alone(wide, page):
    wide.open(f"{page}.html")
    tab = wide.tab
    for figure, _ in figures(tab):
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
    assert wide.wrong == []


def test_keys_move_a_slider_a_list_and_a_button(cost):
    tab, built = cost.tab, cost.state
    cost.section.locator('[data-slider-for="gpu_hours"]').focus()
    tab.keyboard.press("ArrowRight")
    cost.rest()
    moved = cost.state
    assert float(moved["controls"]["gpu_hours"]) > float(built["controls"]["gpu_hours"])
    assert float(moved["metrics"]["usd"]) > float(built["metrics"]["usd"])
    cost.section.locator('[data-action="reset"]').focus()
    tab.keyboard.press("Enter")
    cost.rest()
    assert cost.state["metrics"] == built["metrics"]
    cost.control("accelerator").focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    cost.rest()
    assert cost.state["controls"]["accelerator"] != built["controls"]["accelerator"]
    cost.section.locator(".data-table > summary").focus()
    tab.keyboard.press("Enter")
    assert cost.section.locator(".data-table").evaluate("details => details.open")


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_controls_are_labelled_and_large_enough_for_a_finger(opened, page):
    tab = opened(f"{page}.html", width=375, has_touch=True, is_mobile=True).tab
    for figure, _ in figures(tab):
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


def test_touch(opened):
    one = opened(COST, width=375, has_touch=True, is_mobile=True)
    figure = Figure(one.tab, "cost")
    figure.rest()
    built = figure.state
    slider = figure.section.locator('[data-slider-for="gpu_hours"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    one.tab.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    figure.rest()
    moved = figure.state
    assert float(moved["controls"]["gpu_hours"]) > float(built["controls"]["gpu_hours"])
    assert float(moved["metrics"]["usd"]) > float(built["metrics"]["usd"])
    figure.control("accelerator").tap()
    figure.control("accelerator").select_option(index=1)
    figure.rest()
    assert figure.state["controls"]["accelerator"] != built["controls"]["accelerator"]
    assert figure.state["controls"]["gpu_hours"] == moved["controls"]["gpu_hours"]
    assert one.wrong == []


# --- light and silent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_weight(opened, page):
    answers = []

    def listen(one):
        one.tab.on("response", lambda answer: answers.append(answer))

    def kilobytes(*left_out):
        """All that was fetched for the page, each thing once, without the engine [KB, gzipped]"""
        left_out = ("/engine/", "data:", "blob:", *left_out)
        fetched = {one.url: one for one in answers if not any(part in one.url for part in left_out)}
        weight = sum(len(gzip.compress(one.body())) for one in fetched.values()) / 1000
        print(f"{page}: {weight:.0f} KB")
        return weight

    one = opened(f"{page}.html", prepare=listen)
    one.tab.wait_for_load_state("networkidle")
    # on a busy machine the engine has started by itself by now, and fetched what draws
    assert kilobytes("vega", ".vg.json") <= 350
    assert not any("/webfonts/" in answer.url for answer in answers), "icons are drawn by icons.css"
    if page not in CHAPTER_PAGES:
        return
    for figure, controls in figures(one.tab):
        figure.rest()
        for setting in (controls[0]["settings"][-1], controls[0]["settings"][0]):
            figure.move(controls[0]["key"], setting)
            figure.rest()
    assert any("vega.js" in answer.url for answer in answers)
    assert kilobytes() <= 650


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_nothing_goes_wrong_while_every_control_is_moved(wide, page):
    wide.open(f"{page}.html")
    for figure, controls in figures(wide.tab):
        figure.rest()
        built = figure.state
        for control in controls:
            for setting in control["settings"]:
                figure.move(control["key"], setting)
                figure.rest()
                now = figure.state
                # a refusal is an answer too: a sentence, and numbers that are marked
                assert bool(now["error"]) == now["stale"], (figure.name, control["key"], setting)
            figure.press("reset")
            figure.rest()
            assert figure.state["metrics"] == built["metrics"]
        for control in controls:  # far from any single move
            figure.move(control["key"], control["settings"][-1])
        figure.rest()
    assert wide.wrong == []


# --- the rungs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", CHAPTER_PAGES)
def test_without_scripts_the_controls_are_off_and_say_why(opened, page):
    tab = opened(f"{page}.html", java_script_enabled=False).tab
    for section in tab.locator("section[data-explorer]").all():
        assert section.locator("[data-control]").count() > 0
        assert all(box.is_disabled() for box in section.locator("[data-control], button").all())
        assert section.locator("p.no-js", has_text="they need JavaScript").is_visible()
        assert section.get_attribute("aria-busy") == "false" and section.get_attribute("data-engine") == "idle"
        assert section.locator("figure svg:visible").count() == 1 and section.locator("output:visible").count() > 0


def no_webassembly(one):
    """A policy that allows the site's scripts and no WebAssembly; a worker has that of its own answer."""

    def answer(route):
        given = route.fetch()
        policy = {"content-security-policy": "script-src 'self' 'unsafe-inline'"}
        route.fulfill(response=given, headers={**given.headers, **policy})

    one.tab.route("**/*.html", answer)
    one.context.route("**/*.js", answer)


def no_engine(one):
    one.context.route("**/engine/**", lambda route: route.fulfill(status=404, body="not here"))


@pytest.mark.parametrize("prepare", [no_webassembly, no_engine])
def test_without_an_engine_single_moves_are_answered(opened, prepare):
    tab = opened(COST, prepare=prepare).tab
    figure = Figure(tab, "cost")
    figure.rest()
    built = figure.state
    figure.control("gpu_hours").focus()
    figure.engine("failed", timeout=30_000)
    assert figure.state["status"].count(".") == 1 and "engine" in figure.state["status"]
    figure.move("gpu_hours", 0)
    figure.rest()
    moved = figure.state
    assert float(moved["metrics"]["usd"]) < float(built["metrics"]["usd"]) and not moved["stale"]
    assert moved["picture"] != built["picture"]
    figure.move("usd_per_gpu_hour", 0)
    tab.wait_for_function("document.querySelector('section[data-explorer] .metrics.stale')")
    far = figure.state
    assert far["busy"] == "false" and far["metrics"] == moved["metrics"] and "last state that was computed" in far["status"]
    figure.press("reset")
    figure.rest()
    assert figure.state["metrics"] == built["metrics"] and not figure.state["stale"]


def test_an_engine_starts_by_itself_but_not_where_data_is_dear(opened):
    def connected(save_data):
        told = f"{{value: {{saveData: {save_data}, effectiveType: '4g'}}}}"
        return lambda one: one.context.add_init_script(f"Object.defineProperty(navigator, 'connection', {told})")

    dear = opened(COST, prepare=connected("true"))
    asked = []
    dear.tab.on("request", lambda request: asked.append(request.url))
    free = opened(COST, prepare=connected("false"))
    Figure(free.tab, "cost").engine("ready")
    figure = Figure(dear.tab, "cost")
    assert figure.state["engine"] == "idle" and not [url for url in asked if "/engine/" in url]
    figure.control("gpu_hours").focus()
    figure.engine("ready")


def test_without_the_network_a_figure_whose_engine_is_ready_computes(opened):
    tab = opened(COST).tab
    figure = Figure(tab, "cost")
    figure.control("gpu_hours").focus()
    figure.engine("ready")
    tab.wait_for_load_state("networkidle")
    tab.context.set_offline(True)
    built = figure.state
    figure.put("gpu_hours", "1234567")
    figure.put("usd_per_gpu_hour", "3")
    figure.rest()
    now = figure.state
    assert float(now["metrics"]["usd"]) == 3 * 1234567
    assert not now["stale"] and now["picture"] != built["picture"]


# --- the contract ----------------------------------------------------------------------------------------------------


def test_a_link_restores_a_state_and_back_undoes_a_move(opened, moecalc):
    tab = opened(f"{COST}#cost?gpu_hours=1000000&usd_per_gpu_hour=3").tab
    figure = Figure(tab, "cost")
    figure.rest()
    told = moecalc("explore cost --json --set gpu_hours=1000000 --set usd_per_gpu_hour=3").json
    assert {key: float(value) for key, value in figure.state["metrics"].items() if value} == pytest.approx(
        {key: float(value) for key, value in told["metrics"].items() if value is not None}, rel=1e-12
    )
    figure.put("usd_per_gpu_hour", "4")
    figure.rest()
    assert tab.url.endswith("#cost?gpu_hours=1000000&usd_per_gpu_hour=4")
    assert float(figure.state["metrics"]["usd"]) == 4_000_000
    tab.go_back()
    tab.wait_for_function("location.hash.endsWith('=3')")
    figure.rest()
    assert float(figure.state["controls"]["usd_per_gpu_hour"]) == 3
    assert float(figure.state["metrics"]["usd"]) == 3_000_000


@pytest.mark.parametrize("key, text", [("num_gpus", "x"), ("num_gpus", "7"), ("accelerator", "abacus"), ("nothing", "1")])
def test_a_link_with_a_bad_value_says_what_the_command_line_says(opened, moecalc, key, text):
    tab = opened(f"{COST}#cost?gpu_hours=1000000&{key}={text}").tab
    figure = Figure(tab, "cost")
    figure.rest()
    assert figure.state["error"] == sentence(moecalc(f"explore cost --set {key}={text}"))
    assert float(figure.state["controls"]["gpu_hours"]) == 1_000_000, "the rest is kept"


@pytest.mark.parametrize("text", ["", "7", "100001", "8.5"])
def test_a_box_takes_only_what_its_control_accepts(cost, text):
    built = cost.state
    cost.put("num_gpus", text)
    said = cost.section.locator('[data-control="num_gpus"]').locator("xpath=ancestor::div[1]").locator(".control-error")
    said.wait_for()
    assert "8 to 100,000" in said.inner_text()
    now = cost.state
    assert now["stale"] and now["busy"] == "false" and now["metrics"] == built["metrics"] and now["status"]
    assert cost.control("num_gpus").get_attribute("aria-invalid") == "true"
    cost.put("num_gpus", "8")
    cost.rest()
    assert not cost.state["stale"] and said.is_hidden() and cost.state["metrics"] != built["metrics"]


def test_buttons(cost):
    tab, built = cost.tab, cost.state
    cost.move("gpu_hours", 0)
    cost.rest()
    hours = cost.state["controls"]["gpu_hours"]

    def copied(action, said):
        cost.press(action)
        cost.section.locator(".explorer-status").get_by_text(said).wait_for()
        return tab.evaluate("navigator.clipboard.readText()")

    assert copied("link", "link is copied") == f"{tab.url.split('#')[0]}#cost?gpu_hours={hours}"
    assert copied("python", "Python is copied") == f'moecalc.explore("cost", gpu_hours={hours})'
    with tab.expect_download() as download:
        cost.press("csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    expected = explorer("cost").run({"gpu_hours": float(hours)}).rows
    assert download.value.suggested_filename == "cost.csv" and len(rows) == len(expected)
    assert list(rows[0]) == list(explorer("cost").columns)
    for row, told in zip(rows, expected, strict=True):
        for key, value in row.items():
            if isinstance(told[key], (int, float)) and not isinstance(told[key], bool):
                assert float(value) == pytest.approx(float(told[key]), rel=1e-12)
    with tab.expect_download() as download:
        cost.press("svg")
    svg = ElementTree.fromstring(download.value.path().read_text(encoding="utf-8"))
    assert svg.tag == "{http://www.w3.org/2000/svg}svg" and svg.get("width") and svg.get("height")
    cost.press("reset")
    cost.rest()
    assert {key: cost.state[key] for key in ("controls", "metrics", "picture")} == {
        key: built[key] for key in ("controls", "metrics", "picture")
    }


HOSTILE = {
    "script": "<script>document.title = 'taken'</script>",
    "image": "<img src=x onerror=\"document.title = 'taken'\">",
    "markup in a value": '{"<b>hidden</b>": "<svg onload=document.title=1>"}',
    "deep": "[" * 50_000 + "]" * 50_000,
    "long line": "x" * 200_000,
    "not a number": '{"hidden_size": NaN}',
}


@pytest.mark.parametrize("page", [PARAMETERS])
def test_hostile_text_is_only_ever_shown_as_text(wide, page):
    wide.open(page)
    figure = Figure(wide.tab, "parameters")
    figure.rest()
    built, title = figure.state, wide.tab.title()
    tags = "section => [...section.querySelectorAll('script, img, b, iframe, svg svg')].map(e => e.outerHTML)"
    for what, text in HOSTILE.items():
        figure.put("changes", text)
        figure.rest()
        now = figure.state
        assert now["error"] and now["stale"] and now["metrics"] == built["metrics"], what
        assert wide.tab.title() == title and figure.section.evaluate(tags) == [], what
    figure.control("changes").evaluate("box => { box.value = 'é'.repeat(100_001) }")
    figure.control("changes").dispatch_event("input")
    figure.section.locator(".control-error", has_text="200 KB").wait_for()
    figure.put("changes", "")
    figure.rest()
    assert figure.state["metrics"] == built["metrics"] and not figure.state["stale"]
    assert wide.wrong == []


def test_an_engine_that_dies_is_started_again_once_and_then_reported(cost):
    tab = cost.tab
    cost.put("gpu_hours", "1234567")  # no stop of its slider: the engine's to answer
    cost.rest()
    tab.workers[0].evaluate("self.close()")
    cost.put("gpu_hours", "1234568")
    cost.rest()
    assert float(cost.state["metrics"]["usd"]) == 2 * 1234568 and cost.state["engine"] == "ready"
    tab.workers[-1].evaluate("self.close()")
    cost.put("gpu_hours", "1234569")
    cost.engine("failed")
    tab.wait_for_function("document.querySelector('section[data-explorer]').getAttribute('aria-busy') === 'false'")
    assert "engine stopped" in cost.state["status"] and cost.state["stale"]
    cost.press("reset")
    cost.rest()
    assert not cost.state["stale"]
