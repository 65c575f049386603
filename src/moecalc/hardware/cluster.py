"""Clusters as their owners describe them: nodes, pods, planes, links and how much of them is left between pods."""

from typing import NamedTuple

from ..base.names import find
from ..facts import tables
from .accelerator import Accelerator, load_accelerator
from .topology import Network, fat_tree, multi_plane_fat_tree


class Cluster(NamedTuple):
    """A cluster that trained a model; what no source gives is None. Bandwidths are of one GPU and one direction."""

    slug: str
    name: str
    accelerator: str  #: slug of data/accelerators.csv
    num_gpus: int  #: that the run used
    cluster_gpus: int  #: that the network joins
    gpus_per_node: int
    gpus_per_pod: int | None
    gpus_per_leaf: int | None
    oversubscription: int  #: of the layer between pods, or between leaves where there are none
    fabric: str
    layers: int
    planes: int
    switch_ports: int | None
    scale_up_bytes_per_s: float | None
    scale_up_effective_bytes_per_s: float | None
    scale_out_bytes_per_s: float | None
    scale_out_effective_bytes_per_s: float | None

    @property
    def num_nodes(self) -> int:
        return self.num_gpus // self.gpus_per_node

    @property
    def num_pods(self) -> int:
        return self.cluster_gpus // self.gpus_per_pod if self.gpus_per_pod else 1

    @property
    def between_pods_bytes_per_s(self) -> float | None:
        """Bandwidth of a GPU when all send to other pods at once."""
        return self.scale_out_bytes_per_s and self.scale_out_bytes_per_s / self.oversubscription

    @property
    def network(self) -> Network | None:
        """Its network, if its switches are all alike; None where they are not, as in the cluster of Llama 3."""
        if self.switch_ports is None:
            return None
        if self.planes > 1:
            return multi_plane_fat_tree(self.planes, self.layers, self.switch_ports, self.cluster_gpus)
        return fat_tree(self.layers, self.switch_ports, self.cluster_gpus, self.oversubscription)


#: field of Cluster -> (unit used inside, quantity of data/clusters.csv)
_FACTS = {
    "name": ("text", "name"),
    "accelerator": ("text", "accelerator"),
    "num_gpus": ("GPUs", "num_gpus"),
    "cluster_gpus": ("GPUs", "cluster_gpus"),
    "gpus_per_node": ("GPUs", "gpus_per_node"),
    "gpus_per_pod": ("GPUs", "gpus_per_pod"),
    "gpus_per_leaf": ("GPUs", "gpus_per_leaf"),
    "oversubscription": ("ratio", "oversubscription"),
    "fabric": ("text", "fabric"),
    "layers": ("count", "layers"),
    "planes": ("count", "planes"),
    "switch_ports": ("count", "switch_ports"),
    "scale_out_bytes_per_s": ("bytes/s", "card"),
    "scale_up_effective_bytes_per_s": ("bytes/s", "scale_up_effective"),
    "scale_out_effective_bytes_per_s": ("bytes/s", "scale_out_effective"),
}


def cluster_slugs() -> list:
    """Every cluster of ``data/clusters.csv``, in the order of the file."""
    return list(tables.by_subject("clusters"))


def load_cluster(name: str) -> Cluster:
    """A cluster of ``data/clusters.csv`` by its slug or name.

    >>> deepseek, llama = load_cluster("deepseek-v3"), load_cluster("llama-3")
    >>> deepseek.num_nodes, deepseek.network.num_switches, llama.num_pods, llama.gpus_per_pod
    (256, 96, 8, 3072)
    """
    known = tables.by_subject("clusters")
    slug = find("cluster", name, {slug: [facts["name"].value] for slug, facts in known.items()})
    facts = known[slug]
    values = {field: facts[quantity].to(unit) for field, (unit, quantity) in _FACTS.items() if quantity in facts}
    accelerator = load_accelerator(values["accelerator"])
    given = {"slug": slug, "cluster_gpus": values["num_gpus"], "planes": 1, "oversubscription": 1, **_links(accelerator)}
    return Cluster(**{field: (given | values).get(field) for field in Cluster._fields})


def cluster_facts(slug: str) -> dict:
    """Quantity -> the :class:`~moecalc.facts.tables.Fact` of a cluster."""
    return tables.by_subject("clusters")[slug]


def _links(accelerator: Accelerator) -> dict:
    return {
        "scale_up_bytes_per_s": accelerator.scale_up_bandwidth_bytes_per_s,
        "scale_out_bytes_per_s": accelerator.scale_out_bandwidth_bytes_per_s,
    }
