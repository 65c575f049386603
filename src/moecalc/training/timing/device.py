"""One accelerator as a training step uses it: times of its products, attention and moves of memory, kept for the next call."""

from functools import lru_cache
from typing import NamedTuple

from ...base.errors import InputError
from ...hardware.accelerator import Accelerator
from ...hardware.kernels.attention import Heads, PrefillParameters, prefill_seconds
from ...hardware.kernels.gemm import TYPES, GemmParameters, gemm_seconds
from ...hardware.kernels.hardware import Hardware
from ...hardware.kernels.parameters import GENERATIONS, fitted_of, generation_of, hardware_of
from .parameters import StepParameters

#: Types of products by what an accelerator's libraries have: FP8 with scales of blocks on Hopper, of whole tensors else.
BF16, FP8 = "bfloat16", "fp8_block"


class Device(NamedTuple):
    """Numbers of an accelerator; hashed once a call, so that times of kernels are found again quickly."""

    accelerator: Accelerator
    gemm: tuple  #: dtype -> (Hardware, GemmParameters), as pairs
    attention: tuple  #: (Hardware, PrefillParameters)
    latent: tuple  #: the same of DeepSeek's latent attention
    bytes_per_s: float
    num_sms: int


@lru_cache(maxsize=64)
def device_of(accelerator: Accelerator, fp8: bool) -> Device:
    """The device; `fp8` asks for products in FP8 too, which not every chip has."""
    if fp8 and accelerator.peak_dense_fp8_flops_per_s is None:
        name = accelerator.slug or accelerator.name
        raise InputError(f"{name} has no FP8 peak, which the recipe's products in FP8 need; a recipe in bf16 is accepted")
    own = generation_of(accelerator)
    gemm = {dtype: _found("gemm", dtype, GemmParameters, accelerator, TYPES[dtype].peak, own) for dtype in (BF16, FP8)[: 1 + fp8]}
    kinds = "bfloat16-bfloat16"
    attention = _found("attention_prefill", kinds, PrefillParameters, accelerator, "bf16", own)
    latent = _found("mla_prefill", kinds, PrefillParameters, accelerator, "bf16", own)
    hardware = gemm[BF16][0]
    return Device(accelerator, tuple(gemm.items()), attention, latent, hardware.bytes_per_s, hardware.num_sms)


def _found(kind, dtype, shape, accelerator, peak, own):
    """(hardware, parameters) of the generation that is nearest."""
    places = list(GENERATIONS)
    order = sorted(GENERATIONS, key=lambda name: abs(places.index(name) - places.index(own)))
    fitted = next(found for name in order if (found := fitted_of(kind, dtype, name, shape)))
    return hardware_of(accelerator, peak, own)[0], fitted.parameters


def with_sms(hardware: Hardware, num_sms: int) -> Hardware:
    """The same accelerator, with fewer SMs for computing."""
    if num_sms >= hardware.num_sms:
        return hardware
    return Hardware(hardware.flops_per_s * num_sms / hardware.num_sms, hardware.bytes_per_s, num_sms)


class Timer:
    """Times of one device's kernels with some SMs taken away; one for each (device, SMs), so that its answers are kept."""

    def __init__(self, device: Device, taken: int, found: StepParameters):
        self.device, self.parameters = device, found
        self.num_sms = max(1, device.num_sms - taken)
        self.gemm = {dtype: (with_sms(hardware, self.num_sms), own) for dtype, (hardware, own) in device.gemm}
        self.heads = {
            latent: (with_sms(hardware, self.num_sms), own)
            for latent, (hardware, own) in ((False, device.attention), (True, device.latent))
        }
        self.bandwidth = device.bytes_per_s * found.elementwise
        self.known = {}

    def product(self, m: int, n: int, k: int, fp8: bool, groups: int = 1) -> float:
        """Time of a product of m x k with k x n, or of `groups` of them whose m rows lie one below the other [s]."""
        key = m, n, k, fp8, groups
        if key not in self.known:
            self.known[key] = self._product(*key)
        return self.known[key]

    def _product(self, m, n, k, fp8, groups) -> float:
        dtype = FP8 if fp8 else BF16
        hardware, fitted = self.gemm[dtype]
        how = TYPES[dtype]
        sustained = self.parameters.sustained_fp8 if fp8 else self.parameters.sustained_bf16
        if groups > 1:
            each = -(-m // groups)
            m = groups * (each if each < 64 else -(-each // 64) * 64)
        time_s = gemm_seconds(hardware, fitted, how, max(1, round(m)), max(1, round(n)), max(1, round(k))) / sustained
        return time_s + (groups - 1) * n * k * how.right_bytes / (hardware.bytes_per_s * fitted.memory)

    def weight_product(self, tokens: int, inputs: int, outputs: int, fp8: bool, groups: int = 1) -> float:
        """Time of a product that makes the gradient of `inputs` x `outputs` weights and adds it up in FP32 [s].

        `tokens` are those of all `groups` [tokens].
        """
        key = "W", tokens, inputs, outputs, fp8, groups
        if key not in self.known:
            each = max(1, tokens // groups)
            hardware, fitted = self.gemm[FP8 if fp8 else BF16]
            one = self.product(outputs, inputs, each, fp8)
            time_s = one + (groups - 1) * max(0.0, one - fitted.launch)
            time_s += 6 * groups * inputs * outputs / (hardware.bytes_per_s * fitted.memory)
            if fp8:  # the other factor is quantised along the tokens as well
                time_s += self.move(3 * tokens * inputs)
            self.known[key] = time_s
        return self.known[key]

    def attention(self, batch: int, seq_len: int, heads: Heads, latent: bool) -> float:
        """Time of attention's forward pass [s]."""
        key = "A", batch, seq_len, heads, latent
        if key not in self.known:
            hardware, fitted = self.heads[latent]
            self.known[key] = prefill_seconds(hardware, fitted, batch, seq_len, heads, 0) / self.parameters.sustained_bf16
        return self.known[key]

    def move(self, num_bytes: float) -> float:
        """Time of element-wise work that moves so many bytes [s]."""
        return num_bytes / self.bandwidth


@lru_cache(maxsize=64)
def timer_of(accelerator: Accelerator, fp8: bool, taken: int, found: StepParameters) -> Timer:
    """The timer of an accelerator of which `taken` SMs are busy with communication."""
    return Timer(device_of(accelerator, fp8), taken, found)
