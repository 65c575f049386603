"""An MFU in one convention and in another: names, counts, factors, published numbers, bad input."""

import itertools
import math

import pytest

from moecalc import InputError, load_model
from moecalc.claims.mfu_readings import log_lines, number_that_circulates
from moecalc.explorers import explorer
from moecalc.explorers.training.mfu_translator import PEAKS
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator, read_accelerator
from moecalc.training.mfu import model_flops_utilisation, training_flops_by_convention
from moecalc.training.mfu_conventions import ASPECTS, COUNTS, WHOSE, peak_text, read_convention, read_count, read_peak_name
from moecalc.training.mfu_published import published_mfus
from moecalc.training.mfu_translation import (
    counted_flops_per_token,
    matching_counts,
    peak_flops_per_s,
    translate_mfu,
)

V3, LLAMA = load_model("deepseek-v3"), load_model("llama-3.1-405b")
H800 = load_accelerator("h800-sxm")
#: One of a kind each: latent attention, dense, experts, a window, an indexer, linear attention.
MODELS = ["deepseek-v3", "llama-3.1-405b", "mixtral-8x7b", "gpt-oss-120b", "deepseek-v3.2", "minimax-m1"]
CONVENTIONS = ["exact-causal", "exact-non-causal-without-router/fp8", "palm/h100-pcie", "6nd-total/fp8-sparse", "8nd/989.5"]
PAIRS = list(itertools.permutations([*CONVENTIONS, "hfu/a100-sxm:bf16-sparse"], 2))


def fact(run, quantity, unit):
    return tables.lookup("training_runs", run, quantity).to(unit)


def half_digit(printed: str) -> float:
    """Half of the last digit printed."""
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


# --- names


@pytest.mark.parametrize("name", COUNTS)
def test_every_name_of_a_count_reads_as_it(name):
    for text in (name, *COUNTS[name].other_names, COUNTS[name].title, name.upper(), name.replace("-", "_")):
        assert read_count(text) == name
    assert read_convention(name).name == f"{name}/bf16"


def test_no_two_counts_share_a_name_or_what_they_count():
    for field in ("counted", "title"):
        assert len({getattr(count, field) for count in COUNTS.values()}) == len(COUNTS)


def test_a_convention_reads_as_it_is_written():
    for text in [*CONVENTIONS, *WHOSE.values(), "palm/bf16=4e14,fp8=8e14:fp8"]:
        assert read_convention(read_convention(text).name) == read_convention(text)
    for text in ("bf16", "fp8-sparse", "h100-pcie:fp8", "989.5"):
        assert peak_text(read_peak_name(text)) == text
    assert read_peak_name("H100 PCIe") == read_peak_name("H100 PCIe:BF16 dense")


@pytest.mark.parametrize("name", ["deepseek-insights", "deepseek-insights-causal", "llama-3", "scaling-book-v3"])
def test_whose_conventions_are_those_of_the_published_numbers(name):
    assert WHOSE[name] in {one.convention for one in published_mfus()}
    assert set(WHOSE) == {"deepseek-insights", "deepseek-insights-causal", "llama-3", "scaling-book-v3"}


# --- counts


@pytest.mark.parametrize("slug", MODELS)
@pytest.mark.parametrize("num_params", [None, 37e9])
def test_counts_are_those_of_moecalc_mfu(slug, num_params):
    config = load_model(slug)
    for key, flops in training_flops_by_convention(config, 32768, num_params).items():
        if flops is not None:
            counted = COUNTS[read_count(key)].counted
            assert counted_flops_per_token(config, 32768, counted, num_params) == pytest.approx(flops, rel=1e-12)


@pytest.mark.parametrize("slug", MODELS)
def test_more_that_is_counted_is_not_less(slug):
    config = load_model(slug)
    flops = {
        name: counted_flops_per_token(config, 8192, count.counted)
        for name, count in COUNTS.items()
        if count.counted.mtp == "left-out"
    }
    assert flops["exact-causal-without-router"] <= flops["exact-causal"] <= flops["exact-non-causal"]
    assert flops["exact-causal"] <= flops["hfu"] <= flops["hfu-everything"]
    assert 4 * flops["6nd"] == 3 * flops["8nd"] and flops["6nd"] <= flops["6nd-total"]
    assert flops["exact-causal"] <= flops["exact-causal-dense"] * (1 + 1e-3)


