"""Figures moved by their controls on the page: the numbers that it shows are those of the command line."""

import json
import math

import pytest
from engine_states import CLOSE, combinations, in_cpython
from site_helpers import FIGURE_PAGES, ROOT, shown

from moecalc import InputError
from moecalc.explorers import explorer, explorer_names
from moecalc.facts import models
from moecalc.model.wrappers import language_config

pytest_plugins = ["site_fixtures"]
pytestmark = pytest.mark.site

TRUTH = json.loads((ROOT / "tests" / "truth" / "models.json").read_text(encoding="utf-8"))["models"]
#: Metric of the figure any-config -> what the truth calls it.
TRUTH_NAMES = {
    **{key: key for key in ("total", "activated", "activated_without_embedding", "activated_without_embedding_and_head")},
    "forward_flops_per_token": "forward_per_token",
    "kv_bytes_per_token": "kv_bytes_per_token_bf16",
}


def page_of(name: str) -> str:
    """A page that shows the explorer."""
    return next(page for page in FIGURE_PAGES for shows, _ in shown(page) if shows == name)


def three_states(name: str) -> list:
    """Two combinations that are answered, and one that is refused, if there is one."""
    met = combinations(name, 3)
    refused = [values for values in met if "error" in in_cpython(name, json.dumps(values))]
    answered = [values for values in met if values not in refused]
    return [*answered[:2], *refused[:1], answered[2]][:3]


#: Set controls as a hand does, faster than they are answered: each box to the text of its value, or a switch.
SET_BY_HAND = """(section, values) => {
  for (const [key, value] of Object.entries(values)) {
    const box = section.querySelector(`[data-control="${key}"]`);
    if (box.type === "checkbox") box.checked = value;
    else box.value = String(value);
    for (const event of ["input", "change"]) box.dispatchEvent(new Event(event, {bubbles: true}));
  }
}"""


def set_by_hand(section, values):
    section.evaluate(SET_BY_HAND, {key: value if isinstance(value, bool) else str(value) for key, value in values.items()})


def is_shown(value, text: str) -> bool:
    """Whether an output's full precision is a number that `explore` prints."""
    if isinstance(value, float):
        return text != "" and math.isclose(float(text), value, rel_tol=CLOSE, abs_tol=0)
    return text == ("" if value is None else str(value))


def metrics_shown(section) -> dict:
    """Full precision of every metric on the page."""
    pairs = "all => all.map(one => [one.dataset.metric, one.dataset.value])"
    return dict(section.locator("output[data-metric]").evaluate_all(pairs))


def on_its_page(name: str) -> tuple:
    """Where `visit` finds an explorer."""
    return page_of(name), "laptop"


@pytest.mark.parametrize(
    "visit, name", [(on_its_page(name), name) for name in explorer_names()], ids=explorer_names(), indirect=["visit"]
)
def test_by_the_controls_of_the_page(visit, name, moecalc):
    one, tab = explorer(name), visit.tab
    section = tab.locator(f'section[data-explorer="{name}"]').first
    for values in three_states(name):
        set_by_hand(section, {control.key: values.get(control.key, control.default) for control in one.controls})
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


@pytest.mark.parametrize("visit", [on_its_page("any-config")], ids=["by hand"], indirect=True)
@pytest.mark.parametrize("slug", [slug for slug in models.model_slugs() if models.model(slug)["config"]])
def test_a_published_config_pasted_into_the_page(slug, visit):
    """It is counted as the truth has it, or the page says why not."""
    visit.figure("any-config").unfold()
    any_config = visit.figure("any-config").section
    raw, truth, one = models.model(slug)["config"], TRUTH.get(slug, {}), explorer("any-config")
    values = {"config": json.dumps(raw, indent=2), "seq_len": truth.get("seq_len", 4096), "context": 1000}
    set_by_hand(any_config, values)
    any_config.and_(any_config.page.locator('[aria-busy="false"]')).wait_for(timeout=60_000)
    told = any_config.locator(".explorer-error")
    try:
        metrics = one.run(values).metrics
    except InputError as error:
        assert told.inner_text() == str(error)
        assert f"'{language_config(raw).raw['model_type']}' is not described" in str(error)
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


@pytest.mark.parametrize("visit", [on_its_page("balancing")], ids=["balancing"], indirect=True)
def test_a_long_computation_tells_how_far_it_is_before_its_answer(visit):
    tab = visit.tab
    section = tab.locator('section[data-explorer="balancing"]')
    section.locator("fieldset:not([disabled])").wait_for()
    section.evaluate(SAID, "#balancing?experts=64&tokens=1000&steps=100")
    section.locator('output[data-metric="mean_load"][data-value="62.5"]').wait_for(timeout=60_000, state="attached")
    said = tab.evaluate("window.said")
    percents = [int(text.removeprefix("Computing: ").removesuffix(" %")) for text in said if "%" in text]
    assert percents and percents == sorted(percents)
    assert said[-1] == ""
