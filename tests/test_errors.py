"""Bad input: one sentence that names the value and what is accepted, exit code 2, ValueError in Python."""

import json
import subprocess
import sys
from types import MappingProxyType

import pytest

from moecalc import InputError, ModelConfig, load_accelerator, load_config, load_model, parse_config
from moecalc.base.units import convert
from moecalc.economics.cost import num_gpus_for_deadline, run_cost, usd_per_gpu_hour_for_budget, wall_days
from moecalc.model.flops import forward_flops_per_token
from moecalc.model.kv_cache import kv_cache_bytes
from moecalc.model.params import num_activated_params_without
from moecalc.training.layout import Layout, check_layout
from moecalc.training.mfu import model_flops_utilisation, recomputed_flops_per_token
from moecalc.training.states import model_states, states_of_all_gpus

V3 = load_model("deepseek-v3")
LLAMA = load_model("llama-3.1-8b")
NAN, INFINITY = float("nan"), float("inf")


def is_one_sentence(message: str):
    assert "\n" not in message and "Traceback" not in message
    assert len(message) < 700
    assert not message.endswith(".") and ". " not in message.replace("... (", "")


def refused(call, *words):
    """The call raises an InputError, which is a ValueError, whose one sentence has all the words."""
    with pytest.raises(ValueError) as caught:
        call()
    assert type(caught.value) is InputError
    is_one_sentence(str(caught.value))
    for word in words:
        assert word in str(caught.value)


# --- configs ---------------------------------------------------------------------------------------------------------

HUGE = 10**30
CONFIGS = {
    # what is changed in V3's config -> words of the sentence: the value, and what is accepted
    "a wrong type": ({"hidden_size": "7168"}, ("hidden_size", "'7168'", "whole number from 1 to 100,000,000")),
    "a fraction": ({"hidden_size": 7168.5}, ("hidden_size", "7168.5", "whole number")),
    "true as a number": ({"num_hidden_layers": True}, ("num_hidden_layers", "True", "whole number")),
    "a number as true": ({"tie_word_embeddings": 1}, ("tie_word_embeddings", "1", "true or false")),
    "a list": ({"vocab_size": [1, 2]}, ("vocab_size", "[1, 2]", "whole number")),
    "NaN": ({"hidden_size": NAN}, ("hidden_size", "nan", "whole number")),
    "infinity": ({"hidden_size": INFINITY}, ("hidden_size", "inf", "whole number")),
    "negative": ({"n_routed_experts": -1}, ("n_routed_experts", "-1", "from 1 to")),
    "zero": ({"num_attention_heads": 0}, ("num_attention_heads", "0", "from 1 to")),
    "absurd": ({"vocab_size": HUGE}, ("vocab_size", str(HUGE), "from 1 to 100,000,000")),
    "absurdly many layers": ({"num_hidden_layers": 10**6}, ("num_hidden_layers", "1000000", "from 1 to 10,000")),
    "absurdly many MTP modules": ({"num_nextn_predict_layers": 10**8}, ("num_nextn_predict_layers", "from 0 to 10,000")),
    "more experts a token": ({"num_experts_per_tok": 257}, ("num_experts_per_tok", "257", "at most the 256 routed experts")),
    "a null": ({"kv_lora_rank": None}, ("kv_lora_rank is null", "needs vocab_size, hidden_size")),
    "a family not supported": ({"model_type": "bert"}, ("model_type 'bert' is not described; moecalc families lists",)),
    "a misspelt family": ({"model_type": "deepseek-v3"}, ("model_type 'deepseek-v3'", "is deepseek_v3 meant?")),
    "a private module": ({"model_type": "_parts"}, ("model_type '_parts'", "not described")),
    "a family that is no name": ({"model_type": 3}, ("model_type", "3", "a name such as llama")),
}


@pytest.mark.parametrize(("changes", "words"), CONFIGS.values(), ids=CONFIGS)
def test_config(changes, words, tmp_path, moecalc):
    raw = {**V3.raw, **changes}
    refused(lambda: ModelConfig(raw), *words)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(raw))
    refused(lambda: load_config(file), *words)
    told(moecalc("params --config", file), *words)


