"""Every model type that people use: counted exactly, with the defaults that its library publishes."""

import json
from pathlib import Path

import pytest

from moecalc import ModelConfig
from moecalc.model.families import family, model_type, supported
from moecalc.model.flops import flops_report
from moecalc.model.kv_cache import kv_cache_elements_per_token
from moecalc.model.params import params_report
from moecalc.model.wrappers import supports

TRUTH = json.loads((Path(__file__).parent / "truth" / "families.json").read_text(encoding="utf-8"))
COUNTED = [name for name, case in TRUTH.items() if supports(case["config"])]

PARAMS = ("total", "activated", "activated_without_embedding", "activated_without_embedding_and_head")
FLOPS = ("forward_per_token", "forward_per_token_non_causal", "training_per_token")


def counts(config: ModelConfig, seq_len: int) -> dict:
    params, flops = params_report(config), flops_report(config, seq_len)
    routed = {"routed": params["components"].get("routed_experts", 0), "tied": config.anatomy.is_tied}
    biases = {"router_correction_bias": params["router_correction_bias"]}
    cache = {"kv_bytes_per_token_bf16": 2 * kv_cache_elements_per_token(config)}
    return {key: params[key] for key in PARAMS} | {key: flops[key] for key in FLOPS} | routed | biases | cache


def as_multiplied(case: dict) -> dict:
    """JetMoE's case, which took the router of attention for one of its experts, of which a token uses k / E.

    Its own FLOPs multiply that router whole.
    """
    layers, hidden = case["config"]["num_hidden_layers"], case["config"]["hidden_size"]
    experts, used = case["config"]["num_local_experts"], case["config"]["num_experts_per_tok"]
    router = layers * hidden * experts
    more = router - router * used // experts
    activated = {key: case[key] + more for key in PARAMS if key != "total"}
    return {**case, "routed": case["routed"] - router, **activated}


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_exact(name):
    case = as_multiplied(TRUTH[name]) if name == "jetmoe-8b" else TRUTH[name]
    counted = counts(ModelConfig(case["config"]), case.get("seq_len", 4096))
    assert {key: value for key, value in counted.items() if case.get(key) is not None} == {
        key: case[key] for key in counted if case.get(key) is not None
    }


def test_every_case_of_the_truth_is_counted():
    assert sorted(set(TRUTH) - set(COUNTED)) == []


@pytest.mark.parametrize("name", supported())
def test_a_model_type_names_a_family_and_defaults_that_it_reads(name):
    known = model_type(name)
    module = family(known.family)
    assert known.models and set(known.defaults) <= set(module.KEYS)
    assert bool(known.library) == bool(known.cls)


def test_the_library_publishes_the_same_defaults():
    """Those of each class in transformers, and the other names of its keys."""
    import model_types
    import transformers

    assert transformers.__version__ == model_types.version().split()[1]
    for name in supported():
        known = model_type(name)
        if known.library.startswith(model_types.LIBRARY):
            record = model_types.record(name, known.family, known.models)
            assert (record["class"], record["defaults"]) == (known.cls, known.defaults), name
            assert {key: tuple(names) for key, names in record.get("spelling", {}).items()} == known.spelling, name
            assert record["library"] == known.library, name


@pytest.mark.parametrize("name", COUNTED)
def test_a_config_that_the_library_saves_anew_counts_the_same(name):
    from transformers import AutoConfig

    raw = TRUTH[name]["config"]
    try:
        saved = AutoConfig.for_model(**raw).to_dict()
    except ValueError as error:
        pytest.skip(str(error)[:80])
    if "tie_word_embeddings" not in raw and "text_config" in raw:
        # a class of wrappers writes its own default here; where it is silent, published files have what the text says
        saved.pop("tie_word_embeddings", None)
    assert counts(ModelConfig(saved), 4096) == counts(ModelConfig(raw), 4096)
