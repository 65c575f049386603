"""What a dense model of equal loss needs, over the compute of a mixture of experts: laws, bounds, and published figures."""

from math import isfinite, log10

from ...facts import tables
from ...industry.dense_equivalent import (
    CHEAPEST,
    CHINCHILLA,
    SAME_TOKENS,
    bounds,
    chinchilla,
    dense_beside_fine,
    fine_law,
    fitted_range,
    joint_law,
    multiple,
    published,
)
from ...mechanisms.scaling_laws import FLOPS_EACH, total_over_activated
from ...model.config import load_model
from ...model.params import num_activated_params, num_total_params
from .._define import Choice, Explorer, Metric

V3 = "deepseek-v3"
JOINT, FINE, BOUNDS, PAPERS = "joint law", "fine-grained law", "Chinchilla's bounds", "published"
#: Exponents of the compute that is drawn.
LOW, HIGH, STEP = 19, 26, 0.5
BEST = 0
DIGITS = 4
#: Where those published multiples stand that come without compute.
UNKNOWN = 10**26.6
#: Published multiple -> what it is called in the picture.
NAMES = {
    "DeepSeekMoE 16B against 7B": "DeepSeekMoE 16B",
    "DeepSeekMoE 145B against 67B": "145B",
    "DeepSeekMoE 142B, half activated, against 67B": "142B, half",
    "Krajewski et al., 1e20 FLOPs": "Krajewski et al., as stated",
    "Krajewski et al., above 1e25 FLOPs": "over 40, as stated",
    "Ling-mini-beta against 6.1B dense": "Ling mini",
    "Switch against T5": "Switch, time",
    "Qwen3 MoE against Qwen3 dense": "Qwen3",
    "OLMoE-1B-7B, FLOPs": "OLMoE",
    "OLMoE-1B-7B, time": "OLMoE, time",
}


def v3_point() -> tuple:
    """(activated parameters, all, training tokens) of DeepSeek-V3; parameters exact."""
    config = load_model(V3)
    tokens = tables.lookup("training_runs", "dsv3-pretrain", "num_tokens").to("tokens")
    return num_activated_params(config), num_total_params(config), tokens


def trained(law, flops: float, tokens_per_param: float) -> tuple:
    """(activated parameters, tokens) of a model that takes so many FLOPs; at the law's best where the ratio is 0."""
    if tokens_per_param == BEST:
        return law.best(flops)
    params = (flops / FLOPS_EACH / tokens_per_param) ** 0.5
    return params, params * tokens_per_param


def compute(experts, tokens_per_param, dense, granularity, version):
    laws = {JOINT: (joint_law(experts), joint_law(1)), FINE: (fine_law(granularity), dense_beside_fine())}
    plain, ratio, fitted = chinchilla(version), total_over_activated(experts), fitted_range()
    activated, total, tokens = v3_point()
    v3_flops = FLOPS_EACH * activated * tokens

    def shown(value):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else None

    rows = []
    exponents = [LOW + step * STEP for step in range(round((HIGH - LOW) / STEP) + 1)]
    # the end of what was fitted stands on the line itself
    for exponent in sorted({*exponents, round(log10(fitted.flops), 2)}):
        flops = 10**exponent
        for name, (moe, one) in laws.items():
            gain = multiple(moe, one, *trained(moe, flops, tokens_per_param), dense)
            inside = name == JOINT and experts <= fitted.num_experts and flops <= 1.02 * fitted.flops
            rows.append({"what": name, "flops": shown(flops), "multiple": shown(gain), "fitted": "yes" if inside else "no"})
        ends = [plain.of_share(counted) for counted in (1, ratio)]
        low, high = (multiple(law, plain, *trained(law, flops, tokens_per_param), dense) for law in ends)
        rows.append({"what": BOUNDS, "flops": shown(flops), "multiple": shown(low), "high": shown(high)})
    for one in published():
        if one.name in NAMES:
            row = {"what": PAPERS, "name": one.name, "said": NAMES[one.name], "flops": one.flops, "multiple": one.multiple}
            rows.append(row | {"compared": one.compared, "x": one.flops or UNKNOWN})
    rows.append({"what": "V3", "name": "DeepSeek-V3", "flops": shown(v3_flops)})
    rows.append({"what": "end", "name": "largest run of the joint law", "flops": shown(fitted.flops)})
    for row in rows:
        row |= {key: row.get(key) for key in (*EXPLORER.columns, "said")} | {"x": row.get("x") or row["flops"]}

    def at_v3(moe, one):
        return multiple(moe, one, activated, tokens, dense)

    v3_bounds = bounds(plain, activated, total, tokens, dense)
    compared = [one.multiple for one in published() if "MoE against MoE" not in one.compared]
    at_end = multiple(*laws[JOINT], *trained(laws[JOINT][0], fitted.flops, tokens_per_param), dense)
    metrics = {
        "joint_v3": at_v3(*laws[JOINT]),
        "fine_v3": at_v3(*laws[FINE]),
        "chinchilla_v3": v3_bounds.high,
        "chinchilla_v3_low": v3_bounds.low,
        "joint_fitted": at_end if experts <= fitted.num_experts else None,
        "published_low": min(compared),
        "published_high": max(compared),
        "v3_tokens_per_param": tokens / activated,
        "note": None if experts <= fitted.num_experts else "more experts than any run that the joint law was fitted on",
    }
    return {key: None if isinstance(value, float) and not isfinite(value) else value for key, value in metrics.items()}, rows


