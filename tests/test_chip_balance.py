"""Balance points of chips and kernels' FLOPs a byte: published ones, and by a second way."""

import pytest

from moecalc import load_accelerator, load_model
from moecalc.facts import tables
from moecalc.hardware.accelerator import from_facts
from moecalc.industry.balance import (
    ANNOUNCED,
    announced_chips,
    balance,
    chips,
    is_other_reading,
    most_flops_per_byte,
    reached_flops_per_s,
)
from moecalc.industry.kernel_intensity import PHASES, V3_TYPES, sends, serving_kernels, training_kernels
from moecalc.industry.measured_kernels import measured_kernels
from moecalc.serving.served_types import served_types

V3 = load_model("deepseek-v3")
TRAINING, PREFILL = training_kernels(V3), serving_kernels(V3, "prefill", 16384, 32)
DECODE = serving_kernels(V3, "decode", 128, 144)
#: FLOPs a byte of scale-up at the FP8 peak, as others computed them from the same makers' figures.
PUBLISHED = {
    "h800-sxm": 9895,
    "h100-sxm": 4398,
    "gb200-nvl72": 5556,
    "gb300-nvl72": 5556,
    "rubin-nvl72": 9722,
    "mi455x": 5556,
    "mi455x-as-dense": 11183,
    "tpu-v7": 7690,
    "trainium3": 1966,
    "maia-200": 3623,
    "mtia-400": 5000,
    "ascend-950dt-white-paper": 965,
    "ascend-950pr-white-paper": 858,
}


def chip(slug):
    return from_facts(slug, ANNOUNCED if slug in tables.by_subject(ANNOUNCED) else "accelerators")


@pytest.mark.parametrize(("slug", "expected"), PUBLISHED.items())
def test_published_balance_points(slug, expected):
    assert balance(chip(slug)).scale_up == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(("slug", "peak", "expected"), [("gb300-nvl72", "fp4", 16667), ("rubin-nvl72", "fp4", 19444)])
def test_published_balance_points_at_four_bits(slug, peak, expected):
    assert balance(chip(slug), peak).scale_up == pytest.approx(expected, abs=0.5)


def test_v4s_rule():
    assert most_flops_per_byte(V3) == 4096
    assert most_flops_per_byte(load_model("deepseek-v4-pro")) == 6144


def test_the_rule_is_what_experts_do_for_each_byte_that_a_copy_is_sent():
    """6 h d FLOPs of three matrices over 3 h bytes, from the kernels themselves."""
    experts = [one for one in TRAINING if one.name in ("experts, up", "experts, down")]
    copies = 4096 * V3.num_experts_per_tok
    assert sum(one.flops for one in experts) / (copies * 3 * V3.hidden_size) == most_flops_per_byte(V3)


def test_no_chip_is_announced_under_the_name_of_one_that_is_listed():
    listed = set(tables.by_subject("accelerators"))
    assert not listed & {one.slug for one in announced_chips()}
    assert sorted(one.slug for one in announced_chips() if is_other_reading(one.slug)) == [
        "ascend-950dt-white-paper",
        "ascend-950pr-white-paper",
        "mi455x-as-dense",
    ]
    assert not is_other_reading("h800-sxm") and len(chips()) >= 40


def test_a_roof_is_a_slope_and_then_level():
    h800 = load_accelerator("h800-sxm")
    roofs = h800.peak_dense_fp8_flops_per_s, h800.memory_bandwidth_bytes_per_s
    edge = balance(h800).memory
    assert reached_flops_per_s(edge, *roofs) == pytest.approx(roofs[0])
    assert reached_flops_per_s(edge / 4, *roofs) == pytest.approx(roofs[0] / 4)
    assert reached_flops_per_s(edge * 4, *roofs) == roofs[0]


def test_about_sixty_kernels_of_three_phases():
    assert [{one.phase for one in found} for found in (TRAINING, PREFILL, DECODE)] == [{phase} for phase in PHASES]
    assert 55 <= len(TRAINING + PREFILL + DECODE) <= 70
    assert served_types(V3, load_accelerator("h800-sxm")) == V3_TYPES
    for found in (TRAINING, PREFILL, DECODE):
        assert len({one.name for one in found}) == len(found)


def test_a_products_bytes_by_hand():
    of = {one.name: one for one in TRAINING}
    up = of["dense mlp, gate_proj"]  # gate and up at once
    assert (up.flops, up.num_bytes) == (2 * 4096 * 7168 * 36864, 4096 * 7168 + 7168 * 36864 + 2 * 4096 * 36864)
    attention = {one.name: one for one in DECODE}["attention on latents"]
    assert attention.flops == 2 * 128 * 4096 * 128 * (576 + 512)
    assert attention.num_bytes == 2 * 128 * (4096 * 576 + 128 * (576 + 512))


def test_more_tokens_feed_the_experts_and_leave_attention_as_it_is():
    few, many = ({one.name: one.intensity for one in serving_kernels(V3, "decode", batch, 144)} for batch in (16, 256))
    assert many["experts, up"] > 4 * few["experts, up"]
    assert many["attention on latents"] == pytest.approx(few["attention on latents"])


def test_a_domain_of_all_leaves_the_other_network_nothing():
    both, one = sends(V3, TRAINING, 4096, 64, 8), sends(V3, TRAINING, 4096, 64, 64)
    assert [each.link for each in both] == ["scale_up", "scale_out"] and [each.link for each in one] == ["scale_up"]
    assert one[0].flops == both[0].flops


def test_no_measured_kernel_breaks_the_roof_of_its_chip():
    for slug in ("a100-sxm", "h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72"):
        of, found = load_accelerator(slug), measured_kernels(slug)
        assert len(found) == 15
        for one in found:
            wide = of.peak_dense_bf16_flops_per_s
            peak = {"bfloat16": wide, "int8_wo": wide, "int4_wo": wide, "nvfp4": of.peak_dense_fp4_flops_per_s}
            peak |= {"fp8": of.peak_dense_fp8_flops_per_s, "fp8_block": of.peak_dense_fp8_flops_per_s, "sq": 2 * wide}
            # what stays in the second-level cache from one call to the next is not read again
            assert one.flops_per_s <= peak[one.dtype], one
    assert measured_kernels("h800-sxm") == []
