"""Which layout: the best ways to lay a model over GPUs for training, and why the others fail."""

from functools import lru_cache
from shlex import quote

from ...base.search import Part, question_text
from ...base.units import show
from ...hardware.accelerator import load_accelerators
from ...training.planner.answer import why_none
from ...training.planner.bounds import REASONS
from ...training.planner.front import merge
from ...training.planner.narrow import Narrow, narrowed
from ...training.planner.question import ask
from ...training.planner.reasons import Judge, next_best, rejected
from ...training.planner.search import plan_chunk
from .._choices import (
    TYPED_IN,
    accelerator_numbers,
    chosen_accelerator,
    model_choice,
    notes,
    read_config,
    some_accelerators,
)
from .._define import Choice, Explorer, Metric, Number, Text
from ._step import AUTO, RECIPE_CHOICES, chosen_recipe
from .model_states import SCHEDULES

#: Models and accelerators whose moves are computed when the site is built, a search each; any other is pasted or typed in.
MODELS = ("deepseek-v3", "gpt-oss-120b", "kimi-k2", "llama-3.1-405b", "llama-3.1-8b", "mixtral-8x7b", "qwen3-235b-a22b")
ACCELERATORS = ("a100-sxm", "h100-sxm", "h800-sxm", "h20", "b200-sxm", "mi300x")
#: Layouts looked at between two words of how far it is.
IN_A_CHUNK = 256
#: Most layouts that a page looks at -> what a reader calls it.
SEARCHED = ((1000, "about 1,000 layouts"), (20_000, "up to 20,000"))
#: Layouts that are told: the best, beside the front.
TOLD = 8
#: Reason -> in few words.
SHORT = {
    "heads": "TP cuts no heads evenly",
    "experts": "EP deals out no experts evenly",
    "groups": "no room for EP x ETP",
    "sequence": "CP longer than a sequence",
    "stages": "more stages than layers",
    "schedule": "DualPipe needs an even PP",
    "same": "the same as another",
    "batch": "batch cannot be dealt out",
    "micro-batches": "too few micro-batches",
    "length": "too long a schedule",
    "gradients": "ZeRO-2 with a pipeline",
    "states": "states alone fill a GPU",
    "memory": "too much memory",
}
#: Recipes that programs have.
RECIPES = tuple(one for one in RECIPE_CHOICES if one[0] in (AUTO, "bf16", "deepseek-v3"))
RUNS = "run"
LAYOUT, REASON = "layout", "reason"
#: Group of a reason, for its colour.
OF_MEMORY = ("states", "memory")
NAMES = {**SCHEDULES, "interleaved": "1F1B, interleaved"}
LETTERS = {"1f1b": "1F1B", "interleaved": "interleaved", "zb1p": "ZB1P", "dualpipe": "DualPipe", "dualpipev": "DualPipeV"}


def asked(model, config, accelerator, accelerator_numbers, num_gpus, global_batch, seq_len, memory, recipe):
    """(the model, the question) of the controls; `memory` is the share of a GPU's memory that may be used [%]."""
    counted = read_config(model, config)
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    # one that is listed goes by its short name, however it is typed
    chip = gpu.slug if gpu in load_accelerators() else accelerator_numbers
    recipe = chosen_recipe(recipe, gpu)
    return counted, ask(
        counted.wrapper or counted.raw if config.strip() else model,
        chip,
        num_gpus,
        global_batch,
        seq_len,
        recipe,
        memory_bytes=gpu.needed("memory_bytes") * memory / 100,
        top=TOLD,
        # as V3 was trained: its outputs of experts would not fit
        activations="fp8" if recipe == "deepseek-v3" else "bf16",
        weight_before_down=True,
        name=counted.name if config.strip() else "",
    )


def compute(searched, **values):
    counted, question = asked(**values)
    answered = answers(question_text(question), searched)
    if answered:
        yield 1.0
    else:
        answered.append((yield from searching(counted, narrowed(question, searched))))
    metrics, rows = answered[0]
    return dict(metrics), [dict(row) for row in rows]


@lru_cache(maxsize=64)
def answers(question: str, searched: int) -> list:
    """Where the answer to a question is kept: who comes back to it, or looks at it in another way, waits but once."""
    return []


