"""Times of an accelerator's kernels while it serves, kept for the next call: fitted models, or the roofline without one."""

from functools import lru_cache
from typing import NamedTuple

from ..hardware.accelerator import Accelerator
from ..hardware.collectives.low_latency import KIND as LOW_LATENCY
from ..hardware.collectives.low_latency import USUAL_SMS, LowLatencyParameters, low_latency_s
from ..hardware.collectives.nccl import ALL_REDUCE, RING, RingParameters, collective_time, ring_time_s
from ..hardware.collectives.normal import KIND as NORMAL
from ..hardware.collectives.normal import USUAL_SMS as NORMAL_SMS
from ..hardware.collectives.normal import NormalParameters, normal_s
from ..hardware.collectives.parameters import fitted, source_of
from ..hardware.collectives.shape import NODE, Shape, nominal_links
from ..hardware.kernels.attention import PrefillParameters, prefill_seconds
from ..hardware.kernels.decode import (
    DecodeParameters,
    MlaDecodeParameters,
    decode_seconds,
    mla_decode_seconds,
    mla_peak,
)
from ..hardware.kernels.experts import ExpertParameters, Experts, seconds_of_loads
from ..hardware.kernels.gemm import TYPES, GemmParameters, gemm_seconds
from ..hardware.kernels.parameters import GENERATIONS, fitted_of, generation_of, hardware_of, with_launch
from .served_blocks import Attending, Routed
from .served_types import EXPERTS

#: Kinds of all-to-all: by latency for few tokens, by bandwidth for many.
KINDS = {"low-latency": (LOW_LATENCY, LowLatencyParameters), "normal": (NORMAL, NormalParameters)}
#: Rows of a tile in products by groups: what an expert's tokens are filled up to.
GROUP_ROWS = 64
#: So many times are kept; then all are found anew.
MOST_KNOWN = 300_000
WIDTHS = {"bfloat16": 2, "fp8": 1}


class Exchange(NamedTuple):
    """Times of both halves of an all-to-all [s]."""

    dispatch: float
    combine: float


