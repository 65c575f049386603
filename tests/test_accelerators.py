"""Accelerators: the maker's number first, names as people and drivers write them, and one typed in."""

import pytest

from moecalc import InputError, load_accelerator
from moecalc.facts import tables
from moecalc.hardware.accelerator import EXAMPLE, TYPED, accelerator_facts, load_accelerators, read_accelerator
from moecalc.model.config import load_model
from moecalc.serving.decode import decode_step
from moecalc.serving.mla_decode import step_by_form

#: Read in the documents of the makers, or in what their drivers print.
KNOWN = [
    ("tpu-v6e", "peak_dense_bf16_flops_per_s", 918e12),
    ("tpu-v5p", "memory_bytes", 95e9),
    ("tpu-v5p", "memory_bandwidth_bytes_per_s", 2765e9),
    ("h100-sxm", "memory_bytes", 81_559 * 2**20),
    ("h100-sxm", "data_sheet_memory_bytes", 80e9),
    ("h100-sxm", "peak_dense_fp8_flops_per_s", 1979e12),
    ("h200-sxm", "memory_bytes", 143_771 * 2**20),
    ("b200-sxm", "num_sms", 148),
    ("b200-sxm", "scale_out_bandwidth_bytes_per_s", 50e9),
    ("gb200-nvl72", "memory_bytes", 189_471 * 2**20),
    ("b300-sxm", "peak_dense_fp4_flops_per_s", 13_500e12),
    ("mi300x", "peak_dense_bf16_flops_per_s", 1307.4e12),
    ("rtx-4090", "peak_dense_fp8_flops_per_s", 330.3e12),
    ("t4", "peak_dense_bf16_flops_per_s", None),
    ("t4", "peak_dense_fp16_flops_per_s", 65e12),
    ("a6000", "data_sheet_memory_bytes", None),  # its data sheet was not read
    ("trainium3", "peak_dense_fp8_flops_per_s", 2517e12),
    ("mi250x", "memory_bytes", 2 * 65_520 * 2**20),
]
#: What people have.
WANTED = {
    *("a100-sxm-40gb", "a10g", "a40", "a6000", "l4", "l40s", "t4", "v100-sxm-16gb", "v100-sxm-32gb", "rtx-3090", "rtx-4090"),
    *("rtx-5090", "rtx-6000-ada", "rtx-pro-6000", "tpu-v5e", "trainium1", "trainium2", "trainium3", "gaudi3", "mi250x"),
    *("mi455x", "rubin-nvl72", "ascend-950dt"),
}


#: Once taken from a textbook or from nowhere: accelerator, quantity, the maker's value in the unit of the table.
MENDED = [
    *[(slug, f"peak_dense_{kind}", 1979) for slug in ("h100-sxm", "h200-sxm") for kind in ("fp8", "int8")],
    ("b200-sxm", "num_sms", 148),
    ("b200-sxm", "scale_out_bandwidth", 400),
    ("gb200-nvl72", "scale_out_bandwidth", 400),
    ("gb200-nvl72", "memory", 186),
    ("b300-sxm", "peak_dense_fp4", 13_500),
    ("b300-sxm", "memory", 270),
    ("b300-sxm", "memory_bandwidth", 7.7),
    ("gb300-nvl72", "memory", 279),
    ("rtx-4090", "peak_dense_fp8", 330.3),
    ("rtx-5090", "peak_dense_fp8", 419),
    ("rtx-5090", "peak_dense_fp4", 1676),
    ("mi300x", "peak_dense_int8", 2614.9),
    ("mi355x", "peak_dense_fp4", 10_066),
    ("mi355x", "scale_up_bandwidth", 537.6),
    ("tpu-v5p", "memory", 95),
    ("tpu-v5p", "memory_bandwidth", 2.765),
    ("tpu-v5p", "scale_up_bandwidth", 600),
    ("tpu-v5p", "peak_dense_fp8", 459),
    ("tpu-v6e", "peak_dense_bf16", 918),
    ("tpu-v6e", "peak_dense_int8", 1836),
    ("tpu-v6e", "memory_bandwidth", 1.638),
    ("tpu-v6e", "scale_up_bandwidth", 400),
    ("tpu-v7", "peak_dense_bf16", 2307),
    ("tpu-v7", "scale_up_domain", 9216),
    ("tpu-v7", "memory_bandwidth", 7.38),
    ("ascend-910b", "scale_up_bandwidth", 196),
]


