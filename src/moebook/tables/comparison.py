"""Tables of the page that compares models."""

from collections import Counter

from moecalc.claims.comparison import COLUMNS
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.facts.benchmarks import MODELS, OPEN_RIVALS, V3, lead, results, same_level_gap

from ..prose import claim_link, fact_table, source_link, table, verdict_word

#: rivals of the claim on code and maths
_RIVALS = ("gpt-4o", "claude-3.5-sonnet")


def by_model(cells: list):
    """Verdicts of the talk's cells, by column."""
    rows = []
    for model in COLUMNS:
        found = Counter(cell["verdict"] for cell in cells if cell["model"] == model)
        stand = found["reported"] + found["reproduced"]
        rows.append({"model": model, "contradicted": 0, "unverified": 0, **found, "stand": stand})
    columns = {
        "model": "Column",
        "stand": "Cells that stand",
        "contradicted": "Contradicted",
        "unverified": "No source found",
    }
    return table(rows, columns, "Its cells, by model")


def cell_by_cell(cells: list):
    """Each cell of the talk with its verdict."""
    rows = [
        {
            **cell,
            "cell": f"{cell['feature']}, {cell['model']}".replace("GPT-", "GPT\u2011"),  # on one line
            "found": cell["found"] or "nothing",
            "verdict": verdict_word(cell["verdict"]),
            "claim": claim_link(cell["claim"]),
        }
        for cell in cells
    ]
    columns = {"cell": "Cell", "printed": "Printed", "verdict": "Verdict", "found": "Found", "claim": "Claim"}
    return table(rows, columns, "The comparison, cell by cell", raw=("verdict", "claim"))


def leads():
    """In how many tests V3 is ahead of each rival, by subject."""
    subjects = list(dict.fromkeys(one.subject for one in results("chat")))

    def ranked(*rivals):
        compared = {**{subject: lead(*rivals, subject=subject) for subject in subjects}, "all": lead(*rivals)}
        return {key: f"{one.ahead}\u00a0of\u00a0{one.tests}" for key, one in compared.items()}

    rows = [{"rival": MODELS[rival][0], **ranked(rival)} for rival in MODELS if rival != V3]
    rows += [{"rival": "the best open one", **ranked(*OPEN_RIVALS)}, {"rival": "the best of all", **ranked()}]
    columns = {"rival": "Against", **{subject: subject for subject in subjects}, "all": "All"}
    return table(rows, columns, "Tests in which V3 is ahead", source=source_link("deepseek-v3-report", "Table 6"))


def code_and_maths():
    """Each test of code and of maths against both rivals."""
    rows = [
        {"test": str(one.benchmark), "v3": one.v3.value, "lead": one.points}
        | {rival: results("chat")[one.benchmark][rival][1].value for rival in _RIVALS}
        for subject in ("Code", "Math")
        for one in lead(*_RIVALS, subject=subject).comparisons
    ]
    columns = {
        "test": "Test (metric)",
        "v3": ("DeepSeek-V3", "", 3),
        "gpt-4o": ("GPT-4o", "", 3),
        "claude-3.5-sonnet": ("Claude 3.5 Sonnet", "", 3),
        "lead": ("V3 over the better", "", 3),
    }
    return table(rows, columns, "Code and maths, chat models", source=source_link("deepseek-v3-report", "Table 6"))


def facts_used():
    """Facts that the page uses."""
    published = [
        found[quantity]
        for found in map(models.model_facts, ("deepseek-v3", "llama-3.1-405b"))
        for quantity in ("total_params", "nominal_params", "license")
        if quantity in found
    ]
    used = [facts.lookup("training_runs", "gpt3-175b", "total_params")]
    used += [facts.lookup("training_runs", run, "num_tokens") for run in ("dsv3-pretrain", "llama31-405B")]
    used.append(facts.lookup("serving", "DeepSeek-V3 API", "output_speed"))
    used.append(facts.lookup("serving", "DeepSeek V3/R1 online service", "output_speed_per_user"))
    return fact_table([*published, *used, same_level_gap(), facts.lookup("v3_report", "evaluation", "output_limit")])
