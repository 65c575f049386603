"""What must hold for every model, run and layout, not only for those that were measured."""

import pickle

import pytest
from configs import TABLES, VECTORS, any_family, deepseek, dense, experts_key, mistral, moe
from hypothesis import assume, given
from hypothesis import strategies as st

from moecalc import ModelConfig
from moecalc.base.units import UNITS, convert
from moecalc.economics.cost import (
    cost_usd,
    gpu_hours_of,
    num_gpus_for_deadline,
    run_cost,
    usd_per_gpu_hour_for_budget,
    wall_days,
)
from moecalc.model.flops import (
    attention_score_flops_per_token,
    flops_report,
    forward_flops_by_component,
    forward_flops_by_operator,
    forward_flops_per_token,
    forward_flops_per_token_attended,
    training_flops_per_token,
)
from moecalc.model.kv_cache import kv_cache_bytes, kv_cache_elements_per_token, kv_cache_report, kv_state_elements
from moecalc.model.params import (
    num_activated_params,
    num_mtp_params,
    num_total_params,
    params_by_block,
    params_by_component,
    params_by_layer,
    params_by_tensor,
    params_report,
)
from moecalc.training.layout import SCHEDULES, ZERO_STAGES, Layout, split_evenly
from moecalc.training.mfu import model_flops_utilisation, terms_beyond_6nd, utilisation
from moecalc.training.rank_states import rank_states
from moecalc.training.recipes import RECIPES
from moecalc.training.states import STATES, model_states, rank_groups, states_of_all_gpus

seq_lens = st.integers(1, 10**6)
positive = st.floats(1e-6, 1e15)


def model_tensors(config):
    return [row for row in params_by_tensor(config) if row["block"] != "MTP module"]


def params_of_the_ends(config):
    """Table, final norm and head, and what some families have beside them: learned positions, biases, a second norm."""
    rows = [row for row in params_by_tensor(config) if row["block"] in ("embedding", "head")]
    held = {row["tensor"]: row["total"] for row in rows}
    table, norm = config.vocab_size * config.hidden_size, config.hidden_size
    assert held.pop("embed_tokens") == table and held.pop("lm_head") == (0 if config.anatomy.is_tied else table)
    assert held.get("norm", norm) == norm  # OLMo's has no weights
    return table * (1 if config.anatomy.is_tied else 2) + sum(held.values())


@given(any_family())
def test_parts_sum_to_the_totals(config):
    counts = params_report(config)
    tensors, layers, mtp = model_tensors(config), params_by_layer(config), num_mtp_params(config) or 0
    assert counts["total"] == num_total_params(config) == sum(counts["components"].values())
    assert counts["total"] == sum(row["total"] for row in tensors)
    assert counts["total"] + mtp == sum(row["total"] for row in params_by_tensor(config))
    assert counts["activated"] == num_activated_params(config) == sum(counts["activated_components"].values())
    assert counts["activated"] == sum(row["activated"] for row in tensors)
    ends = config.anatomy.embedding.num_params + config.anatomy.head.num_params
    usual = {"embed_tokens", "norm", "lm_head"}  # some have biases there, streams, or further tables
    assert ends == params_of_the_ends(config) or {
        row["tensor"] for row in tensors if row["block"] in ("embedding", "head")
    } != usual
    assert counts["total"] == sum(layer["total"] for layer in layers) + ends
    assert counts["activated"] == sum(layer["activated"] for layer in layers) + ends
    assert len(layers) == getattr(config, "num_hidden_layers", len(layers))
    blocks = params_by_block(config)
    assert counts["total"] == sum(row["total"] for row in blocks) == sum(row["each"] * row["blocks"] for row in blocks)
    assert counts["activated"] == sum(row["activated"] for row in blocks)
    assert sum(row["blocks"] for row in blocks) == len(layers) + 2


@given(any_family())
def test_a_config_survives_the_way_to_another_process(config):
    there = pickle.loads(pickle.dumps(config))
    assert params_report(there) == params_report(config)
    assert there.replace(vocab_size=7).vocab_size == 7


