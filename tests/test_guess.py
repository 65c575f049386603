"""Guess first: some figures ask before they answer; by mouse, keyboard and touch, and never in anybody's way."""

import re
import types

import pytest
from gates_helpers import COLOUR_RULES, FOCUS, REACHABLE, Figure
from test_by_hand import page_of
from visits import COLOURED, SIZES, View

from moebook.figure import static
from moebook.guess import question
from moecalc.base.errors import InputError
from moecalc.base.units import show
from moecalc.explorers import explorer, explorer_names

pytest_plugins = ["site_fixtures"]

ASKING = [name for name in explorer_names() if explorer(name).guess]

# --- definitions -----------------------------------------------------------------------------------------------------


def test_figures_that_decide_something_ask():
    decided = {"mfu", "gpu-memory", "pipeline", "parameters", "all-to-all", "token-cost"}
    assert decided <= set(ASKING) and len(ASKING) >= 8


@pytest.mark.parametrize("name", ASKING)
def test_a_question_can_be_answered(name):
    one = explorer(name)
    asked = one.guess
    assert asked.question.endswith("?") and not re.search(r"\d", asked.question), "it must not answer itself"
    assert asked.scale in ("linear", "log") and asked.low < asked.high
    assert asked.low < one.run().metrics[asked.metric] / asked.per < asked.high
    assert one.metrics[asked.metric].unit == {"%": "%", "GB": "bytes", "KB": "bytes", "USD": "USD", "M USD": "USD"}.get(
        asked.unit, one.metrics[asked.metric].unit
    )
    assert asked.formula.endswith(f"= {{{asked.metric}}}")


#: What a control's unit begins with, where its number is in thousands of thousands.
PREFIXES = {"T": 1e12, "B": 1e9, "M": 1e6}


def filled(one, result) -> str:
    """The formula of a question with full numbers, and nothing else but signs."""
    controls = {control.key: control for control in one.controls}

    def number(match):
        key = match[1]
        if key in result.metrics:
            return repr(float(result.metrics[key]))
        unit = controls[key].unit
        prefix = PREFIXES.get(unit[:1], 1) if unit[1:2] == " " else 0.01 if unit == "%" else 1
        return repr(float(result.controls[key]) * prefix)

    text = re.sub(r"(?<=\d),(?=\d{3})", "", one.guess.formula).replace("100 %", "1")
    text = re.sub(r"\{(\w+)\}|[A-Za-z]+", lambda match: number(match) if match[1] else "", text)
    return text.replace("×", "*").replace("÷", "/").replace("−", "-")


