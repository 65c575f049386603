"""Model states on a GPU, against sums written out for DeepSeek-V3's own layout."""

import pytest

from moecalc import ModelConfig, load_model
from moecalc.training.layout import Layout, check_layout, stages_of_rank
from moecalc.training.rank_states import OPTIMIZER_SHARDS
from moecalc.training.recipes import RECIPES, recipe_of
from moecalc.training.states import NOT_COUNTED, model_states

V3 = load_model("deepseek-v3")
PUBLISHED = Layout(tp=1, pp=16, ep=64, dp=128, zero=1)

HIDDEN, VOCAB = 7168, 129_280
EXPERT = 3 * HIDDEN * 2048
#: attention of one layer: its matrices, and the norms of its two latents
ATTENTION, LATENT_NORMS = 187_105_280, 1536 + 512
ROUTER, NORMS = 256 * HIDDEN, 2 * HIDDEN
PROJECTION = 2 * HIDDEN * HIDDEN
#: what one rank holds of a MoE layer at EP64: products in FP8, numbers kept in BF16, and 4 of 256 experts
LOW, KEPT, ROUTED = ATTENTION + EXPERT, ROUTER + NORMS + LATENT_NORMS, 4 * EXPERT


def scale_bytes(*matrices):
    """Bytes of the FP32 scale factors of matrices, one for each 128 x 128, edges rounded up."""
    return 4 * sum(-(-inputs // 128) * -(-outputs // 128) for inputs, outputs in matrices)


ATTENTION_SCALES = scale_bytes((7168, 1536), (1536, 24_576), (7168, 576), (512, 32_768), (16_384, 7168))
EXPERT_SCALES = 3 * scale_bytes((7168, 2048))
#: of a MoE layer: the shared expert and four routed ones
LAYER_SCALES = ATTENTION_SCALES + 5 * EXPERT_SCALES


def v3_states(low, kept, routed):
    """States at ZeRO-1: FP8 or BF16 weights, FP32 gradients, FP32 master copies and BF16 moments."""
    optimizer = -(-(low + kept) // 128) + -(-routed // 2)  # 128 x 1 / 64 = 2 replicas of an expert
    return {
        "num_params": low + kept + routed,
        "num_routed_params": routed,
        "weights": low + 2 * kept + routed,
        "gradients": 4 * (low + kept + routed),
        "optimizer_states": 8 * optimizer,
    }


def is_rank(rank, **expected):
    assert {key: rank[key] for key in expected} == expected
    assert rank["bytes"] == rank["weights"] + rank["fp8_scales"] + rank["gradients"] + rank["optimizer_states"]


def test_v3_layout_is_2048_gpus_with_two_replicas_of_an_expert():
    assert check_layout(PUBLISHED, V3).num_gpus == 2048
    assert PUBLISHED.expert_replicas == 2


def test_61_layers_on_16_ranks():
    ranks = model_states(V3, PUBLISHED, "deepseek-v3")["ranks"]
    assert [len(rank["layers"]) for rank in ranks] == 13 * [4] + 3 * [3]
    assert [layer for rank in ranks for layer in rank["layers"]] == list(range(61))
    assert ranks[0]["holds"] == ["embedding", *3 * ["dense layer"], "MoE layer"]
    assert ranks[-1]["holds"] == [*3 * ["MoE layer"], "head", "MTP module", "copy of embedding"]


def test_a_middle_rank_of_v3():
    """Ranks 1 to 12 hold four MoE layers each."""
    ranks = model_states(V3, PUBLISHED, "deepseek-v3")["ranks"]
    expected = v3_states(4 * LOW, 4 * KEPT, 4 * ROUTED)
    by_hand = {"weights": 1_644_036_096, "gradients": 6_546_522_112, "optimizer_states": 2_876_821_504}
    assert {state: expected[state] for state in by_hand} == by_hand
    for rank in ranks[1:13]:
        is_rank(rank, **expected, fp8_scales=4 * LAYER_SCALES, bytes=11_067_379_712 + 398_208)


def test_the_first_rank_of_v3():
    """Embedding, three dense layers, one MoE layer."""
    dense = ATTENTION + 3 * HIDDEN * 18_432
    kept = VOCAB * HIDDEN + 3 * (NORMS + LATENT_NORMS) + KEPT
    scales = 3 * (ATTENTION_SCALES + 3 * scale_bytes((HIDDEN, 18_432))) + LAYER_SCALES
    expected = v3_states(3 * dense + LOW, kept, ROUTED) | {"fp8_scales": scales}
    is_rank(model_states(V3, PUBLISHED, "deepseek-v3")["ranks"][0], **expected)


def test_the_last_rank_of_v3():
    """Three MoE layers, final norm and head, and the MTP module: projection, three norms, one more layer, an embedding."""
    kept = 4 * KEPT + HIDDEN + VOCAB * HIDDEN + PROJECTION + 3 * HIDDEN + VOCAB * HIDDEN
    expected = v3_states(4 * LOW, kept, 4 * ROUTED) | {"fp8_scales": 4 * LAYER_SCALES}
    is_rank(model_states(V3, PUBLISHED, "deepseek-v3")["ranks"][-1], **expected)


def test_four_experts_in_each_of_58_layers_are_10_b_and_a_sixteenth_is_0_64_b():
    ranks = model_states(V3.replace(num_nextn_predict_layers=0), PUBLISHED, "deepseek-v3")["ranks"]
    routed = sum(rank["num_routed_params"] for rank in ranks)
    assert routed == 4 * 58 * EXPERT == 10_217_324_544
    assert routed / 16 == 638_582_784


def test_tensor_parallelism_cuts_heads_columns_and_vocabulary_and_repeats_the_rest():
    llama = load_model("llama-3.1-8b")
    hidden, layers = 4096, 32
    (rank,) = model_states(llama, Layout(tp=16, zero=0), "bf16")["ranks"]
    attention = 2 * hidden * 4096 // 16 + 2 * hidden * 128  # two query heads; one of eight key-value heads, held twice
    cut = attention + 3 * hidden * 14_336 // 16
    assert 129_024 % (16 * 128) == 0 and 129_024 - 128_256 < 16 * 128  # rows of a padded table
    assert rank["num_params"] == layers * (cut + 2 * hidden) + hidden + 2 * 129_024 * hidden // 16
    assert rank["padding_params"] == 2 * (129_024 - 128_256) * hidden // 16
    assert rank["bytes"] == (2 + 4 + 12) * rank["num_params"]


def test_tensor_parallel_gpus_share_the_replicas_of_an_expert():
    layout = Layout(tp=2, ep=8, dp=8)
    assert layout.expert_replicas == 2
    (one,) = model_states(V3, layout, "deepseek-v3")["ranks"]
    (other,) = model_states(V3, Layout(tp=1, ep=8, dp=16), "deepseek-v3")["ranks"]
    assert one["num_routed_params"] == other["num_routed_params"] == 59 * 32 * EXPERT


@pytest.mark.parametrize(
    ("zero", "bytes_per_param"), [(0, 2 + 4 + 12), (1, 2 + 4 + 12 / 4), (2, 2 + 4 / 4 + 12 / 4), (3, 18 / 4)]
)
def test_zero_stages_cut_optimizer_then_gradients_then_weights(zero, bytes_per_param):
    llama = load_model("llama-3.1-8b")  # its parameters divide by 4
    assert model_states(llama, Layout(dp=4, zero=zero), "bf16")["per_gpu_bytes"] == 8_030_261_248 * bytes_per_param


@pytest.mark.parametrize(("recipe", "bytes_per_param"), [("bf16", 18), ("zero-16", 16), ("fp32", 16)])
def test_recipes(recipe, bytes_per_param):
    llama = load_model("llama-3.1-8b")
    assert model_states(llama, Layout(zero=0), recipe)["per_gpu_bytes"] == 8_030_261_248 * bytes_per_param


def test_every_recipe_says_where_it_is_from():
    from moecalc.facts.tables import sources

    assert [recipe.source for recipe in RECIPES.values() if recipe.source not in sources()] == []


def test_experts_are_cut_by_tensor_parallelism_where_there_is_no_expert_parallelism(moecalc):
    """Mixtral-8x7B on 32 GPUs: as Megatron cuts it, and as one may ask."""
    command = "memory --model mixtral-8x7b --tp 8 --pp 2 --dp 2 --ep 1 --zero 1 --recipe bf16 --gpu h100-sxm"
    cut = moecalc(command, "--json").json
    padding = (32 * 1024 - 32_000) * 4096 // 8  # of one table of the vocabulary
    held = 2_919_501_824 + padding
    states = 35_034_021_888 + padding * (2 + 4 + 12 // 2)
    assert (cut["num_params_fullest_rank"], cut["model_states"]["bytes"]) == (held, states)
    assert cut["layout"]["etp"] == 8 and "one part in 8 of each" in moecalc(command).out
    whole = moecalc(f"{command} --etp 1 --json").json
    expert = 3 * 4096 * 14_336
    assert whole["num_params_fullest_rank"] - cut["num_params_fullest_rank"] == 16 * 8 * (expert - expert // 8)


def test_expert_tensor_parallelism_divides_the_replicas():
    layout = Layout(tp=4, ep=8, dp=8, etp=2)
    assert (layout.expert_tp, layout.expert_replicas) == (2, 2)
    (one,) = model_states(V3, layout, "bf16")["ranks"]
    assert one["num_routed_params"] == 59 * 32 * EXPERT // 2
    assert Layout(tp=4, ep=8, dp=8).expert_tp == 1 and Layout(tp=4, dp=8).expert_tp == 4
    with pytest.raises(ValueError, match="ep x etp must divide the 32 GPUs"):
        check_layout(Layout(tp=4, ep=8, dp=8, etp=8), V3)


def test_stages_may_be_uneven(moecalc):
    command = "memory --model deepseek-v2-lite --pp 2 --ep 2 --dp 4"
    even, uneven = (moecalc(f"{command} {how} --json").json for how in ("", "--layers-per-stage 13,14"))
    assert [len(rank["layers"]) for rank in even["ranks"]] == [14, 13]
    assert [len(rank["layers"]) for rank in uneven["ranks"]] == [13, 14]
    assert sum(rank["num_params"] for rank in even["ranks"]) == sum(rank["num_params"] for rank in uneven["ranks"])
    for sizes, words in {"13,13": "sum to the 27 layers", "9,9,9": "each of the 2 stages", "0,27": "from 1"}.items():
        answer = moecalc(f"{command} --layers-per-stage {sizes}")
        assert answer.code == 2 and words in answer.err and answer.err.count("\n") == 1


def test_a_model_without_a_recipe_is_trained_in_bf16(moecalc):
    """And the text says so: recipe, ZeRO stage, schedule, how experts are held."""
    llama = moecalc("memory --model llama-3.1-8b --dp 4 --zero 3")
    assert "recipe bf16" in llama.out and "ZeRO-3, schedule 1f1b" in llama.out and "ETP" not in llama.out
    found = moecalc("memory --model llama-3.1-8b --dp 4 --zero 3 --json").json
    assert found["model_states"]["bytes"] == 8_030_261_248 * 18 // 4
    assert moecalc("memory --model llama-3.1-8b --set torch_dtype=float32 --json").code == 2  # not a key that is read
    assert recipe_of(load_model("deepseek-v3")) == "bf16"
    assert recipe_of(ModelConfig({**load_model("llama-3.1-8b").raw, "torch_dtype": "float32"})) == "fp32"


def test_dualpipe_holds_every_stage_twice():
    layout, mirrored = PUBLISHED._replace(zero=0), PUBLISHED._replace(zero=0, schedule="dualpipe")
    for mtp in (False, True):
        ranks = model_states(V3, layout, "deepseek-v3", mtp=mtp)["ranks"]
        twice = model_states(V3, mirrored, "deepseek-v3", mtp=mtp)["ranks"]
        shared = {0: VOCAB * HIDDEN, 15: VOCAB * HIDDEN} if mtp else {}  # 1F1B's copy of the embedding is not needed
        for rank, both in enumerate(twice):
            held = ranks[rank]["num_params"] + ranks[15 - rank]["num_params"] - shared.get(rank, 0)
            assert both["num_params"] == held == twice[15 - rank]["num_params"]
            held = ranks[rank]["bytes"] + ranks[15 - rank]["bytes"] - shared.get(rank, 0) * (2 + 4 + 8)
            assert both["bytes"] == held == twice[15 - rank]["bytes"]


def test_zero_shards_over_both_copies_of_dualpipe_or_over_one():
    """Over both, the optimizer's states of the whole pipeline stay what they were, but for parts of a parameter."""
    one, both = OPTIMIZER_SHARDS
    mirrored = PUBLISHED._replace(schedule="dualpipe")

    def optimizer(layout, shard=None):
        return sum(rank["optimizer_states"] for rank in model_states(V3, layout, "deepseek-v3", shard, False)["ranks"])

    once, part_filled = optimizer(PUBLISHED), 16 * 4 * RECIPES["deepseek-v3"].optimizer  # of two groups of two stages
    assert 0 <= optimizer(mirrored, both) - once <= part_filled
    assert optimizer(mirrored, one) == 2 * once
    assert optimizer(mirrored) == optimizer(mirrored, both)
    with pytest.raises(ValueError, match="data_parallel_and_mirror needs the schedule dualpipe"):
        model_states(V3, PUBLISHED, "bf16", both)


def test_dualpipev_holds_every_stage_once_folded():
    assert [stages_of_rank(rank, 4, "dualpipev") for rank in range(4)] == [(0, 7), (1, 6), (2, 5), (3, 4)]
    ranks = model_states(V3, PUBLISHED._replace(schedule="dualpipev"), "deepseek-v3")["ranks"]
    assert sorted(layer for rank in ranks for layer in rank["layers"]) == list(range(61))
    assert {"embedding", "head", "MTP module"} <= set(ranks[0]["holds"])


def test_the_sum_is_not_called_what_it_is_not(moecalc):
    states = model_states(V3, PUBLISHED, "deepseek-v3")
    assert states["fits"] is None
    assert states["not_counted"] == list(NOT_COUNTED)
    assert "activations" in NOT_COUNTED
    command = "memory --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --zero 1 --recipe deepseek-v3"
    for answer in (moecalc(command), moecalc(command, "--json"), moecalc("memory --model llama-3.1-8b")):
        assert answer.code == 0
        assert "activations" in answer.out and "not counted: the driver's context" in answer.out or "{" in answer.out
    result = moecalc(command, "--json").json
    assert result["model_states"]["bytes"] == states["per_gpu_bytes"] < result["per_gpu_bytes"]
    assert {"per_gpu_bytes", "components", "fits", "ranks"} <= set(result)
    assert moecalc("memory --model llama-3.1-8b --json").json["fits"] is None
