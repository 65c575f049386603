"""Times kernels with PyTorch: the median of warm runs, each with the second-level cache emptied before it."""

import statistics
import time

import torch
import torch.nn.functional as F

WARM, RUNS = 5, 20
#: Written before each run, so that no factor is still in a cache [bytes].
EMPTIED = 2**28
#: Numbers of FP8 with most digits reach this.
FP8_MOST = 448.0


class TorchTimer:
    """Times on one device; with several processes (torchrun) each has its own, and collectives run over all."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.on_gpu = self.device.type == "cuda"
        self.emptied = torch.empty(EMPTIED, dtype=torch.int8, device=self.device) if self.on_gpu else None
        if self.on_gpu:
            known = torch.cuda.get_device_properties(self.device)
            self.about = {
                "accelerator": known.name,
                "version": f"torch {torch.__version__}",
                "num_sms": known.multi_processor_count,
                "memory_bytes": known.total_memory,
            }
        else:
            self.about = {"accelerator": "cpu", "version": f"torch {torch.__version__}"}

    def dtypes(self) -> tuple:
        """Types of products that the device computes in."""
        fp8 = self.on_gpu and torch.cuda.get_device_capability(self.device) >= (8, 9)
        return ("bfloat16", "fp8") if fp8 else ("bfloat16",)

    def seconds(self, row: dict) -> float:
        """Time of a case [s]."""
        run = getattr(self, f"_{row['op']}")(row)
        for _ in range(WARM):
            run()
        return statistics.median(self._once(run) for _ in range(RUNS))

    def _once(self, run) -> float:
        if not self.on_gpu:
            start = time.perf_counter()
            run()
            return time.perf_counter() - start
        self.emptied.zero_()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3

    def _numbers(self, *shape) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.bfloat16, device=self.device)

    def _gemm(self, row):
        left, right = self._numbers(row["m"], row["k"]), self._numbers(row["n"], row["k"])
        if row["gemm_dtype"] == "bfloat16":
            return lambda: left @ right.t()
        one = torch.ones((), dtype=torch.float32, device=self.device)
        held = right.clamp(-FP8_MOST, FP8_MOST).to(torch.float8_e4m3fn)
        scale = torch.full((), 0.5, dtype=torch.bfloat16, device=self.device)

        def run():  # the left factor comes in BF16, and is quantised here as in a layer
            quantised = (left * scale).to(torch.float8_e4m3fn)
            return torch._scaled_mm(quantised, held.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

        return run

    def _attention(self, row, num_queries: int, num_keys: int, causal: bool):
        batch, heads, shared, size = (row[name] for name in ("batch_size", "num_heads", "num_key_value_heads", "head_dim"))
        queries = self._numbers(batch, heads, num_queries, size)
        keys, values = (self._numbers(batch, shared, num_keys, size) for _ in range(2))
        return lambda: F.scaled_dot_product_attention(queries, keys, values, is_causal=causal, enable_gqa=heads != shared)

    def _attention_prefill(self, row):
        return self._attention(row, row["isl"], row["isl"], True)

    def _attention_decode(self, row):
        return self._attention(row, 1, row["step"] + 1, False)

    def _elementwise(self, row):
        source = torch.empty(max(1, row["num_bytes"] // 2), dtype=torch.int8, device=self.device)
        target = torch.empty_like(source)
        return lambda: target.copy_(source)

    def _collectives(self, row):
        import torch.distributed as dist

        ranks = dist.get_world_size()
        part = self._numbers(-(-row["message_size"] // ranks))
        whole = self._numbers(ranks * len(part))
        other = torch.empty_like(whole)
        return {
            "all_reduce": lambda: dist.all_reduce(whole),
            "all_gather": lambda: dist.all_gather_into_tensor(whole, part),
            "reduce_scatter": lambda: dist.reduce_scatter_tensor(part, whole),
            "alltoall": lambda: dist.all_to_all_single(other, whole),
        }[row["op_name"]]
