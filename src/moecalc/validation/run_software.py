"""What a run's software does with kernels, from where and when it was published: rows seldom say it in words."""

import re

from ..training.timing.settings import PAIRED, USUAL, Running

#: From this month on Megatron-LM's mixtures of experts run in graphs, with casts and moves of tokens fused: every one of its
#: runs that is marked as fitted gets faster by a third or more there, and no other setting of it changes.
GRAPHS_SINCE = "2026-06"
#: Programs whose collectives of tensor parallelism run beside products: Transformer Engine's do. No other is known to, and
#: the fitted run that has them without it fits only so.
OVERLAP_TENSORS = ("megatron", "nemo", "mlperf", "mlcommons", "transformer engine")
_CONTAINER = re.compile(r"\b(2\d)\.(\d\d)(?:\.\d+)? nemo container")


def run_software(running: Running, published: str, date: str, schedule: str = "1f1b") -> Running:
    """The same with graphs, fusion and eager programs as the software has them.

    `published` is where the figure stands, in words, `date` when it was measured, such as 2026-06; both may be empty.
    `schedule` is that of the pipeline.

    >>> run_software(Running(), "NVIDIA-NeMo/Megatron-Bridge", "2026-08").graphs
    True
    """
    where = published.casefold()
    if running.overlap is None and schedule not in PAIRED and not any(word in where for word in OVERLAP_TENSORS):
        running = running._replace(overlap=tuple(name for name in USUAL if name != "tp"))
    if "llm-foundry" in where or "torchtitan" in where and "eager" in where:
        return running._replace(eager=True)
    container = _CONTAINER.search(where)
    when = f"20{container[1]}-{container[2]}" if container else date
    if "megatron" in where and when >= GRAPHS_SINCE:
        return running._replace(graphs=True, fused=True)
    return running
