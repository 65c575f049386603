"""Families with recurrences: the state that they keep, which layers have one, and what is refused."""

import json
from pathlib import Path

import pytest

from moecalc import InputError, ModelConfig
from moecalc.model.kv_cache import kv_state_elements
from moecalc.model.params import num_total_params, params_by_layer
from moecalc.model.wrappers import supports

TRUTH = json.loads((Path(__file__).parent / "truth" / "families.json").read_text(encoding="utf-8"))
STATES = [name for name, case in TRUTH.items() if case.get("state_elements") is not None and supports(case["config"])]


def config(name, **changes):
    return ModelConfig({**TRUTH[name]["config"], **changes})


def kinds(found):
    return [layer["kind"] for layer in params_by_layer(found)]


@pytest.mark.parametrize("name", STATES)
def test_the_state_of_a_sequence_is_exact(name):
    assert kv_state_elements(config(name)) == TRUTH[name]["state_elements"]


def test_which_layers_of_nemotron_are_what():
    pattern = kinds(config("nemotron-3-nano-30b-a3b", hybrid_override_pattern="M*E-"))
    assert pattern == ["Mamba-2 layer", "attention layer", "MoE layer", "feed-forward layer"]
    listed = ["mamba", "full_attention", "moe", "mlp"]
    assert kinds(config("nemotron-3-nano-30b-a3b", layers_block_type=listed)) == pattern


def test_which_layers_attend():
    bamba = kinds(config("bamba-9b"))
    assert [index for index, kind in enumerate(bamba) if kind == "dense layer"] == [9, 18, 27]
    jamba = kinds(config("jamba-mini-1.5"))
    assert [index for index, kind in enumerate(jamba) if "Mamba" not in kind] == [4, 12, 20, 28]
    kimi = kinds(config("kimi-linear-48b-a3b"))
    assert [index + 1 for index, kind in enumerate(kimi) if "linear" not in kind] == [4, 8, 12, 16, 20, 24, 27]
    lfm2 = kinds(config("lfm2-1.2b"))
    assert [index for index, kind in enumerate(lfm2) if kind == "dense layer"] == [2, 5, 8, 10, 12, 14]


def test_a_shared_block_of_zamba_is_counted_once():
    one, two = (config("zamba2-2.7b", num_mem_blocks=number) for number in (1, 2))
    more = num_total_params(two) - num_total_params(one)
    layers = {layer["kind"]: layer["total"] for layer in params_by_layer(one)}
    first, again = (layers[f"Mamba-2 layer behind a shared block{end}"] for end in ("", ", again"))
    assert more == first - again > 0


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("nemotron-3-nano-30b-a3b", {"hybrid_override_pattern": "MX"}, ("hybrid_override_pattern", "M * E -", "'MX'")),
        ("nemotron-3-nano-30b-a3b", {"num_experts_per_tok": 200}, ("num_experts_per_tok", "128", "200")),
        ("nemotron-3-nano-30b-a3b", {"n_groups": 7}, ("mamba_n_groups", "64 heads", "7")),
        ("bamba-9b", {"mamba_n_heads": 100}, ("mamba_d_head", "8192", "64")),
        ("bamba-9b", {"mamba_n_heads": 100, "mamba_d_head": "auto"}, ("mamba_n_heads", "8192", "100")),
        ("granite-4.0-h-tiny", {"num_experts_per_tok": 0}, ("num_experts_per_tok", "64", "0")),
        ("granite-4.0-h-tiny", {"layer_types": ["conv"] * 40}, ("layer_types", "mamba", "'conv'")),
        ("jamba-mini-1.5", {"attn_layer_offset": 8}, ("attn_layer_offset", "attn_layer_period 8", "8")),
        ("falcon-mamba-7b", {"expand": 0, "intermediate_size": None}, ("expand", "above 0", "0")),
        ("mamba-130m", {"time_step_rank": "large"}, ("time_step_rank", "whole number", "'large'")),
        ("lfm2-8b-a1b", {"layer_types": None}, ("layer_types", "lfm2_moe")),
        ("zamba2-2.7b", {"num_attention_heads": 33, "num_key_value_heads": 33}, ("num_attention_heads", "5120", "33")),
        ("kimi-linear-48b-a3b", {"routed_expert_hidden_size": 3584}, ("routed_expert_hidden_size", "Kimi K3", "3584")),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(name, changes, words):
    with pytest.raises(InputError) as error:
        config(name, **changes)
    sentence = str(error.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence


def test_kimi_k3_is_not_taken_for_kimi_linear():
    text = TRUTH["kimi-linear-48b-a3b"]["config"]
    assert not supports({"model_type": "kimi_k3", "text_config": text})
    with pytest.raises(InputError, match="kimi_k3"):
        ModelConfig({"model_type": "kimi_k3", "text_config": text})
