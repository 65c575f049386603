"""Activations kept for the backward pass, against saved-tensor hooks on real layers and published formulas."""

import json
from pathlib import Path

import pytest
from configs import any_family
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import ModelConfig, load_model
from moecalc.base.errors import InputError
from moecalc.model.catalog import counted_slugs
from moecalc.training.activation_policy import RECOMPUTABLE, V3_RECOMPUTE, ActivationPolicy, recompute_of
from moecalc.training.activations import (
    ActivationCut,
    activation_bytes,
    activation_notes,
    activations_by_block,
    activations_by_component,
    check_cut,
    kept_of_block,
    kept_range,
    most_skew,
    recomputable_parts,
    tokens_on_gpu,
)


def truth(name):
    return json.loads((Path(__file__).parent / "truth" / f"{name}.json").read_text(encoding="utf-8"))


V3 = load_model("deepseek-v3")
DENSE, MOE = V3.anatomy.layers[0], V3.anatomy.layers[-1]
OF_V3 = truth("activations")["deepseek_v3_bytes_per_token"]
MEASURED = truth("activation_more")["cases"]
STATIC = truth("memory_static")
LISTS = {
    "none": (),
    "norm_mla": ("norm", "mla-up"),
    "deepseek": V3_RECOMPUTE,
    "deepseek_also_recomputing_permuted_tokens": (*V3_RECOMPUTE, "permuted-tokens"),
}
#: names of the truth files -> ours, where they differ
OURS = {
    **{"kv_a_out (latent+rope)": "kv_a_out", "rms rstd fp32 (4 norms)": "rstd", "rms_rstd": "rstd"},
    **{"attn_norm_in (residual stream)": "attn_norm_in", "mlp_norm_in (residual stream)": "mlp_norm_in"},
    **{"dense_gate_up_out": "gate_up_out", "dense_swiglu_out": "swiglu_out", "dense_gate_up_fp8": "gate_up_out"},
    **{"attention_out_e5m6": "attention_out", "shared_gate_up_fp8": "shared_gate_up_out"},
    **{"permuted_tokens_fp8": "permuted_tokens", "routed_gate_up_fp8": "routed_gate_up_out"},
    **{"router_scores_fp32": "router_scores", "router_index": "permute_index"},
    **{"permute_order": "permute_index", "permute_token_index": "permute_index"},
}


def by_name(items):
    """Sums under our names."""
    sums = {}
    for name, number in items:
        sums[OURS.get(name, name)] = sums.get(OURS.get(name, name), 0) + number
    return sums


def ours(config, block, policy):
    return by_name((one.name, one.bytes) for one in kept_of_block(config, block, policy))


@pytest.mark.parametrize("mode", LISTS)
def test_layers_of_v3(mode):
    policy = ActivationPolicy(recompute=LISTS[mode])
    for name, block in {"moe_layer": MOE, "dense_layer": DENSE}.items():
        if name in OF_V3[mode]:
            assert ours(V3, block, policy) == by_name(OF_V3[mode][name].items())
        if f"{name}_total" in OF_V3[mode]:
            assert kept_range(kept_of_block(V3, block, policy)).bytes == OF_V3[mode][f"{name}_total"]
    if "all_61_layers" in OF_V3[mode]:
        layers = [one for one in activations_by_block(V3, policy) if one.block in (DENSE, MOE)]
        assert sum(one.count * one.range.bytes for one in layers) == OF_V3[mode]["all_61_layers"]
        feed_forward = ("gate_up_out", "swiglu_out", "mlp_norm_in", "mlp_norm_out", "rstd")
        attention = [number for name, number in ours(V3, DENSE, policy).items() if name not in feed_forward]
        assert sum(attention) == OF_V3[mode]["attention_block_part"]  # without the statistics of norms


@pytest.mark.parametrize("layer", ["moe_layer", "dense_layer"])
def test_caches_in_fp8_and_e5m6(layer):
    policy = ActivationPolicy(recompute=V3_RECOMPUTE, cache="fp8")
    block, expected = {"moe_layer": MOE, "dense_layer": DENSE}[layer], STATIC["fp8_cache_bytes_per_token"][layer]
    assert ours(V3, block, policy) == by_name(expected.items())
    without = ours(V3, block, policy._replace(weight_before_down=True))
    assert sum(expected.values()) - sum(without.values()) == expected.get("expert_down_out", 0)


