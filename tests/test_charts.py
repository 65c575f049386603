"""Charts are made once, without rows; with rows put in they show any state, in Vega-Lite as in Vega."""

import contextlib
import functools
import itertools
import json
import re
from collections import Counter

import pytest
import vl_convert

from moebook import charts, svg, theme
from moebook.marks import numbered
from moecalc.base.errors import InputError
from moecalc.explorers import explorer, explorer_names, portable

#: A reader loads one chart for each figure and screen; all are made at every build, so few figures have more than one.
MOST_MORE = 10
VARIANTS = [(name, variant) for name in explorer_names() for variant in charts.variants(name)]
SPECS = [(name, variant, wide) for name, variant in VARIANTS for wide in (True, False)]


@pytest.fixture(autouse=True)
def known_face(monkeypatch):
    """Words are measured in a face that this machine has; the site's own is known to browsers alone."""
    monkeypatch.setattr(theme, "FONT", svg.MEASURED)


def states(name, variant, most=4):
    """Some states that a chart is for: the defaults, and both ends or options of its other controls, spread out."""
    one = explorer(name)
    moves = [
        {control.key: value}
        for control in one.controls
        if control.key not in variant
        for value in ([control.low, control.high] if control.kind == "range" else control.stops())
        if value != control.default
    ]
    found = [{}]
    for move in moves[:: max(1, len(moves) // (most - 1))]:
        with contextlib.suppress(InputError):
            result_of(name, variant | move)
            found.append(move)
    return [variant | move for move in found]


def result_of(name, state):
    return _result_of(name, json.dumps(state))


@functools.lru_cache(64)
def _result_of(name, state):
    """Several tests draw the same state, one after another; none of them changes it."""
    return explorer(name).run(json.loads(state))


def plain_rows(rows):
    """Rows as the page's script puts them into a chart."""
    sent = json.loads(json.dumps(portable(rows)))
    return [{key: value for key, value in row.items() if value is not None} for row in numbered(sent)]


def rows_entry(vega):
    (entry,) = (one for one in vega["data"] if one["name"] == charts.ROWS)
    return entry


def seen(svg):
    """What a picture consists of: its words in order, and how often each outline is drawn."""
    # boxes around groups have the width of their words, which two programs need not measure alike
    paths = re.findall(r'<path (?![^>]*class="(?:background|foreground)")[^>]*?\bd="([^"]*)"', svg)
    marks = [path for path in paths if not re.fullmatch(r"M0,0h[\d.]+v[\d.]+h-[\d.]+Z", path)]
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg), Counter(marks)


def walk(value):
    """Every dict inside."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(one)


def lite_svg(name, state, wide=True):
    return vl_convert.vegalite_to_svg(charts.draw(name, result_of(name, state), wide), vl_version=charts.VEGA_LITE)


def test_there_are_few_of_them():
    assert len(VARIANTS) - len(explorer_names()) <= MOST_MORE
    for name in explorer_names():
        keys = [charts.variant_key(name, variant) for variant in charts.variants(name)]
        assert len(set(keys)) == len(keys) >= 1
        assert all(re.fullmatch(r"(\.[\w-]+)*", key) for key in keys), "a part of a file's name"
        assert (keys == [""]) == (not charts.variant_controls(name))


@pytest.mark.parametrize(("name", "variant", "wide"), SPECS, ids=str)
def test_a_chart_obeys_the_schema_of_vega_lite(name, variant, wide):
    charts.drawn(name, wide, variant).to_dict()


@pytest.mark.parametrize("name", explorer_names())
def test_every_state_has_its_chart(name):
    one = explorer(name)
    known = {charts.variant_key(name, variant) for variant in charts.variants(name)}
    of_variants = [control for control in one.controls if control.key in charts.variant_controls(name)]
    assert len(of_variants) == len(charts.variant_controls(name))
    assert all(control.kind in ("select", "checkbox") for control in of_variants), "a number has too many values"
    for values in itertools.product(*(control.stops() for control in of_variants)):
        state = dict(zip((control.key for control in of_variants), values, strict=True))
        with contextlib.suppress(InputError):
            assert charts.variant_key(name, one.run(state).controls) in known


@pytest.mark.parametrize(("name", "variant", "wide"), SPECS)
def test_a_chart_is_made_without_rows(name, variant, wide):
    spec, vega = charts.spec(name, wide, variant), charts.vega(name, wide, variant)
    assert spec["datasets"] == {charts.ROWS: []}
    assert {one["data"]["name"] for one in walk(spec) if isinstance(one.get("data"), dict)} == {charts.ROWS}
    assert not rows_entry(vega).get("values") and "url" not in rows_entry(vega)
    others = [one for one in vega["data"] if one["name"] != charts.ROWS]
    made = [one for one in others if "source" not in one]
    assert all(one["transform"][0]["type"] == "sequence" for one in made), "it counts the panels of a row"
    assert not any("values" in one or "url" in one for one in others)
    assert "://" not in json.dumps(vega).replace(vega["$schema"], ""), "it asks nobody for anything"


def fields_made(spec):
    """Names that the transforms of a chart give."""
    for one in walk(spec):
        names = one.get("as", []) if {"calculate", "fold", "op"} & set(one) else []
        yield from [names] if isinstance(names, str) else names


def fields_read(spec):
    """Names that the encodings and the transforms of a chart read from a row."""
    for one in walk(spec):
        if isinstance(one.get("field"), str):
            yield one["field"]
        yield from one.get("groupby", []) if isinstance(one.get("groupby"), list) else []
        yield from one.get("fold", [])
        for key in ("calculate", "filter", "test"):
            yield from re.findall(r"datum\.(\w+)|datum\['(\w+)'\]", str(one[key])) if key in one else []
    text = json.dumps(spec)
    yield from re.findall(r"pluck\(data\('rows'\), '(\w+)'\)", text)
    yield from re.findall(r"data\('rows'\)\[0\]\.(\w+)", text)


@pytest.mark.parametrize(("name", "variant", "wide"), SPECS)
def test_what_a_chart_reads_is_in_the_rows(name, variant, wide):
    spec = charts.spec(name, wide, variant)
    read = {"".join(one) if isinstance(one, tuple) else one for one in fields_read(spec)}
    read -= {"value", "label"} - set(fields_made(spec))  # of a tick, not of a row
    given = {key for state in states(name, variant) for row in numbered(result_of(name, state).rows) for key in row}
    assert read and not read - given - set(fields_made(spec))


@pytest.mark.parametrize("name", explorer_names())
def test_rows_are_flat(name):
    """As a table, a CSV and Vega take them."""
    for row in result_of(name, {}).rows:
        assert all(value is None or isinstance(value, (str, int, float, bool)) for value in row.values())


@pytest.mark.parametrize(("name", "variant", "wide"), SPECS, ids=str)
def test_vega_with_rows_is_the_same_picture(name, variant, wide):
    vega = charts.vega(name, wide, variant)
    # for a phone the same instructions have other widths: it needs fewer states
    for state in states(name, variant, 4 if wide else 2):
        result = result_of(name, state)
        rows_entry(vega)["values"] = plain_rows(result.rows)
        words, marks = seen(vl_convert.vega_to_svg(vega))
        lite = vl_convert.vegalite_to_vega(charts.draw(name, result, wide), vl_version=charts.VEGA_LITE)
        # what has ghosts is put together in another way; the same instructions would draw the same again
        assert vega == lite or (words, marks) == seen(vl_convert.vega_to_svg(lite)), state
        assert words and sum(marks.values()) > 1
        assert not [word for word in words if re.search("undefined|null|NaN|…", word)]


def test_other_rows_change_the_picture():
    """Ticks, titles, legends and labels follow the rows, though the chart was made without them."""
    words = {key: seen(lite_svg(name, state))[0] for key, (name, state) in FOLLOWED.items()}
    assert "Parameters" in words["total"] and "Parameters" not in words["cache"] and "Bytes a token" in words["cache"]
    assert "router" in words["moe"] and "router" not in words["dense"] and "dense feed-forward" in words["dense"]
    assert "200 B" in words["total"] and "20k" in words["cache"]
    assert {"14", "15", "17.2"} <= set(words["16 ranks"])
    assert {"24", "28"} <= set(words["32 ranks"]) and not {"15", "11.5"} & set(words["32 ranks"])
    assert "DeepSeek-V2.5" in words["all"] and "DeepSeek-V2.5" not in words["one"]


FOLLOWED = {
    "total": ("v2-to-v3", {}),
    "cache": ("v2-to-v3", {"count": "kv_cache"}),
    "moe": ("flops", {}),
    "dense": ("flops", {"model": "llama-3.1-8b"}),
    "16 ranks": ("model-states", {}),
    "32 ranks": ("model-states", {"pp": 32}),
    "all": ("benchmarks", {}),
    "one": ("benchmarks", {"rival": "gpt-4o"}),
}