def test_an_aspect_that_is_not_one_is_refused():
    for aspect in ASPECTS:
        with pytest.raises(InputError, match=f"{aspect} must be one of .*found 'some'"):
            counted_flops_per_token(V3, 4096, COUNTS["6nd"].counted._replace(**{aspect: "some"}))


# --- translations


@pytest.mark.parametrize(("before", "after"), PAIRS)
@pytest.mark.parametrize("slug", ["deepseek-v3", "gpt-oss-120b"])
def test_there_and_back(before, after, slug):
    where = load_model(slug), 8192, H800
    there = translate_mfu(0.39, before, after, *where)
    back = translate_mfu(there.value, after, before, *where)
    assert back.value == pytest.approx(0.39, rel=1e-12)
    assert there.factor * back.factor == pytest.approx(1, rel=1e-12)
    assert math.prod(one.factor for one in there.factors) == pytest.approx(there.factor, rel=1e-12)
    flops = there.flops_per_token_to / there.flops_per_token_from
    peaks = there.peak_flops_per_s_from / there.peak_flops_per_s_to
    assert math.prod(one.factor for one in there.factors if one.kind == "FLOPs") == pytest.approx(flops, rel=1e-12)
    assert flops * peaks == pytest.approx(there.factor, rel=1e-12)
    assert all(one.before != one.after for one in there.factors)


def test_by_way_of_a_third_it_is_the_same():
    a, b, c = CONVENTIONS[:3]
    direct = translate_mfu(0.4, a, c, V3, 4096, H800).value
    assert translate_mfu(translate_mfu(0.4, a, b, V3, 4096, H800).value, b, c, V3, 4096, H800).value == pytest.approx(direct)


@pytest.mark.parametrize("gpu", ["h800-sxm", "b200-sxm", "name=mine,bf16=4e14,fp8=1e15"])
def test_a_translation_is_what_the_run_itself_would_give(gpu):
    accelerator = read_accelerator(gpu)
    tokens, hours = 1e12, 3e5
    for config in (V3, LLAMA):
        shares = {}
        for text in ("exact-causal/bf16", "palm/fp8", "6nd-total/bf16-sparse", "8nd/500"):
            one = read_convention(text)
            flops = counted_flops_per_token(config, 4096, COUNTS[one.count].counted)
            shares[text] = model_flops_utilisation(flops, tokens, hours, peak_flops_per_s(one.peak, accelerator))
        for before, after in itertools.permutations(shares, 2):
            found = translate_mfu(shares[before], before, after, config, 4096, accelerator)
            assert found.value == pytest.approx(shares[after], rel=1e-12)


def test_what_cancels_is_not_asked_for():
    same = translate_mfu(0.3, "6nd", "mfu_6nd")
    assert (same.value, same.factor, same.factors, same.flops_per_token_to) == (0.3, 1, (), None)
    assert translate_mfu(0.3, "6nd/fp8", "8nd/fp8").value == pytest.approx(0.4)
    assert translate_mfu(0.3, "exact-causal", "exact-causal/fp8", accelerator=H800).value == pytest.approx(0.3 * 989 / 1979)
    assert translate_mfu(0.3, "6nd", "6nd-total", V3).value > 5


def test_factors_of_a_peak_are_named_one_by_one():
    found = translate_mfu(0.2, "6nd/h100-pcie:fp8", "6nd/bf16-sparse", accelerator=H800)
    assert [one.aspect for one in found.factors] == ["accelerator", "precision", "sparsity"]
    # an A100 has no FP8: the precision changes before the chip
    found = translate_mfu(0.2, "6nd/fp8", "6nd/a100-sxm:bf16", accelerator=H800)
    assert [one.aspect for one in found.factors] == ["precision", "accelerator"]
    found = translate_mfu(0.2, "6nd/989.5", "6nd/fp8", accelerator=H800)
    assert [(one.aspect, one.before) for one in found.factors] == [("peak", "989.5 TFLOP/s")]


