"""Tables and still pictures of the page on mixtures of experts."""

from statistics import median

from moecalc.claims.registry import run_fact
from moecalc.economics.cost import cost_usd
from moecalc.explorers import explorer
from moecalc.explorers.industry.dense_equivalent import v3_point
from moecalc.explorers.industry.open_models import models_without_counts
from moecalc.explorers.training._step import setting
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.hardware.accelerator import load_accelerator
from moecalc.hardware.all_to_all.gate import Placement, gate_of
from moecalc.hardware.all_to_all.links import links_of
from moecalc.hardware.all_to_all.plan import all_to_all
from moecalc.hardware.all_to_all.traffic import wire_bytes
from moecalc.industry import dense_equivalent as dense
from moecalc.industry.at_home import one_token, speed
from moecalc.model.config import load_model
from moecalc.model.traits import ATTENTION
from moecalc.serving.fewest import fewest_gpus
from moecalc.training.timing.settings import USUAL_PAIRED

from ..prose import fact_table, source_link, span, still, table

#: dense models that no view names, listed beside those that one does
_DENSE = {"qwen2.5-72b", "llama-3.1-8b"}
#: experts of the joint law at V3's point: as many as its runs had at most, and as many as V3 has
_EXPERTS = (32, 256)
_USD_PER_GPU_HOUR = 2
#: what overlaps in V3's schedule, but for dispatch and combine
USUAL_UNPAIRED = tuple(name for name in USUAL_PAIRED if name != "ep")
#: what people hold at home, small to large, dense and MoE by turns
_AT_HOME = (
    "llama-3.1-8b", "mixtral-8x7b", "qwen2.5-72b", "qwen3-next-80b-a3b", "gpt-oss-120b", "qwen3-235b-a22b", "llama-3.1-405b",
    "deepseek-v3",
)  # fmt: skip
_MACHINES = ("rtx-5090", "rtx-pro-6000", "gb10")
_HOME_CONTEXT = 8192


def share_by_date():
    """Activated share by release date, as a picture."""
    return still(
        "open-models",
        "Activated share by release date",
        "A mark for each dated model, on a logarithmic axis; dense models stand at the top. Named is each model that "
        "was sparser than all before it when it came.",
        show="share",
    )


def hours_against_memory():
    """Hours to train against memory to hold, as a picture."""
    return still(
        "open-models",
        "Hours to train against memory to hold",
        "A mark for each model, dated or not, on logarithmic axes: GPU-hours at the same MFU for all, against "
        "the bytes of the weights. Tokens, MFU and bytes are the defaults of the figure above.",
        show="cost",
    )


def kind_of_attention():
    """Kind of attention by release date, as a picture."""
    return still(
        "open-models",
        "Kind of attention by release date",
        "A mark for each dated model at its kind of attention: every head with keys of its own, grouped, windows in some "
        "layers, latent, sparse, or a hybrid with layers whose state has one size. Named is the first of each kind.",
        show="attention",
    )


def parts_by_year(rows: list):
    """Medians of MoE models by year of release, and the kinds of attention."""
    found = []
    for year in sorted({row["released"][:4] for row in rows if row["released"]}):
        moe = [row for row in rows if (row["released"] or "").startswith(year) and row["kind"] == "MoE"]

        def middle(key, moe=moe):
            values = [row[key] for row in moe if row[key] is not None]
            return median(values) if values else None

        kinds = [row["attention"] for row in moe if row["attention"]]
        keys = ("experts", "chosen", "expert_params", "cache_bytes", "context", "bits")
        said = ", ".join(f"{kind} {kinds.count(kind)}" for kind in ATTENTION if kind in kinds)
        found.append({"year": year, "num": len(moe), **{key: middle(key) for key in keys}, "attention": said})
    columns = {
        "year": "Year",
        "num": "MoE",
        "experts": ("Experts", "", 3),
        "chosen": ("Chosen", "", 2),
        "expert_params": ("One has", "parameters", 3),
        "cache_bytes": ("Cache of a token", "bytes", 3),
        "context": ("Context", "tokens", 3),
        "bits": ("Bits stored", "", 2),
        "attention": "Attention",
    }
    return table(found, columns, "MoE models by year of release: medians, and how many have which attention")


def fitted():
    """How far the runs of the joint law reach."""
    return dense.fitted_range()


