"""One dispatch and combine of a layer, from the gate to the seconds: what ``moecalc all-to-all`` prints."""

import math
from typing import NamedTuple

from ...base.checks import real, whole
from ...base.errors import InputError
from ...mechanisms.distinct import distinct_parts
from .exact import weighted_parts_of_sizes
from .gate import Gate, Placement, check_gate, check_placement
from .links import Links
from .race import chosen_experts
from .scores import Scores, check_scores, popularity
from .sms import FOUR_NODES, ONE_NODE, bytes_per_s_of_sm, reached_bytes_per_s
from .spread import Spread, exact_spread, fullest, loads, spread
from .traffic import Copies, Times, Wire, copies_per_token, transfer

#: Tokens that are simulated where nothing is said: a tenth of a second, a standard error of 0.005 nodes for DeepSeek-V3.
NUM_SAMPLES = 2000


class Reach(NamedTuple):
    """Where a token's experts lie."""

    nodes: Spread
    gpus: Spread
    nodes_without_limit: float  #: exact
    gpus_without_limit: float  #: exact
    most_nodes: int  #: that the limit allows
    num_experts: float  #: experts of a token that lie on a GPU: all but the idle ones


class Fullest(NamedTuple):
    """Tokens of the fullest GPU and node when all GPUs dispatch, one counted for each expert; and over the mean."""

    mean_per_gpu: float
    per_gpu: float
    per_gpu_error: float  #: standard error
    mean_per_node: float
    per_node: float
    per_node_error: float
    skew: float  #: the most popular GPU's share over the mean, without chance: 1 where experts are alike


class AllToAll(NamedTuple):
    """A dispatch and a combine."""

    reach: Reach
    fullest: Fullest
    copies: Copies
    scale_out_bytes: Wire  #: of a token [bytes]
    scale_up_bytes: Wire  #: of a token [bytes]
    dispatch: Times
    combine: Times
    skew: float  #: by which the times are longer than an average GPU's