@given(any_family())
def test_conventions_are_ordered_and_nothing_is_activated_that_is_not_there(config):
    counts = params_report(config)
    tied = config.anatomy.is_tied
    assert counts["activated_without_embedding_and_head"] < counts["activated_without_embedding"]
    assert (counts["activated_without_embedding"] == counts["activated"]) == tied
    assert counts["activated_without_embedding"] <= counts["activated"] <= counts["total"]
    for component, activated in counts["activated_components"].items():
        assert activated <= counts["components"][component]
        assert activated == counts["components"][component] or component == "routed_experts"


@given(any_family(), seq_lens)
def test_counted_matrices_are_multiplied_matrices(config, seq_len):
    """Each operator's FLOPs are twice its activated parameters; only norms, biases and look-ups have none."""
    # products without parameters of their own: a matrix once more, or what a matrix gave
    again = {(one.component, one.name) for block in config.anatomy.layers for one in block.tensors if not one.owned}
    counted = {}
    for row in model_tensors(config):
        key = row["component"], row["tensor"]
        if not row["tensor"].endswith(VECTORS) and row["tensor"] not in TABLES and key not in again:
            counted[key] = counted.get(key, 0) + row["activated"]
    if config.anatomy.is_tied:  # multiplied, and counted as the embedding
        counted["lm_head", "lm_head"] = config.vocab_size * config.hidden_size
    multiplied = {(row["component"], row["operator"]): row["flops"] for row in forward_flops_by_operator(config, seq_len)}
    scores = sum(multiplied.pop((name,) * 2, 0) for name in ("attention_scores", "attention_values", "indexer_scores"))
    multiplied = {key: flops for key, flops in multiplied.items() if key not in again}
    assert multiplied == {key: 2 * activated for key, activated in counted.items()}
    assert scores == attention_score_flops_per_token(config, seq_len)


@given(any_family(), seq_lens)
def test_flops_sum_by_operator_and_component(config, seq_len):
    for causal in (True, False):
        total = forward_flops_per_token(config, seq_len, causal)
        assert total == sum(row["flops"] for row in forward_flops_by_operator(config, seq_len, causal))
        assert total == sum(forward_flops_by_component(config, seq_len, causal).values())
        assert training_flops_per_token(config, seq_len, causal) == 3 * total
    assert sum(terms_beyond_6nd(config, seq_len).values()) == training_flops_per_token(config, seq_len)
    counts = flops_report(config, seq_len)
    assert counts["forward_per_token"] == sum(counts["components"].values())
    non_causal = counts["forward_per_token_non_causal"] - counts["forward_per_token"]
    assert non_causal == attention_score_flops_per_token(config, seq_len)
    if num_mtp_params(config) is None:
        assert counts["training_per_token_with_mtp"] is None and config.anatomy.mtp_note
    else:
        assert (counts["training_per_token_with_mtp"] > counts["training_per_token"]) == (num_mtp_params(config) > 0)


@given(any_family())
def test_a_tied_table_is_counted_once_and_multiplied_all_the_same(config):
    assume("tie_word_embeddings" in config.keys)  # some families are never tied
    tied, untied = config.replace(tie_word_embeddings=True), config.replace(tie_word_embeddings=False)
    table = config.vocab_size * config.hidden_size
    assert num_total_params(untied) - num_total_params(tied) == table
    assert num_mtp_params(untied) == num_mtp_params(tied)
    assert flops_report(tied, 64) == flops_report(untied, 64)
    without = "activated_without_embedding_and_head"
    assert params_report(tied)[without] == params_report(untied)[without]
    assert params_report(tied)["activated_without_embedding"] == num_activated_params(tied)


