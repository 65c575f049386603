"""Formats of few bits, scales and accumulators, against exact fractions and the values of fp8.json."""

import json
import math
from fractions import Fraction
from operator import mul
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, load_model
from moecalc.numerics.accumulation import (
    MODELS,
    Accumulator,
    dot,
    exact_sums,
    partial_sums,
    product_in,
    scaled_to,
)
from moecalc.numerics.experiments import losses, outlier_cases, poisoned, sum_errors
from moecalc.numerics.formats import E4M3, FORMATS, FloatFormat, codes, decoded, rounded
from moecalc.numerics.matrices import (
    product,
    random_matrix,
    random_vectors,
    relative_error,
    with_outliers,
    without,
)
from moecalc.numerics.scaling import GRANULARITIES, Block, check_matrix, quantised
from moecalc.training.mixed_precision import gain_by_flops, gain_by_time, v3_gains

TRUTH = json.loads((Path(__file__).parent / "truth" / "fp8.json").read_text(encoding="utf-8"))
INPUTS = [row[0] for row in TRUTH["rounding"]]
SMALL = [FORMATS[name] for name in ("e4m3", "e5m2", "e5m6")]
OTHERS = [FloatFormat("e2m1", 2, 1, "none"), FloatFormat("e3m2", 3, 2, "none"), FloatFormat("fp16", 5, 10)]
ANY = st.sampled_from([*FORMATS.values(), *OTHERS])
NUMBERS = st.floats(-1e6, 1e6)


def column(name: str) -> list:
    place = TRUTH["rounding_columns"].index(name)
    return [row[place] for row in TRUTH["rounding"]]


def nearest(x: float, fmt: FloatFormat) -> float:
    """The nearest number, ties to the even code, by exact fractions and without bit tricks."""
    x = Fraction(max(-fmt.largest, min(x, fmt.largest)))
    exponent = 1 - fmt.bias
    while abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    quantum = Fraction(2) ** (exponent - fmt.mantissa_bits)
    return float(round(x / quantum) * quantum)


def numbers_of(fmt: FloatFormat) -> list:
    """All finite numbers from 0 up."""
    return [decoded(code, fmt) for code in range(fmt.largest_code + 1)]


# --- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e5m6"])
def test_roundings_and_limits_of_the_truth(name, moecalc, tmp_path):
    fmt, limits = FORMATS[name], TRUTH["limits"][name]
    assert rounded(INPUTS, fmt) == column(name)
    assert (fmt.largest, fmt.smallest_normal, fmt.smallest_subnormal) == tuple(limits.values())
    file = tmp_path / "values.json"
    file.write_text(json.dumps(INPUTS))
    told = moecalc(f"round --format {name} --json --values", file).json
    assert told["rounded"] == column(name)
    assert [decoded(code, fmt) for code in told["codes"]] == column(name)
    if name == "e4m3":
        assert told["codes"] == codes(INPUTS, fmt) == column("e4m3 code")


def test_every_code_of_e4m3():
    fmt = FORMATS["e4m3"]
    for code, number in enumerate(TRUTH["e4m3_codes"]):
        found = decoded(code, fmt)
        if number is None:
            assert math.isnan(found)
        else:
            assert found == number and codes([found], fmt) == [code]
    assert math.copysign(1, decoded(128, fmt)) == -1


@pytest.mark.parametrize("fmt", [*SMALL, *OTHERS], ids=lambda fmt: fmt.name)
def test_numbers_stay_and_ties_go_to_the_even_code(fmt):
    numbers = numbers_of(fmt)
    assert numbers == sorted(set(numbers)) and rounded(numbers, fmt) == numbers
    assert codes(numbers, fmt) == list(range(len(numbers)))
    between = [(one + other) / 2 for one, other in zip(numbers, numbers[1:], strict=False)]
    even = [numbers[code + code % 2] for code in range(len(between))]
    assert rounded(between, fmt) == even
    assert rounded([-x for x in between], fmt) == [-x for x in even]
    above = [math.nextafter(x, math.inf) for x in between]
    assert rounded(above, fmt) == numbers[1:]
    assert rounded([math.nextafter(x, 0) for x in between], fmt) == numbers[:-1]


