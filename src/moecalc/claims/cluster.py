"""Checks of what the talk says of the two clusters and their networks."""

from ..base.units import show
from ..facts import tables
from ..hardware.cluster import cluster_facts, load_cluster
from .evidence import Evidence, Part
from .printed import numbers
from .registry import check, report_fact, stated

V3, LLAMA = "deepseek-v3", "llama-3"


def insights_fact(quantity: str):
    """A figure of the Insights paper on V3's cluster."""
    return tables.lookup("serving", "H800 cluster", quantity)


@check("C53")
def nodes_of_v3(claim):
    facts = cluster_facts(V3)
    gpus, nodes, per_node = numbers("C53")[0], *numbers("C53")[-2:]
    return Evidence(
        (
            Part(gpus, stated=facts["num_gpus"].value, fact=facts["num_gpus"], name="GPUs"),
            Part(nodes, int(gpus) / int(per_node), name="nodes"),
            Part(per_node, stated=facts["gpus_per_node"].value, fact=facts["gpus_per_node"], name="GPUs of a node"),
        ),
        convention="nodes are GPUs over GPUs of a node",
        shown=f"{gpus} H800, {load_cluster(V3).num_nodes} nodes of {per_node}",
    )


@check("C54")
def pods_of_llama(claim):
    used, joined, pods, each, ratio = (numbers("C54")[at] for at in (0, -5, -4, -3, -1))
    facts, cluster = cluster_facts(LLAMA), load_cluster(LLAMA)
    return Evidence(
        (
            Part(used, cluster.num_gpus, name="GPUs used"),
            Part(joined, int(pods) * int(each), name="GPUs joined"),
            Part(pods, stated=facts["cluster_pods"].value, fact=facts["cluster_pods"], name="pods"),
            Part(each, stated=facts["gpus_per_pod"].value, fact=facts["gpus_per_pod"], name="GPUs of a pod"),
            Part(ratio, stated=facts["oversubscription"].value, fact=facts["oversubscription"], name="oversubscription"),
        ),
        convention="GPUs joined are pods times GPUs of a pod",
        note=f'The paper writes "16K" and "24K", for {cluster.num_gpus:,} and {cluster.cluster_gpus:,}; with zeros written '
        "out they look exact. The ratio holds between pods alone; inside a pod the paper has full bisection bandwidth.",
        cite=facts["gpus_per_pod"],
        shown=f"{cluster.num_gpus} H100 of {cluster.cluster_gpus}; {pods} pods of {each}; oversubscription 1:{ratio}",
    )


@check("C55")
def nvlink(claim):
    nominal = insights_fact("nvlink_per_direction")
    return stated(
        claim,
        report_fact("training system", "nvlink_bandwidth"),
        "GB/s",
        note=f"What is achieved, of {show(nominal.to('bytes/s'), 'bytes/s', 3)} in one direction by the Insights paper.",
    )


@check("C56")
def infiniband(claim):
    effective = insights_fact("ib_per_nic_effective")
    return stated(
        claim,
        report_fact("training system", "infiniband_bandwidth"),
        "GB/s",
        note=f"The nominal speed of a card. The Insights paper counts with {show(effective.to('bytes/s'), 'bytes/s', 2)}; "
        f"beside NVLink's {numbers('C55')[0]}, which is achieved, that is the figure to compare.",
    )


@check("C101")
def fabrics_of_llama(claim):
    facts = cluster_facts(LLAMA)
    of_405b, of_smaller = facts["fabric"], facts["fabric_of_smaller_models"]
    return Evidence(
        (
            Part("True", stated="RoCE" in of_405b.value, fact=of_405b, name="RoCE"),
            Part("True", stated="Quantum2" in of_smaller.value, fact=of_smaller, name="Quantum2 InfiniBand"),
        ),
        shown=f"{of_405b.value} for the 405B run, {of_smaller.value} for the smaller models",
        note="Not both in one: the cluster of three layers that the slide describes beside it has RoCE.",
    )