@pytest.mark.parametrize(("slug", "quantity", "value"), MENDED)
def test_a_mended_number_is_the_one_used(slug, quantity, value):
    assert tables.lookup("accelerators", slug, quantity).value == value


@pytest.mark.parametrize(("slug", "field", "value"), KNOWN)
def test_numbers_of_accelerators(slug, field, value):
    assert getattr(load_accelerator(slug), field) == value


def test_what_people_have_is_there():
    assert not WANTED - {one.slug for one in load_accelerators()}


def test_the_makers_number_comes_before_another():
    """Where a maker's own document is among the sources, the number used is from one, and none is from a text not read."""
    makers = {"NVIDIA", "AMD", "Google", "Amazon Web Services", "Huawei", "Intel"}
    sources = tables.sources()

    def by_maker(fact):
        return sources[fact.source]["publisher"] in makers and sources[fact.source]["kind"] == "primary"

    grouped = {}
    for fact in tables.facts("accelerators"):
        grouped.setdefault((fact.subject, fact.quantity), []).append(fact)
    # there the maker's tool took the figure of the workstation card, and assumed a network card that systems do not have
    exceptions = {("rtx-pro-6000-server", "memory_bandwidth"), ("gb200-nvl72", "scale_out_bandwidth")}
    for key, facts in grouped.items():
        if key[1] != "name" and key not in exceptions and any(by_maker(fact) for fact in facts):
            assert by_maker(facts[0]), key
    assert all(fact.status != "unverified" for fact in tables.facts("accelerators"))


NAMES = {
    "NVIDIA H100 80GB HBM3": "h100-sxm",
    "NVIDIA A100-SXM4-40GB": "a100-sxm-40gb",
    "NVIDIA A100 80GB PCIe": "a100-pcie",
    "NVIDIA L40S": "l40s",
    "Tesla T4": "t4",
    "H800": "h800-sxm",
    "H200": "h200-sxm",
    "H20": "h20",
    "RTX 4090": "rtx-4090",
    "rtx4090": "rtx-4090",
    "MI300X": "mi300x",
    "tpu v5e": "tpu-v5e",
    "Gaudi 3": "gaudi3",
    "B300": "b300-sxm",
}


@pytest.mark.parametrize(("name", "slug"), NAMES.items())
def test_names_as_people_and_drivers_write_them(name, slug):
    assert read_accelerator(name).slug == load_accelerator(name).slug == slug


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("a100", "a100-sxm, a100-sxm-40gb, a100-pcie, a100-pcie-40gb"),
        ("A100 40GB", "a100-sxm-40gb, a100-pcie-40gb"),
        ("H100", "h100-sxm, h100-pcie, h100-nvl"),
        ("V100", "v100-sxm-16gb, v100-sxm-32gb"),
        ("trainium", "trainium1, trainium2, trainium3"),
    ],
)
def test_a_name_of_several_is_asked_back(name, slugs):
    with pytest.raises(InputError, match=f"may be {slugs}; say which"):
        read_accelerator(name)


@pytest.mark.parametrize("one", load_accelerators(), ids=lambda one: one.slug)
def test_every_accelerator_is_found_by_its_names(one):
    known = tables.by_subject("accelerators")[one.slug]
    for name in (one.slug, one.slug.upper(), one.name, *(known[key].value for key in ("driver_name",) if key in known)):
        assert load_accelerator(name) == one
    facts = accelerator_facts(one.slug)
    assert all((getattr(one, field) is None) == (field not in facts) for field in one._fields if field != "slug")


def test_an_accelerator_is_typed_in():
    one = read_accelerator("name=mine,bf16=400e12,hbm=2e12,memory=64e9,scale_up=300e9,scale_out=50e9,domain=8")
    assert (one.slug, one.name, one.peak_dense_bf16_flops_per_s, one.memory_bytes) == ("", "mine", 400e12, 64e9)
    assert (one.memory_bandwidth_bytes_per_s, one.scale_up_bandwidth_bytes_per_s) == (2e12, 300e9)
    assert (one.scale_out_bandwidth_bytes_per_s, one.scale_up_domain_gpus) == (50e9, 8)
    assert one.peak_dense_fp8_flops_per_s is None and one.power_w is None
    assert read_accelerator(EXAMPLE.replace(",", "\n"))._replace(peak_dense_fp8_flops_per_s=None) == one
    for key, (field, _, _, example) in TYPED.items():
        assert getattr(read_accelerator(f"{key}={example}"), field) == float(example)