@given(NUMBERS, ANY)
def test_rounding_is_to_the_nearest(x, fmt):
    found = rounded([x], fmt)[0]
    assert found == nearest(x, fmt) == -rounded([-x], fmt)[0]
    assert math.copysign(1, found) == math.copysign(1, x)
    assert decoded(codes([x], fmt)[0], fmt) == found


def test_rounding_over_the_whole_range_of_bf16():
    values = [s * m * 2.0**e for s in (1, -1) for m in (1, 1.50390625, 1.9999999) for e in range(-145, 140, 3)]
    assert rounded(values, FORMATS["bf16"]) == [nearest(x, FORMATS["bf16"]) for x in values]


def test_fp32_rounds_as_float32_does():
    import struct

    values = [x * 1.0000001 for x in random_matrix("gauss", 3, 1, 500)[0]] + [1e-45, 1e-40, 3.4e38, 2**24 + 1]
    assert rounded(values, FORMATS["fp32"]) == [struct.unpack("f", struct.pack("f", x))[0] for x in values]


def test_bf16_is_the_upper_half_of_fp32():
    values = random_matrix("gauss", 4, 1, 200)[0]
    held = rounded(values, FORMATS["bf16"])
    assert all(code % 2**16 == 0 for code in codes(held, FORMATS["fp32"]))
    assert [code >> 16 for code in codes(held, FORMATS["fp32"])] == codes(values, FORMATS["bf16"])


def test_infinity_and_nan_have_codes_but_no_rounding():
    e5m2 = FORMATS["e5m2"]
    assert decoded(0b01111100, e5m2) == math.inf and math.isnan(decoded(0b01111101, e5m2))
    assert decoded(0b11111100, e5m2) == -math.inf and decoded(0b01111011, e5m2) == e5m2.largest == rounded([1e300], e5m2)[0]


# --- scales ----------------------------------------------------------------------------------------------------------


def matrices_of(case: dict) -> tuple:
    """(activations, weights, the rest of the activations) of a case of the truth."""
    made, weight = case["matrix"], case["weight"]
    law = "uniform" if made["kind"] == "uniform" else "gauss"
    scale_bits = 12 if made["kind"] == "row_scale" else 0
    matrix = random_matrix(law, made["seed"], made["rows"], made["columns"], scale_bits)
    hit = made.get("row"), made.get("column")
    if "factor" in made:
        matrix = with_outliers(matrix, made["factor"], *hit)
    weights = random_matrix("gauss", weight["seed"], weight["rows"], weight["columns"], std=weight["std"])
    return matrix, weights, lambda one: without(one, *hit)


RECIPES = {
    "fine": ("e4m3", "tile", "block", False),
    "fine_pow2": ("e4m3", "tile", "block", True),
    "per_row": ("e4m3", "row", "row", False),
    "per_tensor": ("e4m3", "tensor", "tensor", False),
    "fine_e5m2": ("e5m2", "tile", "block", False),
    "activation_e5m6_pow2": ("e5m6", "tile", None, True),
}


@pytest.mark.parametrize("case", TRUTH["tiles"], ids=lambda case: case["matrix"]["kind"])
def test_errors_of_the_truth(case):
    matrix, weights, rest = matrices_of(case)
    assert [*matrix[0][:2], matrix[-1][-1]] == case["first_values"]
    exact = product(matrix, weights)
    assert set(case["results"]) == set(RECIPES)
    for name, expected in case["results"].items():
        fmt, of_matrix, of_weights, power_of_two = RECIPES[name]
        a = quantised(matrix, FORMATS[fmt], GRANULARITIES[of_matrix], power_of_two)
        found = {"activation_error": relative_error(a.values, matrix), "underflows": a.num_underflows}
        found["activation_error_rest"] = relative_error(rest(a.values), rest(matrix))
        found["activation_scales"] = a.scales
        if of_weights:
            w = quantised(weights, FORMATS[fmt], GRANULARITIES[of_weights], power_of_two)
            found["weight_error"] = relative_error(w.values, weights)
            found["weight_scales"] = w.scales
            found["gemm_error"] = relative_error(product(a.values, w.values), exact)
        for key, value in expected.items():
            assert found[key] == (value if isinstance(value, list) else pytest.approx(value, rel=1e-6, abs=0)), (name, key)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 5), st.integers(1, 10), st.booleans())
