"""Figures as JupyterLab shows them: every control moved from Python, one after another."""

import contextlib
import functools
import json
import re

import ipywidgets
import pytest
from bs4 import BeautifulSoup

from moebook import charts, show
from moecalc import load_model
from moecalc.base.columns import column
from moecalc.base.errors import InputError
from moecalc.explorers import explorer, explorer_names, explorers

CONTROLS = [(one.name, control.key) for one in explorers() for control in one.controls]
KINDS = {
    "range": (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.IntText, ipywidgets.FloatText),
    "select": ipywidgets.Dropdown,
    "checkbox": ipywidgets.Checkbox,
    "textarea": ipywidgets.Textarea,
}
#: explorer, control, a value that its widget lets in and the calculator does not, words of the sentence
REFUSED = [
    ("cost", "num_gpus", -1, "num_gpus must be a whole number from 8 to 100,000; found -1"),
    ("model-states", "ep", 7, "ep must divide the 256 routed experts"),
    ("model-states", "pp", 62, "61 layers"),
    ("mfu", "gpu_hours", 0.0, "gpu_hours must be a number from 0.01"),
    ("mfu", "gpu_hours", float("nan"), "found nan"),
    ("parameters", "changes", "num_experts_per_tok=300", "at most the 256"),
    ("parameters", "changes", "experts=8", "experts is not a key"),
    ("parameters", "changes", "<b>bold</b>", "found '<b>bold</b>'"),
]
#: A config to paste.
LLAMA = json.dumps(load_model("llama-3.1-8b").raw)


#: An accelerator by its numbers.
TYPED_IN = "bf16=400e12,fp8=800e12,hbm=2e12,memory=64e9,scale_up=300e9,scale_out=50e9"


PICTURE = re.compile(r"(<svg[^>]*>).*?</svg>", re.S)


#: Control -> what must be chosen for it to count.
BESIDE = {
    "accelerator_numbers": {"accelerator": "typed-in"},
    "exponent": {"scores": "zipf"},
    "vpp": {"schedule": "interleaved", "micro_batches": 128},
    "seed": {"loads_of": "published"},
    "sequences": {"order": "decode"},
    "enough": {"order": "report"},
    "mfu_peak": {"show": "mfu"},
    "mfu": {"measure": "hours"},
}


def beside(one, key) -> dict:
    """What must be chosen for a control of a figure to count."""
    there = {control.key for control in one.controls}
    return {other: value for other, value in BESIDE.get(key, {}).items() if other in there}


def another_value(one, control):
    """A value that is accepted and changes what is shown."""
    told = control.describe()
    candidates = {
        "range": lambda: (told["high"], told["low"], told["default"] * 2, told["default"] // 2),
        "select": lambda: [value for value, _ in told["options"]],
        "checkbox": lambda: [not told["default"]],
        "textarea": lambda: ["num_hidden_layers=30", "1, 0, 0.5", "1, 2, 3, 4, 5, 6, 7, 8", LLAMA, TYPED_IN],
    }[told["kind"]]()
    for value in candidates:
        with contextlib.suppress(InputError):
            changed = one.run({**beside(one, control.key), control.key: value})[1:] != one.run()[1:]
            if changed or (value != control.default and control.key in charts.variant_controls(one.name)):
                return value
    pytest.fail(f"{one.name}: no other value of {control.key} changes anything")


def seen(widget) -> BeautifulSoup:
    """What stands below the controls; of a picture only that it is there: it may consist of thousands of elements."""
    return BeautifulSoup(PICTURE.sub(r"\1</svg>", widget.children[-1].value), "html.parser")


def shows(widget, one, result):
    """Whether the numbers, picture and table are those of a result, and whole."""
    page = seen(widget)
    assert widget.result == result and widget.error == ""
    told = {number["data-metric"]: number.text for number in page.find_all("output")}
    assert told == {key: metric.text(result.metrics[key]) for key, metric in one.metrics.items()}
    assert [svg["role"] for svg in page.find_all("svg")] == ["img"]
    cells = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.find("tbody").find_all("tr")]
    columns = [column([row[key] for row in result.rows], *metric[1:], metric.label) for key, metric in one.columns.items()]
    assert cells == [list(line) for line in zip(*(one.cells for one in columns), strict=True)]
    units = [head.select_one(".unit") for head in page.select("thead th")]
    assert [unit.text if unit else "" for unit in units] == [f"[{one.unit}]" if one.unit else "" for one in columns]
    assert not page.find(class_="explorer-error")


@pytest.mark.parametrize("name", explorer_names())
def test_opens_at_its_defaults(name):
    widget, one = show(name), explorer(name)
    shows(widget, one, one.run())
    assert list(widget.controls) == [control.key for control in one.controls]
    for control in one.controls:
        mine = widget.controls[control.key]
        assert isinstance(mine, KINDS[control.kind])
        assert mine.value == control.default
        assert control.label in mine.description and (control.unit in mine.description)
    shown = [widget.controls[control.key] for control in one.leading]
    assert list(widget.children[: len(shown)]) == shown
    folds = widget.children[len(shown) : -1]
    assert len(folds) == bool(one.further)
    for fold in folds:
        assert list(fold.children[0].children) == [widget.controls[control.key] for control in one.further]
        assert fold.titles == (f"More controls ({len(one.further)})",) and fold.selected_index is None


@functools.lru_cache(1)
def shown(name: str):
    """The widget of a figure, for all tests that leave it as they found it."""
    return show(name)


@pytest.mark.parametrize(("name", "key"), CONTROLS)
def test_moved(name, key):
    widget, one = shown(name), explorer(name)
    (control,) = (control for control in one.controls if control.key == key)
    moves = {key: another_value(one, control), **beside(one, key)}
    for moved, value in moves.items():
        widget.controls[moved].value = value
    shows(widget, one, one.run(moves))
    for moved in reversed(moves):
        widget.controls[moved].value = next(control.default for control in one.controls if control.key == moved)
    assert widget.result == one.run() and widget.error == ""


@pytest.mark.parametrize(("name", "key", "value", "words"), REFUSED)
def test_a_refused_value_is_a_sentence_and_moving_back_recovers(name, key, value, words):
    widget, one = show(name), explorer(name)
    widget.controls[key].value = value
    assert widget.result is None
    sentence = seen(widget).find(class_="explorer-error")
    assert sentence["role"] == "alert" and sentence.text == widget.error
    assert words in widget.error
    assert not seen(widget).find("output"), "no numbers of another state beside the sentence"
    widget.controls[key].value = one.run().controls[key]
    shows(widget, one, one.run())


def test_starts_where_it_is_told():
    widget = show("cost", num_gpus=2000)
    shows(widget, explorer("cost"), explorer("cost").run({"num_gpus": 2000}))
    page = BeautifulSoup(widget._repr_mimebundle_()["text/html"], "html.parser")
    assert page.find(attrs={"data-metric": "wall_days"}).text == "58.1 days"
    with pytest.raises(InputError, match="num_gpus"):
        show("cost", num_gpus=0)
    with pytest.raises(InputError, match="'gpus'"):
        show("cost", gpus=1)
    with pytest.raises(InputError, match="nearest are cost"):
        show("costs")


@pytest.mark.parametrize("name", explorer_names())
def test_is_a_widget_for_a_notebook_and_html_for_the_page(name):
    bundle = show(name)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    page = BeautifulSoup(bundle["text/html"], "html.parser")
    assert page.find("section")["data-explorer"] == name
    assert len(page.find_all("svg")) == 2, "one for wide and one for narrow screens"
