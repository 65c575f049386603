"""What an engine adds to its kernels, as few named parameters, and how far measured times are from predicted ones.

``data/serving_parameters.csv`` holds them with the rows that they were fitted on; ``python -m bench.serving`` makes it.
"""

from typing import NamedTuple

from ..base.checks import one_of
from ..facts import tables
from .layout import ServingLayout

TABLE = "serving_parameters"
#: Engines whose parameters are known. "large-ep" is what serves DeepSeek-V3 over many GPUs with DeepEP and DeepGEMM; "none"
#: adds nothing, so that a step is its kernels alone.
ENGINES = ("vllm", "sglang", "trtllm", "large-ep", "none")
DEFAULT = "large-ep"


class Engine(NamedTuple):
    """An engine: what it adds, and between which ratios of measured to predicted fitted rows lie."""

    name: str
    step_s: float = 0.0  #: once a step: scheduling, the start of a graph, sampling
    layer_s: float = 0.0  #: once a layer: small kernels between products, gaps
    all_reduce_s: float = 5e-6  #: the shortest sum over tensor parallel GPUs
    stretch: float = 1.0  #: factor on the time of all kernels
    meets: float = 1.0  #: share of the prefills of all other requests that a request meets while it decodes
    admission_s: float = 0.0  #: once a request, before its first token
    queue: float = 0.0  #: share of the others' prefills that a request waits for before its own
    waited_steps: float = 0.0  #: steps of decoding that it waits for
    low: float = 0.7  #: of a decoding step, and of the time of a token
    high: float = 1.5
    prefill_low: float = 0.7  #: of prefill, and of the time to the first token
    prefill_high: float = 1.5


def engine(name: str = DEFAULT) -> Engine:
    """An engine by its name, one of :data:`ENGINES`.

    >>> engine("none").step_s, engine("vllm").all_reduce_s > 5e-6
    (0.0, True)
    """
    one_of("engine", name, ENGINES)
    if name not in _known:
        facts = tables.by_subject(TABLE)[name] if name != "none" else {}
        values = {}
        for field in Engine._fields[1:]:
            fact = facts.get(field.removesuffix("_s"))
            if fact:
                values[field] = fact.to("s") if field.endswith("_s") else fact.value
        for quantity, start in (("measured_over_predicted", ""), ("prefill_measured_over_predicted", "prefill_")):
            if fact := facts.get(quantity):
                values[f"{start}low"], values[f"{start}high"] = fact.value, fact.high
        _known[name] = Engine(name, **values)
    return _known[name]


def usual_engine(layout: ServingLayout) -> Engine:
    """The engine where none is named: "large-ep" where experts lie on several groups' GPUs, else "vllm".

    >>> usual_engine(ServingLayout(dp=32, ep=32)).name, usual_engine(ServingLayout(tp=8)).name
    ('large-ep', 'vllm')
    """
    return engine(DEFAULT if layout.dp > 1 and layout.ep > 1 else "vllm")


_known = {}