def test_one_number_of_a_known_accelerator_is_changed():
    h100 = load_accelerator("h100-sxm")
    assert read_accelerator("H100 SXM, memory=96e9") == h100._replace(memory_bytes=96e9)


WRONG = {
    "name=mine,bff16=1e12": ("'bff16'", "nearest are bf16"),
    "bf16=1e12,bf16=2e12": ("bf16 is given twice", "'1e12'", "'2e12'"),
    "bf16=": ("bf16", "FLOP/s", "bf16=400e12", "found nothing"),
    "memory=64GB": ("memory", "[bytes]", "memory=64e9", "'64GB'"),
    "hbm=-1": ("hbm", "above 0", "-1"),
    "hbm=0": ("hbm", "above 0", "found 0"),
    "hbm=nan": ("hbm", "nan", "finite"),
    "domain=1.5": ("domain", "1.5", "whole number"),
    "name=,bf16=1e12": ("name is empty", "name=mine"),
    "name=mine,400e12": ("'400e12'", "key=value"),
    "h900,bf16=1e12": ("no accelerator named 'h900'", "moecalc accelerators lists"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_what_is_typed_in_wrongly_gets_one_sentence(text, words, moecalc):
    told = moecalc("memory --model llama-3.1-8b --gpu", text)
    assert (told.code, told.out) == (2, "") and told.err.count("\n") == 1
    with pytest.raises(InputError) as caught:
        read_accelerator(text)
    for word in words:
        assert word in str(caught.value) and word in told.err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: load_accelerator("t4").needed("peak_dense_bf16_flops_per_s"), ("BF16", "NVIDIA T4", "FP16", "t4,bf16=")),
        (lambda: read_accelerator("name=mine,bf16=1e12").ridge, ("memory bandwidth of mine", "[bytes/s]", "hbm=2e12")),
        (lambda: decode_step(load_model("deepseek-v3"), load_accelerator("gb10"), 1, 4096), ("GB10", "gb10,bf16=")),
        (lambda: step_by_form(load_model("deepseek-v3"), load_accelerator("t4"), 4096), ("NVIDIA T4", "t4,bf16=")),
    ],
)
def test_what_is_missing_and_needed_gets_one_sentence(call, words):
    with pytest.raises(InputError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_the_command_line_takes_one_typed_in(moecalc):
    run = "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --json --gpu"
    assert moecalc(run, "bf16=989e12").json == moecalc(run, "H800").json
    assert moecalc("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1 --gpu-hours 1 --gpu", "memory=1e9").code == 2
    states = "memory --model deepseek-v3 --pp 16 --ep 64 --dp 128 --json --gpu"
    assert moecalc(states, "memory=64e9").json["gpu_memory_bytes"] == 64e9
    assert moecalc(states, "H100 SXM").json["gpu_memory_bytes"] == 81_559 * 2**20
    assert moecalc("cost --gpu-hours 100 --gpu H800 --json").json["usd"] == 200
    assert "no rental price" in moecalc("cost --gpu-hours 100 --gpu", "name=mine,bf16=1e12").err


def test_whose_document_each_number_is_from(moecalc):
    result = moecalc("accelerators --json").json
    for one in result["accelerators"]:
        for field in one.keys() - {"slug", "sources"}:
            assert (one[field] is None) == (field not in one["sources"])
        for source in one["sources"].values():
            assert {"source", "title", "publisher", "status"} <= set(source) and source["source"] in result["sources"]
    (v6e, v5p) = moecalc("accelerators tpu-v6e", "TPU v5p", "--json").json["accelerators"]
    assert v6e["peak_dense_bf16_flops_per_s"] == 918e12
    assert (v5p["memory_bytes"], v5p["memory_bandwidth_bytes_per_s"]) == (95e9, 2765e9)
    assert v6e["sources"]["peak_dense_bf16_flops_per_s"]["publisher"] == "Google"
    text = moecalc("accelerators").out
    assert "google-tpu-docs" in text and "device-listings" in text and ", measured]" in text
    details = moecalc("accelerators", "NVIDIA H100 80GB HBM3").out
    assert "GB, data sheet" in details and "device-listings" in details and "TensorRT-LLM" in details
