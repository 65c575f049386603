"""python -m bench [--site] [--peers]"""

import argparse
import json
import os
import platform
import random
import sys
import time

from moecalc import load_model, num_total_params, parse_config
from moecalc.explorers.industry.roofline_of_chips import kernels_of
from moecalc.hardware.accelerator import load_accelerator
from moecalc.industry import kernel_intensity
from moecalc.industry.balance import chips, reached_flops_per_s
from moecalc.industry.chip_wishes import decoding, decoding_bought, training, training_bought
from moecalc.model.flops import flops_report
from moecalc.model.kv_cache import kv_cache_report
from moecalc.model.params import params_report
from moecalc.serving.eplb import balanced_experts
from moecalc.serving.throughput import expert_parallel, sweep
from moecalc.training.activation_policy import V3_RECOMPUTE, ActivationPolicy
from moecalc.training.layout import Layout
from moecalc.training.memory import Batch, memory
from moecalc.training.pipeline.live import peak_chunks
from moecalc.training.pipeline.orders import Pipeline, forget_orders
from moecalc.training.pipeline.simulate import Durations, simulate
from moecalc.training.placement import place
from moecalc.training.rank_states import rank_states
from moecalc.training.step import training_step

from .planner import layouts_a_second
from .timing import Row, median_ms, median_us, table

SWEEP = 1000


def calculators() -> list:
    """Parameters and FLOPs of DeepSeek-V3 from a loaded config, and a sweep over ready configs."""
    v3 = load_model("deepseek-v3")
    text = json.dumps(v3.raw, indent=1)

    def pasted():
        config = parse_config(text)
        return params_report(config), flops_report(config, 4096), kv_cache_report(config, 32_768)

    cluster = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    sweep = [v3.replace(n_routed_experts=16 + 8 * number) for number in range(SWEEP)]
    return [
        Row("parameters of V3 with components", median_us(lambda: params_report(v3)), "us", 50),
        Row("FLOPs of V3 with components", median_us(lambda: flops_report(v3, 4096)), "us", 50),
        Row("a pasted config: parameters, FLOPs and cache", median_us(pasted, calls=20), "us", 1000),
        Row("who holds what on 2,048 GPUs", median_us(lambda: place(v3, cluster), batches=11, calls=1) / 1e3, "ms", 50),
        Row(
            f"total alone, a point of a sweep over {SWEEP:,} ready configs",
            median_us(lambda: [num_total_params(config) for config in sweep], calls=1) / SWEEP,
            "us",
            5,
        ),
        Row("model states of V3 on all 16 ranks, a layout of a search", states_of_layouts(v3), "us", 500),
        Row("memory of V3 on all 16 ranks, a layout of a search", memory_of_layouts(v3), "us", 500),
        Row("a step of V3, a layout of a search", steps_of_layouts(v3), "us", 2000),
        Row("serving V3, a point of a sweep over batch, EP and context", points_of_serving(v3), "us", 100),
        Row("one more config for such a sweep", median_us(lambda: v3.replace(n_routed_experts=128)), "us"),
    ]


def last_chapter() -> list:
    """What the figures of chips compute: every kernel of V3 on every chip's roofs, and all wishes of one chip."""
    v3, h800 = load_model("deepseek-v3"), load_accelerator("h800-sxm")

    def roofline():
        kernel_intensity.training_kernels.cache_clear()
        kernel_intensity.serving_kernels.cache_clear()
        kernels = [one for found, *_ in kernels_of(v3, 1, 128, 144).values() for one in found]
        return [
            reached_flops_per_s(one.intensity, chip.peak_dense_fp8_flops_per_s, width)
            for chip in chips()
            for width in (chip.memory_bandwidth_bytes_per_s, chip.scale_up_bandwidth_bytes_per_s)
            if width
            for one in kernels
        ]

    def wishes():
        training.cache_clear()
        decoding.cache_clear()
        return training_bought(h800, domain=72), decoding_bought(h800, domain=72)

    points = f"{len(chips())} chips, memory and scale-up"
    return [
        Row(f"V3's kernels on the roofs of {points}", median_us(roofline, 21, 1) / 1e3, "ms", 20),
        Row("all wishes about chips, in training and decode", median_us(wishes, 11, 1) / 1e3, "ms", 100),
    ]


#: Layouts of a search: ZeRO stages, schedules and sizes in turn, as a search meets them.
LAYOUTS = [
    Layout(tp=tp, pp=16, ep=ep, dp=128, zero=zero, schedule=schedule)
    for tp in (1, 2, 4)
    for ep in (16, 32, 64)
    for zero in (1, 2, 3)
    for schedule in ("1f1b", "dualpipe")
]


