"""Times of kernels: within their errors on rows that no fit has seen, and no parameter without the rows behind it."""

import csv
from itertools import pairwise
from math import comb
from pathlib import Path
from statistics import median

import pytest

from moecalc import InputError
from moecalc.cli.kernel_rows import OPS, row_of, values_of
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator, read_accelerator
from moecalc.hardware.kernels import attention, decode, experts, gemm, parameters
from moecalc.hardware.kernels.attention import Heads
from moecalc.hardware.kernels.decode import attention_decode_time, mla_decode_time
from moecalc.hardware.kernels.experts import Experts, experts_time, loads_of
from moecalc.hardware.kernels.gemm import gemm_time
from moecalc.hardware.kernels.held_out import is_held_out, shape_of
from moecalc.hardware.roofline import Operator, rounded_time_s

ROOT = Path(__file__).parent.parent
SHAPES = {
    "gemm": gemm.GemmParameters,
    "moe": experts.ExpertParameters,
    "attention_prefill": attention.PrefillParameters,
    "attention_decode": decode.DecodeParameters,
    "mla_prefill": attention.PrefillParameters,
    "mla_decode": decode.MlaDecodeParameters,
}
KNOWN = tables.by_subject(parameters.TABLE)
SETS = [subject for subject in KNOWN if subject not in (parameters.SIBLING, parameters.OTHER)]
MEASURED = tables.facts("kernels_measured")
H100 = load_accelerator("h100-sxm")


def predicted(fact):
    """The estimate for a measured row."""
    kind, slug = fact.subject.split()
    return OPS[kind].time(load_accelerator(slug), values_of(kind, row_of(fact.quantity), "the row"))


def set_of(fact) -> dict:
    """What is known of the parameters that a measured row is predicted with."""
    kind, slug = fact.subject.split()
    row = row_of(fact.quantity)
    own = next(row[name] for name in ("gemm_dtype", "moe_dtype", "attn_dtype", "mla_dtype") if name in row)
    dtype = f"{own}-{row['kv_cache_dtype']}" if "kv_cache_dtype" in row else own
    return KNOWN[parameters.subject_of(kind, dtype, parameters.generation_of(load_accelerator(slug)))]


def with_set(fact) -> bool:
    """Whether a row's type has parameters of its own."""
    return getattr(experts.TYPES.get(row_of(fact.quantity).get("moe_dtype", "")), "like", "") == ""


def least_of(number: int, chance: float) -> int:
    """So few of a number of rows at the least, or it is no chance: fewer would come about once in a thousand times."""
    below = 0.0
    for count in range(number + 1):
        below += comb(number, count) * chance**count * (1 - chance) ** (number - count)
        if below > 1e-3:
            return count
    raise AssertionError


# --- what stands behind a parameter ----------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", SETS)
def test_every_parameter_has_its_source_and_the_rows_it_was_fitted_on(subject):
    assert parameters.complaints(KNOWN[subject], SHAPES) == []
    for fact in KNOWN[subject].values():
        assert fact.source in tables.sources() and "shapes whose SHA-256 is" in fact.locator and fact.status == "derived"


def test_a_parameter_without_rows_or_source_would_be_found():
    known = KNOWN["gemm bfloat16 hopper"]
    assert not parameters.complaints(known, SHAPES)
    without = {name: fact for name, fact in known.items() if name != "fitted_rows"}
    assert "lacks fitted_rows" in parameters.complaints(without, SHAPES)[0]
    more = {**known, "luck": known["compute"]}
    assert "no calculator reads luck" in parameters.complaints(more, SHAPES)[0]
    few = {**known, "fitted_rows": known["fitted_rows"]._replace(value=80)}
    assert "fewer than ten rows" in parameters.complaints(few, SHAPES)[0]
    many = {**known, **{f"more_{number}": known["compute"] for number in range(4)}}
    assert any("13 parameters" in one for one in parameters.complaints(many, SHAPES))
    row = dict(next(row for row in tables.rows(parameters.TABLE) if row["quantity"] == "compute"), source="")
    with pytest.raises(InputError, match="source is blank"):
        tables.fact(row, "row 7")


