"""What the ends of a model keep of one token: embedding, head with its loss, MTP modules."""

from ..model.anatomy import Block
from .activation_policy import ActivationPolicy, linear_input
from .activation_rules import HEADS, WHOLE, Kept, kept_by_general_rule, kept_of_layer, kept_of_norm


def kept_of_head(block: Block, hidden: int, policy: ActivationPolicy) -> tuple:
    """Final norm, head and cross-entropy: what the norm and the loss keep, labels of 64 bits.

    The loss keeps log-probabilities in FP32 or logits in BF16. None of it is recomputed, and all of it stays as
    wide as it is.
    """
    kept, plain = [], ActivationPolicy()
    norms = [tensor for tensor in block.tensors if tensor.component == "norms"]
    for norm in norms:
        if not norm.name.endswith(".bias"):
            kept += kept_of_norm(norm, norms, "final", True, plain)
    heads = [tensor for tensor in block.tensors if tensor.component == "lm_head" and tensor.multiplied]
    others = [tensor for tensor in block.tensors if tensor.component not in ("norms", "lm_head")]
    kept += kept_by_general_rule(others, hidden)
    for head in heads:
        if not norms:
            kept.append(Kept("head_in", "lm_head", 2 * head.inputs))
        name, width = ("log_softmax_fp32", 4) if policy.loss_bytes[0] == 4 else ("logits", 2)
        kept.append(Kept(name, "lm_head", width * head.outputs, HEADS, head.shards))
        kept.append(Kept("labels", "lm_head", 8, WHOLE))
    return tuple(kept)


def kept_of_embedding(block: Block, hidden: int, policy: ActivationPolicy) -> tuple:
    """Looked-up tables keep the token's number of 64 bits; what projects their rows keeps its input."""
    return (Kept("token_ids", "embedding", 8, WHOLE), *kept_by_general_rule(block.tensors, hidden))


def kept_of_mtp(block: Block, hidden: int, policy: ActivationPolicy, fp32_router: bool = False) -> tuple:
    """An MTP module: two norms, the projection of both, a layer, and final norm, head and loss once more."""
    names = [tensor.component for tensor in block.tensors]
    start = names.index("mtp_projection") + 1
    end = len(names)
    while end > start and names[end - 1] == "lm_head":
        end -= 1
    while end > start and block.tensors[end - 1].name.startswith("shared_head"):
        end -= 1
    entry = [tensor for tensor in block.tensors[: start - 1] if tensor.component == "norms"]
    kept = []
    for norm in entry:
        kept += kept_of_norm(norm, entry, "mtp", False, policy)
    if not policy.recomputes("norm") and not policy.recomputes("full"):
        kept.append(Kept("mtp_projection_in", "mtp_projection", linear_input(block.tensors[start - 1].inputs, policy)))
    inner = Block(block.name, block.tensors[start:end], block.scores, block.cache, block.num_correction_biases)
    tail = Block("head", block.tensors[end:])
    return (*kept, *kept_of_layer(inner, hidden, policy, fp32_router), *kept_of_head(tail, hidden, policy))
