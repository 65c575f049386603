"""Published utilisations whose convention is known, from ``data/training_runs.csv``: what a translation starts from."""

from typing import NamedTuple

from ..facts import tables

#: Run -> (who says it, slug of the model): those whose MFU has a ``mfu_convention`` beside it.
RUNS = {
    "dsv3-mpft": ("DeepSeek", "deepseek-v3"),
    "dsv3-pretrain": ("the talk's later script", "deepseek-v3"),
    "dsv3-scaling-book": ("How to Scale Your Model", "deepseek-v3"),
    "llama31-405b-8192-cp1": ("Meta, 8,192 GPUs", "llama-3.1-405b"),
    "llama31-405b-16384-cp1": ("Meta, 16,384 GPUs", "llama-3.1-405b"),
    "llama31-405b-16384-cp16": ("Meta, 128K tokens", "llama-3.1-405b"),
    "maxtext-v6e-llama31-405b": ("MaxText, TPU v6e", "llama-3.1-405b"),
    "maxtext-v5p-llama31-405b": ("MaxText, TPU v5p", "llama-3.1-405b"),
    "maxtext-v6e-llama31-8b": ("MaxText, TPU v6e", "llama-3.1-8b"),
    "maxtext-v6e-mixtral-8x7b": ("MaxText, TPU v6e", "mixtral-8x7b"),
}
QUANTITIES = ("mfu", "mfu_causal")


class PublishedMfu(NamedTuple):
    """An MFU that somebody published, and in which convention."""

    run: str
    who: str
    model: str  #: slug
    model_name: str
    seq_len: int
    convention: str  #: as :func:`~moecalc.training.mfu_conventions.read_convention` reads it
    accelerator: str  #: slug of the accelerator that ran it
    fact: tables.Fact

    @property
    def value(self) -> float:
        return self.fact.to("ratio")

    @property
    def label(self) -> str:
        """Who says it; of two by the same, which."""
        return self.who + (", causal" if self.fact.quantity == "mfu_causal" else "")


#: Run -> slug of the accelerator, where it is not the one of the convention's peak.
_ELSEWHERE = {"dsv3-pretrain": "h800-sxm", "dsv3-scaling-book": "h800-sxm"}


def published_mfus() -> list:
    """All of them, in the order of :data:`RUNS`.

    >>> [(one.who, round(one.value, 4)) for one in published_mfus()[:2]]
    [('DeepSeek', 0.4373), ('DeepSeek', 0.3894)]
    """
    known = tables.by_subject("training_runs")
    found = []
    for run, (who, model) in RUNS.items():
        for quantity in QUANTITIES:
            if f"{quantity}_convention" in known[run]:
                convention = known[run][f"{quantity}_convention"].value
                accelerator = _ELSEWHERE.get(run) or convention.partition("/")[2].partition(":")[0]
                seq_len = known[run]["seq_len"].to("tokens")
                name = known[run]["model"].value
                found.append(PublishedMfu(run, who, model, name, seq_len, convention, accelerator, known[run][quantity]))
    return found
