"""Every figure, moved: at its defaults, to both ends of each range, to each option."""

import contextlib
import json
import math

import pytest

from moecalc import InputError, explore, load_model
from moecalc import explorers as explorers_package
from moecalc.explorers import (
    MOST_LEADING,
    Explorer,
    Metric,
    Number,
    answer,
    answer_as_json,
    explorer,
    explorer_names,
    explorers,
)

PASTED = json.dumps(load_model("llama-3.1-8b").raw)
#: texts to try as the numbers of another accelerator, and whether they are accepted where the accelerator is typed in
ACCELERATORS = {
    "name=mine, bf16=400e12, hbm=2e12, memory=64e9, scale_up=300e9, scale_out=50e9, domain=8": True,
    "T4,bf16=65e12": True,
    "fp8=1e12": False,
    "bf16=many": False,
    "t4": False,
    "": False,
}
#: explorer -> texts to try in its other text controls, and whether they are accepted
TEXTS = {
    "any-config": {"hidden_size=4096": True, PASTED: True, '{"model_type": "gemma"}': False, "https://x.org/a": False},
    "does-it-fit": {PASTED: True, '{"model_type": "gemma"}': False},
    "experts-by-copies": {"1, 2, 3, 4": True, "[5 5 6 6]": True, "1": False, "1, many, 3": False, "1, -2, 3, 4": False},
    "grpo": {"1, 0, 0.5": True, "1 1.5 0.9\n0 0.8": True, "1": False, "right, wrong": False, "1 2 3 4, 0": False},
    "what-would-it-take": {PASTED: True, '{"model_type": "gemma"}': False, "[1]": False},
    "planner": {PASTED: True, '{"model_type": "gemma"}': False, "[1]": False},
    "parameters": {"n_routed_experts=128": True, "top_k = 8": False, "n_routed_experts": False, "hidden_size=": False},
}


def moves(one):
    """(control key, value) of every single-control move away from the defaults."""
    for control in one.controls:
        told = control.describe()
        values = {
            "range": lambda told: [told["low"], told["high"]],
            "select": lambda told: [value for value, _ in told["options"]],
            "checkbox": lambda told: [False, True],
            "textarea": lambda told: list(ACCELERATORS if told["key"] == "accelerator_numbers" else TEXTS[one.name]),
        }[told["kind"]](told)
        yield from ((control.key, value) for value in values)


ALL_MOVES = [(one.name, key, value) for one in explorers() for key, value in moves(one)]


def is_whole(one, result):
    """All that is declared is there and can be shown, printed and sent."""
    assert list(result.metrics) == list(one.metrics)
    for key, value in result.metrics.items():
        assert value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool)), key
        assert not isinstance(value, float) or math.isfinite(value), key
        assert one.metrics[key].text(value).strip(), key
    for row in result.rows:
        assert set(one.columns) <= set(row)
        for key, column in one.columns.items():
            assert column.text(row[key]) or row[key] == "", key
    assert json.loads(json.dumps(result._asdict(), allow_nan=False)) is not None
    assert list(result.controls) == [control.key for control in one.controls]


def test_the_figures_of_this_report():
    assert len(explorer_names()) >= 6
    assert [one.name for one in explorers()] == explorer_names()
    for one in explorers():
        assert one.title and one.description.endswith(".") and one.controls and one.metrics and one.columns


@pytest.mark.parametrize("name", explorer_names())
def test_defaults(name):
    one = explorer(name)
    result = one.run()
    is_whole(one, result)
    assert result.rows
    assert result.controls == {control.key: control.default for control in one.controls}
    assert result == one.run(result.controls) == one.run({})


@pytest.mark.parametrize("name", explorer_names())
def test_what_leads_and_what_is_folded(name):
    one = explorer(name)
    keys = [control.key for control in one.controls]
    assert set(one.lead) <= set(keys) and len(set(one.lead)) == len(one.lead)
    assert len(one.leading) <= MOST_LEADING
    assert sorted(control.key for control in [*one.leading, *one.further]) == sorted(keys)
    assert bool(one.further) == (len(keys) > MOST_LEADING)
    assert set(one.headline) <= set(one.metrics) and len(set(one.headline)) == len(one.headline)
    # the front page's figure is its numbers
    assert 1 <= len(one.headlines) <= (11 if name == "what-would-it-take" else 3)
    shown = one.run().metrics
    assert all(shown[key] is not None for key in one.headlines), "a headline is a number that there is"


