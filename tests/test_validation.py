"""Memory that runs of others measured, beside what is predicted: every case, also where it is off."""

import pytest

from moecalc.base.errors import InputError
from moecalc.facts.tables import facts
from moecalc.training.memory import FRAGMENTATION, FRAMEWORK_SHARE
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.memory import (
    MEASURED,
    TABLE,
    fitted_shares,
    memory_cases,
    memory_errors,
    run_memory,
)

CASES = memory_cases()


def used(use):
    return [case for case in CASES if case.use == use]


def test_every_measured_figure_is_a_case():
    measured = [(fact.subject, fact.quantity) for fact in facts(TABLE) if fact.status == "measured"]
    assert sorted(measured) == sorted((case.subject, case.quantity) for case in CASES)
    assert {case.quantity for case in CASES} == set(MEASURED)
    assert {case.use for case in CASES} == {FITTED, HELD_OUT}


def test_the_shares_are_those_of_the_fitted_runs():
    framework, *fragmentation = fitted_shares()
    assert round(framework, 2) == FRAMEWORK_SHARE
    assert tuple(round(share, 3) for share in fragmentation) == FRAGMENTATION


def test_errors_of_fitted_and_held_out_cases():
    fitted, held_out = memory_errors(used(FITTED)), memory_errors(used(HELD_OUT))
    assert fitted.cases + held_out.cases == len(CASES)
    assert fitted.mean < 0.01 < held_out.mean < 0.04 and abs(held_out.worst) < 0.2
    assert held_out.mean == pytest.approx(sum(abs(case.error) for case in used(HELD_OUT)) / held_out.cases)
    worst = max(CASES, key=lambda case: abs(case.error))
    assert (held_out.worst, held_out.worst_subject) == (worst.error, worst.subject)
    # one framework, whose layouts are all known, without long sequences
    megatron = [case for case in used(HELD_OUT) if case.source == "simumax" and "seq" not in case.subject]
    assert memory_errors(megatron).mean < 0.01
    # where the row says what is in it, a program's rules are all that is allocated; what is reserved has gaps beside
    allocated = [case for case in used(HELD_OUT) if case.source == "simumax" and "allocated" in case.quantity]
    assert memory_errors(allocated).mean < 0.005 and abs(memory_errors(allocated).worst) < 0.015


def test_a_case_is_predicted_from_its_own_words():
    case = next(case for case in CASES if case.quantity == "peak_allocated_lightest_rank" and "deepseek" in case.subject)
    # not the last stage, as the source has it: its layer is dense
    quantities = {fact.quantity: fact for fact in facts(TABLE) if fact.subject == case.subject}
    _, last = run_memory(quantities["config"].value, quantities["layout"].value).ranks
    assert case.rank == 0 and 20 * abs(case.error) < last.counted / case.measured - 1
    found = run_memory('{"from": "llama-3.1-8b"}', "tp=2 seq_len=1024 recompute=full")
    assert found.ranks[0].layer_activations == 32 * 2 * 4096 * 1024 // 2


@pytest.mark.parametrize("layout", ["speed=2", "tp=0", "recompute=all", "stages=tt"])
def test_a_wrong_row_is_refused(layout):
    with pytest.raises(InputError):
        run_memory('{"from": "llama-3.1-8b"}', layout)
    with pytest.raises(InputError, match="at least one case"):
        memory_errors([])
