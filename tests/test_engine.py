"""One Python, three places: CPython, Pyodide in Node, and the page's engine in Chromium give the same numbers."""

import gzip
import json
import subprocess

import pytest
from engine_states import combinations, differences, in_cpython, moves, said_by_explore, states
from site_helpers import ROOT

from moebook.site.engine import CORE
from moebook.site.figures import MAX_GZIPPED_BYTES
from moebook.site.scripts import node
from moecalc.explorers import explorer, explorer_names

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

TRUTH = json.loads((ROOT / "tests" / "truth" / "families.json").read_text(encoding="utf-8"))


#: Every so many single moves are also asked of the engine in Chromium; all of them are asked in Node.
IN_CHROMIUM = 5


def compare(name, asked, answers):
    """Other answers to these states with those of CPython."""
    assert len(answers) == len(asked)
    for values, text in zip(asked, answers, strict=True):
        assert not differences(in_cpython(name, json.dumps(values)), json.loads(text)), values


def requests(name, asked) -> list:
    return [[name, json.dumps(values)] for values in asked]


def test_what_differs_is_found():
    ours = {"whole": 2, "float": 0.1 + 0.2, "rows": [{"big": "9007199254740993"}]}
    assert not differences(ours, {**ours, "float": 0.3})
    others = {"float": 0.3000000000004}, {"whole": 2.0}, {"whole": 3}, {"rows": []}, {"rows": [{"big": "9007199254740992"}]}
    for other in others:
        (told,) = differences(ours, {**ours, **other})
        assert told.startswith(f".{next(iter(other))}")
    assert differences(ours, {"error": "No."})


@pytest.mark.parametrize("name", explorer_names())
def test_the_states_that_are_asked(name):
    """They are the same at every run, and `explore` says of them what the engine's function answers."""
    assert combinations(name) == combinations.__wrapped__(name)
    for values in combinations(name):
        told = in_cpython(name, json.dumps(values))
        said = said_by_explore(name, values)
        assert said == {key: told[key] for key in told if key in said}, values


@pytest.fixture(scope="session")
def wheel(site):
    """The wheel that the site serves."""
    return site / "engine" / json.loads((site / "engine" / "engine.json").read_text())["wheel"]


def test_the_page_is_told_what_is_downloaded_packed_and_unpacked(site, wheel):
    note = json.loads((site / "engine" / "engine.json").read_text())
    contents = [(site / "engine" / name).read_bytes() for name in (*CORE, wheel)]
    assert note["plain_bytes"] == sum(len(content) for content in contents)
    assert note["bytes"] == sum(min(len(content), len(gzip.compress(content, 6))) for content in contents)
    assert note["bytes"] < note["plain_bytes"] / 1.8


@pytest.fixture(scope="session")
def in_node(wheel):
    """A function that asks the wheel in Node, where Python is started once."""
    command = [node(), "web/test/answer.js", wheel]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, encoding="utf-8", bufsize=1) as process:

        def ask(asked) -> list:
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize("name", explorer_names())
def test_in_node(name, in_node):
    compare(name, states(name), in_node(requests(name, states(name))))


#: Starts the engine of the site as its pages do.
START = """base => new Promise((resolve, reject) => {
  window.engine = new Worker(`${base}_static/engine-worker.js`, { type: "module" });
  engine.onerror = ({ message }) => reject(Error(message));
  engine.onmessage = ({ data }) => {
    if (data.type === "ready") resolve();
    if (data.type === "failed" || data.type === "dead") reject(Error(data.sentence));
  };
  engine.postMessage({ type: "start", base: `${base}engine/`, snapshot: false });
})"""

#: Asks it all at once: it answers in order.
ASK = """requests => new Promise((resolve, reject) => {
  const answers = [];
  engine.onerror = ({ message }) => reject(Error(message));
  engine.onmessage = ({ data }) => {
    if (data.type === "answer") answers[data.id] = data.text;
    if (data.type === "failed" || data.type === "dead") reject(Error(data.sentence));
    if (answers.length === requests.length) resolve(answers);
  };
  for (const [id, [name, values]] of requests.entries()) engine.postMessage({ type: "ask", id, name, values });
})"""


@pytest.fixture(scope="session")
def in_chromium(chromium, address):
    """A function that asks the engine of the site, started once."""
    tab = chromium.new_page()
    tab.goto(f"{address}search.html")
    tab.evaluate(START, address)
    yield lambda asked: tab.evaluate(ASK, asked)
    tab.close()


@pytest.mark.parametrize("name", explorer_names())
def test_in_chromium(name, in_chromium):
    asked = states(name, IN_CHROMIUM)
    compare(name, asked, in_chromium(requests(name, asked)))


@pytest.mark.parametrize("model", TRUTH)
def test_a_config_that_is_pasted_in_chromium(model, in_chromium):
    """Each of the truth is counted by the page's engine."""
    case = TRUTH[model]
    (text,) = in_chromium(requests("any-config", [{"config": json.dumps(case["config"])}]))
    answer = json.loads(text)
    assert "error" not in answer and int(answer["metrics"]["total"]) == case["total"]


# --- what the site has stored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", explorer_names())
def test_stored_moves(name, site):
    file = site / "explorers" / f"{name}.json"
    assert len(gzip.compress(file.read_bytes())) <= MAX_GZIPPED_BYTES
    stored = json.loads(file.read_text(encoding="utf-8"))
    count, left_to_the_engine = 0, set()
    for values in [{}, *moves(explorer(name))]:
        ((key, value),) = values.items() or [(None, None)]
        if key is None:
            kept = stored["defaults"]
        elif key not in stored["moves"]:
            left_to_the_engine.add(key)
            continue
        else:
            kept = stored["moves"][key][as_javascript(value)]
            count += 1
        told = in_cpython(name, json.dumps(values))
        if "error" in told:
            assert kept == told
            continue
        assert {**stored["defaults"]["metrics"], **kept["metrics"]} == told["metrics"], values
        if kept.get("same_rows"):
            kept = {"rows": stored["defaults"]["rows"]}
        else:
            assert ("rows" in kept) == (stored["has_rows"] or key is None)
        if "rows" in kept:
            assert kept["rows"] == told["rows"], values
    assert count == sum(map(len, stored["moves"].values()))
    assert not left_to_the_engine or not stored["has_rows"]
    assert left_to_the_engine <= {max(explorer(name).controls, key=lambda control: len(control.stops())).key}


def as_javascript(value) -> str:
    """The text of a value in JavaScript."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value) if isinstance(value, bool) else str(value)
