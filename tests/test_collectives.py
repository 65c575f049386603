"""Times of collectives and of DeepEP's kernels, against measured rows that no fit has used.

The rows are of the performance database of ai-dynamo/aiconfigurator, commit 095f58a5 (Apache-2.0), in microseconds.
"""

import csv
from pathlib import Path

import pytest

from moecalc import InputError, load_accelerator
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerators, read_accelerator
from moecalc.hardware.collectives import low_latency, nccl, normal, parameters
from moecalc.hardware.collectives.low_latency import LowLatencyParameters, low_latency_time, sms_for
from moecalc.hardware.collectives.nccl import RingParameters, collective_bandwidths, collective_time, send_receive_time
from moecalc.hardware.collectives.normal import NormalParameters, normal_time, spreading
from moecalc.hardware.collectives.shape import Shape
from moecalc.hardware.kernels.held_out import is_held_out, shape_of

H100, H800 = load_accelerator("h100-sxm"), load_accelerator("h800-sxm")
FORMS = {nccl.RING: RingParameters, nccl.EXCHANGE: RingParameters}
FORMS |= {f"{low_latency.KIND} {direction}": LowLatencyParameters for direction in ("dispatch", "combine")}
FORMS |= {f"{normal.KIND} {direction}": NormalParameters for direction in ("dispatch", "combine")}
#: Goal for nine in ten held-out rows; so few rows as below may well all keep it.
NINE_IN_TEN = 0.4
HEADINGS = {
    "collectives": "accelerator,op_name,nccl_dtype,num_gpus,message_size,latency_us",
    "deepep_ll": "accelerator,node_num,hidden_size,num_token,num_topk,num_experts,combine_avg_t_us,dispatch_avg_t_us",
    "deepep_normal": "accelerator,node_num,hidden_size,num_token,num_topk,num_experts,"
    "dispatch_sms,dispatch_transmit_us,dispatch_notify_us,combine_sms,combine_transmit_us,combine_notify_us",
}
MEASURED = {
    "collectives": """gb200,all_reduce,half,2,8192,11.61
b200_sxm,all_gather,int8,4,8388608,51.09
b200_sxm,reduce_scatter,half,2,8192,9.89
h100_sxm,alltoall,int8,4,134217728,364.9
h100_sxm,all_reduce,int8,8,536870912,2677
h200_sxm,alltoall,int8,2,536870912,901.8
a100_sxm,alltoall,half,8,8388608,114.3
a100_sxm,all_gather,int8,2,8192,10.47""",
    "deepep_ll": """h100_sxm,1,5120,1,1,128,11.453,9.227
b200_sxm,1,7168,8,8,384,22.127,25.324
b200_sxm,1,4096,256,2,8,28.122,102.169
gb200,1,4096,256,10,512,44.606,39.553
h100_sxm,2,7168,160,8,288,231.97,121.67
h200_sxm,2,7168,48,8,256,83.43,48.87""",
    "deepep_normal": """b200_sxm,1,7168,32768,8,384,4,16973.639,0,4,27246.4666,0
h200_sxm,4,7168,32768,8,256,24,13819,77.97,24,26810,321.03
gb200,1,6144,1,2,8,8,33.5909,0,8,42.0878,0
h100_sxm,1,7168,2048,8,256,20,270.4686,0,20,534.8754,0
h100_sxm,1,4096,4096,8,256,16,396.8411,0,16,655.055,0
h200_sxm,2,7168,8,8,256,16,28.07,29.67,16,53.07,33.53""",
}


def rows_of(op):
    return list(csv.DictReader([HEADINGS[op], *MEASURED[op].splitlines()]))


# --- measured rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", MEASURED)
def test_held_out_rows_come_out_on_the_command_line(op, tmp_path, moecalc):
    file = tmp_path / "rows.csv"
    file.write_text(f"{HEADINGS[op]}\n{MEASURED[op]}\n", encoding="utf-8")
    found = moecalc(f"kernels --op {op} --json --file", file).json
    assert all(is_held_out(shape_of(op, row)) for row in rows_of(op))
    assert len(found["times_us"]) == len(found["low_us"]) == len(found["high_us"]) == len(rows_of(op))
    for row in found["shown"]:
        assert row["time_us"] == pytest.approx(row["measured_us"], rel=NINE_IN_TEN)
        assert row["low_us"] < row["time_us"] < row["high_us"]
    if op != "collectives":
        parts = zip(found["dispatch_us"], found["combine_us"], strict=True)
        assert found["times_us"] == pytest.approx([sum(both) for both in parts])


