"""A new family costs one description and one data file: nothing else in the package knows it."""

import json

import pytest

from moecalc import ModelConfig, load_model
from moecalc.facts import tables as fact_tables
from moecalc.model import families
from moecalc.model.catalog import counted_slugs, model_row
from moecalc.model.families import supported, supports
from moecalc.model.flops import flops_report, forward_flops_by_operator
from moecalc.model.kv_cache import kv_cache_report
from moecalc.model.params import params_report
from moecalc.training.layout import Layout
from moecalc.training.mfu import utilisation
from moecalc.training.states import model_states

#: Multi-query attention without a gate, a convolution that no other family has, experts in each layer.
DESCRIPTION = '''
"""A family of the tests."""

from ..anatomy import matrix
from ..keys import size
from ._parts import COMMON_KEYS, decoder, gqa_attention, layer

KEYS = COMMON_KEYS | {"num_key_value_heads": size(1), "head_dim": size(), "num_experts": size(), "top_k": size()}


def describe(config):
    hidden = config.hidden_size
    mix = [matrix("convolution", "conv", 4, hidden)]
    experts = [matrix("routed_experts", "up_proj", hidden, 10, copies=config.num_experts, used=config.top_k)]
    block = layer(config, "layer", gqa_attention(config), mix + experts)
    return decoder(config, [block] * config.num_hidden_layers)
'''

CONFIG = {
    "model_type": "newcomer",
    "vocab_size": 100,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "head_dim": 8,
    "num_experts": 6,
    "top_k": 2,
}


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """The family's module in a folder of its own, and a model of it in a data folder of its own."""
    module, models = tmp_path / "families", tmp_path / "data" / "models"
    module.mkdir()
    models.mkdir(parents=True)
    (module / "newcomer.py").write_text(DESCRIPTION)
    (models / "newcomer-1b.json").write_text(json.dumps({"name": "Newcomer 1B", "config": CONFIG, "facts": []}))
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(module)])
    monkeypatch.setattr(fact_tables, "data_dir", lambda: str(tmp_path / "data"))
    monkeypatch.setattr(fact_tables, "_cache", {})
    return load_model("newcomer-1b")


def test_every_calculator_takes_the_newcomer(newcomer):
    attention, convolution, expert = 2 * 16 * 8 * (4 + 1), 4 * 16, 16 * 10
    layer = attention + convolution + 6 * expert + 2 * 16
    counts = params_report(newcomer)
    assert counts["total"] == 3 * layer + 2 * 100 * 16 + 16 == sum(counts["components"].values())
    assert counts["total"] - counts["activated"] == 3 * 4 * expert
    assert counts["components"]["convolution"] == 3 * convolution
    forward = flops_report(newcomer, 50)
    matrices = 3 * (attention + convolution + 2 * expert) + 100 * 16
    assert forward["forward_per_token"] == 2 * matrices + 3 * 2 * 50 * 4 * 8 == sum(forward["components"].values())
    assert {row["operator"] for row in forward_flops_by_operator(newcomer, 50)} >= {"conv", "up_proj"}
    assert kv_cache_report(newcomer, 7)["bytes"] == 7 * 3 * 2 * 8 * 2
    assert 0 < utilisation(newcomer, 50, 1e6, 1, 1e12)["mfu"] < 1
    assert [len(rank["layers"]) for rank in model_states(newcomer, Layout(pp=2, ep=3, dp=3))["ranks"]] == [2, 1]


def test_it_is_listed_and_its_mistakes_are_named(newcomer, moecalc):
    assert supports(CONFIG) and "newcomer" in supported()
    assert counted_slugs() == ["newcomer-1b"]
    assert model_row("newcomer-1b")["total_params"] == params_report(newcomer)["total"]
    assert moecalc("params --model newcomer-1b --json").json["total"] == params_report(newcomer)["total"]
    with pytest.raises(ValueError, match="top_k is null; a newcomer config needs .*, num_experts, top_k"):
        ModelConfig({**CONFIG, "top_k": None})
    with pytest.raises(ValueError, match="nearest that are: newcomer"):
        ModelConfig({**CONFIG, "model_type": "new-comer"})


def test_a_family_without_attention_has_no_score_products(tmp_path, monkeypatch):
    (tmp_path / "recurrent.py").write_text(
        DESCRIPTION.replace("gqa_attention(config)", '([matrix("attention", "q_proj", hidden, hidden)], (), ())')
    )
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    config = ModelConfig({**CONFIG, "model_type": "recurrent"})
    counts = flops_report(config, 50)
    longer = flops_report(config, 5000)["forward_per_token"]
    assert counts["forward_per_token"] == counts["forward_per_token_non_causal"] == longer
    assert kv_cache_report(config, 50)["bytes"] == 0


def test_families_in_scope():
    dense = {"llama", "mistral", "qwen2", "qwen3"}
    deepseek = {"deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2"}
    other_moe = {"mixtral", "qwen3_moe", "qwen3_next", "glm4_moe", "gpt_oss", "olmoe", "minimax_m1", "minimax_m2", "dbrx"}
    assert set(supported()) == dense | deepseek | other_moe
    assert not any(name.startswith("_") for name in supported())
    assert not supports(None) and not supports({}) and not supports({"model_type": "grok"})
