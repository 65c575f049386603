"""The search of deployments: equal to nested loops over the calculators, in any chunks, and its contract."""

import csv
import json
from itertools import product

import pytest

from moecalc import load_accelerator, load_model
from moecalc.base.errors import InputError
from moecalc.base.search import part_read, part_told, question_text
from moecalc.cli import main
from moecalc.cli.commands import plan_serving
from moecalc.cli.jobs import planners, running
from moecalc.serving.capacity import instance
from moecalc.serving.disaggregation import Prefill, Rate, Requests, Slo
from moecalc.serving.disaggregation import plan as gpus_for
from moecalc.serving.kv_transfer import kv_transfer
from moecalc.serving.layout import ServingLayout, check_layout, num_experts
from moecalc.serving.planner.answer import plan
from moecalc.serving.planner.question import ask, question_of
from moecalc.serving.planner.rules import Found, Rules
from moecalc.serving.planner.search import merge, plan_chunk
from moecalc.serving.planner.space import Space
from moecalc.serving.request_steps import prefill_of_requests
from moecalc.serving.step_time import Running, decode_time
from moecalc.serving.workspace import workspace

SMALL = {
    "dense": ask("llama-3.1-8b", "h100-sxm", 4, 3000, 500, 0.3, 0.02, 0.3, limits={"batch": (1, 16, 128, 512)}),
    "one cache": ask("deepseek-v3", "h200-sxm", 24, 4096, 1024, 0.5, 0.05, 2, limits={
        "tp": (1, 2), "dp": (8, 16), "ep": (8, 16), "prefill_tp": (1, 8), "prefill_unit": (8, 16), "batch": (8, 32, 256)}),
    "experts": ask("mixtral-8x7b", "h100-sxm", 8, 2000, 300, 0, 0.03, 1, limits={
        "tp": (1, 2), "dp": (1, 2, 4), "prefill_tp": (1, 2), "prefill_unit": (2, 4), "batch": (4, 64)}),
}  # fmt: skip


def most_requests(config, chip, question, layouts, rates, service) -> float:
    """Requests a second that the GPUs serve, by the fewest GPUs for a load: the largest load for which they are enough."""
    prefill, decode = layouts
    link = chip.scale_out_bandwidth_bytes_per_s
    left = kv_transfer(config, question.input_tokens, link, 2, service).exposed_s if link else 0

    def met(per_s, gpus):
        requests = Requests(per_s, question.input_tokens, question.output_tokens, question.cache_hit)
        of_prefill = Prefill(rates[0], prefill.tp, prefill.num_gpus)
        found = gpus_for(requests, Slo(question.ttft_s, 1e6), of_prefill, [Rate(rates[1], 1)], decode.num_gpus, left)
        return found.meets and found.prefill_gpus <= gpus and found.decode_gpus <= question.num_gpus - gpus

    most = 0.0
    for gpus in range(prefill.num_gpus, question.num_gpus - decode.num_gpus + 1, prefill.num_gpus):
        low, high = 0.0, 1e6
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if middle and met(middle, gpus) else (low, middle)
        most = max(most, low)
    return most


