"""A block as bands, one below another: mixers, feed-forwards, and what an MTP module and a model's ends have beside.

The tensors of a block stand in the order in which a token passes them, and that is all that is known of it here: they are
cut into parts where their kind changes or a norm stands between, and each part is drawn by what it holds. What the
drawing of a part leaves out stands in a lane below it; a part of no known kind is a chain.
"""

from collections.abc import Sequence

from ..anatomy import Block, Cache, Score, Tensor, mixes_tokens
from .feed_forward import feed_forward
from .graph import Band, Wiring
from .mixers import mixer

FEEDING = ("router", "latent_projections", "routed_experts", "shared_experts", "dense_mlp")


class Part:
    """Tensors of one kind that stand together, the norms around them, and what they keep and multiply."""

    def __init__(self, kind: str):
        self.kind = kind  #: mix, or feed
        self.before, self.tensors, self.after, self.scores, self.caches = [], [], [], [], []

    @property
    def parts(self) -> list:
        """All that its drawing must hold."""
        return [*self.before, *self.tensors, *self.after, *self.scores, *self.caches]


def bands_of(blocks: Sequence[Block], hidden: int) -> tuple:
    """The graph of a layer, of an MTP module, or of embedding and head; every block has one.

    Parameters
    ----------
    blocks : sequence of Block
        One layer or MTP module, or embedding and head
    hidden : int
        Size of the hidden vector [numbers]
    """
    tensors = [tensor for block in blocks for tensor in block.tensors]
    if any(tensor.component == "embedding" for tensor in tensors):
        return (_ends(Wiring(tensors), hidden),)
    entry, core, end = _module(tensors)
    bands = [_band(parts, hidden) for parts in _groups(_parts(core, blocks[0]))]
    if not bands:
        return (_all_in_a_chain([*tensors, *blocks[0].scores, *blocks[0].cache], hidden),)
    if end:
        bands[-1] = _with_head(bands[-1], end, hidden)
    if entry:
        bands.insert(0, _entry(entry, hidden))
    return tuple(bands)


def _module(tensors: list) -> tuple:
    """(what joins the inputs of an MTP module, its layer, its norm and head); the first and last are empty for a layer."""
    joins = [at for at, tensor in enumerate(tensors) if tensor.component == "mtp_projection"]
    heads = [at for at, tensor in enumerate(tensors) if tensor.component == "lm_head"]
    first, last = joins[-1] + 1 if joins else 0, heads[0] if heads else len(tensors)
    while heads and last > first and tensors[last - 1].component == "norms" and "head" in tensors[last - 1].name:
        last -= 1
    return tensors[:first], tensors[first:last], tensors[last:]


def _kind(component: str) -> str | None:
    if mixes_tokens(component):
        return "mix"
    return "feed" if component in FEEDING else None


def _family(tensor) -> str:
    """Which kind of mixer a tensor belongs to."""
    return "attention" if "attention" in tensor.component and tensor.component != "linear_attention" else tensor.component


def _parts(tensors: list, block: Block) -> list:
    """The parts of a layer, each with its norms: of two that stand between parts, the first is behind the one before."""
    parts, norms = [], []

    def behind(part):
        """Move norms that belong behind a part to it; what stays is before the next."""
        names = list(dict.fromkeys(norm.name.removesuffix(".bias") for norm in norms))
        # one norm between parts belongs behind the first of them only if that reads what no norm has made
        if len(names) > 1 or not _reads_a_norm(parts):
            own = [norm for norm in norms if norm.name.removesuffix(".bias") == names[0]]
            part.after += own
            norms[:] = [norm for norm in norms if norm not in own]

    for tensor in tensors:
        kind = _kind(tensor.component)
        if tensor.component == "norms":
            norms.append(tensor)
            continue
        if kind is None and parts and not norms:
            parts[-1].tensors.append(tensor)
            continue
        last = parts[-1] if parts else None
        new = last is None or norms or (kind is not None and kind != last.kind)
        new = new or (kind == "mix" and _family(tensor) not in {_family(one) for one in last.tensors})
        if new:
            if last is not None and norms:
                behind(last)
            parts.append(Part(kind or "other"))
            parts[-1].before, norms = norms, []
        elif last.kind == "other":
            last.kind = kind or "other"
        parts[-1].tensors.append(tensor)
    if parts:
        parts[-1].after += norms
    _share(parts, block)
    return parts


