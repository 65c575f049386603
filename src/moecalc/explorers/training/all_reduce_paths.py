"""Ways of an all-reduce through nodes without a switch of NVLink: what each puts on each link, and the narrowest link."""

from ...base.units import convert
from ...hardware.host_reduce import (
    HOST,
    HOST_PAIRS,
    RESOURCES,
    RING,
    WAYS,
    all_reduce_bound,
    fire_flyer_host,
    measured_all_reduces,
)
from .._define import Choice, Explorer, Metric

SHOWN = (RING, HOST, HOST_PAIRS)
ORDER = {way: place for place, way in enumerate(SHOWN)}
GPUS = (16, 32, 64, 128, 256, 512, 1024, 1440)
NODE = fire_flyer_host()
PEERS = {0: "9 GiB/s, EPYC Rome", 1: "as fast as a PCIe port"}
PORTS = {2: "two GPUs share one", 1: "each GPU has its own"}
MEMORY = (160, 320, 460, 920)
CARDS = (100, 200, 400, 800, 1600)
PCIE = (13.5, 27, 54)


def compute(num_gpus, peer, memory, card, pcie, port):
    port_rate = pcie * 1e9
    # a wider generation of PCIe widens what ports share with it
    root = NODE.root_port * port_rate / NODE.pcie
    host = NODE._replace(
        pcie=port_rate,
        peer=port_rate if peer else NODE.peer,
        root_port=root,
        gpus_of_root_port=port,
        memory=memory * 1e9,
        card=convert(card, "Gb/s", "bytes/s"),
    )
    measured = {(one.way, one.num_gpus): one.bytes_per_s for one in measured_all_reduces()}
    bounds = {way: all_reduce_bound(way, host, num_gpus) for way in SHOWN}
    as_built = host == NODE
    rows = []
    for way, bound in bounds.items():
        at = measured.get((way, num_gpus)) if as_built else None
        for one in bound.limits:
            rows.append(
                {
                    "way": WAYS[way],
                    "order": ORDER[way],
                    "resource": RESOURCES[one.resource],
                    "part": one.resource,
                    "load": one.load,
                    "rate": one.bytes_per_s,
                    "allowed": one.allowed,
                    "busy": bound.low / one.allowed,
                    "bound": bound.high,
                    "least": bound.low,
                    "measured": at,
                }
            )
    ring, cpu, bridged = (bounds[way] for way in SHOWN)
    metrics = {
        "ring": ring.high,
        "host": cpu.high,
        "bridged": bridged.high,
        "ring_narrowest": RESOURCES[ring.narrowest],
        "host_narrowest": RESOURCES[cpu.narrowest],
        "bridged_narrowest": RESOURCES[bridged.narrowest],
        "host_least": cpu.low,
        "host_over_ring": cpu.low / ring.high,
        "host_measured": measured.get((HOST, num_gpus)) if as_built else None,
        "ring_measured": measured.get((RING, num_gpus)) if as_built else None,
    }
    return metrics, rows


EXPLORER = Explorer(
    name="all-reduce-paths",
    title="Three ways to sum gradients in a node of PCIe cards",
    description="Three drawings of a node: its GPUs above, the memory of its CPUs in the middle, its network card below. "
    "Lines are as thick as the bytes that a link carries for each byte of gradients, and a red one is the narrowest. "
    "Beneath each stands the bandwidth that this allows, and what was measured.",
    headline=("ring", "host", "bridged"),
    controls=(
        Choice("num_gpus", "GPUs", 16, tuple((one, f"{one:,}") for one in GPUS)),
        Choice("peer", "From GPU to card", 0, tuple(PEERS.items())),
        Choice("memory", "Memory of the CPUs", 320, tuple((one, f"{one} GB/s") for one in MEMORY)),
        Choice("card", "Network card of a node", 200, tuple((one, f"{one:,} Gb/s") for one in CARDS)),
        Choice("pcie", "PCIe port, reached", 27, tuple((one, f"{one} GB/s") for one in PCIE)),
        Choice("port", "Root ports", 2, tuple(PORTS.items())),
    ),
    metrics={
        "ring": Metric("Ring, at most", "bytes/s", 3),
        "host": Metric("HFReduce, at most", "bytes/s", 3),
        "bridged": Metric("with NVLink bridges, at most", "bytes/s", 3),
        "ring_narrowest": Metric("Narrowest for the ring"),
        "host_narrowest": Metric("for HFReduce"),
        "bridged_narrowest": Metric("with bridges"),
        "host_least": Metric("HFReduce, if a root port's directions share it", "bytes/s", 3),
        "host_over_ring": Metric("that over the ring", "x", 3),
        "host_measured": Metric("HFReduce, measured", "bytes/s", 3),
        "ring_measured": Metric("Ring, measured", "bytes/s", 3),
    },
    columns={
        "way": Metric("Way"),
        "resource": Metric("Link"),
        "load": Metric("Bytes for a byte of gradients", "", 3),
        "rate": Metric("It carries", "bytes/s", 3),
        "allowed": Metric("and so allows", "bytes/s", 3),
        "busy": Metric("Busy", "%", 0),
        "bound": Metric("All links allow at most", "bytes/s", 3),
        "measured": Metric("Measured", "bytes/s", 3),
    },
    says=("way", "resource", "load", "rate", "allowed", "busy"),
    compute=compute,
)
