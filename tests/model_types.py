"""What transformers publishes of a model type: the defaults of its config class, and other names of its keys.

``python tests/model_types.py granite llama "Granite 3.x"`` writes ``data/model_types/granite.json``, of the family llama;
``python tests/model_types.py`` writes the defaults of all anew, for a newer transformers.
"""

import dataclasses
import importlib.metadata
import json
import sys
from pathlib import Path

from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from moecalc.model.families import family

FOLDER = Path(__file__).parent.parent / "data" / "model_types"
LIBRARY = "transformers"
#: Keys that no count reads: a default of theirs would refuse configs that are right.
UNCOUNTED = ("n_group", "topk_group")


def version() -> str:
    return f"{LIBRARY} {importlib.metadata.version(LIBRARY)}"


def field_defaults(cls) -> dict:
    """Field -> default of a class, of its text and of other objects inside it too, these as paths."""
    found = {}
    for name, inner in cls.sub_configs.items():
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            inside = field_defaults(inner)
            found |= inside if name == "text_config" else {f"{name}.{key}": value for key, value in inside.items()}
    for field in dataclasses.fields(cls):
        made = field.default_factory() if field.default is dataclasses.MISSING else field.default
        if made is not dataclasses.MISSING and not isinstance(made, dict):
            found[field.name] = made
    return found


def published(cls, keys, spelling: dict) -> dict:
    """``defaults`` and ``spelling`` of a class, for the keys that a family reads."""
    fields, renamed = field_defaults(cls), dict(cls.attribute_map)
    defaults, also = {}, {}
    for key in keys:
        if key in UNCOUNTED:
            continue
        same = [key, *spelling.get(key, ())]
        names = [name for name, target in renamed.items() if target in same] + [
            renamed[one] for one in same if one in renamed
        ]
        further = [name for name in dict.fromkeys(names) if name not in same]
        if further:
            also[key] = further
        if known := [name for name in (*same, *further) if name in fields]:
            defaults[key] = fields[known[0]]
    return {"defaults": defaults, **({"spelling": also} if also else {})}


def record(name: str, family_name: str, models: str) -> dict:
    """The file of a model type, as far as transformers knows it."""
    module = family(family_name)
    if name not in CONFIG_MAPPING:
        return {"family": family_name, "models": models}
    cls = CONFIG_MAPPING[name]
    found = published(cls, module.KEYS, getattr(module, "SPELLING", {}))
    return {"family": family_name, "models": models, "library": version(), "class": cls.__name__, **found}


def write(name: str, family_name: str, models: str) -> None:
    text = json.dumps(record(name, family_name, models), indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        write(*sys.argv[1:])
    else:
        for file in FOLDER.glob("*.json"):
            had = json.loads(file.read_text(encoding="utf-8"))
            if had.get("library", "").startswith(LIBRARY):
                write(file.stem, had["family"], had["models"])
