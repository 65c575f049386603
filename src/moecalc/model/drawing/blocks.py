"""A block as bands, one below another: attention, feed-forward, and what an MTP module and a model's ends have beside."""

from collections.abc import Sequence

from ..anatomy import Block, title
from .feed_forward import feed_forward
from .graph import Band, Wiring
from .mixers import mixer

MIXER_NORM, FEED_FORWARD_NORM = "input_layernorm", "post_attention_layernorm"


def bands_of(blocks: Sequence[Block], hidden: int) -> tuple:
    """The graph of a layer, of an MTP module, or of embedding and head."""
    tensors = [tensor for block in blocks for tensor in block.tensors]
    names = {tensor.name for tensor in tensors}
    if MIXER_NORM not in names:
        return _with_rest([_ends(Wiring(tensors), hidden)], tensors, hidden)
    block = blocks[0]
    mixing = [one for one in tensors if "attention" in one.component or one.name == MIXER_NORM]
    rest = [one for one in tensors if one not in mixing]
    bands = [
        mixer(Wiring(mixing, block.scores, block.cache), MIXER_NORM, hidden),
        feed_forward(Wiring(rest), FEED_FORWARD_NORM, hidden),
    ]
    if "eh_proj" in names:
        bands[1] = _with_head(bands[1], rest, hidden)
        bands.insert(0, _entry(Wiring(rest), hidden))
    return _with_rest(bands, tensors, hidden)


def _with_rest(bands: list, tensors: list, hidden: int) -> tuple:
    """The bands, and behind them one of the tensors that none of them draws, in a line."""
    drawn = [part for band in bands for node in band.nodes for part in (node.part, *node.tabs)]
    wiring = Wiring([tensor for tensor in tensors if not any(tensor is part for part in drawn)])
    listed = [tensor for tensor in wiring.tensors.values() if not tensor.name.endswith(".bias")]
    if not listed:
        return tuple(bands)
    words = [tensor.name.rpartition(".")[2] for tensor in listed]
    keys = [
        wiring.tensor(tensor.name, word, column, 1, component=tensor.component)
        for column, (tensor, word) in enumerate(zip(listed, words, strict=True))
    ]
    wiring.chain(*keys, label=hidden)
    parts = dict.fromkeys(title(node.part.component) for node in wiring.nodes)
    return (*bands, wiring.band(f"Beside: {', '.join(parts)}")._replace(in_stream=False))


def _ends(wiring: Wiring, hidden: int) -> Band:
    table = wiring.tensor("embed_tokens", "embedding", 0, 1)
    layers = wiring.node("layers", "operation", "\u2026", 1, 1)
    norm = wiring.tensor("norm", "norm", 2, 1, component="norms")
    head = wiring.tensor("lm_head", "head", 3, 1)
    wiring.chain(table, layers, norm, head, label=hidden)
    return wiring.band("Embedding, all layers, output head")._replace(in_stream=False)


def _entry(wiring: Wiring, hidden: int) -> Band:
    """Two inputs, each with its norm, joined and projected to one."""
    state = wiring.tensor("hnorm", "norm", 0, 1)
    token = wiring.tensor("enorm", "norm", 0, 2)
    joined = wiring.node("joined", "operation", "join", 1, 1.5)
    projection = wiring.tensor("eh_proj", "eh_proj", 2, 1.5)
    wiring.arrow(state, joined, hidden)
    wiring.arrow(token, joined, hidden)
    wiring.arrow(joined, projection, 2 * hidden)
    return wiring.band("MTP module: the hidden vector, and the embedding of the next token")._replace(in_stream=False)


def _with_head(band: Band, tensors, hidden: int) -> Band:
    """A band at whose end the module's norm and the shared head stand."""
    wiring = Wiring(tensors)
    column = max(node.column for node in band.nodes) + 1
    norm = wiring.tensor("shared_head.norm", "norm", column, 1)
    head = wiring.tensor("shared_head.head", "head", column + 1, 1)
    wiring.arrow("sum", norm, hidden)
    wiring.arrow(norm, head, hidden)
    return band._replace(nodes=band.nodes + tuple(wiring.nodes), edges=band.edges + tuple(wiring.edges))