def searching(counted, narrow: Narrow):
    """The search, a generator of how far it is and what it has found; returns what :func:`told` tells at its end."""
    asking = narrow.question
    num_chunks = -(-narrow.num_layouts // IN_A_CHUNK)
    part, judge = merge(asking, ()), Judge(asking)
    for done, chunk in enumerate(spread(num_chunks), 1):
        part = merge(asking, (part, plan_chunk(asking, chunk, num_chunks)))
        # each time twice as much was looked at, what was found is worth a look
        if part.num_fitting and done & (done - 1) == 0 and done < num_chunks:
            yield done / num_chunks, told(narrow, counted, judge, part)
        else:
            yield done / num_chunks
    return told(narrow, counted, judge, part, done=True)


def some_models() -> Choice:
    """The models whose moves are kept."""
    every = model_choice()
    return every._replace(options=tuple(option for option in every.options if option[0] in MODELS))


def typed_in_too(choice: Choice) -> Choice:
    """A choice of accelerators, and another by its numbers."""
    return choice._replace(options=(*choice.options, (TYPED_IN, "another, by its numbers")))


def spread(count: int) -> list:
    """Numbers from 0 to `count`, far from each other at first: a space begins with layouts that are alike.

    >>> spread(5)
    [0, 4, 2, 1, 3]
    """
    bits = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda number: int(f"{number:0{bits}b}"[::-1], 2))


def told(narrow: Narrow, counted, judge: Judge, part: Part, done=False) -> tuple:
    """(metrics, rows) of what was found; what stands near is looked for at the end alone."""
    rows = sorted(dict.fromkeys((*part.best, *part.front)))
    best = rows[0] if rows else None
    near = next_best(judge, best) if best and done else {}
    metrics = {
        "step_s": best and best.step_s,
        "best": layout_words(judge.space[best.index]) if best else why_none(judge, part),
        "num_fitting": part.num_fitting,
        "interval": best and f"{show(best.low_s, 's', 3)} to {show(best.high_s, 's', 3)}",
        "more": best and more_words(judge.space[best.index]),
        "tokens_per_s_per_gpu": best and best.tokens_per_s_per_gpu,
        "mfu": best and best.mfu,
        "most_bytes": best and best.most_bytes,
        "not_told_apart": best and sum(one.low_s <= best.high_s for one in rows),
        "next_best": changes(near) or None,
        "num_considered": part.num_considered,
        "num_in_all": narrow.num_in_all,
        "left_out": left_out(narrow) or None,
        "command": command(narrow),
        "notes": notes(counted),
    }
    front, letters = set(part.front), [layout_words(judge.space[one.index]) for one in rows]
    layouts = [
        {
            "panel": LAYOUT,
            "name": short_words(judge.space[one.index]),
            "letters": letters[place],
            "said": f"{place + 1}. {letters[place]} {LETTERS[judge.space[one.index].schedule]}, {show(one.step_s, 's', 3)}",
            "step_s": float(f"{one.step_s:.5g}"),
            "low_s": float(f"{one.low_s:.4g}"),
            "high_s": float(f"{one.high_s:.4g}"),
            "gigabytes": round(one.most_bytes / 1e9, 2),
            "schedule": LETTERS[judge.space[one.index].schedule],
            "place": place + 1,
            "front": one in front,
            "memory_limit": round(narrow.question.memory_bytes[0] / 1e9, 2),
        }
        for place, one in enumerate(rows)
    ]
    rows = [*layouts, *reasons(judge, part, done)]
    return metrics, [dict.fromkeys(EXPLORER.columns) | row for row in rows]


def reasons(judge: Judge, part: Part, done: bool) -> list:
    """A row for each reason why layouts fail, the first to be asked first, and one for those that run."""
    near, refused = rejected(judge, part) if done else {}, dict(part.refused)
    rows = [
        {
            "panel": REASON,
            "name": SHORT[reason],
            "kind": "memory" if reason in OF_MEMORY else "rules",
            "count": refused[reason].count,
            "share": round(refused[reason].count / part.num_considered, 4),
            "nearest": "; ".join(one["change"] for one in near[reason]["nearest"][:1]) if done else "",
        }
        for reason in REASONS
        if reason in refused
    ]
    fits = {"count": part.num_fitting, "share": round(part.num_fitting / part.num_considered, 4), "nearest": ""}
    return [*rows, {"panel": REASON, "name": RUNS, "kind": RUNS, **fits}]


def short_words(one) -> str:
    """The sizes of a layout that are not one, and its schedule: where it stands among others."""
    sizes = {"TP": one.tp, "CP": one.cp, "PP": one.pp, "EP": one.ep, "DP": one.dp}
    told = " ".join(f"{name}{size}" for name, size in sizes.items() if size > 1 or name == "DP")
    vpp = f" V{one.vpp}" if one.vpp > 1 else ""
    return f"{told} {one.schedule}{vpp}, ZeRO-{one.zero}, {one.micro_batch} a micro-batch, {one.split}, {one.recompute}"


