"""What is fitted of whole training steps: few parameters that all models, layouts and frameworks share.

``data/step_parameters.csv`` holds them, with the cases that they were fitted on and the errors of the others.
"""

from typing import NamedTuple

from ...facts import tables

TABLE = "step_parameters"


class StepParameters(NamedTuple):
    """What single kernels do not tell."""

    attention_backward: float  #: rate of attention's backward pass, over that of its forward pass
    elementwise: float  #: share of the memory bandwidth that element-wise kernels reach
    host_s: float  #: of a layer's pass, in which kernels wait for the program that launches them [s]
    host_moe_s: float  #: the same of a layer with routed experts [s]
    sustained_bf16: float  #: rate of products in a long run, over that of a kernel that is measured alone
    sustained_fp8: float


_known = {}


def step_parameters() -> StepParameters:
    """The parameters, read once."""
    if "all" not in _known:
        facts = tables.by_subject(TABLE)["all"]
        values = []
        for name in StepParameters._fields:
            fact = facts[name.removesuffix("_s")]
            values.append(fact.to("s") if name.endswith("_s") else fact.value)
        _known["all"] = StepParameters(*values)
    return _known["all"]
