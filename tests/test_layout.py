"""A layout: sizes that divide, virtual stages, a pipeline given by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import load_model
from moecalc.training.layout import SCHEDULES, Layout, check_layout, stages_of_rank
from moecalc.training.stages import MAX_NESTED, Stage, parse_stages, stages_text
from moecalc.training.states import model_states, stage_blocks

V3 = load_model("deepseek-v3")
LITE = load_model("deepseek-v2-lite")
LLAMA = load_model("llama-3.1-8b")
V3_BY_HAND = "Et*3|(t*4|)*14,tt|mL"


def shape(text: str) -> list:
    """(layers, embedding, MTP modules, head) of each stage."""
    return [(len(one.layers), one.embedding, len(one.mtp), one.head) for one in parse_stages(text)]


def test_a_pipeline_given_by_hand():
    assert shape("E|t*2|tmL") == [(0, True, 0, False), (2, False, 0, False), (1, False, 1, True)]
    assert shape("E|(t|)*3,m|m||L")[1:5] == [(1, False, 0, False)] * 3 + [(0, False, 1, False)]
    assert shape("E t t, t|L") == shape("Et*3|L") == shape("E(t)*3|L") == shape("E((t))*3|L")
    assert shape("EtL") == [(1, True, 0, True)]
    assert len(shape(V3_BY_HAND)) == 17


def test_the_examples_of_megatron():
    first, middle, module, last = (3, True, 0, False), (2, False, 0, False), (0, False, 1, False), (0, False, 0, True)
    assert shape("Ettt|(tt|)*29,m|L") == [first, *29 * [middle], module, last]
    assert [n for n, *_ in shape("E(tt|tttt|ttt)*2,tL")] == [2, 4, 5, 4, 4]


def test_layers_are_numbered_through():
    stages = parse_stages(V3_BY_HAND)
    assert [layer for stage in stages for layer in stage.layers] == list(range(61))
    assert stages[-1] == Stage(range(61, 61), False, range(1), True)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_a_pipeline_is_written_back_as_it_is_read(parts):
    last = max((n for n, (layers, _) in enumerate(parts) if layers), default=0)  # modules come after the last layer
    written = ["t" * layers + "m" * (modules if n >= last else 0) for n, (layers, modules) in enumerate(parts)]
    text = f"E{'|'.join(written)}L"
    assert parse_stages(stages_text(parse_stages(text))) == parse_stages(text)
    assert len(stages_text(parse_stages(text))) <= len(text) + 2 * len(parts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t|L", "begin with its one E"),
        ("E|t", "end with its one L"),
        ("", "begin with its one E"),
        ("E|tL|L", "end with its one L"),
        ("E*2tL", "begin with its one E"),
        ("|EtL", "begin with its one E"),
        ("E|mtL", "after the last t"),
        ("E|dL", "found 'd'"),
        ("E|t*0L", "a number from 1 to 100,000"),
        ("E|t*L", "a number from 1 to 100,000"),
        ("E|t*-1L", "a number from 1 to 100,000"),
        ("E|t*²L", "a number from 1 to 100,000"),
        ("E|t*9999999L", "a number from 1 to 100,000"),
        ("E(t*99999)*99999L", "at most 100,000 parts"),
        (f"E{'t*99999' * 1000}L", "at most 100,000 parts"),
        ("E|(t|L", "close each bracket"),
        ("E|t)L", "close each bracket"),
        (f"E{'(' * 1000}t{')' * 1000}L", f"at most {MAX_NESTED} brackets"),
        (None, "must be a string"),
    ],
)
def test_what_is_no_pipeline(text, words):
    with pytest.raises(ValueError, match="stages must") as error:
        parse_stages(text)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_context_parallelism_multiplies_the_gpus_and_the_replicas():
    layout = Layout(tp=2, cp=4, pp=2, ep=8, dp=8)
    assert check_layout(layout, V3).num_gpus == 2 * 4 * 2 * 8
    assert (layout.gpus_per_stage, layout.dense_replicas, layout.expert_replicas) == (64, 32, 8)
    # the states of cp x dp replicas are those of as many data-parallel ones
    other = Layout(tp=2, cp=1, pp=2, ep=8, dp=32)
    assert model_states(V3, layout, "bf16")["ranks"] == model_states(V3, other, "bf16")["ranks"]


def test_the_experts_are_dealt_over_tp_cp_and_dp():
    assert check_layout(Layout(tp=2, cp=4, ep=64, dp=8), V3).expert_replicas == 1
    with pytest.raises(ValueError, match="divide the 64 GPUs of one pipeline rank, tp x cp x dp; found 128, 64 div"):
        check_layout(Layout(tp=2, cp=4, ep=128, dp=8), V3)


def test_virtual_stages_go_round():
    layout = Layout(pp=3, vpp=3, schedule="interleaved")
    assert [layout.stages_of_rank(rank) for rank in range(3)] == [(0, 3, 6), (1, 4, 7), (2, 5, 8)]
    ranks = model_states(LITE, layout, "bf16")["ranks"]
    assert ranks[0]["layers"] == [0, 1, 2, 9, 10, 11, 18, 19, 20]
    assert sorted(layer for rank in ranks for layer in rank["layers"]) == list(range(27))
    plain = model_states(LITE, Layout(pp=3), "bf16")["ranks"]
    assert sum(rank["num_params"] for rank in ranks) == sum(rank["num_params"] for rank in plain)
    assert stages_of_rank(1, 4, "interleaved") == stages_of_rank(1, 4, "1f1b")


def test_a_pipeline_by_hand_places_embedding_head_and_mtp():
    layout = Layout(pp=17, stages=parse_stages(V3_BY_HAND))
    blocks = stage_blocks(V3, check_layout(layout, V3))
    assert [block.name for block in blocks[0]] == ["embedding", *3 * ["dense layer"]]
    assert [block.name for block in blocks[-1]] == ["head", "MTP module"]
    without = layout._replace(stages=parse_stages(V3_BY_HAND.replace("m", "")))
    assert [block.name for block in stage_blocks(V3, without)[-1]] == ["head"]
    folded = Layout(pp=2, schedule="dualpipev", stages=parse_stages("Et*20|t*20|t*10|t*11,mL"))
    assert len(model_states(V3, folded, "bf16")["ranks"][0]["layers"]) == 31
    virtual = Layout(pp=2, vpp=2, schedule="interleaved", stages=folded.stages)
    assert [len(rank["layers"]) for rank in model_states(V3, virtual, "bf16")["ranks"]] == [30, 31]


@pytest.mark.parametrize(
    ("config", "layout", "words"),
    [
        (V3, Layout(ep=5, dp=5), "ep must divide the 256 routed experts of deepseek-v3; found 5, 4 and 8 divide them"),
        (LLAMA, Layout(ep=2, dp=2), "ep must be 1 for"),
        (V3, Layout(tp=3), "tp must divide the 128 attention heads; found 3, 2 and 4 divide them"),
        (V3, Layout(cp=0), "cp must be a whole number"),
        (V3, Layout(vpp=2), "vpp must be 1 for 1f1b"),
        (V3, Layout(pp=4, vpp=2, schedule="interleaved"), "pp x vpp = 4 x 2 must divide the 61 layers"),
        (V3, Layout(pp=16, vpp=4, schedule="interleaved"), "64 stages of 61 layers"),
        (V3, Layout(pp=3, schedule="dualpipe"), "pp must be even"),
        (V3, Layout(tp=128, cp=10**6, dp=999_983, ep=256, etp=999_979), "ep x etp must divide"),
        (V3, Layout(pp=2, stages=parse_stages("Et*60|mL")), "one t for each of the 61 layers of the model; found 60"),
        (V3, Layout(pp=2, stages=parse_stages("E|t*61|L")), "stages must be 2"),
        (V3, Layout(pp=2, stages=parse_stages("Et*61|mmL")), "an m for each of the 1 MTP modules"),
        (LITE, Layout(pp=2, stages=parse_stages("Et*27|mL")), "no m for a model without MTP"),
        (V3, Layout(pp=2, stages="Et*61|mL"), "what parse_stages makes"),
        (V3, Layout(pp=2, stages=parse_stages("Et*61|mL"), layers_per_stage=(30, 31)), "give one of them"),
    ],
)
def test_a_layout_that_cannot_be_says_what_would_do(config, layout, words):
    with pytest.raises(ValueError) as error:
        check_layout(layout, config)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_holds_every_layer(schedule):
    layout = Layout(pp=4, schedule=schedule, layers_per_stage=(8, 7, 3, 3, 2, 2, 1, 1) if schedule == "dualpipev" else None)
    held = sorted(layer for rank in model_states(LITE, layout, "bf16")["ranks"] for layer in rank["layers"])
    assert held == sorted(list(range(27)) * (2 if schedule == "dualpipe" else 1))
