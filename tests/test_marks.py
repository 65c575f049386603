"""Marks say their values: in the picture as it is built, at the mouse, at a tap, at the keyboard; some set a control."""

import contextlib
from urllib.parse import parse_qsl

import pytest
from bs4 import BeautifulSoup
from site_helpers import FIGURE_PAGES
from visits import visits

from moebook import charts, html, marks
from moebook.svg import svg
from moecalc.base.errors import InputError
from moecalc.explorers import Choice, Explorer, Metric, Number, explorer, explorer_names, explorers

pytest_plugins = ["site_fixtures"]

CASES = [(name, variant) for name in explorer_names() for variant in charts.variants(name)]

# --- charts ----------------------------------------------------------------------------------------------------------


def drawn_marks(name, variant, wide):
    """(row of the mark, its element) of a chart as a page has it."""
    chosen = explorer(name)
    result = chosen.run(variant)
    text = svg(charts.draw(name, result, wide), "label", marks.said(chosen, result.rows))
    found = BeautifulSoup(text, "html.parser").select("[data-row]")
    return [(int(one["data-row"]), one) for one in found], result.rows


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
@pytest.mark.parametrize(("name", "variant"), CASES, ids=str)
def test_every_mark_has_the_number_and_the_words_of_its_row(name, variant, wide):
    chosen = explorer(name)
    found, rows = drawn_marks(name, variant, wide)
    assert len(found) > 3
    table = BeautifulSoup(html.table(rows, chosen.columns), "html.parser")
    cells = [[cell.get_text() for cell in row.select("th, td")] for row in table.select("tbody tr")]
    for number, mark in found:
        if len(rows) > marks.MOST_TITLES:
            assert not mark.title
            continue
        words = mark.title.get_text().split("\n")
        keys = [key for key in chosen.says or chosen.columns if rows[number].get(key) not in (None, "")]
        shown = [cells[number][list(chosen.columns).index(key)] for key in keys]
        assert len(words) == len(shown) and all(cell in told for cell, told in zip(shown, words, strict=True))


def test_a_line_has_a_mark_for_each_of_its_rows():
    found, rows = drawn_marks("cost", {}, True)
    assert {number for number, _ in found} == set(range(len(rows)))


def test_what_stands_for_no_row_is_no_mark():
    layers = [
        {"mark": "text", "encoding": {}},
        {"mark": {"type": "rule"}},
        {"mark": {"type": "point", "opacity": 0}},
        {"mark": {"type": "bar", "aria": False}},
    ]
    assert marks.carry_rows({"layer": layers}) == {"layer": layers}
    (rule,) = marks.carry_rows({"layer": [{"mark": {"type": "rule", "aria": True}}]})["layer"]
    assert rule["encoding"]["description"]["field"] == marks.ROW


def test_of_very_many_rows_the_words_stand_in_the_table_alone():
    path = '<path d="M0,0" aria-label="7" role="graphics-symbol" aria-roledescription="bar"/>'
    few, many = ([marks.Said(f"<{number}>", "a=1&b=2") for number in range(count)] for count in (8, marks.MOST_TITLES + 1))
    attributes = 'd="M0,0" data-row="7" data-sets="a=1&amp;b=2" role="graphics-symbol" aria-roledescription="bar"'
    assert marks.with_words(path, few) == f"<path {attributes}><title>&lt;7&gt;</title></path>"
    assert marks.with_words(path, many) == f"<path {attributes}></path>"


# --- definitions -----------------------------------------------------------------------------------------------------


def test_what_a_mark_says_and_sets_is_in_the_rows():
    assert sum(bool(one.picks) for one in explorers()) >= 10
    for one in explorers():
        assert set(one.says) <= set(one.columns), one.name
        controls = {control.key: control for control in one.controls}
        assert set(one.picks) <= set(controls), one.name
        told = [said.sets for state in states(one) if one.picks for said in marks.said(one, one.run(state).rows)]
        # each by some mark of some view
        assert {key for sets in told for key, _ in parse_qsl(sets)} == set(one.picks), one.name


def states(one):
    """The default state, and every option of the controls with few of them."""
    few = [control for control in one.controls if control.kind == "select" and len(control.stops()) <= 5]
    found = [{}]
    for state in ({control.key: value} for control in few for value in control.stops()):
        with contextlib.suppress(InputError):  # such as a kind of layer that the model has not
            one.run(state)
            found.append(state)
    return found


def test_a_control_is_set_to_what_it_takes():
    controls = (
        Number("size", "Size", 8, 1, 64, 1),
        Number("rate", "Rate", 0.5, 0.0, 2.0, 0.1),
        Choice("kind", "Kind", 2, ((2, "two"), (0.5, "half"))),
    )
    one = Explorer(
        "trial", "", "", controls, {}, {"name": Metric("Name")}, dict, picks={"size": "a", "rate": "b", "kind": "c"}
    )
    rows = [
        {"name": "x", "a": 16, "b": 2.0, "c": "half"},
        {"name": "x", "a": 8.5, "b": 3.0, "c": "third"},
        {"name": "x", "a": None, "c": 2},
        {"name": "x", "a": 8.0},
    ]
    assert [said.sets for said in marks.said(one, rows)] == ["size=16&rate=2&kind=0.5", "", "kind=2", "size=8"]


