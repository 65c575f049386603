"""Which program trained a published run, and what its memory holds for that, from the words of its row."""

import re

from ..training.activation_policy import ActivationPolicy

#: First month of a program's release -> what it does from then on.
TORCHTITAN_COMPILES_LOSS = "2025-02"
MEGATRON_WEIGHTS_BEFORE_DOWN = "2025-10"  #: Megatron-LM 0.14
NEWEST = "9999"


def run_program(row, said: str, policy: ActivationPolicy, cp: int, has_experts: bool) -> tuple:
    """(program of :data:`moecalc.training.programs.PROGRAMS`, policy with what that program does).

    `row` has engine, source and date by name, `said` is all that it says; `policy` has what is recomputed. A month that is
    not given is read as the first of its year, a row without a date as of the newest release.
    """
    engine, words, date = row["engine"].casefold(), said.casefold(), row.get("date") or NEWEST
    if "torchtitan" in engine:
        compiled = bool(re.search(r"\bcompile", words)) and not re.search(r"(no|without) compile", words)
        more = {"compiled": compiled}
        if policy.recompute and policy.recompute != ("full",):
            more |= {"recompute": (), "every_second_product": True}
        if compiled and date >= TORCHTITAN_COMPILES_LOSS:
            more["loss"] = "compiled"
        return "torchtitan", policy._replace(**more)
    if "megatron" in engine:
        fused = re.search(r"\bce fusion|fused cross-?entropy", words)
        native = re.search(r"native", words) or "te" not in re.split(r"[^a-z]+", engine)
        more = {"loss": "fused"} if fused and not native else {}
        if row["model"].casefold().startswith("gpt "):
            more["dropout"] = True  # on without a word, which the recipes of later models have
        # SimuMax says of all its runs with long sequences that they exchange heads by all-to-all
        if cp > 1 and (re.search(r"\ba2a\b", words) or "simumax" in row.get("source", "").casefold()):
            more["attention_outputs"] = 2
        if has_experts and date >= MEGATRON_WEIGHTS_BEFORE_DOWN:
            more["weight_before_down"] = True
        return "megatron-lm", policy._replace(**more)
    return "any", policy
