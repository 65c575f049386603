"""Published benchmark results, paired test by test: tables of the DeepSeek-V3 report."""

from typing import NamedTuple

from ..base.errors import InputError
from . import tables
from .tables import Fact, unknown

#: key -> (its name in data/benchmarks.csv, what it holds)
TABLES = {
    "chat": ("Table 6 (chat)", "chat models (Table 6)"),
    "base": ("Table 3 (base)", "base models (Table 3)"),
    "open-ended": ("Table 7 (open-ended)", "chat models, open-ended (Table 7)"),
}

#: model -> (name in words, its names in the tables)
MODELS = {
    "deepseek-v3": ("DeepSeek-V3", ("DeepSeek-V3", "DeepSeek-V3-Base")),
    "deepseek-v2": ("DeepSeek-V2", ("DeepSeek-V2-0506", "DeepSeek-V2-Base")),
    "deepseek-v2.5": ("DeepSeek-V2.5", ("DeepSeek-V2.5-0905",)),
    "qwen2.5-72b": ("Qwen2.5 72B", ("Qwen2.5-72B-Inst", "Qwen2.5-72B-Base", "Qwen2.5-72B-Instruct")),
    "llama-3.1-405b": ("Llama 3.1 405B", ("LLaMA-3.1-405B-Inst", "LLaMA-3.1-405B-Base", "LLaMA-3.1 405B")),
    "gpt-4o": ("GPT-4o", ("GPT-4o-0513",)),
    "claude-3.5-sonnet": ("Claude 3.5 Sonnet", ("Claude-3.5-Sonnet-1022", "Claude-Sonnet-3.5-1022")),
}
V3 = "deepseek-v3"
OPEN_RIVALS = ("deepseek-v2", "deepseek-v2.5", "qwen2.5-72b", "llama-3.1-405b")

_KEY_OF = {name: key for key, (_, names) in MODELS.items() for name in names}


class Benchmark(NamedTuple):
    """What makes two results comparable: the test, its metric and the number of shots."""

    subject: str
    name: str
    metric: str
    shots: str

    def __str__(self):
        how = ", ".join(filter(None, (self.metric, self.shots)))
        return f"{self.name} ({how})" if how else self.name


class Comparison(NamedTuple):
    """DeepSeek-V3 in one test beside the best of some rivals."""

    benchmark: Benchmark
    v3: Fact
    rival: str  #: which of them is best, a key of :data:`MODELS`
    best: Fact
    margin: float  #: a gap that counts as none, in points

    @property
    def points(self) -> float:
        """By how much DeepSeek-V3 is better, in the unit of the test; negative where it is behind."""
        return points_ahead(self.v3, self.best)

    @property
    def outcome(self) -> str:
        """Whether DeepSeek-V3 is "ahead", "level" or "behind"."""
        margin = 0 if lower_is_better(self.v3) else self.margin
        return "level" if abs(self.points) <= margin else "ahead" if self.points > 0 else "behind"


class Lead(NamedTuple):
    """The tests in which both DeepSeek-V3 and some rival have a result."""

    comparisons: tuple

    @property
    def tests(self) -> int:
        return len(self.comparisons)

    @property
    def ahead(self) -> int:
        return sum(one.outcome == "ahead" for one in self.comparisons)

    @property
    def level(self) -> int:
        return sum(one.outcome == "level" for one in self.comparisons)

    @property
    def behind_in(self) -> tuple:
        return tuple(one.benchmark for one in self.comparisons if one.outcome == "behind")

    @property
    def everywhere(self) -> bool:
        return self.ahead == self.tests

    @property
    def mostly(self) -> bool:
        return 2 * self.ahead > self.tests

    @property
    def fact(self) -> Fact:
        """DeepSeek-V3's result in the first of the tests."""
        return self.comparisons[0].v3

    def __str__(self):
        return f"{self.ahead} of {self.tests} tests"


def lower_is_better(fact: Fact) -> bool:
    """Whether less is better: bits per byte measure surprise."""
    return fact.unit == "bits per byte"


