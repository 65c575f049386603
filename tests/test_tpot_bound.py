"""The published bound on the time of an output token, step by step, and its properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, load_accelerator, load_model
from moecalc.facts import tables
from moecalc.serving.tpot_bound import ROUNDED_HIDDEN, experts_of_token, most_tokens, tokens_per_expert, tpot_bound

V3 = load_model("deepseek-v3")
PRINTED = {name: tables.by_subject("serving")[f"TPOT bound, {name}"] for name in ("CX7 400G IB", "GB200 NVL72")}


def as_printed(bytes_per_s):
    return tpot_bound(V3, bytes_per_s, layers=V3.num_hidden_layers, hidden_size=ROUNDED_HIDDEN)


@pytest.mark.parametrize(
    ("link", "quantity", "unit", "digits"),
    [
        ("CX7 400G IB", "comm_time_per_ep_step", "us", 2),
        ("CX7 400G IB", "time_per_layer", "us", 2),
        ("CX7 400G IB", "tpot", "ms", 2),
        ("GB200 NVL72", "comm_time_per_ep_step", "us", 2),
        ("GB200 NVL72", "tpot", "ms", 2),
    ],
)
def test_published_steps(link, quantity, unit, digits):
    one = as_printed({"CX7 400G IB": 50e9, "GB200 NVL72": 900e9}[link])
    found = {"comm_time_per_ep_step": one.pass_s, "time_per_layer": one.layer_s, "tpot": one.tpot_s}[quantity]
    assert round(found * {"us": 1e6, "ms": 1e3}[unit], digits) == PRINTED[link][quantity].value


def test_published_rates_are_cut_and_rounded():
    """67.8 is printed cut off as 67; 1,220 rounded to 1,200."""
    slow, fast = (as_printed(one).tokens_per_s for one in (50e9, 900e9))
    assert int(slow) == PRINTED["CX7 400G IB"]["tokens_per_s"].value != round(slow)
    assert round(fast, -2) == PRINTED["GB200 NVL72"]["tokens_per_s"].value and round(fast) == 1220


def test_the_links_are_those_of_the_accelerators():
    assert load_accelerator("h800-sxm").scale_out_bandwidth_bytes_per_s == 50e9
    assert load_accelerator("gb200-nvl72").scale_up_bandwidth_bytes_per_s == 900e9


def test_by_hand():
    """32 tokens, 9 experts, 3 bytes of 7,168 numbers, over 50 GB/s, twice, in 58 layers."""
    assert tpot_bound(V3, 50e9).tpot_s == pytest.approx(32 * 9 * 3 * 7168 / 50e9 * 2 * 58)
    assert experts_of_token(load_model("mixtral-8x7b")) == 2


@given(st.integers(1, 4096), st.floats(1e9, 1e13), st.floats(0.5, 4), st.floats(0.5, 4))
def test_linear_in_tokens_and_bytes_and_inverse_in_bandwidth(tokens, bandwidth, dispatch, combine):
    one = tpot_bound(V3, bandwidth, tokens, dispatch, combine)
    assert tpot_bound(V3, bandwidth, 2 * tokens, dispatch, combine).tpot_s == pytest.approx(2 * one.tpot_s)
    assert tpot_bound(V3, 2 * bandwidth, tokens, dispatch, combine).tpot_s == pytest.approx(one.tpot_s / 2)
    assert one.tpot_s * one.tokens_per_s == pytest.approx(1)
    assert one.tpot_s == pytest.approx(2 * one.layers * one.pass_s)


@given(st.integers(1, 512), st.sampled_from((32, 128, 144, 320)), st.sampled_from((0, 32, 64)))
def test_tokens_of_experts_are_those_of_the_gpus(tokens, num_gpus, redundant):
    one = tokens_per_expert(V3, tokens, num_gpus, redundant)
    assert one.mean * (256 + redundant) == pytest.approx(8 * tokens * num_gpus)
    assert one.fullest > one.mean
    assert most_tokens(V3, one.mean, num_gpus, redundant) == pytest.approx(tokens)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tpot_bound(V3, 0), "bandwidth"),
        (lambda: tpot_bound(V3, math.nan), "bandwidth"),
        (lambda: tpot_bound(V3, 50e9, tokens=0), "tokens"),
        (lambda: tpot_bound(V3, 50e9, layers=-1), "layers"),
        (lambda: tpot_bound(load_model("llama-3.1-8b"), 50e9), "no routed experts"),
        (lambda: tokens_per_expert(V3, 32, 10**9), "num_gpus"),
        (lambda: tokens_per_expert(V3, 32, 320, -1), "redundant"),
        (lambda: most_tokens(V3, 0, 320), "tokens_of_expert"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