def most_nodes(gate: Gate, placement: Placement) -> int:
    """Most nodes that a token's experts can lie on: a group of experts may span nodes, or several share one.

    >>> [most_nodes(Gate(256, 8, 8, 4), Placement(ep)) for ep in (16, 64, 128, 256)]
    [2, 4, 8, 8]
    """
    size, on_node = gate.num_scored // gate.n_group, gate.num_experts // placement.num_nodes
    spans = [(g * size + size - 1) // on_node - g * size // on_node + 1 for g in range(gate.n_group)]
    return min(sum(sorted(spans)[-gate.topk_group :]), gate.num_chosen, placement.num_nodes)


def tokens_chosen(gate: Gate, scores: Scores, num_samples: int = NUM_SAMPLES, seed: int = 1) -> list:
    """:func:`~moecalc.hardware.all_to_all.race.chosen_experts`, drawn once for all placements."""
    return chosen_experts(gate, scores, num_samples, seed)


def reach(gate: Gate, placement: Placement, scores: Scores, chosen: list) -> Reach:
    """On how many nodes and GPUs the experts lie: exact without a limit, else from the simulated tokens `chosen`.

    >>> gate, law = Gate(256, 8, n_group=8, topk_group=4), Scores()
    >>> found = reach(gate, Placement(64), law, tokens_chosen(gate, law, 500))
    >>> found.nodes.mean < 4 < found.nodes_without_limit, round(found.nodes_without_limit, 6)
    (True, 5.294652)
    """
    check_placement(placement, gate)
    spreads, parts = [], (placement.num_nodes, placement.ep)
    exact = _exact(gate, scores, parts)
    for num, known in zip(parts, exact, strict=True):
        size = gate.num_experts // num
        found = spread(chosen, size, num)
        if num == 1 and not gate.num_idle:
            found = exact_spread((0.0, 1.0))
        elif not gate.limited:
            found = known if known.distribution else known._replace(distribution=found.distribution)
        spreads.append(found)
    experts = gate.num_chosen
    if gate.num_idle:
        beyond = sum(expert >= gate.num_experts for one in chosen for expert in one) / len(chosen)
        experts -= gate.num_chosen * gate.num_idle / gate.num_scored if scores.alike else beyond
    return Reach(*spreads, *(one.mean for one in exact), most_nodes(gate, placement), experts)


def _exact(gate, scores, parts) -> list:
    """Without a limit, for each number of parts."""
    sizes = [gate.num_experts // num for num in parts]
    if scores.alike:
        args = gate.num_chosen, gate.num_idle
        return [exact_spread(distinct_parts(num, size, *args)) for num, size in zip(parts, sizes, strict=True)]
    weights = popularity(scores, gate.num_scored)
    found = weighted_parts_of_sizes(weights, sizes, gate.num_chosen, gate.num_idle)
    return [Spread(one.expected, 0.0, ()) for one in found]


def fullest_parts(gate: Gate, placement: Placement, scores: Scores, chosen: list, num_tokens: int) -> Fullest:
    """How full the fullest GPU and node get when each GPU dispatches `num_tokens` [tokens]."""
    found, skew = [], 1.0
    share = gate.num_chosen * gate.num_experts / gate.num_scored
    for num in (placement.ep, placement.num_nodes):
        of = loads(chosen, gate.num_experts // num, num, share / num if scores.alike else None)
        if num == 1 and not gate.num_idle:
            of = of._replace(means=(float(gate.num_chosen),), deviations=(0.0,), mean_errors=(0.0,))
        if num == placement.ep:
            skew = max(of.means) * num / math.fsum(of.means)
        found += [num_tokens * placement.ep * math.fsum(of.means) / num, *fullest(num_tokens * placement.ep, of)]
    return Fullest(*found, skew)


def all_to_all(
    gate: Gate,
    placement: Placement,
    links: Links,
    wire: Wire,
    num_tokens: int = 4096,
    scores: Scores | None = None,
    chosen: list | None = None,
    skew: float | None = None,
    num_sms: int | None = None,
) -> AllToAll:
    """Reach, copies, bytes and times of one layer's dispatch and combine.

    Parameters
    ----------
    gate : Gate
        How a token chooses
    placement : Placement
        Where the experts lie
    links : Links
        Bandwidths that arrive; a copy sent to oneself is not sent
    wire : Wire
        A copy [bytes]
    num_tokens : int, optional
        Tokens of one GPU [tokens]
    scores : Scores, optional
        Law of the scores, uniform if not given
    chosen : list, optional
        Tokens simulated beforehand, by :func:`tokens_chosen`
    skew : float, optional
        Tokens of the fullest GPU over the mean; as the scores have it if not given
    num_sms : int, optional
        SMs that move the data; as many as the links need if not given

    Notes
    -----
    The copies of both networks move at the same time. Latency is left out, and so is what fills the first and empties the
    last buffer.

    Examples
    --------
    >>> gate, links = Gate(256, 8, n_group=8, topk_group=4), Links(160e9, 50e9)
    >>> found = all_to_all(gate, Placement(64), links, Wire(7392, 14336))
    >>> found.dispatch.bound_by, round(found.dispatch.scale_up_s / found.dispatch.scale_out_s, 2)
    ('scale-out', 0.59)
    """
    check_gate(gate)
    check_placement(placement, gate)
    whole("tokens per GPU", num_tokens, 1, 10**9)
    scores = check_scores(scores or Scores())
    if skew is not None:
        real("skew", skew, 1, placement.ep)
    chosen = chosen or tokens_chosen(gate, scores)
    where = reach(gate, placement, scores, chosen)
    full = fullest_parts(gate, placement, scores, chosen, num_tokens)
    copies = copies_per_token(where.nodes.mean, where.gpus.mean, where.num_experts, placement)
    out, up = wire.times(copies.scale_out), wire.times(copies.scale_up)
    skew = full.skew if skew is None else skew
    for needed, value, what in (
        (copies.scale_out, links.scale_out_bytes_per_s, "scale-out"),
        (copies.scale_up, links.scale_up_bytes_per_s, "scale-up"),
    ):
        if needed and value is None:
            raise InputError(
                f"tokens cross the {what} network, whose bandwidth is not known; give an accelerator or type it in"
            )
    times = []
    for direction in Wire._fields:
        over = [links.scale_out_bytes_per_s, links.scale_up_bytes_per_s]
        if num_sms:
            subject = FOUR_NODES if copies.scale_out else ONE_NODE
            network = 0 if copies.scale_out else 1
            if over[network]:
                over[network] = reached_bytes_per_s(num_sms, getattr(bytes_per_s_of_sm(subject), direction), over[network])
        times.append(transfer(num_tokens, getattr(out, direction), getattr(up, direction), *over, skew))
    return AllToAll(where, full, copies, out, up, *times, skew)
