"""Checks of the second chapter: how the model was trained, after pre-training above all."""

from ..base.units import show
from ..facts import tables
from ..model.config import load_model
from ..model.flops import training_flops_per_token
from ..model.params import params_by_tensor
from ..training.mfu import recomputed_flops_per_token
from .evidence import Evidence, Part
from .registry import check, report_fact, says, stated

V3, R1 = "deepseek-v3", "deepseek-r1"
SEQ_LEN = 4096
#: What was published of R1 on the accelerator that the talk means.
ON_ASCEND = "CloudMatrix384 DeepSeek-R1 on Ascend 910C", "decode_efficiency"


@check("C50")
def instances(claim):
    fact = report_fact("post-training", "sft_instances")
    # counts have no multiples among the units
    millions = fact._replace(value=fact.value / 1e6)
    epochs = report_fact("post-training", "sft_epochs").value
    return stated(claim, millions, "count", note=f"Trained on for {epochs} epochs.")


@check("C95")
def stability(claim):
    fact = report_fact("training run", "stability")
    return Evidence(
        (says(fact, "no", "loss spikes", name="loss spikes"), says(fact, "no rollbacks", name="rollbacks")),
        shown=fact.value,
        note='The report says "irrecoverable" loss spikes; the talk leaves the word out.',
    )


@check("C98")
def memory(claim):
    recompute, average = report_fact("training system", "recompute"), report_fact("training system", "ema")
    config = load_model(V3)
    again = recomputed_flops_per_token(config, SEQ_LEN, "mla-up")
    share = again / training_flops_per_token(config, SEQ_LEN)
    return Evidence(
        (
            says(recompute, "RMSNorm", name="RMSNorm recomputed"),
            says(recompute, "MLA up-projections", name="MLA up-projections recomputed"),
            says(average, "EMA", "CPU memory", name="EMA in CPU memory"),
            says(average, "asynchronous", name="EMA updated asynchronously"),
        ),
        own=f"the up-projections again: {show(again, 'FLOPs')} a token, {show(share, '%', 1)} more",
        convention=f"training FLOPs at {SEQ_LEN:,} tokens, causal",
        shown=f"{recompute.value}; {average.value}",
        note="The report recomputes the SwiGLU output too.",
    )


@check("C99")
def post_training(claim):
    method, rewards, data = (report_fact("post-training", name) for name in ("rl", "rewards", "reasoning_data"))
    return Evidence(
        (
            says(method, "GRPO", name="GRPO"),
            says(rewards, "rule-based", name="rule-based rewards"),
            says(rewards, "model-based", name="model-based rewards"),
            says(data, "DeepSeek-R1", name="distilled from R1"),
        ),
        shown=f"{method.value}; {rewards.value} rewards; reasoning data {data.value}",
        note="Data of other kinds came from DeepSeek-V2.5 and from people.",
    )


@check("C100")
def on_ascend(claim):
    fact = tables.lookup("serving", *ON_ASCEND)
    # every tensor of R1 has its like in V3
    same = params_by_tensor(load_model(R1)) == params_by_tensor(load_model(V3))
    return Evidence(
        (
            Part("True", stated=True, fact=fact, name="model structure") if same else Part("True", name="model structure"),
            Part("True", name="communication"),
            Part("True", name="memory"),
        ),
        shown="model structure, in serving",
        note=f"DeepSeek-R1, which has V3's structure, was served on Ascend 910C (paper of {fact.date}, read in quotations). "
        "No source was found for training there, nor for the measures of communication and memory.",
    )
