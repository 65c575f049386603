"""Checks of the second chapter: sizes and configs of DeepSeek-V2 and V3."""

from ..base.units import show
from ..facts import models
from ..model.catalog import counted_slugs
from ..model.config import load_model
from ..model.params import (
    num_activated_params_without,
    num_correction_biases,
    num_total_params,
    params_by_component,
    params_by_tensor,
)
from .evidence import Evidence, Part, agrees
from .printed import items, numbers
from .registry import check, config_fact, config_part

V2, V3 = "deepseek-v2", "deepseek-v3"

GATE = ("scoring_func", "topk_method", "topk_group", "norm_topk_prob", "routed_scaling_factor")
EXPERTS = ("n_routed_experts", "n_shared_experts", "num_experts_per_tok")

#: Claims that print keys of a config -> the model, and the keys in the order in which they are printed.
CONFIG_CLAIMS = {
    "C31": (V2, "hidden_size"),
    "C32": (V3, "hidden_size"),
    "C33": (V3, "hidden_size"),
    "C34": (V2, "num_hidden_layers"),
    "C35": (V3, "num_hidden_layers"),
    "C36": (V2, "intermediate_size"),
    "C37": (V3, "intermediate_size"),
    "C40": (V2, *EXPERTS),
    "C41": (V3, *EXPERTS),
    "C42": (V2, *GATE),
    "C43": (V3, *GATE),
}

#: What may be left out of the activated parameters, the fullest count first.
CONVENTIONS = {
    "embedding and head counted": (),
    "without the input embedding": ("embedding",),
    "without embedding and head": ("embedding", "lm_head"),
}


def activated_by_convention(config) -> dict:
    """Activated parameters in the three conventions in use [parameters]."""
    return {name: num_activated_params_without(config, *left_out) for name, left_out in CONVENTIONS.items()}


def billions(counts: dict) -> dict:
    """Counts as they are published [B parameters]."""
    return {name: count / 1e9 for name, count in counts.items()}


def fitting(printed: str, counts: dict) -> list:
    """The conventions that give a printed number."""
    return [name for name, count in counts.items() if agrees(printed, count)]


def convention_of(printed: str, counts: dict) -> str:
    """The fullest convention that gives a printed number; the fullest of all where none does."""
    return next(iter(fitting(printed, counts)), next(iter(counts)))


@check("C29", "C30")
def sizes(claim):
    slug = {"C29": V2, "C30": V3}[claim["id"]]
    published = models.model_facts(slug)
    total, activated = numbers(claim["id"])
    counts = billions(activated_by_convention(load_model(slug)))
    convention = convention_of(activated, counts)
    parts = (
        Part(total, None, published["total_params"].to("B parameters"), published["total_params"]),
        Part(activated, None, published["activated_params"].to("B parameters"), published["activated_params"]),
    )
    listed = ", ".join(f"{count:.2f} ({name})" for name, count in counts.items())
    fitting = [name for name, count in counts.items() if agrees(activated, count)]
    return Evidence(
        parts,
        own=f"{num_total_params(load_model(slug)) / 1e9:.2f} / {counts[convention]:.2f} B",
        convention=f"activated {convention}",
        note=f"Activated, in B: {listed}. To {activated} B round: {', '.join(fitting) or 'none of them'}.",
    )


@check(*CONFIG_CLAIMS)
def config_keys(claim):
    slug, *keys = CONFIG_CLAIMS[claim["id"]]
    parts = tuple(config_part(printed, slug, key) for printed, key in zip(items(claim["id"]), keys, strict=True))
    others = [
        f"{one} prints {', '.join(items(one))}"
        for one, about in CONFIG_CLAIMS.items()
        if one != claim["id"] and about == CONFIG_CLAIMS[claim["id"]]
    ]
    return Evidence(parts, note=f"The talk prints it twice: {', '.join(others)}." if others else "")


@check("C38", "C39")
def dense_and_moe_layers(claim):
    slug = {"C38": V2, "C39": V3}[claim["id"]]
    dense, moe = items(claim["id"])
    kinds = [block.name for block in load_model(slug).anatomy.layers]
    first, all_layers = config_fact(slug, "first_k_dense_replace"), config_fact(slug, "num_hidden_layers")
    return Evidence(
        (Part(dense, None, kinds.count("dense layer"), first), Part(moe, None, kinds.count("MoE layer"), all_layers)),
        convention="MoE layers are the layers less the dense ones in front",
    )


