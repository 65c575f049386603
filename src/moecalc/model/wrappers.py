"""The language model inside a config: of a multimodal wrapper the part that is counted, and the names of the rest."""

from collections.abc import Mapping
from typing import NamedTuple

from ..base.errors import InputError, quoted
from .families import supported

#: Where wrappers keep the language model.
INNER = ("text_config", "llm_config", "language_config", "thinker_config.text_config")

#: Objects of a config that are other models, not keys of the language model.
BESIDE = (
    "vision_config",
    "audio_config",
    "speech_config",
    "vit_config",
    "projector_config",
    "talker_config",
    "code2wav_config",
)

#: What a wrapper may say for the model inside, where that says nothing itself.
INHERITED = ("tie_word_embeddings", "quantization_config", "torch_dtype", "dtype")

#: Wrappers whose own flag decides whether embeddings are tied, where it and that of the text disagree; by their classes in
#: transformers 5.24.0, as the two below. Where a wrapper says nothing, the text decides: published files are so.
OUTER_FLAG = ("mistral3", "internvl", "idefics3", "smolvlm", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe")
#: Wrappers whose own flag decides also where they are silent: then embeddings are not tied.
OUTER_ALONE = ("step3p7",)
#: Wrappers that tie embeddings if either flag says so, and those that never do.
EITHER_FLAG = ("llava", "llava_onevision", "qwen2_vl", "qwen2_5_vl")
NEVER_TIED = ("voxtral",)

#: Wrapper -> model_type of the text inside, where that does not say its own.
TEXT_INSIDE = {
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4": "gemma4_text",
    "glm4v": "glm4v_text",
    "llama4": "llama4_text",
    "minimax_m3_vl": "minimax_m3",
    "mllama": "mllama_text_model",
    "qwen3_5": "qwen3_5_text",
    "qwen3_5_moe": "qwen3_5_moe_text",
    "step3_vl": "step3_text",
    "step3p7": "step3p5",
}
#: Wrapper -> model_type of the text inside, where that says another whose form it does not have.
TEXT_IN_TRUTH = {"kimi_k3": "kimi_k3"}


class Language(NamedTuple):
    """The language model of a config."""

    raw: dict
    path: str  #: where in the config it stands, such as text_config; empty where it is the config itself
    left_out: tuple  #: names of the parts beside it


def language_config(raw: dict) -> Language:
    """The language model of a config, and what stands beside it.

    >>> inside = language_config({"model_type": "llava", "text_config": {"model_type": "llama"}, "vision_config": {}})
    >>> inside.raw, inside.path, inside.left_out
    ({'model_type': 'llama'}, 'text_config', ('vision_config',))
    """
    raw = _without_mla(raw)
    found = [path for path in INNER if _at(raw, path) is not None]
    if len(found) > 1:
        raise InputError(
            f"a config with two language models, {' and '.join(found)}, is not read; paste the one that is meant"
        )
    if not found:
        return Language(raw, "", tuple(key for key in raw if key in BESIDE and isinstance(raw[key], Mapping)))
    path = found[0]
    inner = _at(raw, path)
    if not isinstance(inner, Mapping):
        raise InputError(f"{path} must be an object of keys such as hidden_size; found {quoted(inner)}")
    outside = path.partition(".")[0]
    beside = [key for key, value in raw.items() if key.endswith("_config") and isinstance(value, Mapping)]
    left_out = tuple(key for key in beside if key not in (outside, "quantization_config"))
    said = {key: raw[key] for key in INHERITED if raw.get(key) is not None and inner.get(key) is None}
    wrapper = raw.get("model_type")
    if inner.get("model_type") is None:
        said["model_type"] = TEXT_INSIDE.get(wrapper, wrapper if wrapper in supported() else None)
    if wrapper in TEXT_IN_TRUTH:
        said["model_type"] = TEXT_IN_TRUTH[wrapper]
    tied = "tie_word_embeddings"
    if wrapper in OUTER_FLAG and raw.get(tied) is not None:
        said[tied] = raw[tied]
    if wrapper in OUTER_ALONE:
        said[tied] = raw.get(tied) is True
    if wrapper in EITHER_FLAG and True in (raw.get(tied), inner.get(tied)):
        said[tied] = True
    if wrapper in NEVER_TIED:
        said[tied] = False
    return Language(_without_mla({**inner, **said}), path, left_out)


def _without_mla(raw: dict) -> dict:
    """A config of DeepSeek-V2's name without latent attention, such as DeepSeek-OCR's: its form is DeepSeek-MoE's."""
    is_moe = raw.get("model_type") == "deepseek_v2" and raw.get("use_mla") is False
    return {**raw, "model_type": "deepseek"} if is_moe else raw


def supports(raw) -> bool:
    """Whether a raw config is of a ``model_type`` that is counted, or wraps one that is."""
    return isinstance(raw, dict) and language_config(raw).raw.get("model_type") in supported()


def put_back(wrapper: dict, path: str, changed: dict) -> dict:
    """A wrapper with a changed language model at `path`."""
    first, _, rest = path.partition(".")
    inside = put_back(wrapper[first], rest, changed) if rest else changed
    return {**wrapper, first: inside}


def _at(raw, path: str):
    for key in path.split("."):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw
