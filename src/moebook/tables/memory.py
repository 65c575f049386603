"""Tables of the page on the memory of one GPU."""

from moecalc.claims.memory import by_ep
from moecalc.claims.registry import config_fact, report_fact
from moecalc.facts import tables as facts
from moecalc.model.config import load_model
from moecalc.training.activation_policy import ActivationPolicy
from moecalc.training.activations import activations_by_block
from moecalc.training.memory_examples import REPORTED, other_cases, v3_cases
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.memory import memory_cases, memory_errors

from ..prose import fact_table, source_link, table

RECOMPUTED = ActivationPolicy(REPORTED.recompute)
NOT_KEPT = REPORTED._replace(weight_before_down=True)


def per_token():
    """Bytes that each kind of block keeps of a token."""
    policies = {"plain": ActivationPolicy(), "recompute": RECOMPUTED, "fp8": REPORTED, "not_kept": NOT_KEPT}
    counted = {name: activations_by_block(load_model("deepseek-v3"), policy) for name, policy in policies.items()}
    rows = [
        {"block": one.block.name, "count": one.count} | {name: blocks[at].range.bytes for name, blocks in counted.items()}
        for at, one in enumerate(counted["plain"])
    ]
    columns = {
        "block": "Block",
        "count": "Blocks",
        "plain": "Nothing recomputed",
        "recompute": "The report's recompute",
        "fp8": "and FP8, E5M6",
        "not_kept": "and no experts' outputs",
    }
    return table(rows, columns, "Bytes that are kept of one token for the backward pass")


def v3(memory_bytes: float):
    """V3's own layout under what may have been done."""
    rows = [
        {
            "what": case.name,
            "said": "yes" if case.reported else "no",
            "middle": case.middle.activations / 2**30,
            "states": case.middle.states.gpu_total / 2**30,
            "rank": case.memory.fullest.rank,
            "counted": case.memory.fullest.counted,
            "most": case.memory.fullest.band[1],
            "fits": "yes" if case.memory.fits else "no",
        }
        for case in v3_cases(memory_bytes)
    ]
    columns = {
        "what": "Recomputed, or kept narrower",
        "said": "In the report",
        "middle": ("Activations, middle rank [GiB]", "", 3),
        "states": ("Its model states [GiB]", "", 3),
        "rank": "Fullest rank",
        "counted": ("Counted on it", "bytes", 3),
        "most": ("At most", "bytes", 3),
        "fits": "Fits",
    }
    return table(rows, columns, "DeepSeek-V3 on its own layout, one sequence a micro-batch")


def expert_parallel():
    """Memory by size of expert parallelism."""
    columns = {
        "ep": "EP",
        "experts": ("Experts of a layer on a GPU", "", 3),
        "weights": ("Weights", "bytes", 3),
        "states": ("Model states", "bytes", 3),
        "activations": ("Activations", "bytes", 3),
        "most": ("All, at most", "bytes", 3),
    }
    return table([one._asdict() for one in by_ep()], columns, "The fullest rank by expert-parallel size, all else equal")


def others(memory_bytes: float):
    """Other models on layouts of Megatron's style."""
    rows = []
    for case in other_cases(memory_bytes):
        sizes = {name: getattr(case.layout, name) for name in ("tp", "cp", "pp", "ep", "dp")}
        fitting = [("nothing recomputed", case.plain), ("norms, SwiGLU", case.selective), ("whole layers", case.full)]
        rows.append(
            {
                "model": case.model,
                "layout": " ".join(f"{name.upper()}{size}" for name, size in sizes.items() if size > 1),
                "seq_len": case.batch.seq_len,
                "states": case.plain.fullest.states.gpu_total,
                "plain": case.plain.fullest.band[1],
                "selective": case.selective.fullest.band[1],
                "full": case.full.fullest.band[1],
                "fits": next((name for name, found in fitting if found.fits), "nothing fits"),
            }
        )
    columns = {
        "model": "Model",
        "layout": "Layout",
        "seq_len": ("Sequence", "tokens"),
        "states": ("Model states", "bytes", 3),
        "plain": ("Nothing recomputed", "bytes", 3),
        "selective": ("Norms and SwiGLU", "bytes", 3),
        "full": ("Whole layers", "bytes", 3),
        "fits": "It fits with",
    }
    return table(rows, columns, "The fullest rank of other models at most, BF16, ZeRO-1, 1F1B, by what is recomputed")


def errors():
    """Mean and worst errors, of fitted figures and of those held out, by who measured."""
    groups = {(one.use, one.source): [] for one in memory_cases()}
    for one in memory_cases():
        groups[one.use, one.source].append(one)
    kinds = [(use, "all", [case for case in memory_cases() if case.use == use]) for use in (FITTED, HELD_OUT)]
    kinds += [(use, source, cases) for (use, source), cases in groups.items() if use == HELD_OUT]
    rows = [
        {"use": use, "who": source_link(source) if source != "all" else "all", **memory_errors(cases)._asdict()}
        for use, source, cases in kinds
    ]
    columns = {
        "use": "Figures",
        "who": "Measured by",
        "cases": "Number",
        "mean": ("Mean error", "%", 1),
        "bias": ("with its sign", "%", 1),
        "worst": ("Worst", "%", 1),
        "worst_subject": "which is",
    }
    return table(rows, columns, "Errors of predicted memory, as shares of what was measured", raw=("who",))


def measured():
    """Every figure that was measured, beside what is predicted."""
    rows = [
        {
            "run": case.subject,
            "what": case.quantity.replace("_", " "),
            "use": case.use,
            "measured": case.measured,
            "predicted": case.predicted,
            "error": case.error,
            "note": case.note,
        }
        for case in memory_cases()
    ]
    columns = {
        "run": "Run",
        "what": "Figure",
        "use": "Used as",
        "measured": ("Measured", "bytes", 4),
        "predicted": ("Predicted", "bytes", 4),
        "error": ("Error", "%", 1),
        "note": "What is assumed",
    }
    return table(rows, columns, "Memory of each run, predicted beside measured", folded=True)


def facts_used():
    """Facts that the page uses."""
    system = ("num_gpus", "gpus_per_node", "pipeline_parallel", "expert_parallel", "data_parallel", "recompute", "ema")
    named = {
        "training system": system,
        "optimizer": ("moments", "master_weights_and_grads"),
        "pipeline DualPipe": ("parameters", "activation"),
    }
    used = [report_fact(subject, name) for subject, names in named.items() for name in names]
    used += [facts.lookup("accelerators", "h800-sxm", name) for name in ("memory", "memory_reported_by_driver")]
    return fact_table(used + [config_fact("deepseek-v3", key) for key in ("num_hidden_layers", "vocab_size")])
