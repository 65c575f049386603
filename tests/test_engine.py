"""One Python, three places: CPython, Pyodide in Node, and the page's engine in Chromium give the same numbers."""

import functools
import gzip
import json
import math
import random
import subprocess

import pytest
from site_helpers import CHAPTER_PAGES, ROOT, shown

from moebook.site.engine import CORE
from moebook.site.figures import MAX_GZIPPED_BYTES
from moebook.site.scripts import node
from moecalc import InputError, explore
from moecalc.explorers import answer, explorer, explorer_names, explorers, portable
from moecalc.facts import models
from moecalc.model.families import language_config

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

COMBINATIONS, SEED = 30, 20241226
#: Every so many single moves are also asked of the engine in Chromium; all of them are asked in Node.
IN_CHROMIUM = 5
TRUTH = json.loads((ROOT / "tests" / "truth" / "models.json").read_text(encoding="utf-8"))["models"]
#: Metric of the figure any-config -> what the truth calls it.
TRUTH_NAMES = {
    **{key: key for key in ("total", "activated", "activated_without_embedding", "activated_without_embedding_and_head")},
    "forward_flops_per_token": "forward_per_token",
    "kv_bytes_per_token": "kv_bytes_per_token_bf16",
}
#: How far floats may lie apart: the functions of libm differ in their last digit.
CLOSE = 1e-12


def moves(one) -> list:
    """The values of every single-control move."""
    return [{control.key: value} for control in one.controls for value in control.stops() if value != control.default]


#: Asked for in several tests, and some simulations take half a second.
in_cpython = functools.cache(answer)


@functools.cache
def combinations(name: str) -> list:
    """Random values of some controls, the same at every run: as many that are answered, and the refused ones met meanwhile.

    Of a layout that is drawn blindly hardly any divides a model, so some controls keep their defaults.
    """
    one, draw = explorer(name), random.Random(f"{SEED} {name}")
    answered, refused = [], []
    while len(answered) < COMBINATIONS:
        moved = draw.sample(one.controls, draw.randint(2, len(one.controls)))
        values = {control.key: value(control, draw) for control in moved}
        (refused if "error" in json.loads(in_cpython(one.name, json.dumps(values))) else answered).append(values)
        assert len(refused) < 1000
    return [*answered, *refused[:COMBINATIONS]]


def value(control, draw):
    if control.kind == "textarea":
        return control.default
    if control.kind != "range" or draw.random() < 0.5:
        return draw.choice(control.stops())
    return (draw.randint if control.whole else draw.uniform)(control.low, control.high)


def states(every: int = 1) -> list:
    """(explorer, values): the defaults, the combinations and, of the single moves, one of so many."""
    return [
        (one.name, values) for one in explorers() for values in [{}, *combinations(one.name), *moves(one)[::every]]
    ]


def differences(ours, theirs, where="") -> list:
    """Where two values differ by more than the last digits of a float."""
    if type(ours) is not type(theirs):
        return [f"{where}: {ours!r} and {theirs!r}"]
    if isinstance(ours, dict):
        if list(ours) != list(theirs):
            return [f"{where}: {list(ours)} and {list(theirs)}"]
        return [told for key in ours for told in differences(ours[key], theirs[key], f"{where}.{key}")]
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return [f"{where}: {len(ours)} and {len(theirs)} of them"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [told for at, pair in pairs for told in differences(*pair, f"{where}[{at}]")]
    same = math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=0) if isinstance(ours, float) else ours == theirs
    return [] if same else [f"{where}: {ours!r} and {theirs!r}"]


def compare(asked, answers):
    """Other answers to these states with those of CPython."""
    assert len(answers) == len(asked)
    for (name, values), text in zip(asked, answers, strict=True):
        ours = json.loads(in_cpython(name, json.dumps(values)))
        assert not differences(ours, json.loads(text)), f"{name} {values}"


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
    """They are the same at every run, and the engine's answer is what `explore` says."""
    assert combinations(name) == combinations.__wrapped__(name)
    for values in [{}, *combinations(name)]:
        told = json.loads(in_cpython(name, json.dumps(values)))
        try:
            ours = explore(name, **values)
        except InputError as error:
            assert told == {"error": str(error)}
            continue
        assert {key: told[key] for key in ("controls", "metrics")} == {
            key: portable(ours[key]) for key in ("controls", "metrics")
        }


