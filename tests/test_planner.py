"""The search over layouts equals nested loops over the public calculators, whatever the order, chunks and processes."""

import csv
import itertools
import json
import random

import pytest

from moecalc import load_model
from moecalc.base.errors import InputError
from moecalc.base.search import EMPTY, chunk_places, part_read, part_told, question_text
from moecalc.base.units import show
from moecalc.cli.jobs import planners, running
from moecalc.hardware.accelerator import read_accelerator
from moecalc.training.activation_policy import ActivationPolicy, recompute_of
from moecalc.training.layout import Layout, split_evenly
from moecalc.training.memory import Batch, memory
from moecalc.training.planner.answer import conclude, plan
from moecalc.training.planner.axes import AXES
from moecalc.training.planner.front import Found, front_of, merge
from moecalc.training.planner.question import ask, question_of
from moecalc.training.planner.reasons import Judge
from moecalc.training.planner.search import alike, plan_chunk
from moecalc.training.planner.space import Candidate, neighbours, space_of
from moecalc.training.step import least_step_s, training_step
from moecalc.training.timing.balance import balanced

#: Reasons that a calculator has a sentence for; "same" is the search's own, "states" and "memory" are a question of size.
OF_NUMBERS = ("heads", "experts", "groups", "sequence", "stages", "schedule", "batch", "micro-batches", "length")

#: Questions whose spaces nested loops can walk: a dense model, one with experts and an odd batch, one with MTP and FP8, and
#: two accelerators of which the slower has more memory.
SMALL = {
    "dense": dict(
        model="llama-3.1-8b",
        accelerators="h100-sxm",
        num_gpus=8,
        global_batch=24,
        seq_len=8192,
        limits={
            "tp": (1, 2, 3, 8),
            "cp": (1, 2),
            "pp": (1, 2, 4),
            "micro_batch": (1, 3),
            "schedule": ("1f1b", "interleaved", "dualpipe", "dualpipev"),
            "vpp": (1, 2, 3),
            "recompute": ("none", "full"),
            "zero": (1, 3),
        },
        top=7,
    ),
    "experts": dict(
        model="olmoe-1b-7b",
        accelerators="h100-sxm",
        num_gpus=16,
        global_batch=96,
        seq_len=4096,
        limits={
            "tp": (1, 2),
            "cp": (1,),
            "pp": (1, 4),
            "ep": (1, 3, 8, 16),
            "etp": (1, 2),
            "micro_batch": (1, 2),
            "schedule": ("1f1b", "zb1p", "dualpipe"),
            "recompute": ("norm+swiglu", "full"),
            "zero": (0, 2),
        },
        top=5,
    ),
    "v3": dict(
        model="deepseek-v3",
        accelerators="h800-sxm",
        num_gpus=512,
        global_batch=1024,
        seq_len=4096,
        recipe_name="deepseek-v3",
        limits={
            "tp": (1,),
            "cp": (1,),
            "pp": (8, 16),
            "ep": (32, 64),
            "micro_batch": (1,),
            "schedule": ("1f1b", "interleaved", "zb1p", "dualpipe"),
            "vpp": (1, 2),
            "recompute": ("norm+mla-up+swiglu", "full"),
            "zero": (1,),
        },
        activations="fp8",
        weight_before_down=True,
        top=3,
    ),
    "two": dict(
        model="llama-3.1-8b",
        accelerators=("h100-sxm", "a100-sxm"),
        num_gpus=8,
        global_batch=20,
        seq_len=8192,
        memory_bytes=(50e9, 75e9),
        objective="dollars",
        num_tokens=1e12,
        usd_per_gpu_hour=(2.4, 1.1),
        limits={
            "tp": (1, 2, 4),
            "cp": (1,),
            "pp": (1, 2, 4),
            "micro_batch": (1,),
            "schedule": ("1f1b", "zb1p", "dualpipev"),
            "recompute": ("none", "full"),
            "zero": (1, 3),
        },
        top=4,
    ),
}


def sizes_of(config, num_stages, split, seq_len):
    """Layers of each stage, by the definition of each split."""
    num_layers = len(config.anatomy.layers)
    even = tuple(len(one) for one in split_evenly(num_layers, num_stages))
    if split == "even":
        return even
    if split == "last-lighter":
        return balanced(config, Layout(pp=num_stages), seq_len).layers_per_stage
    first = even[0] - 1
    return (first, *(len(one) for one in split_evenly(num_layers - first, num_stages - 1))) if num_stages > 1 else even


