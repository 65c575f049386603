"""Which logs of serving engines are held out: a rule that was written down before anything was fitted on one.

Logs of one shape stay on one side: Kimi-K2.5's language model has the shape of Kimi-K2, DeepSeek-R1 that of DeepSeek-V3. The
shapes are in two classes: those with a log that says how much memory the engine may use, which alone can tell its
workspace, and the others. In each class they are ordered by the SHA-256 of their names, which knows nothing of memory, and
dealt out in turn, the first to the side that is held out. So at least half of the shapes of each class are held out.
"""

from collections.abc import Iterable

from .hold_out import FITTED, HELD_OUT

#: Model -> the model of the same shape under whose name both are dealt out.
SHAPES = {"kimi-k2.5": "kimi-k2", "deepseek-r1": "deepseek-v3"}


def split_logs(logs: Iterable[tuple]) -> dict:
    """Model -> :data:`FITTED` or :data:`HELD_OUT`, of logs that are (model, whether it says what the engine may use).

    >>> split_logs([("deepseek-v3", False), ("deepseek-r1", False)])
    {'deepseek-v3': 'held out', 'deepseek-r1': 'held out'}
    """
    from hashlib import sha256  # no calculator needs it

    said, shapes = list(logs), {}
    for model, says in said:
        shape = SHAPES.get(model, model)
        shapes[shape] = says or shapes.get(shape, False)
    uses = {}
    for kind in (True, False):
        of_kind = sorted(
            (shape for shape, says in shapes.items() if says is kind), key=lambda name: sha256(name.encode()).digest()
        )
        uses |= {shape: FITTED if place % 2 else HELD_OUT for place, shape in enumerate(of_kind)}
    return {model: uses[SHAPES.get(model, model)] for model, _ in said}
