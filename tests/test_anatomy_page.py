"""The drawn block adds up to the model, for every model; the changes from V2 to V3 add up in every order."""

import itertools
import math

import pytest

from moebook import charts
from moecalc import InputError, load_model
from moecalc.claims.config_tables import TABLES, talk_table
from moecalc.claims.printed import claims
from moecalc.explorers import explorer
from moecalc.explorers.model._blocks import chosen_blocks, in_token_order, ranges, third_kind
from moecalc.explorers.model.anatomy import BF16_BYTES, CACHE, components_in_use, last_layers
from moecalc.explorers.model.v2_to_v3 import (
    COUNTS,
    NAMES,
    ORDERS,
    all_counts,
    counted_with,
    interaction,
    order_of,
    steps,
    summed,
)
from moecalc.model.anatomy import MIXERS
from moecalc.model.catalog import counted_slugs
from moecalc.model.flops import forward_flops_per_token
from moecalc.model.kv_cache import kv_cache_elements_per_token
from moecalc.model.params import num_activated_params, num_mtp_params, num_total_params

ANATOMY, CHANGES = explorer("anatomy"), explorer("v2-to-v3")
MODELS = counted_slugs()
WITH_MTP = [slug for slug in MODELS if load_model(slug).anatomy.mtp]


def pattern(result):
    return [row for row in result.rows if row["part"] == "pattern"]


def boxes(result):
    return [row for row in result.rows if row["part"] == "box"]


def worked(formula):
    """The number that a formula written out with a multiplication sign stands for."""
    return math.prod(int(factor) for factor in formula.replace(",", "").split(" \u00d7 "))


# --- the anatomy


@pytest.mark.parametrize("slug", MODELS)
def test_the_kinds_of_blocks_add_up_to_the_model(slug):
    config = load_model(slug)
    kinds = pattern(ANATOMY.run({"model": slug}))
    whole = [row for row in kinds if row["name"] == "embedding and head" or row["shape"].startswith("layers")]
    assert sum(row["params"] for row in whole) == num_total_params(config)
    assert sum(row["activated"] for row in whole) == num_activated_params(config)
    assert sum(row["flops"] for row in whole) == forward_flops_per_token(config, 4096)
    assert sum(row["params"] for row in kinds if row not in whole) == (num_mtp_params(config) or 0)


@pytest.mark.parametrize("slug", MODELS)
def test_every_layer_stands_in_the_row_of_cells_once(slug):
    kinds = pattern(ANATOMY.run({"model": slug}))
    places = []
    for part in ", ".join(row["places"] for row in kinds).split(", "):
        first, _, last = part.partition("-")
        places += range(int(first), int(last or first) + 1)
    anatomy = load_model(slug).anatomy
    assert sorted(places) == list(range(len(anatomy.layers) + len(anatomy.mtp) + 2))


#: Models whose layers are of more kinds than the figure has a choice for: DeepSeek-V4 compresses keys in three ways.
FOUR_KINDS = ("deepseek-v4-flash", "deepseek-v4-pro")


@pytest.mark.parametrize("slug", MODELS)
def test_first_and_last_layer_and_a_third_kind_are_all_there_are(slug):
    anatomy = load_model(slug).anatomy
    further = set(anatomy.layers) - {anatomy.layers[0], anatomy.layers[-1], *third_kind(anatomy)}
    assert bool(further) == (slug in FOUR_KINDS)


def test_last_layers_are_those_of_the_counted_models():
    found = dict(zip(MODELS, last_layers(), strict=True))
    for slug, one in found.items():
        anatomy = load_model(slug).anatomy
        block = anatomy.layers[-1]
        assert (one.layers, one.alike) == (len(anatomy.layers), anatomy.layers.count(block))
        assert one.params == block.num_params and one.used == block.num_activated_params / block.num_params
        mixers = [tensor for tensor in block.tensors if tensor.component in MIXERS]
        assert one.attention == sum(tensor.num_params for tensor in mixers) / block.num_params
    assert {one.used == 1 for one in found.values()} == {True, False}, "dense layers, and layers with experts"


@pytest.mark.parametrize("role", ["first", "last", "ends"])
@pytest.mark.parametrize("slug", MODELS)
def test_the_boxes_add_up_to_the_block(slug, role):
    result = ANATOMY.run({"model": slug, "block": role})
    blocks = chosen_blocks(load_model(slug), role)
    drawn = boxes(result)
    assert result.metrics["block_params"] == sum(row["params"] for row in drawn) == sum(one.num_params for one in blocks)
    assert result.metrics["block_flops"] == sum(row["flops"] for row in drawn)
    assert len(drawn) == sum(len(one.tensors) + len(one.scores) + len(one.cache) for one in blocks)
    for row in drawn:
        assert not row["params"] or worked(row["formula"]) == row["params"]
        assert not row["flops"] or "/" in row["flops_formula"] or worked(row["flops_formula"]) == row["flops"]