def by_hand(question):
    """Nested loops: rows of all that fit, and how many fail by their numbers, are the same as another, shard gradients
    that a pipeline sums whole, do not fit, and all."""
    limits, config = dict(question.limits), load_model(question.model)
    splits, fitting = ("even", "first-lighter", "last-lighter"), []
    failed = same = whole = large = considered = 0
    experts = limits.get("ep", (1,))
    places = range(len(question.accelerators))
    for place, tp, cp, pp, ep in itertools.product(places, limits["tp"], limits["cp"], limits["pp"], experts):
        name, memory_bytes = question.accelerators[place], question.memory_bytes[place]
        gpu = read_accelerator(name)
        if question.num_gpus % (tp * cp * pp):
            continue
        dp = question.num_gpus // (tp * cp * pp)
        etps = limits.get("etp") or (sorted({1, tp}) if "ep" in limits else (1,))
        pairs = [(s, v) for s in limits["schedule"] for v in limits.get("vpp", (1, 2, 4)) if (s == "interleaved") == (v > 1)]
        for etp, (schedule, vpp), split, mb, names, zero in itertools.product(
            etps, pairs, splits, limits["micro_batch"], limits["recompute"], limits["zero"]
        ):
            considered += 1
            num_stages = pp * vpp * (2 if schedule == "dualpipev" else 1)
            before, sizes = [], None
            if num_stages <= len(config.anatomy.layers):
                before = [sizes_of(config, num_stages, one, question.seq_len) for one in splits[: splits.index(split)]]
                sizes = sizes_of(config, num_stages, split, question.seq_len)
            layout = Layout(tp, pp, ep, dp, zero, schedule, etp, sizes, cp, vpp)
            policy = ActivationPolicy(recompute_of(names), question.activations, question.weight_before_down)
            asked = (config, layout, question.recipe, Batch(mb, question.seq_len), policy)
            # what fails by its shape counts so before it counts as the same, and as the same before its batch is asked
            try:
                memory(*asked)
            except InputError:
                failed += 1
                continue
            if sizes in (None, *before) or (pp == 1 and schedule in ("interleaved", "zb1p")):
                same += 1
                continue
            try:
                step = training_step(config, gpu, layout, question.recipe, *asked[3:], question.global_batch)
            except InputError:
                failed += 1
                continue
            if zero == 2 and pp > 1:
                whole += 1
                continue
            fullest = step.memory.fullest
            if fullest.band[1] > memory_bytes:
                large += 1
                continue
            value = step.step_s
            if question.objective == "dollars":
                value = question.num_tokens / step.tokens_per_s_per_gpu / 3600 * question.usd_per_gpu_hour[place]
            one = (name, tp, cp, pp, ep, etp, schedule, vpp, split, mb, names, zero)
            low_s, step_s, high_s = map(alike, (step.low_s, step.step_s, step.high_s))
            fitting.append((alike(value), one, fullest.counted, fullest.band[1], low_s, step_s, high_s, memory_bytes))
    return fitting, failed, same, whole, large, considered


def shape(told):
    axes = ("accelerator", "tp", "cp", "pp", "ep", "etp", "schedule", "vpp", "split", "micro_batch", "recompute", "zero")
    return tuple(told[key] for key in axes)


def candidate(question, told):
    """The layout that JSON tells."""
    place = question.accelerators.index(told["accelerator"])
    return Candidate(**{name: told[name] for name in Candidate._fields} | {"accelerator": place})


@pytest.fixture(scope="module", params=SMALL)
def small(request):
    question = ask(**SMALL[request.param])
    return question, plan(question)


@pytest.fixture(scope="module")
def hand(small):
    return by_hand(small[0])


