"""Which published runs are held out: a rule that was written down before anything was fitted on a run.

Runs of one shape (:func:`moecalc.validation.run_words.run_shape`) stay on one side: the same layout with more micro-batches
or in a later container is no new evidence. In each class, an accelerator with dense models or with mixtures of experts, the
shapes are ordered by the SHA-256 of their text, which knows nothing of times, and dealt out to two sides, each to the side
with fewer rows. The side with more rows is held out, so at least half of the rows of each class are. What was measured on
DeepSeek's own GPUs is always held out.
"""

from collections.abc import Iterable, Mapping

from .run_words import run_shape

FITTED, HELD_OUT = "fitted", "held out"
#: All runs on this accelerator are held out: its one measured step is what the calculators are for.
ALWAYS_HELD_OUT = ("h800-sxm",)


def split(runs: Iterable[Mapping]) -> dict:
    """Subject of each run -> :data:`FITTED` or :data:`HELD_OUT`.

    A run gives ``subject``, ``kind`` (dense or moe) and what :func:`~moecalc.validation.run_words.run_shape` takes.
    """
    from hashlib import sha256  # no calculator needs it

    classes = {}
    for run in runs:
        shapes = classes.setdefault((run["accelerator"], run["kind"]), {})
        shapes.setdefault(run_shape(run), []).append(run["subject"])
    uses = {}
    for (accelerator, _), shapes in classes.items():
        sides = [], []
        for shape in sorted(shapes, key=lambda text: sha256(text.encode()).hexdigest()):
            min(sides, key=len).extend(shapes[shape])
        held, fitted = sorted(sides, key=len, reverse=True)
        if accelerator in ALWAYS_HELD_OUT:
            held, fitted = held + fitted, []
        uses |= dict.fromkeys(held, HELD_OUT) | dict.fromkeys(fitted, FITTED)
    return uses
