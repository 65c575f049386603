"""One accelerator as a training step uses it: times of products, attention and moves of memory, kept for the next call."""

from functools import lru_cache
from typing import NamedTuple

from ...base.errors import InputError
from ...hardware.accelerator import Accelerator
from ...hardware.kernels.attention import Heads, PrefillParameters, prefill_seconds
from ...hardware.kernels.experts import ExpertParameters
from ...hardware.kernels.gemm import TYPES, GemmParameters, gemm_seconds
from ...hardware.kernels.hardware import Hardware
from ...hardware.kernels.parameters import GENERATIONS, fitted_of, generation_of, hardware_of, with_launch
from .parameters import StepParameters
from .settings import TODAY, TensorCores

#: Types of products: FP8 has scales of whole tensors or small rows, or of blocks as DeepSeek-V3 has them.
BF16, FP8, BLOCKS = "bfloat16", "fp8", "fp8_block"


class Device(NamedTuple):
    """Numbers of an accelerator; hashed once a call, so that times of kernels are found again quickly."""

    accelerator: Accelerator
    gemm: tuple  #: dtype -> (Hardware, GemmParameters), as pairs
    attention: tuple  #: (Hardware, PrefillParameters)
    latent: tuple  #: the same of DeepSeek's latent attention
    bytes_per_s: float
    moved_share: float  #: of the memory bandwidth that kernels reach which move activations around experts
    num_sms: int
    generation: str


@lru_cache(maxsize=64)
def device_of(accelerator: Accelerator, fp8: str) -> Device:
    """The device; `fp8` names the type of products in FP8, which not every chip has, and is empty where there are none."""
    if fp8 and accelerator.peak_dense_fp8_flops_per_s is None:
        name = accelerator.slug or accelerator.name
        raise InputError(f"{name} has no FP8 peak, which the recipe's products in FP8 need; a recipe in bf16 is accepted")
    own = generation_of(accelerator)
    gemm = {
        dtype: _found("gemm", dtype, GemmParameters, accelerator, TYPES[dtype].peak, own)
        for dtype in {BF16: (BF16,), FP8: (BF16, FP8, BLOCKS), BLOCKS: (BF16, BLOCKS)}[fp8 or BF16]
    }
    kinds = "bfloat16-bfloat16"
    attention = _found("attention_prefill", kinds, PrefillParameters, accelerator, "bf16", own)
    latent = _found("mla_prefill", kinds, PrefillParameters, accelerator, "bf16", own)
    hardware = gemm[BF16][0]
    moved = _found("moe", BF16, ExpertParameters, accelerator, "bf16", own)[1].activations
    return Device(accelerator, tuple(gemm.items()), attention, latent, hardware.bytes_per_s, moved, hardware.num_sms, own)


def _found(kind, dtype, shape, accelerator, peak, own):
    """(hardware, parameters) of the generation that is nearest; what was measured of an accelerator itself scales them."""
    places = list(GENERATIONS)
    order = sorted(GENERATIONS, key=lambda name: abs(places.index(name) - places.index(own)))
    fitted = next(found for name in order if (found := fitted_of(kind, dtype, name, shape)))
    return hardware_of(accelerator, peak, own, kind)[0], with_launch(accelerator, fitted.parameters, own)


def attended_flops(seq_len: int, heads: Heads) -> float:
    """FLOPs of causal attention's two products over one sequence of `seq_len` [tokens]."""
    met = min(heads.window_size or seq_len, seq_len)
    return 2 * (met * met / 2 + (seq_len - met) * met) * heads.num_heads * (heads.key_size + heads.value_size)


def with_sms(hardware: Hardware, num_sms: int) -> Hardware:
    """The same accelerator, with fewer SMs for computing."""
    if num_sms >= hardware.num_sms:
        return hardware
    return Hardware(hardware.flops_per_s * num_sms / hardware.num_sms, hardware.bytes_per_s, num_sms)


