"""Tables of the page on a training step."""

from moecalc.claims.registry import report_fact, run_fact
from moecalc.explorers.training._step import Setting, setting
from moecalc.explorers.training.trace_pair import KINDS, MEASURED, PREDICTED, STREAMS, measured_and_predicted
from moecalc.explorers.training.training_step import PARTS, WHOLE, seconds
from moecalc.facts import tables as facts
from moecalc.training.published_step import NETWORKS, TRACE, V3_GLOBAL_BATCH, measured_step, operations
from moecalc.training.step import Step

from ..prose import Said, fact_table, num, table

#: A part is to be predicted within this.
GOAL = 0.1
#: How V3's layers may be split -> what is changed of the default.
SPLITS = {"so that no stage is much longer": {}, "as many layers to each stage": {"split": "even"}}
#: Runs of other models, layouts and accelerators: name -> what is changed of V3's own run.
OTHERS = {
    "V3 on H800, as it ran": {},
    "the same in BF16": {"recipe": "bf16"},
    "the same with 1F1B": {"schedule": "1f1b"},
    "the same with ZB1P": {"schedule": "zb1p"},
    "the same with half the micro-batches": {"micro_batches": 60},
    "the same on H100": {"accelerator": "h100-sxm"},
    "the same on B200": {"accelerator": "b200-sxm"},
    "Kimi K2 on H800": {"model": "kimi-k2"},
    "Qwen3 235B on H800": {"model": "qwen3-235b-a22b"},
}


def parts(step: Step):
    """Parts of V3's step, predicted and measured on both networks."""
    measured = {name: measured_step(name) for name in NETWORKS}
    rows = []
    for name, words in [*PARTS.items(), ("step_s", WHOLE)]:
        predicted = step.step_s if name == "step_s" else seconds(step.components)[name]
        was = {network: getattr(one, name, None) for network, one in measured.items()}
        error = None if was["mpft"] is None else predicted / was["mpft"] - 1
        rows.append({"part": words, "predicted": predicted, **was, "error": error})
    columns = {
        "part": "Part",
        "predicted": ("Predicted", "s", 3),
        "mpft": ("Measured, multi-plane network", "s", 4),
        "mrft": ("Measured, multi-rail network", "s", 4),
        "error": ("Off from the first", "%", 1),
    }
    caption = f"V3's step of {V3_GLOBAL_BATCH:,} sequences on {step.num_gpus:,} H800, mean of the pipeline ranks"
    return table(rows, columns, caption)


def network_difference() -> float:
    """The most by which a part differs between the two networks [s]."""
    one, other = (measured_step(name) for name in NETWORKS)
    return max(abs(a - b) for a, b in zip(one[1:], other[1:], strict=True))


def bubbles_of_ranks(step: Step) -> Said:
    """The least and the greatest bubble of a rank."""
    found = [rank.bubble for rank in step.ranks]
    return Said(f"{num(min(found), 's', 3)} and {num(max(found), 's', 3)}")


def short_of_measured(step: Step) -> float:
    """By how much the parts that make gradients of weights are short of what was measured [s]."""
    measured = measured_step()
    return sum(getattr(measured, name) - getattr(step.components, name) for name in ("overlapped", "backward", "weight"))


def off_in_words(ratio: float, digits: int = 1) -> Said:
    """How far a prediction is off, such as "8.5 % less"."""
    return Said(f"{num(abs(ratio), '%', digits)} {'less' if ratio < 0 else 'more'}")


def parts_in_words(step: Step) -> Said:
    """How far the parts are off, in a sentence: the step, the nearest and the farthest part."""
    measured = measured_step()
    found = seconds(step.components)
    off = {PARTS[name]: found[name] / getattr(measured, name) - 1 for name in found}
    order = sorted(off, key=lambda name: abs(off[name]))
    whole = step.step_s / measured.step_s - 1
    within = [name for name in order if abs(off[name]) <= GOAL]
    return Said(
        f"the step comes out {off_in_words(whole)} than measured. Of its parts {num(len(within))} of {num(len(off))} are "
        f"within {num(GOAL, '%', 0)}; nearest is {order[0]}, {off_in_words(off[order[0]])}, farthest {order[-1]}, "
        f"{off_in_words(off[order[-1]], 0)}."
    )