@given(moe(), st.integers(1, 100))
def test_more_routed_experts_activate_no_more(config, more):
    """But for a longer router: a row, and a bias where it has them, for each."""
    key = experts_key(config)
    more *= getattr(config, "n_group", None) or 1
    larger = config.replace(**{key: getattr(config, key) + more})
    before, after = params_report(config), params_report(larger)
    num_moe_layers = sum(layer["kind"].startswith("MoE layer") for layer in params_by_layer(config))
    bias = any(row["tensor"] in ("gate.bias", "router.per_expert_scale") for row in params_by_tensor(config))
    router = (config.hidden_size + bias) * more * num_moe_layers
    assert after["activated"] - before["activated"] == router
    routed = before["components"].get("routed_experts", 0)
    assert routed % getattr(config, key) == 0
    assert after["total"] - before["total"] == router + routed // getattr(config, key) * more
    for components in (before["activated_components"], after["activated_components"]):
        components.pop("router", 0)
    assert before["activated_components"] == after["activated_components"]
    if not bias:
        width = config.moe_intermediate_size if "moe_intermediate_size" in config.keys else config.intermediate_size
        matrices = {row["tensor"] for row in params_by_tensor(config) if row["component"] == "routed_experts"}
        read = getattr(config, "moe_latent_size", None) or config.hidden_size
        assert routed == num_moe_layers * getattr(config, key) * len(matrices) * read * width


@given(any_family(), st.integers(1, 300))
def test_what_a_token_meets_is_no_more_than_all_before_it(config, seq_len):
    counts = flops_report(config, seq_len)
    met, scores = forward_flops_per_token_attended(config, seq_len), attention_score_flops_per_token(config, seq_len)
    half = scores / seq_len  # a token meets itself too: (s + 1) / 2 and not s / 2
    assert met <= (counts["forward_per_token"] + half) * (1 + 1e-12)
    limits = [score.limit for score in config.anatomy.scores if score.limit is not None]
    if all(limit >= seq_len for limit in limits):
        assert met == pytest.approx(counts["forward_per_token"] + half, rel=1e-12)
    keys = [key for key in counts if key.endswith(("_windowed", "_sparse"))]
    assert bool(keys) == bool(limits) and all(counts[key] == met for key in keys)


@given(dense())
def test_a_dense_model_activates_all(config):
    assert num_activated_params(config) == num_total_params(config)
    assert params_report(config)["router_correction_bias"] == 0
    assert num_mtp_params(config) == 0 or config.anatomy.mtp


@given(any_family(), st.integers(0, 500), st.integers(1, 500))
def test_the_cache_grows_with_the_context_and_never_faster_than_per_token(config, context, more):
    before, after = (kv_cache_bytes(config, [length]) for length in (context, context + more))
    state = 2 * kv_state_elements(config) * (context == 0)
    assert before <= after <= before + state + 2 * more * kv_cache_elements_per_token(config)
    assert kv_cache_bytes(config, [0]) == 0
    assert kv_cache_bytes(config, [context, more]) == before + kv_cache_bytes(config, [more])
    assert kv_cache_report(config, context, batch=more)["bytes"] == more * before


@given(mistral().map(ModelConfig), st.integers(1, 500))
def test_a_window_bounds_the_cache(config, context):
    full = config.num_hidden_layers * 2 * config.num_key_value_heads * config.head_dim
    kept = context if config.sliding_window is None else min(context, config.sliding_window)
    assert kv_cache_bytes(config, [context], 1) == full * kept


@given(positive, positive, st.integers(1, 1000))
def test_cost_is_linear(hours, price, factor):
    assert cost_usd(factor * hours, price) == pytest.approx(factor * cost_usd(hours, price), rel=1e-12)
    assert cost_usd(hours, factor * price) == pytest.approx(factor * cost_usd(hours, price), rel=1e-12)
    between = run_cost(hours, (price, factor * price))
    assert between["usd_low"] <= between["usd_high"]
    assert (between["usd"] is None) == (factor > 1)


@given(positive, st.floats(0.01, 10**6), st.floats(0.01, 10**5))
def test_inverses_of_cost_and_days_lead_back(hours, gpus, days):
    assert gpu_hours_of(gpus, wall_days(hours, gpus)) == pytest.approx(hours, rel=1e-12)
    assert cost_usd(hours, usd_per_gpu_hour_for_budget(hours, days)) == pytest.approx(days, rel=1e-12)
    enough = num_gpus_for_deadline(hours, days)
    assert enough == pytest.approx(hours / 24 / days, rel=1e-12, abs=1)
    assert wall_days(hours, enough) <= days * (1 + 1e-12)