def gain_from_losses() -> tuple:
    """What the losses that the fine-grained paper prints save, nearest 1e20 FLOPs and at the most it prints."""
    known = facts.by_subject(dense.TABLE)
    printed = [found for name, found in known.items() if name.startswith("fine-grained optimum")]
    gains = {
        one["flops"].value: dense.dense_beside_fine().least_flops(one["loss"].value) / one["flops"].value for one in printed
    }
    return gains[min(gains, key=lambda flops: abs(flops - 1e20))], gains[max(gains)]


def equivalents() -> list:
    """What a dense model of V3's loss would have taken, by each law: the cheapest one, and one given V3's tokens."""
    activated, total, tokens = v3_point()
    hours = run_fact("dsv3-pretrain", "gpu_hours").value
    rows = []

    def add(law, inside, *multiples):
        found = {}
        for how, (low, high) in zip(("cheapest", "same"), multiples, strict=True):
            found |= {f"{how}_low": low, f"{how}_high": high, f"{how}_usd": cost_usd(hours * high, _USD_PER_GPU_HOUR)}
        rows.append({"law": law, "inside": inside, **found})

    ways = (dense.CHEAPEST, dense.SAME_TOKENS)
    ends = [
        [dense.multiple(dense.joint_law(n), dense.joint_law(1), activated, tokens, how) for n in _EXPERTS] for how in ways
    ]
    add("Joint law, 32 to 256 experts", "outside on each axis", *ends)
    beside = dense.dense_beside_fine()
    fine = [[dense.multiple(dense.fine_law(g), beside, activated, tokens, how) for g in (1, 8)] for how in ways]
    add("Fine-grained law, 64 experts, uncut or cut in 8", "outside; its constants are rounded", *fine)
    for version in dense.CHINCHILLA:
        found = [dense.bounds(dense.chinchilla(version), activated, total, tokens, how) for how in ways]
        add(f"Chinchilla, {version}: bounds", "knows no experts", *found)
    return rows


def dense_by_law(rows: list):
    """:func:`equivalents` as a table."""
    columns = {
        "law": "Law",
        "inside": "V3 is",
        "cheapest_low": ("Cheapest dense, from", "x", 2),
        "cheapest_high": ("to", "x", 2),
        "cheapest_usd": ("at most", "USD", 2),
        "same_low": ("Same tokens, from", "x", 2),
        "same_high": ("to", "x", 2),
        "same_usd": ("at most", "USD", 2),
    }
    caption = "A dense model of V3's loss, in times of V3's pre-training; dollars at 2 USD for each of its GPU-hours"
    return table(rows, columns, caption)


def published_multiples():
    """What papers say that a mixture saves."""
    known = facts.by_subject(dense.TABLE)
    rows = [
        {**one._asdict(), "source": source_link(known[one.name]["multiple"].source, known[one.name]["multiple"].locator)}
        for one in dense.published()
    ]
    columns = {
        "name": "Models",
        "multiple": ("Dense over MoE", "x", 3),
        "compared": "Compared are",
        "flops": ("Compute", "FLOPs", 2),
        "date": "Date",
        "note": "Note",
        "source": "Source",
    }
    return table(rows, columns, "Published multiples", raw=("source",), folded=True)


def exchange() -> dict:
    """What V3's experts cost the network: bytes of a token, and a step whose exchange is hidden, and one where it is not."""
    config, accelerator = load_model("deepseek-v3"), load_accelerator("h800-sxm")
    one = all_to_all(gate_of(config), Placement(64), links_of(accelerator), wire_bytes(config.hidden_size))
    layers = config.num_hidden_layers - config.first_k_dense_replace
    asked = setting()
    hidden, alone = asked.step(), asked._replace(running=asked.running._replace(overlap=USUAL_UNPAIRED)).step()
    each = sum(one.scale_out_bytes)
    return {"layer_bytes": each, "token_bytes": 2 * layers * each, "hidden": hidden, "alone": alone}