@check("C44")
def quantization_of_v3(claim):
    fact = config_fact(V3, "quantization_config")
    kept = fact.value if isinstance(fact.value, dict) else {}
    kind, scheme = items("C44")
    found = f"{kept.get('quant_method', '').upper()} {kept.get('fmt', '')}", kept.get("activation_scheme")
    return Evidence((Part(kind, None, found[0], fact), Part(scheme, None, found[1], fact)))


@check("C48")
def activated_fraction(claim):
    published = models.model_facts(V3)
    activated, total, routed, shared, experts = numbers("C48")
    config = load_model(V3)
    counts = billions(activated_by_convention(config))
    convention = convention_of(activated, counts)
    active = config.num_experts_per_tok + config.n_shared_experts
    return Evidence(
        (
            Part(activated, None, published["activated_params"].to("B parameters"), published["activated_params"]),
            Part(total, None, published["total_params"].to("B parameters"), published["total_params"]),
            config_part(routed, V3, "num_experts_per_tok"),
            config_part(shared, V3, "n_shared_experts"),
            config_part(experts, V3, "n_routed_experts"),
        ),
        own=show(counts[convention] * 1e9 / num_total_params(config), "%", 2) + " of the parameters",
        convention=f"activated {convention}",
        note=f"The shared expert is not one of the {config.n_routed_experts}: a token passes {active} of "
        f"{config.n_routed_experts + config.n_shared_experts}.",
    )


@check("C90", "C91")
def keys_of_both(claim):
    key = {"C90": "vocab_size", "C91": "moe_intermediate_size"}[claim["id"]]
    pairs = zip(items(claim["id"]), (V2, V3), strict=True)
    return Evidence(tuple(config_part(printed, slug, key) for printed, slug in pairs))


@check("C92")
def quantization_of_v2(claim):
    part = config_part(items("C92")[0], V2, "quantization_config")
    missing = "quantization_config" not in models.model(V2)["config"]
    return Evidence((part,), note="Its config.json has no quantization_config." if missing else "")


@check("C93")
def attention_of_both(claim):
    attention, frequency = items("C93")
    parts = []
    for slug in (V2, V3):
        # latent attention is what has a rank for keys and values
        rank = config_fact(slug, "kv_lora_rank")
        parts.append(Part(attention, None, "none" if rank.value == "None" else "MLA", rank, f"{slug}: attention"))
        parts.append(config_part(frequency, slug, "moe_layer_freq"))
    return Evidence(tuple(parts), shown="; ".join(dict.fromkeys(str(part.found) for part in parts)))


# --- for the page


#: Published quantity -> what it is called in a table.
SIZES = {
    "total_params": "total",
    "activated_params": "activated",
    "mtp_params": "MTP module",
    "mtp_activated_params": "MTP, activated",
}


def convention_names(printed: str, counts: dict) -> str:
    """The conventions that give a printed number, or "none"."""
    return "; ".join(fitting(printed, counts)) or "none"


def sizes_by_convention(slug: str) -> dict:
    """Published quantity -> convention -> what we count in it [parameters]."""
    config = load_model(slug)
    counts = {
        "total_params": {"every parameter once": num_total_params(config)},
        "activated_params": activated_by_convention(config),
    }
    mtp = [row for row in params_by_tensor(config) if row["block"] == "MTP module"]
    if mtp:
        shared = sum(params_by_component(config)[name] for name in ("embedding", "lm_head"))
        projection = sum(row["total"] for row in mtp if row["component"] == "mtp_projection")
        own, activated = sum(row["total"] for row in mtp), sum(row["activated"] for row in mtp) + shared
        counts["mtp_params"] = {
            "its own": own,
            "its own, without its projection": own - projection,
            "with a copy of embedding and head": own + shared,
        }
        counts["mtp_activated_params"] = {
            "with embedding and head": activated,
            "with embedding and head, without its projection": activated - projection,
        }
    return counts


def published_sizes(*slugs: str) -> list:
    """Every published size of some models beside ours, and the convention under which the two agree."""
    rows = []
    for slug in slugs:
        counts = sizes_by_convention(slug)
        for fact in models.facts_of_model(slug):
            if fact.quantity not in counts:
                continue
            ours = billions(counts[fact.quantity])
            model = models.model(slug)["name"].partition(" (")[0].removeprefix("DeepSeek-")
            rows.append(
                {
                    "model": slug,
                    "quantity": fact.quantity,
                    "what": f"{model}, {SIZES[fact.quantity]}",
                    "published": f"{fact.value} B",
                    "convention": convention_names(str(fact.value), ours),
                    "ours": ", ".join(f"{count:.2f}" for count in ours.values()) + " B",
                    "fact": fact,
                }
            )
    return sorted(rows, key=lambda row: (slugs.index(row["model"]), list(SIZES).index(row["quantity"])))