def test_a_scale_for_each_block_and_no_entry_beyond_it(rows, columns, height, width, power_of_two):
    matrix = random_matrix("gauss", 7, rows, columns)
    found = quantised(matrix, FORMATS["e4m3"], Block(height, width), power_of_two)
    assert [len(row) for row in found.scales] == [math.ceil(columns / width)] * math.ceil(rows / height)
    for i, row in enumerate(matrix):
        for j, x in enumerate(row):
            scale = found.scales[i // height][j // width]
            assert abs(x) <= math.nextafter(448 * scale, 1e9) and found.values[i][j] == found.stored[i][j] * scale
            assert found.stored[i][j] == nearest(x / scale, FORMATS["e4m3"])
            assert not power_of_two or math.frexp(scale)[0] == 0.5


def test_finer_scales_never_add_underflows_and_zeros_have_a_scale():
    matrix = with_outliers(random_matrix("gauss", 5, 4, 256), 1e6, column=3)
    counts = [quantised(matrix, FORMATS["e4m3"], GRANULARITIES[name]).num_underflows for name in ("tensor", "row", "tile")]
    assert counts == sorted(counts, reverse=True) and counts[0] > 2 * counts[-1] > 0
    zeros = quantised([[0.0] * 4], FORMATS["e4m3"], GRANULARITIES["tile"], power_of_two=True)
    assert (zeros.scales, zeros.values, zeros.num_underflows) == ([[1.0]], [[0.0] * 4], 0)


def test_a_delayed_scale_saturates_where_an_online_one_does_not():
    before = random_matrix("gauss", 1, 2, 128)
    after = with_outliers(before, 10.0, row=1, column=5)
    fmt, tensor = FORMATS["e4m3"], GRANULARITIES["tensor"]
    online = quantised(after, fmt, tensor)
    delayed = quantised(after, fmt, tensor, scales=quantised(before, fmt, tensor).scales)
    assert (online.num_saturated, delayed.num_saturated) == (0, 1)
    assert relative_error(delayed.values, after) > 3 * relative_error(online.values, after)


# --- accumulators ----------------------------------------------------------------------------------------------------


def vectors_of(case: dict) -> list:
    made = random_vectors(case["distribution"], case["seed"], case["K"], 2)
    return [scaled_to(one, FORMATS["e4m3"]) for one in made]


@pytest.mark.parametrize("case", TRUTH["accumulation"], ids=lambda case: f"{case['distribution']}-{case['K']}")
def test_sums_of_the_truth(case):
    a, b = vectors_of(case)
    assert a[:3] == case["first_a"]
    exact = exact_sums(list(map(mul, a, b)), 32)[-1]
    assert exact == case["exact"] == sum(Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True))
    for model in MODELS:
        for name, every in (("none", None), ("promote128", 128)):
            found = dot(a, b, Accumulator(model, promote_every=every))
            assert found == case[f"{model}_{name}"]
            assert abs(found / exact - 1) == pytest.approx(case["relative_error"][f"{model}_{name}"], rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("model", MODELS)
def test_a_wide_accumulator_is_exact_and_a_narrow_one_is_not(model):
    a, b = (scaled_to(one, FORMATS["e4m3"]) for one in random_vectors("uniform", 9, 256, 2))
    exact = exact_sums(list(map(mul, a, b)), 32)[-1]
    errors = [abs(dot(a, b, Accumulator(model, bits)) - exact) for bits in (8, 14, 40)]
    assert errors[0] > errors[1] > errors[2] == 0


@given(st.integers(1, 200), st.sampled_from(MODELS), st.sampled_from([None, 32, 64]), st.integers(6, 20))
def test_a_sum_keeps_its_bits_and_truncation_never_exceeds_it(num, model, every, bits):
    a, b = random_vectors("uniform", num, num, 2)
    a, b = (rounded(one, FORMATS["e4m3"]) for one in (a, b))
    how = Accumulator(model, bits, promote_every=every)
    sums = partial_sums(list(map(mul, a, b)), how)
    exact = exact_sums(list(map(mul, a, b)), 32)
    assert len(sums) == len(exact) == math.ceil(num / 32)
    if not every:
        assert all((math.frexp(x)[0] * 2**bits).is_integer() for x in sums)
    if model == "aligned":
        assert all(x <= y * (1 + 2**-23) for x, y in zip(sums, exact, strict=True))
    assert dot([-x for x in a], b, how) == -sums[-1]  # both models treat the signs alike


def test_promotion_bounds_the_error_that_grows_without_it():
    grown = {}
    for size in (1024, 4096):
        a, b = (scaled_to(one, FORMATS["e4m3"]) for one in random_vectors("uniform", 3, size, 2))
        exact = exact_sums(list(map(mul, a, b)), 32)[-1]
        grown[size] = [abs(dot(a, b, Accumulator(promote_every=every)) / exact - 1) for every in (None, 128)]
    assert grown[4096][0] > 3 * grown[1024][0] > 0.02
    assert grown[4096][1] < 1e-3


@pytest.mark.parametrize(("rows", "columns"), [("tile", "block"), ("tensor", "tensor"), ("row", "row")])
def test_a_product_in_a_wide_accumulator_is_that_of_the_values(rows, columns):
    a = quantised(random_matrix("gauss", 1, 3, 384), FORMATS["e4m3"], GRANULARITIES[rows])
    w = quantised(random_matrix("gauss", 2, 5, 384), FORMATS["e4m3"], GRANULARITIES[columns])
    exact = product(a.values, w.values)
    assert relative_error(product_in(a, w, Accumulator("rounded", 40, promote_every=128)), exact) < 1e-6
    narrow = relative_error(product_in(a, w, Accumulator("aligned", 10, promote_every=128)), exact)
    assert 1e-4 < narrow < 1e-1


def test_a_product_under_one_scale_is_the_dot_product_times_both():
    a = quantised(random_matrix("gauss", 1, 2, 160), FORMATS["e4m3"], GRANULARITIES["tensor"])
    w = quantised(random_matrix("gauss", 2, 2, 160), FORMATS["e4m3"], GRANULARITIES["tensor"])
    found = product_in(a, w, Accumulator())
    scale = a.scales[0][0] * w.scales[0][0]
    expected = [[dot(x, y, Accumulator()) * scale for y in w.stored] for x in a.stored]
    assert found == [rounded(row, FORMATS["fp32"]) for row in expected]


# --- what the page on FP8 finds ---------------------------------------------------------------------------------------


def test_few_bits_lose_what_the_models_say_and_promotion_mends_it():
    """The report's "nearly 2 %" at 4,096 elements lies between the two models."""
    for law in ("uniform", "abs_gauss"):
        found = sum_errors(law, 4096, E4M3, 128)
        assert 0.065 < found.aligned < 0.0755
        assert 1e-4 < found.rounded < 2.1e-4 and found.rounded_promoted < 1e-5
        assert found.aligned_promoted == pytest.approx(6e-4, rel=0.15)
    assert (
        sum_errors("uniform", 4096, E4M3, 128, bits=15).aligned > 0.02 > sum_errors("uniform", 4096, E4M3, 128, 16).aligned
    )


def test_scales_of_tiles_gain_nothing_without_outliers_and_much_with_far_ones():
    cases = outlier_cases((0, 1e3, 1e4, 1e6), "channel", E4M3)
    _, plain = cases[0]
    assert max(plain.values()) - min(plain.values()) < 0.004 and plain["tile"] == pytest.approx(0.037, abs=0.002)
    for size in (0, 1e3, 1e4):
        rest = [cases[size][0][name].error for name in ("tensor", "row", "block", "tile")]
        assert max(rest) < 1.1 * min(rest)
    far, _ = cases[1e6]
    assert far["tensor"].error > 0.9 > 0.5 > far["block"].error > far["tile"].error > far["group"].error


@pytest.mark.parametrize("place", ["entry", "channel", "token"])
def test_the_largest_outlier_has_the_size_that_is_asked_for(place):
    case = poisoned(1e5, place, row=2, column=70)
    assert max(abs(x) for row in case.activations for x in row) == pytest.approx(1e5)
    assert (
        relative_error(
            without(case.activations, case.row, case.column), without(poisoned().activations, case.row, case.column)
        )
        == 0
    )


@pytest.mark.parametrize("place", ["entry", "channel", "token"])
def test_errors_of_cells_are_those_of_the_rest(place):
    case = poisoned(1e5, place, row=2, column=70)
    rest = without(case.activations, case.row, case.column)
    for name, lost in losses(case, E4M3).items():
        values = without(quantised(case.activations, E4M3, GRANULARITIES[name]).values, case.row, case.column)
        assert lost.error == pytest.approx(relative_error(values, rest))
        cell = [[row[64:96]] for row in (values[5], rest[5])]
        assert lost.cells[5][2] == pytest.approx(relative_error(*cell))


def test_gains_of_fp8_fall_from_the_peaks_to_measured_kernels():
    gains = v3_gains(load_model("deepseek-v3"), 4096)
    assert [one.gain for one in gains] == sorted((one.gain for one in gains), reverse=True)
    assert gains[0].gain == 1 and gains[-1].gain < 0.30 < gains[-2].gain
    assert gain_by_flops(0.0) == 0 and gain_by_time(10, 0, 0) == 0
    assert gain_by_time(10, 10, 0) == gain_by_flops(1.0)  # nothing but products
    # from the BF16 step's share of FLOPs, or from the FP8 step's time, it is the same
    assert gain_by_time(0.5 + 0.25, 0.25, 0) == pytest.approx(gain_by_flops(0.5))


# --- bad input -------------------------------------------------------------------------------------------------------

ROW = [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rounded([1.0], FloatFormat("e11m52", 11, 52)), ("exponent_bits", "found 11", "from 2 to 8")),
        (lambda: rounded([1.0], FloatFormat("e4m0", 4, 0)), ("mantissa_bits", "found 0", "from 1 to 23")),
        (lambda: rounded([1.0], FloatFormat("e4m3", 4, 3, "inf")), ("specials", "ieee, nan, none")),
        (lambda: decoded(256, E4M3), ("code", "found 256", "from 0 to 255")),
        (lambda: quantised(ROW, E4M3, Block(0, 128)), ("rows of a block", "found 0")),
        (lambda: quantised(ROW, E4M3, Block(1, 1), scales=[[1.0]]), ("scales", "block 0, 1")),
        (lambda: quantised(ROW, E4M3, Block(1, 2), scales=[[0.0]]), ("scales", "above 0", "found 0.0")),
        (lambda: check_matrix("a", [[1.0], [1.0, 2.0]]), ("a must be rows", "2 rows of 1, 2 numbers")),
        (lambda: check_matrix("a", [[]]), ("a must be rows", "1 rows of 0 numbers")),
        (lambda: check_matrix("a", [1.0]), ("a must be a list of rows", "[1.0]")),
        (lambda: check_matrix("a", [[math.nan]]), ("finite", "found nan at place 0")),
        (lambda: random_matrix("cauchy", 1, 2, 2), ("law", "'cauchy'", "gauss, uniform")),
        (lambda: random_matrix("gauss", 1, 10**4, 10**4), ("columns", "found 10000", "from 1 to 100")),
        (lambda: with_outliers(ROW, 10.0, row=1), ("row", "found 1", "from 0 to 0")),
        (lambda: product(ROW, [[1.0]]), ("equally many columns", "found 2 and 1")),
        (lambda: gain_by_flops(1.2), ("share", "found 1.2", "from 0 to 1")),
        (lambda: gain_by_time(10, 9, 2), ("casts", "found 2", "from 0 to 1")),
        (lambda: gain_by_time(0, 0, 0), ("step", "above 0")),
        (lambda: poisoned(1e5, "row"), ("place", "'row'", "entry, channel, token")),
        (lambda: dot([1.0], [1.0, 2.0], Accumulator()), ("equally many entries", "found 1 and 2")),
        (lambda: dot([1.0], [1.0], Accumulator("exact")), ("model", "'exact'", "aligned, rounded")),
        (lambda: dot([1.0], [1.0], Accumulator(significant_bits=60)), ("significant_bits", "found 60", "from 2 to 40")),
        (lambda: dot([1.0], [1.0], Accumulator(promote_every=100)), ("promote_every", "multiple of the 32", "found 100")),
    ],
)
def test_refused(call, words):
    with pytest.raises(InputError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)