def to_hold():
    """Fewest accelerators that hold a model with one user's context."""
    rows = []
    for slug in ("llama-3.1-405b", "deepseek-v3", "kimi-k2"):
        config, row = load_model(slug), {"name": models.model(slug)["name"]}
        for users in (1, 1000):
            found = fewest_gpus(config, load_accelerator("h800-sxm"), 4096, users, weights="fp8")
            row |= {f"gpus_{users}": found.num_gpus, f"bound_{users}": found.bound_by}
        rows.append(row | {"activated": one_token(config, 1, "fp8").read_bytes})
    columns = {
        "name": "Model",
        "activated": ("Read for a token alone", "bytes", 3),
        "gpus_1": "H800s for one user",
        "bound_1": "filled by",
        "gpus_1000": "for 1,000 users",
        "bound_1000": "filled by",
    }
    return table(rows, columns, "Fewest H800s, weights in FP8, 4,096 tokens cached of each user")


def home_rows() -> list:
    """What one user's token takes of each model, and how fast machines give it."""
    rows = []
    for slug in _AT_HOME:
        config = load_model(slug)
        token = one_token(config, _HOME_CONTEXT)
        row = {"slug": slug, "name": models.model(slug)["name"], "held": token.held_bytes, "read": token.read_bytes}
        row |= {"kind": "MoE" if config.anatomy.num_routed_experts > 1 else "dense", "share": token.read_share}
        for machine in _MACHINES:
            found = speed(token, load_accelerator(machine))
            ends = [float(f"{one:.2g}") for one in found[1:]]
            row[machine] = span(ends) if found.fits else None
        rows.append(row | {"most": found.most_tokens_per_s, "fits": found.fits})
    return rows


def at_home(rows: list):
    """:func:`home_rows` as a table."""
    columns = {
        "name": "Model",
        "kind": "Kind",
        "held": ("Held, in 4 bits", "bytes", 3),
        "read": ("Read for a token", "bytes", 3),
        "share": ("Share", "%", 0),
        **{slug: (load_accelerator(slug).name.removeprefix("NVIDIA "), "tokens/s") for slug in _MACHINES},
    }
    caption = f"One user alone with {_HOME_CONTEXT:,} tokens cached; blank where it does not fit"
    return table(rows, columns, caption)


def undated(rows: list):
    """Models whose release date was not found."""
    listed = [row for row in rows if not row["released"]]
    listed += [{"name": name, "counts": "none published"} for name in models_without_counts()]
    columns = {
        "name": "Model without a date",
        "kind": "Kind",
        "total": ("Total", "parameters", 3),
        "activated": ("Activated", "parameters", 3),
        "activated_share": ("Share", "%", 1),
        "counts": "Counts are",
    }
    return table(listed, columns, "Models whose release date was not found")


def by_year(years: list):
    """Models by year of release."""
    columns = {
        "year": "Year",
        "num_moe": "MoE",
        "num_new_sizes": "New sizes",
        "num_dense": "Dense",
        "median_share": ("Median share", "%", 1),
        "lowest_share": ("Lowest", "%", 1),
        "largest": "Largest",
        "largest_total": ("Its total", "parameters", 3),
    }
    return table(years, columns, "Models collected, by year of release")


def hours_and_memory(result):
    """The models that a view of the figure names: hours to train them, GPUs to hold them."""
    views = [explorer("open-models").run({"show": view}).rows for view in ("size", "share", "cost")]
    named = {row["slug"] for rows in views for row in rows if row["named"]} | _DENSE
    columns = {
        "name": "Model",
        "kind": "Kind",
        "total": ("Total", "parameters", 3),
        "activated": ("Activated", "parameters", 3),
        "gpu_hours": ("GPU-hours", "GPU-hours", 3),
        "usd": ("Cost", "USD", 3),
        "weight_bytes": ("Weights", "bytes", 3),
        "num_gpus": "H800s to hold",
    }
    tokens, mfu = result.controls["tokens"], result.controls["mfu"]
    caption = f"For {tokens:g} T tokens at {mfu:g} % of an H800's peak, weights in FP8"
    return table([row for row in result.rows if row["slug"] in named], columns, caption)


def facts_used():
    """Facts that the page uses."""
    quantities = ("total_params", "activated_params", "release_date")
    shown = [
        fact
        for slug in models.model_slugs()
        for quantity, fact in models.model_facts(slug).items()
        if quantity in quantities
    ]
    laws = facts.facts(dense.TABLE)
    machines = [facts.lookup("accelerators", slug, "memory_bandwidth") for slug in _MACHINES]
    hours = [run_fact("dsv3-pretrain", name) for name in ("gpu_hours", "gpu_hours_per_t_tokens", "num_tokens")]
    return fact_table([*shown, *hours, *machines, *laws])