def _reads_a_norm(parts: list) -> bool:
    """Whether the last of some parts has a norm before it, of its own or of the parts that it stands beside."""
    for part in reversed(parts):
        if part.before or part.after:
            return bool(part.before)
    return False


def _share(parts: list, block: Block) -> None:
    """Scores and caches of a block to those of its parts that have them."""
    if not parts:
        return
    mixing = [part for part in parts if part.kind == "mix"]
    attends = [part for part in mixing if _family(part.tensors[0]) == "attention"]
    recurs = [part for part in mixing if part not in attends]
    states = [cache for cache in block.cache if cache.once]
    others = [cache for cache in block.cache if not cache.once]
    for holders, listed, to in (
        (attends or mixing or parts, block.scores, "scores"),
        (recurs or mixing or parts, states, "caches"),
        (attends or mixing or parts, others, "caches"),
    ):
        each = max(1, len(listed) // max(1, len(holders)))
        for at, one in enumerate(listed):
            getattr(holders[min(at // each, len(holders) - 1)], to).append(one)


def _groups(parts: list) -> list:
    """Parts that read the same: one without a norm behind one that has a norm before it and none behind."""
    groups = []
    for part in parts:
        last = groups[-1] if groups else None
        if last and not part.before and last[0].before and not last[-1].after:
            last.append(part)
        else:
            groups.append([part])
    return groups


def _band(parts: list, hidden: int) -> Band:
    """Parts that read the same, one below another; a chain where that cannot be drawn."""
    wanted = [one for part in parts for one in part.parts]
    try:
        band = _side_by_side(parts, hidden)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError, ZeroDivisionError):
        band = None  # a part is not as others of its kind are
    drawn = [id(one) for node in (band.nodes if band else ()) for one in (node.part, *node.tabs) if one is not None]
    return band if sorted(drawn) == sorted(map(id, wanted)) else _all_in_a_chain(wanted, hidden)


def _side_by_side(parts: list, hidden: int) -> Band:
    whole, ends, titles = Wiring(parts[0].before), [], []
    names = [norm.name for norm in parts[0].before if not norm.name.endswith(".bias")]
    start = whole.branch(names[0] if names else None, hidden)
    for part in parts:
        one = Wiring([*part.tensors, *part.after], part.scores, part.caches)
        out, title = (mixer if part.kind == "mix" else feed_forward)(one, start, hidden)
        behind = {id(norm) for norm in part.after}
        rest = [piece for piece in one.missing() if id(piece) not in behind]
        # what a kind of part is not known to have: matrices in a lane of their own, vectors at what stands before them
        matrices = [piece for piece in rest if not isinstance(piece, Tensor) or piece.inputs > 1]
        further = [_chain(one, start, matrices, one.depth + 1)] if matrices else []
        for norm in part.after:
            if not norm.name.endswith(".bias"):
                normed = one.tensor(norm.name, "norm", one.width + 1, one.lane_of(out), component="norms")
                out = one.chain(out, normed, label=hidden)
        one.hang(piece for piece in one.missing())
        keys = whole.below(one, 0 if part is parts[0] else whole.depth)
        ends += [keys[key] for key in (out, *further)]
        titles.append(title)
    whole.hang(whole.missing())
    whole.join(*ends, hidden=hidden)
    beside = [title[0].lower() + title[1:] for title in titles[1:]]
    return whole.band(" beside ".join([titles[0], *beside]))


def _chain(wiring: Wiring, start: str, pieces: list, lane: float) -> str:
    """Pieces in one line, as they are listed; the key of the last."""
    last = start
    for column, piece in enumerate(pieces, 1):
        kind = {Score: "product", Cache: "cache"}.get(type(piece)) or ("matrix" if piece.inputs > 1 else "vector")
        name = piece.name.removesuffix("_proj").rpartition(".")[2]
        key = wiring.node(f"{lane}/{column}/{piece.name}", kind, name, column, lane, 1, piece)
        wiring.arrow(last, key, piece.inputs if kind == "matrix" else "")
        last = key
    return last


def _all_in_a_chain(pieces: list, hidden: int) -> Band:
    wiring = Wiring([piece for piece in pieces if isinstance(piece, Tensor)])
    wiring.listed = pieces
    start = wiring.branch(None, hidden)
    boxes = [piece for piece in pieces if not piece.name.endswith(".bias")] or pieces
    last = _chain(wiring, start, boxes, 1)
    wiring.hang(wiring.missing())
    wiring.join(last, hidden=hidden)
    return wiring.band("Parts in their order")


def _ends(wiring: Wiring, hidden: int) -> Band:
    """The embedding, all layers as one sign, the last norm and the head; what stands beside them in their line."""
    before, after = [], []
    for piece in wiring.listed:
        named = piece.name.endswith(".bias") or (piece.component == "norms" and piece.inputs == 1 and before and after)
        if not named:
            (after if piece.component in ("norms", "lm_head") else before).append(piece)
    keys = []
    for column, piece in enumerate([*before, None, *after]):
        if piece is None:
            keys.append(wiring.node("layers", "operation", "\u2026", column, 1))
            continue
        known = {"embedding": "embedding", "norms": "norm", "lm_head": "head"}
        keys.append(wiring.tensor(piece.name, known.get(piece.component, piece.name), column, 1, component=piece.component))
    wiring.chain(*keys, label=hidden)
    wiring.hang(wiring.missing())
    return wiring.band("Embedding, all layers, output head")._replace(in_stream=False)


def _entry(tensors: list, hidden: int) -> Band:
    """Two inputs, each with its norm, joined and projected to one; a line of what is there where they are not so."""
    wiring, title = Wiring(tensors), "MTP module: the hidden vector, and the embedding of the next token"
    if {tensor.name for tensor in tensors} >= {"hnorm", "enorm", "eh_proj"}:
        state = wiring.tensor("hnorm", "norm", 0, 1)
        token = wiring.tensor("enorm", "norm", 0, 2)
        joined = wiring.node("joined", "operation", "join", 1, 1.5)
        projection = wiring.tensor("eh_proj", "eh_proj", 2, 1.5)
        wiring.arrow(state, joined, hidden)
        wiring.arrow(token, joined, hidden)
        wiring.arrow(joined, projection, 2 * hidden)
    else:
        joined = wiring.node("joined", "operation", "join", 0, 1)
        _chain(wiring, joined, [tensor for tensor in tensors if not tensor.name.endswith(".bias")], 1)
    wiring.hang(wiring.missing())
    return wiring.band(title)._replace(in_stream=False)


def _with_head(band: Band, tensors: list, hidden: int) -> Band:
    """A band at whose end the module's norm and the shared head stand."""
    wiring, keys = Wiring(tensors), ["sum"]
    column = max(node.column for node in band.nodes) + 1
    for tensor in tensors:
        if not tensor.name.endswith(".bias"):
            text = "head" if tensor.component == "lm_head" else "norm"
            keys.append(wiring.tensor(tensor.name, text, column, 1, component=tensor.component))
            column += 1
    wiring.chain(*keys, label=hidden)
    return band._replace(nodes=band.nodes + tuple(wiring.nodes), edges=band.edges + tuple(wiring.edges))
