"""A model as its Hugging Face ``config.json`` describes it."""

import json
from collections.abc import Mapping

from ..base.errors import InputError, quoted
from ..facts import models
from .families import family, model_type
from .files import config_text
from .foreign import translated
from .heads import without_head
from .keys import read
from .pasted import kind_of, read_pasted
from .wrappers import language_config, put_back


class ModelConfig:
    """A checked, immutable model config. Attributes are the ``config.json`` keys, verbatim.

    `raw` is the parsed ``config.json``; keys that the family does not read are ignored. Of a multimodal wrapper the language
    model is read. An unsupported ``model_type``, a missing key or a value out of range raises
    :class:`~moecalc.base.errors.InputError`. ``notes`` says what else a count must say: parts that are left out, published
    defaults that stand for absent keys, what is not known.

    >>> config = load_model("deepseek-v3")
    >>> config.n_routed_experts, config.num_experts_per_tok
    (256, 8)
    >>> config.replace(n_routed_experts=512).n_routed_experts
    512
    """

    def __init__(self, raw, name: str = ""):
        if not isinstance(raw, Mapping):
            raise InputError(f"a config must be a JSON object of keys such as hidden_size; found {kind_of(raw)}")
        wrapper, foreign_note = (dict(raw), "") if "model_type" in raw else translated(dict(raw))
        raw, path, left_out = language_config(wrapper)
        if raw.get("model_type") is None:
            inside = f" in {path}" if path else ""
            raise InputError(f"model_type is missing{inside}; a name such as llama is accepted, see moecalc families")
        try:
            known = model_type(raw["model_type"])
            module = family(known.family)
            spelling = known.names(getattr(module, "SPELLING", {}))
            values, taken = read(module.KEYS, raw, known.name, spelling, known.defaults)
            own = {"name": name or known.name, "model_type": known.name, "raw": raw, "keys": tuple(values)}
            #: what stands outside the language model, and where that stands
            own |= {"left_out": left_out, "path": path, "wrapper": wrapper if path else None}
            #: published defaults of the keys that the config leaves out, and whose they are
            own |= {"defaults_taken": taken, "defaults_of": f"{known.cls} ({known.library})", "spelling": spelling}
            self.__dict__.update(values, **own)
            anatomy, head_note = without_head(module.describe(self), wrapper, known)
        except InputError as error:
            if path:
                raise InputError(f"in {path}: {error}") from None
            raise
        #: blocks of tensors: what every count is read off
        self.__dict__.update(anatomy=anatomy, head_note=head_note, foreign_note=foreign_note)

    @property
    def left_out_note(self) -> str:
        """Of a multimodal wrapper: that only its language model is counted; else empty."""
        if not self.wrapper and not self.left_out:
            return ""
        outside = ", ".join(self.left_out) or f"all that stands outside {self.path}, such as a vision encoder"
        kind = (self.wrapper or self.raw).get("model_type")
        return f"of {quoted(kind)} only the language model is counted; left out: {outside}"

    @property
    def defaults_note(self) -> str:
        """Which absent keys took a published default that adds something; empty where none did."""
        said = {key: value for key, value in self.defaults_taken.items() if key == "tie_word_embeddings" or value}
        words = ", ".join(f"{key} {json.dumps(value)}" for key, value in said.items())
        return f"keys that the config leaves out have the defaults of {self.defaults_of}: {words}" if words else ""

    @property
    def notes(self) -> tuple:
        """One sentence for each thing that a reader of any count of this config must know."""
        anatomy = self.anatomy
        mtp = f"MTP modules are not counted: {anatomy.mtp_note}" if anatomy.mtp_note else ""
        own = (self.foreign_note, self.left_out_note, self.head_note, self.defaults_note)
        return tuple(note for note in (*own, mtp, anatomy.flops_note, anatomy.cache_note) if note)

    def __setattr__(self, key, value):
        raise AttributeError(f"a ModelConfig does not change; use config.replace({key}={value!r})")

    def replace(self, **changes) -> "ModelConfig":
        """A new config with some keys changed, checked anew; only keys that the family reads are accepted."""
        for key in changes:
            if key not in self.keys:
                raise InputError(f"{key} is not a key that {self.model_type} reads; it reads {', '.join(self.keys)}")
        kept = {
            key: value for key, value in self.raw.items() if not any(key in self.spelling.get(one, ()) for one in changes)
        }
        changed = {**kept, **changes}
        new = ModelConfig(put_back(self.wrapper, self.path, changed) if self.path else changed, self.name)
        new.__dict__.update(foreign_note=self.foreign_note)
        return new

    def __repr__(self):
        return f"<ModelConfig {self.name}>"


def load_model(slug: str) -> ModelConfig:
    """The config of a model in ``data/models/``, such as ``deepseek-v3`` or ``deepseek-ai/DeepSeek-V3``.

    ``moecalc models`` lists them.
    Raises :class:`InputError` also for a listed model without a public config, or of a family that is not supported.

    >>> load_model("llama-3.1-405b").num_hidden_layers
    126
    """
    slug = models.model_slug(slug)
    record = models.model(slug)
    if record["config"] is None:
        raise InputError(f"no public config is known for {quoted(slug)}; only its published figures are listed")
    return ModelConfig(record["config"], slug)


def load_config(path: str) -> ModelConfig:
    """A config from a ``config.json``, plain or ``.gz``, the folder that holds it, or standard input for ``-``."""
    text, name = config_text(path)
    return parse_config(text, name)


def parse_config(text: str, name: str = "") -> ModelConfig:
    """A config from the text of a ``config.json``, as it is pasted into a page; `name` stands in errors and on display.

    Raises :class:`InputError` also for what is not JSON, such as an address or a model card: see
    :func:`moecalc.model.pasted.read_pasted`.

    >>> parse_config("{}")
    Traceback (most recent call last):
    moecalc.base.errors.InputError: model_type is missing; a name such as llama is accepted, see moecalc families
    """
    return ModelConfig(read_pasted(text, name), name)
