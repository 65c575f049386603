"""Controls that several explorers have."""

import json

from ..base.errors import InputError
from ..facts import models
from ..hardware.accelerator import load_accelerators
from ..model.catalog import counted_config, counted_slugs
from ._define import Choice


def model_choice(default: str = "deepseek-v3", flops: bool = False) -> Choice:
    """The models whose family is supported; where FLOPs are shown, one of which some are not counted is marked."""

    def label(slug):
        partly = flops and counted_config(slug).anatomy.flops_note
        return models.model(slug)["name"] + (" (FLOPs in part)" if partly else "")

    return Choice("model", "Model", default, tuple((slug, label(slug)) for slug in counted_slugs()))


def cached_width_choice() -> Choice:
    """Bytes of a cached number."""
    return Choice("bytes_per_element", "A cached number", 2, ((2, "BF16, 2 bytes"), (1, "FP8, 1 byte")))


def accelerator_choice(default: str = "h800-sxm") -> Choice:
    """Every accelerator."""
    return Choice("accelerator", "Accelerator", default, tuple((one.slug, one.name) for one in load_accelerators()))


def read_changes(text: str) -> dict:
    """Config keys and values from lines (or commas) of key=value."""
    changes = {}
    for part in text.replace(",", "\n").splitlines():
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise InputError(f"changes are lines of key=value, such as n_routed_experts=128; found {part.strip()!r}")
        try:
            changes[key.strip()] = json.loads(value)
        except ValueError:
            raise InputError(f"{key.strip()} takes a number, true, false or null; found {value.strip()!r}") from None
    return changes
