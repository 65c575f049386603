"""A new family costs one description and two data files: nothing else in the package knows it."""

import json

import pytest

from moecalc import ModelConfig, load_model
from moecalc.facts import tables as fact_tables
from moecalc.model import families
from moecalc.model.catalog import counted_slugs, model_row
from moecalc.model.families import supported
from moecalc.model.flops import flops_report, forward_flops_by_operator
from moecalc.model.kv_cache import kv_cache_report
from moecalc.model.params import params_report
from moecalc.model.wrappers import supports
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
def describe(tmp_path, monkeypatch):
    """Add a family to those there are: its module, its model type and a model in folders of their own."""
    module, data = tmp_path / "families", tmp_path / "data"
    for folder in (module, data / "models", data / "model_types"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(module)])
    monkeypatch.setattr(fact_tables, "data_dir", lambda: str(data))
    monkeypatch.setattr(fact_tables, "_cache", {})

    def add(name, description):
        (module / f"{name}.py").write_text(description)
        (data / "model_types" / f"{name}.json").write_text(json.dumps({"family": name, "models": "Newcomer"}))
        record = {"name": "Newcomer 1B", "config": {**CONFIG, "model_type": name}, "facts": []}
        (data / "models" / f"{name}-1b.json").write_text(json.dumps(record))
        return load_model(f"{name}-1b")

    return add


@pytest.fixture
def newcomer(describe):
    return describe("newcomer", DESCRIPTION)


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
    assert [len(rank["layers"]) for rank in model_states(newcomer, Layout(pp=2, ep=3, dp=3), "bf16")["ranks"]] == [2, 1]


def test_it_is_listed_and_its_mistakes_are_named(newcomer, moecalc):
    assert supports(CONFIG) and "newcomer" in supported()
    assert counted_slugs() == ["newcomer-1b"]
    assert model_row("newcomer-1b")["total_params"] == params_report(newcomer)["total"]
    assert moecalc("params --model newcomer-1b --json").json["total"] == params_report(newcomer)["total"]
    with pytest.raises(ValueError, match="top_k is null; a newcomer config needs .*, num_experts, top_k"):
        ModelConfig({**CONFIG, "top_k": None})
    with pytest.raises(ValueError, match="is newcomer meant?"):
        ModelConfig({**CONFIG, "model_type": "new-comer"})


def test_a_family_without_attention_has_no_score_products(describe):
    attention = '([matrix("attention", "q_proj", hidden, hidden)], (), ())'
    config = describe("recurrent", DESCRIPTION.replace("gqa_attention(config)", attention))
    counts = flops_report(config, 50)
    longer = flops_report(config, 5000)["forward_per_token"]
    assert counts["forward_per_token"] == counts["forward_per_token_non_causal"] == longer
    assert kv_cache_report(config, 50)["bytes"] == 0


def test_what_is_no_supported_config():
    assert not any(name.startswith("_") for name in supported())
    assert not supports(None) and not supports({}) and not supports({"model_type": "grok"})
