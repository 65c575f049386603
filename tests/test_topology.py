"""Networks, clusters, what a message crosses, and what a network costs."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc.base.errors import InputError
from moecalc.explorers import explore
from moecalc.facts import tables
from moecalc.hardware.cluster import cluster_facts, cluster_slugs, load_cluster
from moecalc.hardware.network_cost import (
    Prices,
    network_cost_usd,
    prices_from,
    published_networks,
    published_prices,
)  # fmt: skip
from moecalc.hardware.paths import SCALE_UP, dispatched, path, place
from moecalc.hardware.topology import (
    dragonfly,
    fat_tree,
    multi_plane,
    multi_plane_fat_tree,
    slim_fly,
)  # fmt: skip

PUBLISHED = published_networks()
EVEN_PORTS = st.integers(2, 40).map(lambda half: 2 * half)


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: one.network.name)
def test_published_counts(one):
    assert (one.network.endpoints, one.network.num_switches, one.network.num_links) == one[1:4]


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: one.network.name)
def test_published_costs(one):
    """Two fat trees make the prices, the other networks are held against them: within 1.2 %, one digit of 9 M USD apart."""
    assert network_cost_usd(one.network, published_prices()) == pytest.approx(one.usd, rel=0.012)
    assert network_cost_usd(one.network, published_prices()) / one.network.endpoints == pytest.approx(
        one.usd_per_endpoint, rel=0.012
    )


@given(EVEN_PORTS)
def test_full_fat_trees(ports):
    two, three = fat_tree(2, ports), fat_tree(3, ports)
    assert (two.endpoints, two.num_switches, two.num_links) == (ports**2 // 2, 3 * ports // 2, ports**2 // 2)
    assert (three.endpoints, three.num_switches, three.num_links) == (ports**3 // 4, 5 * ports**2 // 4, ports**3 // 2)
    for tree in (two, three):
        assert tree.ports_in_use == tree.num_switches * ports
        assert tree.bisection_share == 1


def bisection_by_cuts(leaves, spines, links_of_a_leaf):
    """The fewest links between halves of the leaves, with each spine on the better side: all cuts are tried."""
    each = links_of_a_leaf // spines
    halves = itertools.combinations(range(leaves), leaves // 2)
    return min(sum(min(each * len(half), each * (leaves - len(half))) for _ in range(spines)) for half in halves)


@pytest.mark.parametrize(("ports", "ratio"), [(4, 1), (6, 1), (8, 1), (6, 2), (8, 3)])
def test_bisection_is_that_of_the_worst_cut(ports, ratio):
    tree = fat_tree(2, ports, oversubscription=ratio)
    leaves, spines = tree.switches
    assert tree.bisection_links == bisection_by_cuts(leaves, spines, tree.num_links // leaves)
    assert tree.bisection_share == pytest.approx(1 / ratio)


@settings(max_examples=200)
@given(st.sampled_from([2, 3]), st.integers(2, 96), st.data())
def test_any_tree_has_the_ports_it_uses(layers, ports, data):
    ratios = data.draw(st.lists(st.integers(1, ports - 1), min_size=layers - 1, max_size=layers - 1))
    most = fat_tree(layers, ports, None, ratios).endpoints
    endpoints = data.draw(st.integers(1, most))
    tree = fat_tree(layers, ports, endpoints, ratios)
    assert tree.endpoints == endpoints <= tree.switches[0] * tree.leaf_endpoints
    # by layer: ports below and above the switches
    below, above = (endpoints, *tree.links), (*tree.links, 0)
    for switches, down, up in zip(tree.switches, below, above, strict=True):
        assert down + up <= switches * ports
        assert down == 0 or switches > 0
    assert tree.most_switches == 1 + 2 * sum(links > 0 for links in tree.links)
    assert 0 < tree.bisection_share <= 1
    larger = fat_tree(layers, ports, min(most, endpoints + 7), ratios)
    assert larger.num_links >= tree.num_links or layers == 3


def test_links_upwards_spread_evenly():
    """47 leaves of 32 links: 24 spines have the ports, but only 32 take as many of each leaf."""
    assert fat_tree(2, 64, 1500).switches == (47, 32)


def test_an_oversubscribed_top_leaves_pods_alone():
    """As Llama 3's: within a pod nothing is lost, between pods six parts in seven."""
    full, thin = fat_tree(3, 128, 24576), fat_tree(3, 128, 24576, (1, 7))
    assert full.switches[0] == thin.switches[0] and full.links[0] == thin.links[0]
    # links are spread evenly over the middle switches of a pod, a few more than a seventh
    assert 0 <= 7 * thin.links[1] - full.links[1] < 7 * thin.switches[1]
    assert full.bisection_share == 1 and 1 / 7 <= thin.bisection_share < 1 / 6.5
    # where the ports divide: 56 down, 8 up
    assert fat_tree(3, 64, None, (1, 7)).bisection_share == pytest.approx(1 / 7)


