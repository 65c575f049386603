"""The report on one page: its numbers are those of single commands, its HTML stands by itself, what cannot be is said."""

import json
import re
from functools import lru_cache
from html.parser import HTMLParser

import pytest
from bs4 import BeautifulSoup

from moecalc.cli import main
from moecalc.cli.report.gather import TRAINING_LIMITS
from moecalc.cli.report.html import html_of
from moecalc.cli.report.page import Table, page_of
from moecalc.cli.report.pictures import svg_of
from moecalc.cli.report.text import text_of

V3 = "--model deepseek-v3 --gpu h800-sxm --num-gpus 2048 --num-tokens 14.8T --global-batch 15360 --recipe deepseek-v3"
LLAMA = "--model llama-3.1-8b --gpu h100-sxm --num-gpus 64"
MINE = "--model gpt-oss-120b --gpu name=<mine>,bf16=400e12,hbm=2e12,memory=64e9,scale_up=300e9,scale_out=50e9 --num-gpus 64"
SMALL = "--model mixtral-8x7b --gpu rtx-4090 --num-gpus 8"
ALL = {"deepseek-v3": V3, "llama": LLAMA, "typed in": MINE, "too small": SMALL}
#: Elements of HTML and SVG that have no end.
VOID = {"meta", "link", "br", "img", "hr", "input"}


@lru_cache
def reported(words: str) -> dict:
    return run(f"report {words}")


def run(line: str) -> dict:
    """What a command returns, read as JSON."""
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        assert main([*line.split(), "--json"]) == 0
    return json.loads(out.getvalue())


@pytest.mark.parametrize("words, seq_len", [(V3, 4096), (LLAMA, 4096)], ids=["deepseek-v3", "llama"])
def test_numbers_are_those_of_the_single_commands(words, seq_len):
    found = reported(words)
    named = " ".join(words.split()[:2])
    gpu = " ".join(words.split()[2:4])
    same = {"parameters": f"params {named}", "flops": f"flops {named} --seq-len {seq_len}"}
    same["cache"] = f"kv-cache {named} --context 5120"
    for part, line in same.items():
        alone = run(line)
        assert found[part].items() <= alone.items() or {k: alone[k] for k in found[part]} == found[part]
    best, training = found["training"]["best"], found["training"]
    sizes = " ".join(f"--{name} {best[name]}" for name in ("tp", "cp", "pp", "ep", "dp", "etp", "vpp", "zero", "schedule"))
    stages = ",".join(map(str, best["layers_per_stage"]))
    layout = (
        f"{named} {gpu} {sizes} --layers-per-stage {stages} --micro-batch {best['micro_batch']} --seq-len {seq_len} "
        f"--recompute {best['recompute']} --recipe {training['recipe']}"
    )
    step = run(f"step {layout} --global-batch {training['global_batch']}")
    for key in ("step_s", "low_s", "high_s", "tokens_per_s_per_gpu", "mfu"):
        assert best[key] == pytest.approx(step[key], rel=1e-9)  # a search leaves out the last digits
    held = run(f"memory {layout} --num-micro-batches {best['num_micro_batches']}")
    assert held["per_gpu_bytes"] == best["per_gpu_bytes"] == max(rank["total"] for rank in training["ranks"])
    assert [rank["total"] for rank in held["ranks"]] == [rank["total"] for rank in training["ranks"]]
    assert [rank["activations"] for rank in held["ranks"]] == [rank["activations"] for rank in training["ranks"]]
    for rank in training["ranks"]:
        parts = ("weights", "gradients", "optimizer_states", "activations", "buffers")
        assert sum(rank[name] for name in parts) == rank["total"] <= rank["most"]
    ran = found["run"]
    cost = run(f"cost --gpu-hours {ran['gpu_hours']!r} {gpu} --num-gpus {found['num_gpus']}")
    assert ran["wall_days"] == cost["wall_days"]
    assert ran["usd"] == pytest.approx((cost["usd_low"] + cost["usd_high"]) / 2)
    assert ran["gpu_hours"] == pytest.approx(ran["num_tokens"] / best["tokens_per_s_per_gpu"] / 3600)
    assert ran["wall_days_low"] < ran["wall_days"] < ran["wall_days_high"]
    fit = run(f"fit {named} {gpu} --context 5120")
    assert {key: fit[key] for key in found["fit"] if key in fit} == {k: v for k, v in found["fit"].items() if k in fit}
    one = found["serving"]["layouts"][0]
    drafts = "--mtp 0.85" if one["mtp"] == "yes" else ""
    decode = run(
        f"serve {named} {gpu} --phase decode --num-gpus {one['tp'] * one['dp']} --tp {one['tp']} --ep {one['ep']} "
        f"--batch {one['batch']} --context {4096 + 512} {drafts}"
    )
    assert one["tokens_per_s_per_user"] == pytest.approx(decode["tokens_per_s_per_user"])
    usd = 1e6 * sum(found["usd_per_gpu_hour"]) / 2 / 3600 / one["tokens_per_s_per_gpu"]
    assert one["usd_per_million_output_tokens"] == pytest.approx(usd)


