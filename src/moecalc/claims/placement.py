"""What the talk says of experts on a GPU: how many parameters, how many bytes."""

from ..base.units import show
from ..facts import tables
from ..model.config import load_model
from ..model.params import params_by_component
from ..training.layout import Layout
from ..training.states import params_per_gpu, stage_blocks
from .evidence import agrees
from .printed import claims, items, number, numbers
from .registry import V3, check, config_fact, percent, recomputed

FP8_BYTES = 1


def printed_expert_params() -> float:
    """Routed-expert parameters of one GPU from what the talk prints: 4 experts, 58 layers, three matrices each."""
    per_expert = 3 * number("C32") * number("C91", 1)
    return number("C59") * number("C39", 1) * per_expert


@check("C64")
def experts_per_gpu(claim):
    config = load_model(V3)
    experts = number("C59")
    exact = experts * params_by_component(config)["routed_experts"] / config.n_routed_experts
    share, exact_share = number("C64") / number("C17"), experts / config.n_routed_experts
    return recomputed(
        claim,
        printed_expert_params() / 1e9,
        own=show(exact, "parameters"),
        convention=f"{experts} of {config.n_routed_experts} routed experts of every MoE layer, before pipeline stages",
        note=f"The slide does not say where its figure comes from; it is {show(share, '%', 1)} of all parameters, "
        f"where {experts} of {config.n_routed_experts} experts are {percent(exact_share)} of the routed ones.",
        cite=config_fact(V3, "n_routed_experts"),
    )


def expert_readings() -> list:
    """What the routed experts on one GPU come to, step by step, and what the talk prints, one byte a parameter."""
    experts, layers, ranks = number("C59"), number("C39", 1), number("C57", 1)
    copies = tables.number(items("C63")[1].rstrip("x"), "C63")
    one_layer = printed_expert_params() / layers
    printed = number("C64") * 1e9
    steps = (
        (f"{experts} experts of one layer", one_layer, ""),
        (f"{experts} experts in each of {layers} layers", one_layer * layers, "C64"),
        (f"1/{ranks} of that, one pipeline stage", one_layer * layers / ranks, "C65"),
        (f"{copies} x that, as DualPipe holds it", one_layer * layers / ranks * copies, ""),
        ("the parameters that the talk prints", printed, ""),
        (f"1/{ranks} of those", printed / ranks, ""),
    )
    return [
        {
            "what": what,
            "num_params": round(params),
            "bytes": FP8_BYTES * params,
            "num_experts": params / (one_layer / experts),
            "printed": f"{numbers(claim)[0]} {claims()[claim]['unit'].removesuffix(' parameters')}" if claim else "",
        }
        for what, params, claim in steps
    ]


def is_routed(tensor) -> bool:
    return tensor.component == "routed_experts"


@check("C65")
def expert_bytes_per_gpu(claim):
    ranks, copies = number("C57", 1), tables.number(items("C63")[1].rstrip("x"), "C63")
    layout = Layout(pp=ranks, ep=number("C57", 2), dp=number("C57", 3))
    held = [
        FP8_BYTES * sum(params_per_gpu(t, layout) for block in blocks for t in block.tensors if is_routed(t)) / 1e9
        for blocks in stage_blocks(load_model(V3), layout)
    ]
    mean = FP8_BYTES * printed_expert_params() / ranks / 1e9
    printed = numbers("C65")[0]
    division = number("C64") / ranks
    done = f"{number('C64')} / {ranks} = {division:g} is the division that was done. " if agrees(printed, division) else ""
    return recomputed(
        claim,
        mean,
        own=f"{min(held):.2f} to {max(held):.2f} GB, by pipeline rank",
        convention="routed experts alone, one byte a weight, layers split evenly, one copy, the MTP module on the last rank",
        note=f"{done}Recomputed is the mean over the ranks; DualPipe keeps {copies} copies, {copies * mean:.2f} GB.",
        cite=config_fact(V3, "n_routed_experts"),
    )