def small_model(case):
    """A config of the layer that was measured."""
    dims, layers = case["dims"], {"num_hidden_layers": 1, "vocab_size": case["dims"].get("vocab", 7)}
    common = {**layers, "hidden_size": dims["h"], "num_attention_heads": dims.get("a", 1)}
    common["intermediate_size"] = dims.get("ff", dims.get("f", 1))
    if case["name"] == "head-and-loss":
        return ModelConfig({**common, "model_type": "llama"})
    if case["attention"] == "mla":
        latent = {"q_lora_rank": dims["q"], "kv_lora_rank": dims["c"], "qk_rope_head_dim": dims["dr"]}
        latent |= {"qk_nope_head_dim": dims["dn"], "v_head_dim": dims["dv"], "num_experts_per_tok": dims["k"]}
        latent |= {"n_routed_experts": dims["E"], "moe_intermediate_size": dims["f"]}
        latent |= {"n_shared_experts": case["shared_experts"], "first_k_dense_replace": int(case["ffn"] == "dense")}
        return ModelConfig({**load_model("deepseek-v3").raw, **common, **latent, "n_group": 1, "topk_group": 1})
    heads = {"num_key_value_heads": dims["kv"], "head_dim": dims["hd"]}
    if case["ffn"] == "moe":
        experts = {"num_local_experts": dims["E"], "num_experts_per_tok": dims["k"]}
        return ModelConfig({**common, **heads, **experts, "model_type": "mixtral"})
    return ModelConfig({**common, **heads, "model_type": "qwen3" if case["qk_norm"] else "llama"})


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: f"{case['name']}-{case.get('recompute')}")
def test_what_hooks_measured(case):
    config = small_model(case)
    told = case.get("recompute", [])
    recompute = ("full",) if told == "whole layer" else tuple(name.replace("_", "-") for name in told)
    policy = ActivationPolicy(recompute, weight_before_down=case.get("weight_before_down", False), index_tensors=3)
    block = config.anatomy.head if case["name"] == "head-and-loss" else config.anatomy.layers[0]
    found = ours(config, block, policy)
    assert sum(found.values()) == case["total"]
    assert found == by_name(case["measured_bytes_per_token"].items())


def test_the_head_and_loss_of_v3_keep_more_than_a_recomputed_moe_layer():
    head = kept_range(kept_of_block(V3, V3.anatomy.head, ActivationPolicy())).bytes
    assert head == 545_804 > kept_range(kept_of_block(V3, MOE, ActivationPolicy(V3_RECOMPUTE))).bytes


def test_published_formulas_of_dense_layers():
    """34 h and 5 a s of Korthikanti et al. for GPT, and the formula of a Llama-style layer."""
    h, a, s = 4096, 32, 1000
    gpt = ModelConfig({"model_type": "gpt2", "n_embd": h, "n_head": a, "n_layer": 1, "vocab_size": 50, "n_positions": s})
    statistics = 2 * 8  # mean and deviation of two LayerNorms, which the formula leaves out
    policy = ActivationPolicy(flash_attention=False, seq_len=s, dropout=True)
    kept = sum(ours(gpt, gpt.anatomy.layers[0], policy).values())
    assert kept - statistics == 34 * h + 5 * a * s
    flash = sum(ours(gpt, gpt.anatomy.layers[0], ActivationPolicy(dropout=True)).values())
    assert flash - statistics - 4 * a == 34 * h
    llama = load_model("llama-3.1-8b")
    kv, d, f = 8, 128, 14_336
    for fused, width in {True: 6, False: 8}.items():
        kept = ours(llama, llama.anatomy.layers[0], ActivationPolicy(fused_swiglu=fused))
        assert sum(kept.values()) == 12 * h + 4 * kv * d + 4 * a + 8 + width * f


TOKENS = 4096


def on_gpu(config=V3, block=MOE, **cut):
    return activation_bytes(kept_of_block(config, block, ActivationPolicy()), TOKENS, ActivationCut(**cut))


def test_tensor_parallelism_cuts_all_with_sequence_parallelism_and_heads_and_columns_without():
    assert on_gpu() == TOKENS * 599_876
    assert on_gpu(tp=8) * 8 == on_gpu()
    norms, latents = ("attn_norm_in", "attn_norm_out", "mlp_norm_in", "mlp_norm_out", "rstd"), ("q_a", "kv_a")
    whole = {*norms, *(f"{name}_out" for name in latents), *(f"{name}_norm_out" for name in latents)}
    kept = ours(V3, DENSE, ActivationPolicy())
    expected = sum(number if name in whole else number / 8 for name, number in kept.items())
    assert on_gpu(block=DENSE, tp=8, sequence_parallel=False) == TOKENS * expected
    # two ranks hold the same of 8 key-value heads at TP16
    llama = load_model("llama-3.1-8b")
    kept = ours(llama, llama.anatomy.layers[0], ActivationPolicy())
    keys = kept.pop("k") + kept.pop("v")
    assert on_gpu(llama, llama.anatomy.layers[0], tp=16) == TOKENS * (sum(kept.values()) / 16 + keys / 8)


