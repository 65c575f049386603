"""Tables of the page on clusters and their networks."""

from moecalc.base.units import show
from moecalc.claims.cluster import LLAMA, V3, insights_fact
from moecalc.claims.registry import report_fact, run_fact
from moecalc.facts import tables as facts
from moecalc.hardware.cluster import cluster_facts, load_cluster
from moecalc.hardware.network_cost import network_cost_usd, published_networks, published_prices
from moecalc.hardware.paths import SCALE_UP

from ..prose import fact_table, source_link, table

LATENCY = "64B CPU-side end-to-end latency"
COSTS = "insights-deepseek-v3"


def clusters():
    """The two clusters, side by side."""
    listed = {
        "GPUs of the run": ("num_gpus", ""),
        "GPUs that the network joins": ("cluster_gpus", ""),
        "GPUs of a node": ("gpus_per_node", ""),
        "GPUs of a pod": ("gpus_per_pod", ""),
        "Layers of switches": ("layers", ""),
        "Planes": ("planes", ""),
        "Fabric": ("fabric", ""),
        "NVLink, one direction": ("scale_up_bytes_per_s", "bytes/s"),
        "achieved": ("scale_up_effective_bytes_per_s", "bytes/s"),
        "A card": ("scale_out_bytes_per_s", "bytes/s"),
        "achieved by it": ("scale_out_effective_bytes_per_s", "bytes/s"),
        "A card, all sending to other pods": ("between_pods_bytes_per_s", "bytes/s"),
    }
    both = load_cluster(V3), load_cluster(LLAMA)
    rows = [
        {"what": what, **{one.slug: show(getattr(one, field), unit, 3 if unit else 6) for one in both}}
        for what, (field, unit) in listed.items()
    ]
    for one in both:  # a cluster without pods sends to none
        rows[-1][one.slug] = rows[-1][one.slug] if one.gpus_per_pod else show(None)
    times = {one.slug: one.scale_up_bytes_per_s / one.scale_out_bytes_per_s for one in both}
    rows.append({"what": "NVLink over a card, nominal", **{slug: f"{value:g} x" for slug, value in times.items()}})
    accelerators = {one.slug: facts.lookup("accelerators", one.accelerator, "name").value for one in both}
    rows.insert(0, {"what": "GPU", **accelerators})
    columns = {"what": "", V3: "DeepSeek-V3", LLAMA: "Llama 3, 405B"}
    return table(rows, columns, "The clusters that the two models were trained on")


def _latency_us(crosses: tuple) -> float:
    """What a message of 64 bytes takes by the paper's figures, where it is one transfer; the sum where it is two [us]."""
    known = facts.by_subject("serving")[LATENCY]
    switches = sum(step != SCALE_UP for step in crosses)
    out = {0: 0, 1: known["infiniband_same_leaf"].value, 3: known["infiniband_cross_leaf"].value}[switches]
    return out + (known["nvlink_same_node"].value if SCALE_UP in crosses else 0)


def paths(found: dict):
    """What a message crosses, and how many GPUs are reached so."""
    total = sum(found.values())
    rows = [
        {
            "crosses": ", ".join("NVLink" if step == SCALE_UP else step for step in one.crosses),
            "switches": one.switches,
            "gpus": count,
            "share": count / total,
            "us": _latency_us(one.crosses),
        }
        for one, count in found.items()
    ]
    columns = {
        "crosses": "Crosses",
        "switches": "Switches",
        "gpus": "GPUs reached",
        "share": ("of all others", "%", 1),
        "us": ("Latency", "us", 3),
    }
    caption = "From one GPU of V3's cluster to each other, forwarded in the node where it arrives"
    return table(rows, columns, caption, source=source_link(COSTS, "Table 5, of 64 bytes; two transfers are added up"))


def networks():
    """The five networks whose costs are published: as counted, and cost as recomputed from two prices."""
    prices = published_prices()
    rows = [
        {
            "name": one.network.name,
            "endpoints": one.network.endpoints,
            "switches": one.network.num_switches,
            "links": one.network.num_links,
            "most": one.network.most_switches,
            "usd": one.usd_per_endpoint,
            "ours": network_cost_usd(one.network, prices) / one.network.endpoints,
        }
        for one in published_networks()
    ]
    columns = {
        "name": "Network",
        "endpoints": "Endpoints",
        "switches": "Switches",
        "links": "Links",
        "most": "On a path",
        "usd": ("Endpoint, printed", "USD"),
        "ours": ("from two prices", "USD"),
    }
    caption = "Switches, links between them, most switches on a path, and cost of an endpoint"
    return table(rows, columns, caption, source=source_link(COSTS, "Table 3"))


def facts_used():
    """Facts that the page uses."""
    serving = facts.by_subject("serving")
    used = [fact for slug in (V3, LLAMA) for fact in cluster_facts(slug).values()]
    used += [report_fact("training system", name) for name in ("nvlink_bandwidth", "infiniband_bandwidth", "nvlink_to_ib")]
    used += [insights_fact(name) for name in ("nvlink_per_direction", "ib_per_nic_effective", "mpft_max_gpus")]
    used += [fact for subject in (LATENCY, "Network topology FT2") for fact in serving[subject].values()]
    used += [
        fact
        for subject in ("MPFT", "FT3", "Slim Fly", "Dragonfly")
        for name, fact in serving[f"Network topology {subject}"].items()
        if name.startswith("cost")
    ]
    return fact_table([*used, run_fact("dsv3-mpft", "mfu")])
