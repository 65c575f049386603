"""Names that every doctest may use: a docstring then shows the call and not the same import again."""

import pytest

import moecalc
from moecalc.serving.planner import question as serving_question
from moecalc.training.planner import question as training_question


@pytest.fixture(autouse=True)
def _names_of_examples(request, doctest_namespace):
    serving = "serving" in request.node.nodeid
    doctest_namespace |= {
        "moecalc": moecalc,
        "load_model": moecalc.load_model,
        "load_accelerator": moecalc.load_accelerator,
        "v3": moecalc.load_model("deepseek-v3"),
        "ask": (serving_question if serving else training_question).ask,
    }