EXPLORER = Explorer(
    name="dense-equivalent",
    title="What a dense model of equal loss would take",
    description="Against the training compute of a mixture of experts, on logarithmic axes, how many times its compute a "
    "dense model of the same loss needs: a line by the joint law, solid as far as its runs reach and dashed beyond; a line "
    "by the law of fine-grained experts; a band between the bounds of Chinchilla's law, as good as the activated parameters "
    "alone or as all of them; and points of papers, named, those without compute at the right. Upright lines mark the "
    "largest run of the joint law and V3.",
    lead=("experts", "tokens_per_param", "dense", "granularity", "version"),
    headline=("joint_v3", "fine_v3", "chinchilla_v3"),
    controls=(
        Choice("experts", "Experts, one active", 32, tuple((number, str(number)) for number in (2, 8, 16, 32, 64, 256))),
        Choice(
            "tokens_per_param",
            "Tokens for an activated parameter",
            BEST,
            ((BEST, "as many as are best"), (20, "20"), (100, "100"), (400, "400, as V3")),
        ),
        Choice(
            "dense", "The dense model is", CHEAPEST, ((CHEAPEST, "the cheapest"), (SAME_TOKENS, "given the same tokens"))
        ),
        Choice("granularity", "Cuts of an expert, fine-grained law", 8, tuple((one, str(one)) for one in (1, 4, 8, 16, 64))),
        Choice("version", "Constants of Chinchilla", "re-fit", tuple((one, one) for one in CHINCHILLA)),
    ),
    metrics={
        "joint_v3": Metric("V3, by the joint law, far outside it", "x", 2),
        "fine_v3": Metric("V3, by the fine-grained law", "x", 2),
        "chinchilla_v3": Metric("V3, at most, by Chinchilla", "x", 2),
        "chinchilla_v3_low": Metric("and at least", "x", 2),
        "joint_fitted": Metric("At the largest run of the joint law", "x", 3),
        "published_low": Metric("Published, least", "x", 2),
        "published_high": Metric("and most", "x", 2),
        "v3_tokens_per_param": Metric("V3's tokens for an activated parameter", "tokens", 3),
        "note": Metric("To know of these numbers"),
    },
    columns={
        "what": Metric("By"),
        "name": Metric("Which"),
        "flops": Metric("Compute", "FLOPs", 3),
        "multiple": Metric("Dense over MoE", "x", 3),
        "high": Metric("to", "x", 3),
        "fitted": Metric("Within its runs"),
        "compared": Metric("Compared"),
    },
    says=("what", "name", "flops", "multiple", "high", "compared"),
    compute=compute,
)
