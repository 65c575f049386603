"""Whether a model, its users and their context fit on GPUs: known values, properties, engines' logs, bad input."""

import pytest

from moecalc import InputError
from moecalc.base.units import GIB
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.model.checkpoint import storage_bytes, tensor_storage
from moecalc.model.config import load_model
from moecalc.serving import workspace as parameters
from moecalc.serving.capacity import check_context, instance, longest_of_model, sequences_that_fit
from moecalc.serving.fewest import fewest_gpus, layouts
from moecalc.serving.layout import ServingLayout, check_layout, layers_of_stages
from moecalc.serving.weights import ABSORBED, PADDING, weights_of_stages
from moecalc.serving.workspace import page_tokens, workspace
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.serving_logs import split_logs
from moecalc.validation.serving_memory import (
    CACHE,
    TABLE,
    TOKENS,
    TOKENS_OF_CACHE,
    WEIGHTS,
    fitted_workspace,
    log_cases,
    log_errors,
    read_log,
)

V3, LLAMA, GPT_OSS = (load_model(name) for name in ("deepseek-v3", "llama-3.1-8b", "gpt-oss-120b"))
H200, H800 = load_accelerator("h200-sxm"), load_accelerator("h800-sxm")
LOGS = tables.by_subject(TABLE)
FIT = "fit --model deepseek-v3 --gpu h200-sxm --context 4096 --bytes-per-element 1"


def laid_out(config, layout, bytes_per_element=1, memory=H200.memory_bytes):
    return instance(config, layout, memory, workspace(config, memory, layout.num_gpus), bytes_per_element)


def held(config, layout, stored=None):
    """Bytes of each stage that are the checkpoint's own."""
    made = (ABSORBED, PADDING)
    return [sum(n for name, n in stage.items() if name not in made) for stage in weights_of_stages(config, layout, stored)]


# weights


@pytest.mark.parametrize("config", [V3, LLAMA, GPT_OSS, load_model("qwen3-235b-a22b")], ids=lambda config: config.name)
def test_one_gpu_holds_the_checkpoint(config):
    assert sum(held(config, ServingLayout())) == pytest.approx(storage_bytes(config)["total"], rel=1e-12)


@pytest.mark.parametrize("pp", [2, 3, 16])
def test_stages_hold_the_checkpoint_together(pp):
    assert sum(held(V3, ServingLayout(pp=pp))) == pytest.approx(storage_bytes(V3)["total"], rel=1e-12)


def test_a_tied_table_stands_on_the_first_and_the_last_stage():
    config = load_model("qwen3-0.6b")
    assert config.anatomy.is_tied
    table = config.vocab_size * config.hidden_size * 2
    assert sum(held(config, ServingLayout(pp=4))) == storage_bytes(config)["total"] + table


def test_tensor_parallel_gpus_hold_no_less_than_their_part():
    total = storage_bytes(V3)["total"]
    for tp in (2, 8, 16):
        assert total / tp < held(V3, ServingLayout(tp))[0] < 1.1 * total / tp
    assert held(LLAMA, ServingLayout(8))[0] == pytest.approx(held(LLAMA, ServingLayout(1))[0] / 8, rel=1e-3)


def test_few_key_value_heads_are_copied():
    by_tp = [weights_of_stages(LLAMA, ServingLayout(tp))[0]["attention"] for tp in (8, 16)]
    kv = 2 * 32 * 4096 * 128 * 2  # one head of keys and of values in each of 32 layers, on both
    assert by_tp[0] - kv == 2 * (by_tp[1] - kv)


def test_data_parallel_attention_repeats_all_but_the_experts():
    (tensor,), (data,) = (weights_of_stages(V3, layout) for layout in (ServingLayout(8, ep=8), ServingLayout(dp=8, ep=8)))
    alone = weights_of_stages(V3, ServingLayout())[0]
    assert tensor["routed_experts"] == data["routed_experts"] == alone["routed_experts"] / 8
    assert {name: n for name, n in data.items() if name != "routed_experts"} == {
        name: n for name, n in alone.items() if name != "routed_experts"
    }


def test_expert_parallel_and_expert_tensor_parallel_hold_as_much():
    assert held(V3, ServingLayout(8, ep=1)) == held(V3, ServingLayout(8, ep=8)) == held(V3, ServingLayout(8, ep=2))


def test_redundant_experts_are_held_too():
    plain, more = (weights_of_stages(V3, ServingLayout(dp=32, ep=32, redundant_experts=n))[0] for n in (0, 32))
    assert more["routed_experts"] == plain["routed_experts"] * 9 / 8
    assert {**more, "routed_experts": 0} == {**plain, "routed_experts": 0}


