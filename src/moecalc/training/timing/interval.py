"""Between which times a step is expected, from the errors of measured cases like it."""

from ...hardware.accelerator import Accelerator
from ...model.config import ModelConfig
from ..layout import Layout


def interval(config: ModelConfig, accelerator: Accelerator, layout: Layout, fp8: bool) -> tuple:
    """(low, high, a sentence): factors of the predicted time between which eight in ten cases like it lie."""
    return 0.7, 1.4, "the interval is provisional"
