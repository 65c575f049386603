"""Configs in a format of their own, translated into the keys of Hugging Face: DeepSeek's, Meta's and Mistral's.

Their files have no ``model_type``. Only what is certain is translated: a key that is not known here may change the form of
the model, so it refuses the file by the name of its format.
"""

from ..base.checks import real, whole
from ..base.errors import InputError, quoted

#: Key -> Hugging Face's, where both mean the same number.
DEEPSEEK = {
    "vocab_size": "vocab_size",
    "dim": "hidden_size",
    "inter_dim": "intermediate_size",
    "moe_inter_dim": "moe_intermediate_size",
    "n_layers": "num_hidden_layers",
    "n_dense_layers": "first_k_dense_replace",
    "n_heads": "num_attention_heads",
    "n_routed_experts": "n_routed_experts",
    "n_shared_experts": "n_shared_experts",
    "n_activated_experts": "num_experts_per_tok",
    "q_lora_rank": "q_lora_rank",
    "kv_lora_rank": "kv_lora_rank",
    "qk_nope_head_dim": "qk_nope_head_dim",
    "qk_rope_head_dim": "qk_rope_head_dim",
    "v_head_dim": "v_head_dim",
}
DEEPSEEK_GROUPS = {"n_expert_groups": "n_group", "n_limited_groups": "topk_group"}
DEEPSEEK_INDEXER = {key: key for key in ("index_n_heads", "index_head_dim", "index_topk")}
META = {"dim": "hidden_size", "n_layers": "num_hidden_layers", "n_heads": "num_attention_heads"}
MISTRAL = META | {
    "hidden_dim": "intermediate_size",
    "vocab_size": "vocab_size",
    "n_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
}
#: What no count asks for.
IDLE = (
    *("max_batch_size", "max_seq_len", "norm_eps", "rope_theta", "use_scaled_rope", "original_seq_len", "rope_factor"),
    *("beta_fast", "beta_slow", "mscale", "route_scale", "score_func", "scale_fmt", "dtype"),
)


def translated(raw: dict) -> tuple:
    """(the config in the keys of Hugging Face, a sentence about it or "") of a config without ``model_type``."""
    if not {"dim", "n_layers", "n_heads"} <= set(raw):
        return raw, ""
    if "inter_dim" in raw or "n_activated_experts" in raw:
        return _deepseek(raw)
    return _mistral(raw) if "hidden_dim" in raw else _meta(raw)


def _deepseek(raw: dict) -> tuple:
    """The config of ``inference/configs`` beside DeepSeek's models, read by their ``model.py``: class ModelArgs."""
    title = "DeepSeek's inference config"
    config = _renamed(title, raw, DEEPSEEK, DEEPSEEK_GROUPS | DEEPSEEK_INDEXER)
    sigmoid = raw.get("score_func", "softmax") == "sigmoid"
    kind = "deepseek_v32" if "index_topk" in raw else "deepseek_v3" if sigmoid else "deepseek_v2"
    config["q_lora_rank"] = config["q_lora_rank"] or None  # 0 is a query without compression
    config |= {"model_type": kind, "torch_dtype": "bfloat16", "tie_word_embeddings": False, "attention_bias": False}
    config |= {"n_group": config.get("n_group", 1), "topk_group": config.get("topk_group", 1), "moe_layer_freq": 1}
    if raw.get("dtype") == "fp8":
        config["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    if kind != "deepseek_v2":
        config["num_nextn_predict_layers"] = 0
    return config, f"{title} is read as {kind}; it has no MTP modules"


def _meta(raw: dict) -> tuple:
    """The ``params.json`` of a Llama, read by Meta's ``model.py``: the feed-forward is rounded up to ``multiple_of``."""
    title = "Meta's params.json"
    read = ("vocab_size", "multiple_of", "ffn_dim_multiplier")
    config = _renamed(title, raw, META, {"n_kv_heads": "num_key_value_heads"}, read)
    vocab = raw.get("vocab_size")
    if vocab in (None, -1):
        raise InputError(f"{title} leaves vocab_size to the tokenizer; write the number in, such as 32000 for Llama 2")
    multiple = whole("multiple_of", raw.get("multiple_of", 256), most=10**6)
    width = int(2 * 4 * whole("dim", raw["dim"], most=10**8) / 3)
    if raw.get("ffn_dim_multiplier") is not None:
        width = int(real("ffn_dim_multiplier", raw["ffn_dim_multiplier"], positive=True, most=100) * width)
    config |= {"model_type": "llama", "vocab_size": vocab, "intermediate_size": -(-width // multiple) * multiple}
    note = f"{title} is read as llama, with an output head of its own; Llama 3.2 1B and 3B share it with the embedding"
    return config | _PLAIN, note


def _mistral(raw: dict) -> tuple:
    """The ``params.json`` of a Mistral or Mixtral, read by mistral-inference: classes TransformerArgs and MoeArgs."""
    title = "Mistral's params.json"
    renamed = _renamed(title, raw, MISTRAL, {"sliding_window": "sliding_window"}, ("moe",))
    config = {"sliding_window": None} | renamed | _PLAIN
    moe = raw.get("moe")
    if moe is None:
        return config | {"model_type": "mistral"}, f"{title} is read as mistral"
    if not isinstance(moe, dict) or set(moe) != {"num_experts", "num_experts_per_tok"}:
        raise InputError(f"moe of {title} must hold num_experts and num_experts_per_tok; found {quoted(moe)}")
    experts = {"num_local_experts": moe["num_experts"], "num_experts_per_tok": moe["num_experts_per_tok"]}
    return config | experts | {"model_type": "mixtral"}, f"{title} is read as mixtral"


#: Of a llama and its like.
_PLAIN = {"tie_word_embeddings": False, "torch_dtype": "bfloat16"}


def _renamed(title: str, raw: dict, needed: dict, optional: dict, read=()) -> dict:
    """The keys of a config under Hugging Face's names; all that are needed must be there, and none that is unknown."""
    lacking = [key for key in needed if raw.get(key) is None]
    unknown = [key for key in raw if key not in needed and key not in optional and key not in read and key not in IDLE]
    if lacking or unknown:
        why = f"lacks {', '.join(lacking)}" if lacking else f"has keys that are not read, {', '.join(map(str, unknown[:5]))}"
        raise InputError(f"the config is {title} and {why}; the Hugging Face config.json of the model is accepted")
    return {name: raw[key] for key, name in (needed | optional).items() if key in raw}
