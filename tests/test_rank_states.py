"""What each pipeline rank keeps, against an independent derivation of it, and the layouts that it holds no case of."""

import json
from pathlib import Path

import pytest

from moecalc import ModelConfig, load_model
from moecalc.model.catalog import counted_slugs
from moecalc.training.held_params import held_of_block, held_of_tensor, held_parts, params_per_gpu
from moecalc.training.layout import Layout
from moecalc.training.rank_states import copied_tables, filled_stages, rank_states, zero_group
from moecalc.training.recipes import RECIPES, is_low_precision, recipe
from moecalc.training.states import states_of_all_gpus

TRUTH = json.loads((Path(__file__).parent / "truth" / "memory_static.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in TRUTH["cases"]}
MODELS = {name: load_model(name) for name in TRUTH["models"]}
#: A key that is absent from a case is zero on each rank.
KEYS = ("dense_params", "expert_params", "padding_params", "fp8_params", "weights", "fp8_scales", "gradients", "master")
KEYS += ("moments", "ema_cpu", "gpu_total")
V3 = MODELS["deepseek-v3"]
TABLE = 129_280 * 7168
#: Products that TP cuts evenly where it divides their heads or columns.
CUT = ("q_proj", "q_b_proj", "kv_b_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "out_proj", "qkv_proj")
#: Of every model of the project whose family is described.
ANATOMIES = {name: load_model(name).anatomy for name in counted_slugs()}


def spelt(case) -> str:
    return ",".join(f"{key}={value}" for key, value in case["bytes_per_parameter"].items())


def layout_of(case) -> Layout:
    return Layout(**case["layout"], schedule=case["schedule"], layers_per_stage=tuple(case["layers_per_stage"]))


@pytest.mark.parametrize("name", CASES)
def test_every_rank_as_derived_elsewhere(name):
    case = CASES[name]
    layout = layout_of(case)
    ranks = rank_states(MODELS[case["model"]], layout, spelt(case), case["optimizer_shard"], case["mtp"])
    for key in KEYS:
        assert [getattr(rank, key) for rank in ranks] == case["ranks"].get(key, [0] * len(ranks)), key
    assert [list(rank.stages) for rank in ranks] == case["stages_held"]
    replicas = zero_group(layout, case["optimizer_shard"])
    assert (layout.num_gpus, replicas.dense) == (case["world"], case["dense_replicas"])
    assert case["expert_replicas"] in (None, replicas.experts)
    fullest = max(ranks, key=lambda rank: rank.gpu_total)
    assert (fullest.rank, fullest.gpu_total) == (case["largest_rank"], case["largest_total"])


@pytest.mark.parametrize("name", CASES)
def test_every_rank_through_the_command_line(name, moecalc):
    case = CASES[name]
    sizes = " ".join(f"--{key} {value}" for key, value in case["layout"].items())
    stages = ",".join(map(str, case["layers_per_stage"]))
    found = moecalc(
        f"memory --model {case['model']} {sizes} --schedule {case['schedule']} --layers-per-stage {stages} "
        f"--recipe {spelt(case)} --optimizer-shard {case['optimizer_shard']} --mtp {'yes' if case['mtp'] else 'no'} --json"
    ).json
    for key in KEYS:
        told = [rank["bytes" if key == "gpu_total" else key] for rank in found["ranks"]]
        assert told == case["ranks"].get(key, [0] * len(told)), key
    for rank in found["ranks"]:
        assert rank["optimizer_states"] == rank["master"] + rank["moments"]
    assert found["model_states"] == {"rank": case["largest_rank"], "bytes": case["largest_total"]}
    assert (found["num_gpus"], found["dense_replicas"]) == (case["world"], case["dense_replicas"])
    assert found["expert_replicas"] == case["expert_replicas"]
    assert sum(found["components"].values()) == found["per_gpu_bytes"]


def test_a_pipeline_by_hand_is_the_one_of_layers_per_stage(moecalc):
    """And each m, E and L may stand elsewhere: what an MTP module reads is copied to where it stands."""
    command = "memory --model deepseek-v3 --pp 4 --ep 64 --dp 64 --recipe bf16 --json"
    by_sizes = moecalc(f"{command} --layers-per-stage 16,15,15,15").json["ranks"]
    by_hand = moecalc(f"{command} --stages", "Et*16|t*15|t*15|t*15mL").json["ranks"]
    assert by_hand == by_sizes and "copy of embedding" in by_hand[-1]["holds"]
    apart = moecalc(f"{command} --stages", "Et*16|t*30|t*15m|L").json["ranks"]
    assert apart[2]["holds"][-2:] == ["copy of embedding", "copy of head"] and apart[3]["holds"] == ["head"]
    assert sum(rank["num_params"] for rank in apart) - sum(rank["num_params"] for rank in by_hand) == TABLE
    assert all("copy" not in held for rank in moecalc(f"{command} --mtp no").json["ranks"] for held in rank["holds"])
    without = moecalc(f"{command} --mtp no --stages", "Et*16|t*30|t*15m|L").json["ranks"]
    assert without[2]["num_params"] < apart[2]["num_params"] and not without[2]["holds"][-1].startswith("copy")


def test_a_tied_head_apart_from_its_embedding_is_a_copy():
    qwen = load_model("qwen3-0.6b")
    assert qwen.anatomy.is_tied
    table = held_parts(qwen.anatomy, 1, 1, 1).embedding_table.dense
    (alone,) = rank_states(qwen, Layout(), "bf16")
    for schedule, copies in {"1f1b": 1, "zb1p": 1, "dualpipe": 0, "dualpipev": 0}.items():
        ranks = rank_states(qwen, Layout(pp=2, schedule=schedule), "bf16")
        twice = 2 if schedule == "dualpipe" else 1
        assert sum(rank.dense_params for rank in ranks) == twice * alone.dense_params + copies * table
    stages = filled_stages(qwen, Layout(pp=2))
    assert copied_tables([stages[1]], tied=True) == ((0, "embedding"),) and copied_tables([stages[1]], tied=False) == ()


def test_interleaved_ranks_hold_their_rounds():
    llama = MODELS["llama-3.1-405b"]
    layout = Layout(tp=8, pp=9, vpp=7, schedule="interleaved")
    ranks = rank_states(llama, layout, "bf16")
    assert ranks[2].stages == (2, 11, 20, 29, 38, 47, 56)
    whole = rank_states(llama, Layout(tp=8), "bf16")[0]
    assert sum(rank.dense_params for rank in ranks) == whole.dense_params


@pytest.mark.parametrize("tp", [2, 8])
def test_router_norms_and_ways_down_to_latents_stand_whole_and_products_are_cut(tp):
    """Over every model of the project, whatever its family calls its tensors."""
    layout = Layout(tp=tp)
    for name, anatomy in ANATOMIES.items():
        for block in dict.fromkeys((anatomy.embedding, *anatomy.layers, anatomy.head, *anatomy.mtp)):
            for tensor in block.tensors:
                held = params_per_gpu(tensor, layout)
                if tensor.component in ("router", "norms", "mtp_projection") or tensor.name.startswith(("q_a_", "kv_a_")):
                    assert held == tensor.num_params, (name, tensor)
                elif tensor.name in CUT and tensor.shards % tp == 0:
                    assert held == tensor.num_params / tp, (name, tensor)
                elif tensor.name in ("k_proj", "v_proj"):  # few key-value heads: at least one of them on each GPU
                    heads = tensor.shards
                    assert held == tensor.num_params // heads * -(-heads // tp), (name, tensor)


def test_what_all_gpus_of_a_stage_hold_is_at_least_the_model():
    assert len(ANATOMIES) > 30
    for anatomy in ANATOMIES.values():
        blocks = dict.fromkeys((anatomy.embedding, *anatomy.layers, anatomy.head, *anatomy.mtp))
        for block in blocks:
            for tp, ep in ((1, 1), (4, 1), (2, 8)):
                held = held_of_block(block, tp, ep, 1)
                experts = sum(tensor.num_params for tensor in block.tensors if tensor.component == "routed_experts")
                assert ep * held.experts >= experts and tp * (held.dense - held.padding) >= block.num_params - experts
                assert held.dense_fp8 <= held.dense and held.experts_fp8 <= held.experts


def test_scale_factors_of_what_is_cut():
    """A matrix is cut along its outputs, the second of a pair along its inputs; blocks are those of the part."""
    layer = V3.anatomy.layers[0]
    by_name = {tensor.name: tensor for tensor in layer.tensors}
    blocks = {
        name: held_of_tensor(by_name[name], 16, 1, 1).dense_blocks for name in ("q_b_proj", "o_proj", "kv_a_proj_with_mqa")
    }
    assert blocks == {"q_b_proj": 12 * 12, "o_proj": 8 * 56, "kv_a_proj_with_mqa": 56 * 5}
    assert held_of_tensor(by_name["down_proj"], 16, 1, 1).dense_blocks == 9 * 56
    thin = held_of_tensor(by_name["down_proj"], 32, 1, 1)  # 576 rows: four blocks and a half
    assert (thin.dense_blocks, thin.dense_fp8) == (5 * 56, 576 * 7168)
    expert = next(tensor for tensor in V3.anatomy.layers[-1].tensors if tensor.component == "routed_experts")
    assert held_of_tensor(expert, 1, 64, 2).experts_blocks == 4 * 56 * 8


def test_scale_factors_of_a_block_that_is_run_twice_are_held_once():
    """Zamba2 runs a shared block again: its weights, and what goes with them, are those of the first time."""
    config = ModelConfig({"model_type": "zamba2", "num_mem_blocks": 1, "layers_block_type": ["hybrid", "hybrid"]})
    (rank,) = rank_states(config, Layout(), "deepseek-v3")
    assert rank.fp8_scales == states_of_all_gpus(config, Layout(), "deepseek-v3")["fp8_scales"]


def test_fp8_is_for_products_of_layers_alone():
    low = {
        tensor.name
        for layer in (*V3.anatomy.layers, *V3.anatomy.mtp)
        for tensor in layer.tensors
        if is_low_precision(tensor)
    }
    assert low == {
        "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    sparse = load_model("deepseek-v3.2")
    names = {tensor.name: is_low_precision(tensor) for tensor in sparse.anatomy.layers[0].tensors}
    assert names["indexer.wq_b"] and names["indexer.wk"] and not names["indexer.weights_proj"]


def test_zero_3_shards_each_width_of_the_weights():
    layout = Layout(pp=16, ep=64, dp=128, zero=3)
    (middle, *_), (plain, *_) = (rank_states(V3, layout, name)[1:] for name in ("deepseek-v3", "bf16"))
    low = middle.fp8_params - middle.expert_params
    kept = middle.dense_params - low
    assert middle.weights == -(-low // 128) + 2 * -(-kept // 128) + middle.expert_params // 2
    assert plain.weights == 2 * (-(-plain.dense_params // 128) + plain.expert_params // 2)
    assert plain.fp8_params == plain.fp8_scales == 0


def test_a_recipe_spelt_out_is_the_named_one():
    named, spelt_out = RECIPES["deepseek-v3"], recipe("weights=fp8, moments=4, gradients=4, ema=4, master=4")
    same = [key for key in named._fields if key not in ("name", "title", "source", "note")]
    assert [getattr(named, key) for key in same] == [getattr(spelt_out, key) for key in same]
    layout = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    assert rank_states(V3, layout, named) == rank_states(V3, layout, "deepseek-v3") == rank_states(V3, layout, spelt_out)
    both = recipe("weights=fp8+bf16,gradients=2,master=0,moments=2")
    assert (both.weight, both.kept_weight, both.total, both.ema) == (3, 2, 7, 0)


BAD = {
    "--recipe weights=int4,gradients=4,master=4,moments=4": ("weights of a recipe", "bf16, fp8, fp8+bf16", "'int4'"),
    "--recipe weights=fp8,gradients=4,moments=4": ("lacks master", "weights=bf16|fp8"),
    "--recipe weights=fp8,gradients=-4,master=4,moments=4": ("gradients", "from 0 to 16", "'-4'"),
    "--recipe weights=fp8,gradients=4,master=4,moments=99": ("moments", "from 0 to 16", "found 99"),
    "--recipe weights=fp8,grads=4,master=4,moments=4": ("'grads'", "gradients"),
    "--recipe weights=fp8,weights=bf16": ("weights once",),
    "--recipe =": ("keys weights", "''"),
    "--optimizer-shard mirror": ("optimizer_shard", "data_parallel, data_parallel_and_mirror", "'mirror'"),
    "--optimizer-shard data_parallel_and_mirror": ("dualpipe", "1f1b"),
    "--mtp perhaps": ("mtp", "yes, no", "'perhaps'"),
    "--pp 2 --stages E|t*61L --mtp yes": ("mtp yes", "an m in stages"),
    "--pp 2 --stages E|t*60mL": ("60", "61 layers"),
    "--cp 0": ("cp", "found 0"),
    "--vpp 2": ("vpp", "interleaved"),
}


@pytest.mark.parametrize("options", BAD)
def test_bad_input_is_one_sentence(options, moecalc):
    answer = moecalc(f"memory --model deepseek-v3 {options}")
    assert answer.code == 2 and answer.err.count("\n") == 1 and all(word in answer.err for word in BAD[options])


def test_mtp_needs_a_model_that_has_it(moecalc):
    answer = moecalc("memory --model mixtral-8x7b --mtp yes")
    assert answer.code == 2 and "mixtral-8x7b has none" in answer.err
    assert moecalc("memory --model mixtral-8x7b --mtp no").code == 0


def test_the_text_says_the_group_and_the_moving_average(moecalc):
    told = moecalc("memory --model deepseek-v3 --pp 16 --ep 64 --dp 128 --schedule dualpipe --recipe deepseek-v3").out
    assert "ZeRO shards over 256 GPUs, routed experts over 4: data parallel and mirror" in told
    assert "in the memory of the CPU: a moving average" in told
