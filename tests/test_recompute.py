"""What recompute and an average on the CPU cost for what they free: by hand, by other routes, on other models, bad input."""

import pytest

from moecalc import InputError, load_model
from moecalc.hardware.accelerator import load_accelerator, read_accelerator
from moecalc.hardware.kernels.gemm import gemm_time
from moecalc.training.activation_policy import ActivationPolicy
from moecalc.training.activations import ActivationCut
from moecalc.training.cpu_average import Links, cpu_average, layout_average
from moecalc.training.layout import Layout
from moecalc.training.memory import Batch, memory
from moecalc.training.memory_examples import V3_LAYOUT
from moecalc.training.mfu import recomputed_flops_per_token
from moecalc.training.recompute import TIMED, again, again_time, moving_time, recompute_trades

V3, LLAMA = load_model("deepseek-v3"), load_model("llama-3.1-8b")
H800 = load_accelerator("h800-sxm")
MOE, DENSE = V3.anatomy.layers[-1], V3.anatomy.layers[0]
HIDDEN, HEADS = 7168, 128


def trades(config=V3, layout=V3_LAYOUT, recipe="deepseek-v3", micro_batches=120, **how):
    return {one.name: one for one in recompute_trades(config, H800, layout, recipe, micro_batches, **how)}


def test_bytes_of_v3_by_hand():
    assert again(V3, DENSE, "norm").moved == 2 * (2 + 2) * HIDDEN
    assert again(V3, MOE, "norm").moved == 2 * (2 + 2) * HIDDEN + (4 + 2) * HIDDEN, "the router reads in FP32"
    assert again(V3, DENSE, "swiglu").moved == 3 * 2 * 18432
    assert again(V3, MOE, "swiglu").moved == 3 * 2 * 2048 * (8 + 1)
    latents, turned, key = 4 * (1536 + 512), HEADS * 64, HEADS * 192
    assert again(V3, MOE, "mla-up").moved == latents + 4 * turned + 2 * HEADS * 128 + 2 * key


def test_flops_are_those_that_hfu_adds():
    with_mtp = sum(again(V3, block, "mla-up").flops for block in V3.anatomy.layers)
    assert with_mtp == recomputed_flops_per_token(V3, 4096, "mla-up")
    assert trades()["mla-up"].flops_per_token == with_mtp + again(V3, MOE, "mla-up").flops, "and the MTP module's layer"


def test_bytes_freed_are_those_of_the_memory_calculator():
    freed = sum(one.freed_bytes for one in trades().values())
    whole, less = (
        memory(V3, V3_LAYOUT, "deepseek-v3", policy=ActivationPolicy(names)).ranks[8].activations for names in ((), TIMED)
    )
    assert freed == whole - less, "they have no tensor in common"


def test_time_is_that_of_its_products_and_of_moving():
    work = again(V3, MOE, "mla-up")
    found = again_time(H800, work, 4096, "fp8_block")
    products = [gemm_time(H800, 4096, one.n, one.k, "fp8_block") for one in work.products]
    parts = [*products, moving_time(H800, work.moved * 4096, work.kernels)]
    for at in range(3):
        assert found[at] == pytest.approx(sum(one[at] for one in parts))
    least = work.flops * 4096 / H800.peak_dense_fp8_flops_per_s
    assert found.time_s > least


def test_no_move_is_faster_than_memory_allows_but_at_the_lower_end():
    found = moving_time(H800, 10**9)
    assert found.time_s > 10**9 / H800.memory_bandwidth_bytes_per_s
    assert found.low_s / found.time_s < 0.7 and found.high_s / found.time_s > 1.5, "the interval of what was not measured"


def test_a_step_is_so_many_layers_of_so_many_micro_batches():
    one, two = trades(micro_batches=120), trades(micro_batches=240)
    layer = again_time(H800, again(V3, MOE, "mla-up"), 4096).time_s
    assert one["mla-up"].time_s == pytest.approx(layer * 62 * 120 / 16)
    for name in TIMED:
        assert one[name].low_s < one[name].time_s < one[name].high_s
        assert two[name].time_s == pytest.approx(2 * one[name].time_s)


def test_tensor_parallelism_cuts_what_it_cuts():
    halved = again(V3, MOE, "mla-up", ActivationCut(tp=2))
    assert [one.n for one in halved.products] == [12288, 16384] and [one.k for one in halved.products] == [1536, 512]
    for name in ("norm", "swiglu"):
        assert again(V3, MOE, name, ActivationCut(tp=2)).moved == pytest.approx(again(V3, MOE, name).moved / 2, rel=1e-3)


def test_another_model_has_what_it_has():
    found = trades(LLAMA, Layout(pp=4, dp=2), "bf16", 8, batch=Batch(1, 8192))
    assert list(found) == ["norm", "swiglu"]
    assert all(one.flops_per_token == 0 and one.freed_bytes > 0 and one.time_s > 0 for one in found.values())
    assert again(LLAMA, LLAMA.anatomy.layers[0], "mla-up").products == ()
    typed = read_accelerator("bf16=400e12,hbm=2e12")
    assert again_time(typed, again(LLAMA, LLAMA.anatomy.layers[0], "swiglu"), 4096).note


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: again(V3, MOE, "router"), "recompute must be one of norm, mla-up, swiglu"),
        (lambda: again_time(H800, again(V3, MOE, "norm"), 0), "tokens must be a whole number"),
        (lambda: again_time(H800, again(V3, MOE, "norm"), 64, "fp4"), "dtype must be one of bfloat16, fp8_block"),
        (lambda: trades(micro_batches=0), "num_micro_batches must be"),
        (lambda: cpu_average(-1, 4, 4, Links(1e9, 1e9)), "num_params must be"),
        (lambda: cpu_average(1, 4, 4, Links(0, 1e9)), "pcie must be"),
        (lambda: cpu_average(1, 0, 4, Links(1e9, 1e9)), "sent_width must be"),
        (lambda: cpu_average(1, 4, 4, Links(1e9, 1e9)).share_of_pcie(0), "step_s must be"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


LINKS = Links(pcie=54e9, host_memory=320e9, gpus=8, hbm=3.35e12)


def test_the_average_of_v3_is_the_one_that_memory_counts():
    found = layout_average(V3, V3_LAYOUT, "deepseek-v3", LINKS)
    held = max(one.states.ema_cpu for one in memory(V3, V3_LAYOUT, "deepseek-v3").ranks)
    assert found.freed_bytes == found.sent_bytes == held and found.host_bytes == 8 * held
    assert found.copy_s == held / 54e9 and found.host_s == 8 * 4 * held / 320e9
    assert found.hidden(19.926) and found.share_of_pcie(19.926) < 0.01


def test_whole_copies_are_larger_by_the_replicas():
    shard, whole = (layout_average(V3, V3_LAYOUT, "deepseek-v3", LINKS, one) for one in (True, False))
    assert 4 < whole.num_params / shard.num_params < 256, "experts have few replicas, the rest many"
    assert whole.sent_bytes == 2 * whole.num_params and whole.freed_bytes == 4 * whole.num_params


def test_a_slow_link_is_not_hidden():
    found = cpu_average(10**9, 4, 4, Links(pcie=1e9, host_memory=320e9))
    assert found.copy_s == 4 and found.done_s == 4 and not found.hidden(3.9) and found.hidden(4)
    assert found.on_gpu_s is None
