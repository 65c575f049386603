"""The claims ledger: verdicts are computed, and they follow from the data."""

import copy
import json

import pytest

from moecalc.base.errors import InputError
from moecalc.claims import PAGES, VERDICTS, counts_by_verdict, ledger, page
from moecalc.claims.evidence import Evidence, Part, agrees, filled, outcome, shown_like, truncated, verdict
from moecalc.claims.expected import WHAT_TO_DO, expected, unexpected
from moecalc.claims.printed import items, number, numbers
from moecalc.claims.registry import CHECKS
from moecalc.cli import main
from moecalc.facts import models, tables


def span(text):
    """C05-C07 C64 -> every id."""
    ids = []
    for first, _, last in (part.partition("-") for part in text.split()):
        ids += [f"C{i:02}" for i in range(int(first[1:]), int((last or first)[1:]) + 1)]
    return ids


ROWS = {row["id"]: row for row in ledger()}
SETTLED = span("C01-C27 C29-C43 C45-C85 C90-C106")
#: Verdict -> the claims that are expected to have it, as data/expected_verdicts.csv says.
EXPECTED = {}
for claim, known in expected().items():
    EXPECTED.setdefault(known.verdict, []).append(claim)


def a_fact(value, status="reported"):
    return tables.Fact("model", "quantity", value, None, "count", "talk", "here", status, "2024-12", "")


# --- the ledger


def test_every_claim_is_listed_in_order():
    assert list(ROWS) == span("C01-C107")


@pytest.mark.parametrize("claim", SETTLED)
def test_settled_claims_rest_on_something(claim):
    row = ROWS[claim]
    assert row["verdict"] != "open"
    assert row["recomputed"] or row["source"] or row["verdict"] == "unverified"
    assert row["page"] == page(claim) != ""


# --- the guard: a verdict that changes is written down


def test_no_verdict_has_changed_without_being_written_down():
    assert unexpected(ROWS.values()) == []


def test_a_verdict_is_expected_of_every_claim_and_its_reason_is_said():
    assert list(expected()) == list(ROWS)
    assert all(len(known.reason) > 15 for known in expected().values())


def test_an_altered_check_is_reported(monkeypatch):
    """The claim, the verdict that it had, the one that it has now, and what to do."""
    other = Evidence((Part(ROWS["C12"]["printed"], 2789.0),))
    monkeypatch.setitem(CHECKS, "C12", lambda claim: other)
    (sentence,) = unexpected(ledger())
    assert sentence == f"C12 was reproduced ({expected()['C12'].reason}) and now is differs. {WHAT_TO_DO}"


def test_an_altered_fact_is_reported(data):
    """Nothing of the ledger is touched, and the guard speaks all the same."""
    for row in data["training_runs"]:
        if (row["subject"], row["quantity"]) == ("llama31-405B", "num_tokens"):
            row["value"] = "1.2"
    assert [sentence.split()[0] for sentence in unexpected(ledger())] == ["C26"]


def test_a_check_that_is_taken_away_is_reported(monkeypatch):
    monkeypatch.delitem(CHECKS, "C67")
    (sentence,) = unexpected(ledger())
    assert "C67 was reported" in sentence and "now is open" in sentence


def test_a_claim_of_which_nothing_is_expected_is_reported():
    (sentence,) = unexpected([{"id": "C108", "verdict": "open"}])
    assert sentence.startswith("C108 is open, and no verdict of it is expected")


def test_open_claims_have_no_page():
    for row in ROWS.values():
        if row["verdict"] == "open":
            assert row["page"] == "" and row["recomputed"] is None


def test_sources_exist():
    for row in ROWS.values():
        assert row["source"] == "" or row["source"] in tables.sources()
        assert bool(row["source"]) == bool(row["locator"])


def test_a_source_that_says_otherwise_is_shown():
    for claim in EXPECTED["contradicted"]:
        assert ROWS[claim]["source"] and ROWS[claim]["recomputed"] != ROWS[claim]["printed"]


def test_questions_are_asked_on_a_page_only_where_evidence_stands():
    assert ROWS["C86"]["page"] == "notebooks/4-industry/mixture-of-experts"
    assert ROWS["C87"]["page"] == "notebooks/4-industry/reasoning"
    assert ROWS["C88"]["page"] == "notebooks/4-industry/inference-demand"


def test_counts():
    counts = counts_by_verdict()
    assert tuple(counts) == VERDICTS and sum(counts.values()) == len(ROWS)
    assert all(counts[name] == len(ids) for name, ids in EXPECTED.items())


def test_checks_are_of_known_claims_and_pages_do_not_overlap():
    assert set(CHECKS) <= set(ROWS)
    listed = [claim for ranges in PAGES.values() for claim in span(ranges)]
    assert len(listed) == len(set(listed)) and set(listed) >= set(CHECKS)


