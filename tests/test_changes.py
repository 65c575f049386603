"""The changelog of numbers: two records beside each other, and records of commits by their own code."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from site_helpers import ROOT

from moebook.changes.__main__ import main
from moebook.changes.compare import changes
from moebook.changes.markdown import DIGITS, _cell, markdown, said
from moebook.changes.record import FORMAT, record
from moebook.changes.source import numbers
from moecalc import explore
from moecalc.claims import ledger
from moecalc.claims.expected import expected
from moecalc.explorers import explorer_names


def metric(value, label="GPUs", unit="GPUs") -> dict:
    return {"label": label, "unit": unit, "value": value}


def claim(verdict="reproduced", recomputed="58 days", own_value=None, reason="because") -> dict:
    return {"claim": "V3: days", "verdict": verdict, "recomputed": recomputed, "own_value": own_value, "reason": reason}


def a_record(figures=None, claims=None) -> dict:
    figures = {"cost": {"gpus": metric(2048), "model": metric("V3", "Model", "")}} if figures is None else figures
    shown = {name: {"title": f"The {name}", "metrics": metrics} for name, metrics in figures.items()}
    claims = {"C05": claim()} if claims is None else claims
    return {"format": FORMAT, "version": "0.1.0", "date": "2026-11-27", "figures": shown, "claims": claims}


def difference(figures=None, claims=None):
    return changes(a_record(), a_record(figures, claims))


# --- comparing -------------------------------------------------------------------------------------------------------


def test_equal_records_have_no_changes():
    found = difference()
    assert not found.any and found.same == 4
    assert "4 numbers are in both and did not change" in markdown(found, a_record(), a_record())


def test_a_number_that_changed_is_told_with_its_share():
    (told,) = difference({"cost": {"gpus": metric(2560), "model": metric("V3", "Model", "")}}).numbers
    assert (told.of, told.label, told.old, told.new) == ("cost", "GPUs", 2048, 2560)
    assert told.relative == pytest.approx(0.25)
    text = markdown(difference({"cost": {"gpus": metric(2560)}}), a_record(), a_record())
    assert "| cost | GPUs | 2,048 GPUs | 2,560 GPUs | +25 % |" in text


@pytest.mark.parametrize("value", [2048 * (1 + 1e-12), 2048.0])
def test_noise_of_computers_is_no_change(value):
    assert not difference({"cost": {"gpus": metric(value), "model": metric("V3", "Model", "")}}).any


@pytest.mark.parametrize(("old", "new"), [("V2", "V3"), (None, 3.0), (0, 3.0), (-1.0, 1.0), (True, False)])
def test_where_a_share_says_nothing_there_is_none(old, new):
    figures = [{"cost": {"x": metric(value)}} for value in (old, new)]
    (told,) = changes(*map(a_record, figures)).numbers
    assert told.relative is None


def test_as_many_digits_as_show_the_difference():
    figures = [{"cost": {"x": metric(value, unit="s")}} for value in (18.5711, 18.5719)]
    (told,) = changes(*map(a_record, figures)).numbers
    was, now = said(told)
    assert was != now and len(now) <= len("18.572 s"), (was, now, DIGITS)


def test_what_comes_and_goes_is_told_once():
    found = difference({"mfu": {"share": metric(0.39, "MFU", "%")}}, {"C05": claim(), "C06": claim()})
    assert found.figures_added == {"mfu": "The mfu"} and found.figures_removed == {"cost": "The cost"}
    assert list(found.claims_added) == ["C06"] and not found.claims_removed
    assert not found.numbers and not found.numbers_added and not found.numbers_removed
    found = difference({"cost": {"gpus": metric(2048), "nodes": metric(256, "Nodes")}})
    assert [one.new for one in found.numbers_added] == [256] and [one.old for one in found.numbers_removed] == ["V3"]


def test_a_verdict_that_changed_is_told_with_its_reason():
    found = difference(claims={"C05": claim("differs", "57 days", reason="another convention")})
    assert [(one.claim, one.old, one.new, one.reason) for one in found.verdicts] == [
        ("C05", "reproduced", "differs", "another convention")
    ]
    text = markdown(found, a_record(), a_record())
    assert "| C05 | V3: days | reproduced | differs | another convention |" in text
    assert "| C05 | as printed | 58 days | 57 days |" in text


def test_a_record_from_before_reasons_gets_the_one_that_is_written_down_now():
    before = {"C05": claim("open")}, {"C05": claim("reproduced", reason="")}
    (told,) = changes(*(a_record(claims=claims) for claims in before)).verdicts
    assert told.reason == expected()["C05"].reason
    (told,) = changes(a_record(claims=before[0]), a_record(claims={"C05": claim("differs", reason="")})).verdicts
    assert told.reason == "", "it is not that of another verdict"


def test_a_cell_stays_a_cell():
    assert _cell("a | b\n<b>*c*</b>") == "a \\| b \\<b>\\*c\\*\\</b>"


# --- recording -------------------------------------------------------------------------------------------------------


def test_a_record_holds_every_figure_and_every_claim():
    found = json.loads(json.dumps(record()))
    assert list(found["figures"]) == explorer_names()
    assert found["figures"]["cost"]["metrics"]["usd"]["value"] == explore("cost")["metrics"]["usd"]
    assert {name: told["verdict"] for name, told in found["claims"].items()} == {
        row["id"]: row["verdict"] for row in ledger()
    }
    assert all(told["reason"] for told in found["claims"].values())


FAKE = {
    "src/moecalc/__init__.py": "__version__ = '0'\n",
    "src/moecalc/explorers/__init__.py": """