def test_absorbed_projections_are_kept_in_bf16():
    assert weights_of_stages(V3, ServingLayout(8))[0][ABSORBED] == 61 * 2 * 512 * 128 * 256 / 8
    assert ABSORBED not in weights_of_stages(LLAMA, ServingLayout())[0]


def test_experts_in_mxfp4_are_padded():
    numbers = 36 * 128 * 3 * 2880**2 * 4.25 / 8  # biases are not padded here
    alone, shared = (weights_of_stages(GPT_OSS, ServingLayout(tp))[0] for tp in (1, 8))
    assert alone[PADDING] == pytest.approx(numbers * (3072 * 2944 / 2880**2 - 1), rel=1e-9)
    assert shared[PADDING] == pytest.approx(numbers / 8 * (3072 * 384 / (2880 * 360) - 1), rel=1e-9)
    assert PADDING not in weights_of_stages(V3, ServingLayout())[0]


def test_weights_may_be_asked_in_another_width():
    assert held(LLAMA, ServingLayout(), "fp8")[0] < 0.6 * held(LLAMA, ServingLayout())[0]
    kimi = load_model("kimi-k2")  # published as INT4 with 594 GB, which counts GB of 10^9 bytes
    assert held(kimi, ServingLayout(), "int4")[0] == pytest.approx(594e9, rel=0.01)


def test_layers_left_over_go_before_the_last_stage():
    assert layers_of_stages(61, 4) == (15, 15, 16, 15)
    assert layers_of_stages(62, 4) == (15, 16, 16, 15)
    for pp in range(1, 62):
        sizes = layers_of_stages(61, pp)
        assert sum(sizes) == 61 and len(sizes) == pp and max(sizes) - min(sizes) <= 1


# cache


@pytest.mark.parametrize("tp", [1, 2, 4, 8, 16])
def test_tensor_parallelism_copies_the_latent_cache(tp):
    assert laid_out(V3, ServingLayout(tp)).stages[0].sequence_bytes(1) == 35_136


@pytest.mark.parametrize("tp, part", [(1, 1), (2, 2), (8, 8), (16, 8)])
def test_tensor_parallelism_shares_key_value_heads_as_far_as_there_are_any(tp, part):
    whole = 32 * 2 * 8 * 128
    assert laid_out(LLAMA, ServingLayout(tp)).stages[0].sequence_bytes(1) == whole / part