def test_without_a_choice_the_first_lead():
    def made(number, **how):
        controls = tuple(Number(f"c{i}", "C", 1, 1, 2, 1) for i in range(number))
        metrics = {"first": Metric("First"), "second": Metric("Second")}
        return Explorer("made", "Made", "A figure.", controls, metrics, {}, lambda **_: ({}, []), **how)

    def keys(one):
        return [[control.key for control in group] for group in (one.leading, one.further)]

    assert keys(made(3)) == [["c0", "c1", "c2"], []]
    assert keys(made(8)) == [["c0", "c1", "c2", "c3", "c4", "c5"], ["c6", "c7"]]
    assert keys(made(3, lead=("c2",))) == [["c2", "c0", "c1"], []]
    assert keys(made(7, lead=("c6", "c1"))) == [["c6", "c1"], ["c0", "c2", "c3", "c4", "c5"]]
    assert made(1).headlines == ["first"] and made(1, headline=("second",)).headlines == ["second"]


@pytest.mark.parametrize("name", explorer_names())
def test_a_default_is_one_of_the_accepted_values(name):
    for control in explorer(name).controls:
        told = control.describe()
        if told["kind"] == "range":
            assert told["low"] <= told["default"] <= told["high"] and told["step"] > 0
        if told["kind"] == "select":
            values = [value for value, _ in told["options"]]
            assert told["default"] in values and len(set(map(str, values))) == len(values)
        assert told["label"]
        assert json.loads(json.dumps(told, allow_nan=False))["key"] == control.key


@pytest.mark.parametrize(("name", "key", "value"), ALL_MOVES, ids=lambda one: str(one)[:40])
def test_every_single_move(name, key, value):
    one = explorer(name)
    try:
        result = one.run({key: value})
    except InputError as error:
        assert "\n" not in str(error)
        return
    is_whole(one, result)
    assert result.controls[key] == value


def is_answered(one, values) -> bool:
    with contextlib.suppress(InputError):
        return bool(one.run(values))
    return False


def test_every_control_can_be_moved():
    """A control may hold values that do not go with the defaults of the others, but only some."""
    for name in explorer_names():
        one = explorer(name)
        for control in one.controls:
            values = [value for key, value in moves(one) if key == control.key]
            answered = any(is_answered(one, {control.key: value}) for value in values)
            assert answered, f"{name}: {control.key} cannot be moved at all"


@pytest.mark.parametrize("name", explorer_names())
def test_texts_are_read_as_the_values_they_spell(name):
    """As they come from a command line, or the address of a page."""
    one = explorer(name)
    for control in one.controls:
        for value in [control.default, *(value for key, value in moves(one) if key == control.key)]:
            read = control.read(str(value))
            assert read == control.read(value) == value and type(read) is type(value)


@pytest.mark.parametrize("name", explorer_names())
def test_what_is_not_accepted_is_refused_in_one_sentence(name):
    one = explorer(name)
    wrong = [{"no_such_control": 1}]
    for control in one.controls:
        values = {"textarea": [3, None], "checkbox": ["perhaps", None, 2]}.get(
            control.kind, ["", "many", "nan", "inf", "-inf", None, float("nan"), float("inf"), -1, 10**400, [], {}]
        )
        wrong += [{control.key: value} for value in values]
    for values in wrong:
        with pytest.raises(InputError) as caught:
            one.run(values)
        assert next(iter(values)) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "accepted"), TEXTS["parameters"].items())
def test_changes_to_a_config(text, accepted):
    if accepted:
        assert explorer("parameters").run({"changes": text}).metrics["total"] < 671_026_404_352
    else:
        with pytest.raises(InputError):
            explorer("parameters").run({"changes": text})


@pytest.mark.parametrize("name", explorer_names())
def test_what_is_told_of_the_way_changes_no_answer(name):
    shares = []
    told = answer(name, "{}", lambda share, *so_far: shares.append(share))
    assert told == answer(name, "{}")
    assert shares == sorted(shares) and all(0 <= share <= 1 for share in shares)
    assert bool(shares) == (name in ("balancing", "planner"))


WITH_ACCELERATOR = [one.name for one in explorers() if any(control.key == "accelerator" for control in one.controls)]


@pytest.mark.parametrize("name", WITH_ACCELERATOR)
def test_an_accelerator_may_be_typed_in(name):
    one = explorer(name)
    assert "accelerator_numbers" in {control.key for control in one.controls}
    is_whole(one, one.run({"accelerator": "typed-in"}))
    by_name = one.run({"accelerator": "h20"})
    typed = one.run({"accelerator": "typed-in", "accelerator_numbers": "NVIDIA H20"})
    assert (typed.metrics, typed.rows) == (by_name.metrics, by_name.rows)


