"""Attention: caches as published, the two forms of latent attention counted one multiply-add at a time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, load_accelerator, load_model, params_by_component
from moecalc.explorers import explore, explorer
from moecalc.mechanisms.attention import grouped_query, latent
from moecalc.model.kv_cache import kv_cache_bytes, kv_cache_elements_per_token
from moecalc.serving.capacity import sequences_that_fit
from moecalc.serving.mla_decode import (
    FORMS,
    absorption_break_even,
    expanded_cache_elements,
    mla_operators,
    mla_roofline,
    num_pairs,
)

V3 = load_model("deepseek-v3")
H800 = load_accelerator("h800-sxm")
ROOFS = H800.peak_dense_bf16_flops_per_s, H800.memory_bandwidth_bytes_per_s


@pytest.mark.parametrize(
    ("kind", "layers", "published_kb"),
    [
        (latent(7168, 128, 128, 512, 64, 1536), 61, "70.272"),
        (grouped_query(8192, 64, 128, 8), 80, "327.680"),
        (grouped_query(16384, 128, 128, 8), 126, "516.096"),
    ],
)
def test_cache_as_published(kind, layers, published_kb):
    """Zhao et al., arXiv:2505.09343, Table 1."""
    assert f"{kind.cache_elements * 2 * layers / 1e3:.3f}" == published_kb


def test_kinds_are_the_models_own():
    """Cache and parameters by another route: the tensors of a config."""
    llama = load_model("llama-3.1-405b")
    gqa = grouped_query(llama.hidden_size, llama.num_attention_heads, 128, llama.num_key_value_heads)
    mla = latent(7168, 128, 128, 512, 64, 1536)
    for config, kind in ((llama, gqa), (V3, mla)):
        assert kind.cache_elements * config.num_hidden_layers == kv_cache_elements_per_token(config)
        assert kind.num_params * config.num_hidden_layers == params_by_component(config)["attention"]
    lite = load_model("deepseek-v2-lite")
    one = latent(lite.hidden_size, lite.num_attention_heads, 128, lite.kv_lora_rank, lite.qk_rope_head_dim)
    assert lite.q_lora_rank is None
    assert one.num_params * lite.num_hidden_layers == params_by_component(lite)["attention"]


def test_intensity_of_the_ends():
    assert grouped_query(4096, 32, 128, 32).intensity() == 1
    assert grouped_query(4096, 32, 128, 8).intensity() == 4
    assert grouped_query(4096, 32, 128, 1).intensity(1) == 64


@given(st.integers(1, 8), st.integers(0, 5), st.integers(1, 64))
def test_fewer_groups_cache_less_and_compute_alike(heads, power, head_dim):
    heads = heads * 2**power
    found = [grouped_query(64, heads, head_dim, groups) for groups in range(1, heads + 1) if heads % groups == 0]
    assert [one.cache_elements for one in found] == sorted(one.cache_elements for one in found)
    assert len({one.flops_per_pair for one in found}) == 1
    assert found[-1].cache_elements == heads * found[0].cache_elements


def tiny(heads=2, c=5, n=3, r=2, v=4):
    return V3.replace(
        num_attention_heads=heads,
        kv_lora_rank=c,
        qk_nope_head_dim=n,
        qk_rope_head_dim=r,
        v_head_dim=v,
    )


class Counter:
    """Vectors and matrices whose every multiply-add is counted."""

    def __init__(self):
        self.flops = 0

    def dot(self, a, b):
        assert len(a) == len(b)
        self.flops += 2 * len(a)
        return sum(x * y for x, y in zip(a, b, strict=True))

    def times(self, matrix, vector):
        return [self.dot(row, vector) for row in matrix]

    def weighted(self, weights, vectors):
        return [self.dot(weights, [vector[i] for vector in vectors]) for i in range(len(vectors[0]))]


def numbers(seed, *shape):
    """Small whole numbers, so that both ways of grouping a product are equal to the last bit."""
    if not shape:
        return (seed * 2654435761 >> 7) % 7 - 3
    return [numbers(seed * 31 + i + 1, *shape[1:]) for i in range(shape[0])]


def attend(config, form, cached, new):
    """Latent attention, written out: (outputs of all heads, multiply-adds x 2), scores without their softmax."""
    heads, c, r = config.num_attention_heads, config.kv_lora_rank, config.qk_rope_head_dim
    n, v = config.qk_nope_head_dim, config.v_head_dim
    latents, turned = numbers(1, cached + new, c), numbers(2, cached + new, r)
    count, outputs = Counter(), []
    for head in range(heads):
        up_k, up_v = numbers(3 + head, n, c), numbers(30 + head, v, c)
        transposed = [list(column) for column in zip(*up_k, strict=True)]
        quiet = Counter()
        keys = values = None
        if form == "plain":
            keys, values = ([count.times(up, one) for one in latents] for up in (up_k, up_v))
        if form == "expanded":
            # those of cached tokens were made before
            keys, values = (
                [(quiet if i < cached else count).times(up, one) for i, one in enumerate(latents)] for up in (up_k, up_v)
            )
        for i in range(new):
            query, rotary = numbers(300 + 10 * head + i, n), numbers(600 + 10 * head + i, r)
            seen = cached + i + 1
            if form == "absorbed":
                query = count.times(transposed, query)
            against = latents if form == "absorbed" else keys
            scores = [count.dot(query + rotary, against[j] + turned[j]) for j in range(seen)]
            if form == "absorbed":
                outputs.append(count.times(up_v, count.weighted(scores, latents[:seen])))
            else:
                outputs.append(count.weighted(scores, values[:seen]))
    return outputs, count.flops


@pytest.mark.parametrize(("cached", "new"), [(7, 1), (5, 3), (0, 4)])
@pytest.mark.parametrize("sizes", [{}, {"heads": 1, "c": 2, "n": 4, "r": 1, "v": 6}])
def test_flops_one_multiply_add_at_a_time(cached, new, sizes):
    config, outputs = tiny(**sizes), {}
    for form in FORMS:
        outputs[form], flops = attend(config, form, cached, new)
        assert flops == sum(one.flops for one in mla_operators(config, form, cached, new))
    assert outputs["absorbed"] == outputs["plain"] == outputs["expanded"]
    assert any(any(row) for row in outputs["plain"])


def test_bytes_of_decoding():
    """By hand for one token after 4,096, in BF16: weights, the cache, and what passes between products."""
    weights = 2 * 512 * 128 * 256
    absorbed = sum(one.num_bytes for one in mla_operators(V3, "absorbed", 4096))
    passed = 2 * 128 * ((128 + 512) + (576 + 512) + (512 + 128))
    assert absorbed == weights + 4097 * 576 * 2 + passed
    plain = sum(one.num_bytes for one in mla_operators(V3, "plain", 4096))
    expanded = 4097 * 128 * 256 * 2
    assert plain == weights + 4097 * 576 * 2 + 2 * expanded + 2 * 128 * (192 + 128)


@given(st.integers(0, 300), st.integers(1, 300))
def test_pairs(cached, new):
    assert num_pairs(cached, new) == sum(cached + i + 1 for i in range(new))


@given(
    st.sampled_from(list(FORMS)), st.integers(0, 10**5), st.integers(1, 500), st.integers(1, 64), st.sampled_from([1, 2, 4])
)
def test_flops_and_bytes_by_batch_and_heads(form, cached, new, batch, tp):
    one, many = (mla_operators(V3, form, cached, new, size) for size in (1, batch))
    assert [op.flops * batch for op in one] == [op.flops for op in many]
    for alone, together in zip(one, many, strict=True):
        assert alone.num_bytes <= together.num_bytes <= batch * alone.num_bytes
    shared = mla_operators(V3, form, cached, new, batch, tp=tp)
    assert [op.flops for op in many] == [op.flops * tp for op in shared]
    assert all(part.num_bytes <= op.num_bytes <= tp * part.num_bytes for part, op in zip(shared, many, strict=True))


@given(st.integers(1, 400))
def test_break_even(new):
    far = 10**9 - 400
    absorbed, plain = (sum(op.flops for op in mla_operators(V3, form, far, new)) for form in ("absorbed", "plain"))
    assert (absorbed < plain) == (new < absorption_break_even(V3))
    # read from nothing, plain wins at any length
    absorbed, plain = (sum(op.flops for op in mla_operators(V3, form, 0, new)) for form in ("absorbed", "plain"))
    assert plain < absorbed


def test_break_even_of_other_shapes():
    assert absorption_break_even(V3) == pytest.approx(512 * 256 / 768)
    assert absorption_break_even(tiny(c=3, n=4, v=4)) == math.inf


def test_expanded_cache():
    assert expanded_cache_elements(V3) == 61 * (128 * 256 + 64)
    assert expanded_cache_elements(V3) / kv_cache_elements_per_token(V3) == pytest.approx(57, abs=0.005)


@given(st.sampled_from(list(FORMS)), st.integers(0, 10**6), st.integers(1, 2000), st.integers(1, 256))
def test_roofline_is_no_faster_than_either_roof(form, cached, new, batch):
    found = mla_roofline(V3, form, *ROOFS, cached, new, batch)
    assert found["time_s"] >= found["flops"] / ROOFS[0] * (1 - 1e-12)
    assert found["time_s"] >= found["bytes"] / ROOFS[1] * (1 - 1e-12)
    assert found["time_s"] <= (found["flops"] / ROOFS[0] + found["bytes"] / ROOFS[1]) * (1 + 1e-12)
    twice = mla_roofline(V3, form, 2 * ROOFS[0], 2 * ROOFS[1], cached, new, batch)
    assert twice["time_s"] == pytest.approx(found["time_s"] / 2)


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(1, 1e12))
def test_sequences_that_fit(memory, taken, each):
    found = sequences_that_fit(memory, taken, each)
    assert found >= 0
    if found:
        assert found * each <= (memory - taken) * (1 + 1e-9)
    assert (found + 1) * each > (memory - taken) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: grouped_query(64, 8, 16, 3), "kv_heads must divide the 8 heads; found 3"),
        (lambda: grouped_query(64, 8, 16, 0), "kv_heads must be a whole number"),
        (lambda: latent(64, 8, 16, 4.5, 2), "kv_rank must be a whole number"),
        (lambda: num_pairs(-1, 1), "cached_tokens must be a whole number"),
        (lambda: num_pairs(4, 0), "query_tokens must be a whole number"),
        (lambda: mla_operators(V3, "fused", 4), "form must be one of absorbed, plain, expanded; found 'fused'"),
        (lambda: mla_operators(V3, "plain", 4, tp=3), "tp must divide the 128 attention heads; found 3"),
        (lambda: mla_operators(load_model("llama-3.1-8b"), "plain", 4), "found llama-3.1-8b"),
        (lambda: mla_roofline(V3, "plain", 0, 1e12, 4), "peak_flops_per_s must be"),
        (lambda: sequences_that_fit(1e9, 0, 0), "bytes_per_sequence must be"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_cache_figure():
    metrics = explore("attention-cache")["metrics"]
    assert metrics["mla_bytes_per_token"] == metrics["own_bytes_per_token"] == 70272
    assert metrics["mla_sequences"] == (81_559 * 2**20 - 40 * 10**9) // kv_cache_bytes(V3, [32768])
    assert explore("attention-cache", model="llama-3.1-405b")["metrics"]["gqa_bytes_per_token"] == 516096
    assert explore("attention-cache", taken=400)["metrics"]["mla_sequences"] == 0


def test_the_absorption_figure():
    decode, prompt = explore("mla-absorption"), explore("mla-absorption", cached_tokens=0, query_tokens=4096, batch=1)
    assert (decode["metrics"]["faster"], prompt["metrics"]["faster"]) == ("absorbed", "plain")
    for sweep in ("query_tokens", "cached_tokens", "batch"):
        result = explorer("mla-absorption").run({"sweep": sweep})
        chosen = {row["form"]: row["ms"] for row in result.rows if row["chosen"]}
        assert chosen == {name: result.metrics[f"{form}_ms"] for form, name in FORMS.items()}
