"""python -m moecalibrate: time the cases on this machine, and write their rows as CSV."""

import argparse
import csv
import os
import sys
from contextlib import nullcontext

from .cases import DTYPES, KINDS, cases
from .fake import FakeTimer

COLUMNS = (
    *(
        "accelerator",
        "version",
        "num_sms",
        "memory_bytes",
        "op",
        "gemm_dtype",
        "m",
        "n",
        "k",
        "attn_dtype",
        "kv_cache_dtype",
    ),
    *("batch_size", "isl", "step", "num_heads", "num_key_value_heads", "head_dim", "window_size", "num_bytes", "op_name"),
    *("nccl_dtype", "num_gpus", "message_size", "latency_us"),
)
NO_TORCH = 'PyTorch is not installed; pip install "moecalc[calibrate]" brings it, and --dry-run goes without'


def main(argv=None) -> int:
    """Time the cases; 0 when it worked, 2 with one line on stderr where it cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m moecalibrate", description=__doc__)
    parser.add_argument("--out", metavar="FILE", help="write the rows there instead of to standard output")
    parser.add_argument("--only", choices=KINDS, action="append", help="time this kind alone; may be given again")
    parser.add_argument("--device", default="cuda", help="device of PyTorch (default: cuda)")
    parser.add_argument("--small", action="store_true", help="small sizes, for a trial on a CPU")
    parser.add_argument("--dry-run", action="store_true", help="time nothing, and write what a made-up accelerator takes")
    parser.add_argument("--num-gpus", type=int, default=2, metavar="N", help="GPUs of a dry run's collectives (default: 2)")
    args = parser.parse_args(argv)
    kinds = args.only or KINDS
    rank, num_gpus = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if args.dry_run:
        timer, dtypes, num_gpus, rank = FakeTimer(), DTYPES, args.num_gpus, 0
    else:
        try:
            timer = torch_timer(args.device, num_gpus)
        except (ImportError, RuntimeError) as error:
            print("moecalibrate:", *str(error).split(), file=sys.stderr)
            return 2
        dtypes = timer.dtypes()
    rows = [timed(timer, row, rank) for row in cases(kinds, dtypes, num_gpus, args.small)]
    if num_gpus > 1 and not args.dry_run:
        import torch.distributed as dist

        dist.destroy_process_group()
    if rank == 0:
        try:
            write(args.out, [row for row in rows if row])
        except OSError as error:
            print(f"moecalibrate: cannot write {args.out}: {error.strerror}", file=sys.stderr)
            return 2
    return 0


def torch_timer(device: str, num_gpus: int):
    """A timer of the device of this process; with several processes it joins them."""
    try:
        import torch
    except ImportError:
        raise ImportError(NO_TORCH) from None
    from .torch_timer import TorchTimer

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch sees no GPU; --device cpu --small makes a trial on the CPU")
    if num_gpus > 1:
        import torch.distributed as dist

        if device == "cuda":
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return TorchTimer(device)


def timed(timer, row: dict, rank: int) -> dict | None:
    """The row with its time; None where the device cannot run it, such as for want of memory."""
    try:
        seconds = timer.seconds(row)
    except RuntimeError as error:
        if rank == 0:
            print("left out", row, *str(error).split()[:20], file=sys.stderr)
        return None
    return {**timer.about, **row, "latency_us": f"{1e6 * seconds:.5g}"}


def write(path: str | None, rows: list) -> None:
    """The rows as CSV, into a file or to standard output."""
    with open(path, "w", encoding="utf-8", newline="") if path else nullcontext(sys.stdout) as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