def each_operation(step: Step):
    """One operation of the pipeline, from published sums and from ours."""
    measured, found = measured_step(), step.components
    of_paper = operations(measured.forward, measured.backward, measured.weight, measured.overlapped)
    of_ours = operations(found.forward, found.backward, found.weight, found.overlapped)
    kinds = {
        "a forward alone": ("alone", "forward_s"),
        "a backward alone, weights included": ("alone", "backward_s"),
        "both, one after the other": (None, "one_after_the_other"),
        "an overlapped pair": ("pairs", "pair_s"),
    }
    rows = [
        {
            "operation": words,
            "times": getattr(of_paper, times) if times else None,
            "measured": 1000 * getattr(of_paper, name),
            "predicted": 1000 * getattr(of_ours, name),
            "off": getattr(of_ours, name) / getattr(of_paper, name) - 1,
        }
        for words, (times, name) in kinds.items()
    ]
    columns = {
        "operation": "Operation",
        "times": ("How often, a rank", "", 3),
        "measured": ("From the paper's sums", "ms", 4),
        "predicted": ("Predicted", "ms", 4),
        "off": ("Off by", "%", 1),
    }
    return table(rows, columns, "One operation of V3's pipeline, mean of the ranks")


def splits():
    """The bubble by how layers are split."""
    measured = measured_step()
    rows = []
    for words, changed in SPLITS.items():
        chosen = setting(**changed)
        step, layers = chosen.step(), layers_of(chosen)
        rows.append(
            {
                "how": words,
                "first": layers[0],
                "last": layers[-1],
                "bubble": step.components.bubble,
                "off": step.components.bubble / measured.bubble - 1,
                "step": step.step_s,
                "step_off": step.step_s / measured.step_s - 1,
            }
        )
    columns = {
        "how": "Layers are split",
        "first": "Layers of the first stage",
        "last": "of the last",
        "bubble": ("Bubble", "s", 3),
        "off": ("off from measured", "%", 0),
        "step": ("Step", "s", 4),
        "step_off": ("off from measured ", "%", 1),
    }
    return table(rows, columns, "V3's bubble by how its layers are split over the stages")


def layers_of(chosen: Setting) -> list:
    """Layers of each stage."""
    config = chosen.config
    return [len(stage.layers) for stage in chosen.layout.pipeline(len(config.anatomy.layers), len(config.anatomy.mtp))]


def trace():
    """Kernels of the pair by kind."""
    found = measured_and_predicted()
    rows = [
        {
            "stream": stream,
            "kind": kind,
            "predicted": 1000 * found[PREDICTED][stream][kind] or None,
            "measured": 1000 * found[MEASURED][stream][kind] or None,
            "off": _off(found[PREDICTED][stream][kind], found[MEASURED][stream][kind]),
        }
        for stream in STREAMS
        for kind in KINDS[stream]
    ]
    for stream in STREAMS:
        predicted, measured = (sum(found[whose][stream].values()) for whose in (PREDICTED, MEASURED))
        sums = {"predicted": 1000 * predicted, "measured": 1000 * measured, "off": _off(predicted, measured)}
        rows.append({"stream": stream, "kind": "all"} | sums)
    columns = {
        "stream": "Stream",
        "kind": "Kernels",
        "predicted": ("Predicted", "ms", 3),
        "measured": ("In the trace", "ms", 3),
        "off": ("Off by", "%", 0),
    }
    return table(rows, columns, "A forward beside a backward chunk of four MoE layers, by kind of kernel")


def _off(predicted: float, measured: float) -> float | None:
    """How far a prediction is off, None where one of both is not there."""
    return predicted / measured - 1 if predicted and measured else None


def others():
    """Steps of other runs."""
    rows = []
    for words, changed in OTHERS.items():
        step = setting(**changed).step()
        rows.append(
            {
                "run": words,
                "step": step.step_s,
                "low": step.low_s,
                "high": step.high_s,
                "mfu": step.mfu,
                "waits": step.components.bubble / step.step_s,
                "rate": step.tokens_per_s_per_gpu,
                "fits": {True: "yes", False: "no", None: "not known"}[step.fits],
            }
        )
    columns = {
        "run": "Run",
        "step": ("Step", "s", 3),
        "low": ("at least", "s", 3),
        "high": ("at most", "s", 3),
        "mfu": ("MFU", "%", 1),
        "waits": ("Bubble", "%", 1),
        "rate": ("Tokens/s of a GPU", "", 4),
        "fits": "Fits",
    }
    return table(rows, columns, "What other choices would take on as many GPUs, with V3's layout where a model can have it")


def facts_used():
    """Facts that the page uses."""
    runs = facts.by_subject("training_runs")
    used = [fact for run in NETWORKS.values() for name, fact in runs[run].items() if name.endswith("_time")]
    used += [*runs[TRACE].values(), *runs[f"{TRACE}-kernels"].values()]
    system = ("num_gpus", "pipeline_parallel", "expert_parallel", "data_parallel", "recompute", "communication_sms")
    used += [report_fact("training system", name) for name in system]
    return fact_table([*used, run_fact("dsv3-mpft", "mfu_causal"), run_fact("dsv3-mpft", "global_batch_size")])
