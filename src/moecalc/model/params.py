"""Parameters: total, activated in three conventions, by component and by layer.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from ..base.checks import one_of
from .anatomy import add, count_blocks, in_order
from .config import ModelConfig


def num_total_params(config: ModelConfig) -> int:
    r"""Learned parameters of the model, each once [parameters].

    .. math:: N = \sum_{\text{tensors}} c \, m \, n

    A layer holds c tensors of shape [m, n]. Tied embeddings count once; router correction biases and MTP modules are not
    in N. The published "671B" [1]_:

    >>> num_total_params(v3)
    671026404352

    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, abstract.
    """
    return sum([block.num_params * count for block, count in config.anatomy.counted])


def num_activated_params(config: ModelConfig) -> int:
    r"""Parameters that take part in one token's forward pass, embedding and head included [parameters].

    .. math:: N_a = N_{\text{not routed}} + \frac{k}{E} N_{\text{routed}}

    k = ``num_experts_per_tok`` and E = ``n_routed_experts``.

    >>> num_activated_params(v3)
    37552282624
    """
    return sum([block.num_activated_params * count for block, count in config.anatomy.counted])


def num_activated_params_without(config: ModelConfig, *components: str) -> int:
    """Activated parameters without "embedding", "lm_head", or both: the other conventions in use [parameters].

    A tied table is left out only with both, for it is the head as well; a head's bias stays. "37B" is the count without
    the input embedding:

    >>> num_activated_params_without(v3, "embedding")
    36625603584
    """
    for component in components:
        one_of("components", component, ("embedding", "lm_head"))
    anatomy, dropped = config.anatomy, 0
    if "embedding" in components and (not anatomy.is_tied or "lm_head" in components):
        dropped += anatomy.embedding.params["embedding"]
    if "lm_head" in components:
        dropped += sum(t.num_params for t in anatomy.head.tensors if t.component == "lm_head" and t.multiplied)
    return num_activated_params(config) - dropped


def num_mtp_params(config: ModelConfig) -> int | None:
    """Parameters of the multi-token prediction modules, which share embedding and head with the model [parameters].

    Never part of the total; 0 without modules, None where their form is not known: ``anatomy.mtp_note`` says why.

    >>> num_mtp_params(v3)
    11610067968
    """
    return None if config.anatomy.mtp_note else sum(block.num_params for block in config.anatomy.mtp)


def num_correction_biases(config: ModelConfig) -> int:
    """Router correction biases: one an expert and MoE layer, moved by the balancer and in no total [numbers].

    >>> num_correction_biases(v3)
    14848
    """
    return sum(block.num_correction_biases * count for block, count in config.anatomy.counted)


def params_by_component(config: ModelConfig, activated: bool = False) -> dict:
    """Parameters of each component, in the order in which a token passes them [parameters]; they sum to the total.

    >>> params_by_component(v3)["routed_experts"], params_by_component(v3, activated=True)["routed_experts"]
    (653908770816, 20434649088)
    """
    sums = {}
    for block, count in config.anatomy.counted:
        for component, size in (block.activated_params if activated else block.params).items():
            add(sums, component, size * count)
    return in_order(sums)


def params_by_layer(config: ModelConfig) -> list:
    """Parameters of each layer, embedding and head left out [parameters]: dicts with ``layer``, its number from 0.

    >>> [layer["kind"] for layer in params_by_layer(v3)[2:4]]
    ['dense layer', 'MoE layer']
    """
    return [
        {"layer": i, "kind": block.name, "total": block.num_params, "activated": block.num_activated_params}
        for i, block in enumerate(config.anatomy.layers)
    ]


def params_by_block(config: ModelConfig) -> list:
    """Parameters of each kind of block, MTP modules left out [parameters].

    ``each`` is one block's, ``total`` and ``activated`` are over all ``blocks`` of the kind and sum to the model's.

    >>> [(row["block"], row["blocks"]) for row in params_by_block(v3)]
    [('embedding', 1), ('dense layer', 3), ('MoE layer', 58), ('head', 1)]
    """
    return [
        {
            "block": block.name,
            "blocks": count,
            "each": block.num_params,
            "total": block.num_params * count,
            "activated": block.num_activated_params * count,
        }
        for block, count in config.anatomy.counted
    ]


def params_report(config: ModelConfig) -> dict:
    """All counts of a model at once: what ``moecalc params`` prints.

    Returns
    -------
    dict
        ``total``, ``activated`` in three conventions, ``mtp`` (where None, ``mtp_note`` says why),
        ``router_correction_bias``, ``components`` (summing to ``total``) and ``activated_components`` [parameters]

    Examples
    --------
    >>> params_report(load_model("llama-3.1-8b"))["activated_without_embedding_and_head"]
    6979588096
    """
    components = params_by_component(config)
    activated = params_by_component(config, activated=True)
    return {
        "total": sum(components.values()),
        "activated": sum(activated.values()),
        "activated_without_embedding": num_activated_params_without(config, "embedding"),
        "activated_without_embedding_and_head": num_activated_params_without(config, "embedding", "lm_head"),
        "mtp": num_mtp_params(config),
        **({"mtp_note": config.anatomy.mtp_note} if config.anatomy.mtp_note else {}),
        "router_correction_bias": num_correction_biases(config),
        "components": components,
        "activated_components": activated,
    }


def params_by_tensor(config: ModelConfig) -> list:
    """Every tensor of the model and its MTP modules, for the pages that show where a count comes from.

    ``shape`` is [inputs, outputs], ``blocks`` how many blocks of this kind hold ``copies`` of it each, and ``total`` and
    ``activated`` are over all of them [parameters].

    >>> params_by_tensor(v3)[0]["shape"]
    [129280, 7168]
    """
    listed = [*config.anatomy.counted, *count_blocks(config.anatomy.mtp)]
    return [
        {
            "block": block.name,
            "blocks": count,
            "component": tensor.component,
            "tensor": tensor.name,
            "shape": [tensor.inputs, tensor.outputs],
            "copies": tensor.copies,
            "total": tensor.num_params * count,
            "activated": tensor.num_activated_params * count,
        }
        for block, count in listed
        for tensor in block.tensors
    ]
