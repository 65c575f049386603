"""Who holds what: numbering and groups written out in loops, experts counted, the talk's table, the command line."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import load_model
from moecalc.base.limits import MAX_GPUS
from moecalc.model.params import num_mtp_params, num_total_params
from moecalc.training.layout import Layout
from moecalc.training.placement import expert_names, gpu_at, holders, num_copies, place
from moecalc.training.stages import parse_stages
from moecalc.training.states import model_states

V3 = load_model("deepseek-v3")
LITE = load_model("deepseek-v2-lite")  # 27 layers, the first dense, 64 experts
PUBLISHED = Layout(tp=1, pp=16, ep=64, dp=128)
#: Of each size small and large, with all that can differ.
LAYOUTS = [
    (V3, PUBLISHED),
    (V3, PUBLISHED._replace(schedule="dualpipe")),
    (V3, Layout(tp=2, cp=2, pp=4, ep=8, dp=4, schedule="dualpipev")),
    (V3, Layout(tp=4, pp=2, ep=8, dp=8, etp=2)),
    (LITE, Layout(tp=4, cp=2, pp=3, dp=2)),  # experts cut by tensor parallelism
    (LITE, Layout(pp=3, vpp=3, ep=4, dp=4, schedule="interleaved")),
    (LITE, Layout(cp=8, pp=2, ep=16, dp=2, layers_per_stage=(20, 7))),
    (V3, Layout(pp=4, ep=2, dp=4, stages=parse_stages("E|t*30|t*31|mL"))),
]


def coordinates(layout):
    """GPU -> its places, in nested loops: the last varies fastest."""
    dense = product(range(layout.pp), range(layout.dp), range(layout.cp), range(layout.tp))
    routed = product(range(layout.pp), range(layout.expert_replicas), range(layout.ep), range(layout.expert_tp))
    for (pp, dp, cp, tp), (same, expert_dp, ep, etp) in zip(dense, routed, strict=True):
        assert pp == same
        yield {"pp": pp, "dp": dp, "cp": cp, "tp": tp, "expert_dp": expert_dp, "ep": ep, "etp": etp}


@pytest.mark.parametrize(("config", "layout"), LAYOUTS)
def test_places_and_groups_are_those_of_nested_loops(config, layout):
    gpus, places = place(config, layout), list(coordinates(layout))
    assert [{name: getattr(gpu, name) for name in places[0]} for gpu in gpus] == places
    assert [gpu.gpu for gpu in gpus] == list(range(layout.num_gpus))
    dense, routed = ("pp", "dp", "cp", "tp"), ("pp", "expert_dp", "ep", "etp")
    for group in gpus[0].groups._fields:
        others = dense if group in dense else routed
        members = {}
        for index, at in enumerate(places):
            members.setdefault(tuple(at[name] for name in others if name != group), []).append(index)
        for index, at in enumerate(places):
            expected = members[tuple(at[name] for name in others if name != group)]
            assert list(getattr(gpus[index].groups, group)) == expected


@pytest.mark.parametrize(("config", "layout"), LAYOUTS)
def test_every_expert_of_every_layer_is_held_expert_dp_times(config, layout):
    num_experts, dense, num_layers = config.n_routed_experts, config.first_k_dense_replace, len(config.anatomy.layers)
    held = Counter()
    for gpu in place(config, layout):
        for layer in (*gpu.layers, *(num_layers + module for module in gpu.mtp)):
            if layer >= dense:
                held.update((expert, layer, gpu.etp) for expert in gpu.experts)
    copies = layout.expert_replicas * (2 if layout.schedule == "dualpipe" else 1)
    assert copies == num_copies(layout)
    assert set(held.values()) == {copies}
    layers = range(dense, num_layers + len(config.anatomy.mtp))
    assert set(held) == set(product(range(num_experts), layers, range(layout.expert_tp)))


@pytest.mark.parametrize(("config", "layout"), LAYOUTS)
def test_back_from_an_expert_to_its_gpus(config, layout):
    gpus, num_experts, dense = place(config, layout), config.n_routed_experts, config.first_k_dense_replace
    for expert, layer in [(0, dense), (num_experts - 1, len(config.anatomy.layers) - 1), (num_experts // 2, dense + 9)]:
        found = holders(config, layout, expert, layer)
        assert found == [gpu.gpu for gpu in gpus if expert in gpu.experts and layer in gpu.layers]
        assert len(found) == num_copies(layout) * layout.expert_tp
    assert holders(config, layout, layer=0) == [gpu.gpu for gpu in gpus if 0 in gpu.layers]
    assert holders(config, layout) == list(range(layout.num_gpus))
    first = holders(config, layout, expert=1)
    assert first == [gpu.gpu for gpu in gpus if 1 in gpu.experts]


@pytest.mark.parametrize(("config", "layout"), LAYOUTS)
def test_the_ranks_sum_to_the_model(config, layout):
    """Layers, embedding, head and MTP modules of one GPU a rank, and the parameters of those that share them out."""
    gpus = place(config, layout)
    twice = 2 if layout.schedule == "dualpipe" else 1
    ranks = [gpus[rank * layout.gpus_per_stage] for rank in range(layout.pp)]
    num_layers, num_mtp = len(config.anatomy.layers), len(config.anatomy.mtp)
    assert Counter(layer for rank in ranks for layer in rank.layers) == dict.fromkeys(range(num_layers), twice)
    assert [sum(getattr(rank, part) for rank in ranks) for part in ("embedding", "head")] == [twice, twice]
    assert Counter(module for rank in ranks for module in rank.mtp) == dict.fromkeys(range(num_mtp), twice)
    alone = layout._replace(tp=1, cp=1, ep=1, dp=1, etp=1)
    states = model_states(config, alone, "bf16")["ranks"]
    assert [tuple(rank["layers"]) for rank in states] == [rank.layers for rank in ranks]
    total = num_total_params(config) + (num_mtp_params(config) or 0)
    # an MTP module reads the embedding: its rank holds a copy where it has not the table itself
    copies = sum(not one.embedding for one in ranks if one.mtp)
    table = config.vocab_size * config.hidden_size
    assert sum(rank["num_params"] for rank in states) == twice * total + copies * table


@settings(max_examples=60)
@given(st.data())
def test_any_layout_covers_each_expert(data):
    draw = data.draw
    tp, cp, pp = draw(st.sampled_from([1, 2, 4])), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    ep, etp, copies = draw(st.sampled_from([1, 2, 4, 8])), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layout = Layout(tp=tp, cp=cp, pp=pp, ep=ep, dp=ep * etp * copies, etp=etp)
    gpus = place(LITE, layout, gpus_per_node=draw(st.integers(1, 9)))
    held = Counter((expert, layer, gpu.etp) for gpu in gpus for expert in gpu.experts for layer in gpu.layers)
    assert set(held.values()) == {layout.expert_replicas} and len(held) == 64 * 27 * etp
    for gpu in gpus:
        assert all(gpu.gpu in members for members in gpu.groups)
        assert gpu == gpu_at(LITE, layout, gpu.gpu, gpus_per_node=1)._replace(node=gpu.node)
    assert max(gpu.node for gpu in gpus) < len(gpus)


def test_the_table_of_the_talk():
    """PP16, EP64, DP128 on 2,048 GPUs: E1-E4 ... E253-E256 over eight nodes, a stage on 128 GPUs."""
    gpus = place(V3, PUBLISHED)
    assert len(gpus) == 2048 and gpus[-1].node == 255
    names = [expert_names(gpu.experts) for gpu in gpus]
    assert names[:4] == ["E1-E4", "E5-E8", "E9-E12", "E13-E16"]
    assert names[60:65] == ["E241-E244", "E245-E248", "E249-E252", "E253-E256", "E1-E4"]
    assert Counter(gpu.pp for gpu in gpus) == dict.fromkeys(range(16), 128)
    for gpu in gpus:
        assert len({gpus[other].node for other in gpu.groups.ep}) == 8
        assert {gpus[other].pp for other in gpu.groups.ep} == {gpu.pp}
        assert [gpus[other].experts for other in gpu.groups.expert_dp] == [gpu.experts] * 2


def test_dualpipe_pairs_the_gpus_of_both_ends():
    gpus = place(V3, PUBLISHED._replace(schedule="dualpipe"))
    for gpu in gpus:
        other = gpus[gpu.mirror]
        assert other.mirror == gpu.gpu and other.pp == 15 - gpu.pp and other.experts == gpu.experts
        assert sorted(other.layers) == sorted(gpu.layers) and other.stages == gpu.stages[::-1]
    assert {gpu.mirror for gpu in place(V3, PUBLISHED)} == {None}


def test_dense_layers_hold_no_experts():
    """A rank of dense layers holds no expert, and no rank of a dense model does."""
    assert not place(V3, Layout(pp=61, ep=4, dp=4))[0].experts
    assert holders(V3, Layout(pp=61, ep=4, dp=4), expert=255)[0] == 3 * 4 + 3
    assert expert_names(gpu_at(load_model("llama-3.1-8b"), Layout(dp=2), 1).experts) == "none"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: holders(V3, PUBLISHED, expert=256), "expert must be a whole number from 0 to 255; found 256"),
        (lambda: holders(V3, PUBLISHED, expert=-1, layer=3), "expert must be a whole number from 0 to 255; found -1"),
        (lambda: holders(V3, PUBLISHED, expert=0, layer=2), "layer 2 of deepseek-v3, which has no routed experts"),
        (lambda: holders(V3, PUBLISHED, layer=62), "layer must be a whole number from 0 to 61; found 62"),
        (lambda: holders(V3, LAYOUTS[-1][1]._replace(stages=parse_stages("E|t*30|t*31|L")), layer=61), "leave out"),
        (lambda: holders(load_model("llama-3.1-8b"), Layout(), expert=0), "expert must be left out"),
        (lambda: gpu_at(V3, PUBLISHED, 2048), "gpu_index must be a whole number from 0 to 2,047; found 2048"),
        (lambda: place(V3, Layout(dp=2 * MAX_GPUS)), "num_gpus (tp x cp x pp x dp) must be a whole number from 1"),
        (lambda: place(V3, PUBLISHED, gpus_per_node=0), "gpus_per_node must be a whole number"),
        (lambda: place(V3, PUBLISHED._replace(ep=48)), "ep must divide the 256 routed experts"),
        (lambda: place(V3, PUBLISHED._replace(vpp=2, schedule="interleaved")), "must divide the 61 layers"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert words in str(error.value) and "\n" not in str(error.value)


OPTIONS = "--model deepseek-v3 --tp 1 --pp 16 --ep 64 --dp 128"


def test_command_line(moecalc):
    result = moecalc(f"placement {OPTIONS} --cp 1 --vpp 1 --schedule dualpipe --json").json
    gpus = place(V3, PUBLISHED._replace(schedule="dualpipe"))
    assert (result["num_gpus"], result["num_nodes"], result["copies_of_an_expert"]) == (2048, 256, 4)
    for told, gpu in zip(result["gpus"], gpus, strict=True):
        assert {"gpu", "node", "pp", "dp", "ep", "tp", "cp", "etp", "layers", "experts", "groups"} <= set(told)
        assert told["experts"] == list(gpu.experts) and told["experts_named"] == expert_names(gpu.experts)
        assert told["groups"] == {name: list(members) for name, members in gpu.groups._asdict().items()}
        assert (told["gpu"], told["node"], told["layers"]) == (gpu.gpu, gpu.node, list(gpu.layers))


def test_command_line_finds_the_gpus_of_an_expert(moecalc):
    (one,) = moecalc(f"placement {OPTIONS} --gpu-index 130 --json").json["gpus"]
    assert (one["gpu"], one["node"], one["pp"], one["ep"], one["layers"]) == (130, 16, 1, 2, [4, 5, 6, 7])
    found = moecalc(f"placement {OPTIONS} --expert 255 --layer 60 --json").json
    assert [gpu["gpu"] for gpu in found["gpus"]] == [1983, 2047] and found["num_gpus"] == 2048
    stage = moecalc(f"placement {OPTIONS} --layer 60 --json").json["gpus"]
    assert [gpu["gpu"] for gpu in stage] == list(range(15 * 128, 16 * 128))
    text = moecalc(f"placement {OPTIONS} --schedule dualpipe --gpu-index 64").out
    assert "ep        64 GPUs: 64 to 127; on 8 nodes" in text and "GPU 1984 at the other end" in text
    assert "2,048 GPUs on 256 nodes" in moecalc(f"placement {OPTIONS}").out
    by_hand = moecalc("placement --model deepseek-v3 --pp 4 --stages E|t*30|t*31|mL --json").json
    assert [len(gpu["layers"]) for gpu in by_hand["gpus"]] == [0, 30, 31, 0] and by_hand["gpus"][3]["mtp"] == [0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{OPTIONS} --expert 256", "found 256"),
        (f"{OPTIONS} --gpu-index 2048", "from 0 to 2,047"),
        (f"{OPTIONS} --gpu-index 1 --expert 3", "one of them is accepted"),
        (f"{OPTIONS} --stages E|t*61", "end with its one L"),
        (f"{OPTIONS} --stages E|t*60|L", "found 3"),
        ("--model deepseek-v3 --pp 2 --stages Et*30|t*30L", "each of the 61 layers of the model; found 60"),
        (f"{OPTIONS} --vpp 2", "vpp must be 1 for 1f1b"),
        ("--model deepseek-v2-lite --pp 3 --vpp 2 --schedule interleaved", "must divide the 27 layers"),
        ("--model deepseek-v3 --ep 7 --dp 7", "ep must divide the 256"),
        ("--model deepseek-v3 --dp 131072 --json", "at most 10,000,000"),
    ],
)
def test_command_line_says_what_is_wrong(line, words, moecalc):
    answer = moecalc(f"placement {line}")
    assert answer.code == 2 and words in answer.err and answer.err.count("\n") == 1 and not answer.out