def test_a_mark_is_named_by_its_first_column():
    columns = {"rank": Metric("Rank"), "note": Metric("Note"), "bytes": Metric("On each GPU", "bytes")}
    one = Explorer("trial", "", "", (), {}, columns, dict)
    rows = [{"rank": 3, "note": "", "bytes": 2_500_000}, {"rank": "last", "note": "full", "bytes": None}]
    assert [said.words for said in marks.said(one, rows)] == ["Rank 3\nOn each GPU: 2.5 MB", "last\nNote: full"]
    assert marks.said(one._replace(says=("bytes", "rank")), rows)[0].words == "On each GPU 2.5 MB\nRank: 3"


# --- pages -----------------------------------------------------------------------------------------------------------

#: The words of each row of a figure's table, put together as a mark should say them.
TABLE = """([name, says, keys]) => {
  const table = document.querySelector(`section[data-explorer="${name}"] details table`);
  const texts = row => [...row.cells].map(cell => cell.textContent.trim());
  // a heading holds the unit of its numbers: "Days [days]"
  const heads = texts(table.tHead.rows[0]).map(text => text.split(/ \\[|\\]$/));
  const at = (says.length ? says : keys).map(key => keys.indexOf(key));
  return [...table.tBodies[0].rows].map(row => {
    const cells = texts(row), number = i => row.cells[i].classList.contains("number");
    const words = i => number(i) && heads[i][1] ? `${cells[i]} ${heads[i][1]}` : cells[i];
    const rest = at.slice(1).filter(i => cells[i] !== "" && cells[i] !== "\u2013").map(i => `${heads[i][0]}: ${words(i)}`);
    return [number(at[0]) ? `${heads[at[0]][0]} ${words(at[0])}` : words(at[0]), ...rest];
  });
}"""

#: Of both pictures of a figure as the build wrote them: [row, lines of the title] of each mark.
TITLES = """async (name) => {
  const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  const marks = [...page.querySelectorAll(`section[data-explorer="${name}"] .chart [data-row]`)];
  return marks.map(mark => [Number(mark.dataset.row), mark.querySelector("title")?.textContent.split("\\n") ?? null]);
}"""

LABEL = """const label = section.querySelector(".mark-label");
  const lines = [...label.querySelectorAll("dt")].map(e => `${e.textContent}: ${e.nextElementSibling.textContent}`);
  const title = label.querySelector(".mark-name")?.textContent;
  const told = label.checkVisibility() ? [title, ...lines] : null;"""

#: What the label of a figure says, or null where there is none.
SAID = f"""(name) => {{
  const section = document.querySelector(`section[data-explorer="${{name}}"]`);
  {LABEL}
  return told;
}}"""

#: Point at every mark of the picture that is seen, or at some of very many: [row, what the label says] of each.
POINT_AT_ALL = f"""(name) => {{
  const section = document.querySelector(`section[data-explorer="${{name}}"]`);
  const marks = [...section.querySelectorAll(".chart [data-row]")].filter(mark => mark.checkVisibility());
  return marks.filter((_, at) => at % Math.ceil(marks.length / 512) === 0).map(mark => {{
    const box = mark.getBoundingClientRect();
    const at = {{clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, pointerType: "mouse", bubbles: true}};
    mark.dispatchEvent(new PointerEvent("pointermove", at));
    {LABEL}
    return [Number(mark.dataset.row), told];
  }});
}}"""

#: Some marks that a hand can reach, far from each other where they can be: [row, x, y, what it sets] of each; the picture
#: is scrolled to.
WITHIN_REACH = """async ([name, many]) => {
  const section = document.querySelector(`section[data-explorer="${name}"]`);
  const chart = [...section.querySelectorAll(".chart")].find(chart => chart.checkVisibility());
  chart.scrollIntoView({block: "center", behavior: "instant"});
  // what stands above it may still take its room
  for (let still = 0, last = null; still < 3;) {
    await new Promise(requestAnimationFrame);
    const top = chart.getBoundingClientRect().top;
    still = top === last ? still + 1 : 0;
    last = top;
  }
  const found = [...chart.querySelectorAll("[data-row]")].flatMap(mark => {
    const box = mark.getBoundingClientRect();
    // words may stand in its middle
    const places = [0.5, 0.1].map(share => [box.left + share * box.width, box.top + share * box.height]);
    const free = places.find(place => document.elementFromPoint(...place) === mark);
    return free ? [[Number(mark.dataset.row), ...free, mark.dataset.sets ?? ""]] : [];
  });
  // of marks that lie on each other the browser chooses what a finger means
  const other = (row, x, y) => ![row, undefined].includes(document.elementFromPoint(x, y)?.dataset.row);
  const ways = [[0, 6], [4, 4], [6, 0], [4, -4], [0, -6], [-4, -4], [-6, 0], [-4, 4]];
  const around = ([row, x, y]) => ways.some(([dx, dy]) => other(String(row), x + dx, y + dy));
  const apart = found.filter(one => !around(one));
  const chosen = apart.length < many ? found : apart;
  return chosen.filter((_, at) => at % Math.ceil(chosen.length / many) === 0);
}"""

