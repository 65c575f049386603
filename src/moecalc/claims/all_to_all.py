"""Checks of what the talk says about dispatch and combine, and about the SMs that they take."""

from ..base.units import show
from ..hardware.accelerator import load_accelerator
from ..hardware.all_to_all.gate import Placement, gate_of
from ..hardware.all_to_all.plan import reach, tokens_chosen
from ..hardware.all_to_all.scores import Scores
from ..hardware.all_to_all.traffic import copies_per_token
from ..model.config import load_model
from .evidence import Evidence, Part
from .registry import V3, check, report_fact, says

#: What the report trained on, and its expert-parallel group.
GPU, EP = "h800-sxm", 64


@check("C102")
def two_levels(claim):
    dispatch, cache = report_fact("training system", "dispatch"), report_fact("training system", "l2_cache")
    sms, channels = (report_fact("training system", name) for name in ("communication_sms", "comm_channels"))
    gate, placement, law = gate_of(load_model(V3)), Placement(EP), Scores()
    found = reach(gate, placement, law, tokens_chosen(gate, law))
    copies = copies_per_token(found.nodes.mean, found.gpus.mean, gate.num_chosen, placement)
    return Evidence(
        (
            says(dispatch, "over IB once", "then over NVLink", name="over IB, then NVLink"),
            Part("True", stated=sms.value > 0, fact=sms, name="SMs set apart"),
            Part("True", name="L2 cache partitioned"),
        ),
        own=f"{show(copies.scale_out, '', 3)} copies of a token over IB, {show(copies.scale_up, '', 3)} over NVLink; "
        f"a copy for each expert would be {show(copies.scale_out_per_expert, '', 3)} over IB",
        convention=f"EP{EP}, the own node and GPU served for free, simulated",
        shown=f"a token goes {dispatch.value}; {sms.value} SMs in {channels.value} channels",
        note=f"Of the cache the report says that {cache.value}; that it is divided up it does not say.",
    )


@check("C106")
def taken_from_computing(claim):
    sms, asked = report_fact("training system", "communication_sms"), report_fact("hardware suggestions", "communication")
    total = load_accelerator(GPU).needed("num_sms")
    return Evidence(
        (
            Part("True", stated=0 < sms.value < total, fact=sms, name="communication takes SMs"),
            says(asked, "co-processor", name="a co-processor"),
            says(asked, "unify IB and NVLink", name="one interface"),
        ),
        own=f"{sms.value} of {total} SMs are {show(sms.value / total, '%', 1)} of computing; without them it would be "
        f"{show(total / (total - sms.value) - 1, '%', 1)} more",
        convention="computing in proportion to the SMs that do it",
        shown=f"{sms.value} SMs; {asked.value}",
    )