@pytest.mark.parametrize("name", WITH_ACCELERATOR)
@pytest.mark.parametrize(("text", "accepted"), ACCELERATORS.items())
def test_what_is_missing_of_a_typed_accelerator_is_told(name, text, accepted):
    one, values = explorer(name), {"accelerator": "typed-in", "accelerator_numbers": text}
    # their figures need no peak
    of_memory = {"attention-cache", "does-it-fit", "gpu-memory", "memory-steps", "model-states", "weights-by-ep"}
    # theirs need the links of several nodes
    networked = {"peak-to-mfu", "planner", "trace-pair", "training-step"}
    if (accepted and not (text.startswith("T4") and name in networked)) or (text == "t4" and name in of_memory):
        is_whole(one, one.run(values))
        return
    with pytest.raises(InputError) as caught:
        one.run(values)
    assert "\n" not in str(caught.value)
    if text == "fp8=1e12":
        assert "is known" in str(caught.value) and "type it in" in str(caught.value)


def slowly(number):
    yield from (0.25, 0.5)
    if number == 3:
        raise InputError("Not 3.")
    return {"double": 2 * number}, [{"number": number}]


@pytest.mark.parametrize("compute", [slowly, lambda number: ({"double": 2 * number}, [{"number": number}])])
def test_a_figure_may_tell_how_far_it_is(compute):
    controls, columns = (Number("number", "Number", 1, 1, 9, 1),), {"number": Metric("Number")}
    one = Explorer("trial", "A trial", "Nothing.", controls, {"double": Metric("Double")}, columns, compute)
    shares = []
    assert one.run({"number": 2}, shares.append) == one.run({"number": 2}) == ({"number": 2}, {"double": 4}, [{"number": 2}])
    assert shares == ([0.25, 0.5] if compute is slowly else [])
    if compute is slowly:
        assert json.loads(answer_as_json(one, '{"number": 3}', shares.append)) == {"error": "Not 3."}
        assert shares == [0.25, 0.5] * 2


def test_a_figure_may_show_what_it_has_found_so_far():
    def search():
        yield 0.25
        yield 0.5, ({"best": 7}, [{"number": 7}])
        return {"best": 2}, [{"number": 2}]

    columns = {"number": Metric("Number")}
    one = Explorer("trial", "A trial", "Nothing.", (), {"best": Metric("Best")}, columns, search)
    told = []
    assert one.run({}, lambda *found: told.append(found)).metrics == {"best": 2}
    assert told == [(0.25,), (0.5, ({}, {"best": 7}, [{"number": 7}]))]
    assert one.run().rows == [{"number": 2}], "nobody need listen"
    told.clear()
    answer_as_json(one, "{}", lambda *found: told.append(found))
    assert told[0] == (0.25,)
    assert json.loads(told[1][1]) == {"controls": {}, "metrics": {"best": 7}, "rows": [{"number": 7}]}


def test_a_control_may_have_any_name():
    """Even that of the function's own parameter."""
    with pytest.raises(InputError, match="cost has no control 'name'"):
        explore("cost", name=1)


def test_an_unknown_figure():
    with pytest.raises(InputError, match="no explorer named 'costs'; the nearest are cost"):
        explorer("costs")


@pytest.mark.parametrize("name", explorer_names())
def test_the_command_line_gives_the_figures_numbers(name, moecalc):
    printed = moecalc("explore --json", name).json
    result = explorer(name).run()
    assert printed == {"explorer": name, "controls": result.controls, "metrics": result.metrics}
    listed = {one["name"]: one for one in moecalc("explore --list --json").json["explorers"]}
    assert listed[name]["metrics"] == list(result.metrics)
    assert [control["key"] for control in listed[name]["controls"]] == list(result.controls)


@pytest.mark.parametrize("name", explorer_names())
def test_a_move_from_python_and_from_the_command_line(name, moecalc):
    one = explorer(name)
    for key, value in moves(one):
        printed = moecalc("explore --json", name, "--set", f"{key}={value}")
        if printed.code:
            with pytest.raises(InputError) as caught:
                explore(name, **{key: value})
            assert " ".join(str(caught.value).split()) in printed.err
        else:
            assert explore(name, **{key: value}) == printed.json
    built = one.run().metrics
    for control in one.controls:
        printed = moecalc("explore --json", name, "--set", f"{control.key}={control.default}").json
        assert printed["metrics"] == built


@pytest.mark.parametrize("before, now", sorted(explorers_package.ALIASES.items()))
def test_a_name_that_a_figure_had_before_still_opens_it(before, now):
    assert explorer(before) is explorer(now)
    assert explore(before) == {**explore(now), "explorer": before}
    assert before not in explorer_names()


def test_a_name_twice_is_refused(tmp_path, monkeypatch):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same_name.py").touch()
    monkeypatch.setattr(explorers_package, "__path__", [str(tmp_path)])
    monkeypatch.setattr(explorers_package, "_places", {})
    with pytest.raises(ValueError, match="same-name"):
        explorer_names()
