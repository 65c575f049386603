"""A model as its Hugging Face ``config.json`` describes it."""

from collections.abc import Mapping
from functools import cache

from ..base.errors import InputError, quoted
from ..facts import models
from .families import family, language_config, supported
from .keys import read
from .pasted import kind_of, read_pasted


class ModelConfig:
    """A checked, immutable model config. Attributes are the ``config.json`` keys, verbatim.

    `raw` is the parsed ``config.json``; keys that the family does not read are ignored. Of a multimodal wrapper the
    ``text_config`` is read; ``left_out`` and ``left_out_note`` name the rest. An unsupported ``model_type``, a missing
    key or a value out of range raises :class:`~moecalc.base.errors.InputError`.

    >>> config = load_model("deepseek-v3")
    >>> config.n_routed_experts, config.num_experts_per_tok
    (256, 8)
    >>> config.replace(n_routed_experts=512).n_routed_experts
    512
    """

    def __init__(self, raw, name: str = ""):
        if not isinstance(raw, Mapping):
            raise InputError(f"a config must be a JSON object of keys such as hidden_size; found {kind_of(raw)}")
        wrapper = dict(raw)
        raw, left_out = language_config(wrapper)
        note = ""
        if raw is not wrapper:
            outside = ", ".join(left_out) or "all that stands outside text_config, such as a vision encoder"
            note = f"of {quoted(wrapper.get('model_type'))} only the language model is counted; left out: {outside}"
        if "model_type" not in raw:
            inside = "" if raw is wrapper else " in text_config"
            raise InputError(f"model_type is missing{inside}; accepted are {', '.join(supported())}")
        module = family(raw["model_type"])
        values = read(module.KEYS, raw, raw["model_type"], getattr(module, "SPELLING", {}))
        self.__dict__.update(values, model_type=raw["model_type"], name=name or raw["model_type"], raw=raw)
        self.__dict__["keys"] = tuple(values)
        #: of a multimodal wrapper: the parts that are not read, and a sentence that says so; else empty
        self.__dict__.update(left_out=left_out, left_out_note=note, wrapper=wrapper if raw is not wrapper else None)
        #: blocks of tensors: what every count is read off
        self.__dict__["anatomy"] = module.describe(self)

    def __setattr__(self, key, value):
        raise AttributeError(f"a ModelConfig does not change; use config.replace({key}={value!r})")

    def replace(self, **changes) -> "ModelConfig":
        """A new config with some keys changed, checked anew; only keys that the family reads are accepted."""
        for key in changes:
            if key not in self.keys:
                raise InputError(f"{key} is not a key that {self.model_type} reads; it reads {', '.join(self.keys)}")
        changed = {**self.raw, **changes}
        return ModelConfig(changed if self.wrapper is None else {**self.wrapper, "text_config": changed}, self.name)

    def __repr__(self):
        return f"<ModelConfig {self.name}>"


@cache
def load_model(slug: str) -> ModelConfig:
    """The config of a model in ``data/models/``, such as ``deepseek-v3``; ``moecalc models`` lists them.

    Raises :class:`InputError` also for a listed model without a public config, or of a family that is not supported.

    >>> load_model("llama-3.1-405b").num_hidden_layers
    126
    """
    record = models.model(slug)
    if record["config"] is None:
        raise InputError(f"no public config is known for {quoted(slug)}; only its published figures are listed")
    return ModelConfig(record["config"], slug)


def load_config(path: str) -> ModelConfig:
    """A config from a ``config.json`` file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise InputError(f"cannot read the config {quoted(path, 200)}: {reason}; a config.json file is accepted") from None
    return parse_config(text, str(path))


def parse_config(text: str, name: str = "") -> ModelConfig:
    """A config from the text of a ``config.json``, as it is pasted into a page; `name` stands in errors and on display.

    Raises :class:`InputError` also for what is not JSON, such as an address or a model card: see
    :func:`moecalc.model.pasted.read_pasted`.

    >>> parse_config("{}")
    Traceback (most recent call last):
    moecalc.base.errors.InputError: model_type is missing; accepted are dbrx, deepseek_v2, deepseek_v3, ...
    """
    return ModelConfig(read_pasted(text, name), name)