def test_no_fit_has_used_a_shape_that_is_held_out():
    with open(ROOT / "bench" / "kernel_fits.csv", encoding="utf-8", newline="") as file:
        fits = list(csv.DictReader(file))
    assert not [row for row in fits if is_held_out(row["shape"])]
    counted = {subject: 0 for subject in SETS}
    for row in fits:
        assert row["shape"].split()[0] == row["subject"].split()[0]
        counted[row["subject"]] += 1
    assert counted == {subject: KNOWN[subject]["fitted_shapes"].value for subject in SETS}


def test_a_fit_refuses_a_shape_that_is_held_out(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from bench.kernel_fit import fit
    from bench.kernel_kinds import KINDS, Row

    row = Row(None, {}, 1e-5, "gemm 7168 4096", "h100-sxm")
    assert is_held_out(row.shape)
    with pytest.raises(ValueError, match="gemm 7168 4096"):
        fit(KINDS["gemm"], [row])


def test_half_of_the_shapes_are_held_out():
    sizes = [2**power for power in range(5, 17)]
    shapes = [shape_of("gemm", {"n": n, "k": k}) for n in sizes for k in sizes]
    assert 0.4 < sum(map(is_held_out, shapes)) / len(shapes) < 0.6


# --- measured rows that no fit has seen ------------------------------------------------------------------------------


def test_the_measured_rows_are_held_out_and_five_of_each_kind_and_accelerator():
    counted = {}
    for fact in MEASURED:
        kind, slug = fact.subject.split()
        assert is_held_out(shape_of(kind, row_of(fact.quantity)))
        counted[kind, slug] = counted.get((kind, slug), 0) + 1
    slugs = ("a100-sxm", "h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72")
    assert counted == {(kind, slug): 5 for kind in SHAPES for slug in slugs}


@pytest.mark.parametrize("kind", SHAPES)
def test_errors_are_those_that_the_table_says(kind):
    facts = [fact for fact in MEASURED if fact.subject.split()[0] == kind and with_set(fact)]
    errors = [abs(predicted(fact).time_s / fact.to("s") - 1) for fact in facts]
    told = [set_of(fact) for fact in facts]
    within = [error <= known["held_out_nine_in_ten_error"].value / 100 for error, known in zip(errors, told, strict=True)]
    assert sum(within) >= least_of(len(facts), 0.9)
    assert median(errors) <= 1.5 * median(known["held_out_median_error"].value / 100 for known in told)


def test_eight_in_ten_measured_times_lie_in_their_intervals():
    inside = [(found := predicted(fact)).low_s <= fact.to("s") <= found.high_s for fact in MEASURED]
    assert least_of(len(inside), 0.8) <= sum(inside) <= len(inside) - least_of(len(inside), 0.2)


@pytest.mark.parametrize("kind", SHAPES)
def test_the_command_answers_a_file_row_by_row(kind, tmp_path, moecalc):
    facts = [fact for fact in MEASURED if fact.subject.split()[0] == kind]
    rows = [{"accelerator": fact.subject.split()[1], **row_of(fact.quantity), "latency_us": fact.value} for fact in facts]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with open(tmp_path / "rows.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    result = moecalc("kernels --json --op", kind, "--file", tmp_path / "rows.csv").json
    assert result["times_us"] == pytest.approx([1e6 * predicted(fact).time_s for fact in facts])
    assert result["rows"] == len(result["low_us"]) == len(facts)
    assert result["shown"][0]["measured_us"] == facts[0].value
    assert "more rows; --json has all" in moecalc("kernels --op", kind, "--file", tmp_path / "rows.csv").out


# --- properties ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bfloat16", "fp8", "fp8_block"])
def test_a_product_takes_longer_than_its_roofline_and_longer_the_larger_it_is(dtype):
    sizes = [64, 128, 256, 1024, 4096, 16384]
    for place in range(3):
        times = []
        for size in sizes:
            m, n, k = (size if number == place else 2048 for number in range(3))
            times.append(gemm_time(H100, m, n, k, dtype).time_s)
            peak = H100.peak_dense_bf16_flops_per_s if dtype == "bfloat16" else H100.peak_dense_fp8_flops_per_s
            assert times[-1] > Operator("gemm", 2 * m * n * k, n * k).time_s(peak, H100.memory_bandwidth_bytes_per_s)
        assert all(later >= 0.98 * earlier for earlier, later in pairwise(times))


def test_a_large_product_reaches_most_of_the_peak_and_one_row_reads_the_weights():
    large = gemm_time(H100, 8192, 8192, 8192).time_s
    assert 0.6 < 2 * 8192**3 / large / H100.peak_dense_bf16_flops_per_s < 0.9
    row = gemm_time(H100, 1, 16384, 16384).time_s
    assert 0.6 < 2 * 16384**2 / row / H100.memory_bandwidth_bytes_per_s < 0.95


def test_a_last_wave_costs_as_much_as_a_full_one():
    """On 132 SMs, 12 x 11 tiles of 128 x 256 fill one wave; one more row of tiles opens another."""
    full, more = (gemm_time(H100, m, 11 * 256, 16384).time_s for m in (12 * 128, 13 * 128))
    assert more / full > 1.15


def test_faster_memory_helps_decode_and_not_a_large_product():
    fast = H100._replace(memory_bandwidth_bytes_per_s=2 * H100.memory_bandwidth_bytes_per_s)
    heads = Heads(8, 1, 128, 128)
    slow_s, fast_s = (attention_decode_time(one, 256, 16384, heads).time_s for one in (H100, fast))
    assert fast_s < 0.8 * slow_s
    slow_s, fast_s = (gemm_time(one, 8192, 8192, 8192).time_s for one in (H100, fast))
    assert fast_s > 0.9 * slow_s


def test_a_window_and_shared_heads_save_time():
    whole, window = (attention_decode_time(H100, 64, 65536, Heads(32, 8, 128, 128, size)).time_s for size in (0, 1024))
    assert window < 0.5 * whole
    own = attention_decode_time(H100, 64, 8192, Heads(32, 32, 128, 128)).time_s
    assert attention_decode_time(H100, 64, 8192, Heads(32, 8, 128, 128)).time_s < 0.5 * own
    assert mla_decode_time(H100, 64, 8192, 128, "fp8").time_s > mla_decode_time(H100, 64, 8192, 16, "fp8").time_s


def test_experts_share_tokens_out():
    assert loads_of(4096, 8, 256, 8, "balanced") == (128.0,) * 32
    assert 0.9 * 1024 * 8 < sum(loads_of(1024, 8, 64, 1, "power_law_1.2")) <= 1024 * 8
    fullest = loads_of(1024, 8, 64, 8, "power_law_1.2")
    assert sum(fullest) > 1024 * 8 / 8 and max(fullest) <= 1024 and len(fullest) <= 8
    few, many = (experts_time(H100, Experts(tokens, 7168, 2048, 8, 256, ep=8), "fp8_block").time_s for tokens in (64, 16384))
    assert few < 0.3 * many
    split = experts_time(H100, Experts(16384, 7168, 2048, 8, 256, tp=8), "fp8_block").time_s
    assert split < experts_time(H100, Experts(16384, 7168, 2048, 8, 256), "fp8_block").time_s


@pytest.mark.parametrize("num_tokens", [1, 3, 16, 333, 4096, 10**6])
@pytest.mark.parametrize(
    ("topk", "num_experts", "ep"), [(8, 256, 1), (8, 256, 16), (6, 160, 8), (2, 8, 4), (1, 16, 16), (4, 60, 7)]
)
def test_loads_of_a_power_law_are_those_of_the_fullest_gpu(num_tokens, topk, num_experts, ep):
    for distribution in ("power_law_1.01", "power_law_1.2", "power_law_3"):
        loads = loads_of(num_tokens, topk, num_experts, ep, distribution)
        assert len(loads) <= num_experts // ep and min(loads) > 0
        assert max(loads) <= num_tokens  # a token chooses an expert once
        assert sum(loads) <= num_tokens * topk
        assert sum(loads) >= num_tokens * topk * (num_experts // ep) // num_experts  # no emptier than the mean
        if ep == 1:
            assert sum(loads) == num_tokens * topk
    steep, flat = (max(experts.power_law_counts(4096, topk, num_experts, exponent)) for exponent in (1.2, 0.5))
    assert steep >= flat


def test_a_tile_of_mxfp4_grows_with_the_tokens_of_a_local_expert():
    sizes = [experts.tile_if_local(tokens) for tokens in (0.1, 16, 17, 64, 65, 129, 1e9)]
    assert sizes == [16, 16, 64, 64, 128, 256, 256]
    b200 = load_accelerator("b200-sxm")
    times = [
        experts_time(b200, Experts(tokens, 7168, 3072, 6, 384, ep=16), "w4a8_mxfp4_mxfp8").time_s for tokens in (256, 260)
    ]
    assert times[1] > 1.1 * times[0]  # a larger tile, as measured


def test_little_work_and_single_heads_are_left_to_another_kernel():
    """On an A100, 128 heads that share 8 times 1 caches: too few parts for all SMs, until there are more sequences."""
    a100 = load_accelerator("a100-sxm")
    few, more = (attention_decode_time(a100, batch, 31, Heads(8, 1, 128, 128)).time_s for batch in (16, 32))
    assert more < few


def test_the_rounded_roofline_lies_between_the_longer_and_the_sum():
    assert max(2.0, 3.0) < rounded_time_s(2.0, 3.0, 2) < 5.0
    assert rounded_time_s(2.0, 3.0, 1) == rounded_time_s(3.0, 2.0, 1) == 5.0
    assert rounded_time_s(0.0, 0.0, 2) == 0.0


# --- accelerators that were not measured -----------------------------------------------------------------------------


def test_an_accelerator_with_the_same_chip_has_the_same_time_in_a_wider_interval():
    h800 = load_accelerator("h800-sxm")
    own, other = (gemm_time(one, 4096, 7168, 2048, "fp8_block") for one in (H100, h800))
    assert own.time_s == other.time_s and own.note == "" and "not measured on NVIDIA H800" in other.note
    assert other.low_s <= own.low_s and own.high_s <= other.high_s
    assert (other.low_s, other.high_s) != (own.low_s, own.high_s)


def test_numbers_typed_in_under_a_name_are_not_what_was_measured():
    found = gemm_time(read_accelerator("h100-sxm,hbm=5e12"), 16, 7168, 7168)
    assert found.time_s < gemm_time(H100, 16, 7168, 7168).time_s and "not measured" in found.note
    low, high = parameters.interval_of(parameters.OTHER)
    other = gemm_time(load_accelerator("mi300x"), 4096, 4096, 4096)  # it has FP8, but its compute units are others
    assert other.low_s <= low * other.time_s and other.high_s >= high * other.time_s


def test_one_that_is_typed_in_gets_times_with_an_interval_that_says_so():
    mine = read_accelerator("name=mine,bf16=400e12,fp8=800e12,hbm=2e12")
    found = gemm_time(mine, 4096, 4096, 4096)
    assert found.low_s < found.time_s < found.high_s
    assert "mine is taken to have 132 SMs" in found.note and "not measured on mine" in found.note
    assert parameters.generation_of(read_accelerator("bf16=300e12,hbm=2e12")) == "ampere"
    assert parameters.generation_of(read_accelerator("bf16=2000e12,hbm=8e12")) == "blackwell"


def test_a_type_that_was_not_measured_there_takes_the_parameters_of_another_generation():
    found = experts_time(load_accelerator("b200-sxm"), Experts(4096, 7168, 2048, 8, 256, ep=8), "bfloat16")
    assert "not measured on NVIDIA B200" in found.note and "h100-sxm and h200-sxm" in found.note
    low, high = parameters.interval_of(parameters.OTHER)
    assert found.low_s <= low * found.time_s and found.high_s >= high * found.time_s


# --- bad input -------------------------------------------------------------------------------------------------------

GEMM = "gemm_dtype=fp8,m=1,n=2,k=3"
HEADS = "attn_dtype=bfloat16,kv_cache_dtype=bfloat16,batch_size=1,isl=16,num_heads=8,num_key_value_heads=3,head_dim=128"
MOE = "moe_dtype=bfloat16,num_tokens=1,hidden_size=64,inter_size=64,topk=2,num_experts=8"
WRONG = [
    (("--op", "gem", "--row", GEMM), ("--op", "gemm, moe", "'gem'")),
    (("--op", "gemm"), ("--file or --row",)),
    (("--op", "gemm", "--row", GEMM), ("names no accelerator", "--gpu")),
    (("--op", "gemm", "--row", "m128", "--gpu", "h100-sxm"), ("column=value", "'m128'")),
    (("--op", "gemm", "--row", "gemm_dtype=fp8,m=1,n=2", "--gpu", "h100-sxm"), ("has no k", "gemm_dtype, m, n, k")),
    (("--op", "gemm", "--row", GEMM.replace("3", "x"), "--gpu", "h100-sxm"), ("k must be a whole number", "'x'")),
    (("--op", "gemm", "--row", GEMM.replace("3", "inf"), "--gpu", "h100-sxm"), ("k must be a whole number", "'inf'")),
    (("--op", "gemm", "--row", GEMM.replace("3", "0"), "--gpu", "h100-sxm"), ("k must be a whole number from 1", "found 0")),
    (("--op", "gemm", "--row", GEMM, "--gpu", "a100-sxm"), ("no dense FP8 peak of NVIDIA A100", "a100-sxm,fp8=")),
    (("--op", "gemm", "--row", GEMM.replace("fp8", "fp7"), "--gpu", "h100-sxm"), ("gemm_dtype", "fp8_block", "'fp7'")),
    (("--op", "gemm", "--row", GEMM, "--gpu", "h900"), ("no accelerator named 'h900'",)),
    (("--op", "gemm", "--file", "/nowhere.csv"), ("/nowhere.csv", "No such file", "CSV")),
    (("--op", "attention_prefill", "--row", HEADS, "--gpu", "h100-sxm"), ("multiple of num_key_value_heads", "8 and 3")),
    (("--op", "moe", "--row", f"{MOE},distribution=zipf", "--gpu", "h100-sxm"), ("power_law_", "'zipf'")),
    (("--op", "moe", "--row", MOE.replace("topk=2", "topk=9"), "--gpu", "h100-sxm"), ("topk", "from 1 to 8", "found 9")),
]


@pytest.mark.parametrize(("argv", "words"), WRONG)
def test_what_is_typed_in_wrongly_gets_one_sentence(argv, words, moecalc):
    told = moecalc("kernels", *argv)
    assert (told.code, told.out) == (2, "") and told.err.count("\n") == 1
    for word in words:
        assert word in told.err


def test_a_row_of_a_file_is_named(tmp_path, moecalc):
    (tmp_path / "rows.csv").write_text("accelerator,gemm_dtype,m,n,k\nh100-sxm,fp8,1,2,3\nh100-sxm,fp8,1,2,-3\n")
    told = moecalc("kernels --op gemm --file", tmp_path / "rows.csv")
    assert told.code == 2 and "row 3: k must be" in told.err
    (tmp_path / "rows.csv").write_text("accelerator,gemm_dtype,m,n,k\n")
    assert "0 rows below its heading" in moecalc("kernels --op gemm --file", tmp_path / "rows.csv").err