@pytest.mark.parametrize(
    ("claim", "recomputed", "own"),
    [
        ("C05", "58.1 days", "56.7 days"),
        ("C06", "78.4 days", "78.4 days"),
        ("C07", "1/11.0", "1/11.06"),
        ("C26", "15.6 T tokens", None),
        ("C29", "236 / 21 B", "235.74 / 21.38 B"),
        ("C30", "671 / 37 B", "671.03 / 36.63 B"),
        ("C33", "7168", None),
        ("C42", "softmax, group_limited_greedy, 3, False, 16.0", None),
        ("C45", "95.55 %", None),
        ("C57", "TP1, PP16, EP64, DP128, ZeRO-1", None),
        ("C58", "128 GPUs", "256 GPUs"),
        ("C59", "4; 8 experts; nodes", None),
        ("C64", "10.22 B parameters", "10.22 B parameters"),
        ("C70", "38.96 %", "39.06 %"),
        ("C71", "39.4 %", "39.06 %"),
        ("C72", "51.0 %", "52.08 %"),
        ("C77", "32.958 %", "39.08 %"),
    ],
)
def test_values(claim, recomputed, own):
    assert (ROWS[claim]["recomputed"], ROWS[claim]["own_value"]) == (recomputed, own)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("C05", "54.2 days"),
        ("C06", "466 job interruptions"),
        ("C45", "Truncated"),
        ("C51", "5.576 is printed as 5.57"),
        ("C58", "two ranks"),
        ("C65", "26.8 / 16 = 1.675"),
        ("C70", "37.16 %"),
        ("C70", "37.23 %"),
        ("C71", "37.7 %"),
        ("C72", "48.7 %"),
        ("C81", "HFU"),
        ("C82", "HFU"),
        ("C92", "no quantization_config"),
    ],
)
def test_notes(claim, words):
    assert words in ROWS[claim]["note"]


def test_activated_parameters_hold_under_a_convention():
    assert ROWS["C30"]["convention"] == "activated without the input embedding"
    assert "20.85" in ROWS["C29"]["note"]


# --- nothing is typed: a changed input changes the verdict


@pytest.fixture
def data(monkeypatch):
    """A copy of the files read so far that a test may change; what is made of them is made again."""
    files = {key: copy.deepcopy(value) for key, value in tables._cache.items() if isinstance(key, str)}
    monkeypatch.setattr(tables, "_cache", files)
    return files


def verdict_of(claim):
    return next(row["verdict"] for row in ledger() if row["id"] == claim)


@pytest.mark.parametrize(
    ("claim", "printed", "expected"),
    [
        ("C05", "57", "differs"),
        ("C06", "78", "reported"),
        ("C07", "1/11", "reproduced"),
        ("C09", "2665", "contradicted"),
        ("C26", "15.6", "reported"),
        ("C33", "7168", "reported"),
        ("C40", "160 / 2, 8", "contradicted"),
        ("C43", "softmax, noaux_tc, 4, True, 2.5", "contradicted"),
        ("C45", "95.6", "reproduced"),
        ("C48", "37B of 671B; 8+2 of 256 experts", "contradicted"),
        ("C51", "2.788 / 5.58", "reproduced"),
        ("C64", "10.2", "reproduced"),
        ("C65", "0.639", "reproduced"),
        ("C70", "38.96", "reproduced"),
        ("C71", "39", "reproduced"),
        ("C72", "51.0", "reproduced"),
        ("C77", "32.95", "differs"),
        ("C90", "102400 / 129281", "contradicted"),
        ("C93", "MHA; 1", "contradicted"),
    ],
)
def test_another_printed_number_gives_another_verdict(data, claim, printed, expected):
    assert ROWS[claim]["verdict"] != expected
    next(row for row in data["claims"] if row["id"] == claim)["printed"] = printed
    assert verdict_of(claim) == expected


def test_a_printed_input_reaches_the_claims_made_of_it(data):
    next(row for row in data["claims"] if row["id"] == "C01")["printed"] = "13"
    assert [verdict_of(claim) for claim in ("C70", "C75", "C77")] == ["differs"] * 3


@pytest.mark.parametrize(
    ("subject", "quantity", "value", "claim", "expected"),
    [
        ("llama31-405B", "gpu_hours", "21200000", "C06", "reported"),
        ("llama31-405B", "num_tokens", "1.2", "C26", "reported"),
        ("dsv3-ctx-ext", "gpu_hours", "120000", "C10", "contradicted"),
        ("dsv3-total", "usd", "6000000", "C16", "contradicted"),
    ],
)
def test_another_fact_gives_another_verdict(data, subject, quantity, value, claim, expected):
    for row in data["training_runs"]:
        if (row["subject"], row["quantity"]) == (subject, quantity):
            row["value"] = value
    assert verdict_of(claim) == expected


def test_another_config_gives_another_verdict(data):
    models.model("deepseek-v3")["config"]["hidden_size"] = 7160
    assert [verdict_of(claim) for claim in ("C32", "C33")] == ["contradicted", "reported"]


def test_another_benchmark_result_gives_another_verdict(data):
    for row in data["benchmarks"]:
        if row["model"] == "Claude-3.5-Sonnet-1022" and row["benchmark"] in ("SWE Verified", "Aider-Edit"):
            row["value"] = "1"
    assert verdict_of("C28") == "reproduced"


