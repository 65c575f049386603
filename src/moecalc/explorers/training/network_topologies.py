"""What a network of switches takes for so many endpoints: two layers, planes of two layers, three layers."""

from ...base.errors import InputError
from ...hardware.network_cost import network_cost_usd, published_networks, published_prices
from ...hardware.topology import fat_tree, multi_plane
from .._define import Choice, Explorer, Metric, Number

TWO, PLANES, THREE, PRINTED = "two layers", "planes of two layers", "three layers", "printed"
#: What may be drawn: key of a row -> words.
MEASURES = {
    "usd": "Cost of an endpoint [USD]",
    "switches": "Switches for 1,000 endpoints",
    "links": "Links between switches, for an endpoint",
}
PORTS = (16, 32, 64, 128)
NUM_PLANES = (2, 4, 8, 16)
RATIOS = (1, 2, 3, 7)
#: Endpoints at which a line has a point, and where it ends at the most.
GRID = tuple(2**power for power in range(6, 19))


def _network(kind: str, ports: int, planes: int, ratio: int, endpoints: int | None = None):
    """The network for at least so many endpoints, the largest if not given; None where it cannot have them."""
    ratios = (1, ratio) if kind == THREE else ratio
    layers, num = (3 if kind == THREE else 2), (planes if kind == PLANES else 1)
    each = None if endpoints is None else -(-endpoints // num)
    try:
        tree = fat_tree(layers, ports, each, ratios)
    except InputError:
        return None  # it ends below
    return multi_plane(num, tree) if num > 1 else tree


def _measures(network, prices) -> dict:
    cost = network_cost_usd(network, prices)
    return {
        "endpoints": network.endpoints,
        "usd": cost / network.endpoints,
        "switches": 1000 * network.num_switches / network.endpoints,
        "links": network.num_links / network.endpoints,
        "total_usd": cost / 1e6,
    }


def compute(measure, ports, planes, ratio, endpoints):
    prices = published_prices()
    rows, metrics = [], {"endpoints": endpoints}
    for key, kind in (("two", TWO), ("planes", PLANES), ("three", THREE)):
        reach = _network(kind, ports, planes, ratio).endpoints
        sizes = [one for one in GRID if one < reach] + ([reach] if reach <= GRID[-1] else [])
        for size in sizes:
            found = _measures(_network(kind, ports, planes, ratio, size), prices)
            rows.append({"part": "line", "kind": kind, **found, "value": found[measure]})
        here = _network(kind, ports, planes, ratio, endpoints)
        found = _measures(here, prices) if here else {}
        if here:
            rows.append({"part": "here", "kind": kind, **found, "value": found[measure]})
        metrics |= {
            f"{key}_usd": found.get("usd"),
            f"{key}_switches": here.num_switches if here else None,
            f"{key}_links": here.num_links if here else None,
            f"{key}_reach": reach,
            f"{key}_bisection": here.bisection_share if here else None,
            f"{key}_most": here.most_switches if here else None,
        }
    if ratio == 1:
        rows += [_printed(one, measure) for one in published_networks() if one.network.switch_ports in (ports - 1, ports)]
    rows[0]["shown"] = MEASURES[measure]  # the title of the axis
    return metrics, rows


def _printed(one, measure) -> dict:
    found = {
        "endpoints": one.endpoints,
        "usd": one.usd_per_endpoint,
        "switches": 1000 * one.switches / one.endpoints,
        "links": one.links / one.endpoints,
        "total_usd": one.usd / 1e6,
    }
    return {"part": PRINTED, "kind": one.network.name, **found, "value": found[measure]}


def _metrics() -> dict:
    names = {"two": "Two layers", "planes": "Planes", "three": "Three layers"}
    each = (
        ("usd", "an endpoint", "USD", 3),
        ("reach", "at most", "endpoints", 4),
        ("switches", "switches", "", 4),
        ("links", "links", "", 4),
        ("most", "switches on a path", "", 4),
        ("bisection", "bisection bandwidth", "%", 3),
    )
    listed = {f"{key}_{one}": Metric(f"{name}, {what}", *how) for one, what, *how in each for key, name in names.items()}
    return {"endpoints": Metric("Endpoints"), **listed}


EXPLORER = Explorer(
    name="network-topologies",
    title="What a network takes for each endpoint",
    description="A line for each kind of network over the number of endpoints, on a logarithmic axis: a fat tree of two "
    "layers, several planes of them, and a fat tree of three layers. A line ends where the ports of the switches do. "
    "Discs are the chosen number of endpoints, diamonds are figures that a paper prints.",
    headline=("planes_usd", "three_usd", "planes_reach"),
    controls=(
        Choice("measure", "Shown", "usd", tuple(MEASURES.items())),
        Choice("ports", "Ports of a switch", 64, tuple((one, str(one)) for one in PORTS)),
        Choice("planes", "Planes", 8, tuple((one, str(one)) for one in NUM_PLANES)),
        Choice("ratio", "Oversubscription, top layer", 1, tuple((one, f"1:{one}" if one > 1 else "none") for one in RATIOS)),
        Number("endpoints", "Endpoints", 16_384, 64, 262_144, 64, "", "powers"),
    ),
    metrics=_metrics(),
    columns={
        "kind": Metric("Network"),
        "endpoints": Metric("Endpoints"),
        "usd": Metric("An endpoint", "USD"),
        "switches": Metric("Switches for 1,000 endpoints", "", 4),
        "links": Metric("Links, an endpoint", "", 4),
        "total_usd": Metric("Cost", "M USD", 4),
    },
    compute=compute,
)