def points_ahead(ours: Fact, theirs: Fact) -> float:
    """By how much `ours` is better than `theirs` in the same test [the unit of the test]; negative where it is worse."""
    gap = theirs.value - ours.value if lower_is_better(ours) else ours.value - theirs.value
    return round(gap, 9)  # 75.9 - 73.3 are 2.6


def results(table: str = "chat") -> dict:
    """The results of one table of :data:`TABLES`, test by test, in the table's order.

    Returns
    -------
    dict
        :class:`Benchmark` -> model, a key of :data:`MODELS` -> (its name in the table, :class:`~moecalc.facts.tables.Fact`)

    Raises
    ------
    InputError
        If there is no such table, or it names a model that :data:`MODELS` lacks.

    Examples
    --------
    >>> by_model = next(iter(results("base").values()))
    >>> [(name, fact.value) for name, fact in by_model.values()][-1]
    ('DeepSeek-V3-Base', 0.548)
    """
    if table not in TABLES:
        raise InputError(unknown("table of benchmarks", table, TABLES))
    listed = {}
    for row, fact in zip(tables.rows("benchmarks"), tables.facts("benchmarks"), strict=True):
        # rows without a category describe the models; a dash stands for a result that was not published
        if row["table"] != TABLES[table][0] or not row["category"] or not isinstance(fact.value, (int, float)):
            continue
        if row["model"] not in _KEY_OF:
            raise InputError(unknown(f"model of {row['table']} in moecalc.facts.benchmarks", row["model"], _KEY_OF))
        benchmark = Benchmark(row["category"], row["benchmark"], row["metric"], row["shots"])
        listed.setdefault(benchmark, {})[_KEY_OF[row["model"]]] = row["model"], fact
    return listed


def same_level_gap() -> Fact:
    """The gap within which DeepSeek counts two results as level."""
    return tables.lookup("v3_report", "evaluation", "same_level_gap")


def lead(*rivals: str, subject: str = "", table: str = "chat", margin: float = 0) -> Lead:
    """DeepSeek-V3 against the best of some rivals, test by test.

    Parameters
    ----------
    *rivals : str
        Keys of :data:`MODELS`; none for all
    subject : str, optional
        "English", "Code", "Math", "Chinese" or "Multilingual"; empty for all
    table : str, optional
        A key of :data:`TABLES`
    margin : float, optional
        A gap that counts as level; that of :func:`same_level_gap` is DeepSeek's own [points]

    Raises
    ------
    InputError
        If no test can be compared.

    Examples
    --------
    >>> str(lead("gpt-4o", subject="Code"))
    '7 of 7 tests'
    >>> lead("llama-3.1-405b").behind_in[0].name, lead("llama-3.1-405b", margin=0.3).behind_in
    ('MMLU', ())
    """
    named = " or ".join(MODELS[key][0] if key in MODELS else key for key in rivals) or "another model"
    rivals = rivals or tuple(key for key in MODELS if key != V3)
    comparisons = []
    for benchmark, by_model in results(table).items():
        others = [key for key in rivals if key in by_model]
        if subject not in ("", benchmark.subject) or V3 not in by_model or not others:
            continue
        v3 = by_model[V3][1]
        best = (min if lower_is_better(v3) else max)(others, key=lambda key, row=by_model: row[key][1].value)
        comparisons.append(Comparison(benchmark, v3, best, by_model[best][1], margin))
    if not comparisons:
        name, where = TABLES[table][0].partition(" (")[0], f" in {subject}" if subject else ""
        raise InputError(f"{name} of the DeepSeek-V3 report sets no result of {named} beside V3's{where}")
    return Lead(tuple(comparisons))


def subjects() -> list:
    """The subjects that the tables sort their tests into, in the order in which they first occur."""
    return list(dict.fromkeys(benchmark.subject for table in TABLES for benchmark in results(table)))


