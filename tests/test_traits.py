"""Traits of the models of data/, against their published configs."""

import pytest

from moecalc.facts.models import model, model_slugs
from moecalc.model.catalog import counted_slugs
from moecalc.model.traits import ATTENTION, traits


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("olmoe-1b-7b", "MHA"),
        ("llama-3.1-405b", "GQA"),
        ("gpt-oss-120b", "windows"),
        ("llama-4-scout", "windows"),
        ("kimi-k2", "MLA"),
        ("glm-5", "sparse"),
        ("deepseek-v4-pro", "sparse"),
        ("minimax-m1", "hybrid"),
        ("nemotron-3-super", "hybrid"),
        ("kimi-k3", "hybrid"),
        ("grok-1", None),
    ],
)
def test_the_kind_of_attention(slug, kind):
    assert traits(slug).attention == kind


@pytest.mark.parametrize("slug", counted_slugs())
def test_what_is_counted_agrees_with_the_keys_of_the_config(slug):
    found, raw = traits(slug), model(slug)["config"]
    keys = raw.get("text_config", raw)
    experts = keys.get("n_routed_experts") or keys.get("num_experts") or keys.get("num_local_experts")
    assert found.attention in ATTENTION
    if experts and "ffn_config" not in keys:
        assert (found.num_experts, found.context_tokens) == (experts, keys.get("max_position_embeddings"))
    assert (found.num_experts is None) == (found.expert_params is None) == (found.shared_experts is None)
    assert found.stored_bits is None or 4 < found.stored_bits <= 16
    assert found.cache_bytes > 0


def test_shared_experts_as_published():
    assert [traits(slug).shared_experts for slug in ("deepseek-v2", "deepseek-v3", "mixtral-8x7b")] == [2, 1, 0]


def test_only_what_the_config_says_is_told_of_others():
    assert set(model_slugs()) > set(counted_slugs())
    assert traits("kimi-k3")[:3] == (896, 16, None) and not any(traits("grok-1"))