# --- published numbers


def test_one_run_gives_all_the_numbers_that_circulate():
    tokens, hours = fact("dsv3-pretrain", "num_tokens", "tokens"), fact("dsv3-pretrain", "gpu_hours", "GPU-hours")
    exact = counted_flops_per_token(V3, 4096, COUNTS["exact-causal"].counted)
    start = model_flops_utilisation(exact, tokens, hours, 989.5e12)
    for convention, printed in {
        "exact-causal/fp8": "19.5",
        "exact-non-causal/fp8": "21.9",
        "exact-causal-without-router/989.5": "38.96",
        "exact-causal/989.5": "39.06",
        "exact-non-causal/989.5": "43.85",
    }.items():
        found = translate_mfu(100 * start, "exact-causal/989.5", convention, V3, 4096, H800).value
        assert found == pytest.approx(float(printed), abs=half_digit(printed))


@pytest.mark.parametrize("run", ["dsv3-mpft", "dsv3-mrft"])
def test_the_two_figures_of_deepseek_are_one(run):
    non_causal, causal = fact(run, "mfu", "%"), tables.lookup("training_runs", run, "mfu_causal")
    found = translate_mfu(non_causal, "deepseek-insights", "deepseek-insights-causal", V3, 4096).value
    # both are printed to two digits: half of the last of each
    assert found == pytest.approx(causal.to("%"), abs=0.01)


def test_the_figure_of_6nd_over_a_pcie_peak():
    run = "dsv3-scaling-book"
    tokens, hours = fact(run, "num_tokens", "tokens"), fact(run, "gpu_hours", "GPU-hours")
    n, peak = fact(run, "activated_params", "parameters"), fact(run, "peak_flops_per_s", "FLOP/s")
    share = model_flops_utilisation(6 * n, tokens, hours, peak)
    assert 100 * share == pytest.approx(21.6, abs=0.05)
    rounded = float(f"{6 * n * tokens:.1e}") / float(f"{hours * 3600 * peak:.2e}")
    assert 100 * rounded == pytest.approx(fact(run, "mfu", "%"), abs=0.05)
    assert peak_flops_per_s(read_convention("scaling-book-v3").peak) == peak


MAXTEXT = [name for name in tables.by_subject("training_runs") if name.startswith("maxtext-")]


@pytest.mark.parametrize("run", MAXTEXT)
def test_which_convention_a_program_prints_follows_from_its_own_line(run):
    one = next(one for one in published_mfus() if one.run == run)
    flops = fact(run, "flops_per_s_per_gpu", "FLOP/s") / fact(run, "tokens_per_s_per_gpu", "tokens/s per GPU")
    found = matching_counts(flops, load_model(one.model), one.seq_len, within=1e-5)
    assert read_convention(one.convention).count in found
    assert ("exact-causal" in found) != ("exact-non-causal" in found)


@pytest.mark.parametrize("one", published_mfus(), ids=lambda one: f"{one.run} {one.fact.quantity}")
def test_every_published_convention_translates(one):
    found = translate_mfu(one.value, one.convention, "exact-causal", load_model(one.model), one.seq_len,
                          load_accelerator(one.accelerator))  # fmt: skip
    assert 0.2 < found.value < 0.8
    assert read_convention(one.convention).name == one.convention


# --- the page and its figures


def test_the_number_that_circulates_is_taken_apart():
    rows = number_that_circulates()
    shares = [row["share"] for row in rows]
    assert [f"{100 * share:.1f}" for share in shares] == ["21.7", "21.6", "22.6", "17.3", "19.5", "39.1"]
    assert math.prod(row["factor"] for row in rows[1:]) == pytest.approx(shares[-1] / shares[0], rel=1e-12)


