"""What a network costs, from published costs of some: prices of an endpoint and of a link between switches.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 3, costs by the method of the Slim Fly paper.
"""

from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError
from ..facts import tables
from .topology import Network, dragonfly, fat_tree, multi_plane, slim_fly


class Prices(NamedTuple):
    """What an endpoint and a link between switches cost, each with its cable and the ports it takes."""

    usd_per_endpoint: float
    usd_per_link: float


class Published(NamedTuple):
    """A network whose cost is published, as counted here and as printed."""

    network: Network
    endpoints: int
    switches: int
    links: int
    usd: float
    usd_per_endpoint: float


#: Subject of data/serving.csv -> the network.
_NETWORKS = {
    "Network topology FT2": lambda: fat_tree(2, 64),
    "Network topology MPFT": lambda: multi_plane(8, fat_tree(2, 64)),
    "Network topology FT3": lambda: fat_tree(3, 64),
    "Network topology Slim Fly": lambda: slim_fly(28),
    "Network topology Dragonfly": lambda: dragonfly(16, 511),
}


def published_networks() -> list:
    """The five networks of Table 3 of [1]_, each :class:`Published`."""
    known = tables.by_subject("serving")
    return [
        Published(
            build(),
            *(known[subject][quantity].value for quantity in ("endpoints", "switches", "links")),
            *(known[subject][quantity].to("USD") for quantity in ("cost", "cost_per_endpoint")),
        )
        for subject, build in _NETWORKS.items()
    ]


def prices_from(one: Network, one_usd: float, other: Network, other_usd: float) -> Prices:
    r"""Prices of which two networks cost what is known of them.

    .. math:: C = N p_e + L p_l

    N are the endpoints and L the links between switches of a network that costs C: `one_usd` [USD], and
    `other_usd` [USD]. Where no port is idle there are N + 2 L of them, so the switches' price cannot be told from the
    ports': it is in both.

    >>> two, three = fat_tree(2, 4), fat_tree(3, 4)
    >>> prices_from(two, 8 * 100 + 8 * 300, three, 16 * 100 + 32 * 300)
    Prices(usd_per_endpoint=100.0, usd_per_link=300.0)
    """
    real("one_usd", one_usd, positive=True)
    real("other_usd", other_usd, positive=True)
    links = one.num_links / one.endpoints, other.num_links / other.endpoints
    if links[0] == links[1]:
        raise InputError(f"prices need networks that differ in links of an endpoint; both have {links[0]:g}")
    costs = one_usd / one.endpoints, other_usd / other.endpoints
    per_link = (costs[1] - costs[0]) / (links[1] - links[0])
    return Prices(costs[0] - links[0] * per_link, per_link)


def published_prices() -> Prices:
    """Prices that make the two fat trees of Table 3 of [1]_ cost what is printed.

    Slim Fly and Dragonfly are not read for it; they come out as printed but for a hundredth:

    >>> prices = published_prices()
    >>> [round(network_cost_usd(one.network, prices) / one.usd, 3) for one in published_networks()]
    [0.999, 0.999, 1.0, 0.99, 1.005]
    """
    two, _, three, *_ = published_networks()
    # of 9 M USD only one digit is printed, of the cost of an endpoint three
    return prices_from(two.network, two.usd_per_endpoint * two.endpoints, three.network, three.usd)


def network_cost_usd(network: Network, prices: Prices) -> float:
    """Cost of a network at some prices, ports that are not in use left out [USD]."""
    real("usd_per_endpoint", prices.usd_per_endpoint)
    real("usd_per_link", prices.usd_per_link)
    return network.endpoints * prices.usd_per_endpoint + network.num_links * prices.usd_per_link