def test_planes():
    plane = fat_tree(2, 64, 256)
    planes = multi_plane_fat_tree(8, 2, 64, 2048)
    assert planes == multi_plane(8, plane)
    assert (planes.num_switches, planes.num_links) == (8 * plane.num_switches, 8 * plane.num_links)
    # what eight planes cost, one tree of as many endpoints costs too, as long as two layers do
    one = fat_tree(2, 64, 2048)
    assert (planes.num_switches, planes.num_links) == (one.num_switches, one.num_links)
    prices = published_prices()
    assert network_cost_usd(planes, prices) == network_cost_usd(one, prices)
    assert network_cost_usd(fat_tree(3, 64, 16384), prices) > 1.7 * network_cost_usd(multi_plane(8, fat_tree(2, 64)), prices)


def test_slim_fly_of_hoffman_and_singleton():
    """q = 5: 50 switches of 7 links each; q = 19, the example of its paper, 10,830 endpoints with 722 switches."""
    assert slim_fly(5).num_links == 50 * 7 / 2
    assert (slim_fly(19).endpoints, slim_fly(19).num_switches) == (10830, 722)


@given(st.integers(1, 30))
def test_the_largest_dragonfly_joins_each_two_groups_once(hosts):
    fly = dragonfly(hosts)
    groups = 2 * hosts**2 + 1
    assert fly.links[1] == groups * (groups - 1) // 2
    assert fly.ports_in_use == fly.num_switches * fly.switch_ports


@given(st.floats(1, 1e5), st.floats(1, 1e5))
def test_prices_come_back(per_endpoint, per_link):
    prices = Prices(per_endpoint, per_link)
    two, three = fat_tree(2, 8), fat_tree(3, 16, 900)
    found = prices_from(two, network_cost_usd(two, prices), three, network_cost_usd(three, prices))
    assert found == pytest.approx(prices, rel=1e-6)


# --- clusters


def test_the_clusters_of_the_talk():
    deepseek, llama = load_cluster("deepseek-v3"), load_cluster("Llama 3")
    assert (deepseek.num_gpus, deepseek.num_nodes, deepseek.gpus_per_node) == (2048, 256, 8)
    assert (deepseek.scale_up_bytes_per_s, deepseek.scale_up_effective_bytes_per_s) == (200e9, 160e9)
    assert (deepseek.scale_out_bytes_per_s, deepseek.scale_out_effective_bytes_per_s) == (50e9, 40e9)
    assert deepseek.network.planes == 8 and deepseek.network.most_switches == 3
    assert (llama.num_gpus, llama.cluster_gpus, llama.num_pods, llama.gpus_per_pod) == (16384, 24576, 8, 3072)
    assert llama.between_pods_bytes_per_s == pytest.approx(50e9 / 7)
    assert llama.network is None
    racks = cluster_facts("llama-3")["racks_per_pod"].value
    assert racks * llama.gpus_per_leaf == llama.gpus_per_pod
    assert llama.num_pods == cluster_facts("llama-3")["cluster_pods"].value


def test_the_planes_of_deepseek_reach_what_the_paper_says():
    deepseek = load_cluster("deepseek-v3")
    most = tables.lookup("serving", "H800 cluster", "mpft_max_gpus").value
    assert multi_plane_fat_tree(deepseek.planes, deepseek.layers, deepseek.switch_ports).endpoints == most


@pytest.mark.parametrize("slug", cluster_slugs())
def test_every_cluster_loads(slug):
    one = load_cluster(slug)
    assert one.slug == slug and one.num_gpus <= one.cluster_gpus
    assert one.num_nodes * one.gpus_per_node == one.num_gpus


# --- paths


