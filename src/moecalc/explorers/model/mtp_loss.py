"""The loss of multi-token prediction, worked on one sentence of a vocabulary of eight words."""

from ...mechanisms.mtp import depth_loss, depth_terms, mtp_loss, mtp_terms
from ...mechanisms.softmax import softmax
from .._define import Choice, Explorer, Metric, Number

#: All invented: a sentence, and after each word the scores of those that may come next; of any other it is 0.
SENTENCE = ["the", "cat", "saw", "the", "dog", "and", "the", "dog", "sat", "on", "the", "mat", "and"]
FOLLOWS = {
    "the": {"cat": 3, "dog": 2, "mat": 1},
    "cat": {"sat": 3, "saw": 2, "and": 1},
    "dog": {"sat": 2, "saw": 2, "and": 1},
    "mat": {"and": 3},
    "sat": {"on": 3, "and": 1},
    "saw": {"the": 4},
    "on": {"the": 4},
    "and": {"the": 3},
}
WORDS = tuple(FOLLOWS)
MOST_DEPTHS = 3
DIVISORS = {"length": "T, as printed", "terms": "the number of terms, T - k"}
#: Digits of what is drawn; the metrics are exact.
DIGITS = 6


def word_probabilities(depth: int, position: int, sure: float, keeps: float) -> list:
    """What the invented model gives each word at a position: the word before decides, less surely with depth."""
    scores = FOLLOWS[SENTENCE[position - 2]]
    return softmax([sure * keeps**depth * scores.get(word, 0) for word in WORDS])


def right_probabilities(depth: int, length: int, sure: float, keeps: float) -> list:
    """What it gives the word that comes, at each position of a depth."""
    return [
        word_probabilities(depth, position, sure, keeps)[WORDS.index(SENTENCE[position - 1])]
        for position in range(2 + depth, length + 2)
    ]


def compute(depths, weight, length, sure, keeps, divisor, position, shown_depth):
    per_term = divisor == "terms"
    main, *deeper = (right_probabilities(depth, length, sure, keeps) for depth in range(depths + 1))
    losses = [depth_loss(one, depth, per_term) for depth, one in enumerate([main, *deeper])]
    added = mtp_loss(losses[1:], weight)
    terms = [{"depth": 0, **one, "share": one["term"] / length} for one in depth_terms(main, 0)]
    terms += mtp_terms(deeper, weight, per_term)

    at_depth = min(shown_depth, depths)
    at = min(max(position, 2 + at_depth), length + 1)
    words = word_probabilities(at_depth, at, sure, keeps)
    (here,) = (one for one in terms if (one["depth"], one["position"]) == (at_depth, at))
    metrics = {
        **{f"loss_{depth}": losses[depth] if depth <= depths else None for depth in range(1, MOST_DEPTHS + 1)},
        "mtp_loss": added,
        "main_loss": losses[0],
        "total_loss": losses[0] + added,
        "mtp_share": added / (losses[0] + added),
        "num_terms": len(terms) - length,
        "shown_probability": here["probability"],
        "shown_term": here["term"],
    }
    rows = [_row("term", SENTENCE[one["position"] - 1], one is here, **one) for one in terms]
    rows += [
        _row("loss", depth=depth, term=loss, share=loss * weight / depths if depth else loss)
        for depth, loss in enumerate(losses)
    ]
    rows += [
        _row("word", word, word == SENTENCE[at - 1], depth=at_depth, position=at, probability=probability)
        for word, probability in zip(WORDS, words, strict=True)
    ]
    rows[0]["shown"] = f"Position {at}, k = {at_depth}, after '{SENTENCE[at - 2]}'"
    return metrics, rows


def _row(what: str, word: str = "", chosen: bool = False, **numbers) -> dict:
    """A row of the table; numbers that it has not are None."""
    keys = ("depth", "position", "probability", "term", "share")
    drawn = {key: None if numbers.get(key) is None else round(numbers[key], DIGITS) for key in keys}
    return {"what": what, "word": word, "chosen": chosen, **drawn}


EXPLORER = Explorer(
    name="mtp-loss",
    title="Every term of the loss, on an invented vocabulary of eight words",
    description="A grid with a line for each position of the sentence and a column for each prediction depth, 0 being the "
    "model's own next token. A cell holds the term, minus the logarithm of the probability that the word to come is given, "
    "and below it that probability; the stronger its colour, the larger the term. The last line is the loss of the depth. "
    "Then a bar for each word of the vocabulary, at the outlined cell; the word to come is orange.",
    lead=("depths", "weight", "length", "sure", "position", "shown_depth"),
    headline=("total_loss", "main_loss", "mtp_loss"),
    controls=(
        Number("depths", "Depths D", 2, 1, MOST_DEPTHS, 1),
        Number("weight", "Lambda, weight of the added loss", 0.3, 0.0, 1.0, 0.05),
        Number("length", "Length T", 6, 4, len(SENTENCE) - 1, 1, "tokens"),
        Number("sure", "How sure the model is", 1.0, 0.0, 3.0, 0.25, "times its scores"),
        Number("keeps", "Kept of that at each further depth", 0.8, 0.0, 1.0, 0.05),
        Choice("divisor", "The sum of a depth is divided by", "length", tuple(DIVISORS.items())),
        Number("position", "Outlined cell: position", 5, 2, len(SENTENCE), 1, "the nearest with a term"),
        Number("shown_depth", "Outlined cell: depth", 1, 0, MOST_DEPTHS, 1, "at most D"),
    ),
    metrics={
        **{f"loss_{depth}": Metric(f"Loss of depth {depth}", "nats", 4) for depth in range(1, MOST_DEPTHS + 1)},
        "mtp_loss": Metric("Added: lambda times their mean", "nats", 4),
        "main_loss": Metric("Loss of the next token", "nats", 4),
        "total_loss": Metric("Both", "nats", 4),
        "mtp_share": Metric("of which MTP", "%", 1),
        "num_terms": Metric("Terms of all depths"),
        "shown_probability": Metric("Probability at the outlined cell", "", 4),
        "shown_term": Metric("Its term", "nats", 4),
    },
    columns={
        "what": Metric("Row"),
        "depth": Metric("Depth k"),
        "position": Metric("Position i"),
        "word": Metric("Word"),
        "probability": Metric("Probability", "", 4),
        "term": Metric("Term, or loss", "", 4),
        "share": Metric("Adds to the loss", "", 4),
    },
    compute=compute,
    says=("word", "position", "depth", "term", "probability", "share"),
    picks={"position": "position", "shown_depth": "depth"},
)
