"""One user on one machine."""

import pytest

from moecalc.base.errors import InputError
from moecalc.hardware.accelerator import load_accelerator, read_accelerator
from moecalc.industry.at_home import one_token, speed
from moecalc.model.config import load_model
from moecalc.model.kv_cache import kv_cache_bytes
from moecalc.model.params import num_total_params

V3, LLAMA, QWEN = (load_model(slug) for slug in ("deepseek-v3", "llama-3.1-405b", "qwen3-0.6b"))


def test_a_dense_model_reads_all_but_the_look_up():
    found = one_token(LLAMA, 1, "bf16")
    embedding = 2 * LLAMA.vocab_size * LLAMA.hidden_size
    norms = 2 * LLAMA.hidden_size * (2 * LLAMA.num_hidden_layers + 1)
    assert found.weight_bytes == 2 * num_total_params(LLAMA)
    assert found.read_bytes == found.weight_bytes - embedding - norms + found.cache_bytes


def test_a_tied_head_is_read_though_it_is_held_once():
    assert one_token(QWEN, 1, "bf16").read_bytes > 0.99 * one_token(QWEN, 1, "bf16").weight_bytes


def test_a_mixture_reads_its_chosen_experts():
    found = one_token(V3, 1, "bf16")
    routed = 2 * 58 * 44040192
    assert found.weight_bytes - found.read_bytes == pytest.approx(248 * routed, rel=0.01)


def test_the_cache_is_read_with_each_token():
    short, long = (one_token(V3, context) for context in (1, 65536))
    assert long.read_bytes - short.read_bytes == kv_cache_bytes(V3, [65536]) - kv_cache_bytes(V3, [1])
    assert long.weight_bytes == short.weight_bytes


def test_speed_follows_bandwidth_and_memory_decides_what_fits():
    token, card = one_token(LLAMA, 4096), load_accelerator("rtx-5090")
    found, doubled = speed(token, card), speed(token, read_accelerator("rtx-5090,hbm=3.584e12,memory=1e12"))
    assert not found.fits and doubled.fits
    assert doubled.most_tokens_per_s == pytest.approx(2 * found.most_tokens_per_s)
    assert 0 < found.least_tokens_per_s < found.most_tokens_per_s


@pytest.mark.parametrize("context", [0, -1, 1.5])
def test_a_context_that_is_none_is_refused(context):
    with pytest.raises(InputError, match="context"):
        one_token(V3, context)
