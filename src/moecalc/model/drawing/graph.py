"""Operators of a block in columns and lanes, and the arrows between them.

A token flows from left to right. Lane 0 is the residual stream; parts hang below it. Numbers on arrows are the shape of
what one token sends along them.
"""

import math
from typing import NamedTuple

#: Kinds of nodes -> width in units. Matrices, products of tokens with tokens, and caches are boxes; norms and other vectors
#: are narrow ones; an operation holds nothing; a fork is a point of the residual stream; a field is the experts' choice.
WIDTHS = {"matrix": 1.0, "product": 1.0, "cache": 1.0, "vector": 0.66, "operation": 0.5, "fork": 0.1, "field": 1.6}


class Node(NamedTuple):
    """An operator, at a column and a lane; lanes may be halves."""

    key: str
    kind: str  #: one of `WIDTHS`
    text: str
    column: int
    lane: float
    lanes: int = 1  #: how many it spans, downwards
    part: object = None  #: the Tensor, Score or Cache that it stands for
    tabs: tuple = ()  #: biases and the like, which are drawn at its right end

    @property
    def last_lane(self) -> float:
        return self.lane + self.lanes - 1


class Edge(NamedTuple):
    """An arrow. It turns in the gap between columns, or, into an operation, right above or below it."""

    source: str
    target: str
    label: str = ""
    out: float | None = None  #: lane in which it leaves; as near to its target as can be, if not given
    into: float | None = None  #: lane in which it arrives; as near to its source as can be, if not given
    from_below: bool = False  #: whether it enters a box through its lower side


class Band(NamedTuple):
    """A part of a block that is drawn in one row, from fork to sum."""

    title: str
    nodes: tuple
    edges: tuple
    in_stream: bool = True  #: whether it hangs on the residual stream


class Wiring:
    """Nodes and edges of a band, as they are added."""

    def __init__(self, tensors, scores=(), caches=()):
        self.listed = [*tensors, *scores, *caches]
        self.tensors = {}
        for tensor in tensors:
            self.tensors.setdefault((tensor.component, tensor.name), tensor)
        self.scores = {score.name: score for score in scores}
        self.all_scores = list(scores)  #: those too that have one name
        self.caches = list(caches)
        self.nodes, self.edges = [], []

    def find(self, name: str, component: str = ""):
        """A tensor by its name, of any component if none is given; None if there is none."""
        for (of, called), tensor in self.tensors.items():
            if called == name and component in ("", of):
                return tensor
        return None

    def tensor(self, name: str, text: str, column: int, lane: float, lanes: int = 1, component: str = "", also=()) -> str:
        """Add a tensor's box, with its bias and other vectors as tabs; the key of the box."""
        part = self.find(name, component)
        extra = (self.find(other, part.component) for other in (f"{name}.bias", *also))
        tabs = tuple(tensor for tensor in extra if tensor is not None)
        kind = "matrix" if part.inputs > 1 else "vector"
        return self.node(f"{part.component}/{name}", kind, text, column, lane, lanes, part, tabs)

    def node(self, key, kind, text, column, lane, lanes=1, part=None, tabs=()) -> str:
        """Add any node; its key."""
        self.nodes.append(Node(key, kind, text, column, lane, lanes, part, tabs))
        return key

    def missing(self) -> list:
        """Tensors, scores and caches that have no box and no tab yet, in their order."""
        drawn = {id(part) for node in self.nodes for part in (node.part, *node.tabs)}
        return [part for part in self.listed if id(part) not in drawn]

    def arrow(self, source: str, target: str, label="", **how) -> None:
        """Add an arrow; a label may be a number or a shape."""
        text = "\u00d7".join(map(str, label)) if isinstance(label, tuple) else str(label)
        self.edges.append(Edge(source, target, text, **how))

    def chain(self, *keys, label="") -> str:
        """Arrows from each to the next, all with one label; the last key."""
        for source, target in zip(keys, keys[1:], strict=False):
            self.arrow(source, target, label)
        return keys[-1]

    def branch(self, norm: str | None, hidden: int) -> str:
        """Fork the residual stream into a norm, or past where one would stand; the key of what comes out."""
        fork = self.node("fork", "fork", "", 0, 0)
        key = self.tensor(norm, "norm", 0, 1, component="norms") if norm else self.node("entry", "fork", "", 0, 1)
        self.arrow(fork, key, hidden)
        return key

    def join(self, *last: str, hidden: int) -> None:
        """Add what comes out of the last nodes to the residual stream, behind all else."""
        total = self.node("sum", "operation", "+", self.width + 1, 0)
        for key in last:
            self.arrow(key, total, hidden)

    def lane_of(self, key: str) -> float:
        """The lane in which an arrow leaves a node."""
        return next(node.lane for node in self.nodes if node.key == key)

    @property
    def width(self) -> int:
        """The last column that has a node."""
        return max((node.column for node in self.nodes), default=0)

    @property
    def depth(self) -> int:
        """The last lane that has a node."""
        return math.ceil(max((node.last_lane for node in self.nodes), default=0))

    def hang(self, pieces) -> None:
        """Add pieces as tabs, each to the box of what is listed before it."""
        at = {id(one): index for index, one in enumerate(self.listed)}
        for piece in pieces:
            boxes = [node for node in self.nodes if id(node.part) in at]
            earlier = [node for node in boxes if at[id(node.part)] < at[id(piece)]]
            last = max(earlier, key=lambda node: at[id(node.part)]) if earlier else boxes[0]
            self.nodes[self.nodes.index(last)] = last._replace(tabs=(*last.tabs, piece))

    def below(self, other: "Wiring", lanes: int) -> dict:
        """Add what another wiring holds, so many `lanes` further down; its key -> the one that it has here."""
        taken = {node.key for node in self.nodes}
        keys = {node.key: node.key + "/again" * (node.key in taken) for node in other.nodes}
        self.nodes += [node._replace(key=keys[node.key], lane=node.lane + lanes) for node in other.nodes]
        for edge in other.edges:
            ends = {name: keys.get(key, key) for name, key in (("source", edge.source), ("target", edge.target))}
            # what leaves a node of this wiring leaves it in a lane of its own
            out = edge.out if edge.out is None or edge.source not in keys else edge.out + lanes
            self.edges.append(edge._replace(**ends, out=out, into=None if edge.into is None else edge.into + lanes))
        return keys

    def band(self, title: str) -> Band:
        return Band(title, tuple(self.nodes), tuple(self.edges))