@pytest.mark.parametrize(
    ("network", "wiring", "source", "target", "crosses"),
    [
        (fat_tree(2, 64, 2048), "nodes", 0, 31, "leaf"),
        (fat_tree(2, 64, 2048), "nodes", 0, 32, "leaf spine leaf"),
        (fat_tree(2, 64, 2048), "rails", 0, 8 * 31, "leaf"),
        (fat_tree(2, 64, 2048), "rails", 0, 8 * 31 + 5, "leaf scale-up"),
        (fat_tree(2, 64, 2048), "rails", 0, 8 * 32, "leaf spine leaf"),
        (multi_plane_fat_tree(8, 2, 64, 2048), "planes", 3, 8 * 32 + 3, "leaf spine leaf"),
        (multi_plane_fat_tree(8, 2, 64, 2048), "planes", 3, 8 * 31 + 4, "leaf scale-up"),
        (fat_tree(3, 8), "nodes", 0, 3, "leaf"),
        (fat_tree(3, 8), "nodes", 8, 15, "leaf spine leaf"),
        (fat_tree(3, 8), "nodes", 15, 16, "leaf spine core spine leaf"),
    ],
)
def test_paths(network, wiring, source, target, crosses):
    gpus_per_node = 2 if network.most_switches == 5 else 8
    found = path(source, target, gpus_per_node, network, wiring)
    assert found.crosses == tuple(crosses.split())
    assert found.switches == sum(step != SCALE_UP for step in found.crosses) <= network.most_switches
    assert found.scale_out_links == found.switches + 1
    back = path(target, source, gpus_per_node, network, wiring)
    assert sorted(back.crosses) == sorted(found.crosses)


def test_inside_a_node_no_switch_of_the_network_is_crossed():
    network = fat_tree(2, 64, 2048)
    assert path(8, 9, 8, network).crosses == (SCALE_UP,)
    assert path(8, 8, 8, network).crosses == ()
    assert path(8, 9, 8, network).scale_out_links == 0


def test_each_leaf_holds_no_more_than_it_has_ports_for():
    for network, wiring in (
        (fat_tree(2, 64, 2048), "nodes"), (fat_tree(2, 64, 2048), "rails"), (multi_plane_fat_tree(4, 2, 16, 512), "planes"),
    ):  # fmt: skip
        held = {}
        for gpu in range(network.endpoints):
            found = place(gpu, 8, network, wiring)
            held.setdefault((found.plane, found.leaf), []).append(gpu)
        assert len(held) == network.switches[0]
        assert {len(gpus) for gpus in held.values()} == {network.leaf_endpoints}


