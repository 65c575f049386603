"""YaRN as the released code computes it, and as the paper writes it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, load_model
from moecalc.facts import tables
from moecalc.mechanisms.yarn import ramp_pairs, score_factor, wavelengths, yarn_pairs


def released(dim, factor, original, base, slow, fast):
    """Written after precompute_freqs_cis of deepseek-ai/DeepSeek-V3, with plain lists."""

    def correction(rotations):
        return dim * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(base))

    low, high = max(math.floor(correction(fast)), 0), min(math.ceil(correction(slow)), dim - 1)
    high += 0.001 if low == high else 0
    smooth = [1 - min(1, max(0, (i - low) / (high - low))) for i in range(dim // 2)]
    freqs = [1 / base ** (i / dim) for i in range(0, dim, 2)]
    return [freq / factor * (1 - one) + freq * one for freq, one in zip(freqs, smooth, strict=True)]


def test_v3_as_released():
    config = load_model("deepseek-v3")
    scaling = config.raw["rope_scaling"]
    settings = (
        scaling["factor"],
        scaling["original_max_position_embeddings"],
        config.raw["rope_theta"],
        scaling["beta_slow"],
        scaling["beta_fast"],
    )
    expected = released(config.qk_rope_head_dim, *settings)
    found = [pair["new_frequency"] for pair in yarn_pairs(config.qk_rope_head_dim, *settings)]
    assert found == pytest.approx(expected, rel=1e-12)
    assert settings[1:] == (4096, 10000, 1, 32)


def test_settings_are_those_of_the_report():
    """Section 4.3, and the config."""
    report, scaling = tables.by_subject("v3_report")["context extension"], load_model("deepseek-v3").raw["rope_scaling"]
    stated = [report[key].value for key in ("scale_s", "alpha", "beta")]
    assert stated == [scaling[key] for key in ("factor", "beta_slow", "beta_fast")]
    assert score_factor(scaling["factor"], scaling["mscale_all_dim"]) == pytest.approx(0.1 * math.log(40) + 1)


def test_bands_of_v3():
    assert ramp_pairs(64, 4096) == (10, 23)
    pairs = yarn_pairs(64, 40, 4096)
    assert [pair["pair"] for pair in pairs if pair["kept"] == 1] == list(range(11))
    assert [pair["pair"] for pair in pairs if pair["kept"] == 0] == list(range(23, 32))


def test_paper_ramp_by_rotations():
    for pair in yarn_pairs(64, 40, 4096, ramp="rotations"):
        assert (pair["kept"] == 1) == (pair["rotations"] >= 32)
        assert (pair["kept"] == 0) == (pair["rotations"] <= 1)


@given(
    st.sampled_from(["index", "rotations"]),
    st.integers(2, 64).map(lambda half: 2 * half),
    st.floats(1, 200),
    st.integers(256, 10**6),
    st.floats(100, 1e7),
)
def test_every_pair_lies_between_kept_and_stretched(ramp, dim, factor, original, base):
    pairs = yarn_pairs(dim, factor, original, base, ramp=ramp)
    assert [pair["wavelength"] for pair in pairs] == wavelengths(dim, base)
    for pair in pairs:
        ratio = pair["new_wavelength"] / pair["wavelength"]
        assert 1 - 1e-9 <= ratio <= factor * (1 + 1e-9)
        assert pair["frequency"] * pair["wavelength"] == pytest.approx(2 * math.pi)
    kept = [pair["kept"] for pair in pairs]
    assert kept == sorted(kept, reverse=True)


@given(st.sampled_from(["index", "rotations"]), st.integers(256, 10**6))
def test_a_stretch_of_one_changes_nothing(ramp, original):
    for pair in yarn_pairs(64, 1, original, ramp=ramp):
        assert pair["new_wavelength"] == pytest.approx(pair["wavelength"], rel=1e-12)
    assert score_factor(1) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: yarn_pairs(63, 40, 4096), "rope_dim must be an even number; found 63"),
        (lambda: yarn_pairs(64, 0.5, 4096), "factor must be at least 1; found 0.5"),
        (lambda: yarn_pairs(64, 40, 0), "original must be a whole number"),
        (lambda: yarn_pairs(64, 40, 4096, base=1), "base must be above 1; found 1"),
        (lambda: yarn_pairs(64, 40, 4096, alpha=32, beta=32), "beta must be above alpha 32; found 32"),
        (lambda: yarn_pairs(64, 40, 4096, ramp="dims"), "ramp must be one of index, rotations"),
        (lambda: score_factor(0.9), "factor must be at least 1"),
        (lambda: score_factor(40, float("nan")), "mscale must be a finite number"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)