@pytest.fixture(scope="module")
def wheel(site):
    """The wheel that the site serves."""
    return site / "engine" / json.loads((site / "engine" / "engine.json").read_text())["wheel"]


def test_the_page_is_told_what_is_downloaded_packed_and_unpacked(site, wheel):
    note = json.loads((site / "engine" / "engine.json").read_text())
    contents = [(site / "engine" / name).read_bytes() for name in (*CORE, wheel)]
    assert note["plain_bytes"] == sum(len(content) for content in contents)
    assert note["bytes"] == sum(min(len(content), len(gzip.compress(content, 6))) for content in contents)
    assert note["bytes"] < note["plain_bytes"] / 1.8


def test_in_node(wheel):
    requests = json.dumps([[name, json.dumps(values)] for name, values in states()])
    command = [node(), "web/test/answer.js", wheel]
    run = subprocess.run(command, cwd=ROOT, input=requests, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    compare(states(), json.loads(run.stdout))


#: Asks the engine of the site as its pages do, all at once: it answers in order.
ASK = """([base, requests]) => new Promise((resolve, reject) => {
  const worker = new Worker(`${base}_static/engine-worker.js`, { type: "module" }), answers = [];
  worker.onerror = ({ message }) => reject(Error(message));
  worker.onmessage = ({ data }) => {
    if (data.type === "ready") {
      for (const [id, [name, values]] of requests.entries()) worker.postMessage({ type: "ask", id, name, values });
    }
    if (data.type === "answer") answers[data.id] = data.text;
    if (data.type === "failed" || data.type === "dead") reject(Error(data.sentence));
    if (answers.length === requests.length) { worker.terminate(); resolve(answers); }
  };
  worker.postMessage({ type: "start", base: `${base}engine/`, snapshot: false });
})"""


def test_in_chromium(chromium, address):
    tab = chromium.new_page()
    tab.goto(f"{address}search.html")
    requests = [[name, json.dumps(values)] for name, values in states(IN_CHROMIUM)]
    compare(states(IN_CHROMIUM), tab.evaluate(ASK, [address, requests]))
    tab.close()


# --- by the page's controls ------------------------------------------------------------------------------------------


def page_of(name: str) -> str:
    """A page that shows the explorer."""
    return next(page for page in CHAPTER_PAGES for shows, _ in shown(page) if shows == name)


def three_states(name: str) -> list:
    """Two combinations that are answered, and one that is refused, if there is one."""
    answered, refused = combinations(name)[:COMBINATIONS], combinations(name)[COMBINATIONS:]
    return [*answered[:2], *refused[:1], answered[2]][:3]


def set_by_hand(section, control, value):
    handle = section.locator(f'[data-control="{control.key}"]')
    if control.kind == "select":
        handle.select_option(str(value))
    elif control.kind == "checkbox":
        handle.set_checked(value)
    else:
        handle.fill(str(value))
        handle.blur()


def is_shown(value, text: str) -> bool:
    """Whether an output's full precision is a number that `explore` prints."""
    if isinstance(value, float):
        return text != "" and math.isclose(float(text), value, rel_tol=CLOSE, abs_tol=0)
    return text == ("" if value is None else str(value))


def metrics_shown(section) -> dict:
    """Full precision of every metric on the page."""
    pairs = "all => all.map(one => [one.dataset.metric, one.dataset.value])"
    return dict(section.locator("output[data-metric]").evaluate_all(pairs))


@pytest.fixture(scope="module")
def tab(chromium, address):
    """One tab for all figures: what it has fetched of the engine serves them all."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", explorer_names())
def test_by_the_controls_of_the_page(name, tab, address, moecalc):
    one = explorer(name)
    tab.goto(f"{address}{page_of(name)}.html")
    section = tab.locator(f'section[data-explorer="{name}"]').first
    for summary in section.locator(".more-controls > summary").all():
        summary.click()
    for values in three_states(name):
        for control in one.controls:
            set_by_hand(section, control, values.get(control.key, control.default))
        section.and_(tab.locator('[aria-busy="false"]')).wait_for(timeout=60_000)
        given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        printed = moecalc("explore --json", name, *given)
        if printed.code:
            assert f"moecalc: {section.locator('.explorer-error').inner_text()}" == printed.err.strip()
            continue
        assert section.locator(".explorer-error").is_hidden()
        outputs, metrics = metrics_shown(section), printed.json["metrics"]
        assert outputs.keys() == metrics.keys()
        wrong = [(key, text, metrics[key]) for key, text in outputs.items() if not is_shown(metrics[key], text)]
        assert not wrong, values


@pytest.fixture(scope="module")
def any_config(chromium, address):
    """The figure that takes a pasted config, on its page."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}{page_of('any-config')}.html")
    section = page.locator('section[data-explorer="any-config"]')
    section.locator(".more-controls > summary").click()
    yield section
    context.close()