@given(any_family(), st.floats(1e9, 1e16), st.floats(1.01, 100))
def test_mfu_falls_as_the_peak_rises_and_rises_with_what_is_counted(config, peak, factor):
    def shares(peak):
        return utilisation(config, 512, 1e12, 1e6, peak)

    low, high = shares(peak * factor), shares(peak)
    for convention in low:
        if convention == "flops_per_s_per_gpu":
            assert low[convention] == high[convention]
        elif convention == "mfu_with_mtp" and num_mtp_params(config) is None:
            assert low[convention] is high[convention] is None
        else:
            assert low[convention] < high[convention]
    assert high["mfu_without_router"] <= high["mfu"] <= high["hfu"] <= high["hfu_full_recomputation"]
    # in a window of one token there is nothing to come that a causal mask could hide
    attends = any(score.limit != 1 for score in config.anatomy.scores)
    assert (high["mfu"] < high["mfu_non_causal"]) == attends
    assert high["mfu_with_mtp"] is None or high["mfu"] <= high["mfu_with_mtp"]
    assert high["mfu_6nd"] < high["hfu_8nd"] <= high["hfu_8nd_with_attention"]
    once, twice = (model_flops_utilisation(1e9, 1e12, hours, peak) for hours in (1e6, 2e6))
    assert twice == pytest.approx(once / 2, rel=1e-12)


@given(st.integers(1, 200), st.integers(1, 200))
def test_layers_are_split_evenly_and_in_order(num_layers, num_stages):
    assume(num_stages <= num_layers)
    stages = split_evenly(num_layers, num_stages)
    assert [layer for stage in stages for layer in stage] == list(range(num_layers))
    assert max(map(len, stages)) - min(map(len, stages)) <= 1


