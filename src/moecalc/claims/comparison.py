"""The talk's table of four models, cell by cell: what it prints, what is found, and a verdict on each."""

from ..facts import models
from ..facts.benchmarks import lead
from ..model.config import load_model
from .evidence import Evidence, Part, verdict
from .registry import check, config_fact

V3, LLAMA, QWEN, CLAUDE = "deepseek-v3", "llama-3.1-405b", "qwen2.5-72b", "claude-3.5-sonnet"

#: Columns of the table.
COLUMNS = ("DeepSeek-V3", "GPT-4", "Llama 3.1 405B", "Claude 3.5 Sonnet")

#: Rows of numbers -> the claim of each column.
NUMBERS = {
    "Parameters": ("C17", "C18", "C19", "C20"),
    "Processing speed": ("C21", "C22", "C23", "C24"),
    "Training tokens": ("C01", "C25", "C26", "C27"),
}

#: Rows of words -> for each column what is printed, and the statements that it makes.
WORDS = {
    "Architecture": (
        ("Mixture-of-Experts (MoE)", "V3's architecture"),
        ("Transformer", "GPT-4's architecture"),
        ("Transformer", "Llama's architecture"),
        ("Transformer", "Claude's architecture"),
    ),
    "Programming ability": (
        ("Excellent", "V3 programs better than Llama", "V3 programs better than Claude"),
        ("Excellent", "GPT-4's programming ability"),
        ("Good", "V3 programs better than Llama"),
        ("Good", "V3 programs better than Claude"),
    ),
    "Open source": (
        ("Yes", "V3's weights"),
        ("No", "GPT-4's weights"),
        ("Yes", "Llama's weights"),
        ("No", "Claude's weights"),
    ),
    "Benchmark performance": (
        ("Outperforms Llama and Qwen", "V3 is ahead of Llama", "V3 is ahead of Qwen"),
        ("Best in NLP", "GPT-4's benchmarks"),
        ("Lower than DeepSeek V3", "V3 is ahead of Llama"),
        ("Lower than DeepSeek V3", "V3 is ahead of Claude"),
    ),
}

#: Statements that the report's Table 6 can settle -> the rival, and the subject of the tests.
RANKED = {
    "V3 programs better than Llama": (LLAMA, "Code"),
    "V3 programs better than Claude": (CLAUDE, "Code"),
    "V3 is ahead of Llama": (LLAMA, ""),
    "V3 is ahead of Qwen": (QWEN, ""),
    "V3 is ahead of Claude": (CLAUDE, ""),
}

#: Rows in the order of the talk.
ROWS = (
    "Parameters",
    "Architecture",
    "Processing speed",
    "Training tokens",
    "Programming ability",
    "Open source",
    "Benchmark performance",
)


def architecture(slug: str) -> str:
    """What the table calls it: a Transformer with experts is named after them."""
    return "Mixture-of-Experts (MoE)" if load_model(slug).anatomy.num_routed_experts > 1 else "Transformer"


def weights(slug: str) -> tuple:
    """("Yes" where config and licence are published, the fact of the licence)."""
    license = models.model_facts(slug).get("license")
    return "Yes" if license and models.model(slug)["config"] else "No", license


def statement(name: str, printed: str) -> tuple:
    """(the :class:`Part` of one statement, what is found in words; None where nothing is)."""
    if name in RANKED:
        rival, subject = RANKED[name]
        compared = lead(rival, subject=subject)
        words = f"V3 ahead of {name.split()[-1]} in {compared}" + (" of code" if subject else "")
        return Part("True", compared.mostly, name=name), words
    of_whom, _, what = name.partition("'s ")
    slug = {"V3": V3, "Llama": LLAMA}.get(of_whom)
    if slug and what == "architecture":
        fact = config_fact(slug, "n_routed_experts" if slug == V3 else "model_type")
        return Part(printed, None, architecture(slug), fact, name), architecture(slug)
    if slug and what == "weights":
        found, fact = weights(slug)
        return Part(printed, None, found, fact, name), f"weights published, {fact.value}" if fact else "no weights"
    return Part(printed, name=name), None


def statements() -> dict:
    """Every statement of the cells in words, once: its name -> what :func:`statement` found."""
    return {
        name: statement(name, printed)
        for cells in WORDS.values()
        for printed, *names in cells
        for name in names
    }


@check("C94")
def words_of_comparison(claim):
    parts = tuple(part for part, _ in statements().values())
    counts = [words.removeprefix("V3 ahead of ") for name, (_, words) in statements().items() if name in RANKED]
    unknown = [part.name for part in parts if part.found is None]
    return Evidence(
        parts,
        convention='"better" is ahead in more than half of the tests of Table 6 of the report',
        shown=f"{len(parts) - len(unknown)} of {len(parts)} statements can be checked; V3 is ahead of " + ", ".join(counts),
        note=f"No source was found for {', '.join(unknown)}.",
        cite=lead(LLAMA).fact,
    )


def cells() -> list:
    """Every cell of the table.

    Returns
    -------
    list of dict
        Row by row: ``feature``, ``model``, ``printed``, ``found`` (None where no source was found),
        ``verdict``, ``claim`` (the claim of the ledger that it belongs to)

    Examples
    --------
    >>> [(cell["printed"], cell["found"], cell["verdict"]) for cell in cells() if cell["claim"] == "C26"]
    [('1.2 T tokens', '15.6 T tokens', 'contradicted')]
    """
    from . import ledger

    in_ledger = {row["id"]: row for row in ledger()}
    found = statements()
    table = []
    for feature in ROWS:
        for column, model in enumerate(COLUMNS):
            if feature in NUMBERS:
                table.append({"feature": feature, "model": model, **_number(in_ledger[NUMBERS[feature][column]])})
            else:
                printed, *names = WORDS[feature][column]
                said = [found[name] for name in names]
                words = "; ".join(text for _, text in said if text) or None
                decided = verdict(Evidence(tuple(part for part, _ in said)))
                cell = {"printed": printed, "found": words, "verdict": decided, "claim": "C94"}
                table.append({"feature": feature, "model": model, **cell})
    return table


def _number(row: dict) -> dict:
    return {
        "printed": f"{row['printed']} {row['unit']}",
        "found": row["recomputed"],
        "verdict": row["verdict"],
        "claim": row["id"],
    }