def printed_sizes(slug: str, quantity: str) -> list:
    """What DeepSeek printed for one of the :data:`SIZES` of a model, a text for each place where it stands.

    >>> printed_sizes("deepseek-v3", "total_params")
    ['671 B']
    """
    return [row["published"] for row in published_sizes(slug) if row["quantity"] == quantity]


#: Letter of the formula of :func:`params_by_hand` -> key of the config.
LETTERS = {
    "V": "vocab_size",
    "h": "hidden_size",
    "L": "num_hidden_layers",
    "D": "first_k_dense_replace",
    "f": "intermediate_size",
    "m": "moe_intermediate_size",
    "E": "n_routed_experts",
    "S": "n_shared_experts",
    "k": "num_experts_per_tok",
    "a": "num_attention_heads",
    "q": "q_lora_rank",
    "c": "kv_lora_rank",
    "n": "qk_nope_head_dim",
    "r": "qk_rope_head_dim",
    "v": "v_head_dim",
}


def letters(*slugs: str) -> list:
    """The letters of the formula with their values in the published configs."""
    configs = {slug: models.model(slug)["config"] for slug in slugs}
    return [
        {"letter": letter, "key": key, **{slug: config[key] for slug, config in configs.items()}}
        for letter, key in LETTERS.items()
    ]


def params_by_hand(*slugs: str) -> list:
    """The parameters of DeepSeek-V2 or V3 from one formula of the config's keys: a second route, which sees no tensors."""
    steps = {}
    for slug in slugs:
        one = {letter: models.model(slug)["config"][key] for letter, key in LETTERS.items()}
        V, h, L, D, f, m, E, S, k, a, q, c, n, r, v = one.values()
        attention = h * q + q * a * (n + r) + h * (c + r) + c * a * (n + v) + a * v * h + q + c
        expert = 3 * h * m
        dense = attention + 2 * h + 3 * h * f
        moe = attention + 2 * h + h * E + (E + S) * expert
        ends = 2 * V * h + h
        total = D * dense + (L - D) * moe + ends
        steps[slug] = {
            "A, attention of one layer": attention,
            "X, one expert": expert,
            "B, one dense layer": dense,
            "M, one MoE layer": moe,
            "embedding, head and last norm": ends,
            "N, all of it": total,
            "activated: N less the experts not used": total - (L - D) * (E - k) * expert,
            "N less the sum over all tensors": total - num_total_params(load_model(slug)),
        }
    return [{"step": step, **{slug: steps[slug][step] for slug in slugs}} for step in steps[slugs[0]]]


def fitting_conventions(config, printed: str) -> list:
    """Names of the conventions in which the activated parameters of a config round to a published number [B parameters]."""
    return fitting(printed, billions(activated_by_convention(config)))


def published_activated() -> list:
    """Every published activated count of the models that are counted and have experts, beside ours in each convention."""
    rows = []
    for slug in counted_slugs():
        config = load_model(slug)
        if config.anatomy.num_routed_experts == 1:
            continue  # dense: what is activated is all of it
        counts = billions(activated_by_convention(config))
        for fact in models.facts_of_model(slug):
            if fact.quantity == "activated_params":
                printed = str(fact.value)
                known = {"slug": slug, "name": models.model(slug)["name"], "published": printed, "fact": fact}
                rows.append({**known, **counts, "fits": fitting(printed, counts)})
    return rows


def fitting_alone(rows: list) -> dict:
    """Convention -> those of the :func:`published_activated` that only it gives.

    >>> [len(rows) for rows in fitting_alone(published_activated()).values()]
    [4, 9, 4]
    """
    return {name: [row for row in rows if row["fits"] == [name]] for name in CONVENTIONS}


def kimi_k2_surplus() -> dict:
    """What the published weights of Kimi K2 hold beyond the count from its config: an open question."""
    config = load_model("kimi-k2")
    fact = models.model_facts("kimi-k2")["safetensors_params"]
    counted = num_total_params(config) + num_correction_biases(config)
    surplus = fact.value - counted
    each, rest = divmod(surplus, config.num_hidden_layers)
    return {"fact": fact, "counted": counted, "surplus": surplus, "each_layer": each if rest == 0 else None}
