"""A search narrowed to what a page has time for, and the figure that shows it."""

import pytest

from moecalc.explorers import explorer
from moecalc.explorers.training import planner as figure
from moecalc.training.planner.answer import plan
from moecalc.training.planner.bounds import REASONS
from moecalc.training.planner.narrow import narrowed
from moecalc.training.planner.question import ask
from moecalc.training.planner.space import space_of

QUESTIONS = [
    ("deepseek-v3", "h800-sxm", 2048, 15_360, 4096),
    ("llama-3.1-8b", "h100-sxm", 64, 512, 8192),
    ("mixtral-8x7b", "b200-sxm", 256, 1024, 4096),
]


#: The whole of V3's space is counted out once: it has nearly two million layouts.
ASKED = [(asked, most) for asked in QUESTIONS for most in ([20_000] if asked[0] == "deepseek-v3" else [1000, 5000, 20_000])]


@pytest.mark.parametrize(("asked", "most"), ASKED, ids=str)
def test_a_narrow_space_is_the_part_of_the_whole_that_leaves_values_out(asked, most):
    question = ask(*asked)
    narrow = narrowed(question, most)
    whole, part = space_of(question), space_of(narrow.question)
    assert (len(part), len(whole)) == (narrow.num_layouts, narrow.num_in_all)
    assert len(part) <= (most if most > 1000 else 2 * most) < len(whole)
    for place in range(0, len(part), 97):
        assert whole.index(part[place]) is not None
    left = {(axis, value) for axis, values in narrow.left_out.items() for value in values}
    assert all((axis, getattr(one, axis)) not in left for one in part for axis in narrow.left_out)
    kept = sum(all((axis, getattr(one, axis)) not in left for axis in narrow.left_out) for one in whole)
    assert kept == len(part)


def test_what_a_question_limits_is_kept_and_a_small_space_is_left_whole():
    question = ask("deepseek-v3", "h800-sxm", 2048, 15_360, 4096, limits={"cp": (1, 2), "micro_batch": (1, 8)})
    narrow = narrowed(question, 5000)
    assert dict(narrow.question.limits)["cp"] == (1, 2) and dict(narrow.question.limits)["micro_batch"] == (1, 8)
    small = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (2,), "schedule": ("1f1b",)})
    assert narrowed(small, 5000) == (small, len(space_of(small)), len(space_of(small)), {})


def test_the_figure_is_the_search_of_its_narrow_space():
    one = explorer("planner")
    told = []
    result = one.run({"num_gpus": 64, "model": "llama-3.1-8b", "global_batch": 1024}, lambda *word: told.append(word))
    _, question = figure.asked("llama-3.1-8b", "", "h800-sxm", "", 64, 1024, 4096, 100, "auto")
    found = plan(narrowed(question, 1000).question)
    layouts = [row for row in result.rows if row["panel"] == figure.LAYOUT]
    assert result.metrics["step_s"] == found.layouts[0]["step_s"] and result.metrics["num_fitting"] == found.num_fitting
    assert [row["step_s"] for row in layouts] == [pytest.approx(row["step_s"], rel=1e-4) for row in found.layouts]
    assert [place for place, row in enumerate(layouts) if row["front"]] == sorted(found.front)
    counts = {row["name"]: row["count"] for row in result.rows if row["panel"] == figure.REASON}
    refused = {figure.SHORT[key]: value["count"] for key, value in found.rejected.items()}
    assert counts == refused | {"run": found.num_fitting}
    assert sum(counts.values()) == found.num_considered
    shares, early = [word[0] for word in told], [word[1] for word in told if len(word) == 2]
    assert shares == sorted(shares) and shares[-1] == 1
    assert early and all(one.metrics["step_s"] >= result.metrics["step_s"] for one in early)


def test_every_reason_has_its_few_words():
    assert figure.SHORT.keys() == REASONS.keys()
    assert max(map(len, figure.SHORT.values())) <= 30


def test_where_nothing_fits_the_figure_says_why():
    result = explorer("planner").run({"num_gpus": 64, "memory": 60})
    assert result.metrics["step_s"] is None and "none of" in result.metrics["best"]
    assert {row["panel"] for row in result.rows} == {figure.REASON}


@pytest.mark.parametrize("count", [1, 2, 5, 64, 71])
def test_chunks_are_far_apart_at_first(count):
    assert sorted(figure.spread(count)) == list(range(count))