def points_of_serving(v3) -> float:
    """Microseconds of the processor for a point of throughput, where no kernel was timed at its size before."""
    layouts, batches, lengths = expert_parallel(v3, (32, 64, 72, 144, 320), least_redundant=32), range(1, 257), (2048, 4096)
    h800 = load_accelerator("h800-sxm")
    sweep(v3, h800, layouts, (1,), 1024)
    start = time.process_time()
    found = sum(len(sweep(v3, h800, layouts, batches, length)) for length in lengths)
    return (time.process_time() - start) / found * 1e6


def states_of_layouts(config) -> float:
    """Microseconds of the model states of one layout of a search."""
    return median_us(lambda: [rank_states(config, one, "deepseek-v3") for one in LAYOUTS], 21, 1) / len(LAYOUTS)


def memory_of_layouts(config) -> float:
    """Microseconds of the memory of one layout of a search, with V3's own recompute and caches."""
    policy, batch = ActivationPolicy(V3_RECOMPUTE, "fp8"), Batch(1, 4096, 120)
    return median_us(lambda: [memory(config, one, "deepseek-v3", batch, policy) for one in LAYOUTS], 21, 1) / len(LAYOUTS)


def steps_of_layouts(config) -> float:
    """Microseconds of the step of one layout of a search; each round has other micro-batches, so that its pipelines run."""
    policy, gpu = ActivationPolicy(V3_RECOMPUTE, "fp8"), load_accelerator("h800-sxm")
    batches = [Batch(1, 4096, number) for number in range(120, 132, 2)]
    steps = (training_step(config, gpu, one, "deepseek-v3", batch, policy) for batch in batches for one in LAYOUTS)
    return median_us(lambda: [next(steps) for _ in LAYOUTS], 5, 1) / len(LAYOUTS)


def pipelines() -> list:
    """A schedule of 16 ranks and 120 micro-batches with its tasks, orders made anew; its peaks as a search asks for them."""

    def schedule(name):
        forget_orders()
        return simulate(Pipeline(name, 16, 120), Durations(1, 2, 1, 3)).tasks

    names = ("1f1b", "zb1p", "dualpipe", "dualpipev")
    v3 = Pipeline("dualpipe", 16, 120)
    return [
        *(
            Row(f"{name}, 16 x 120, with tasks", median_us(lambda n=name: schedule(n), 21, 1) / 1e3, "ms", 20)
            for name in names
        ),
        Row("most live chunks of all 16 ranks", median_us(lambda: peak_chunks(v3)), "us", 100),
    ]


def placements() -> list:
    """Plans of experts for 58 layers of 256; DeepSeek's own takes 0.9 to 2.5 s for the first two, 10 ms for the third."""
    draw = random.Random(58)
    loads = [[int(5000 * draw.lognormvariate(0, 1)) for _ in range(256)] for _ in range(58)]
    kinds = [
        ("288 slots on 4 nodes of 8 GPUs", (288, 8, 4, 32), 900),
        ("288 slots on 9 nodes of 8 GPUs, global", (288, 8, 9, 72), 900),
        ("288 slots, one a GPU", (288, 8, 36, 288), 100),
        ("256 slots, one copy each", (256, 8, 4, 32), 100),
    ]
    return [
        Row(
            f"experts by copies, 58 x 256: {name}",
            median_us(lambda s=sizes: balanced_experts(loads, *s), 11, 1) / 1e3,
            "ms",
            goal,
        )
        for name, sizes, goal in kinds
    ]


def processes() -> list:
    """The command line as a whole process beside a Python that does nothing."""
    script = os.path.join(os.path.dirname(sys.executable), "moecalc")
    taken = median_ms({"moecalc": [script, "params", "--model", "deepseek-v3"], "pass": [sys.executable, "-c", "pass"]})
    return [
        Row("python -c pass", taken["pass"], "ms"),
        Row("moecalc params --model deepseek-v3", taken["moecalc"], "ms"),
        Row("their ratio", taken["moecalc"] / taken["pass"], "x", 5),
    ]


def site() -> list:
    """The build of the report, once."""
    import subprocess

    start = time.perf_counter()
    subprocess.run(["make", "site"], check=True, stdout=subprocess.DEVNULL)
    return [Row("make site", time.perf_counter() - start, "s", 60)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--site", action="store_true", help="also build the report")
    parser.add_argument("--peers", action="store_true", help="also time llm-analysis; installs its 216 MB on first use")
    args = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores")
    rows = [*calculators(), *layouts_a_second(), *pipelines(), *placements(), *last_chapter(), *processes()]
    print(table([*rows, *(site() if args.site else [])]))
    if args.peers:
        from .peers import report

        print(report())


if __name__ == "__main__":
    main()
