"""Names that every doctest may use: a docstring then shows the call and not the same import again."""

import pytest

import moecalc
from moecalc.training.planner.question import ask


@pytest.fixture(autouse=True)
def _names_of_examples(doctest_namespace):
    doctest_namespace |= {
        "moecalc": moecalc,
        "load_model": moecalc.load_model,
        "load_accelerator": moecalc.load_accelerator,
        "v3": moecalc.load_model("deepseek-v3"),
        "ask": ask,
    }