def test_a_missing_printed_number_is_an_error(data):
    next(row for row in data["claims"] if row["id"] == "C12")["printed"] = "many"
    with pytest.raises(InputError, match="C12 prints 'many'"):
        number("C12")


# --- the rules


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part("95.5", 95.552), "differs"),
        (Part("95.6", 95.552), "reproduced"),
        (Part("7160", stated=7168, fact=a_fact(7168)), "contradicted"),
        (Part("7168", stated=7168, fact=a_fact(7168)), "reported"),
        (Part("1", 1, 2, a_fact(2)), "contradicted"),
        (Part("2", 1, 2, a_fact(2)), "differs"),
        (Part("2", 2, 2, a_fact(2)), "reproduced"),
        # a source with more digits agrees with a number that was cut off, a computation does not
        (Part("5.57", stated=5.576, fact=a_fact(5.576)), "reported"),
        (Part("5.57", 5.576, 5.576, a_fact(5.576)), "differs"),
        # what no source stands behind settles nothing
        (Part("7", stated=7, fact=a_fact(7, "derived")), "unverified"),
        (Part("7", stated=8, fact=a_fact(8, "unverified")), "unverified"),
        (Part("7"), "unverified"),
        (Part("None", stated="None", fact=a_fact("None")), "reported"),
        (Part("True", True), "reproduced"),
        (Part("True", False), "differs"),
        (Part("MLA", 3), "differs"),
    ],
)
def test_outcome_of_a_part(part, expected):
    assert outcome(part) == expected
    assert verdict(Evidence((part,))) == expected


SAME, OTHER, NOTHING = Part("1", 1), Part("1", 2), Part("1")
SAID, DENIED = Part("1", stated=1, fact=a_fact(1)), Part("1", stated=2, fact=a_fact(2))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((SAME, SAME), "reproduced"),
        ((OTHER, OTHER), "differs"),
        ((SAME, OTHER), "in part"),
        ((SAME, DENIED), "contradicted"),
        ((SAID, SAID), "reported"),
        ((SAID, SAME), "reproduced"),
        ((SAID, NOTHING), "in part"),
        ((SAID, OTHER), "in part"),
        ((NOTHING, NOTHING), "unverified"),
        ((NOTHING, OTHER), "differs"),
    ],
)
def test_verdict_from_parts(parts, expected):
    assert verdict(Evidence(parts)) == expected
    assert verdict(Evidence(parts[::-1])) == expected


def test_verdict_without_evidence():
    assert verdict(None) == "open"
    assert verdict(None, asks=True) == "question"


@pytest.mark.parametrize(
    ("printed", "value"),
    [("58", 58.08), ("1/10", 0.0975), ("9.96912e12", 9969123456789), ("0.2", 0.15), ("5.576", 5576000 / 1e6)],
)
def test_printed_digits_decide(printed, value):
    assert agrees(printed, value) and not truncated(printed, value)


def test_rounding_is_half_up_without_binary_noise():
    assert agrees("2.68", 2.675) and agrees("0.3", 0.1 + 0.2)
    assert truncated("2.67", 2.675) and not truncated("2.66", 2.675)


def test_what_is_printed_is_read():
    assert numbers("C48") == ["37", "671", "8", "1", "256"]
    assert items("C40") == ["160", "2", "6"]
    assert number("C73") == 9.96912e12


def test_findings_take_the_form_of_what_is_printed():
    assert shown_like("1/10", 0.0904) == "1/11.1"
    assert filled("2.788 / 5.57", (Part("2.788", 2.788), Part("5.57", 5.576))) == "2.788 / 5.576"
    assert filled("160 / 2, 6", (Part("160", 161), Part("2"), Part("6", 6))) == "161 / \u2013, 6"


# --- the command line


def run(capsys, *argv):
    code = main(["claims", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_json(capsys):
    code, out, _ = run(capsys, "--json")
    listed = json.loads(out)["claims"]
    assert code == 0 and len(listed) == len(ROWS)
    assert {"id", "claim", "printed", "recomputed", "verdict", "source"} <= set(listed[0])


def test_filter_by_verdict(capsys):
    _, out, _ = run(capsys, "--verdict", "contradicted", "--json")
    assert [row["id"] for row in json.loads(out)["claims"]] == EXPECTED["contradicted"]


def test_one_claim_is_shown_whole(capsys):
    _, out, _ = run(capsys, "--id", "c64")
    for text in ("C64", "26.8", "own value", "convention", "note", ROWS["C64"]["note"]):
        assert text in out


def test_table(capsys):
    _, out, _ = run(capsys)
    assert len(out.splitlines()) == len(ROWS) + 2


@pytest.mark.parametrize(
    ("argv", "words"), [(("--id", "C999"), "C999"), (("--verdict", "true"), "in part"), (("--verdict", ""), "in part")]
)
def test_bad_input_is_one_sentence(capsys, argv, words):
    code, out, err = run(capsys, *argv)
    assert code == 2 and out == "" and len(err.splitlines()) == 1 and words in err


def test_nothing_found(capsys):
    _, out, _ = run(capsys, "--id", "C64", "--verdict", "reported")
    assert out.strip() == "no such claim"
