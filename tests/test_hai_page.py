"""Figures and tables of the page on HAI-LLM and Fire-Flyer, against the calculators behind them and by hand."""

import json
import re

import pytest

from moebook.tables import hai_llm
from moecalc import InputError
from moecalc.cli import main
from moecalc.explorers import explorer
from moecalc.explorers.training.checkpoint_interval import V3_BYTES
from moecalc.explorers.training.memory_for_time import LAYERS, LIST, SHARD, reached_share
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.hardware.host_reduce import RING, WAYS, fire_flyer_host, measured_all_reduces
from moecalc.model.config import load_model
from moecalc.training.activation_policy import ActivationPolicy
from moecalc.training.checkpoints import published_failures, time_lost
from moecalc.training.memory_examples import V3_LAYOUT
from moecalc.training.recompute import recompute_trades

TRADE, PATHS, SAVING = (explorer(name) for name in ("memory-for-time", "all-reduce-paths", "checkpoint-interval"))


def test_the_trade_is_that_of_the_calculators():
    found = TRADE.run()
    v3, gpu = load_model("deepseek-v3"), load_accelerator("h800-sxm")
    trades = recompute_trades(v3, gpu, V3_LAYOUT, "deepseek-v3", 120, policy=ActivationPolicy((), "fp8"), dtype="fp8_block")
    assert found.metrics["freed"] == sum(one.freed_bytes for one in trades)
    assert found.metrics["time"] == pytest.approx(sum(one.time_s for one in trades))
    assert found.metrics["share_low"] < found.metrics["share"] < found.metrics["share_high"]
    rows = {row["name"]: row for row in found.rows}
    assert rows[LIST]["freed"] == found.metrics["freed"] < rows[LAYERS]["freed"]
    assert rows[SHARD]["low"] < rows[SHARD]["time"] < rows[SHARD]["high"]
    assert rows[LAYERS]["low"] is None, "FLOPs alone have no interval"


def test_the_step_is_the_published_one():
    published = tables.lookup("training_runs", "dsv3-mpft", "step_time").to("s")
    assert next(control.default for control in TRADE.controls if control.key == "step_s") == published


def test_time_follows_micro_batches_and_freed_bytes_do_not():
    one, two = (TRADE.run({"micro_batches": number}).metrics for number in (60, 120))
    assert two["time"] == pytest.approx(2 * one["time"]) and two["freed"] == one["freed"]
    slow, fast = (TRADE.run({"pcie": rate}).metrics for rate in (16, 128))
    assert slow["average_copy"] == pytest.approx(8 * fast["average_copy"]) and slow["average_host"] == fast["average_host"]


def test_a_slow_step_hides_more():
    slow = TRADE.run({"step_s": 1.0}).metrics
    assert (slow["average_hidden"], slow["copy_hidden"]) == ("yes", "no")


def test_a_model_without_what_is_recomputed_and_an_accelerator_by_its_numbers():
    rows = TRADE.run({"model": "llama-3.1-8b", "ep": 1, "accelerator": "typed-in"}).rows
    assert [row["name"] for row in rows][:3] == ["norms", "SwiGLU", LIST]
    with pytest.raises(InputError, match="ep must be 1"):
        TRADE.run({"model": "llama-3.1-8b"})


def test_a_port_reaches_the_share_that_was_measured():
    assert reached_share() == 27 / 32


def test_every_link_of_every_way_has_a_row_and_one_of_each_is_full():
    for gpus in (16, 1440):
        rows = PATHS.run({"num_gpus": gpus}).rows
        for way in {row["way"] for row in rows}:
            own = [row for row in rows if row["way"] == way]
            assert max(row["busy"] for row in own) == pytest.approx(1)
            assert all(row["allowed"] == row["rate"] / row["load"] for row in own)
            assert len({row["bound"] for row in own}) == 1


def test_measured_ones_are_shown_for_the_node_that_was_measured_alone():
    found = PATHS.run({"num_gpus": 256})
    speed = {(one.way, one.num_gpus): one.bytes_per_s for one in measured_all_reduces()}
    assert found.metrics["ring_measured"] == speed[RING, 256]
    assert {row["measured"] for row in found.rows if row["way"] == WAYS[RING]} == {speed[RING, 256]}
    changed = PATHS.run({"num_gpus": 256, "memory": 920})
    assert changed.metrics["ring_measured"] is None and not any(row["measured"] for row in changed.rows)


def test_a_card_that_gpus_reach_freely_makes_the_ring_the_faster():
    found = PATHS.run({"peer": 1}).metrics
    assert found["ring"] > found["host_least"] and found["ring_narrowest"] != "PCIe from GPU to card"
    alone = PATHS.run({"port": 1}).metrics
    assert alone["host"] == alone["host_least"] == fire_flyer_host().memory / 24


def test_the_curve_of_checkpoints_is_lowest_at_the_best_interval():
    for move in ({}, {"saving": "waits"}, {"num_gpus": 65536}, {"size_tb": 100.0}):
        found = SAVING.run(move)
        best = next(row for row in found.rows if row["mark"] == "best")
        assert found.metrics["least"] == best["share"] <= min(row["share"] for row in found.rows) + 1e-12
        assert [row["side"] in ("left", "right") for row in found.rows if row["mark"]] == [True, True]


def test_what_is_lost_at_five_minutes_by_hand():
    metrics = SAVING.run().metrics
    between = published_failures().between_s(2048)
    write = 5.46e12 / (256 * 10 * 2**30)
    copy = 5.46e12 / 2048 / (64e9 * 27 / 32)
    assert metrics["write"] == pytest.approx(write) and metrics["copy"] == pytest.approx(copy)
    assert metrics["share"] == pytest.approx(time_lost(300, copy, between, 600 + write).share, rel=1e-4)
    assert metrics["again"] == pytest.approx(150 / between, rel=0.02)
    assert round(V3_BYTES / 1e12, 2) == 5.46


def test_a_checkpoint_that_is_not_written_in_time_is_told():
    assert SAVING.run({"interval_min": 0.5, "gib_per_s": 0.1}).metrics["in_time"].startswith("no")


def test_the_command_line_prints_what_the_figure_shows(capsys):
    assert main(["explore", "all-reduce-paths", "--set", "num_gpus=64", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == PATHS.run({"num_gpus": 64}).metrics
    assert main(["explore", "checkpoint-interval", "--set", "gib_per_s=7"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def cells(table) -> str:
    return re.sub(r"<[^>]+>", " ", table.data)


def test_the_tables_hold_the_published_figures():
    assert len(re.findall(r"<tr>", hai_llm.all_reduces().data)) == 1 + len(measured_all_reduces())
    for text in ("11,600", "23,000", "1,320"):
        assert text in cells(hai_llm.prices())
    scaling = cells(hai_llm.scaling())
    assert "82.5" in scaling and "91.0" in scaling and "76.1" in scaling
    assert "HAI-LLM" in cells(hai_llm.known())
    assert "5.46" in cells(hai_llm.checkpoints())
    assert hai_llm.scaled("HaiScale LLaMA-13B", 256) == pytest.approx(0.9187, abs=1e-4)
