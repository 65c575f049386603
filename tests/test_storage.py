"""Bytes of a checkpoint, against sizes that are published, and against the counts."""

import pytest
from configs import any_family
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, ModelConfig, load_model
from moecalc.model.checkpoint import storage_bytes
from moecalc.model.params import num_total_params, params_report

V3 = load_model("deepseek-v3")
#: Embedding and head that the MTP module of the checkpoint holds once more, in BF16.
MTP_COPIES = 2 * 129_280 * 7168 * 2


def test_v3_by_hand():
    """FP8 products with one FP32 scale for each 128 x 128 block, ends of the model, router and norms in BF16."""
    stored, components = storage_bytes(V3), params_report(V3)["components"]
    assert stored["method"] == "fp8" and stored["note"] is None
    for name in ("embedding", "lm_head", "router", "norms", "attention_internal_norms"):
        assert stored["components"][name] == 2 * components[name]
    experts = components["routed_experts"]  # their sides are multiples of 128
    assert stored["components"]["routed_experts"] == experts + experts // 128**2 * 4
    # 576 rows of the latent and the rotary key make five blocks, the last one half full
    blocks = 12 * 56 + 192 * 12 + 5 * 56 + 256 * 4 + 56 * 128
    assert stored["components"]["attention"] == components["attention"] + 61 * blocks * 4
    assert stored["correction_biases"] == 14_848 * 4


def test_v3_is_the_published_download():
    """640 GB in TensorRT-LLM's note on R1, of 2^30 bytes and to two digits: MTP module and its copies included."""
    stored = storage_bytes(load_model("deepseek-r1"))
    everything = stored["total"] + stored["mtp"] + MTP_COPIES + stored["correction_biases"] + 256 * 4
    assert everything == 688_574_839_360
    assert abs(everything / 2**30 - 640) < 5


def test_gpt_oss_is_the_published_checkpoint():
    stored = storage_bytes(load_model("gpt-oss-120b"))
    assert round(stored["total"] / 2**30, 1) == 60.8
    weights = 36 * 128 * 3 * 2880 * 2880
    assert stored["scales"] == weights // 32
    biases = 36 * 128 * 3 * 2880
    assert stored["components"]["routed_experts"] == weights * 17 // 32 + 2 * biases
    assert "BF16" in stored["note"]


def test_modules_that_are_kept():
    config = load_model("minimax-m2.5")
    named = ["model.layers.*.self_attn", "model.layers.3.o_proj"]
    kept = {**config.raw["quantization_config"], "modules_to_not_convert": named}
    attention = params_report(config)["components"]["attention"]
    stored = storage_bytes(ModelConfig({**config.raw, "quantization_config": kept}))
    assert stored["components"]["attention"] == 2 * attention
    assert attention < storage_bytes(config)["components"]["attention"] < 1.01 * attention
    assert storage_bytes(config)["mtp"] is None


def test_without_blocks_a_matrix_has_one_scale():
    raw = {**V3.raw, "quantization_config": {"quant_method": "fp8"}}
    shared = params_report(V3)["components"]["shared_experts"]
    assert storage_bytes(ModelConfig(raw))["components"]["shared_experts"] == shared + 58 * 3 * 4


def test_a_method_that_is_not_described_gives_null_and_the_reason():
    stored = storage_bytes(load_model("kimi-k2.5"))
    assert stored["total"] is stored["components"] is None
    assert "'compressed-tensors'" in stored["note"] and "fp8, mxfp4" in stored["note"]


@given(any_family(), st.sampled_from([("float32", 4), ("torch.bfloat16", 2), (None, 2)]))
def test_plain_dtypes_are_so_many_bytes_a_parameter(config, dtype):
    name, width = dtype
    raw = config.raw if name is None else {**config.raw, "torch_dtype": name}
    stored = storage_bytes(ModelConfig(raw))
    assert stored["total"] == sum(stored["components"].values()) == width * num_total_params(config)
    assert stored["scales"] == 0 and (stored["note"] is None) == (name is not None)


@given(any_family(), st.sampled_from(["fp8", "mxfp4"]), st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_quantised_parts_sum_and_scales_are_among_them(config, method, block):
    given = {"quant_method": method, "weight_block_size": block and list(block)}
    stored = storage_bytes(ModelConfig({**config.raw, "quantization_config": given}))
    assert stored["total"] == sum(stored["components"].values())
    assert set(stored["components"]) == set(params_report(config)["components"])
    assert 0 <= stored["scales"] < stored["total"]
    assert stored["total"] - stored["scales"] >= num_total_params(config) // 2


BAD = {
    "a dtype of no width": ({"torch_dtype": "int3"}, ("torch_dtype", "'int3'", "bfloat16")),
    "a dtype that is a number": ({"torch_dtype": 16}, ("torch_dtype", "16", "bfloat16")),
    "a list": ({"quantization_config": [8]}, ("quantization_config", "[8]", "quant_method")),
    "no method": ({"quantization_config": {}}, ("quant_method", "None", "fp8")),
    "one side": ({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128]}}, ("[128]", "[128, 128]")),
    "no size": ({"quantization_config": {"quant_method": "fp8", "weight_block_size": [0, 128]}}, ("found 0", "from 1")),
    "a text for names": (
        {"quantization_config": {"quant_method": "fp8", "modules_to_not_convert": "gate"}},
        ("modules_to_not_convert", "'gate'", "list of names"),
    ),
}


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_bad_input(changes, words):
    with pytest.raises(InputError) as caught:
        storage_bytes(ModelConfig({**V3.raw, **changes}))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("name, experts", [("deepseek-v4-flash", 43 * 256 * 3 * 4096 * 2048), ("deepseek-v4-pro", None)])
def test_experts_in_fp4_beside_fp8(name, experts):
    config = load_model(name)
    stored = storage_bytes(config)
    numbers = num_params_of_experts(config)
    assert experts in (numbers, None)
    assert stored["components"]["routed_experts"] == numbers * 4.25 / 8
    plain = storage_bytes(ModelConfig({**config.raw, "expert_dtype": "fp8"}))
    assert {**stored["components"], "routed_experts": 0} == {**plain["components"], "routed_experts": 0}


def num_params_of_experts(config):
    return sum(n * block.params.get("routed_experts", 0) for block, n in config.anatomy.counted)


@pytest.mark.parametrize("group, bits", [("int4", 4.5), ("mxfp4", 4.25)])
def test_named_schemes_of_the_experts_alone(group, bits):
    config = load_model("kimi-k2")
    stored, plain = storage_bytes(config, group)["components"], storage_bytes(config, "bf16")["components"]
    assert stored["routed_experts"] == plain["routed_experts"] * bits / 16
    assert {**stored, "routed_experts": 0} == {**plain, "routed_experts": 0}