import json, os
from types import SimpleNamespace as S
def explorer_names(): return ["cost"]
def explorer(name): return S(title="Cost", metrics={"gpus": S(label="GPUs", unit="GPUs")})
def explore(name):
    file = os.path.join(os.path.dirname(__file__), "..", "..", "..", "data", "gpus.json")
    return {"metrics": {"gpus": json.load(open(file))}}
""",
    "src/moecalc/claims/__init__.py": """
def ledger():
    return [{"id": "C05", "subject": "V3", "claim": "days", "verdict": "reported", "recomputed": "58", "own_value": None}]
""",
    "data/gpus.json": "2000",
}


def git(folder: Path, *argv) -> str:
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | who).stdout.strip()


def commit(folder: Path, files: dict) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "--short", "HEAD")


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A repository with three commits: nothing to record, 2,000 GPUs, 2,048 GPUs."""
    folder = tmp_path_factory.mktemp("history")
    git(folder, "init", "-q")
    return folder, [commit(folder, files) for files in ({"README": "x"}, FAKE, {"data/gpus.json": "2048"})]


def test_a_commit_is_recorded_by_its_own_code_and_data(history):
    folder, (_, first, second) = history
    records = [numbers(name, folder) for name in (first, second)]
    assert [one["figures"]["cost"]["metrics"]["gpus"]["value"] for one in records] == [2000, 2048]
    assert [one["commit"] for one in records] == [first, second] and records[0]["version"] == "0"
    (told,) = changes(*records).numbers
    assert (told.old, told.new) == (2000, 2048)
    assert f"From commit {first} of " in markdown(changes(*records), *records)


def test_nothing_is_left_in_the_working_tree(history):
    folder, (_, first, _) = history
    numbers(first, folder)
    assert git(folder, "status", "--porcelain") == "" and len(git(folder, "worktree", "list").splitlines()) == 1


def test_a_commit_without_calculators_is_refused(history):
    folder, (nothing, *_) = history
    with pytest.raises(ValueError, match=f"commit {nothing} has no src/moecalc and data; name a later one"):
        numbers(nothing, folder)


def test_a_commit_whose_code_fails_is_refused(history):
    folder, (*_, last) = history
    broken = commit(folder, {"src/moecalc/claims/__init__.py": "raise RuntimeError('no ledger yet')"})
    with pytest.raises(ValueError, match=f"commit {broken} cannot be recorded: RuntimeError: no ledger yet"):
        numbers(broken, folder)
    git(folder, "reset", "-q", "--hard", last)


# --- the command -----------------------------------------------------------------------------------------------------


def test_two_files_are_compared(tmp_path, capsys):
    for name, count in (("old", 2000), ("new", 2048)):
        (tmp_path / f"{name}.json").write_text(json.dumps(a_record({"cost": {"gpus": metric(count)}})))
    assert main([str(tmp_path / "old.json"), str(tmp_path / "new.json")]) == 0
    assert "| cost | GPUs | 2,000 GPUs | 2,048 GPUs | +2.4 % |" in capsys.readouterr().out


def test_a_record_is_written_where_it_is_asked_for(tmp_path):
    path = tmp_path / "a" / "numbers.json"
    assert main(["--record", str(path)]) == 0
    assert numbers(str(path))["format"] == FORMAT


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-thing", "HEAD"), "'no-such-thing' is neither a file nor a commit"),
        (("--", "--output=x", "HEAD"), "'--output=x' is neither a file nor a commit"),
        ((str(ROOT / "README.md"), "HEAD"), "is no record of numbers"),
        ((str(ROOT / "package.json"), "HEAD"), "is no record of numbers"),
        (("HEAD", ""), "two versions are needed"),
        ((), "two versions are needed"),
    ],
)
def test_bad_input_is_one_sentence(argv, words, capsys):
    assert main(list(argv)) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and words in err


def test_the_page_shows_what_the_command_printed():
    text = (ROOT / "book" / "changes" / "serving.txt").read_text(encoding="utf-8")
    page = (ROOT / "book" / "changes.md").read_text(encoding="utf-8")
    old, new = page.split("changelog FROM=")[-1].split("\n")[0].split(" TO=")
    assert text.startswith(f"From commit {old} of ") and f" to commit {new} of " in text.splitlines()[0]
    assert "## Verdicts that changed" in text and "## Figures added" in text
