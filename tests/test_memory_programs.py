"""What a named program holds in memory beside what the model and its layout say."""

import json

import pytest

from moecalc import load_model
from moecalc.base.errors import InputError
from moecalc.cli import main
from moecalc.training.activation_policy import LOSSES, ActivationPolicy
from moecalc.training.layout import Layout
from moecalc.training.memory import FRAGMENTATION, ONE_SEQUENCE, Batch, memory
from moecalc.training.programs import PROGRAMS, empty_gradients, policy_of, program_of
from moecalc.validation.memory_runs import predicted_memory

LLAMA, MIXTRAL, V3 = (load_model(name) for name in ("llama-3.1-8b", "mixtral-8x7b", "deepseek-v3"))
PLAIN = Layout()
LAYER = 2 * 218_103_808  #: bytes of the products of one layer of Llama 3.1 8B
VOCABULARY, HIDDEN, TOKENS = 128_256, 4096, 4096


def only(program="any", config=LLAMA, layout=PLAIN, recipe="bf16", batch=ONE_SEQUENCE, **policy):
    (rank,) = memory(config, layout, recipe, batch, ActivationPolicy(**policy), program=program).ranks
    return rank


def test_without_a_program_nothing_is_added():
    assert memory(LLAMA, Layout(), "bf16") == memory(LLAMA, Layout(), "bf16", program="any")
    rank = only()
    assert rank.buffers.empty_gradients == 0 and rank.buffers.logits == 4 * VOCABULARY * TOKENS
    assert rank.band[1] > only("megatron-lm")._replace(buffers=rank.buffers, activations=rank.activations).band[1]


def test_a_named_program_has_no_share_of_unknown_copies():
    for program in PROGRAMS:
        least, most = only(program).band
        assert (most == round(least * (1 + FRAGMENTATION[-1]))) is (program != "any")


@pytest.mark.parametrize(("loss", "of_logit"), [(name, kept + moment) for name, (kept, moment) in LOSSES.items()])
def test_a_loss_takes_so_much_of_a_logit(loss, of_logit):
    plain, other = only(), only(loss=loss)
    more = other.activations + other.buffers.logits - plain.activations - plain.buffers.logits
    assert more == (of_logit - 8) * VOCABULARY * TOKENS
    assert other.layer_activations == plain.layer_activations


def test_empty_gradients_are_one_of_each_shape():
    assert only("megatron-lm").buffers.empty_gradients == LAYER
    assert empty_gradients(LLAMA.anatomy.layers[:1], 4, 1, 1) == LAYER // 4
    assert only("megatron-lm-unfused").buffers.empty_gradients == 0
    # of experts one is cached, however many a GPU holds, and expert parallelism does not change it
    assert empty_gradients(MIXTRAL.anatomy.layers, 1, 1, 1) == empty_gradients(MIXTRAL.anatomy.layers, 1, 8, 1)
    # the first matrices of shared and routed experts have one shape where tensor parallelism cuts neither
    ups, downs = 2 * 7168 * 2048, 7168 * 2048
    attention = sum(t.num_params for t in V3.anatomy.layers[-1].tensors if t.component == "attention" and t.multiplied)
    assert empty_gradients(V3.anatomy.layers[-1:], 1, 64, 1) == 2 * (attention + ups + downs)


def test_the_head_has_its_gradient_beside_the_logits():
    rank = only("megatron-lm", loss="fused")
    assert rank.buffers.logits == 2 * VOCABULARY * HIDDEN + 2 * HIDDEN * TOKENS
    cut = only("megatron-lm", layout=Layout(tp=4), loss="fused")
    assert cut.buffers.logits == 2 * VOCABULARY * HIDDEN // 4 + 2 * 2 * HIDDEN * TOKENS


def test_what_is_used_is_released():
    plain, released = only().buffers, only("megatron-lm").buffers
    assert plain.layer_gradients - released.layer_gradients == 2 * 14336 * TOKENS  # the inner activation's output
    whole = only("megatron-lm", flash_attention=False).buffers.layer_gradients
    assert whole > 2 * 2 * 32 * TOKENS * TOKENS - 2 * TOKENS * 4 * 14336  # gradients of probabilities and of scores