@pytest.mark.parametrize("slug", MODELS)
def test_each_part_is_met_once_and_the_way_out_of_attention_last(slug):
    for block in dict.fromkeys(load_model(slug).anatomy.layers):
        order = in_token_order(block)
        assert sorted(map(str, order)) == sorted(map(str, [*block.tensors, *block.scores, *block.cache]))
        names = [part.name for part in order]
        out = next((name for name in ("o_proj", "out_proj", "o_b_proj") if name in names), None)
        for part in [*block.scores, *block.cache]:
            assert names.index(part.name) < names.index(out)
            assert "post_attention_layernorm" not in names or names.index(out) < names.index("post_attention_layernorm")
        for name in names:
            if name.endswith(".bias"):
                assert names[names.index(name) - 1] == name.removesuffix(".bias")


def test_the_boxes_of_deepseek_v3():
    result = ANATOMY.run()
    assert [row["name"] for row in boxes(result) if row["selected"]] == [
        "q_a_proj",
        "q_b_proj",
        "kv_a_proj_with_mqa",
        "kv_b_proj",
        "o_proj",
    ]
    assert result.metrics["box_params"] == 187_105_280
    assert result.metrics["block_params"] == 11_507_286_016 and result.metrics["blocks"] == 58
    assert result.metrics["cache_bytes"] * 61 == 70_272
    products = [row for row in boxes(result) if row["flops"] and not row["params"]]
    assert [row["flops_formula"] for row in products] == [
        "2 \u00d7 4,096 / 2 \u00d7 128 \u00d7 192",
        "2 \u00d7 4,096 / 2 \u00d7 128 \u00d7 128",
    ]
    kinds = ["embedding and head", "3 \u00d7 dense layer", "58 \u00d7 MoE layer", "MTP module"]
    assert [row["name"] for row in pattern(result)] == kinds


@pytest.mark.parametrize("slug", sorted(set(MODELS) - set(FOUR_KINDS)))
def test_the_cache_of_all_blocks_is_the_models(slug):
    config = load_model(slug)
    caches = [cache for layer in config.anatomy.layers for cache in layer.cache]
    ends = {"first": config.anatomy.layers[0], "last": config.anatomy.layers[-1]}
    ends |= dict(zip(["other"], third_kind(config.anatomy), strict=False))
    of = {layer: ANATOMY.run({"model": slug, "block": role}).metrics for role, layer in ends.items()}
    total = sum(of[layer]["cache_bytes"] or 0 for layer in config.anatomy.layers)
    fixed = sum(cache.bytes for cache in caches if cache.bytes is not None)
    elements = sum(cache.elements for cache in caches if not cache.once and cache.bytes is None)
    assert total == BF16_BYTES * elements + fixed
    if not fixed and not any(cache.once for cache in caches):
        assert total == BF16_BYTES * kv_cache_elements_per_token(config)


def test_a_model_without_mtp_says_so_in_one_sentence():
    assert "deepseek-v3" in WITH_MTP
    for slug in MODELS:
        if slug in WITH_MTP:
            assert ANATOMY.run({"model": slug, "block": "mtp"}).metrics["block_params"]
        else:
            with pytest.raises(InputError, match=f"block cannot be mtp for {slug}: .*; choose first, last or ends$"):
                ANATOMY.run({"model": slug, "block": "mtp"})


@pytest.mark.parametrize("box", components_in_use())
def test_a_box_that_a_block_lacks_is_none_of_it(box):
    for slug, role in itertools.product(("llama-3.1-8b", "deepseek-v3"), ("first", "last", "ends")):
        result = ANATOMY.run({"model": slug, "block": role, "box": box})
        chosen = [row for row in result.rows if row["selected"] and row["part"] != "pattern"]
        found = any(row["selected"] for row in boxes(result))
        assert len([row for row in result.rows if row["part"] == "absent"]) == (not found)
        assert chosen and (found or chosen[0]["shape"] == "none in this block")
        assert result.metrics["box_params"] == sum(row["params"] for row in chosen)


def test_every_component_can_be_chosen():
    offered = set(components_in_use())
    for slug in MODELS:
        anatomy = load_model(slug).anatomy
        for block in [anatomy.embedding, *anatomy.layers, anatomy.head, *anatomy.mtp]:
            assert {one.component for one in block.tensors} | {one.name for one in block.scores} <= offered
    assert CACHE in offered and "cache" not in {one for one in offered if one != CACHE}