def test_the_best_layout_is_that_of_the_planner():
    best = reported(LLAMA)["training"]["best"]
    limits = " ".join(f"--limit {axis}={','.join(map(str, values))}" for axis, values in TRAINING_LIMITS.items())
    line = f"plan {LLAMA} --global-batch 1024 --top 1 {limits}"
    assert run(line)["layouts"][0]["step_s"] == best["step_s"]


class Nested(HTMLParser):
    """Every element that is opened is closed, the last one first."""

    def __init__(self):
        super().__init__()
        self.opened = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag


@pytest.mark.parametrize("name", ALL)
def test_the_html_stands_by_itself(name):
    page = page_of(reported(ALL[name]))
    text = html_of(page)
    nested = Nested()
    nested.feed(text)
    assert not nested.opened
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "link", "iframe", "img", "object", "embed", "base"])
    assert not [
        one for tag in soup.find_all(True) for one in tag.attrs if one in ("src", "href", "xlink:href") or one[:2] == "on"
    ]
    assert "://" not in text and "url(" not in text and "@import" not in text
    assert soup.title.get_text() == page.title == soup.h1.get_text() and soup.html["lang"] == "en"
    assert [one.name for one in soup.find_all(re.compile("^h[1-6]$"))] == ["h1", *["h2"] * len(page.sections)]
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {tag["aria-labelledby"] for tag in soup.find_all(attrs={"aria-labelledby": True})} <= set(ids)
    for table in soup.find_all("table"):
        heads = table.thead.find_all("th")
        assert table.caption.get_text() and {one["scope"] for one in heads} == {"col"}
        for row in table.tbody.find_all("tr"):
            assert row.th["scope"] == "row" and len(row.find_all(["th", "td"])) == len(heads)
    for svg in soup.find_all("svg"):
        assert svg["role"] == "img" and len(svg.title.get_text()) > 30
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    assert page.made in soup.get_text()


@pytest.mark.parametrize("name", ALL)
def test_text_and_html_say_the_same(name):
    page = page_of(reported(ALL[name]))
    text, html = text_of(page), BeautifulSoup(html_of(page), "html.parser").get_text()
    for section in page.sections:
        for said in (section.title, *section.lines):
            assert said in text and said in html
        for table in (one for one in section.shown if isinstance(one, Table)):
            for row in table.rows:
                assert all(cell in text and cell in html for cell in row)


def test_bars_are_as_long_as_their_numbers_and_stay_inside():
    page = page_of(reported(V3))
    pictures = [one for section in page.sections for one in section.shown if not isinstance(one, Table)]
    assert len(pictures) == 3
    for picture in pictures:
        drawn = BeautifulSoup(svg_of(picture, 1), "html.parser")
        width = float(drawn.svg["viewbox"].split()[2])
        bars = [one for one in drawn.find_all("rect") if one["height"] == "13"]
        parts = [part for bar in picture.bars for part in bar.parts]
        assert len(bars) == len(parts)
        most = max(parts)
        longest = max(float(one["width"]) for one in bars)
        for bar, part in zip(bars, parts, strict=True):
            assert float(bar["width"]) == pytest.approx(part / most * longest, abs=0.02)
            assert float(bar["x"]) + float(bar["width"]) <= width


def test_what_a_model_or_a_chip_does_not_allow_is_said():
    assert "llama-3.1-8b has no routed experts" in " ".join(reported(LLAMA)["missing"]).lower()
    mine = " ".join(reported(MINE)["missing"])
    assert "<mine> has no FP8 peak" in mine and "no rental price is known" in mine and "no scale-up domain" in mine
    assert reported(MINE)["run"] and "usd" not in reported(MINE)["run"]
    small = reported(SMALL)
    assert small["training"] is None and small["run"] is None and "none of" in " ".join(small["missing"])
    assert small["parameters"] and small["flops"] and small["cache"]
    assert "<mine>" not in html_of(page_of(reported(MINE)))


def test_a_price_that_is_typed_counts():
    ran = [run(f"report {LLAMA} --usd-per-gpu-hour {price}")["run"]["usd"] for price in ("1", "2", "1-3")]
    assert ran[1] == pytest.approx(2 * ran[0]) == pytest.approx(ran[2])


def test_the_file_is_written(tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(f"report {LLAMA} --html {path}".split()) == 0
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    shown = capsys.readouterr().out
    assert "Training: the best layouts" in shown and "Made with moecalc" in shown


@pytest.mark.parametrize(
    "more, says",
    [
        ("--num-gpus 0", "num_gpus"),
        ("--num-tokens 0", "num_tokens"),
        ("--usd-per-gpu-hour 5-2", "usd_per_gpu_hour"),
        ("--html /nowhere/at/all.html", "cannot be written"),
        ("--seq-len 0", "seq_len"),
        ("--ttft-s 0", "ttft_s"),
        ("--gpu h1000", "h1000"),
        ("--recipe bf17", "bf17"),
        ("--global-batch 0", "global_batch"),
    ],
)
def test_bad_input_is_one_sentence(more, says, capsys):
    assert main(f"report {LLAMA} {more}".split()) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