#: Note the row of the mark that the next tap meets, as the browser sees it: none where it falls beside a thin one.
MEET = """addEventListener("click", ({target}) => {
  window.met = target.dataset.row ?? null;
}, {capture: true, once: true})"""


@pytest.mark.site
@visits(FIGURE_PAGES, "laptop")
def test_marks_say_their_rows_to_mouse_and_keys_and_set_controls(visit):
    for figure in visit.figures:
        figure.rest()
        known = explorer(figure.name)
        rows = visit.measure(TABLE, [figure.name, list(known.says), list(known.columns)])
        said_by_all(visit.tab, figure.name, rows)
        said_to_a_mouse(visit.tab, figure.name, rows)
        said_to_keys(visit.tab, figure, rows)
        if known.picks:
            sets_its_control(visit.tab, figure, known)


@pytest.mark.site
@visits(FIGURE_PAGES, "phone")
def test_marks_say_their_rows_to_a_finger(visit):
    for figure in visit.figures:
        figure.rest()
        known = explorer(figure.name)
        rows = visit.measure(TABLE, [figure.name, list(known.says), list(known.columns)])
        reached = visit.measure(WITHIN_REACH, [figure.name, 2])
        assert reached
        for row, x, y, _ in reached:
            visit.measure(MEET)
            visit.tab.touchscreen.tap(x, y)
            met = visit.measure("met")
            assert visit.measure(SAID, figure.name) == rows[row if met is None else int(met)]
            visit.tab.keyboard.press("Escape")


def said_by_all(tab, name, rows):
    built = tab.evaluate(TITLES, name)
    assert built and {row for row, _ in built} <= set(range(len(rows)))
    # in many marks words would weigh too much: they stand in the table
    titled = [None if len(rows) > marks.MOST_TITLES else words for words in rows]
    assert [(row, words) for row, words in built if words != titled[row]] == []
    pointed = tab.evaluate(POINT_AT_ALL, name)
    assert len(pointed) > 3 and [(row, told) for row, told in pointed if told != rows[row]] == []


def said_to_a_mouse(tab, name, rows):
    reached = tab.evaluate(WITHIN_REACH, [name, 4])
    assert reached
    for row, x, y, _ in reached:
        tab.mouse.move(x, y)
        assert tab.evaluate(SAID, name) == rows[row]
        tab.keyboard.press("Escape")
        assert tab.evaluate(SAID, name) is None
        tab.mouse.move(0, 0)


def said_to_keys(tab, figure, rows):
    figure.section.locator(".chart:visible").focus()
    numbers = sorted({row for row, _ in tab.evaluate(TITLES, figure.name)})
    expected = [numbers[0], numbers[1], numbers[0], numbers[-1], numbers[0]]
    for key, row in zip(("", "ArrowRight", "ArrowLeft", "End", "Home"), expected, strict=True):
        if key:
            tab.keyboard.press(key)
        assert tab.evaluate(SAID, figure.name) == rows[row], key
        spoken = figure.section.locator(".explorer-announcement").inner_text()
        assert spoken.startswith(". ".join(rows[row]))


def sets_its_control(tab, figure, known):
    """A click and Enter on marks that stand for values set the controls that the picks name, and the address tells it."""
    chart = figure.section.locator(".chart:visible")
    for hand in ("mouse", "keys"):
        now = figure.state["controls"]
        reached = tab.evaluate(WITHIN_REACH, [figure.name, 200])
        moving = [one for one in reached if any(now[key] != value for key, value in parse_qsl(one[3]))]
        if not moving:
            assert known.name in ("any-config", "training-stages"), "they set something in another view"
            return
        row, x, y, sets = min(moving)  # the fewest keys away
        if hand == "mouse":
            tab.mouse.click(x, y)
        else:
            chart.focus()
            numbers = sorted({number for number, _ in tab.evaluate(TITLES, figure.name)})
            tab.keyboard.press("Home")
            for _ in range(numbers.index(row)):
                tab.keyboard.press("ArrowRight")
            tab.keyboard.press("Enter")
        wanted = dict(parse_qsl(sets))
        assert {key: figure.state["controls"][key] for key in wanted} == wanted
        assert f"#{known.name}?" in tab.url
        figure.press("reset")
        figure.rest()
        tab.mouse.move(0, 0)