def layout_words(one) -> str:
    """The layout in its usual letters."""
    sizes = {"TP": one.tp, "CP": one.cp, "PP": one.pp, "EP": one.ep, "DP": one.dp}
    return " ".join(f"{name}{size}" for name, size in sizes.items() if size > 1 or name == "DP")


def more_words(one) -> str:
    """What the letters do not say."""
    recomputed = "nothing recomputed" if one.recompute == "none" else f"{one.recompute.replace(',', ', ')} recomputed"
    vpp = f", {one.vpp} virtual stages" if one.vpp > 1 else ""
    return (
        f"{NAMES[one.schedule]}{vpp}, ZeRO-{one.zero}, micro-batches of {one.micro_batch}, stages {one.split}, {recomputed}"
    )


def changes(near: dict) -> str:
    """What the cheapest changes of one axis cost, in words."""
    told = sorted((one["ratio"], one["change"]) for one in near.values() if one.get("layout"))
    return "; ".join(f"{change}: {show(ratio - 1, '%', 1)} longer" for ratio, change in told[:3])


def left_out(narrow: Narrow) -> str:
    """The values that are not searched."""
    return "; ".join(f"{axis.replace('_', '-')} {', '.join(map(str, values))}" for axis, values in narrow.left_out.items())


def command(narrow: Narrow) -> str:
    """What searches the whole space, in a terminal."""
    one = narrow.question
    model = f"--model {one.model}" if isinstance(one.model, str) else "--config config.json"
    return (
        f"moecalc plan {model} --gpu {quote(one.accelerators[0])} --num-gpus {one.num_gpus} "
        f"--global-batch {one.global_batch} --seq-len {one.seq_len} --recipe {one.recipe} --activations {one.activations} "
        f"--routing-weight before-down "
        f"--memory-limit {one.memory_bytes[0]:.0f}"
    )


EXPLORER = Explorer(
    name="planner",
    title="Which layout, and why not the others",
    description="On the left each point is a layout of the best or of the front: how much memory its fullest GPU needs, and "
    "how long its step takes. A line joins the front, of which no layout beats another in both. Within the band no layout "
    "is told apart from the best, by what predictions were off elsewhere. The dashed line is the memory that may be used. "
    "A bar for each reason says how many layouts fail by it first; the last one are those that run. A wide screen shows the "
    "first of the best as bars of time and memory too.",
    lead=("model", "accelerator", "num_gpus", "global_batch", "memory", "searched"),
    headline=("step_s", "best", "num_fitting"),
    controls=(
        some_models(),
        Text("config", "or a config.json", "", "paste it, or choose a file", files=".json,.txt"),
        typed_in_too(some_accelerators(ACCELERATORS, "accelerator")),
        accelerator_numbers(),
        Number("num_gpus", "GPUs", 2048, 64, 4096, 1, "GPUs", "powers"),
        Number("global_batch", "Sequences of a step", 15_360, 1024, 16_384, 1, "sequences", "powers"),
        Number("seq_len", "Sequence", 4096, 4096, 32_768, 1024, "tokens", "powers"),
        Number("memory", "Memory that may be used", 100, 60, 100, 20, "% of a GPU's"),
        Choice("recipe", "Dtype recipe", AUTO, RECIPES),
        Choice("searched", "Searched", SEARCHED[0][0], SEARCHED),
    ),
    metrics={
        "step_s": Metric("Shortest step", "s", 4),
        "best": Metric("with"),
        "num_fitting": Metric("Layouts that run"),
        "more": Metric("its schedule and the rest"),
        "interval": Metric("Expected between"),
        "tokens_per_s_per_gpu": Metric("Tokens/s of a GPU", "", 4),
        "mfu": Metric("MFU", "%", 1),
        "most_bytes": Metric("Its fullest GPU needs at most", "bytes", 3),
        "not_told_apart": Metric("Of those shown not told apart from it"),
        "next_best": Metric("Cheapest changes of one axis"),
        "num_considered": Metric("Layouts looked at"),
        "num_in_all": Metric("Layouts of the whole space"),
        "left_out": Metric("Not looked at here"),
        "command": Metric("The whole space, in a terminal"),
        "notes": Metric("To know of these counts"),
    },
    columns={
        "name": Metric("Layout, or reason"),
        "step_s": Metric("Step", "s", 4),
        "low_s": Metric("expected at least", "s", 3),
        "high_s": Metric("at most", "s", 3),
        "gigabytes": Metric("Fullest GPU", "GB", 3),
        "place": Metric("Place"),
        "count": Metric("Layouts that fail first by it"),
        "share": Metric("of all", "%", 1),
        "nearest": Metric("Nearest that runs"),
    },
    says=("name", "step_s", "low_s", "high_s", "gigabytes", "place", "count", "share", "nearest"),
    compute=compute,
)
