"""Controls that several explorers have."""

from .. import facts
from ..config import load_accelerators
from ..models import counted_slugs
from ._define import Choice


def model_choice(default: str = "deepseek-v3") -> Choice:
    """The models whose family is supported."""
    return Choice("model", "Model", default, tuple((slug, facts.model(slug)["name"]) for slug in counted_slugs()))


def accelerator_choice(default: str = "h800-sxm") -> Choice:
    """Every accelerator."""
    return Choice("accelerator", "Accelerator", default, tuple((one.slug, one.name) for one in load_accelerators()))
