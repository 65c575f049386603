"""What a cluster gives for its price and power, beside another, by performance, price and power."""

from typing import NamedTuple

from ..base.checks import real


class Offer(NamedTuple):
    """A node or a cluster; performance and price in any unit that both of a pair share."""

    performance: float
    price: float
    power_w: float | None = None


class Value(NamedTuple):
    """One offer over another, ratios; None where a power is not known."""

    performance: float
    price: float
    power: float | None
    performance_per_price: float
    performance_per_power: float | None

    @property
    def can_lose(self) -> float:
        """Share of its performance that the offer can lose, in links that are slower, before the other is the better buy."""
        return max(0.0, 1 - 1 / self.performance_per_price)


def value_over(one: Offer, other: Offer) -> Value:
    """:class:`Value` of one offer over the other.

    >>> found = value_over(Offer(220, 60, 2500), Offer(263, 100, 4200))
    >>> round(found.performance, 3), round(found.performance_per_price, 2), round(found.performance_per_power, 2)
    (0.837, 1.39, 1.41)
    """
    for offer in (one, other):
        real("performance", offer.performance, positive=True)
        real("price", offer.price, positive=True)
    performance, price, power = one.performance / other.performance, one.price / other.price, None
    if one.power_w is not None and other.power_w is not None:
        power = real("power_w", one.power_w, positive=True) / real("power_w", other.power_w, positive=True)
    return Value(performance, price, power, performance / price, power and performance / power)


def scaling_efficiency(num_gpus: float, step_s: float, first_gpus: float, first_s: float) -> float:
    """Speed-up over that of perfect scaling: a step took `first_s` [s] on `first_gpus` [GPUs], and takes `step_s` [s] now.

    The work is the same on `num_gpus` [GPUs].

    >>> round(scaling_efficiency(640, 6.535, 40, 79.615), 4)
    0.7614
    """
    for name, value in (("num_gpus", num_gpus), ("step_s", step_s), ("first_gpus", first_gpus), ("first_s", first_s)):
        real(name, value, positive=True)
    return first_gpus * first_s / (num_gpus * step_s)