def test_every_second_product():
    of_token = {True: 2 * 4096 * 3 + 2 * 1024 + 2 * 14336 + 4 * 32, False: 2 * 4096 * 4 + 2 * 1024 + 2 * 14336 + 4 * 32}
    for compiled, width in of_token.items():
        rank = only("torchtitan", every_second_product=True, compiled=compiled)
        assert rank.layer_activations == 32 * width * TOKENS
    assert only(attention_outputs=2).layer_activations - only().layer_activations == 32 * 2 * 4096 * TOKENS


def test_fsdp_holds_whole_weights_where_it_does_not_cut_them_again():
    root = 2 * VOCABULARY * HIDDEN + HIDDEN
    layer = 218_112_000
    sharded = Layout(dp=8, zero=3)
    assert only("torchtitan", layout=sharded).buffers.gathered == 2 * (2 * root + layer)
    first, last = memory(LLAMA, sharded._replace(pp=2), "fp32", program="torchtitan").ranks
    embedding = VOCABULARY * HIDDEN
    whole = 16 * layer
    assert first.buffers.gathered == 2 * (embedding + whole + max(embedding, layer)) + 4 * (embedding + whole)
    assert last.buffers.gathered > first.buffers.gathered  # with the last norm


def test_a_program_computes_its_own_loss_unless_told():
    assert policy_of(program_of("torchtitan"), ActivationPolicy()).loss == "eager"
    assert policy_of(program_of("torchtitan"), ActivationPolicy(), tp=8).loss == "loss-parallel"
    assert policy_of(program_of("torchtitan"), ActivationPolicy(loss="compiled"), tp=8).loss == "compiled"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"program": "slime"}, "program must be one of any, megatron-lm"),
        ({"policy": ActivationPolicy(loss="none")}, "loss must be one of plain"),
        ({"policy": ActivationPolicy(attention_outputs=3)}, "attention_outputs must be"),
    ],
)
def test_bad_input(more, words):
    with pytest.raises(InputError, match=words):
        memory(LLAMA, Layout(), "bf16", **more)


def test_the_command_line_says_the_same(capsys):
    words = "memory --model llama-3.1-8b --dp 8 --zero 3 --recipe fp32 --seq-len 8192 --micro-batch 2 --json"
    own = "--program torchtitan --every-second-product yes --compiled yes"
    assert main([*words.split(), *own.split()]) == 0
    found = json.loads(capsys.readouterr().out)
    batch = Batch(2, 8192)
    rank = only("torchtitan", LLAMA, Layout(dp=8, zero=3), "fp32", batch, every_second_product=True, compiled=True)
    assert (found["program"], found["per_gpu_bytes"], found["band"]["most"]) == ("torchtitan", rank.counted, rank.band[1])
    assert found["buffers"] == rank.buffers._asdict()
    assert main([*words.split(), "--program", "slime"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


ROW = {
    "model": "Llama 3.1 8B",
    "kind": "training",
    "accelerator": "H100",
    "n_accel": "8",
    "precision": "BF16",
    "engine": "torchtitan",
    "metric": "peak_memory_max_rank",
    "config": "seq 8192, local batch 2, FSDP8 compile, selective activation checkpointing",
    "source": "a table",
    "notes": "",
} | dict.fromkeys(("tp", "pp", "ep", "cp"), "1")


def test_a_row_says_its_program():
    def needs(**changes):
        return predicted_memory({**ROW, "dp": "8", "date": "2024-12", **changes}).value

    compiled = needs()
    eager = needs(config=ROW["config"].replace("compile", "eager"))
    assert eager - compiled == pytest.approx(32 * 2 * 4096 * 16384 / 2**30 * (1 + FRAGMENTATION[1]))
    later = needs(date="2025-06")  # from then on the loss is compiled too
    assert compiled - later == pytest.approx(10 * VOCABULARY * 16384 / 2**30 * (1 + FRAGMENTATION[1]))
    megatron = {"engine": "Megatron-LM (TE 2.11)", "config": "seq 8192, micro-batch 2, ZeRO-1, no recompute"}
    assert needs(**megatron) - needs(**{**megatron, "config": megatron["config"] + ", CE fusion"}) > 2


def test_weights_whose_attention_stays_wide():
    row = {**ROW, "kind": "serving", "metric": "weights loaded", "model": "Llama 3.1 8B", "dp": "1", "kv_dtype": "BF16"}
    narrow, wide = (
        predicted_memory({**row, "precision": words}).value for words in ("FP8", "FP8 (attention and some layers BF16)")
    )
    attention = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024)
    # a byte more for each, and no scales
    assert 0.998 * attention < (wide - narrow) * 2**30 < attention
