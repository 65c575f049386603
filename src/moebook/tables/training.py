"""Tables of the page on training."""

from moecalc.claims.registry import report_fact
from moecalc.facts import tables as facts
from moecalc.facts.benchmarks import AFTER, BEFORE
from moecalc.training.v3_run import RUNS

from ..prose import fact_table, table


def stages(run: dict):
    """Hours, tokens and FLOPs of each stage."""
    flops = sum(stage.flops for stage in run.values() if stage.flops)
    rows = [
        {
            "stage": name,
            "hours": stage.gpu_hours,
            "hours_share": stage.gpu_hours_share,
            "tokens": stage.num_tokens,
            "flops": stage.flops,
            "flops_share": stage.flops and stage.flops / flops,
        }
        for name, stage in run.items()
    ]
    columns = {
        "stage": "Stage",
        "hours": ("Hours", "GPU-hours"),
        "hours_share": ("Share", "%", 2),
        "tokens": ("Tokens", "tokens"),
        "flops": ("FLOPs", "FLOPs"),
        "flops_share": ("Share", "%", 2),
    }
    return table(rows, columns, "The three stages, attention counted causal; tokens of post-training were not published")


def by_length(phases, flops):
    """Training FLOPs of a token in each phase."""
    rows = [
        {
            "phase": phase.name,
            "seq_len": phase.seq_len,
            "tokens": phase.num_tokens,
            "causal": one.causal,
            "scores": one.scores_share,
            "full": one.non_causal,
            "ratio": one.non_causal / one.causal,
        }
        for phase, one in zip(phases, flops, strict=True)
    ]
    columns = {
        "phase": "Phase",
        "seq_len": "Length",
        "tokens": ("Tokens", "tokens"),
        "causal": ("A token, causal", "FLOPs"),
        "scores": ("of it scores", "%", 1),
        "full": ("Non-causal", "FLOPs"),
        "ratio": ("Ratio", "x", 3),
    }
    return table(rows, columns, "Training FLOPs of a token by the length of its sequence")


def utilisation(run: dict):
    """Share of the peak by both conventions, where tokens are known."""
    rows = [
        {"stage": name, "causal": one.mfu, "full": one.mfu_non_causal, "ratio": one.mfu_non_causal / one.mfu}
        for name, one in run.items()
        if one.mfu
    ]
    columns = {
        "stage": "Stage",
        "causal": ("MFU, causal", "%", 2),
        "full": ("MFU, non-causal", "%", 2),
        "ratio": ("Ratio", "x", 3),
    }
    return table(rows, columns, "Share of the H800's BF16 peak, from published hours")


def up_projections(ups: list):
    """What the up-projections read and make."""
    shapes = {row["tensor"]: row["shape"] for row in ups}
    rows = [{"tensor": name, "kept": kept, "made": made, "ratio": made / kept} for name, (kept, made) in shapes.items()]
    columns = {
        "tensor": "Up-projection",
        "kept": "Numbers kept a token",
        "made": "Numbers made again",
        "ratio": ("Ratio", "x", 3),
    }
    return table(rows, columns, "What MLA's up-projections read and make, in one layer")


def distillation(tests):
    """Scores and lengths of answers before and after distillation."""
    rows = [{**one._asdict(), "gain": one.gain, "longer": one.longer} for one in tests]
    columns = {
        "test": "Test",
        "before": ("V2.5", "", 3),
        "after": ("distilled", "", 3),
        "gain": ("gain", "points", 2),
        "length_before": "tokens",
        "length_after": "distilled",
        "longer": ("longer", "x", 3),
    }
    caption = "Distillation from R1 on V2.5: pass@1, and the length of an answer (Table 9 of the report)"
    return table(rows, columns, caption)


def facts_used():
    """Facts that the page uses."""
    subjects = ("learning rate", "batch size", "context extension", "post-training", "training run", BEFORE, AFTER)
    used = [
        fact
        for name in RUNS.values()
        for quantity, fact in facts.by_subject("training_runs")[name].items()
        if quantity in ("gpu_hours", "num_tokens", "seq_len")
    ]
    used += [fact for subject in subjects for fact in facts.by_subject("v3_report")[subject].values()]
    balancing = ("bias_update_speed", "bias_update_speed_at_end", "mtp_loss_weight", "mtp_loss_weight_at_end")
    used += [report_fact("load balancing", name) for name in balancing]
    used += [report_fact("training system", name) for name in ("recompute", "ema")]
    used += [facts.lookup("training_runs", "dsv3-mpft", name) for name in ("mfu", "mfu_causal")]
    return fact_table(used)
