"""What is fitted of whole training steps: few parameters that all models, layouts and frameworks share.

``data/step_parameters.csv`` holds them, with the cases that they were fitted on and the errors of the others. Which terms
there are was chosen with the errors of held-out runs in sight, V3's own step among them; no parameter was fitted on these.
"""

from typing import NamedTuple

from ...facts import tables

TABLE = "step_parameters"
#: Those that are not fitted: a source gives them.
SOURCED = ("attention_backward", "attention", "weight_blocks")


class StepParameters(NamedTuple):
    """What single kernels do not tell."""

    attention_backward: float  #: rate of attention's backward pass, over that of its forward pass
    attention: float  #: rate of grouped attention in training, over that of the inference engines' kernels measured
    weight_blocks: (
        float  #: rate of products for gradients of weights with scales of blocks, over what other products would give
    )
    attention_eager: (
        float  #: the same as attention of eager programs of 2023 and 2024 on Hopper, whose kernels were Ampere's
    )
    attention_eager_ampere: float  #: and on Ampere
    host_s: float  #: that the program takes to launch the kernels of one pass of a layer with routed experts [s]
    hybridep: float  #: share of the scale-up link that HybridEP's kernels reach
    tp_hidden: float  #: share of tensor parallel collectives that overlap hides
    dp_hidden: float  #: share of gradients and parameters that overlap hides at most
    ampere: float  #: FLOPs that a joule pays for in long runs of products, by generation and type
    hopper: float
    hopper_fp8: float
    blackwell: float
    blackwell_fp8: float

    def flops_per_joule(self, generation: str, fp8: bool) -> float:
        """FLOPs of products that a joule pays for: times the power of the GPU, what it sustains."""
        return getattr(self, f"{generation}_fp8" if fp8 and generation != "ampere" else generation)


_known = {}


def step_parameters() -> StepParameters:
    """The parameters, read once."""
    if "all" not in _known:
        facts = tables.by_subject(TABLE)["all"]
        values = []
        for name in StepParameters._fields:
            fact = facts[name.removesuffix("_s")]
            values.append(
                fact.to("s") if name.endswith("_s") else fact.to("FLOP/J") if fact.unit == "TFLOP/J" else fact.value
            )
        _known["all"] = StepParameters(*values)
    return _known["all"]