def ablation() -> list:
    """The report's test of the MTP objective: two models, each trained with and without an MTP module.

    Returns
    -------
    list of dict
        A row a test: ``test``, ``small``, ``small_mtp``, ``large``, ``large_mtp`` [score, or bits per byte],
        ``small_better`` and ``large_better``, and ``fact``, the large model's result with the module.

    Examples
    --------
    >>> [(row["test"], row["large"], row["large_mtp"]) for row in ablation()][2]
    ('MMLU (5-shot)', 67.5, 66.6)
    """
    names = {
        "Small MoE baseline": "small",
        "Small MoE w/ MTP": "small_mtp",
        "Large MoE baseline": "large",
        "Large MoE w/ MTP": "large_mtp",
    }
    found = {}
    for row, fact in zip(tables.rows("benchmarks"), tables.facts("benchmarks"), strict=True):
        if row["table"] == "Table 4 (MTP ablation)":
            test = f"{row['benchmark']} ({row['shots']})" if row["shots"] else row["benchmark"]
            found.setdefault(test, {"test": test})[names[row["model"]]] = fact
    for row in found.values():
        row["fact"] = row["large_mtp"]
        sign = -1 if row["fact"].unit == "bits per byte" else 1
        row |= {name: float(row[name].value) for name in names.values()}
        row |= {f"{size}_better": sign * (row[f"{size}_mtp"] - row[size]) > 0 for size in ("small", "large")}
    return list(found.values())


class Distilled(NamedTuple):
    """One test of DeepSeek-V2.5 before and after distillation from R1 (Table 9 of the report)."""

    test: str
    before: float
    after: float
    length_before: float  #: tokens of an answer
    length_after: float

    @property
    def gain(self) -> float:
        return self.after - self.before

    @property
    def longer(self) -> float:
        return self.length_after / self.length_before


def distillation() -> list:
    """What distillation from R1 gained [points], and how much longer answers became [tokens]; code first.

    >>> [(row.test, round(row.gain, 1), round(row.longer, 2)) for row in distillation()]
    [('LiveCodeBench, with reasoning', 6.3, 1.09), ('MATH-500', 8.6, 1.96)]
    """
    named = {
        "LiveCodeBench, with reasoning": ("livecodebench_cot", "livecodebench_length"),
        "MATH-500": ("math_500", "math_500_length"),
    }
    found = tables.by_subject("v3_report")
    pairs = {
        test: [[found[model][key].value for model in (BEFORE, AFTER)] for key in keys] for test, keys in named.items()
    }
    return [Distilled(test, *scores, *lengths) for test, (scores, lengths) in pairs.items()]


#: subjects of data/v3_report.csv
BEFORE, AFTER = "DeepSeek-V2.5", "DeepSeek-V2.5 distilled from R1"


class Balanced(NamedTuple):
    """One test of two models, each balanced by a loss and by the bias alone (Table 5 of the report)."""

    test: str
    scores: dict  #: "Small aux-loss", "Small aux-loss-free" and the same of "Large" -> score

    def bias_is_better(self, size: str) -> bool:
        """Whether the model of a size does better with the bias; bits per byte count down."""
        sign = -1 if "BPB" in self.test else 1
        return sign * (self.scores[f"{size} aux-loss-free"] - self.scores[f"{size} aux-loss"]) > 0


def balancing_ablation() -> list:
    """The report's test of balancing without an auxiliary loss: :class:`Balanced`, test by test.

    >>> [(one.test, one.scores["Large aux-loss-free"], one.bias_is_better("Large")) for one in balancing_ablation()][0]
    ('Pile-test (BPB)', 0.652, True)
    """
    found = tables.by_subject("benchmarks")
    models = [f"{size} {kind}" for size in ("Small", "Large") for kind in ("aux-loss", "aux-loss-free")]
    return [Balanced(test, {model: found[model][test].value for model in models}) for test in found[models[0]]]


def validation_losses(size: str) -> dict:
    """Validation loss of a model of "1b" or "3b" by how its experts are balanced, as reported [nats a token].

    >>> validation_losses("1b")["loss_free"]
    2.253
    """
    found = tables.by_subject("v3_report")["load balancing"]
    kinds = ("sequence_wise_loss", "batch_wise_loss", "loss_free")
    return {kind: found[f"validation_loss_{size}_moe_{kind}"].value for kind in kinds}