@pytest.mark.parametrize("slug", [slug for slug in models.model_slugs() if models.model(slug)["config"]])
def test_a_published_config_pasted_into_the_page(slug, any_config):
    """It is counted as the truth has it, or the page says why not."""
    raw, truth, one = models.model(slug)["config"], TRUTH.get(slug, {}), explorer("any-config")
    values = {"config": json.dumps(raw, indent=2), "seq_len": truth.get("seq_len", 4096), "context": 1000}
    for control in one.controls:
        if control.key in values:
            set_by_hand(any_config, control, values[control.key])
    any_config.and_(any_config.page.locator('[aria-busy="false"]')).wait_for(timeout=60_000)
    told = any_config.locator(".explorer-error")
    try:
        metrics = one.run(values).metrics
    except InputError as error:
        assert told.inner_text() == str(error)
        assert f"'{language_config(raw)[0]['model_type']}' is not supported" in str(error)
        assert not truth
        return
    assert told.is_hidden()
    on_page = metrics_shown(any_config)
    assert not [key for key, text in on_page.items() if not is_shown(metrics[key], text)]
    counts = {name: on_page[key] for key, name in TRUTH_NAMES.items() if name in truth}
    assert counts == {name: str(int(truth[name])) for name in counts}


#: Notes what the status line of a figure says, and moves the figure by its address.
SAID = """(section, hash) => {
  const status = section.querySelector(".explorer-status");
  window.said = [];
  new MutationObserver(() => window.said.push(status.textContent))
    .observe(status, { childList: true, characterData: true, subtree: true });
  location.hash = hash;
}"""


def test_a_long_computation_tells_how_far_it_is_before_its_answer(tab, address):
    tab.goto(f"{address}{page_of('balancing')}.html")
    section = tab.locator('section[data-explorer="balancing"]')
    section.locator("fieldset:not([disabled])").wait_for()
    section.evaluate(SAID, "#balancing?experts=64&tokens=1000&steps=100")
    section.locator('output[data-metric="mean_load"][data-value="62.5"]').wait_for(timeout=60_000)
    said = tab.evaluate("window.said")
    percents = [int(text.removeprefix("Computing: ").removesuffix(" %")) for text in said if "%" in text]
    assert percents and percents == sorted(percents)
    assert said[-1] == ""


# --- what the site has stored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", explorer_names())
def test_stored_moves(name, site):
    file = site / "explorers" / f"{name}.json"
    assert len(gzip.compress(file.read_bytes())) <= MAX_GZIPPED_BYTES
    stored, one = json.loads(file.read_text(encoding="utf-8")), explorer(name)
    count = 0
    for values in [{}, *moves(one)]:
        ((key, value),) = values.items() or [(None, None)]
        if key is None:
            kept = stored["defaults"]
        else:
            kept = stored["moves"][key][as_javascript(value)]
            count += 1
        try:
            result = one.run(values)
        except InputError as error:
            assert kept == {"error": str(error)}
            continue
        assert kept["metrics"] == portable(explore(name, **values)["metrics"]), values
        if kept.get("same_rows"):
            kept = {"rows": stored["defaults"]["rows"]}
        else:
            assert ("rows" in kept) == (stored["has_rows"] or key is None)
        if "rows" in kept:
            assert kept["rows"] == portable(result.rows), values
    assert count == sum(map(len, stored["moves"].values()))


def as_javascript(value) -> str:
    """The text of a value in JavaScript."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value) if isinstance(value, bool) else str(value)
