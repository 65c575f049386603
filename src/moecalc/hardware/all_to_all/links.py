"""The two networks of a GPU: what a data sheet names, and what arrives."""

from typing import NamedTuple

from ...base.checks import real
from ...facts import tables
from ..accelerator import Accelerator

#: The accelerator whose effective bandwidths are published.
MEASURED = "h800-sxm"


class Links(NamedTuple):
    """Bandwidths of one GPU in one direction, as they arrive [bytes/s]; traffic to oneself is not counted in them."""

    scale_up_bytes_per_s: float | None
    scale_out_bytes_per_s: float | None
    note: str = ""  #: where they are from


def links_of(accelerator: Accelerator, scale_up_bytes_per_s=None, scale_out_bytes_per_s=None) -> Links:
    """The links of an accelerator; what is typed in holds as it is.

    `scale_up_bytes_per_s` [bytes/s] and `scale_out_bytes_per_s` [bytes/s] arrive in place of the accelerator's. Of an
    accelerator without a published effective bandwidth the same share of the nominal one arrives as of the H800's.

    >>> links_of(load_accelerator("h800-sxm"))[:2]
    (160000000000.0, 40000000000.0)
    >>> links_of(load_accelerator("h100-sxm")).scale_up_bytes_per_s / 1e9
    360.0
    """
    up, up_from = _arriving(accelerator, "scale_up_bandwidth", scale_up_bytes_per_s)
    out, out_from = _arriving(accelerator, "scale_out_bandwidth", scale_out_bytes_per_s)
    said = [f"scale-up bandwidth {up_from}" if up else "", f"scale-out bandwidth {out_from}" if out else ""]
    return Links(up, out, "; ".join(one for one in said if one))


def effective_share(quantity: str) -> float:
    """Share of a nominal bandwidth that arrives on :data:`MEASURED`.

    >>> effective_share("scale_up_bandwidth"), effective_share("scale_out_bandwidth")
    (0.8, 0.8)
    """
    known = tables.by_subject("accelerators")[MEASURED]
    return known[f"{quantity}_effective"].to("bytes/s") / known[quantity].to("bytes/s")


def _arriving(accelerator, quantity, typed):
    """(bandwidth, where it is from)"""
    if typed is not None:
        return real(f"{quantity.replace('_', '-', 1).replace('_', ' ')} [bytes/s]", typed, positive=True), "as typed in"
    value = getattr(accelerator, f"{quantity}_bytes_per_s")
    known = tables.by_subject("accelerators").get(accelerator.slug, {}) if accelerator.slug else {}
    if value is None or quantity not in known or value != known[quantity].to("bytes/s"):
        return value, "as typed in"
    if f"{quantity}_effective" in known:
        return known[f"{quantity}_effective"].to("bytes/s"), f"as published to arrive on {accelerator.slug}"
    share = effective_share(quantity)
    return value * share, f"{share:.0%} of the nominal one, as of {MEASURED}, an assumption"
