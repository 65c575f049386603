"""What a row of measured memory says, and the memory that is predicted for it [GiB]."""

import re

from ..base.errors import InputError, quoted
from ..base.units import GIB
from ..training.layout import Layout
from ..training.memory import Batch, memory
from .memory import memory_spread, prediction
from .run_models import run_config
from .run_programs import run_program
from .run_settings import row_size, run_policy, run_stages
from .run_words import RunLayout
from .serving_rows import predicted_log
from .training_runs import Predicted

#: Words of the metric -> quantity of the ledger, the first that fits.
TRAINING = (
    (r"after (a )?step", "allocated_after_step_last_rank"),
    (r"nvidia-smi|hbm used|before optimi[sz]ation", ""),
    (r"reserved|peak_memory", "peak_reserved_fullest_rank"),
    (r"last.?stage|lightest|lowest", "peak_allocated_lightest_rank"),
    (r"reporting rank|last rank", "peak_allocated_last_rank"),
    (r"allocated|peak", "peak_allocated_fullest_rank"),
)
_SEQ = re.compile(r"\bseq(?:uence)?(?:[ _]len(?:gth)?)?[ =]+([\d,]+)", re.IGNORECASE)
_MICRO = re.compile(r"(?:micro-?batch|local batch|mbs)[ =]+(\d+)", re.IGNORECASE)
_GLOBAL = re.compile(r"(?:\bGBS|global batch)[ =]+([\d,]+)", re.IGNORECASE)
_VIRTUAL = re.compile(r"\bV(?:PP|P)[ =]?(\d+)(?! layer)", re.IGNORECASE)
_ONE_LAYER = re.compile(r"\bVPP? \(?1 layer", re.IGNORECASE)


def predicted_memory(row) -> Predicted:
    """The prediction for a row with the columns of a table of measured memory."""
    try:
        if row["kind"].startswith("training"):
            return _training(row)
        return predicted_log(row)
    except InputError as error:
        return Predicted(None, why_not=str(error))


def _training(row) -> Predicted:
    metric, words = row["metric"], row["config"]
    said = f"{row['model']}; {words}; {row.get('notes', '')}"
    quantity = next((name for pattern, name in TRAINING if re.search(pattern, metric.casefold())), "")
    if not quantity:
        raise InputError(f"{quoted(metric)} holds more than a framework's allocator: that is not counted")
    config = run_config(row["model"], said)
    sequence = _SEQ.search(words)
    if not sequence:
        raise InputError(f"the row does not say how long sequences are: {quoted(words)}")
    torchtitan = "torchtitan" in row["engine"].casefold()
    sharded = torchtitan or "fsdp" in words.casefold()
    sizes = {name: row_size(name, row[name]) for name in ("tp", "pp", "ep", "cp")}
    group = sizes["tp"] * sizes["pp"] * sizes["cp"]
    dp = row_size("dp", row["dp"], None) or (row_size("n_accel", row["n_accel"], None) or 0) // group
    if not dp:
        raise InputError("the row does not say how many replicas there are, nor how many GPUs")
    zero = re.search(r"ZeRO-?([0-3])", words, re.IGNORECASE)
    vpp = 1
    if _ONE_LAYER.search(words):
        vpp = len(config.anatomy.layers) // sizes["pp"]
    elif found := _VIRTUAL.search(words):
        vpp = int(found[1])
    run = RunLayout(**sizes, vpp=vpp)
    schedule = "interleaved" if vpp > 1 and sizes["pp"] > 1 else "1f1b"
    stages, _ = run_stages(config, run, None)
    etp = 1 if re.search(r"\bETP ?1\b", words) else None
    level = 3 if sharded else int(zero[1]) if zero else 1
    shape = (sizes["tp"], sizes["pp"], sizes["ep"], dp, level, schedule, etp, None, sizes["cp"])
    layout = Layout(*shape, vpp if schedule == "interleaved" else 1, stages)
    micro = int(found[1]) if (found := _MICRO.search(words)) else 1
    batches = int(found[1].replace(",", "")) // (micro * dp) if (found := _GLOBAL.search(words)) else None
    if torchtitan and sizes["pp"] > 1:  # it cuts the local batch into as many micro-batches as there are stages
        batches = sizes["pp"] * layout.vpp
        micro = max(1, micro // batches)
    batch = Batch(micro, int(sequence[1].replace(",", "")), batches or None)
    recipe = (
        "fp32"
        if torchtitan
        else "bf16"
        if "fp8" not in row["precision"].casefold()
        else "weights=fp8+bf16,gradients=4,master=4,moments=8"
    )
    parallel = "no sequence parallel" not in words.casefold()
    has_experts = config.anatomy.num_routed_experts > 1
    program, policy = run_program(row, said, run_policy(config, said), sizes["cp"], has_experts)
    found = memory(config, layout, recipe, batch, policy, sequence_parallel=parallel, program=program)
    _, value = prediction(found, quantity)
    low, high = memory_spread(
        "torchtitan" if torchtitan else "megatron-lm" if "megatron" in row["engine"].casefold() else ""
    )
    assumed = [] if _MICRO.search(words) else [f"a micro-batch has {micro} sequence"]
    return Predicted(value / GIB, value * low / GIB, value * high / GIB, note="; ".join(assumed))