def test_ranges():
    assert ranges([1, 2, 3, 5]) == "1-3, 5" and ranges([0, 62]) == "0, 62" and ranges([]) == ""


# --- from V2 to V3


def test_mean_over_orders_is_the_mean_over_orders():
    """A second route: all 40,320 orders, walked one by one."""
    sets = [frozenset(name for i, name in enumerate(NAMES) if bits >> i & 1) for bits in range(2 ** len(NAMES))]
    values = [counted_with("total", names) for names in sets]
    added = [0] * len(NAMES)
    for order in itertools.permutations(range(len(NAMES))):
        made = 0
        for i in order:
            added[i] += values[made | 1 << i] - values[made]
            made |= 1 << i
    means = [one / math.factorial(len(NAMES)) for one in added]
    assert means == pytest.approx([interaction("total")[name]["mean"] for name in NAMES], rel=1e-12)


@pytest.mark.parametrize("count", COUNTS)
def test_the_means_sum_to_the_difference(count):
    found = interaction(count)
    for one in found.values():
        assert one["least"] <= min(one["alone"], one["last"], one["mean"])
        assert max(one["alone"], one["last"], one["mean"]) <= one["most"]
    difference = counted_with(count, frozenset(NAMES)) - counted_with(count, frozenset())
    assert math.isclose(math.fsum(one["mean"] for one in found.values()), difference, rel_tol=1e-12)


def test_the_mean_weighs_orders_alike():
    """With two changes only, the mean is that of first and last; here the others change nothing of the cache."""
    found = interaction("kv_cache")
    assert {name: one["mean"] for name, one in found.items() if one["mean"]} == {"more layers, more dense ones": 1152}
    # more routed experts and more of them a token do not meet in the total
    total = interaction("total")
    assert total["more experts a token"]["mean"] == 0
    # the vocabulary meets the width alone, so its mean is half of each
    vocabulary = total["larger vocabulary"]
    assert vocabulary["mean"] == (vocabulary["alone"] + vocabulary["last"]) / 2


@pytest.mark.parametrize("last", ["none", *NAMES])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_ends_at_v3(order, last):
    names = order_of(order, last)
    assert sorted(names) == sorted(NAMES) and (last == "none" or names[-1] == last)
    result = CHANGES.run({"order": order, "last": last})
    rows = result.rows
    assert [row["step"] for row in rows[1:-1]] == names
    assert result.metrics["unexplained"] == 0 and rows[-2]["value"] == rows[-1]["value"] == 671_026_404_352
    assert rows[1]["change"] == rows[1]["alone"] and rows[-2]["change"] == rows[-2]["last"]
    for row in rows[1:-1]:
        assert row["least"] <= row["change"] <= row["most"]


def test_what_is_left_to_the_interaction():
    metrics = CHANGES.run().metrics
    assert metrics["alone"] + metrics["interaction"] == metrics["difference"] == 671_026_404_352 - 235_741_434_880
    assert CHANGES.run({"count": "kv_cache"}).metrics["interaction"] == 0


def test_sums_of_all_changes_are_those_of_the_figure():
    added, metrics = summed(), all_counts()
    assert added["alone"] == metrics["total"]["alone"] and added["mean"] == metrics["total"]["difference"]
    assert added["last"] == sum(row["last"] for row in steps().values())
    assert list(steps("activated")) == NAMES and list(metrics) == list(COUNTS)
    assert sum(row["change"] for row in steps("activated").values()) == metrics["activated"]["difference"]


# --- the talk's tables


@pytest.mark.parametrize(
    ("table", "size", "wrong"), [("first", 18, []), ("second", 12, [("hidden_size", "7160", "V3: 7168")])]
)
def test_rows_of_the_talks_tables(table, size, wrong):
    rows = talk_table(table)
    assert len(rows) == size == len(TABLES[table])
    assert [(row["row"], row["v3"], row["found"]) for row in rows if not row["right"]] == wrong
    assert {row["outcome"] for row in rows if row["right"]} == {"reported"}


def test_the_tables_print_what_the_claims_print():
    printed = claims()
    for name in TABLES:
        for row in talk_table(name):
            texts = " ".join(printed[claim]["printed"] for claim in row["claims"].split(", "))
            assert row["v2"] in texts and row["v3"] in texts


@pytest.mark.parametrize("name", ["anatomy", "v2-to-v3"])
def test_one_chart_for_all_states(name):
    assert charts.variants(name) == [{}]