@st.composite
def laid_out(draw, schedules=SCHEDULES):
    """A model and a layout that fits it."""
    config, schedule = draw(any_family()), draw(st.sampled_from(schedules))
    num_layers = len(config.anatomy.layers)
    most = num_layers // 2 if schedule == "dualpipev" else num_layers
    assume(most >= (2 if schedule == "dualpipe" else 1))
    pp = 2 * draw(st.integers(1, most // 2)) if schedule == "dualpipe" else draw(st.integers(1, most))
    experts, heads = config.anatomy.num_routed_experts, getattr(config, "num_attention_heads", 1)
    tp = draw(st.sampled_from([n for n in range(1, heads + 1) if heads % n == 0]))
    ep = draw(st.sampled_from([n for n in range(1, experts + 1) if experts % n == 0]))
    dp = ep * draw(st.integers(1, 4))
    return config, Layout(tp, pp, ep, dp, draw(st.sampled_from(ZERO_STAGES)), schedule)


@given(laid_out(), st.sampled_from(list(RECIPES)))
def test_no_zero_stage_needs_more_memory_than_the_one_below(case, recipe):
    config, layout = case
    states = [model_states(config, layout._replace(zero=zero), recipe)["ranks"] for zero in ZERO_STAGES]
    for below, above in zip(states[:-1], states[1:], strict=True):
        for less, more in zip(above, below, strict=True):
            assert all(less[state] <= more[state] for state in STATES)


@given(laid_out(), st.sampled_from(list(RECIPES)))
def test_memory_parts_sum(case, recipe):
    states = model_states(*case, recipe)
    for rank in states["ranks"]:
        assert rank["bytes"] == sum(rank[state] for state in STATES)
    assert states["per_gpu_bytes"] == max(rank["bytes"] for rank in states["ranks"]) == sum(states["components"].values())
    assert states["per_gpu_bytes"] == states["ranks"][states["fullest_rank"]]["bytes"]


@given(laid_out())
def test_the_ranks_hold_the_whole_model(case):
    config, layout = case
    alone = layout._replace(tp=1, ep=1, dp=1)
    ranks = model_states(config, alone, "bf16")["ranks"]
    held = sum(rank["num_params"] - rank["padding_params"] for rank in ranks)
    whole = num_total_params(config) + (num_mtp_params(config) or 0)
    table = config.anatomy.embedding.tensors[0].num_params
    copies = sum(rank["holds"].count("copy of embedding") for rank in ranks)
    apart = layout.pp > 1 and layout.schedule in ("1f1b", "zb1p", "interleaved")
    assert copies == (apart and (config.anatomy.is_tied or len(config.anatomy.mtp) > 0))
    assert held == whole * (2 if layout.schedule == "dualpipe" else 1) + copies * table
    # laid over tp x ep, the GPUs of a stage hold no less together: what is not cut is held by each
    held = sum(rank["num_params"] for rank in model_states(config, layout, "bf16")["ranks"])
    assert held * max(layout.tp, layout.ep) >= whole


@given(laid_out(), st.sampled_from([*RECIPES, "weights=fp8+bf16,gradients=2,master=4,moments=8"]), st.integers(2, 5))
def test_memory_never_grows_with_data_or_context_parallelism(case, recipe, times):
    config, layout = case
    layout = layout._replace(etp=1)
    ranks = rank_states(config, layout, recipe)
    for more in (layout._replace(dp=layout.dp * times), layout._replace(cp=layout.cp * times)):
        for less, one in zip(rank_states(config, more, recipe), ranks, strict=True):
            assert all(mine <= its for mine, its in zip(less[1:], one[1:], strict=True))


@given(laid_out(), st.sampled_from(list(RECIPES)))
def test_the_gpus_hold_together_what_the_tensors_are_held(case, recipe):
    """Rank by rank, and tensor by tensor without looking at ranks; a shard is rounded up to a whole parameter."""
    config, layout = case
    layout = layout._replace(tp=1)
    ranks, by_tensor = model_states(config, layout, recipe)["ranks"], states_of_all_gpus(config, layout, recipe)
    dtypes = RECIPES[recipe]
    width = {"weights": dtypes.kept_weight, "fp8_scales": dtypes.scale}
    width |= {"gradients": dtypes.gradient, "optimizer_states": dtypes.optimizer}
    groups = 2 * 3  # of each of two stages on a GPU: routed experts, other products, what is kept wider
    for state, held in by_tensor.items():
        by_rank = sum(rank[state] for rank in ranks) * layout.dp
        sharded = layout.zero >= {"weights": 3, "fp8_scales": 3, "gradients": 2, "optimizer_states": 1}[state]
        assert held <= by_rank <= held + (layout.num_gpus * groups * width[state] if sharded else 0)


@given(laid_out())
def test_ranks_that_hold_the_same_are_grouped(case):
    ranks = model_states(*case, "bf16")["ranks"]
    groups = rank_groups(ranks)
    assert sum(group["count"] for group in groups) == len(ranks)
    assert sum(group["count"] * group["bytes"] for group in groups) == sum(rank["bytes"] for rank in ranks)


@given(moe(), st.integers(1, 4))
def test_experts_are_cut_by_ep_alone(config, replicas):
    experts = config.anatomy.num_routed_experts
    one, cut = (model_states(config, Layout(ep=ep, dp=experts * replicas, etp=1), "bf16")["ranks"][0] for ep in (1, experts))
    assert one["num_routed_params"] == experts * cut["num_routed_params"]
    assert one["num_params"] - one["num_routed_params"] == cut["num_params"] - cut["num_routed_params"]


@given(deepseek().map(ModelConfig))
def test_a_dense_prefix_of_all_layers_leaves_no_experts(config):
    dense_alone = config.replace(first_k_dense_replace=config.num_hidden_layers)
    assert not {"router", "routed_experts", "shared_experts"} & set(params_by_component(dense_alone))
    assert num_activated_params(dense_alone) == num_total_params(dense_alone)


MEASURES = sorted({dimension for dimension, _ in UNITS.values()} - {"text", "date"})


@st.composite
def units_of_one_measure(draw):
    measure = draw(st.sampled_from(MEASURES))
    units = st.sampled_from([unit for unit, (dimension, _) in UNITS.items() if dimension == measure])
    return draw(units), draw(units)


@given(units_of_one_measure(), st.floats(1e-6, 1e12) | st.integers(-(10**9), 10**9))
def test_conversion_leads_back(units, value):
    unit, other = units
    assert convert(convert(value, unit, other), other, unit) == pytest.approx(value, rel=1e-12)
    assert convert(value, unit, unit) is value