class TestBruteForce:
    def test_the_same_fit_fail_and_win(self, small, hand):
        question, found = small
        fitting, failed, same, whole, large, considered = hand
        counts = {reason: one["count"] for reason, one in found.rejected.items()}
        assert found.num_considered == considered == found.num_fitting + sum(counts.values())
        assert found.num_fitting == len(fitting) > 20
        assert sum(counts.get(reason, 0) for reason in OF_NUMBERS) == failed > 0
        assert counts.get("same", 0) == same and counts.get("gradients", 0) == whole
        assert counts.get("states", 0) + counts.get("memory", 0) == large
        known = {one[1]: one for one in fitting}
        for told in found.layouts:
            value, _, counted, most, low_s, step_s, high_s, memory_bytes = known[shape(told)]
            assert (told["objective"], told["per_gpu_bytes"], told["most_bytes"]) == (value, counted, most)
            assert (told["low_s"], told["step_s"], told["high_s"]) == (low_s, step_s, high_s)
            assert told["headroom_bytes"] == memory_bytes - most >= 0
        values = sorted(one[0] for one in fitting)
        assert [one["objective"] for one in found.layouts[: question.top]] == values[: question.top]

    def test_the_front_is_what_no_other_beats(self, small, hand):
        found, points = small[1], {(one[5], one[3] - one[7]) for one in hand[0]}
        naive = {a for a in points if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in points)}
        told = [(found.layouts[at]["step_s"], -found.layouts[at]["headroom_bytes"]) for at in found.front]
        assert told == sorted(naive)

    def test_no_step_is_shorter_than_its_bound(self, small):
        """What is passed over unseen may not be better than it was taken for."""
        question, tight = small[0], []
        config, gpus = load_model(question.model), list(map(read_accelerator, question.accelerators))
        rules = Judge(question).rules
        for one in space_of(question):
            if rules.shape_reason(one) or rules.batch_reason(one):
                continue
            count = question.global_batch // (one.dp * one.micro_batch)
            batch, policy = Batch(one.micro_batch, question.seq_len, count), rules.policy(one.recompute)
            asked = (config, gpus[one.accelerator], rules.layout(one), question.recipe, batch, policy)
            tight.append(least_step_s(*asked) / training_step(*asked).step_s)
        assert len(tight) > 50 and max(tight) < 1 + 1e-9 and sum(tight) / len(tight) > 0.5


class TestParts:
    @pytest.mark.parametrize("name", SMALL)
    def test_any_number_of_chunks_in_any_order_is_the_same_to_the_byte(self, name):
        question = ask(**SMALL[name])
        whole = plan_chunk(question)
        text = json.dumps(conclude(question, whole)._asdict())
        for num_chunks in (3, 7):
            parts = [plan_chunk(question, chunk, num_chunks) for chunk in range(num_chunks)]
            random.Random(num_chunks).shuffle(parts)
            assert merge(question, parts) == whole
            assert merge(question, [merge(question, parts[:2]), EMPTY, merge(question, parts[2:])]) == whole
            travelled = [part_read(json.loads(json.dumps(part_told(part))), Found) for part in parts]
            assert json.dumps(conclude(question, merge(question, travelled))._asdict()) == text

    def test_more_chunks_than_layouts(self):
        question = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (1,), "pp": (1,), "cp": (1,), "zero": (1,)})
        size = len(space_of(question))
        assert merge(question, [plan_chunk(question, chunk, size + 5) for chunk in range(size + 5)]) == plan_chunk(question)

    def test_the_order_of_limits_says_nothing(self):
        asked = SMALL["dense"]
        turned = {axis: values[::-1] for axis, values in reversed(asked["limits"].items())}
        assert ask(**asked) == ask(**asked | {"limits": turned})
        sets = [ask(**asked | {"limits": {"recompute": (one,)}}) for one in ("swiglu+norm", "norm+swiglu")]
        assert sets[0] == sets[1]

    def test_a_question_travels(self):
        config = load_model("llama-3.1-8b")
        given = ask(config.raw, "name=mine,bf16=4e14,hbm=2e12,memory=9e10,scale_up=3e11,domain=8", 8, 64, 4096, name="mine")
        for question in (given, ask(**SMALL["v3"]), ask(**SMALL["two"])):
            assert question_of(question_text(question)) == question
        with pytest.raises(InputError, match="a question is a JSON object with model"):
            question_of("{}")


