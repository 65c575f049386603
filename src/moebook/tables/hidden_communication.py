"""Tables of the page on two micro-batches."""

from moecalc.explorers.serving.hidden_communication import COMMUNICATION_SMS, EXPLORER, SEQUENCES
from moecalc.facts import tables as facts

from ..prose import fact_table, table

COLUMNS = {
    "layer": ("A layer takes", "ms", 3),
    "exposed": ("Of it nothing computes", "%", 1),
    "alone": ("All at once", "ms", 3),
    "gain": ("Faster by", "x", 3),
}


def by_sms():
    """Prefill by the SMs that communication has."""
    rows = EXPLORER.points("sms", COMMUNICATION_SMS)
    return table(rows, {"sms": "SMs for communication", **COLUMNS}, "Prefill by the SMs that dispatch and combine have")


def by_sequences():
    """Decode by sequences of a GPU, in both orders."""
    stages, report = (EXPLORER.points("sequences", SEQUENCES, order=order) for order in ("decode", "report"))
    rows = [one | {"other": other["gain"]} for one, other in zip(stages, report, strict=True)]
    columns = {
        "sequences": "Sequences of a GPU",
        "layer": COLUMNS["layer"],
        "alone": COLUMNS["alone"],
        "gain": ("Faster by, five stages", "x", 3),
        "other": ("as in the report", "x", 3),
    }
    return table(rows, columns, "Decode by sequences of a GPU")


def facts_used():
    """Facts that the page uses."""
    report, served = facts.by_subject("v3_report"), facts.by_subject("serving")
    used = [report[f"{unit} unit"]["overlap"] for unit in ("prefill", "decode")]
    used += [report["training system"]["communication_sms"]]
    used += [served["Published profiles"][name] for name in ("prefill", "decode", "decode_all_to_all")]
    used += [served["DeepSeek V3/R1 online service"]["decode_overlap"]]
    return fact_table([*used, served["SGLang 96x H100 DeepSeek-V3"]["tbo_gain_prefill"]])
