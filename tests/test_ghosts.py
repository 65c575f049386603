"""Ghosts: which charts can show another state faintly, that they draw it where it belongs, and that nothing else changes."""

import json
from collections import Counter
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
import vl_convert
from test_charts import VARIANTS, plain_rows, result_of, rows_entry, states
from visits import visits

from moebook import charts, figure, ghosts, marks, svg, theme
from moebook.site.figures import compact, definition
from moecalc.explorers import explorer, explorer_names

pytest_plugins = ["site_fixtures"]


@pytest.fixture(autouse=True)
def known_face(monkeypatch):
    monkeypatch.setattr(theme, "FONT", svg.MEASURED)


# --- which charts ----------------------------------------------------------------------------------------------------


def unit(mark, **channels):
    return {"mark": mark, "encoding": {"x": {"field": "a"}, "y": {"field": "b"}} | channels}


@pytest.mark.parametrize("mark", ["bar", "line", "area", "trail", {"type": "point", "filled": True}, {"type": "tick"}])
def test_bars_lines_and_points_are_compared(mark):
    text = {"mark": "text", "encoding": {"text": {"field": "c"}}}
    assert ghosts.offers(unit(mark))
    assert ghosts.offers({"layer": [unit(mark), text, unit("rule")], "transform": [{"calculate": "1", "as": "c"}]})
    assert ghosts.offers({"facet": {"row": {"field": "c"}}, "spec": {"layer": [unit(mark), text]}})


@pytest.mark.parametrize(
    "spec",
    [
        unit("rect"),
        unit("text"),
        unit("rule"),
        unit({"type": "bar", "aria": False}),
        unit({"type": "point", "opacity": 0}),
        unit("bar", x={"field": "a", "axis": None}),
        {"layer": [unit({"type": "area", "aria": False}, y={"field": "b", "axis": None}), unit("square")]},
        {"hconcat": [unit("bar"), {"layer": [unit("rect"), unit("text")]}]},
        {"layer": [unit("bar")], "transform": [{"aggregate": [{"op": "sum", "field": "a", "as": "s"}]}]},
    ],
    ids=str,
)
def test_drawings_heat_maps_and_sums_over_all_rows_are_not(spec):
    assert not ghosts.offers(spec)
    assert ghosts.with_ghosts(spec) == spec


@pytest.mark.parametrize("name", explorer_names())
def test_a_figure_offers_it_where_all_its_charts_do(name):
    offered = [
        ghosts.offers(charts.plain(name, wide, variant)) for variant in charts.variants(name) for wide in (True, False)
    ]
    assert len(set(offered)) == 1, "one button stands for them all"
    assert ('data-action="compare"' in figure.actions(name)) == offered[0]
    assert 'data-action="compare"' not in figure.actions(name, {"model": "other"}), "it is not built at its default"


def test_words_that_say_what_is_shown_are_told_from_labels():
    title = {"mark": "text", "encoding": {"x": {"value": 0}, "y": {"value": 0}, "text": {"field": "shown"}}}
    label = unit("text", text={"field": "name"})
    spec = {"layer": [unit("bar"), title, label], "title": {"text": {"expr": "data('rows')[0].unit"}}}
    assert ghosts.words(spec, [{"shown": "cost", "name": "a", "unit": "USD"}]) == ["shown", "unit"]
    assert ghosts.words(spec, [{"shown": "cost", "name": "a", "unit": 3}]) == ["shown"], "a number may change"
    assert ghosts.words(spec, []) == []


def test_some_figures_offer_it_and_some_do_not():
    assert {charts.compares(name) is None for name in explorer_names()} == {True, False}
    told = definition(explorer("v2-to-v3"))
    assert compact({"compares": ["unit"]})[1:-1] in told, "it counts parameters, bytes or FLOPs"
    rows = explorer("v2-to-v3").run().rows
    assert ghosts.words(charts.spec("v2-to-v3", True, {}), rows) == ["unit"]


# --- what they draw --------------------------------------------------------------------------------------------------


class Picture(NamedTuple):
    """What a chart draws: the ghosts, and all else; each part is its attributes, or its text."""

    ghosts: Counter
    rest: Counter


def picture(svg_text) -> Picture:
    found = Picture(Counter(), Counter())

    def look(element, ghost):
        role = element.get("class", "")
        ghost = ghost or "ghost_" in role
        # what lies around a group stands for nothing
        if len(element) == 0 and element.tag[-2:] != "}g" and role not in ("background", "foreground"):
            found[not ghost][(*sorted(element.attrib.items()), element.text)] += 1
        # an edge at which marks are cut is not drawn; each mark that is cut there names it, under a number of its own
        for one in element if not element.tag.endswith("clipPath") else ():
            look(one, ghost)

    look(ElementTree.fromstring(svg_text), False)
    return found


def drawings(name, state, wide):
    """A function that draws a chart with rows, and with those of another state."""
    vega = charts.vega(name, wide, state)

    def draw(rows, others=()) -> Picture:
        rows_entry(vega)["values"] = rows + [{**row, ghosts.GHOST: True} for row in others]
        return picture(vl_convert.vega_to_svg(vega))

    return draw