@given(st.sampled_from([1, 2, 4, 8, 72]), st.integers(0, 500), st.lists(st.integers(0, 500), max_size=20))
def test_copies_reach_each_gpu_once_and_each_node_once(gpus_per_node, source, targets):
    copies = dispatched(source, targets, gpus_per_node)
    node = source // gpus_per_node
    assert {end // gpus_per_node for _, end in copies.scale_out} == {gpu // gpus_per_node for gpu in targets} - {node}
    assert len({end // gpus_per_node for _, end in copies.scale_out}) == len(copies.scale_out)
    for start, end in copies.scale_out:
        assert start == source and start % gpus_per_node == end % gpus_per_node
    reached = {source} | {end for _, end in copies.scale_out}
    for start, end in copies.scale_up:
        assert start in reached and start // gpus_per_node == end // gpus_per_node and start != end
    assert set(targets) <= reached | {end for _, end in copies.scale_up}
    assert len({end for _, end in copies.scale_up}) == len(copies.scale_up)


@given(st.sampled_from([1, 2, 4, 8, 72]), st.integers(0, 500), st.lists(st.integers(0, 500), max_size=20))
def test_copies_that_change_rails_at_home(gpus_per_node, source, targets):
    copies, once = (dispatched(source, targets, gpus_per_node, first) for first in ("scale-up", "scale-out"))
    node = source // gpus_per_node
    away = {gpu for gpu in targets if gpu // gpus_per_node != node}
    assert {end for _, end in copies.scale_out} == away and len(copies.scale_out) == len(away) >= len(once.scale_out)
    assert all(start // gpus_per_node == node for start, _ in copies.scale_out + copies.scale_up)
    assert all(start % gpus_per_node == end % gpus_per_node for start, end in copies.scale_out)
    has_it = {source} | {end for _, end in copies.scale_up}
    assert {start for start, _ in copies.scale_out} <= has_it
    assert set(targets) <= has_it | away


# --- figures


@pytest.mark.parametrize("seed", range(1, 21))
def test_a_token_of_v3_reaches_at_most_four_nodes_and_leaves_once_for_each(seed):
    token, each = (explore("token-path", seed=seed, forwarding=how)["metrics"] for how in ("scale-out", "scale-up"))
    at_home = token["at_home"] > 0
    assert token["nodes"] <= 4 and token["scale_out"] == token["nodes"] - at_home
    assert token["planes"] == 1 and token["switches"] == 1
    assert each["scale_out"] == each["one_each"] == token["one_each"] >= token["scale_out"]


def test_a_group_of_the_gate_spans_two_nodes_where_experts_lie_on_more_gpus():
    reached = [explore("token-path", seed=seed, ep=128)["metrics"]["nodes"] for seed in range(1, 21)]
    assert 4 < max(reached) <= 8
    assert explore("token-path", gpus_per_node=64)["metrics"]["scale_out"] == 0


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        ({"model": "deepseek-v2"}, "ep must divide the 160 experts of deepseek-v2; found 64, 32 would do"),
        ({"source": 65}, "source must be a whole number from 1 to 64; found 65"),
        ({"limit": 1, "top_k": 16, "ep": 16, "model": "gpt-oss-120b", "gpus_per_node": 2}, None),
    ],
)
def test_what_the_figure_refuses(controls, sentence):
    if sentence is None:
        assert explore("token-path", **controls)["metrics"]["nodes"] == 1
        return
    with pytest.raises(InputError, match=sentence):
        explore("token-path", **controls)


def test_lines_end_where_networks_do():
    found = explore("network-topologies", ports=32, planes=4)["metrics"]
    assert (found["two_reach"], found["planes_reach"], found["three_reach"]) == (512, 2048, 8192)
    at = explore("network-topologies", ports=32, planes=4, endpoints=1024)["metrics"]
    assert at["two_usd"] is None and at["planes_usd"] < at["three_usd"]
    assert (at["planes_most"], at["three_most"]) == (3, 5)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: fat_tree(4, 64), "layers must be one of 2, 3; found 4"),
        (lambda: fat_tree(2, 1), "switch_ports must be a whole number from 2 to 4,096; found 1"),
        (lambda: fat_tree(2, 64, 2049), "endpoints of a fat tree of 2 layers of 64-port .* from 1 to 2,048; found 2049"),
        (lambda: fat_tree(2, 64, 0), "from 1 to 2,048; found 0"),
        (lambda: fat_tree(3, 64, 100, 0), "oversubscription must be a whole number"),
        (lambda: fat_tree(3, 64, 100, (1,)), r"one ratio for each layer but the top, 2; found \(1,\)"),
        (lambda: fat_tree(2, 8, 8, 8), "oversubscription of 1:8 needs switch_ports of at least 9; found 8"),
        (lambda: multi_plane(0, fat_tree(2, 64)), "planes must be a whole number from 1 to 64; found 0"),
        (lambda: multi_plane(2, multi_plane(2, fat_tree(2, 64))), "network of one plane; found one of 2"),
        (lambda: multi_plane_fat_tree(8, 2, 64, 100), "endpoints must be a multiple of 8 planes; found 100"),
        (lambda: slim_fly(6), "q must leave the rest 0, 1 or 3 when divided by 4; found 6"),
        (lambda: dragonfly(2, 10), "groups must be a whole number from 2 to 9; found 10"),
        (lambda: load_cluster("deepseek-v9"), "no cluster named 'deepseek-v9'"),
        (lambda: prices_from(fat_tree(2, 4), 1, fat_tree(2, 8), 2), "differ in links of an endpoint; both have 1"),
        (lambda: prices_from(fat_tree(2, 4), 0, fat_tree(3, 8), 2), "one_usd must be above 0"),
        (lambda: place(2048, 8, fat_tree(2, 64)), "gpu must be a whole number from 0 to 2,047; found 2048"),
        (lambda: place(0, 8, fat_tree(2, 64), "cubes"), "wiring must be one of nodes, rails, planes; found 'cubes'"),
        (lambda: place(0, 8, fat_tree(2, 64), "planes"), "wiring must be planes for a network of several planes"),
        (lambda: place(0, 4, multi_plane_fat_tree(8, 2, 64), "planes"), "gpus_per_node must be a multiple of 8 planes"),
        (lambda: place(0, 8, slim_fly(5)), "network must be a fat tree, or planes of them; found Slim Fly"),
        (lambda: place(103, 8, fat_tree(2, 64, 104), "rails"), "into leaf 8 on rails; the network has 4"),
        (lambda: path(0, 2048, 8, fat_tree(2, 64)), "target must be a whole number from 0 to 2,047; found 2048"),
        (lambda: path(0, 1, 0, fat_tree(2, 64)), "gpus_per_node must be a whole number from 1"),
        (lambda: dispatched(0, [1], 8, "rails"), "first must be one of scale-out, scale-up; found 'rails'"),
        (lambda: dispatched(0, [-1], 8), "each of targets must be a whole number from 0"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_one_sentence(call, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        call()
    assert "\n" not in str(error.value)
