"""Keys that a config leaves out: they take what the family's library publishes, and a note says so; null is no default."""

import pytest

from moecalc import ModelConfig
from moecalc.base.errors import InputError
from moecalc.model.params import num_activated_params, num_total_params

#: The text of LLaVA 1.5, which is saved without the sizes of Llama 2 7B.
LLAVA = {
    "model_type": "llava",
    "tie_word_embeddings": False,
    "text_config": {"model_type": "llama", "vocab_size": 32064, "max_position_embeddings": 4096},
    "vision_config": {"model_type": "clip_vision_model", "hidden_size": 1024, "num_hidden_layers": 24},
}

#: Pixtral's text leaves out the number of heads.
PIXTRAL = {
    "model_type": "llava",
    "text_config": {
        "model_type": "mistral",
        "head_dim": 128,
        "hidden_size": 5120,
        "intermediate_size": 14336,
        "num_hidden_layers": 40,
        "num_key_value_heads": 8,
        "sliding_window": None,
        "vocab_size": 131072,
    },
    "vision_config": {"model_type": "pixtral", "image_size": 1024},
}

#: DeepSeek-V3 without its shared expert, its low-rank query and its dense prefix, which are the defaults of its class.
V3 = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "moe_intermediate_size": 2048,
    "moe_layer_freq": 1,
    "n_group": 8,
    "n_routed_experts": 256,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "tie_word_embeddings": False,
    "topk_group": 4,
    "v_head_dim": 128,
    "vocab_size": 129280,
}


def note_of(config, words: str) -> str:
    return next(note for note in config.notes if words in note)


def test_a_wrapper_whose_text_leaves_out_all_sizes_is_counted_by_the_defaults_of_llama():
    """llava-hf/llava-1.5-7b-hf."""
    config = ModelConfig(LLAVA)
    assert num_total_params(config) == num_activated_params(config) == 6_738_939_904
    assert config.left_out == ("vision_config",)
    note = note_of(config, "leaves out have the defaults of LlamaConfig")
    assert "hidden_size 4096" in note and "num_hidden_layers 32" in note and "vocab_size" not in note


def test_a_text_that_leaves_out_its_heads_has_those_of_mistral():
    """huggingface/transformers#33449: 32 heads, not 5120 / 128 = 40."""
    config = ModelConfig(PIXTRAL)
    assert config.num_attention_heads == 32
    assert num_total_params(config) == 12_247_782_400
    assert "num_attention_heads 32" in note_of(config, "defaults of MistralConfig")


def test_absent_keys_of_v3_have_v3s_own_values():
    config = ModelConfig(V3)
    assert num_total_params(config) == 671_026_404_352
    assert num_activated_params(config) == 37_552_282_624
    note = note_of(config, "defaults of DeepseekV3Config")
    for said in ("n_shared_experts 1", "q_lora_rank 1536", "first_k_dense_replace 3"):
        assert said in note
    assert config.defaults_taken["n_shared_experts"] == 1


def test_a_config_that_says_all_takes_no_default():
    config = ModelConfig({**ModelConfig(V3).raw, **ModelConfig(V3).defaults_taken})
    assert not config.defaults_taken and not config.defaults_note


@pytest.mark.parametrize(
    "key, raw",
    [
        ("n_shared_experts", {**V3, "n_shared_experts": None}),
        ("first_k_dense_replace", {**V3, "first_k_dense_replace": None}),
        ("hidden_size", {"model_type": "llama", "hidden_size": None}),
        ("n_embd", {"model_type": "gpt2", "n_embd": None}),
        ("num_attention_heads", {"model_type": "mistral", "num_attention_heads": None}),
    ],
)
def test_null_where_a_number_is_needed_is_refused(key, raw):
    """A key that is there and null takes no default."""
    with pytest.raises(InputError, match=f"^{key} is null"):
        ModelConfig(raw)


def test_null_that_the_family_reads_as_a_rule_is_no_default():
    """Of Qwen3-like configs a null head_dim shares the hidden vector; of V3 a null q_lora_rank means a full query."""
    assert ModelConfig({**V3, "q_lora_rank": None}).q_lora_rank is None
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": None, "head_dim": None}
    config = ModelConfig({"model_type": "llama", **sizes})
    assert config.num_key_value_heads == 4 and config.head_dim is None


def test_a_head_that_the_config_does_not_mention_is_tied_where_the_published_class_ties_it():
    """MiniCPM-2B: 2.72 B parameters are published, with one table."""
    sizes = {"hidden_size": 2304, "intermediate_size": 5760, "num_hidden_layers": 40, "num_attention_heads": 36}
    config = ModelConfig({"model_type": "minicpm", "vocab_size": 122_753, **sizes})
    assert num_total_params(config) == 2_724_880_896
    assert "tie_word_embeddings true" in note_of(config, "defaults of MiniCPMConfig")


def test_a_text_without_a_model_type_is_that_of_its_wrapper():
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 6, "num_attention_heads": 2}
    config = ModelConfig({"model_type": "gemma3", "text_config": {**sizes, "num_key_value_heads": 1}})
    assert config.model_type == "gemma3_text"
    assert config.head_dim == 256 and config.tie_word_embeddings
    assert [block.name for block, _ in config.anatomy.counted][1:3] == ["dense layer, sliding window", "dense layer"]