def test_each_line_of_a_log_is_of_one_count():
    found = [(row["count"], row["apart"]) for row in log_lines()]
    assert [count for count, _ in found] == [
        *("exact, non-causal", "exact, causal", "exact, non-causal", "exact, non-causal"),
        "exact, causal, with MTP",
    ]
    assert max(apart for _, apart in found[:-1]) < 2e-6 < found[-1][1] < 0.005


STATES = [
    {},
    {"value": 38, "from_count": "palm", "model": "llama-3.1-405b", "seq_len": 131_072, "accelerator": "h100-sxm"},
    {"from_peak": "other_fp8", "from_count": "6nd", "to_count": "6nd-total", "to_peak": "fp8_sparse", "value": 21.7},
    {"model": "gpt-oss-120b", "accelerator": "a100-sxm", "other": "tpu-v6e", "to_count": "exact-causal-dense"},
]


@pytest.mark.parametrize("state", STATES)
def test_the_translator_says_what_a_translation_gives(state):
    result = explorer("mfu-translator").run(state)
    controls = result.controls
    config, chip = load_model(controls["model"]), load_accelerator(controls["accelerator"])
    names = {
        key: (f"{controls['other']}:" if of_other else "") + precision + ("-sparse" if sparse else "")
        for key, (_, of_other, precision, sparse) in PEAKS.items()
    }
    before = f"{controls['from_count']}/{names[controls['from_peak']]}"
    after = f"{controls['to_count']}/{names[controls['to_peak']]}"
    where = config, controls["seq_len"], chip
    found = translate_mfu(controls["value"] / 100, before, after, *where)
    assert result.metrics["value"] == pytest.approx(found.value, rel=1e-12)
    assert result.metrics["factor_flops"] * result.metrics["factor_peak"] == pytest.approx(found.factor, rel=1e-12)
    titles = {count.title: name for name, count in COUNTS.items()}
    for row in result.rows:
        for key, name in names.items():
            if row.get(key) is not None:
                dot = translate_mfu(controls["value"] / 100, before, f"{titles[row['count']]}/{name}", *where).value
                assert row[key] == pytest.approx(dot, abs=0.0006)
    assert [row["bf16"] for row in result.rows] == sorted(row["bf16"] for row in result.rows)
    assert [row["is_start"] for row in result.rows].count(True) == 1


def test_a_chip_without_the_peak_is_refused_and_its_dots_are_not_drawn():
    figure = explorer("mfu-translator")
    assert all(row["fp8"] is None for row in figure.run({"accelerator": "a100-sxm"}).rows)
    with pytest.raises(InputError, match="no dense FP8 peak of NVIDIA A100"):
        figure.run({"accelerator": "a100-sxm", "from_peak": "fp8"})
    with pytest.raises(InputError, match="no dense BF16 peak of NVIDIA T4"):
        figure.run({"accelerator": "t4"})


def test_in_one_language_the_numbers_of_one_run_are_near():
    result = explorer("mfu-published").run()
    assert result.metrics["spread_printed"] > 2 > 1.1 > result.metrics["spread_common"]
    for row, one in zip(result.rows, published_mfus(), strict=True):
        assert (row["printed"], row["convention"]) == (one.value, one.convention)


# --- the command


def test_the_command_gives_what_python_gives(moecalc):
    line = "mfu --model deepseek-v3 --seq-len 4096 --gpu h800-sxm --from-convention scaling-book-v3 --json"
    answer = moecalc(line, "--to-convention", "exact-causal", "--value", 0.2162).json
    found = translate_mfu(0.2162, "scaling-book-v3", "exact-causal", V3, 4096, H800)
    assert answer["value"] == found.value and answer["unit"] == "share"
    assert math.prod(one["factor"] for one in answer["factors"]) == pytest.approx(answer["factor"], rel=1e-12)
    assert {"kind", "aspect", "before", "after", "factor"} == set(answer["factors"][0])


