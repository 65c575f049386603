"""GRPO on one group of sampled answers."""

from ...base.errors import InputError
from ...mechanisms.grpo import grpo_report
from .._define import Choice, Explorer, Metric, Number, Text

#: Groups of answers to one question -> what they are, and their rewards.
GROUPS = {
    "few": ("by a rule: three of eight right", (1, 0, 0, 1, 0, 0, 1, 0)),
    "one": ("by a rule: one of eight right", (0, 0, 0, 0, 0, 1, 0, 0)),
    "all": ("by a rule: all eight right", (1, 1, 1, 1, 1, 1, 1, 1)),
    "graded": ("by a model: eight grades", (0.9, 0.2, 0.55, 0.7, 0.1, 0.6, 0.85, 0.4)),
}
#: How far an answer's probability has moved since it was sampled, and how far the reference is from it; in turn.
MOVED = (0.35, -0.1, 0.15, 0.1, -0.3, 0.25, 0.05, -0.05)
AWAY = (-0.2, 0.1, 0.05, -0.1, 0.3, -0.15, 0.08, 0.02)
LOWEST_RATIO = 0.01
STD_WORDS = {"population": "of the group itself, over G", "sample": "of a sample, over G - 1"}
MOST_ANSWERS = 64

PUSHES = ("raised", "lowered", "cut off by the clip", "no advantage")


def read_answers(text: str, moved: float, away: float) -> list:
    """(reward, ratio, reference ratio) of each answer, from a text of one answer between commas or line breaks."""
    answers = []
    for part in text.replace(";", ",").replace("\n", ",").split(","):
        words = part.split()
        if not words:
            continue
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            raise InputError(
                f"rewards are numbers between commas, such as 1, 0, 0, 1; found {part.strip()[:40]!r}"
            ) from None
        if len(numbers) > 3:
            raise InputError(f"an answer has a reward and at most two ratios; found {part.strip()[:40]!r}")
        given = dict(enumerate(numbers))
        in_turn = _ratios(len(answers), moved, away)
        answers.append((given[0], given.get(1, in_turn[0]), given.get(2, in_turn[1])))
    if len(answers) > MOST_ANSWERS:
        raise InputError(f"answers must be at most {MOST_ANSWERS}; found {len(answers)}")
    return answers


def _ratios(i: int, moved: float, away: float) -> tuple:
    return (
        max(1 + moved * MOVED[i % len(MOVED)], LOWEST_RATIO),
        max(1 + away * AWAY[i % len(AWAY)], LOWEST_RATIO),
    )


def push(answer: dict) -> str:
    """What the gradient of the reward does to an answer's probability."""
    if answer["cut_off"]:
        return PUSHES[2]
    if not answer["advantage"]:
        return PUSHES[3]
    return PUSHES[0] if answer["advantage"] > 0 else PUSHES[1]


def compute(group, rewards, moved, away, epsilon, beta, std):
    typed = read_answers(rewards, moved, away)
    answers = typed or [(reward, *_ratios(i, moved, away)) for i, reward in enumerate(GROUPS[group][1])]
    worked = grpo_report(*map(list, zip(*answers, strict=True)), epsilon, beta, std)
    found = worked["answers"]
    metrics = {
        "mean": worked["mean"],
        "std": worked["std"],
        "objective": worked["objective"],
        "surrogate": worked["surrogate"],
        "kl": worked["kl"],
        "kl_cost": beta * worked["kl"],
        "best_advantage": max(one["advantage"] for one in found),
        "worst_advantage": min(one["advantage"] for one in found),
        "num_cut_off": worked["num_cut_off"],
        "num_answers": len(found),
    }
    rows = [
        {
            "answer": i,
            "label": f"{i}: reward {one['reward']:g}",
            "push": push(one),
            **{key: one[key] for key in ("reward", "advantage", "ratio", "clipped", "surrogate", "kl", "term")},
        }
        for i, one in enumerate(found, 1)
    ]
    return metrics, rows


EXPLORER = Explorer(
    name="grpo",
    title="GRPO, one question and its answers",
    description="A bar for each sampled answer: its advantage, to the right of zero where its reward is above the group's "
    "mean, to the left where it is below. The colour says what the update does to the answer's probability. "
    "A mark shows what the answer adds to the objective, after the clip and the KL term.",
    lead=("group", "moved", "epsilon", "away", "beta", "std"),
    headline=("objective", "num_cut_off", "kl"),
    controls=(
        Choice("group", "Rewards of the group", "few", tuple((key, words) for key, (words, _) in GROUPS.items())),
        Text("rewards", "Rewards of your own, instead", "", f"such as 1, 0, 0.5; at most {MOST_ANSWERS}; empty: the group"),
        Number("moved", "How far the policy has moved since sampling", 1.0, 0.0, 3.0, 0.1, "times the pattern"),
        Number("away", "How far it is from the reference", 1.0, 0.0, 3.0, 0.1, "times the pattern"),
        Number("epsilon", "Epsilon, bound of the ratio", 0.2, 0.01, 0.99, 0.01, "either side of 1"),
        Number("beta", "Beta, weight of the KL term", 0.04, 0.0, 2.0, 0.04),
        Choice("std", "Standard deviation", "population", tuple(STD_WORDS.items())),
    ),
    metrics={
        "mean": Metric("Mean reward", "", 4),
        "std": Metric("Standard deviation", "", 4),
        "best_advantage": Metric("Largest advantage", "", 4),
        "worst_advantage": Metric("Smallest", "", 4),
        "objective": Metric("Objective", "", 5),
        "surrogate": Metric("of which clipped advantages", "", 5),
        "kl": Metric("KL from the reference, k3", "nats", 5),
        "kl_cost": Metric("what it takes off", "", 5),
        "num_cut_off": Metric("Answers cut off by the clip"),
        "num_answers": Metric("Answers in the group"),
    },
    columns={
        "answer": Metric("Answer"),
        "reward": Metric("Reward", "", 4),
        "advantage": Metric("Advantage", "", 4),
        "ratio": Metric("Ratio", "", 4),
        "clipped": Metric("Clipped", "", 4),
        "surrogate": Metric("Smaller product", "", 4),
        "kl": Metric("KL", "", 4),
        "term": Metric("Adds", "", 4),
        "push": Metric("The update"),
    },
    compute=compute,
    says=("answer", "push", "reward", "ratio", "clipped", "advantage", "term"),
)