class Kernels:
    """The kernels of one accelerator; times are found once for the same sizes."""

    def __init__(self, accelerator: Accelerator):
        self.accelerator = accelerator
        self.generation = generation_of(accelerator)
        self.hardware, self.plain = self._of("gemm", "bfloat16", GemmParameters, "bf16")
        self.bandwidth = self.hardware.bytes_per_s * self.plain.memory
        self.flops_per_s = self.hardware.flops_per_s * self.plain.compute
        self.num_sms = self.hardware.num_sms
        self.ring = fitted(RING, source_of(RING, accelerator).generation, RingParameters)
        self.sets, self.known = {}, {}

    def _of(self, kind: str, dtype: str, shape, peak: str) -> tuple:
        """(hardware, parameters) of the generation that is nearest and has any."""
        places = list(GENERATIONS)
        order = sorted(GENERATIONS, key=lambda name: abs(places.index(name) - places.index(self.generation)))
        found = next(one for name in order if (one := fitted_of(kind, dtype, name, shape)))
        hardware = hardware_of(self.accelerator, peak, self.generation, kind)[0]
        return hardware, with_launch(self.accelerator, found.parameters, self.generation)

    def _set(self, kind: str, dtype: str, shape, peak: str) -> tuple:
        key = kind, dtype
        if key not in self.sets:
            self.sets[key] = self._of(kind, dtype, shape, peak)
        return self.sets[key]

    def forget(self) -> None:
        """Keep no more than :data:`MOST_KNOWN` times: a long sweep would fill the memory."""
        if len(self.known) > MOST_KNOWN:
            self.known.clear()

    def product(self, m: int, n: int, k: int, dtype: str) -> float:
        """Time of a product whose input is narrow already: an engine does that in the kernel before [s]."""
        key = m, n, k, dtype
        found = self.known.get(key)
        if found is None:
            how = TYPES[dtype]
            hardware, own = self._set("gemm", dtype, GemmParameters, how.peak)
            own = own._replace(launch=min(own.launch, self.plain.launch))
            found = self.known[key] = gemm_seconds(hardware, own, how._replace(quantises=False), m, n, k)
        return found

    def experts(self, tokens: int, routed: Routed, slots: int, ep: int, tp: int, skew: float) -> float:
        """Time of the experts of the fullest GPU, whose load is `skew` of the mean, for `tokens` of all GPUs [s]."""
        key = "E", tokens, routed, slots, ep, tp, skew
        found = self.known.get(key)
        if found is None:
            how = EXPERTS[routed.dtype]
            if self.generation == "blackwell" and how.peak == "fp8":  # measured there with weights of four bits alone
                how = how._replace(if_local=True, like="w4a8_mxfp4_mxfp8")
            hardware, own = self._set("moe", how.like or routed.dtype, ExpertParameters, how.peak)
            held = slots / ep
            touched = held * -_power(routed.topk / slots, tokens)
            copies = skew * tokens * routed.topk / ep
            each = copies / touched
            of = Experts(tokens, routed.hidden_size, routed.inter_size, routed.topk, slots, tp, ep, gated=routed.gated)
            found = seconds_of_loads(hardware, own, how, of, touched, copies, lambda size: touched * -(-each // size))
            self.known[key] = found
        return found

    def dispatched(self, tokens: int, routed: Routed, slots: int, ep: int, tp: int, skew: float) -> float:
        """The same where an all-to-all brought each expert its tokens: products in groups, as DeepGEMM runs them [s].

        Each expert's tokens are filled up to whole tiles; activations between both products are moved once.
        """
        if routed.dtype not in TYPES:
            return self.experts(tokens, routed, slots, ep, tp, skew)
        key = "G", tokens, routed, slots, ep, tp, skew
        found = self.known.get(key)
        if found is None:
            touched = slots / ep * -_power(routed.topk / slots, tokens)
            copies = skew * tokens * routed.topk / ep
            rows = max(1, round(touched * -(-copies / touched // GROUP_ROWS) * GROUP_ROWS))
            width = max(1, round(routed.inter_size / tp))
            hardware, own = self._set("gemm", routed.dtype, GemmParameters, TYPES[routed.dtype].peak)
            found = (6 if routed.gated else 4) * copies * width / self.bandwidth
            weight_bytes, bandwidth = TYPES[routed.dtype].right_bytes, hardware.bytes_per_s * own.memory
            for n, k in (((2 if routed.gated else 1) * width, routed.hidden_size), (routed.hidden_size, width)):
                read = (touched * n * k * weight_bytes + copies * (2 * n + weight_bytes * k)) / bandwidth
                found += max(self.product(rows, n, k, routed.dtype), self.plain.launch + read)
            self.known[key] = found
        return found

    def prefill(self, batch: int, new: int, cached: int, one: Attending) -> float:
        """Time of attention of `new` tokens of each sequence over themselves and those `cached` before [s].

        Latent attention over tokens that an indexer chose runs as DeepSeek-V3.2's report says: over all with a mask where
        that is faster, for short prompts, else on latents, which all heads share.
        """
        key = "P", batch, new, cached, one
        found = self.known.get(key)
        if found is None:
            kind = "mla_prefill" if one.latent else "attention_prefill"
            hardware, own = self._set(kind, "bfloat16-bfloat16", PrefillParameters, "bf16")
            chosen = one.sparse and one.latent
            heads = one.heads._replace(window_size=0 if chosen else one.limit or 0)
            found = prefill_seconds(hardware, own, batch, new + cached, heads, 2)
            if cached:
                before = prefill_seconds(hardware, own, batch, cached, heads, 2)
                found = max(found - before, 0.0) + own.launch
            if chosen:
                pairs = batch * new * min(cached + new / 2, one.limit)
                width = 2 * one.rank + one.heads.key_size - one.nope
                found = min(found, self.roofline(2 * pairs * one.heads.num_heads * width, 0.0))
            self.known[key] = found
        return found

    def decode(self, batch: int, context: int, queries: int, one: Attending, cache: str, absorbed: bool) -> float:
        """Time of attention of a few new tokens of each sequence over a long cache [s]."""
        key = "D", batch, context, queries, one, cache, absorbed
        found = self.known.get(key)
        if found is None:
            met = min(context, one.limit) if one.limit else context
            heads, width = one.heads, WIDTHS[cache]
            if one.latent and absorbed:
                hardware, own = self._set(
                    "mla_decode", f"bfloat16-{cache}", MlaDecodeParameters, mla_peak(cache, self.accelerator)
                )
                found = mla_decode_seconds(hardware, own, batch, met, heads.num_heads * queries, width)
            elif one.latent:
                found = self._expanded(batch, met, queries, one)
            else:
                hardware, own = self._set("attention_decode", f"bfloat16-{cache}", DecodeParameters, "bf16")
                grown = heads._replace(num_heads=heads.num_heads * queries)
                found = decode_seconds(hardware, own, batch, met, grown, width)
            self.known[key] = found
        return found

    def _expanded(self, batch, met, queries, one) -> float:
        """Keys and values of all cached tokens made anew from their latents, then attention over them."""
        heads, size = one.heads.num_heads, one.nope + one.heads.value_size
        made = self.product(batch * met, heads * size, one.rank, "bfloat16")
        flops = 2 * batch * queries * met * heads * (one.heads.key_size + one.heads.value_size)
        return made + self.roofline(flops, 2 * batch * met * heads * (one.heads.key_size + one.heads.value_size))

    def roofline(self, flops: float, num_bytes: float) -> float:
        """The longer of computing in BF16 and moving, at the shares that products reach [s]."""
        return max(flops / self.flops_per_s, num_bytes / self.bandwidth)

    def all_reduce(self, num_bytes: float, num_gpus: int, least_s: float) -> float:
        """Sum over tensor parallel GPUs: a ring, or what each sends to all where that is faster [s]."""
        key = "R", num_bytes, num_gpus, least_s
        found = self.known.get(key)
        if found is None:
            if num_gpus > (self.accelerator.scale_up_domain_gpus or NODE):
                found = self.known[key] = collective_time(self.accelerator, ALL_REDUCE, num_bytes, num_gpus).time_s
                return found
            link = self.accelerator.needed("scale_up_bandwidth_bytes_per_s")
            direct = least_s + num_bytes * (num_gpus - 1) / (link * self.ring.share_of_link)
            ring = ring_time_s(self.ring, ALL_REDUCE, num_bytes, num_gpus, link)
            found = self.known[key] = min(direct, ring)
        return found

    def exchange(self, kind: str, tokens: int, hidden: int, topk: int, slots: int, ep: int) -> Exchange:
        """Dispatch in FP8 and combine in BF16 of `tokens` of each GPU, experts in `slots` on `ep` GPUs."""
        key = kind, tokens, hidden, topk, slots, ep
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = Exchange(*(self._one_way(one, *key) for one in ("dispatch", "combine")))
        return found

    def _one_way(self, direction, kind, tokens, hidden, topk, slots, ep) -> float:
        domain = self.accelerator.scale_up_domain_gpus or NODE
        on_node = min(ep, domain)
        while ep % on_node:
            on_node -= 1
        shape = Shape(tokens, hidden, topk, slots, ep // on_node, on_node)
        name, form = KINDS[kind]
        found = fitted(f"{name} {direction}", source_of(f"{name} {direction}", self.accelerator).generation, form)
        links = nominal_links(self.accelerator, shape)
        if kind == "low-latency":
            return low_latency_s(found, direction, shape, *links, self.accelerator.num_sms or USUAL_SMS)
        return normal_s(found, direction, shape, NORMAL_SMS, *links, 1.0)


def _power(share: float, times: int) -> float:
    """(1 - share)^times - 1: minus the likelihood that something of this share is hit."""
    return (1 - share) ** times - 1 if share < 1 else -1.0


@lru_cache(maxsize=64)
def kernels_of(accelerator: Accelerator) -> Kernels:
    """The kernels of an accelerator; one for each, so that its answers are kept."""
    return Kernels(accelerator)
