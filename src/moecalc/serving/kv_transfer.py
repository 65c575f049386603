"""What prefill hands to decode: bytes of the cache, and the time that a link takes for them.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real
from ..model.config import ModelConfig
from ..model.kv_cache import kv_cache_report


class Transfer(NamedTuple):
    """The cache of one request on its way from prefill to decode."""

    bytes: float
    time_s: float  #: on the link alone
    exposed_s: float  #: after prefill has ended, where each layer's cache leaves as soon as it is computed


def kv_transfer(
    config: ModelConfig,
    context: int,
    bandwidth_bytes_per_s: float,
    bytes_per_element: float = 2,
    prefill_s: float = 0,
) -> Transfer:
    r"""Bytes of the cache of `context` [tokens], and their time over a link of `bandwidth_bytes_per_s` [bytes/s].

    .. math:: t = \frac{M}{W}, \qquad t_{exposed} = \frac{t_p}{L} + \frac{(L - 1) \max(t_p, t)}{L} + \frac{t}{L} - t_p

    W is what one request gets of the link. L layers compute for `prefill_s` [s], t_p, and each one's cache, of
    `bytes_per_element` [bytes] a number, follows while the next computes: a pipeline of two stages. The keys of an indexer
    go along. What the cache of earlier requests holds must reach decode too, so that hits do not make M smaller.

    A V3 request of 4,096 tokens over one network card of 50 GB/s, after half a second of prefill:

    >>> found = kv_transfer(v3, 4096, 50e9, prefill_s=0.5)
    >>> found.bytes, round(1e3 * found.time_s, 2), round(1e3 * found.exposed_s, 3)
    (287834112, 5.76, 0.094)
    """
    real("bandwidth_bytes_per_s", bandwidth_bytes_per_s, positive=True, most=1e18)
    real("prefill_s", prefill_s, most=1e9)
    report = kv_cache_report(config, context, bytes_per_element)
    size = report.get("bytes_with_indexer_keys", report["bytes"])
    time, layers = size / bandwidth_bytes_per_s, len(config.anatomy.layers)
    exposed = (prefill_s + time + (layers - 1) * max(prefill_s, time)) / layers - prefill_s
    return Transfer(size, time, exposed)


def link_share(
    config: ModelConfig,
    prefill_tokens_per_s_per_gpu: float,
    bandwidth_bytes_per_s: float,
    cache_hit: float = 0,
    bytes_per_element: float = 2,
) -> float:
    """Share of a GPU's link that its caches take on their way to decode; above 1 the link bounds prefill [a ratio].

    The GPU computes `prefill_tokens_per_s_per_gpu` [tokens/s], and hands over those that were cached, a share `cache_hit`
    of all, as well; `bandwidth_bytes_per_s` [bytes/s] is its own, `bytes_per_element` [bytes] a cached number's width.

    >>> round(link_share(v3, 4030, 50e9, cache_hit=0.5625), 3)
    0.013
    """
    real("prefill_tokens_per_s_per_gpu", prefill_tokens_per_s_per_gpu, most=1e9)
    real("cache_hit", cache_hit, most=0.999999)
    per_token = kv_transfer(config, 1, bandwidth_bytes_per_s, bytes_per_element).time_s
    return prefill_tokens_per_s_per_gpu / (1 - cache_hit) * per_token