class TestSpace:
    def test_each_number_is_one_layout(self, small):
        space = space_of(small[0])
        listed = list(space)
        assert len(listed) == len(space) == len(set(listed))
        for index in random.Random(1).sample(range(len(space)), 50):
            assert space[index] == listed[index] and space.index(listed[index]) == index
        assert space.index(listed[0]._replace(tp=7)) is None
        assert all(one.tp * one.cp * one.pp * one.dp == one.num_gpus for one in listed)

    def test_chunks_cover_it_once(self):
        for size, num_chunks in ((10, 3), (2, 5), (1741824, 64)):
            parts = [chunk_places(size, chunk, num_chunks) for chunk in range(num_chunks)]
            assert sum(map(len, parts)) == size and all(a.stop == b.start for a, b in itertools.pairwise(parts))

    def test_neighbours_stand_in_it_and_differ_in_one_axis(self, small):
        space = space_of(small[0])
        for index in random.Random(2).sample(range(len(space)), 20):
            own = space[index]
            for axis, other in neighbours(space, own):
                assert space.index(other) is not None
                changed = {name for name in Candidate._fields if getattr(own, name) != getattr(other, name)}
                assert axis in AXES and changed <= {axis, "dp", "etp" if axis == "tp" else axis, "vpp"} and changed

    def test_a_large_space_is_counted_without_walking_it(self):
        limits = {"micro_batch": tuple(range(1, 2001)), "ep": (1, 2, 4, 8, 16, 32, 64, 128, 256)}
        question = ask("deepseek-v3", "h800-sxm", 2048, 15360, 4096, limits=limits)
        assert len(space_of(question)) > 10**8
        assert plan_chunk(question, 999_999, 1_000_000).num_considered in (870, 871)


class TestAnswer:
    def test_examples_fail_as_said_and_what_is_near_runs(self, small):
        question, found = small
        judge = Judge(question)
        for reason, one in found.rejected.items():
            assert judge.verdict(candidate(question, one["example"])).reason == reason
            for near in one["nearest"]:
                verdict = judge.verdict(candidate(question, near))
                assert verdict.reason == "" and verdict.found.step_s == near["step_s"]
                assert "instead of" in near["change"]
                assert ("less on rank" in near["change"]) == (reason in ("states", "memory"))

    def test_the_example_of_memory_is_the_one_that_comes_nearest(self, small):
        question, found = small
        judge = Judge(question)
        verdicts = [(judge.verdict(one), question.memory_bytes[one.accelerator]) for one in space_of(question)]
        lacks = [one.needed_bytes - has for one, has in verdicts if one.reason == "memory"]
        example = found.rejected["memory"]["example"]
        has = question.memory_bytes[question.accelerators.index(example["accelerator"])]
        assert example["needed_bytes"] - has == min(lacks) > 0

    def test_no_change_of_one_axis_is_better_than_the_best(self, small):
        _, found = small
        assert found.next_best
        for one in found.next_best.values():
            assert one["more_objective"] >= 0 if one["layout"] else one["reasons"]

    def test_not_told_apart_where_intervals_overlap(self, small):
        best = small[1].layouts[0]
        for one in small[1].layouts:
            apart = one["low_s"] > best["high_s"] or one["high_s"] < best["low_s"]
            assert one["not_told_apart_from_best"] != apart
        assert best["not_told_apart_from_best"]

    def test_nothing_fits_is_an_answer(self):
        found = plan(ask("deepseek-v3", "h800-sxm", 16, 32, 4096, limits={"schedule": ("1f1b",)}))
        assert found.num_fitting == 0 and found.layouts == found.front == [] and found.next_best == {}
        assert "none of" in found.notes[0] and "of the 85.52 GB that" in found.notes[0]
        assert all(one["nearest"] == [] for one in found.rejected.values())

    def test_equal_steps_stand_in_the_order_of_the_space(self):
        question = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (4,), "schedule": ("1f1b",)}, top=20)
        layouts = plan(question).layouts
        assert [(one["step_s"], one["index"]) for one in layouts] == sorted((one["step_s"], one["index"]) for one in layouts)
        assert len({one["step_s"] for one in layouts}) < len(layouts)

    def test_the_front_keeps_the_first_of_equals(self):
        row = plan_chunk(ask(**SMALL["dense"])).front[0]
        assert front_of([row._replace(index=9), row, row._replace(index=7)]) == (min(row, row._replace(index=7)),)


