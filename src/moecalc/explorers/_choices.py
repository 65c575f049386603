"""Controls that several explorers have."""

import json

from ..base.errors import InputError
from ..facts import models
from ..hardware.accelerator import EXAMPLE, Accelerator, load_accelerator, load_accelerators, read_accelerator
from ..model.catalog import counted_config, counted_slugs
from ..model.config import ModelConfig, load_model, parse_config
from ._define import Choice, Metric, Text


def model_choice(default: str = "deepseek-v3", flops: bool = False) -> Choice:
    """The models whose family is supported; where FLOPs are shown, one of which some are not counted is marked."""

    def label(slug):
        partly = flops and counted_config(slug).anatomy.flops_note
        return models.model(slug)["name"] + (" (FLOPs in part)" if partly else "")

    return Choice("model", "Model", default, tuple((slug, label(slug)) for slug in counted_slugs()))


def read_config(model: str, config: str) -> ModelConfig:
    """The pasted config, or where none is that of the chosen model."""
    return parse_config(config) if config.strip() else load_model(model)


#: What a reader of a count must know: see :func:`notes`.
NOTES = Metric("To know of these counts")


def notes(config) -> str | None:
    """The notes of a config in one text; None where there are none."""
    return "; ".join(config.notes) or None


def cached_width_choice() -> Choice:
    """Bytes of a cached number."""
    return Choice("bytes_per_element", "A cached number", 2, ((2, "BF16, 2 bytes"), (1, "FP8, 1 byte")))


#: The accelerator whose numbers are typed in, among those of :func:`accelerator_choice`.
TYPED_IN = "typed-in"


def accelerator_choice(default: str = "h800-sxm") -> Choice:
    """Every accelerator, and another by its numbers: :func:`accelerator_numbers` goes with it."""
    known = tuple((one.slug, one.name) for one in load_accelerators())
    return Choice("accelerator", "Accelerator", default, (*known, (TYPED_IN, "another, by its numbers")))


def some_accelerators(slugs: tuple, key: str = "gpu", label: str = "Accelerator", default: str = "h800-sxm") -> Choice:
    """A few accelerators by their names, where a figure cannot take every one."""
    return Choice(key, label, default, tuple((slug, load_accelerator(slug).name) for slug in slugs))


def accelerator_numbers() -> Text:
    """The numbers of another accelerator, in the form that ``--gpu`` takes."""
    hint = "FLOP/s, bytes/s, bytes; h100-sxm,memory=96e9 changes one that is listed"
    return Text("accelerator_numbers", "Numbers of another accelerator", EXAMPLE, hint)


def chosen_accelerator(accelerator: str, accelerator_numbers: str) -> Accelerator:
    """What the two controls stand for."""
    return read_accelerator(accelerator_numbers) if accelerator == TYPED_IN else load_accelerator(accelerator)


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