def test_a_value_keeps_its_unit(moecalc):
    line = "mfu --from-convention deepseek-insights --to-convention deepseek-insights-causal --json --value"
    assert moecalc(line, "43.73").json["value"] == pytest.approx(38.94, abs=0.01)
    assert moecalc(line, "43.73%").json["unit"] == "percent"
    assert moecalc(line, "0.4373").json["value"] == pytest.approx(0.3894, abs=1e-4)
    assert "is taken" in moecalc(line, "0.4373").json["notes"][0]
    text = moecalc(line.replace(" --json", ""), "43.73").out
    assert "43.73 %" in text and "38.94 %" in text and "x 0.8905" in text


def test_what_is_not_needed_may_be_left_out(moecalc):
    line = "mfu --json --value 30 --from-convention 6nd"
    assert moecalc(line, "--to-convention", "8nd", "--num-params", "37B").json["value"] == pytest.approx(40)
    assert moecalc(line, "--to-convention", "6nd-total", "--model", "deepseek-v3").json["value"] > 100
    given = moecalc(line, "--to-convention", "6nd/fp8", "--gpu", "h800-sxm", "--peak-tflops-per-s", 1979).json
    assert given["value"] == pytest.approx(30)


def test_the_help_lists_every_name(moecalc):
    text = moecalc("mfu --help").out
    for name in (*COUNTS, *WHOSE, "bf16", "fp8", "-sparse"):
        assert name in text


BAD = [
    # what is typed -> words of the one sentence
    ("--to-convention palms/bf16 --value 39", ("'palms'", "nearest are palm")),
    ("--to-convention exact-casual --value 39", ("'exact-casual'", "nearest are exact-causal")),
    ("--to-convention 9nd --value 39", ("'9nd'", "accepted are exact-causal", "8nd")),
    ("--to-convention '' --value 39", ("COUNT/PEAK", "''")),
    ("--to-convention 6nd/ --value 39", ("no peak behind its /",)),
    ("--to-convention 6nd/fp6 --value 39", ("no peak named 'fp6'", "accepted are bf16")),
    ("--to-convention 6nd/h800-sx:fp8 --value 39", ("no accelerator named 'h800-sx'", "h800-sxm")),
    ("--to-convention 6nd/a100-sxm:fp8 --value 39", ("no dense FP8 peak of NVIDIA A100",)),
    ("--to-convention 6nd/:fp8 --value 39", ("before the colon",)),
    ("--to-convention 6nd/0 --value 39", ("above 0", "'0'")),
    ("--to-convention 6nd/1e99 --value 39", ("at most 1e9", "'1e99'")),
    ("--to-convention 6nd --value 0", ("above 0", "found 0")),
    ("--to-convention 6nd --value -3", ("above 0", "found -3")),
    ("--to-convention 6nd --value 139", ("at most 100 in percent", "found 139")),
    ("--to-convention 6nd --value nan", ("above 0", "found nan")),
    ("--to-convention 6nd --value much", ("0.39, 39 or 39%", "'much'")),
    ("--to-convention 6nd", ("--value lacks",)),
    ("--value 39", ("--to-convention lacks",)),
    ("--to-convention 6nd --value 39 --num-tokens 3T", ("--num-tokens does not go",)),
    ("--to-convention 6nd --value 39 --model deepseek-v3", ("--seq-len is required",)),
    ("--to-convention 6nd --value 39 --gpu h800-sxm", ("a model is needed", "exact-causal and 6nd")),
    ("--to-convention exact-causal/fp8 --value 39 --model deepseek-v3", ("accelerator's", "--gpu NAME")),
    ("--to-convention exact-causal-with-mtp --value 39 --model glm-4.5 --seq-len 0", ("seq_len", "0")),
    ("--to-convention 6nd --value 39 --num-params 0 --model deepseek-v3 --seq-len 4096", ("num_params", "above 0")),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_bad_input_is_told_in_one_line(options, words, moecalc):
    answer = moecalc(f"mfu --from-convention exact-causal {options}")
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1 and all(word in answer.err for word in words), answer.err


def test_above_100_percent_is_said(moecalc):
    said = moecalc("mfu --from-convention 6nd/fp8 --to-convention 8nd/bf16 --value 60 --json").json
    assert said["value"] > 100 and any("above 100 %" in note for note in said["notes"])