def test_data_parallel_attention_does_not_copy_the_cache():
    sizes = [(ServingLayout(16, ep=16), 1), (ServingLayout(2, 8, 16), 8)]
    for layout, groups in sizes:
        found = laid_out(V3, layout)
        assert found.sequences(4096) == groups * found.sequences_of_group(4096)
        assert found.tokens(4096) == groups * (found.stages[0].room // (35_136 * 64)) * 64


def test_stages_keep_the_cache_of_their_layers():
    stages = laid_out(V3, ServingLayout(pp=4)).stages
    assert [stage.sequence_bytes(1) / 576 for stage in stages] == [15, 15, 16, 15]


def test_a_window_bounds_what_a_sequence_keeps():
    stage = laid_out(GPT_OSS, ServingLayout(), 2).stages[0]
    each = 2 * 8 * 64 * 2  # keys and values of a token in one layer
    assert stage.sequence_bytes(100) == 36 * each * 100
    assert stage.sequence_bytes(4096) == each * (18 * 128 + 18 * 4096)


def test_sequences_take_whole_pages():
    found = laid_out(V3, ServingLayout(8))
    assert page_tokens(V3) == 64 and page_tokens(LLAMA) == 16
    assert found.sequences(4033) == found.sequences(4096) >= found.sequences(4097) == found.sequences(4160)
    assert found.tokens(1) == found.tokens(4096) and found.tokens(1) % 64 == 0
    assert found.sequences(4096) == sequences_that_fit(found.stages[0].room, 0, 4096 * 35_136)


def test_the_longest_context_is_the_last_that_fits():
    found = laid_out(V3, ServingLayout(8))
    for users in (1, 7, 100):
        reach = found.longest(users, 10**9)
        assert found.sequences(reach) >= users > found.sequences(reach + 1)
    assert found.longest(1, 1000) == 1000
    assert found.longest(10**9, 1000) == 0
    assert longest_of_model(V3) == 163_840


# the fewest GPUs


def test_more_users_never_need_fewer_gpus():
    for config, accelerator in ((V3, H800), (LLAMA, load_accelerator("rtx-4090"))):
        numbers = [fewest_gpus(config, accelerator, 8192, users, 1).num_gpus for users in (1, 3, 30, 300, 3000, 30_000)]
        assert numbers == sorted(numbers) and numbers[0] < numbers[-1]


def test_a_longer_context_never_needs_fewer_gpus():
    numbers = [fewest_gpus(V3, H800, context, 500).num_gpus for context in (128, 4096, 32_768, 163_840)]
    assert numbers == sorted(numbers) and numbers[0] < numbers[-1]


def test_narrower_numbers_never_need_more_gpus():
    wide, narrow = (fewest_gpus(V3, H800, 32_768, 500, width).num_gpus for width in (2, 1))
    assert narrow <= wide
    assert fewest_gpus(LLAMA, H800, 4096, 1, weights="fp8").num_gpus <= fewest_gpus(LLAMA, H800, 4096, 1).num_gpus


@pytest.mark.parametrize("users", [1, 50, 2000])
def test_all_users_fit_and_one_layout_fewer_does_not(users):
    fit = fewest_gpus(V3, H200, 16_384, users, 1)
    assert fit.sequences_that_fit >= users and fit.tokens_that_fit >= users * 16_384
    memory = H200.memory_bytes
    assert sum(fit.components.values()) <= memory - fit.found.taken.not_used
    for layout in layouts(V3, H200, {}):
        fewer = (fit.num_gpus - 1) // layout.num_gpus
        assert fewer * laid_out(V3, layout).sequences(16_384) < users


def test_sizes_that_are_given_are_kept():
    fit = fewest_gpus(V3, H200, 4096, 10_000, 1, {"tp": 4, "pp": 1})
    assert (fit.found.layout.tp, fit.found.layout.pp) == (4, 1)
    free = fewest_gpus(V3, H200, 4096, 10_000, 1)
    assert free.num_gpus <= fit.num_gpus


def test_what_binds():
    assert fewest_gpus(V3, H200, 4096, 1, 1).bound_by == "weights"
    assert fewest_gpus(V3, H200, 131_072, 1000, 1).bound_by == "cache"
    for given in ({"tp": 1, "dp": 32, "pp": 1}, {"tp": 8}):
        assert fewest_gpus(V3, H200, 4096, 1, 1, given).bound_by == "the layout that is given"
    assert fewest_gpus(V3, H800, 4096, 1, 1, {"tp": 8}).bound_by == "weights"
    assert fewest_gpus(V3, H200, 131_072, 1000, 1, {"tp": 8}).bound_by == "cache"
    assert fewest_gpus(V3, H800, 4096, 1, 1, {"tp": 8, "dp": 1, "pp": 1}).copies == 0


def test_the_layout_of_decode_on_320_gpus_fits():
    fit = fewest_gpus(V3, H800, 4989, 320 * 60, 1, {"tp": 1, "dp": 320, "ep": 320, "pp": 1, "redundant_experts": 64})
    assert fit.num_gpus == 320 and fit.users_of_group == 60
    experts = 58 * 3 * 7168 * 2048
    assert experts < max(stage.weights["routed_experts"] for stage in fit.found.stages) < 1.001 * experts


# engines' logs


def test_the_table_keeps_the_rule_of_the_split():
    says = [(log["model"].value, "utilisation" in log["layout"].value) for log in LOGS.values()]
    uses = split_logs(says)
    assert [log["use"].value for log in LOGS.values()] == [uses[log["model"].value] for log in LOGS.values()]
    assert set(uses.values()) == {FITTED, HELD_OUT}


def test_the_parameters_are_those_of_the_fit():
    found = fitted_workspace()
    assert round(found["sampler_bytes"], 2) == parameters.SAMPLER_BYTES
    for name in ("driver_reserve", "single_overhead", "shared_overhead"):
        assert round(found[name] / GIB, 3) * GIB == getattr(parameters, name.upper())


def test_held_out_logs_are_within_the_goal():
    for quantity, worst in ((WEIGHTS, 0.04), (TOKENS, 0.06), (CACHE, 0.02), (TOKENS_OF_CACHE, 0.001)):
        count, mean, most, _ = log_errors(quantity, HELD_OUT)
        assert count >= 4 and mean < 0.03 and abs(most) < worst


def test_a_log_that_lacks_settings_is_in_no_mean():
    (case,) = [one for one in log_cases() if not one.complete]
    assert case.subject == "deepseek-v3-sglang-gb200-dp8" and case.error < -0.05
    log = read_log(LOGS[case.subject])
    spare = sum(weights_of_stages(log.config, log.layout._replace(redundant_experts=32))[0].values())
    assert abs(spare / case.measured - 1) < 0.03  # with the spare experts that DeepSeek has in prefill it would be near


def test_a_quantity_that_no_log_has_is_refused():
    with pytest.raises(InputError, match="no log gives 'speed'"):
        log_errors("speed")


# the command


def test_the_command_says_what_python_says(moecalc):
    told = moecalc(f"{FIT} --users 64 --tp 8 --pp 1 --json").json
    fit = fewest_gpus(V3, H200, 4096, 64, 1, {"tp": 8, "pp": 1})
    assert (told["num_gpus"], told["tokens_that_fit"], told["bound_by"]) == (8, fit.tokens_that_fit, fit.bound_by)
    assert told["components"] == fit.components
    assert sum(told["components"].values()) == told["per_gpu_bytes"] <= told["usable_bytes_per_gpu"]
    assert sum(told["weights"].values()) == told["components"]["weights"]
    assert told["longest_context"] >= 4096


def test_a_layout_on_which_nothing_fits_says_how_much_it_lacks(moecalc):
    told = moecalc("fit --model deepseek-v3 --gpu h800-sxm --context 4096 --tp 8 --dp 1 --pp 1 --json").json
    assert told["num_gpus"] is None and told["tokens_that_fit"] == 0 and told["bound_by"] == "weights"
    assert told["per_gpu_bytes"] > told["usable_bytes_per_gpu"]
    assert any("lacks 17" in note for note in told["notes"])


def test_what_the_text_says(moecalc):
    text = moecalc(f"{FIT} --users 64 --tp 8 --pp 1").out
    assert "8 GPUs (tp 8, dp 1, ep 8, pp 1, instances 1)" in text and "longest context of 64 users" in text
    text = moecalc("fit --model deepseek-v3 --gpu h800-sxm --context 4096 --tp 8 --dp 1 --pp 1").out
    assert "are needed of" in text and "not one user fits" in text


def test_an_answer_with_stages_says_what_is_needed_without(moecalc):
    told = moecalc(f"{FIT} --users 256 --json").json
    alone = moecalc(f"{FIT} --users 256 --pp 1 --json").json
    if told["layout"]["pp"] > 1:
        assert told["num_gpus_without_pipeline"] == alone["num_gpus"] >= told["num_gpus"]


@pytest.mark.parametrize("more, word", [("", "compressed-tensors"), (" --weights q4_k_m", "bits a weight")])
def test_weights_that_are_not_known_leave_what_can_be_said(more, word, moecalc):
    told = moecalc(f"fit --model kimi-k2.5 --gpu h200-sxm --context 1000{more} --json").json
    assert told["num_gpus"] is None and told["cache_bytes_per_user"] == 70_272_000
    assert any(word in note for note in told["notes"])


def test_a_cache_of_a_form_that_is_known_in_part_makes_a_bound(moecalc):
    told = moecalc("fit --model deepseek-v4-flash --gpu h200-sxm --context 4096 --json").json
    assert told["num_gpus"] and any("at most" in note and "at least" in note for note in told["notes"])


@pytest.mark.parametrize(
    "more, words",
    [
        ("--users 0", ("users", "from 1", "0")),
        ("--users 1.5", ("--users", "1.5")),
        ("--tp 8 --dp 1 --ep 16", ("ep must divide the 8 GPUs of a stage", "16")),
        ("--tp 8 --dp 1 --ep 3", ("ep must divide", "3")),
        ("--tp 0", ("tp", "from 1", "0")),
        ("--pp 62", ("pp", "61 layers", "62")),
        ("--dp 3 --tp 1 --ep 3", ("ep must divide the 256 routed experts", "3")),
        ("--redundant-experts 5 --tp 8 --dp 1 --ep 8", ("ep must divide the 261", "8")),
        ("--utilisation 1.2", ("utilisation", "1.2")),
        ("--weights fp7", ("weights", "fp7")),
        ("--max-seqs 0", ("max_seqs", "0")),
    ],
)
def test_bad_input_is_one_line(more, words, moecalc):
    ran = moecalc(f"{FIT} {more}")
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1
    assert all(word in ran.err for word in words)


def test_a_context_beyond_the_models_is_refused(moecalc):
    ran = moecalc("fit --model deepseek-v3 --gpu h200-sxm --context 163841")
    assert ran.code == 2 and "at most 163,840" in ran.err and "163,841" in ran.err
    assert check_context(V3, 163_840) == 163_840


@pytest.mark.parametrize("layout", [ServingLayout(ep=4), ServingLayout(redundant_experts=2)])
def test_a_dense_model_has_no_experts_to_deal_out(layout):
    with pytest.raises(InputError, match="needs routed experts; llama-3.1-8b has none"):
        check_layout(LLAMA, layout)


def test_types_that_are_mixed_are_refused_tensor_by_tensor():
    with pytest.raises(InputError, match="mixes types"):
        tensor_storage(LLAMA, "q4_k_m")
