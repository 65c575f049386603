"""Any config: every model's config.json pasted, what is no config refused in a sentence, and the page's findings."""

import json
from pathlib import Path

import pytest

from moecalc import InputError, load_model
from moecalc.claims.model import CONVENTIONS, fitting_alone, kimi_k2_surplus, published_activated
from moecalc.explorers import explorer
from moecalc.explorers.model.any_config import VIEWS
from moecalc.facts import models
from moecalc.model.catalog import counted_slugs, model_rows, why_not_counted
from moecalc.model.pasted import MAX_DEPTH, read_pasted
from moecalc.model.wrappers import language_config

FIGURE = explorer("any-config")
TRUTH = json.loads((Path(__file__).parent / "truth" / "models.json").read_text(encoding="utf-8"))["models"]
V3 = load_model("deepseek-v3").raw
COUNTS = ("total", "activated", "activated_without_embedding", "activated_without_embedding_and_head")


def raw(slug):
    return models.model(slug)["config"]


def sentence(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    told = str(caught.value)
    assert "\n" not in told and not told.endswith(".") and len(told) < 700
    return told


# --- pasting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", [slug for slug in models.model_slugs() if raw(slug)])
def test_every_models_config_is_counted_or_refused_by_name(slug):
    text = json.dumps(raw(slug), indent=2)
    if slug not in counted_slugs():
        told = sentence(lambda: FIGURE.run({"config": text}))
        assert "is not described" in told and language_config(raw(slug)).raw["model_type"] in told
        return
    chosen, pasted = FIGURE.run({"model": slug}), FIGURE.run({"config": text, "model": "mistral-7b-v0.3"})
    own = ("published_total", "published_activated", "num_fitting")
    for key in FIGURE.metrics:
        assert pasted.metrics[key] == (None if key in own else chosen.metrics[key]), key
    assert pasted.rows == chosen.rows


@pytest.mark.parametrize("slug", TRUTH)
def test_counts_are_the_truth(slug):
    told, seq_len = TRUTH[slug], TRUTH[slug].get("seq_len", 4096)
    found = FIGURE.run({"config": json.dumps(raw(slug)), "seq_len": seq_len, "context": 1000}).metrics
    assert [found[key] for key in COUNTS] == [told[key] for key in COUNTS]
    if "forward_per_token" in told:
        assert found["forward_flops_per_token"] == told["forward_per_token"]
    if "kv_bytes_per_token_bf16" in told:
        assert found["kv_bytes_per_token"] == told["kv_bytes_per_token_bf16"]


def test_every_model_of_the_truth_is_counted_and_some_others_are_not():
    assert set(TRUTH) <= set(counted_slugs())
    assert [slug for slug in models.model_slugs() if slug not in counted_slugs()]


NO_CONFIG = {
    # what is pasted -> words of the sentence
    "an address": ("https://huggingface.co/deepseek-ai/DeepSeek-V3", ("an address", "line 1 column 1", "config.json")),
    "a name": ("deepseek-ai/DeepSeek-V3", ("an address", "paste the text")),
    "front matter": ("---\nlicense: mit\n---\n# DeepSeek-V3", ("a model card", "not JSON", "config.json")),
    "Markdown": ("# DeepSeek-V3\n\nA model.", ("a model card", "not JSON")),
    "a fence": ("```json\n{}\n```", ("Markdown", "not JSON")),
    "YAML": ("hidden_size: 7168\nvocab_size: 5", ("YAML", "line 1 column 1")),
    "a web page": ("<!doctype html>\n<p>config</p>", ("a web page", "config.json")),
    "a script": ("<script>alert(1)</script>", ("a web page",)),
    "Python": ("{'model_type': 'llama', 'tie': True}", ("Python", "double quotes", "line 1 column 2")),
    "Python's words": ('{"model_type": "llama",\n "tie": True}', ("Python", "line 2 column 9")),
    "cut off": ('{\n  "model_type": "llama",\n  "hidden', ("not JSON", "line 3 column 3")),
    "a comma too many": ('{"model_type": "llama",}', ("not JSON", "line 1 column")),
    "two configs": (json.dumps(V3) * 2, ("not JSON", "extra data")),
    "a list": (json.dumps([V3]), ("JSON object", "found a list")),
    "null": ("null", ("JSON object", "found null")),
    "a text": (json.dumps("llama"), ("JSON object", "found a text")),
    "nesting": ("[" * 200_000, ("nested too deeply", str(MAX_DEPTH))),
    "nesting of objects": ('{"a":' * 33_000 + "1" + "}" * 33_000, ("nested too deeply",)),
    "nesting behind an open text": ('"' + '\\"' * 90_000 + "[{" * 99, ("not JSON", "unterminated string")),
    "a huge number": ('{"hidden_size": ' + "9" * 5000 + "}", ("thousands of digits", "7168")),
    "a key twice": ('{"model_type": "llama", "model_type": "qwen2"}', ("'model_type' twice", "'llama'", "'qwen2'")),
}


@pytest.mark.parametrize(("text", "words"), NO_CONFIG.values(), ids=NO_CONFIG)
def test_what_is_no_config(text, words):
    told = sentence(lambda: FIGURE.run({"config": text}))
    for word in words:
        assert word in told


WRONG = {
    "a number as a text": ({"hidden_size": "7168"}, ("hidden_size", "'7168'", "whole number")),
    "null": ({"hidden_size": None}, ("hidden_size is null", "needs")),
    "NaN": ({"hidden_size": float("nan")}, ("hidden_size", "nan", "whole number")),
    "Infinity": ({"vocab_size": float("inf")}, ("vocab_size", "inf", "whole number")),
    "a huge number": ({"vocab_size": 10**30}, ("vocab_size", "from 1 to 100,000,000")),
    "no family": ({"model_type": None}, ("model_type", "a name such as")),
    "an unknown family": ({"model_type": "deepseek-v3"}, ("'deepseek-v3'", "is deepseek_v3 meant?")),
    "more active than there are": ({"num_experts_per_tok": 257}, ("num_experts_per_tok", "found 257")),
    "groups that do not divide": ({"n_group": 7}, ("n_group", "divide the 256 routed experts", "found 7")),
    "a list inside": ({"model_type": "wrapper", "text_config": []}, ("text_config", "[]")),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG)
def test_a_config_that_does_not_fit(changes, words):
    told = sentence(lambda: FIGURE.run({"config": json.dumps({**V3, **changes})}))
    for word in words:
        assert word in told


def test_what_no_count_needs_is_not_refused():
    """Some published configs hold numbers that are none, and say a thing twice."""
    text = json.dumps({**V3, "time_step_limit": [0.0, float("inf")], "note": "x" * 100_000})
    assert FIGURE.run({"config": text}).metrics["total"] == 671_026_404_352
    assert read_pasted('{"a": 1, "a": 1}') == {"a": 1}
    assert read_pasted("\ufeff \n{}") == {}
    assert read_pasted('{"a": "' + "[" * 1000 + '"}') == {"a": "[" * 1000}, "brackets in a text are no nesting"
    assert read_pasted('{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH)


def test_a_wrapper_is_read_through_and_the_rest_named():
    wrapped = raw("kimi-k2.5")
    for more, left_out in (({}, "outside text_config"), ({"vision_config": {"depth": 27}}, "left out: vision_config")):
        found = FIGURE.run({"config": json.dumps({**wrapped, **more})}).metrics
        assert found["total"] == TRUTH["kimi-k2"]["total"] and left_out in found["notes"]


def test_what_has_no_published_form_is_named_for_pasted_text_too():
    told = FIGURE.run({"config": json.dumps(raw("qwen3-next-80b-a3b"))}).metrics["notes"]
    assert "gated delta rule" in told and "multi-token prediction" in told
    assert FIGURE.run().metrics["notes"] is None


# --- the figure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", counted_slugs())
def test_rows_sum_to_the_metrics(slug):
    for view in ("components", "layers"):
        result = FIGURE.run({"model": slug, "view": view, "seq_len": 2048})
        for row_key, key in (("total", "total"), ("activated", "activated"), ("flops", "forward_flops_per_token")):
            assert sum(row[row_key] for row in result.rows) == result.metrics[key], (view, key)
    layers = FIGURE.run({"model": slug, "view": "layers"})
    assert sum(row["cache"] for row in layers.rows) == layers.metrics["kv_bytes_per_token"]
    stored = FIGURE.run({"model": slug, "view": "storage"})
    assert stored.metrics["storage_bytes"] in (None, sum(row["storage"] or 0 for row in stored.rows))
    for view, key, length in (("flops", "flops", "forward_flops_per_token"), ("cache", "cache", "kv_bytes")):
        result = FIGURE.run({"model": slug, "view": view, "seq_len": 12_800, "context": 12_800})
        (chosen,) = [row for row in result.rows if row["chosen"]]
        assert chosen["part"] == "12,800" and chosen[key] == result.metrics[length]
        assert result.rows == sorted(result.rows, key=lambda row: int(row["part"].replace(",", "")))


@pytest.mark.parametrize("view", VIEWS)
def test_a_change_stands_beside_what_was(view):
    plain, changed = FIGURE.run({"view": view}), FIGURE.run({"view": view, "changes": "num_hidden_layers=30"})
    assert all(row["first"] == row["first_before"] for row in plain.rows)
    assert {row["part"]: row["first_before"] for row in changed.rows} == {row["part"]: row["first"] for row in plain.rows}
    assert all(row["first"] <= row["first_before"] for row in changed.rows)
    assert any(row["first"] < row["first_before"] for row in changed.rows)
    assert plain.metrics["total_ratio"] == plain.metrics["kv_ratio"] == 1 > changed.metrics["total_ratio"]


def test_changes_apply_to_what_is_pasted():
    pasted = {"config": json.dumps(raw("llama-3.1-8b")), "changes": "num_hidden_layers=16"}
    assert FIGURE.run(pasted).metrics["kv_bytes_per_token"] == 65_536
    assert "is not a key that llama reads" in sentence(lambda: FIGURE.run({**pasted, "changes": "n_group=2"}))


def test_a_chart_gets_numbers_alone():
    """Beyond 2^53 a whole number would travel as a text."""
    huge = {"model": "llama-3.1-405b", "view": "cache", "context": 1_048_576, "batch": 1024, "bytes_per_element": 2}
    largest = FIGURE.run({**huge, "changes": "num_hidden_layers=10000"})
    assert largest.metrics["kv_bytes"] > 2**53
    assert all(isinstance(row["first"], float) or row["first"] <= 2**53 for row in largest.rows)


def test_weights_in_a_form_that_is_not_known():
    text = json.dumps({**V3, "quantization_config": {"quant_method": "aqlm"}})
    result = FIGURE.run({"config": text, "view": "storage"})
    assert result.metrics["storage_bytes"] is None and result.metrics["storage"] == "aqlm"
    assert result.rows and all(row["storage"] is None for row in result.rows)


# --- what the page finds ---------------------------------------------------------------------------------------------

ALL, NO_EMBEDDING, NEITHER = CONVENTIONS
#: (model, published) -> conventions, as read by hand off the truth
FITS = {
    ("mixtral-8x7b", "12.9"): [ALL],
    ("glm-4.5", "32"): [NEITHER],
    ("gpt-oss-120b", "5.1"): [NO_EMBEDDING],
    ("qwen3-235b-a22b", "22"): [ALL, NO_EMBEDDING],
    ("deepseek-v2-lite", "2.4"): [],
    ("deepseek-v3", "36.7"): [],
    ("deepseek-v3", "37"): [NO_EMBEDDING],
    ("kimi-k2", "32"): [NO_EMBEDDING],
    ("dbrx", "36"): [ALL, NO_EMBEDDING],
    ("minimax-m1", "45.9"): [NEITHER],
}


def test_conventions_of_published_figures():
    found = {(row["slug"], row["published"]): row["fits"] for row in published_activated()}
    assert found.items() >= FITS.items()
    assert not {slug for slug, _ in found} & {"llama-3.1-8b", "qwen3-8b"}, "of a dense model all is activated"


def test_kimi_k2_holds_more_than_its_config_says():
    found = kimi_k2_surplus()
    assert (found["surplus"], found["each_layer"]) == (3416, 56)
    assert found["counted"] == TRUTH["kimi-k2"]["total"] + TRUTH["kimi-k2"]["router_correction_bias"]


def test_every_model_is_counted_or_has_a_reason():
    for row in model_rows():
        assert (why_not_counted(row["slug"]) is None) == row["counted"]
    assert why_not_counted("minimax-text-01") == "no public config"
    assert "kimi_k3" in why_not_counted("kimi-k3")


def test_figures_that_one_convention_alone_gives():
    rows = published_activated()
    alone = fitting_alone(rows)
    assert list(alone) == list(CONVENTIONS)
    assert sum(map(len, alone.values())) == sum(len(row["fits"]) == 1 for row in rows)
    assert all(row["fits"] == [name] for name, some in alone.items() for row in some)
