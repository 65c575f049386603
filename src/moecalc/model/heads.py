"""Heads that are not there: what ``architectures`` says of the end of a model."""

from collections.abc import Mapping

from ..base.checks import whole
from .anatomy import Anatomy, Block, matrix


def without_head(anatomy: Anatomy, raw: Mapping, known) -> tuple:
    """(the anatomy with the head that the config's ``architectures`` names, a sentence about it or "").

    A base model, such as MistralModel, has no head: e5-mistral-7b is one. A classifier has a matrix of ``num_labels``
    columns instead.
    """
    names = raw.get("architectures")
    name = names[0] if isinstance(names, (list, tuple)) and names and isinstance(names[0], str) else ""
    kind = name.removeprefix(known.base)
    if not known.base or kind == name:
        return anatomy, ""
    if kind == "Model":
        return _with_head(anatomy, ()), f"{name} is a model without an output head: none is counted"
    if kind in ("ForSequenceClassification", "ForTokenClassification"):
        labels = raw.get("id2label")
        given = raw.get("num_labels", len(labels) if isinstance(labels, Mapping) and labels else 2)
        hidden = next(tensor.inputs for tensor in anatomy.head.tensors if tensor.component == "lm_head")
        score = matrix("lm_head", "score", hidden, whole("num_labels", given, most=10**8))
        return _with_head(anatomy, (score,)), f"{name} has a head of {given} labels in place of the output head"
    return anatomy, ""


def _with_head(anatomy: Anatomy, tensors: tuple) -> Anatomy:
    norms = [tensor for tensor in anatomy.head.tensors if tensor.component != "lm_head"]
    return anatomy.replace(head=Block("head", (*norms, *tensors)))
