"""Memory of a GPU that an engine needs beside weights and cache: named parameters, each with where it is from.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real, whole
from ..base.units import GIB
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig

#: Share of the memory that an engine may use: vLLM's ``gpu_memory_utilization`` where nothing is said.
UTILISATION = 0.9
#: What the driver reports and programs do not get [bytes]: of 81,559 MiB of an H100 vLLM sees 79.14 to 79.22 GiB, of 143,771
#: MiB of an H200 139.8 GiB; fitted, see :func:`moecalc.validation.serving_memory.fitted_workspace`.
DRIVER_RESERVE = 0.454 * GIB
#: Most sequences of a step where nothing is said: vLLM from 0.9 on (engine/arg_utils.py, get_batch_defaults), on devices of
#: at least 70 GiB that are no A100, and on others.
MAX_SEQS, MAX_SEQS_SMALL = 1024, 256
LARGE_DEVICE = 70 * GIB
#: Bytes for each sequence of a step and each word of the vocabulary, at the peak of sampling: fitted likewise. Logits
#: in FP32, sorted values, their 8-byte indices and probabilities are most of them; an engine finds the peak when it starts.
SAMPLER_BYTES = 40.44
#: Contexts, buffers of collectives and graphs on each of several GPUs, and on a single one [bytes]: fitted likewise.
SHARED_OVERHEAD = 2.881 * GIB
SINGLE_OVERHEAD = 0.955 * GIB
#: Tokens of a page of the cache: vLLM's ``block_size``; FlashMLA's pages.
PAGE_TOKENS, LATENT_PAGE_TOKENS = 16, 64


class Workspace(NamedTuple):
    """Memory beside weights and cache on one GPU [bytes]."""

    not_used: float  #: what the driver keeps, and what the engine is not allowed to use
    sampling: float  #: activations at their peak
    overhead: float  #: contexts, buffers of collectives, graphs

    @property
    def total(self) -> float:
        return self.not_used + self.sampling + self.overhead


def workspace(
    config: ModelConfig,
    memory_bytes: float,
    num_gpus: int,
    utilisation: float = UTILISATION,
    max_seqs: int | None = None,
) -> Workspace:
    r"""Memory that neither weights nor cache can have on a GPU.

    .. math:: R = M - u (M - d) + c \, S \, V + o

    Of M = `memory_bytes` [bytes] the driver keeps d, and the engine may use the share u = `utilisation`. It tries the most
    sequences S = `max_seqs` of a step once, of a vocabulary of V words. o is more where several `num_gpus` [GPUs] share
    an instance.

    >>> workspace(v3, 85e9, 8).sampling == SAMPLER_BYTES * 1024 * 129280
    True
    """
    real("memory_bytes", memory_bytes, positive=True)
    real("utilisation", utilisation, positive=True, most=1)
    if max_seqs is None:
        max_seqs = default_max_seqs(memory_bytes)
    not_used = memory_bytes - utilisation * max(0.0, memory_bytes - DRIVER_RESERVE)
    sampling = SAMPLER_BYTES * whole("max_seqs", max_seqs, most=10**6) * config.vocab_size
    return Workspace(not_used, sampling, SHARED_OVERHEAD if num_gpus > 1 else SINGLE_OVERHEAD)


def default_max_seqs(memory_bytes: float, accelerator: Accelerator | None = None) -> int:
    """Most sequences of a step that vLLM tries on a GPU of `memory_bytes` [bytes], where it is not told [sequences]."""
    small = memory_bytes < LARGE_DEVICE or (accelerator and accelerator.slug.startswith("a100"))
    return MAX_SEQS_SMALL if small else MAX_SEQS


def page_tokens(config: ModelConfig) -> int:
    """Tokens of a page of the cache: a sequence takes whole pages [tokens]."""
    latent = any(cache.name.startswith("latent") for cache, _ in config.anatomy.caches)
    return LATENT_PAGE_TOKENS if latent else PAGE_TOKENS