def brute_force(question) -> dict:
    """Number of a deployment -> (tokens of a GPU, tokens of a user), of those that keep the promises."""
    config, chip = load_model(question.model), load_accelerator(question.accelerators[0])
    experts, found = num_experts(config), {}
    asked = Requests(1, question.input_tokens, question.output_tokens, question.cache_hit)
    context = round(question.input_tokens + question.output_tokens / 2)
    computed = question.input_tokens - int(question.input_tokens * question.cache_hit)
    space = Space(question, config)
    memory = chip.memory_bytes

    def holds(layout, batch):
        taken = workspace(config, memory, layout.num_gpus)
        return instance(config, layout, memory, taken, 2).sequences_of_group(context) >= batch

    for index, values in enumerate(product(*space.values)):
        _, tp, dp, ep, redundant, prefill_tp, unit, gpus, mtp, batch = values
        assert gpus == 0
        decode = ServingLayout(tp, dp, ep, 1, redundant)
        if unit % prefill_tp or tp * dp + unit > question.num_gpus or (experts == 1 and prefill_tp != unit):
            continue
        copies = -experts % unit if experts > 1 else 0
        prefill = ServingLayout(prefill_tp, unit // prefill_tp, unit if experts > 1 else 1, 1, copies)
        try:
            check_layout(config, decode)
            check_layout(config, prefill)
            step = decode_time(config, chip, decode, batch, context, Running(acceptance=0.85 if mtp == "yes" else None))
            read = prefill_of_requests(config, chip, prefill, asked)
        except InputError:
            continue
        together = max(1, round(8192 * prefill_tp / computed))
        if not holds(decode, batch) or not holds(prefill, together) or 1 / step.tokens_per_s_per_user > question.tpot_s:
            continue
        rates = read.tokens_per_s_per_gpu, step.tokens_per_s_per_gpu
        service = question.input_tokens * (1 - question.cache_hit) / rates[0] / prefill_tp
        served = most_requests(config, chip, question, (prefill, decode), rates, service)
        if served:
            found[index] = (served * question.output_tokens / question.num_gpus, step.tokens_per_s_per_user)
    return found


@pytest.mark.parametrize("name", SMALL)
def test_the_search_equals_nested_loops_over_the_calculators(name):
    """The ratio of prefill to decode too: here each number of GPUs is tried, by the fewest GPUs for a load."""
    question = SMALL[name]
    loops, found = brute_force(question), plan(question._replace(top=1000))
    told = {one["index"]: one for one in found.layouts}
    assert len(loops) > 5 and found.num_fitting == len(loops) and set(told) == set(loops)
    for index, (per_gpu, per_user) in loops.items():
        assert told[index]["tokens_per_s_per_gpu"] == pytest.approx(per_gpu, rel=1e-5)
        assert told[index]["tokens_per_s_per_user"] == pytest.approx(per_user)
    order = [one["tokens_per_s_per_gpu"] for one in found.layouts]
    assert order == sorted(order, reverse=True)
    front = [found.layouts[place] for place in found.front]
    for one in front:
        assert not [
            other
            for other in found.layouts
            if other["tokens_per_s_per_gpu"] >= one["tokens_per_s_per_gpu"]
            and other["tokens_per_s_per_user"] > one["tokens_per_s_per_user"] * (1 + 1e-12)
        ]


@pytest.mark.parametrize("name", SMALL)
def test_passing_over_changes_nothing(name):
    """With few of the best asked, most deployments are judged by a bound alone."""
    question = SMALL[name]
    few, all_of_them = plan_chunk(question._replace(top=1)), plan_chunk(question._replace(top=1000))
    assert few.best == all_of_them.best[:1] and few.front == all_of_them.front
    assert few.refused == all_of_them.refused and few.num_fitting == all_of_them.num_fitting


@pytest.mark.parametrize("num_chunks", [2, 7, 100])
def test_chunks_joined_in_any_order_are_the_whole(num_chunks):
    question = SMALL["one cache"]
    parts = [plan_chunk(question, chunk, num_chunks) for chunk in range(num_chunks)]
    whole = plan_chunk(question)
    assert merge(question, parts) == merge(question, parts[::-1]) == whole
    travelled = [part_read(json.loads(json.dumps(part_told(part))), Found) for part in parts]
    assert merge(question, travelled) == whole
    half = len(parts) // 2
    assert merge(question, [merge(question, parts[half:]), merge(question, parts[:half])]) == whole
    space = Space(question, load_model("deepseek-v3"))
    assert whole.num_considered == len(space) == whole.num_fitting + sum(one.count for _, one in whole.refused)


def test_a_question_travels():
    config, chips = load_model("llama-3.1-8b").raw, ("h100-sxm", "h20,memory=9e10")
    given = ask(config, chips, 8, 99, 9, usd_per_gpu_hour=(2, 1), name="mine")
    for question in (given, *SMALL.values()):
        assert question_of(question_text(question)) == question
    with pytest.raises(InputError, match="a question is a JSON object with model"):
        question_of('{"model": "deepseek-v3"}')


def test_permuted_limits_are_the_same_question():
    limits = {"batch": (64, 16), "tp": (2, 1, 2), "mtp": ("yes", "no")}
    turned = {axis: values[::-1] for axis, values in reversed(limits.items())}
    asked = [ask("deepseek-v3", "h200-sxm", 32, 1024, 256, limits=one) for one in (limits, turned)]
    assert asked[0] == asked[1]


def test_a_place_and_its_deployment_name_each_other():
    space = Space(SMALL["experts"], load_model("mixtral-8x7b"))
    assert [space.index(space[place]) for place in range(len(space))] == list(range(len(space)))


@pytest.mark.parametrize("name", SMALL)
def test_the_nearest_pass_and_the_examples_fail_as_is_said(name):
    question = SMALL[name]
    rules, found = Rules(question), plan(question)
    space = Space(question, rules.config)

    def judged(told):
        place = question.accelerators.index(told["accelerator"])
        fields = type(space[0])._fields
        return rules.reason(type(space[0])(**{key: told[key] for key in fields if key != "accelerator"}, accelerator=place))

    assert found.rejected
    for reason, one in found.rejected.items():
        assert judged(one["example"])[0] == reason
        assert one["nearest"] and not [near for near in one["nearest"] if judged(near["layout"])[0]]


@pytest.mark.parametrize(
    "more, says",
    [
        ({"tpot_s": 1e-4}, "the fastest gives a token every "),
        ({"ttft_s": 1e-4}, "the first token takes at least "),
        ({"requests_per_s": 1e6}, "serve fewer requests than are asked for: the nearest lacks "),
    ],
)
def test_promises_that_nobody_keeps_are_answered_with_the_nearest(more, says):
    question = SMALL["dense"]._replace(**more)
    found = plan(question)
    assert not found.layouts and not found.front and says in found.notes[0]
    assert not any(one["nearest"] for one in found.rejected.values())


def test_the_nearest_promise_can_be_kept():
    question = SMALL["dense"]
    note = plan(question._replace(tpot_s=1e-4)).notes[0]
    least_ms = float(note.partition("every ")[2].partition(" ms")[0])
    assert plan(question._replace(tpot_s=1.001e-3 * least_ms)).layouts
    assert not plan(question._replace(tpot_s=0.999e-3 * least_ms)).layouts


def test_a_demand_is_met_or_refused():
    question = SMALL["experts"]
    free = plan(question._replace(top=1000))
    most = free.layouts[0]["requests_per_s"]
    some = plan(question._replace(requests_per_s=most / 2, top=1000))
    assert {one["index"] for one in some.layouts} == {
        one["index"] for one in free.layouts if one["requests_per_s"] >= most / 2
    }


def test_dollars_choose_between_accelerators():
    how = {"objective": "dollars", "limits": {"batch": (16, 64)}, "top": 1}
    names = ("h100-sxm", "h20")
    found = [ask("llama-3.1-8b", names, 4, 2048, 512, usd_per_gpu_hour=prices, **how) for prices in ((1, 50), (50, 1))]
    best = [plan(one).layouts[0] for one in found]
    assert [one["accelerator"] for one in best] == list(names)
    per_gpu = best[0]["tokens_per_s_per_gpu"]
    assert best[0]["usd_per_million_output_tokens"] == pytest.approx(1e6 / 3600 / per_gpu)
    assert best[0]["usd_low"] <= best[0]["usd_per_million_output_tokens"] <= best[0]["usd_high"]


@pytest.mark.parametrize(
    "how, says",
    [
        ({"limits": {"ep": (8,)}}, "no routed experts"),
        ({"limits": {"mtp": ("yes",)}}, "whose MTP modules are not known"),
        ({"limits": {"speed": (1,)}}, "no axis"),
        ({"limits": {"prefill_gpus": (4,)}}, "must be less than the 4 GPUs"),
        ({"objective": "dollars"}, "needs usd_per_gpu_hour"),
        ({"objective": "joy"}, "must be one of"),
        ({"tpot_s": 0}, "tpot_s"),
        ({"input_tokens": 10**7}, "context must be at most"),
        ({"num_gpus": 1}, "at least 2"),
        ({"accelerators": ()}, "an accelerator is needed"),
        ({"cache_hit": 1.5}, "cache_hit"),
        ({"usd_per_gpu_hour": (1, 2)}, "one for each accelerator"),
    ],
)
def test_what_cannot_be_asked_is_said(how, says):
    asked = {"model": "llama-3.1-8b", "accelerators": "h100-sxm", "num_gpus": 4, "input_tokens": 100, "output_tokens": 10}
    with pytest.raises(InputError, match=says):
        ask(**(asked | how))


def test_the_command(capsys):
    words = plan_serving.EXAMPLE.split()[1:]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"num_considered", "num_fitting", "rejected", "layouts", "front", "not_told_apart", "took_s"}
    best = told["layouts"][0]
    assert best["low_tokens_per_s_per_gpu"] <= best["tokens_per_s_per_gpu"] <= best["high_tokens_per_s_per_gpu"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "not told apart" in shown and "why the others fail" in shown and "nearest:" in shown
    assert main([*words, "--limit", "dp=two"]) == 2
    assert "whole numbers" in capsys.readouterr().err


LINE = "plan-serving --model llama-3.1-8b --gpu h100-sxm --gpu a100-sxm --num-gpus 8 --input-tokens 2048 --output-tokens 512"


def test_several_processes_say_the_same_and_a_folder_is_gone_on_with(moecalc, monkeypatch, tmp_path):
    monkeypatch.setattr(running, "ALONE_S", 0)
    monkeypatch.setitem(planners.CHUNKS, "plan-serving", 100)
    told = [moecalc(f"{LINE} --processes {number} --json").json for number in (1, 2)]
    assert told[0]["num_considered"] > 500
    assert {**told[0], "took_s": 0} == {**told[1], "took_s": 0}
    kept = tmp_path / "kept"
    assert moecalc(f"{LINE} --folder {kept}").code == 0
    chunks = sorted(kept.glob("chunk-*.json"))
    for chunk in chunks[1::2]:  # as if it had been stopped
        chunk.unlink()
    again = moecalc(f"{LINE} --folder {kept} --json")
    assert f"{len(chunks) - len(chunks) // 2} of {len(chunks)} chunks were finished before" in again.err
    assert {**again.json, "took_s": 0} == {**told[0], "took_s": 0}
    other = moecalc(f"{LINE} --tpot-ms 20 --folder {kept}")
    assert other.code == 2 and "is of another question: question.tpot_s is 0.05 there and 0.02 here" in other.err


def test_the_deployments_as_a_table(moecalc, tmp_path):
    told = moecalc(f"{LINE} --csv {tmp_path / 'a.csv'} --top 3 --json").json
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == [one["index"] for one in told["layouts"]]