def places(parts):
    return {tuple(value for key, value in part[:-1] if key in ("d", "transform")) for part in parts}


def said(parts):
    return {value for part in parts for key, value in part[:-1] if key == "aria-label"}


def has_none(name, wide, controls) -> bool:
    """Whether a figure that compares nothing has a chart that could draw no ghost."""
    if charts.compares(name) is not None:
        return False
    assert "ghost_" not in json.dumps(charts.vega(name, wide, controls))
    return True


@pytest.mark.parametrize(("name", "variant"), VARIANTS, ids=str)
def test_only_the_ghosts_come_and_go(name, variant):
    if has_none(name, True, variant):
        return
    result, other = (result_of(name, state) for state in (states(name, variant)[0], states(name, variant)[-1]))
    rows, others = plain_rows(result.rows), plain_rows(other.rows)
    draw = drawings(name, result.controls, True)
    alone = draw(rows)
    built = vl_convert.vegalite_to_svg(charts.draw(name, result), vl_version=charts.VEGA_LITE)
    assert alone == picture(built), "to the last colour"
    twice = draw(rows, rows)
    assert twice.rest == alone.rest and twice.ghosts
    assert places(twice.ghosts) <= places(twice.rest), "a ghost of the same row lies at the same place"
    beside = draw(rows, others)
    assert beside.ghosts and not said(beside.ghosts) and said(beside.rest) == said(alone.rest)


@pytest.mark.parametrize("name", explorer_names())
def test_a_phone_has_them_too(name):
    result = result_of(name, {})
    if has_none(name, False, result.controls):
        return
    draw = drawings(name, result.controls, False)
    rows = plain_rows(result.rows)
    alone, twice = draw(rows), draw(rows, rows)
    assert not alone.ghosts and twice.ghosts and twice.rest == alone.rest


@pytest.mark.parametrize(("name", "key"), [("mfu", "utilisation"), ("model-states", "bytes"), ("cost", "days")])
def test_the_scale_has_room_for_both(name, key):
    """Beside smaller values, ghosts lie where they would alone."""
    rows = plain_rows(result_of(name, {}).rows)
    draw = drawings(name, {}, True)
    smaller = [{**row, key: 0.9 * row[key]} for row in rows]
    assert places(draw(smaller, rows).ghosts) == places(draw(rows, rows).ghosts)


def test_faint_marks_are_drawn_first_and_outlines_after():
    vega = ghosts.behind({"marks": [{"name": "a"}, {"name": "ghost_behind_0_marks"}, {"name": "ghost_before_1_marks"}]})
    assert [mark["name"] for mark in vega["marks"]] == ["ghost_behind_0_marks", "a", "ghost_before_1_marks"]
    within = ghosts.behind({"marks": [{"name": "group", "marks": [{"name": "b"}, {"name": "ghost_behind_2_pathgroup"}]}]})
    assert [mark["name"] for mark in within["marks"][0]["marks"]] == ["ghost_behind_2_pathgroup", "b"]


def test_bars_that_stand_on_each_other_have_outlines_that_do():
    made = ghosts.with_ghosts(unit("bar", color={"field": "kind"}, order={"field": "rank"}))
    present, faint, outline = made["layer"]
    assert present["encoding"] == faint["encoding"] and "color" not in outline["encoding"]
    assert outline["encoding"]["detail"] == [{"field": "kind", "type": "nominal"}]
    assert [one["transform"] for one in made["layer"]] == [
        [{"filter": "!datum._ghost"}],
        *[[{"filter": "datum._ghost"}]] * 2,
    ]
    assert not any(marks.stands_for_rows(one) for one in (faint, outline))


# --- in a reader's hands ---------------------------------------------------------------------------------------------

#: How many marks of the picture that is seen are ghosts, and how many stand for rows.
DRAWN = """(name) => {
  const marks = document.querySelectorAll(`section[data-explorer="${name}"] .chart svg path`);
  const seen = [...marks].filter(mark => mark.checkVisibility());
  const count = what => seen.filter(mark => mark.closest(what)).length;
  return [count('[class*="ghost_behind"]'), count("[data-row]")];
}"""


@pytest.mark.site
@visits(["notebooks/3-system/model-states"], "laptop", "phone")
def test_a_reader_compares_with_the_default(visit):
    figure = visit.figure("model-states")
    figure.rest()
    button = figure.section.locator('[data-action="compare"]')
    ghosts, before = visit.measure(DRAWN, figure.name)
    assert ghosts == 0 and before > 0
    figure.move("pp", 0)
    figure.rest()
    moved = visit.measure(DRAWN, figure.name)
    assert moved[0] == 0
    button.press("Enter")
    figure.rest()
    assert button.get_attribute("aria-pressed") == "true"
    visit.tab.wait_for_function(f"(name) => ({DRAWN})(name)[0] > 0", arg=figure.name)
    assert visit.measure(DRAWN, figure.name) == [before, moved[1]], "the default's bars, faintly, with those that are moved"
    figure.press("reset")
    figure.rest()
    assert visit.measure(DRAWN, figure.name) == [0, before]
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
