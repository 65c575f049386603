"""One figure of the site, the first, in a reader's hands: keys, touch, links, boxes, buttons, and an engine that fails."""

import csv
import io
import math
from xml.etree import ElementTree

import pytest
from gates_helpers import Figure, sentence
from visits import SIZES, View

from moebook.theme import hue
from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]
pytestmark = [pytest.mark.site, pytest.mark.gates]

COST, PARAMETERS = "notebooks/1-overview/cost.html", "notebooks/2-model/parameters.html"


@pytest.fixture
def opened(chromium, address, tabs):
    """A function that opens a page in a new tab: of the worker's profile, or of one of its own where it is to be special."""
    views = []

    def open_page(path, size="laptop", prepare=None):
        one = View(chromium, address, **SIZES[size]) if prepare else View(chromium, address, beside=tabs(size))
        views.append(one)
        if prepare:
            prepare(one)
        one.open(path)
        return one

    yield open_page
    for one in views:
        if one.beside:
            one.keep_engine()
        one.close()


@pytest.fixture
def cost(opened):
    """The first figure, alive, on a laptop."""
    figure = Figure(opened(COST).tab, "cost")
    figure.rest()
    return figure


def test_axe_is_awake(opened):
    one = opened("book/method.html")
    one.measure("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")
    assert [told.split(":")[0] for told in one.violations()] == ["button-name", "image-alt"]


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


def test_touch(opened):
    one = opened(COST, "phone")
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
    tab.context.set_offline(False)
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
    parts = ("controls", "metrics", "picture", "table")
    assert {key: cost.state[key] for key in parts} == {key: built[key] for key in parts}


#: Heights at which the lines of the picture begin, by their colours: those of the present state, and the ghosts.
LINES = """section => {
  const shown = [...section.querySelectorAll("figure svg")].find(svg => svg.checkVisibility());
  const lines = {present: {}, ghosts: {}};
  for (const path of shown.querySelectorAll(".mark-line path")) {
    const of = path.closest("[class*=ghost]") ? "ghosts" : "present";
    lines[of][path.getAttribute("stroke")] = parseFloat(path.getAttribute("d").split(",")[1]);
  }
  return lines;
}"""


def test_the_default_is_drawn_faintly_with_other_values(opened):
    one = opened(COST)
    cost = Figure(one.tab, "cost")
    cost.rest()
    built, (this, llama) = cost.state, map(hue, ("blue", "orange"))
    button = cost.section.get_by_role("button", name="Compare with the default")
    button.focus()
    one.tab.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "true"
    assert cost.state["picture"] == built["picture"], "there is nothing to compare yet"
    cost.put("gpu_hours", "500000")
    cost.rest()
    now, before = (explorer("cost").run(values).rows for values in ({"gpu_hours": 500_000}, None))
    other = next(row for row in before if row["run"] != before[0]["run"])
    lines = cost.section.evaluate(LINES)
    # on a logarithmic axis distances are ratios
    higher = [lines["present"][this] - line for line in (lines["ghosts"][this], lines["present"][llama])]
    expected = [math.log(row["days"] / now[0]["days"]) for row in (before[0], other)]
    assert higher[0] / higher[1] == pytest.approx(expected[0] / expected[1], rel=1e-3)
    assert lines["ghosts"][llama] == lines["present"][llama], "it has not moved"
    assert not cost.section.locator("[class*=ghost] [data-row]").count(), "a ghost says nothing"
    assert one.violations('section[data-explorer="cost"]') == []
    cost.press("compare")
    cost.rest()
    assert button.get_attribute("aria-pressed") == "false" and cost.section.evaluate(LINES)["ghosts"] == {}
    cost.press("compare")
    cost.rest()
    assert cost.section.evaluate(LINES) == lines
    cost.press("reset")
    cost.rest()
    assert cost.state["picture"] == built["picture"] and cost.section.evaluate(LINES)["ghosts"] == {}
    assert one.wrong == []


HOSTILE = {
    "script": "<script>document.title = 'taken'</script>",
    "image": "<img src=x onerror=\"document.title = 'taken'\">",
    "markup in a value": '{"<b>hidden</b>": "<svg onload=document.title=1>"}',
    "deep": "[" * 50_000 + "]" * 50_000,
    "long line": "x" * 200_000,
    "not a number": '{"hidden_size": NaN}',
}


@pytest.mark.parametrize("page", [PARAMETERS])
def test_hostile_text_is_only_ever_shown_as_text(opened, page):
    one = opened(page)
    figure = Figure(one.tab, "parameters")
    figure.rest()
    built, title = figure.state, one.tab.title()
    tags = "section => [...section.querySelectorAll('script, img, b, iframe, svg svg')].map(e => e.outerHTML)"
    for what, text in HOSTILE.items():
        figure.put("changes", text)
        figure.rest()
        now = figure.state
        assert now["error"] and now["stale"] and now["metrics"] == built["metrics"], what
        assert one.tab.title() == title and figure.section.evaluate(tags) == [], what
    figure.control("changes").evaluate("box => { box.value = 'é'.repeat(100_001) }")
    figure.control("changes").dispatch_event("input")
    figure.section.locator(".control-error", has_text="200 KB").wait_for()
    figure.put("changes", "")
    figure.rest()
    assert figure.state["metrics"] == built["metrics"] and not figure.state["stale"]
    assert one.wrong == []


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