IMPOSSIBLE = [
    # a model, what is changed in its config -> words of the sentence
    ("deepseek-v3", {"n_group": 7}, ("n_group", "divide the 256 routed experts", "found 7")),
    ("deepseek-v3", {"topk_group": 9}, ("topk_group", "at most n_group 8", "found 9")),
    ("deepseek-v3", {"topk_group": 1, "num_experts_per_tok": 40}, ("40", "at most the 32 experts of topk_group 1")),
    ("deepseek-v2", {"n_routed_experts": 161}, ("n_group", "divide the 161", "found 8")),
    ("glm-4.5", {"n_group": 3}, ("n_group", "divide the 160 routed experts", "found 3")),
    ("glm-5.2", {"index_topk_pattern": "FSX"}, ("index_topk_pattern", "a text of F and S", "found 'FSX'")),
    ("deepseek-v4-flash", {"o_groups": 7}, ("o_groups must divide the 32768 numbers of all heads", "found 7")),
    ("deepseek-v4-flash", {"compress_ratios": [0, 8]}, ("compress_ratios holds 0, 4, 128", "found 8")),
    ("kimi-k2.5", {"num_experts_per_tok": 385}, ("num_experts_per_tok", "385", "at most the 384")),
    ("deepseek-v3.2", {"q_lora_rank": None}, ("q_lora_rank is null", "deepseek_v32")),
    ("deepseek-v3.2", {"index_topk": "2048"}, ("index_topk", "'2048'", "whole number")),
    ("mixtral-8x7b", {"num_experts_per_tok": 9}, ("num_experts_per_tok", "at most the 8 routed experts", "found 9")),
    ("mixtral-8x7b", {"num_local_experts": [8]}, ("num_local_experts", "[8]", "whole number")),
    ("olmoe-1b-7b", {"num_experts": 0}, ("num_experts", "found 0", "from 1 to")),
    ("qwen3-235b-a22b", {"num_experts_per_tok": 129}, ("num_experts_per_tok", "at most the 128", "found 129")),
    ("qwen3-235b-a22b", {"mlp_only_layers": 3}, ("mlp_only_layers", "found 3", "a list of layer numbers")),
    ("qwen3-235b-a22b", {"mlp_only_layers": ["3"]}, ("mlp_only_layers", "'3'", "whole number")),
    ("qwen3-235b-a22b", {"decoder_sparse_step": 0}, ("decoder_sparse_step", "found 0", "from 1 to")),
    ("qwen3-8b", {"num_key_value_heads": 7}, ("num_key_value_heads", "divide the 32", "found 7")),
    ("gpt-oss-120b", {"layer_types": ["full_attention"]}, ("layer_types", "36 layers", "found 1 names")),
    ("gpt-oss-120b", {"layer_types": ["chunked"] * 36}, ("layer_types", "'chunked'", "full_attention, sliding_attention")),
    ("gpt-oss-120b", {"layer_types": [None] * 36}, ("layer_types", "None", "full_attention, sliding_attention")),
    ("gpt-oss-120b", {"layer_types": "full_attention"}, ("layer_types", "'full_attention'", "a list")),
    ("minimax-m1", {"head_dim": None, "hidden_size": 6145, "attn_type_list": [0] * 80}, ("must divide hidden_size 6145",)),
    ("minimax-m2.5", {"shared_intermediate_size": 8}, ("shared_intermediate_size", "must be 0", "found 8")),
    ("qwen3-next-80b-a3b", {"linear_num_key_heads": 5}, ("linear_num_key_heads", "divide the 32", "found 5")),
    ("qwen3-next-80b-a3b", {"layer_types": ["sliding_attention"] * 48}, ("'sliding_attention'", "linear_attention")),
]


@pytest.mark.parametrize(("slug", "changes", "words"), IMPOSSIBLE, ids=lambda one: str(one)[:40])
def test_impossible_combinations(slug, changes, words):
    refused(lambda: load_model(slug).replace(**changes), *words)


ONE_OF_A_KIND = ["deepseek-v3", "kimi-k2.5", "mixtral-8x7b", "qwen3-next-80b-a3b", "gpt-oss-120b", "glm-4.5"]


@pytest.mark.parametrize("slug", ONE_OF_A_KIND)
@pytest.mark.parametrize("wrong", ["4096", "many", 1.5, -3, True, [1], {}, NAN, HUGE])
def test_no_family_takes_a_size_that_is_none(slug, wrong):
    for key in ("hidden_size", "num_hidden_layers", "num_experts_per_tok"):
        refused(lambda key=key: load_model(slug).replace(**{key: wrong}), key, "whole number")
        refused(lambda key=key: load_model(slug).replace(**{key: None}), f"{key} is null", "needs")