class Timer:
    """Times of one device's kernels with some SMs taken away; one for each (device, SMs), so that its answers are kept."""

    def __init__(
        self,
        device: Device,
        fp8: str,
        taken: int,
        fused: bool,
        eager: bool,
        found: StepParameters,
        cores: TensorCores = TODAY,
    ):
        self.device, self.parameters, self.fp8, self.cores = device, found, fp8, cores
        self.promoted = fp8 == BLOCKS and not cores.sums
        older = found.attention_eager_ampere if device.generation == "ampere" else found.attention_eager
        self.attention_rate = older if eager else found.attention
        power = device.accelerator.power_w
        self.sustained = {
            dtype: power * found.flops_per_joule(device.generation, dtype != BF16) if power else None
            for dtype, _ in device.gemm
        }
        self.num_sms = max(1, device.num_sms - taken)
        self.types = {False: (BF16,), True: tuple(dtype for dtype, _ in device.gemm if dtype != BF16)}
        # of gradients of weights: sums that are promoted are known of block scales alone
        self.narrow = fp8 if self.promoted or fp8 != BLOCKS else FP8
        self.gemm = {dtype: (with_sms(hardware, self.num_sms), own) for dtype, (hardware, own) in device.gemm}
        self.heads = {
            latent: (with_sms(hardware, self.num_sms), own)
            for latent, (hardware, own) in ((False, device.attention), (True, device.latent))
        }
        self.optimizer_bandwidth = device.bytes_per_s * dict(device.gemm)[BF16][1].memory  # as products reach it
        apart = device.bytes_per_s * device.moved_share
        self.bandwidth = self.optimizer_bandwidth if fused else apart
        self.fused = fused
        self.known = {}

    def product(self, m: int, n: int, k: int, fp8: bool, groups: int = 1) -> float:
        """Time of a product of m x k with k x n, or of `groups` of them whose m rows lie one below the other [s]."""
        key = m, n, k, fp8, groups
        if key not in self.known:
            self.known[key] = self._product(*key)
        return self.known[key]

    def _product(self, m, n, k, fp8, groups) -> float:
        if groups > 1:
            each = -(-m // groups)
            m = groups * (each if each < 64 else -(-each // 64) * 64)
        m, n, k = max(1, round(m)), max(1, round(n)), max(1, round(k))
        return min(self._by(dtype, m, n, k, groups) for dtype in self.types[fp8])

    def _by(self, dtype, m, n, k, groups) -> float:
        hardware, fitted = self.gemm[dtype]
        how = TYPES[dtype]._replace(quantises=False)  # done once for all products of an input, by kernels beside them
        time_s = gemm_seconds(hardware, fitted, how, m, n, k)
        if self.sustained[dtype]:
            time_s = max(time_s, 2 * m * n * k / self.sustained[dtype])
        return time_s + (groups - 1) * n * k * how.right_bytes / (hardware.bytes_per_s * fitted.memory)

    def weight_product(self, tokens: int, inputs: int, outputs: int, fp8: bool, groups: int = 1) -> float:
        """Time of a product that makes the gradient of `inputs` x `outputs` weights and adds it up in FP32 [s].

        `tokens` are those of all `groups` [tokens]. With scales of blocks both factors have one for each row and 128 tokens,
        so that each sum is scaled twice as it is promoted, where other products scale it once.
        """
        key = "W", tokens, inputs, outputs, fp8, groups
        if key not in self.known:
            each = max(1, tokens // groups)
            hardware, fitted = self.gemm[self.narrow if fp8 else BF16]
            one = self.product(outputs, inputs, each, fp8)
            time_s = one + (groups - 1) * max(0.0, one - fitted.launch)
            time_s += 6 * groups * inputs * outputs / (hardware.bytes_per_s * fitted.memory)
            self.known[key] = time_s / (self.parameters.weight_blocks if fp8 and self.promoted else 1)
        return self.known[key]

    def quantise(self, numbers: float, along_tokens: bool = False) -> float:
        """Time of bringing BF16 numbers into FP8 [s].

        Fused into the kernels before, this only writes; else it reads too. Scales of blocks need another copy
        `along_tokens`, else both copies are written at once. Tensor cores that read it either way need no such copy; ones
        that cast on load need none at all, but products then read another byte of each number.
        """
        if self.cores.cast_on_load and (not along_tokens or self.cores.transposed_reads):
            return numbers / self.bandwidth
        if along_tokens and self.cores.transposed_reads:
            return 0.0
        read, copies = 0 if self.fused else 2, 1 if self.fp8 == BLOCKS else 2
        if along_tokens:
            return (read + 1) * numbers / self.bandwidth if self.fp8 == BLOCKS else 0.0
        return (read + copies) * numbers / self.bandwidth

    def attention(self, batch: int, seq_len: int, heads: Heads, latent: bool) -> float:
        """Time of attention's forward pass [s]."""
        key = "A", batch, seq_len, heads, latent
        if key not in self.known:
            hardware, fitted = self.heads[latent]
            time_s = prefill_seconds(hardware, fitted, batch, seq_len, heads, 0)
            time_s /= 1 if latent else self.attention_rate
            if self.sustained[BF16]:
                time_s = max(time_s, batch * attended_flops(seq_len, heads) / self.sustained[BF16])
            self.known[key] = time_s
        return self.known[key]

    def move(self, num_bytes: float, plain: bool = False) -> float:
        """Time of element-wise work that moves so many bytes [s]; `plain` work moves no more where nothing is fused."""
        return num_bytes / (self.optimizer_bandwidth if plain else self.bandwidth)


@lru_cache(maxsize=64)
def timer_of(
    accelerator: Accelerator,
    fp8: str,
    taken: int,
    fused: bool,
    eager: bool,
    found: StepParameters,
    cores: TensorCores = TODAY,
) -> Timer:
    """The timer of an accelerator of which `taken` SMs are busy with communication."""
    # sums in full are what products with one scale have, which are fitted apart; the faster of both is taken
    device = device_of(accelerator, FP8 if fp8 == BLOCKS and cores.sums else fp8)
    return Timer(device, fp8, taken, fused, eager, found, cores)