def test_hardly_any_change_of_one_axis_betters_the_layout_of_v3():
    """TP1 PP16 EP64 DP128, ZeRO-1 and DualPipe, in the space of all layouts of its 2,048 H800."""
    fp8 = dict(recipe_name="deepseek-v3", activations="fp8", weight_before_down=True)
    judge = Judge(ask("deepseek-v3", "h800-sxm", 2048, 15360, 4096, **fp8))
    own = Candidate(0, 2048, 1, 1, 16, 128, 64, 1, "dualpipe", 1, "last-lighter", 1, "norm,mla-up,swiglu", 1)
    here = judge.verdict(own).found
    around = [verdict.found.step_s for _, _, verdict in judge.neighbours(own) if verdict.found]
    assert judge.space[here.index] == own
    assert len(around) > 10 and min(around) > 0.99 * here.step_s


class TestObjectives:
    ASKED = dict(SMALL["dense"], global_batch=64, num_tokens=1e12, usd_per_gpu_hour=2.0)

    def of(self, objective, **changes):
        return plan(ask(**self.ASKED | {"objective": objective} | changes)).layouts[0]

    def test_for_one_number_of_gpus_all_choose_the_shortest_step(self):
        best = self.of("step-time")
        for objective in ("tokens-per-gpu", "dollars", "days"):
            assert self.of(objective)["step_s"] == best["step_s"]
        days = self.of("days")["objective"]
        assert days == pytest.approx(1e12 / (best["tokens_per_s_per_gpu"] * 8) / 86400)
        assert self.of("dollars")["objective"] == pytest.approx(days * 24 * 8 * 2)

    def test_fewest_gpus(self):
        fewest = self.of("fewest-gpus")
        for num_gpus in range(1, fewest["num_gpus"]):
            if 8 % num_gpus == 0:
                assert plan(ask(**self.ASKED | {"num_gpus": num_gpus})).num_fitting == 0
        assert fewest["num_gpus"] < 8

    def test_dollars_and_days_differ_over_numbers_of_gpus(self):
        limits = {**self.ASKED["limits"], "num_gpus": (4, 8)}
        assert self.of("days", limits=limits)["num_gpus"] == 8
        both = [self.of(objective, limits=limits) for objective in ("dollars", "tokens-per-gpu")]
        assert both[0]["index"] == both[1]["index"]