@pytest.mark.parametrize("name", ASKING)
def test_the_formula_of_an_answer_holds_wherever_the_figure_is_moved(name):
    one = explorer(name)
    states = [{}]
    for control in one.leading:
        stops = control.stops()
        states += [{control.key: stop} for stop in stops[:: len(stops) // 3 or 1]]
    tried = 0
    for state in states:
        try:
            result = one.run(state)
        except InputError:
            continue
        if result.metrics[one.guess.metric] is None:
            continue
        left, right = filled(one, result).split("=")
        assert eval(left, {"__builtins__": {}}) == pytest.approx(float(right), rel=1e-6), (state, left)
        tried += 1
    assert tried > 6


def test_the_question_stands_in_a_template_which_nobody_sees():
    for name in explorer_names():
        asked = question(explorer(name))
        assert asked.startswith("<template>") == asked.rstrip().endswith("</template>") == (name in ASKING), name
    assert question(explorer("cost")) in static("cost")


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guessers(chromium, address):
    """A function that gives a figure, covered, on a laptop or a phone whose reader has not guessed yet."""
    views = {}

    def guesser(name, size="laptop", path=None):
        if size not in views:
            views[size] = View(chromium, address, guessing=True, **SIZES[size])
            views[size].open("search.html")
        one = views[size]
        one.measure("sessionStorage.clear()")
        one.open(path or f"{page_of(name)}.html")
        return reader(one, name)

    yield guesser
    for one in views.values():
        one.close()


def reader(view, name):
    section = view.tab.locator(f'section[data-explorer="{name}"]')
    return types.SimpleNamespace(
        view=view,
        tab=view.tab,
        section=section,
        cover=section.locator(".guess"),
        box=section.locator(".guess input[type=text]"),
        slider=section.locator(".guess input[type=range]"),
        verdict=section.locator(".guess-verdict"),
        picture=section.locator("figure svg:visible"),
        figure=Figure(view.tab, name),
        asked=explorer(name).guess,
    )


def is_covered(one) -> bool:
    """Whether the question stands there alone: neither the eye, nor a voice, nor the Tab key gets at an answer."""
    covered = one.cover.is_visible()
    assert (one.section.locator("output:visible").count() == 0) == covered
    assert (one.picture.count() == 0) == covered
    told = explorer(one.figure.name)
    answer = told.metrics[one.asked.metric].text(told.run().metrics[one.asked.metric])
    assert (answer in one.section.aria_snapshot()) != covered
    # a program reads it all the same
    output = one.section.locator(f'output[data-metric="{one.asked.metric}"]')
    assert float(output.get_attribute("data-value")) == pytest.approx(told.run().metrics[one.asked.metric])
    return covered


def says_how_far(one, guess: float) -> None:
    """The picture is there, and beside it guess, answer, distance and formula."""
    assert not is_covered(one) and one.picture.count() == 1
    asked, told = one.asked, explorer(one.figure.name)
    answer = told.run().metrics[asked.metric]
    right = answer / asked.per
    words = one.verdict.locator(".guess-words").inner_text()
    assert f"You guessed {guess:,g} {asked.unit}, the answer is {told.metrics[asked.metric].text(answer)}." in words
    if asked.scale == "log":
        off = max(guess / right, right / guess), "times"
    else:
        off = (abs(guess - right), "points") if asked.unit == "%" else (100 * abs(guess / right - 1), "%")
    said = re.search(r"That is ([\d.]+) (times|points|%) too (high|low)\.", words)
    assert float(said[1]) == pytest.approx(off[0], abs=0.05 if off[0] < 10 else 0.5) and said[2] == off[1]
    assert said[3] == ("high" if guess > right else "low")
    formula = one.verdict.locator(".guess-formula").inner_text()
    result = told.run()
    parts = [match[1] for match in re.finditer(r"\{(\w+)\}", asked.formula) if match[1] in result.metrics]
    assert not re.search(r"[{}]|NaN|undefined", formula)
    assert all(told.metrics[key].text(result.metrics[key]) in formula for key in parts)
    left = "mark => parseFloat(mark.style.left)"
    mine, ours = (one.verdict.locator(mark).evaluate(left) for mark in (".guess-mine", ".guess-answer"))
    assert (mine > ours) == (guess > right)
    assert one.view.wrong == []


def at_three_quarters(asked) -> float:
    """The number at three quarters of a slider."""
    low, high = asked.low, asked.high
    value = low * (high / low) ** 0.75 if asked.scale == "log" else low + 0.75 * (high - low)
    return float(f"{value:.2g}")


@pytest.mark.site
@pytest.mark.parametrize("name", ASKING)
def test_by_mouse(guessers, name):
    one = guessers(name)
    assert is_covered(one)
    one.slider.scroll_into_view_if_needed()
    box = one.slider.bounding_box()
    # the middle of its thumb goes from half a thumb to half a thumb before the end
    one.tab.mouse.click(box["x"] + 8 + 0.75 * (box["width"] - 16), box["y"] + box["height"] / 2)
    guess = float(one.box.input_value())
    assert guess == pytest.approx(at_three_quarters(one.asked), rel=0.08)
    one.section.get_by_role("button", name="Compare with the answer").click()
    says_how_far(one, guess)


@pytest.mark.site
@pytest.mark.parametrize("name", ASKING)
def test_by_keyboard(guessers, name):
    one = guessers(name)
    keys = one.tab.keyboard
    one.box.focus()
    keys.type("many")
    keys.press("Enter")
    said = one.cover.locator(".control-error")
    low, high = (f"{bound:,g}" for bound in (one.asked.low, one.asked.high))
    assert said.inner_text() == f"Takes a number from {low} to {high}." and is_covered(one)
    assert one.box.get_attribute("aria-invalid") == "true" and one.box.evaluate("box => box === document.activeElement")
    keys.press("Tab")
    keys.press("End")
    assert float(one.box.input_value()) == one.asked.high and said.is_hidden()
    keys.press("Home")
    assert float(one.box.input_value()) == one.asked.low
    for _ in range(75):
        keys.press("ArrowRight")
    guess = float(one.box.input_value())
    # both round to two digits, a tie to different sides
    assert guess == pytest.approx(at_three_quarters(one.asked), rel=0.02)
    assert one.slider.get_attribute("aria-valuetext") == f"{guess:,g} {one.asked.unit}"
    keys.press("Tab")
    keys.press("Enter")
    says_how_far(one, guess)
    assert one.verdict.evaluate("verdict => verdict === document.activeElement"), "it is read out, and Tab goes on behind it"


@pytest.mark.site
@pytest.mark.parametrize("name", ASKING)
def test_by_touch(guessers, name):
    one = guessers(name, "phone")
    assert is_covered(one)
    one.slider.scroll_into_view_if_needed()
    box = one.slider.bounding_box()
    one.tab.touchscreen.tap(box["x"] + 8 + 0.25 * (box["width"] - 16), box["y"] + box["height"] / 2)
    guess = float(one.box.input_value())
    small = one.cover.evaluate(
        "cover => [...cover.querySelectorAll('input, button')].filter(e => e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0 and one.cover.evaluate("cover => cover.scrollHeight <= cover.clientHeight + 1")
    one.section.get_by_role("button", name="Compare with the answer").tap()
    says_how_far(one, guess)


@pytest.mark.site
@pytest.mark.parametrize("text", ["", "7e", "0.4", "501", "-3", "inf", "12 %"])
def test_what_is_no_guess_is_refused_beside_its_field(guessers, text):
    one = guessers("cost")
    one.box.fill(text)
    one.box.press("Enter")
    assert one.cover.locator(".control-error").inner_text() == "Takes a number from 0.5 to 500." and is_covered(one)
    one.box.fill("5.5")
    assert one.cover.locator(".control-error").is_hidden()
    one.box.press("Enter")
    assert "That is right." in one.verdict.inner_text()


# --- in nobody's way -------------------------------------------------------------------------------------------------


@pytest.mark.site
def test_it_is_skipped_with_one_click_and_remembered_for_the_visit(guessers):
    one = guessers("cost")
    one.section.get_by_role("button", name="Show the answer").click()
    assert not is_covered(one) and one.verdict.count() == 0
    assert one.tab.evaluate("document.activeElement.className") == "explorer-title", "Tab goes on in the figure"
    one.view.open(f"{page_of('cost')}.html")
    assert not is_covered(one)
    other = "notebooks/3-system/token-cost.html"
    one.view.open(other)
    asked = reader(one.view, "token-cost")
    assert is_covered(asked), "it is another question"
    asked.box.fill("1")
    asked.box.press("Enter")
    said = asked.verdict.inner_text()
    one.view.open(other)
    assert asked.verdict.inner_text() == said, "the guess is remembered too"
    one.view.open(f"{page_of('mfu')}.html")
    mfu = reader(one.view, "mfu")
    mfu.section.get_by_role("button", name="Show all answers").click()
    assert not is_covered(mfu)
    one.view.open(f"{page_of('parameters')}.html")
    assert not is_covered(reader(one.view, "parameters"))
    assert one.view.wrong == []


@pytest.mark.site
def test_where_a_browser_keeps_nothing_it_works_for_the_page(chromium, address):
    view = View(chromium, address, guessing=True, **SIZES["laptop"])
    refuses = "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    view.context.add_init_script(refuses)
    view.open(f"{page_of('cost')}.html")
    one = reader(view, "cost")
    assert is_covered(one)
    one.section.get_by_role("button", name="Show all answers").click()
    assert not is_covered(one)
    # the theme's own script does not expect to be refused
    assert [told for told in view.wrong if told != "no"] == []
    view.close()


@pytest.mark.site
def test_a_shared_link_shows_its_answer_at_once(guessers):
    page = f"{page_of('cost')}.html"
    one = guessers("cost", path=f"{page}#cost?gpu_hours=1000000")
    one.figure.rest()
    assert one.cover.count() == 0 and one.picture.count() == 1 and one.figure.state["metrics"]["usd"] == "2000000.0"
    one = guessers("cost")
    assert is_covered(one)
    one.tab.evaluate("location.hash = '#cost?gpu_hours=500000'")
    one.tab.wait_for_function("!document.querySelector('.guess')")
    one.figure.rest()
    assert one.picture.count() == 1 and one.figure.state["metrics"]["usd"] == "1000000.0"


@pytest.mark.site
def test_controls_can_be_moved_before_and_say_nothing_of_the_answer(guessers):
    one = guessers("cost")
    one.figure.rest()
    one.section.locator('[data-slider-for="gpu_hours"]').focus()
    one.tab.keyboard.press("ArrowRight")
    one.figure.rest()
    now = one.figure.state["metrics"]["usd"]
    assert float(now) > explorer("cost").run().metrics["usd"] and one.cover.is_visible()
    one.section.locator(".explorer-announcement", has_text="Days and dollars").wait_for(state="attached")
    assert "Days and dollars of a run:" not in one.section.aria_snapshot()
    one.box.fill("20")
    one.box.press("Enter")
    answer = show(float(now), "USD")
    words = one.verdict.inner_text()
    assert f"the answer is {answer}" in words and words.endswith(f"= {answer}"), "it is the answer of the moment"
    one.figure.press("reset")
    one.figure.rest()
    words = one.verdict.inner_text()
    assert f"the answer is {answer}" in words, "the guess was of then"
    assert words.endswith("= $5.576 M"), "the formula goes along"


#: By how much the page moved without being asked to, as browsers measure it.
SHIFTS = """() => new Promise(done => {
  let moved = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) moved += one.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(moved), 100);
})"""


@pytest.mark.site
@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_covering_moves_nothing(guessers, size):
    one = guessers("gpu-memory", size)
    heights = "section => [...section.children].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().height)"
    covered = one.section.evaluate(heights)
    assert one.view.measure(SHIFTS) < 0.01
    one.section.get_by_role("button", name="Show the answer").click()
    assert one.section.evaluate(heights) == covered


@pytest.mark.site
def test_nothing_is_asked_in_print(guessers):
    one = guessers("cost")
    one.tab.emulate_media(media="print")
    try:
        assert one.cover.is_hidden() and one.picture.count() == 1
        assert one.section.locator(".headline output:visible").count() == 3
    finally:
        one.tab.emulate_media(media="screen")
    assert is_covered(one)


@pytest.mark.site
@pytest.mark.gates
@pytest.mark.parametrize(("name", "size"), [("gpu-memory", "phone"), ("cost", "laptop")])
def test_the_gates_hold_while_it_is_asked(guessers, name, size):
    one = guessers(name, size)
    one.figure.rest()
    one.box.fill("x")
    one.box.press("Enter")
    assert one.view.violations() == [] and is_covered(one)
    one.figure.unfold()
    expected = one.tab.evaluate(REACHABLE, name)
    assert sum("number" in word for word in expected) > 2 and not any("CSV" in word or "csv" in word for word in expected)
    one.section.locator(".explorer-title").evaluate("title => { title.tabIndex = -1; title.focus() }")
    reached = []
    for _ in range(len(expected) + 1):
        one.tab.keyboard.press("Tab")
        reached.append(one.tab.evaluate(FOCUS))
    *inside, after = reached
    assert [told["name"] for told in inside] == expected and after["at"] != name
    assert [told["name"] for told in inside if not told["seen"]] == []
    one.tab.emulate_media(color_scheme="dark")
    try:
        one.tab.wait_for_function(COLOURED, arg="dark")
        assert one.view.violations(COLOUR_RULES) == []
        one.box.fill("64")
        one.box.press("Enter")
        assert one.view.violations(COLOUR_RULES) == []
    finally:
        one.tab.emulate_media(color_scheme="light")
    one.tab.wait_for_function(COLOURED, arg="light")
    # the theme's button that leads back there
    one.view.measure("document.getElementById('pst-back-to-top')?.remove()")
    assert one.view.violations() == []
