"""All-reduce over hosts: loads by hand, published bandwidths below their bounds, bad input; and prices."""

import pytest

from moecalc import InputError
from moecalc.facts import tables
from moecalc.hardware.cluster_value import Offer, scaling_efficiency, value_over
from moecalc.hardware.host_reduce import (
    CARD,
    HOST,
    HOST_PAIRS,
    MEMORY,
    PEER,
    RING,
    ROOT_PORT,
    SWITCH,
    WAYS,
    all_reduce_bound,
    all_reduce_limits,
    dgx_host,
    fire_flyer_host,
    measured_all_reduces,
)

NODE = fire_flyer_host()
KNOWN = tables.by_subject("fire_flyer")
MEASURED = measured_all_reduces()


def limit(way, resource, num_gpus, host=NODE):
    return next(one for one in all_reduce_limits(way, host, num_gpus) if one.resource == resource)


def test_memory_operations_and_their_bound_are_the_published_ones():
    memory = limit(HOST, MEMORY, 16)
    assert memory.load == KNOWN["HFReduce"]["host_memory_operations"].value == 24
    assert memory.allowed == pytest.approx(KNOWN["HFReduce"]["memory_bound"].to("bytes/s"), abs=0.05e9)
    assert limit(HOST, MEMORY, 8).load == 2 * 8 + 1 + 2, "inside a node nothing is sent"
    assert limit(HOST_PAIRS, MEMORY, 16).load == 2 * 4 + 8


def test_loads_by_hand():
    assert limit(RING, PEER, 16).load == 2 * 15 / 16
    assert limit(HOST, CARD, 16).load == 1 and limit(HOST, CARD, 1024).load == 2 * 127 / 128
    port = limit(HOST, ROOT_PORT, 64)
    assert (port.load, port.least_load) == (4, 2)
    assert port.allowed == 37.5e9 / 4 and port.allowed_at_most == 37.5e9 / 2


def test_there_are_as_many_measured_ones_as_the_figures_have():
    counts = {way: [one.num_gpus for one in MEASURED if one.way == way] for way in (RING, HOST, HOST_PAIRS)}
    assert counts[RING] == counts[HOST] == [16, 32, 64, 128, 256, 512, 1024, 1440]
    assert counts[HOST_PAIRS] == counts[HOST][:-1]


@pytest.mark.parametrize("one", MEASURED, ids=str)
def test_nothing_that_was_measured_is_above_its_bound(one):
    """No parameter was fitted, so a bound that is exceeded would be wrong."""
    bound = all_reduce_bound(one.way, NODE, one.num_gpus)
    assert one.bytes_per_s <= bound.high
    assert one.bytes_per_s >= 0.3 * bound.high


def test_the_order_of_the_ways_is_the_measured_one():
    at = {way: all_reduce_bound(way, NODE, 16).high for way in (RING, HOST, HOST_PAIRS)}
    assert at[RING] < at[HOST] < at[HOST_PAIRS] < all_reduce_bound(SWITCH, dgx_host(), 16).high


def test_a_ring_that_reaches_the_card_as_fast_as_memory_is_no_slower_than_hfreduce():
    chained = NODE._replace(peer=NODE.pcie)
    assert all_reduce_bound(RING, NODE, 64).narrowest == PEER
    assert all_reduce_bound(RING, chained, 64).low > all_reduce_bound(HOST, chained, 64).low


@pytest.mark.parametrize("way", WAYS)
def test_faster_resources_never_lower_a_bound_and_twice_as_fast_doubles_it(way):
    before = all_reduce_bound(way, NODE, 64)
    rates = ("pcie", "peer", "root_port", "memory", "card", "nvlink")
    for name in rates:
        after = all_reduce_bound(way, NODE._replace(**{name: 3 * getattr(NODE, name)}), 64)
        assert after.low >= before.low and after.high >= before.high
    twice = all_reduce_bound(way, NODE._replace(**{name: 2 * getattr(NODE, name) for name in rates}), 64)
    assert (twice.low, twice.high) == pytest.approx((2 * before.low, 2 * before.high))
    assert before.low <= before.high == pytest.approx(min(one.allowed_at_most for one in before.limits))


@pytest.mark.parametrize(
    ("change", "num_gpus", "way", "said"),
    [
        ({}, 20, HOST, "gpus must divide the 20 GPUs"),
        ({}, 1, HOST, "num_gpus must be a whole number"),
        ({}, 16, "tree", "way must be one of ring, host"),
        ({"memory": 0}, 16, HOST, "memory must be"),
        ({"bridged": 3}, 16, HOST_PAIRS, "bridged must divide the 8"),
        ({"gpus": 0}, 16, RING, "gpus must be a whole number"),
    ],
)
def test_bad_input_is_one_sentence(change, num_gpus, way, said):
    with pytest.raises(InputError, match=said) as caught:
        all_reduce_bound(way, NODE._replace(**change), num_gpus)
    assert "\n" not in str(caught.value)


def offer(subject, performance="fp16_gemm"):
    known = KNOWN[subject]
    return Offer(known[performance].value, known["total_price"].value, known["power"].value)


def test_the_printed_value_of_a_node_and_what_that_of_the_cluster_is():
    shares = [value_over(offer("Fire-Flyer 2", one), offer("DGX-A100", one)) for one in ("fp16_gemm", "tf32_gemm")]
    assert shares[1].performance < KNOWN["Fire-Flyer 2"]["relative_performance"].to("ratio") < shares[0].performance
    node = value_over(Offer(0.83, 60), Offer(1, 100))
    assert round(node.performance_per_price, 2) == KNOWN["Fire-Flyer 2"]["cost_performance"].value
    for one in shares:
        assert one.price == pytest.approx(0.504, abs=0.0005) and one.power == pytest.approx(0.595, abs=0.0005)
        assert one.performance * (1 - one.can_lose) == pytest.approx(one.price)
    assert value_over(Offer(1, 2), Offer(1, 1)).can_lose == 0
    assert value_over(Offer(1, 2), Offer(1, 1)).performance_per_power is None


def test_prices_of_the_parts_sum_to_the_printed_totals():
    for subject in ("Fire-Flyer 2", "DGX-A100", "PCIe A100, three layers"):
        known = KNOWN[subject]
        assert known["network_price"].value + known["server_price"].value == known["total_price"].value


def test_printed_efficiencies_follow_from_printed_times_but_for_one():
    llama, moe = (KNOWN[f"HaiScale {name}"] for name in ("LLaMA-13B", "DeepSeekMoE-16B"))

    def found(known, first, last):
        return scaling_efficiency(last, known[f"step_time_{last}_gpus"].value, first, known[f"step_time_{first}_gpus"].value)

    assert found(moe, 40, 640) == pytest.approx(moe["efficiency_said"].to("ratio"), abs=5e-5)
    printed = llama["efficiency_said"].to("ratio")
    assert found(llama, 64, 512) == pytest.approx(0.8248, abs=5e-5) and abs(found(llama, 64, 512) - printed) > 0.08
    assert abs(found(llama, 64, 256) - printed) < 0.01, "it is that of half as many GPUs"


@pytest.mark.parametrize(
    ("one", "said"), [(Offer(0, 1), "performance"), (Offer(1, -1), "price"), (Offer(1, 1, 0), "power_w")]
)
def test_an_offer_that_is_none_is_refused(one, said):
    with pytest.raises(InputError, match=f"{said} must be"):
        value_over(one, Offer(1, 1, 1))