WRAPPERS = {
    "a list inside": ({"text_config": [1]}, ("text_config", "[1]", "an object")),
    "a text inside": ({"text_config": "qwen3"}, ("text_config", "'qwen3'", "an object")),
    "no family inside": ({"text_config": {}}, ("model_type is missing in text_config", "a name such as llama")),
    "another family inside": (
        {"text_config": {"model_type": "qwen3-next"}},
        ("in text_config", "'qwen3-next'", "is qwen3_next meant?"),
    ),
    "nothing inside": ({"text_config": None}, ("'wrapper'", "not described")),
    "no key inside": ({"text_config": {"model_type": "kimi_k2"}}, ("vocab_size is missing", "a kimi_k2 config needs")),
}


@pytest.mark.parametrize(("changes", "words"), WRAPPERS.values(), ids=WRAPPERS)
def test_wrapper(changes, words, tmp_path, moecalc):
    raw = {"model_type": "wrapper", "vision_config": {}, **changes}
    refused(lambda: ModelConfig(raw), *words)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(raw))
    told(moecalc("params --config", file), *words)


@pytest.mark.parametrize("key", ["hidden_size", "kv_lora_rank", "num_experts_per_tok"])
def test_a_missing_key(key, tmp_path, moecalc):
    """Of a model type without a class that publishes defaults, or that is null."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({name: value for name, value in V3.raw.items() if name != key} | {"model_type": "kimi_k2"}))
    told(moecalc("params --config", file), f"{key} is missing", "a kimi_k2 config needs")
    file.write_text(json.dumps({**V3.raw, key: None}))
    told(moecalc("params --config", file), f"{key} is null", "a deepseek_v3 config needs")


def test_a_missing_model_type(tmp_path, moecalc):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({name: value for name, value in V3.raw.items() if name != "model_type"}))
    told(moecalc("params --config", file), "model_type is missing; a name such as llama is accepted")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_key_value_heads": 5}, ("num_key_value_heads", "5", "divide the 32")),
        ({"num_key_value_heads": 64}, ("num_key_value_heads", "64", "divide the 32")),
        ({"num_attention_heads": 33, "head_dim": None, "num_key_value_heads": 3}, ("num_attention_heads", "33", "4096")),
    ],
)
def test_attention_heads_that_do_not_divide(changes, words):
    refused(lambda: LLAMA.replace(**changes), *words)


def test_replace():
    refused(lambda: V3.replace(hiden_size=1), "hiden_size", "hidden_size")
    refused(lambda: LLAMA.replace(n_routed_experts=8), "n_routed_experts", "llama")
    with pytest.raises(AttributeError, match=r"replace\(hidden_size=1\)"):
        V3.hidden_size = 1
    assert V3.hidden_size == V3.raw["hidden_size"] == 7168


def test_a_config_is_a_copy_of_any_mapping():
    raw = dict(LLAMA.raw)
    config = ModelConfig(MappingProxyType(raw))
    raw["hidden_size"] = 1
    assert config.hidden_size == config.replace(vocab_size=5).hidden_size == 4096
    load_model("llama-3.1-8b").raw["vocab_size"] = 5
    assert load_model("llama-3.1-8b").vocab_size == 128_256


FILES = {
    "empty": (b"", ("is empty", "config.json is accepted")),
    "white space": (b" \n\t ", ("is empty", "config.json is accepted")),
    "no JSON": (b"hidden_size: 7168", ("is not JSON", "line 1 column 1")),
    "an address": (b"https://huggingface.co/openai/gpt-oss-120b", ("an address", "line 1 column 1", "paste the text")),
    "a model card": (b"---\nlicense: mit\n---\n# A model", ("a model card", "is not JSON", "config.json")),
    "a page": (b"<!doctype html><html>", ("a web page", "config.json")),
    "cut off": (b'{"model_type": "llama",', ("is not JSON",)),
    "a list": (b"[1, 2]", ("JSON object", "found a list")),
    "a text": (b'"llama"', ("JSON object", "found a text")),
    "a number": (b"7168", ("JSON object", "found a number")),
    "null": (b"null", ("JSON object", "found null")),
    "true": (b"true", ("JSON object", "found true or false")),
    "nested deeply": (b"[" * 200_000, ("nested too deeply",)),
    "thousands of digits": (b'{"hidden_size": ' + b"9" * 5000 + b"}", ("thousands of digits", "7168")),
    "no text": (b"\xff\xfe\x00\x81", ("not a text file",)),
    "a mark in front of nothing": (b"\xef\xbb\xbf", ("is empty",)),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_file(content, words, tmp_path, moecalc):
    file = tmp_path / "config.json"
    file.write_bytes(content)
    refused(lambda: load_config(str(file)), *words)
    told(moecalc("params --config", file), *words)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(LLAMA.raw), encoding="utf-8-sig")
    assert load_config(file).hidden_size == parse_config("\ufeff" + json.dumps(LLAMA.raw)).hidden_size == 4096


def test_files_that_cannot_be_read(tmp_path, moecalc):
    told(moecalc("params --config", tmp_path), str(tmp_path), "folder", "holds no config.json")
    told(moecalc("params --config", tmp_path / "none.json"), "none.json", "No such file")
    told(moecalc("params --config", "a\nb"), r"'a\nb'", "No such file")


# --- the command line ------------------------------------------------------------------------------------------------


def told(answer, *words):
    assert answer.code == 2
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    assert line.startswith("moecalc: ")
    is_one_sentence(line)
    for word in words:
        assert word in line


COMMANDS = [
    # command line, words of the line on stderr: the value, and what is accepted
    ("paramz", ("'paramz'", "nearest are params")),
    ("--model deepseek-v3", ("'--model'", "moecalc --help lists them")),
    ("params", ("--model", "--config", "required")),
    ("params --model", ("--model", "expected one argument")),
    ("params --model llama", ("'llama'", "llama-3.1-405b, llama-3.1-8b", "say which")),
    ("params --model lama-3.1-8b", ("'lama-3.1-8b'", "nearest are llama-3.1-8b")),
    ("params --model ''", ("''", "moecalc models lists")),
    ("params --model grok-1 --layers", ("'grok-1'", "no public config", "only its published figures")),
    ("params --model deepseek-v3 --config x.json", ("--config", "not allowed with", "--model")),
    ("params --modle deepseek-v3", ("'--modle'", "nearest are --model")),
    ("params --model deepseek-v3 extra", ("extra",)),
    ("params --model deepseek-v3 --set n_routed_experts", ("'n_routed_experts'", "key=value")),
    ("params --model deepseek-v3 --set n_routed_experts=many", ("'many'", "whole number")),
    ("params --model deepseek-v3 --set experts=8", ("experts", "n_routed_experts")),
    ("params --model deepseek-v3 --set num_experts_per_tok=300", ("300", "at most the 256")),
    ("params --model deepseek-v3 --set hidden_size=" + "[" * 5000, ("hidden_size", "whole number")),
    ("flops --model deepseek-v3", ("--seq-len", "required")),
    ("flops --model deepseek-v3 --seq-len 0", ("seq_len", "found 0", "from 1 to")),
    ("flops --model deepseek-v3 --seq-len -4096", ("seq_len", "-4096", "from 1 to")),
    ("flops --model deepseek-v3 --seq-len 1.5", ("--seq-len", "'1.5'", "whole number")),
    ("flops --model deepseek-v3 --seq-len nan", ("--seq-len", "'nan'", "whole number")),
    ("flops --model deepseek-v3 --seq-len inf", ("--seq-len", "'inf'", "whole number")),
    ("flops --model deepseek-v3 --seq-len many", ("--seq-len", "'many'", "number")),
    ("flops --model deepseek-v3 --seq-len 1" + "0" * 20, ("seq_len", "from 1 to 1,000,000,000")),
    ("flops --model deepseek-v3 --seq-len 1" + "0" * 5000, ("--seq-len", "whole number")),
    ("kv-cache --model deepseek-v3 --context -1", ("context", "-1", "from 0 to")),
    ("kv-cache --model deepseek-v3 --context 1 --bytes-per-element 0", ("bytes_per_element", "found 0", "above 0")),
    ("kv-cache --model deepseek-v3 --context 1 --bytes-per-element nan", ("bytes_per_element", "nan", "finite")),
    ("kv-cache --model deepseek-v3 --context 1 --bytes-per-element 1e308", ("bytes_per_element", "at most 16")),
    ("kv-cache --model deepseek-v3 --context 1 --batch 0", ("batch", "found 0", "from 1 to")),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 1e6", ("--gpu", "--peak-tflops-per-s")),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 1e6 --gpu h80", ("'h80'", "are h800-sxm")),
    (
        "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 1e6 --gpu ''",
        ("''", "moecalc accelerators lists"),
    ),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens nan --gpu-hours 1e6 --gpu h20", ("num_tokens", "nan", "finite")),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 0 --gpu h20", ("gpu_hours", "above 0")),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours inf --gpu h20", ("gpu_hours", "inf", "finite")),
    ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e300 --gpu-hours 1 --gpu h20", ("num_tokens", "1e+30")),
    (
        "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 1e6 --peak-tflops-per-s 0",
        ("peak_flops_per_s", "above 0"),
    ),
    (
        "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1e12 --gpu-hours 1e6 --gpu h20 --recompute all",
        ("recompute", "'all'", "none, mla-up, full"),
    ),
    ("cost --usd-per-gpu-hour 2", ("--gpu-hours", "required")),
    ("cost --gpu-hours 1e6", ("--usd-per-gpu-hour", "--gpu")),
    ("cost --gpu-hours -1 --usd-per-gpu-hour 2", ("gpu_hours", "-1", "from 0 to")),
    ("cost --gpu-hours 1 --usd-per-gpu-hour two", ("--usd-per-gpu-hour", "'two'", "number")),
    ("cost --gpu-hours 1 --usd-per-gpu-hour 5-2", ("usd_per_gpu_hour", "found 2", "from 5")),
    ("cost --gpu-hours 1 --usd-per-gpu-hour 1e308", ("usd_per_gpu_hour", "1e+308", "1e+30")),
    ("cost --gpu-hours 1 --gpu l40s", ("'l40s'", "rental price", "h800-sxm")),
    ("cost --gpu-hours 1 --usd-per-gpu-hour 2 --num-gpus 0", ("num_gpus", "found 0", "above 0")),
    ("cost --gpu-hours 1 --usd-per-gpu-hour 2 --deadline-days 0", ("days", "found 0", "above 0")),
    ("cost --gpu-hours 0 --usd-per-gpu-hour 2 --budget-usd 5", ("gpu_hours", "found 0", "above 0")),
    ("memory --model deepseek-v3 --ep 3", ("ep", "found 3", "divide the 256 routed experts")),
    ("memory --model deepseek-v3 --ep 64 --dp 96", ("ep", "found 64", "divide the 96 GPUs")),
    ("memory --model deepseek-v3 --pp 62", ("pp 62", "61 layers")),
    ("memory --model deepseek-v3 --pp 32 --schedule dualpipev", ("pp 32", "64 stages", "61 layers")),
    ("memory --model deepseek-v3 --pp 3 --schedule dualpipe", ("pp", "found 3", "even")),
    ("memory --model deepseek-v3 --tp 3", ("tp", "found 3", "divide the 128 attention heads")),
    ("memory --model llama-3.1-8b --ep 2 --dp 2", ("ep", "found 2", "no routed experts")),
    ("memory --model deepseek-v3 --dp 0", ("dp", "found 0", "from 1 to")),
    ("memory --model deepseek-v3 --zero 4", ("zero", "found 4", "from 0 to 3")),
    ("memory --model deepseek-v3 --schedule gpipe", ("schedule", "'gpipe'", "1f1b, zb1p, dualpipe, dualpipev")),
    ("memory --model deepseek-v3 --recipe int4", ("recipe", "'int4'", "deepseek-v3, bf16, zero-16, fp32")),
    ("memory --model deepseek-v3 --gpu b100", ("'b100'", "moecalc accelerators lists")),
    ("memory --model deepseek-v3 --micro-batch 0", ("micro_batch", "found 0", "from 1 to")),
    ("memory --model deepseek-v3 --seq-len 0", ("seq_len", "found 0", "from 1 to")),
    ("round --values '[1]'", ("--format", "required")),
    ("round --format e4m3", ("--values", "required")),
    ("round --format fp8 --values '[1]'", ("format", "'fp8'", "e4m3, e5m2, e5m6, bf16")),
    ("round --format e4m3 --values '[1, 2'", ("not JSON", "column", "a JSON list of numbers")),
    ("round --format e4m3 --values '[1, NaN]'", ("finite", "found nan at place 1")),
    ("round --format e4m3 --values '[1e999]'", ("finite", "found inf at place 0")),
    ("round --format e4m3 --values '[1, true]'", ("finite", "found True")),
    ("round --format e4m3 --values '[[1]]'", ("finite", "found [1]")),
    ("round --format e4m3 --values '[1" + "0" * 400 + "]'", ("finite", "401 characters")),
    ("round --format e4m3 --values '[1" + "0" * 5000 + "]'", ("not JSON", "a JSON list of numbers")),
    ("round --format e4m3 --values " + "[" * 100_000, ("not JSON", "a JSON list of numbers")),
    ("round --format e4m3 --values no/such.json", ("'no/such.json'", "No such file", "a JSON list")),
    ("round --format e4m3 --values ''", ("''", "a JSON list")),
    ("round --format e4m3 --values /", ("'/'", "Is a directory", "a JSON list")),
    ("claims --verdict wrong", ("'wrong'", "reproduced, ")),
    ("claims --id C999", ("'C999'", "C01 to C107")),
    ("explore", ("--list",)),
    ("explore costs", ("'costs'", "nearest are cost")),
    ("explore cost --set gpus=1", ("'gpus'", "num_gpus")),
    ("explore cost --set num_gpus=0", ("num_gpus", "'0'", "from 8 to 100,000")),
    ("explore cost --set num_gpus=nan", ("num_gpus", "'nan'", "whole number")),
    ("explore cost --set accelerator=abacus", ("accelerator", "'abacus'", "must be one of h800-sxm")),
    ("explore cost --set accelerator=h80", ("accelerator", "'h80'", "h800-sxm")),
    ("explore memory --set ep=7", ("ep", "found 7", "256")),
]


@pytest.mark.parametrize(("line", "words"), COMMANDS, ids=[line[:80] for line, _ in COMMANDS])
def test_command(line, words, moecalc):
    told(moecalc(line), *words)
    if "--" in line:
        told(moecalc(line, "--json"), *words)


def test_as_a_process():
    command = [sys.executable, "-m", "moecalc", "params", "--model", "gtp-4"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert (
        run.stderr.startswith("moecalc: no model named 'gtp-4'; moecalc models lists them") and run.stderr.count("\n") == 1
    )


# --- Python ----------------------------------------------------------------------------------------------------------

CALLS = [
    (lambda: load_accelerator("h900"), ("'h900'", "moecalc accelerators lists")),
    (lambda: load_model(None), ("None",)),
    (lambda: ModelConfig([("a", 1)]), ("a JSON object", "a list")),
    (lambda: parse_config(""), ("empty",)),
    (lambda: forward_flops_per_token(V3, 4096.0), ("seq_len", "4096.0", "whole number")),
    (lambda: forward_flops_per_token(V3, True), ("seq_len", "True", "whole number")),
    (lambda: kv_cache_bytes(V3, [1, -1]), ("context", "-1", "from 0 to")),
    (lambda: kv_cache_bytes(V3, [1], NAN), ("bytes_per_element", "nan")),
    (lambda: num_activated_params_without(V3, "head"), ("'head'", "embedding, lm_head")),
    (lambda: model_flops_utilisation(1e9, 1e12, 1e6, INFINITY), ("peak_flops_per_s", "inf")),
    (lambda: model_flops_utilisation(-1, 1e12, 1e6, 1e15), ("flops_per_token", "-1")),
    (lambda: model_flops_utilisation(1, "1e12", 1e6, 1e15), ("num_tokens", "'1e12'")),
    (lambda: model_flops_utilisation(10**400, 1, 1, 1), ("flops_per_token", "401 characters")),
    (lambda: model_flops_utilisation(10**5000, 1, 1, 1), ("flops_per_token", "bits")),
    (lambda: recomputed_flops_per_token(V3, 4096, ["full"]), ("recompute", "['full']", "mla-up")),
    (lambda: run_cost(1e6, (3, 2)), ("usd_per_gpu_hour", "found 2", "from 3")),
    (lambda: run_cost(NAN, 2), ("gpu_hours", "nan")),
    (lambda: wall_days(1e6, 0), ("num_gpus", "above 0")),
    (lambda: num_gpus_for_deadline(1e6, 0), ("days", "above 0")),
    (lambda: num_gpus_for_deadline(1e6, 1e-300), ("days", "1e-300", "above 0")),
    (lambda: usd_per_gpu_hour_for_budget(0, 1), ("gpu_hours", "above 0")),
    (lambda: check_layout(Layout(tp=1.0), V3), ("tp", "1.0", "whole number")),
    (lambda: check_layout(Layout(zero=True), V3), ("zero", "True", "from 0 to 3")),
    (lambda: states_of_all_gpus(V3, Layout(tp=2), "bf16"), ("tp", "found 2", "from 1 to 1")),
    (lambda: model_states(V3, Layout(), "int8"), ("recipe", "'int8'", "bf16")),
    (lambda: convert(1, "GB", "s"), ("'GB'", "'s'", "data", "time")),
    (lambda: convert(1, "parsec", "s"), ("'parsec'", "unknown unit")),
]


@pytest.mark.parametrize(("call", "words"), CALLS)
def test_call(call, words):
    refused(call, *words)
