"""moecalc accelerators"""

HELP = "accelerators with dense peaks, memory and bandwidths"
EXAMPLE = "moecalc accelerators --json"


def add_arguments(parser):
    pass


def run(args):
    from ...hardware.accelerator import load_accelerators

    return {"accelerators": [one._asdict() for one in load_accelerators()]}


def show(result):
    from ..text import table

    rows = [
        {
            **one,
            "tflops": one["peak_dense_bf16_flops_per_s"] / 1e12,
            "gb": one["memory_bytes"] / 1e9,
            "tb_s": _in(one["memory_bandwidth_bytes_per_s"], 1e12),
            "up": _in(one["scale_up_bandwidth_bytes_per_s"], 1e9),
            "out": _in(one["scale_out_bandwidth_bytes_per_s"], 1e9),
        }
        for one in result["accelerators"]
    ]
    columns = {
        "slug": "slug",
        "name": "name",
        "tflops": "BF16 TFLOP/s",
        "gb": "GB",
        "tb_s": "TB/s",
        "up": "scale-up GB/s",
        "out": "scale-out GB/s",
    }
    return table(rows, columns)


def _in(value, unit):
    return None if value is None else value / unit