REFUSED = [
    (dict(limits={"pp": (3,)}), "limit pp=3 empties the space"),
    (dict(limits={"tp": (8,), "dp": (8,)}), "limit tp=8 empties the space"),
    (dict(limits={"schedule": ("1f1b",), "vpp": (2,)}), "limit schedule=1f1b empties the space"),
    (dict(limits={"ep": (2,)}), "limit ep must be 1 for llama-3.1-8b, which has no routed experts; found 2"),
    (dict(limits={"experts": (2,)}), "a space has no axis 'experts'; accepted are num_gpus, tp"),
    (dict(limits={"accelerator": (0,)}), "a space has no axis 'accelerator'"),
    (dict(accelerators=()), "an accelerator is needed; found none"),
    (dict(usd_per_gpu_hour=(1, 2)), "usd_per_gpu_hour must be one number, or one for each accelerator; found 2 for 1"),
    (dict(limits={"tp": ()}), "limit tp must have a value, such as tp=1,2; found none"),
    (dict(limits={"schedule": ("gpipe",)}), "limit schedule must be one of 1f1b, zb1p"),
    (dict(limits={"recompute": ("mla-up",)}), "recompute mla-up: the model has no multi-head latent attention"),
    (dict(limits={"zero": (4,)}), "limit zero must be a whole number from 0 to 3; found 4"),
    (dict(global_batch=7), "global_batch must be a multiple of DP x micro-batch for some layout"),
    (dict(objective="speed"), "objective must be one of step-time"),
    (dict(objective="dollars", num_tokens=1e12), "objective dollars needs usd_per_gpu_hour; found none"),
    (dict(top=0), "top must be a whole number from 1 to 1,000; found 0"),
    (dict(accelerators="bf16=4e14,hbm=2e12"), "no device memory of the accelerator typed in is known"),
    (dict(running={"speed": 1}), "running must be one of overlap"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[sentence[:40] for _, sentence in REFUSED])
def test_bad_input(changes, sentence):
    asked = dict(model="llama-3.1-8b", accelerators="h100-sxm", num_gpus=2048, global_batch=4096, seq_len=8192)
    if "pp" in changes.get("limits", {}):
        asked["num_gpus"] = 8
    if "dp" in changes.get("limits", {}):
        asked["num_gpus"] = 8
    if "global_batch" in changes:
        asked["limits"] = {"pp": (1,)}
    with pytest.raises(InputError) as found:
        space_of(ask(**asked | changes))
    assert sentence in str(found.value) and "\n" not in str(found.value)


LINE = "plan --model llama-3.1-8b --gpu h100-sxm --num-gpus 8 --global-batch 64 --seq-len 8k --limit tp=1,2"
LINE += " --limit schedule=1f1b"
KEYS = {"tp", "cp", "pp", "vpp", "ep", "etp", "dp", "zero", "schedule", "micro_batch", "recompute"}
KEYS |= {"step_s", "low_s", "high_s", "per_gpu_bytes", "tokens_per_s_per_gpu"}


class TestCommand:
    def test_contract(self, moecalc):
        told = moecalc(f"{LINE} --top 3 --json").json
        assert {"num_considered", "rejected", "layouts", "front", "took_s"} <= set(told)
        assert all(set(one) >= KEYS for one in told["layouts"])
        assert all({"count", "example", "nearest"} <= set(one) for one in told["rejected"].values())
        assert max(told["front"]) < len(told["layouts"]) and told["took_s"] > 0
        times = [one["step_s"] for one in told["layouts"]]
        assert times == sorted(times)

    def test_processes_say_the_same(self, moecalc, monkeypatch):
        monkeypatch.setattr(running, "ALONE_S", 0)
        monkeypatch.setitem(planners.CHUNKS, "plan", 500)
        one, two = (moecalc(f"{LINE} --processes {number} --json").json for number in (1, 2))
        assert one["num_considered"] > 1000
        assert {**one, "took_s": 0} == {**two, "took_s": 0}

    def test_several_accelerators_at_what_they_are_rented_for(self, moecalc):
        more = "--gpu a100-sxm --objective dollars --num-tokens 1T --top 4"
        told = moecalc(f"{LINE} {more} --json").json
        assert told["question"]["accelerators"] == ["h100-sxm", "a100-sxm"]
        assert {one["accelerator"] for one in told["layouts"]} == {"h100-sxm", "a100-sxm"}
        assert "prices are the middle of what accelerators are rented for" in told["notes"]
        other = told["next_best"]["accelerator"]
        text = moecalc(f"{LINE} {more}").out
        assert "h100-sxm or a100-sxm" in text
        assert f"{other['change']}: {show(other['more_objective'], 'USD', 4)} more, " in text
        assert show(told["layouts"][0]["objective"], "USD", 4) in text

    def test_a_table_to_read(self, moecalc):
        text = moecalc(f"{LINE} --top 2").out
        assert "what a change of one axis costs the best" in text and "nearest: " in text and "not told apart" in text

    def test_files(self, moecalc, tmp_path, drivers):
        parquet = pytest.importorskip("pyarrow.parquet")
        csv_path, parquet_path = tmp_path / "a.csv", tmp_path / "a.parquet"
        told = moecalc(f"{LINE} --csv {csv_path} --parquet {parquet_path} --json").json
        with csv_path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [float(row["step_s"]) for row in rows] == [one["step_s"] for one in told["layouts"]]
        table = parquet.read_table(parquet_path).to_pylist()
        assert [row["recompute"] for row in table] == [one["recompute"] for one in told["layouts"]]

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            ("--objective dollars --usd-per-gpu-hour 2", "objective dollars needs num_tokens; found none"),
            ("--usd-per-gpu-hour 2 3", "usd_per_gpu_hour must be one number, or one for each accelerator; found 2 for 1"),
            ("--memory-limit 0", "memory_bytes must be above 0"),
            ("--limit ep=4", "limit ep must be 1 for llama-3.1-8b, which has no routed experts; found 4"),
            ("--limit depth=4", "a space has no axis 'depth'"),
            ("--limit pp=eight", "limit pp must be whole numbers between commas; found 'eight'"),
            ("--limit zero=1 --limit zero=2", "limit zero is given twice"),
            ("--csv /nowhere/at/all.csv", "cannot write '/nowhere/at/all.csv'"),
            ("--limit pp=3", "limit pp=3 empties the space"),
        ],
    )
    def test_one_sentence_for_what_is_wrong(self, moecalc, more, sentence):
        refused = moecalc(f"{LINE} {more}")
        assert refused.code == 2 and sentence in refused.err and refused.err.count("\n") == 1