def published(subject, quantity):
    return tables.lookup("serving", subject, quantity)


@pytest.mark.parametrize(("nodes", "name"), [(1, "ep8_intranode"), (2, "ep16"), (4, "ep32"), (8, "ep64")])
def test_published_bandwidths_of_an_h800_from_its_links_alone(nodes, name):
    shape = Shape(4096, 7168, num_nodes=nodes)
    found, copies = normal_time(H800, shape, 24, most_nodes=min(nodes, 4)), spreading(shape, min(nodes, 4))
    for direction, width in (("dispatch", 7392), ("combine", 14336)):
        handed = shape.num_tokens * width * (copies.gpus if nodes == 1 else copies.nodes)
        told = published("DeepEP V1 normal kernels", f"{direction}_{name}").to("bytes/s")
        assert handed / getattr(found, direction).time_s == pytest.approx(told, rel=0.12)


@pytest.mark.parametrize("ep", [8, 16, 64, 256])
def test_published_latencies_of_an_h800_from_its_links_alone(ep):
    found = low_latency_time(H800, Shape(128, 7168, num_nodes=ep // 8))
    for direction in ("dispatch", "combine"):
        told = published(f"DeepEP V1 low-latency EP{ep}", f"{direction}_latency").to("s")
        assert getattr(found, direction).time_s == pytest.approx(told, rel=0.25)


# --- the table of parameters ---------------------------------------------------------------------------------------


def subjects():
    known = tables.by_subject(parameters.TABLE)
    pairs = [(kind, one) for kind in FORMS for one in parameters.GENERATIONS if f"{kind} {one}" in known]
    return [pytest.param(kind, one, known[f"{kind} {one}"], id=f"{kind} {one}") for kind, one in pairs]


@pytest.mark.parametrize(("kind", "generation", "facts"), subjects())
def test_each_parameter_says_what_it_was_fitted_on(kind, generation, facts):
    told = {"low", "high", *(name for name in facts if name.startswith(("rows_", "median_error_", "nine_in_ten_")))}
    fitted = {name: fact for name, fact in facts.items() if name not in told}
    assert len(fitted) <= 12 and len(fitted) < facts["rows_fitted"].value / 4
    for fact in fitted.values():
        assert fact.source in tables.sources() and fact.locator and fact.date
        assert fact.note.startswith(f"fitted on {facts['rows_fitted'].value} rows") or fact.value == 0
    assert facts["median_error_held_out"].value <= 12 and facts["nine_in_ten_held_out"].value <= 40
    assert facts["rows_held_out"].value >= 0.4 * (facts["rows_held_out"].value + facts["rows_fitted"].value)
    assert facts["low"].value < 1 < facts["high"].value
    assert all(value >= 0 for value in parameters.fitted(kind, generation, FORMS[kind]))


def test_no_fit_sees_a_row_that_is_held_out(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent))
    from bench import collectives as bench

    kind = bench.kinds()[0]
    known, rows = parameters.fitted(kind.name, "hopper", kind.form), []
    for number in (2, 4, 8):
        for size in (2**10, 2**13, 2**16, 2**19, 2**22, 2**25, 2**28):
            values = {"op_name": "all_gather", "nccl_dtype": "int8", "num_gpus": str(number), "message_size": str(size)}
            row = bench.Row(H100, "hopper", "", is_held_out(shape_of("collectives", values)), values, 1.0)
            rows.append(row._replace(time_s=1.0 if row.held_out else kind.predict(known, row)))
    assert 3 < sum(row.held_out for row in rows) < 18
    found = bench.fitted(kind, rows, "hopper")
    for row in rows:
        assert kind.predict(found, row) == pytest.approx(kind.predict(known, row), rel=0.05)


# --- properties ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", nccl.OPS)
@pytest.mark.parametrize("num_gpus", [2, 8, 64])
def test_time_grows_with_bytes_and_nothing_beats_the_link(op, num_gpus):
    sizes = [2**power for power in range(8, 33, 2)]
    times = [collective_time(H100, op, size, num_gpus).time_s for size in sizes]
    assert times == sorted(times) and len(set(times)) == len(times)
    for size, time_s in zip(sizes, times, strict=True):
        reached = collective_bandwidths(op, size, num_gpus, time_s)
        assert reached.bus_bytes_per_s < 450e9
        assert reached.algorithm_bytes_per_s == pytest.approx(size / time_s)


@pytest.mark.parametrize("size", [2**28, 2**31])
def test_an_all_reduce_takes_about_a_reduce_scatter_and_an_all_gather(size):
    parts = sum(collective_time(H100, op, size, 8).time_s for op in (nccl.REDUCE_SCATTER, nccl.ALL_GATHER))
    assert collective_time(H100, nccl.ALL_REDUCE, size, 8).time_s == pytest.approx(parts, rel=0.1)


def test_one_gpu_sends_nothing():
    assert all(collective_time(H100, op, 1e9, 1)[:3] == (0, 0, 0) for op in nccl.OPS)
    alone = Shape(128, 7168, gpus_per_node=1)
    assert low_latency_time(H100, alone).time_s == normal_time(H100, alone).time_s == 0
    assert normal_time(H100, Shape(0, 7168)).time_s == 0
    assert collective_bandwidths("all_reduce", 8, 1, 1.0).bus_bytes_per_s == 0


def test_several_nodes_are_slower_the_fewer_cards_a_ring_has():
    sent = 2**30
    inside, many, few = (collective_time(H100, "all_gather", sent, *how).time_s for how in ((8,), (64, 8), (8, 1)))
    assert inside < many < few
    assert few == pytest.approx(sent * 7 / 8 / 40e9, rel=0.05)  # one card each, as its bandwidth is published to arrive
    assert send_receive_time(H100, sent, between_nodes=True).time_s == pytest.approx(sent / 40e9, rel=0.01)


def test_a_tree_shortens_small_all_reduces_over_many_nodes():
    one, many = (collective_time(H100, "all_reduce", 1024, nodes * 8).time_s for nodes in (16, 256))
    assert many < 2 * one


@pytest.mark.parametrize("nodes", [1, 4])
def test_deepep_grows_with_tokens_and_chosen_experts(nodes):
    for time in (low_latency_time, normal_time):
        by_tokens = [time(H100, Shape(tokens, 7168, num_nodes=nodes)).time_s for tokens in (1, 16, 128, 1024)]
        by_chosen = [time(H100, Shape(1024, 7168, chosen, num_nodes=nodes)).time_s for chosen in (1, 2, 4, 8)]
        assert by_tokens == sorted(by_tokens) and by_chosen == sorted(by_chosen)
        found = time(H100, Shape(4096, 7168, num_nodes=nodes))
        assert found.combine.time_s > 1.3 * found.dispatch.time_s  # two bytes a number, not one


def test_more_sms_help_until_the_links_are_full():
    shape = Shape(8192, 7168, num_nodes=4)
    times = [normal_time(H100, shape, sms).time_s for sms in (4, 8, 12, 24, 48, 96)]
    assert times == sorted(times, reverse=True) and times[0] > 1.8 * times[1] and times[-1] > 0.98 * times[-2]
    assert normal_time(H100, shape, 20, num_combine_sms=4).combine == normal_time(H100, shape, 4).combine


def test_few_experts_leave_most_sms_idle():
    assert [sms_for(experts, 132) for experts in (8, 132, 256, 288)] == [8, 132, 128, 96]
    few, many = (low_latency_time(H100, Shape(512, 4096, 2, experts)).dispatch.time_s for experts in (8, 128))
    assert few > 3 * many


def test_the_measured_cluster_slows_down_at_eight_nodes_and_another_need_not():
    shape = Shape(4096, 7168, num_nodes=8)
    slow, free = normal_time(H100, shape), normal_time(H100, shape, congestion=1.0)
    assert slow.time_s > 1.5 * free.time_s and "measured cluster" in slow.note
    assert "measured cluster" not in normal_time(H800, shape).note


def test_an_accelerator_of_numbers_gets_a_wider_interval_and_says_so():
    typed = read_accelerator("name=mine,scale_up=450e9,scale_out=50e9,domain=8")
    known, other = (collective_time(one, "all_reduce", 2**28, 8) for one in (H100, typed))
    assert known.time_s == other.time_s and known.note == ""
    assert other.low_s < known.low_s < known.high_s < other.high_s and "mine was not measured" in other.note
    alike = collective_time(H800, "all_reduce", 2**28, 8)
    assert 1 < alike.high_s / alike.time_s < other.high_s / other.time_s and "its generation" in alike.note
    changed = collective_time(read_accelerator("h100-sxm,scale_up=225e9"), "all_reduce", 2**30, 8)
    assert changed.time_s > 1.8 * collective_time(H100, "all_reduce", 2**30, 8).time_s and "not measured" in changed.note


def test_every_accelerator_with_links_has_a_time():
    asked = [one for one in load_accelerators() if one.scale_up_bandwidth_bytes_per_s and one.scale_up_domain_gpus]
    assert len(asked) > 10
    for one in asked:
        found = collective_time(one, "all_gather", 2**20, min(2, one.scale_up_domain_gpus))
        assert 0 <= found.low_s <= found.time_s <= found.high_s < 1


def test_blackwell_over_several_nodes_says_that_it_was_not_measured():
    found = low_latency_time(load_accelerator("b200-sxm"), Shape(128, 7168, num_nodes=4)).dispatch
    assert "only Hopper" in found.note and found.high_s > 1.5 * found.time_s


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: collective_time(H100, "gather", 1, 8), "op_name must be one of all_reduce"),
        (lambda: collective_time(H100, "all_reduce", -1, 8), "message .bytes. must be"),
        (lambda: collective_time(H100, "all_reduce", 1, 0), "num_gpus must be a whole number"),
        (lambda: collective_time(H100, "all_reduce", 1, 12), "whole domains of 8 GPUs; found 12"),
        (lambda: collective_time(H100, "all_reduce", 1, 12, 5), "gpus_on_node must divide the 12 GPUs; found 5"),
        (lambda: collective_time(load_accelerator("l4"), "all_reduce", 1, 2), "scale-up"),
        (lambda: collective_bandwidths("all_reduce", 1, 2, 0), "time .s. must be"),
        (lambda: send_receive_time(H100, float("nan")), "message .bytes. must be"),
        (lambda: normal_time(H100, Shape(1, 7168, 9, 8)), "num_topk must be a whole number from 1 to 8; found 9"),
        (lambda: normal_time(H100, Shape(1, 7168, 8, 100)), "must divide the 100 experts; found 8"),
        (lambda: normal_time(H100, Shape(1, 7168), 0), "SMs of the kernel must be"),
        (lambda: normal_time(H100, Shape(1, 7168), congestion=0.5), "congestion must be"),
        (lambda: low_latency_time(H100, Shape(1.5, 7168)), "num_token must be a whole number"),
        (lambda: low_latency_time(H100, Shape(1, 7168, num_nodes=0)), "node_num must be a whole number"),
    ],
)
def test_bad_input_gets_one_sentence(call, said):
    with pytest.raises(InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--op collectives --row op_name=all_reduce,nccl_dtype=fp3,num_gpus=8,message_size=1", "nccl_dtype must be one of"),
        ("--op collectives --row op_name=all_reduce,nccl_dtype=half,num_gpus=8", "has no message_size"),
        ("--op deepep_ll --row node_num=1,hidden_size=x,num_token=1,num_topk=8,num_experts=256", "hidden_size must be"),
        ("--op deepep_normal --row node_num=3,hidden_size=7168,num_token=1,num_topk=8,num_experts=256", "must divide"),
    ],
)
def test_bad_rows_get_one_line(line, said, moecalc):
    answer = moecalc(f"kernels {line} --gpu h100-sxm --json")
    assert answer.code == 2 and said in answer.err and answer.err.count("\n") == 1