def test_context_parallelism_cuts_tokens():
    assert [tokens_on_gpu(2, 4096, cp) for cp in (1, 4, 3)] == [8192, 2048, 2 * 1366]
    with pytest.raises(InputError, match="cp must be at most the 4 tokens of a sequence; found 8"):
        check_cut(ActivationCut(cp=8), 4)


def test_skew_moves_what_experts_keep():
    kept = ours(V3, MOE, ActivationPolicy())
    routed = ["permuted_weights", "permuted_tokens", "routed_gate_up_out", "routed_swiglu_out", "expert_down_out"]
    assert on_gpu(skew=1.5) - on_gpu() == TOKENS * sum(kept[name] for name in routed) // 2
    # experts cut in two see the tokens of both tensor-parallel GPUs
    twice = TOKENS * sum(kept[name] for name in ("permuted_weights", "permuted_tokens", "expert_down_out")) // 2
    assert on_gpu(tp=2, etp=2) - on_gpu(tp=2) == twice
    assert (most_skew(V3, 1), most_skew(V3, 64), most_skew(load_model("llama-3.1-8b"), 1)) == (1, 32, 1)
    for skew, ep in ((0.5, 64), (33, 64), (1.5, 1), (float("nan"), 64)):
        with pytest.raises(InputError, match="skew"):
            check_cut(ActivationCut(skew=skew), 4096, V3, ep)


def test_components_sum_to_the_bytes():
    kept, cut = kept_of_block(V3, V3.anatomy.mtp[0], ActivationPolicy()), ActivationCut(tp=4, skew=1.25)
    assert sum(activations_by_component(kept, 77, cut).values()) == activation_bytes(kept, 77, cut)


def test_an_mtp_module_keeps_a_layer_a_head_and_what_joins_them():
    kept = ours(V3, V3.anatomy.mtp[0], ActivationPolicy())
    h = V3.hidden_size
    joined = 2 * (2 * h + 4) + 2 * 2 * h
    assert sum(kept.values()) == 599_876 + 545_804 + joined


@pytest.mark.parametrize("slug", counted_slugs())
def test_every_model_has_a_count_or_an_interval(slug):
    config = load_model(slug)
    for one in activations_by_block(config, ActivationPolicy()):
        assert 0 < one.range.least <= one.range.bytes <= one.range.most
    ranges = [one.range for one in activations_by_block(config, ActivationPolicy())]
    unknown = any(one.least != one.most for one in ranges)
    assert unknown == any("no measured rule" in note for note in activation_notes(config, ActivationPolicy()))


@given(any_family(), st.sampled_from(["bf16", "fp8"]), st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_recomputing_never_keeps_more(config, cache, tp):
    def kept(names):
        policy = ActivationPolicy(tuple(names), cache)
        return [activation_bytes(one.kept, 100, ActivationCut(tp=tp)) for one in activations_by_block(config, policy)]

    parts = [name for name in RECOMPUTABLE if name in recomputable_parts(config) and name != "full"]
    amounts = [kept(parts[:count]) for count in range(len(parts) + 1)]
    for more, fewer in zip(amounts, amounts[1:], strict=False):
        assert all(a >= b for a, b in zip(more, fewer, strict=True))
    for one in activations_by_block(config, ActivationPolicy(("full",))):
        if one.block in config.anatomy.layers:
            assert sum(kept.bytes for kept in one.kept) == 2 * config.hidden_size


@pytest.mark.parametrize(
    ("text", "words"),
    [("nrom", "'nrom'"), ("none,norm", "none stands alone"), ("full,norm", "full stands alone"), ("1", "'1'")],
)
def test_a_wrong_list_of_what_is_recomputed(text, words):
    with pytest.raises(InputError, match=words):
        recompute_of(text)


@pytest.mark.parametrize(
    ("slug", "name", "words"),
    [
        ("llama-3.1-8b", "mla-up", "multi-head latent attention; accepted are norm, swiglu, full or none"),
        ("llama-3.1-8b", "router", "no router"),
        ("nemotron-3-super", "swiglu", "no gated feed-forward"),
    ],
)
def test_what_a_model_does_not_have_is_not_recomputed(slug, name, words):
    with pytest.raises(InputError, match=words):
        activations_by_block(load_model(slug), ActivationPolicy((name,)))


def test_a_policy_is_checked():
    for policy in (
        ActivationPolicy(cache="int4"),
        ActivationPolicy(index_tensors=-1),
        ActivationPolicy(flash_attention=False),
        ActivationPolicy(("all",)),
    ):
        with pytest.raises(InputError):
            activations_by_block(V3, policy)
