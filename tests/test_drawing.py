"""The drawn block: every part of it has its box, nothing overlaps, and every arrow goes from one edge to another."""

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from moecalc import ModelConfig, load_model, parse_config
from moecalc.explorers import explorer
from moecalc.explorers.model._blocks import ROLES, chosen_blocks, third_kind
from moecalc.model.anatomy import Block, Cache, Score, matrix, vector
from moecalc.model.catalog import counted_slugs
from moecalc.model.drawing.blocks import bands_of
from moecalc.model.drawing.place import NARROW, WIDE, draw
from moecalc.model.drawing.route import HEAD
from moecalc.model.wrappers import supports

FIGURE = explorer("anatomy")
SCREENS = {"wide": WIDE, "narrow": NARROW}
TRUTH = Path(__file__).parent / "truth" / "families.json"


def roles(config):
    there = {"mtp": config.anatomy.mtp, "other": third_kind(config.anatomy)}
    return [role for role in ROLES if there.get(role, True)]


#: One model for each graph that differs in more than its numbers.
STATES = list(
    {
        str([[edge[:2] for edge in band.edges] for band in bands_of(chosen_blocks(config, role), config.hidden_size)])
        + str(
            sorted(
                len(node.tabs) for band in bands_of(chosen_blocks(config, role), config.hidden_size) for node in band.nodes
            )
        ): (
            slug,
            role,
        )
        for slug in counted_slugs()
        for config in [load_model(slug)]
        for role in roles(config)
    }.values()
)


def graph(slug, role):
    config = load_model(slug)
    return bands_of(chosen_blocks(config, role), config.hidden_size)


def space(box):
    return box.x, box.y, box.right, box.bottom


def meet(one, other, slack=1e-6):
    return all(one[i] + slack < other[i + 2] and other[i] + slack < one[i + 2] for i in (0, 1))


def boxes_of(drawing):
    found = [*drawing.boxes, *drawing.operations, *([drawing.field] if drawing.field else [])]
    return [box for box in found if box.kind != "fork"]


def labels_of(drawing, screen):
    """Spaces that the words on arrows take."""
    return [
        (x - len(text) * screen.label_width / 2, y - screen.text_height / 2, x + len(text) * screen.label_width / 2, y + 5)
        for text, x, y in drawing.labels
    ]


def on_edge(box, point):
    """Whether a point is on the edge of a box."""
    (x, y), slack = point, 1e-6
    inside = box.x - slack <= x <= box.right + slack and box.y - slack <= y <= box.bottom + slack
    return inside and min(abs(x - box.x), abs(x - box.right), abs(y - box.y), abs(y - box.bottom)) <= slack


def test_there_are_many_kinds_of_blocks():
    assert len(STATES) >= 12
    assert {role for _, role in STATES} == set(ROLES)


@pytest.mark.parametrize("slug", counted_slugs())
def test_every_part_of_a_block_is_drawn_once(slug):
    config = load_model(slug)
    for role in roles(config):
        blocks = chosen_blocks(config, role)
        nodes = [node for band in graph(slug, role) for node in band.nodes]
        drawn = Counter(str(part) for node in nodes for part in (node.part, *node.tabs) if part is not None)
        parts = [part for block in blocks for part in (*block.tensors, *block.scores, *block.cache)]
        assert drawn == Counter(map(str, parts))
        tensors = [part for node in nodes for part in (node.part, *node.tabs) if hasattr(part, "num_params")]
        assert sum(tensor.num_params for tensor in tensors) == sum(block.num_params for block in blocks)


@pytest.mark.parametrize(("slug", "role"), STATES)
def test_every_node_is_reached_and_left(slug, role):
    for band in graph(slug, role):
        keys = [node.key for node in band.nodes]
        assert len(set(keys)) == len(keys)
        sources, targets = {edge.source for edge in band.edges}, {edge.target for edge in band.edges}
        assert sources | targets <= set(keys)
        first, last = set(keys) - targets, set(keys) - sources
        assert first == ({"fork"} if band.in_stream else first) and len(last) == 1
        columns = {node.key: node.column for node in band.nodes}
        assert all(columns[edge.source] <= columns[edge.target] for edge in band.edges)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("slug", "role"), STATES)
def test_nothing_overlaps_and_all_is_on_the_screen(slug, role, screen):
    size = SCREENS[screen]
    drawing = draw(graph(slug, role), size)
    boxes, labels = [space(box) for box in boxes_of(drawing)], labels_of(drawing, size)
    captions = [(one.x, one.y - 5, one.x + 6 * len(one.text), one.y + 5) for one in drawing.captions]
    for one, other in itertools.combinations([*boxes, *labels, *captions], 2):
        assert not meet(one, other)
    points = [point for arrow in (*drawing.arrows, *drawing.stream) for point in arrow.points]
    corners = [(x, y) for left, top, right, bottom in (*boxes, *labels) for x, y in ((left, top), (right, bottom))]
    for x, y in [*points, *corners]:
        assert 0 <= x <= size.width and 0 <= y <= size.height + 1e-6


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("slug", "role"), STATES)
def test_arrows_go_from_edge_to_edge_and_around_boxes(slug, role, screen):
    bands = graph(slug, role)
    drawing = draw(bands, SCREENS[screen])
    assert len(drawing.arrows) == sum(len(band.edges) for band in bands)
    # the same key may stand in two bands: of those the one that the point touches
    everything = [*boxes_of(drawing), *(one for one in drawing.operations if one.kind == "fork")]
    obstacles = boxes_of(drawing)
    for arrow in drawing.arrows:
        pieces = arrow.pieces()
        assert pieces and all((x == x2) != (y == y2) for (x, y), (x2, y2) in pieces), "level or upright"
        ends = []
        for key, point in ((arrow.source, arrow.points[0]), (arrow.target, arrow.points[-1])):
            own = [box for box in everything if box.key == key and on_edge(box, point)]
            # the tabs of a box are part of it
            own += [box for box in everything if box.key.startswith(key + "/") and on_edge(box, point)]
            assert own, f"{arrow.source} to {arrow.target}"
            ends += own
        for (x, y), (x2, y2) in pieces:
            line = (min(x, x2), min(y, y2), max(x, x2), max(y, y2))
            crossed = [box for box in obstacles if box not in ends and meet(line, space(box), slack=-1e-9)]
            assert not crossed, f"{arrow.source} to {arrow.target} through {crossed[0].key}"
        last = pieces[-1]
        assert abs(last[0][0] - last[1][0]) + abs(last[0][1] - last[1][1]) >= 2.5, "there is room for a head"


@pytest.mark.parametrize(("slug", "role"), STATES)
def test_labels_stand_free_of_lines(slug, role):
    drawing = draw(graph(slug, role), WIDE)
    for label in labels_of(drawing, WIDE):
        for arrow in (*drawing.arrows, *drawing.stream):
            for (x, y), (x2, y2) in arrow.pieces():
                assert not meet((min(x, x2), min(y, y2), max(x, x2), max(y, y2)), label, slack=-0.5)
    said = {text for text, _, _ in drawing.labels}
    assert len(said) >= 1 and HEAD > 0
    assert not draw(graph(slug, role), NARROW).labels


def test_shapes_on_the_arrows_of_deepseek_v3():
    attention, experts = graph("deepseek-v3", "last")
    shapes = {(edge.source, edge.target): edge.label for edge in (*attention.edges, *experts.edges)}
    assert shapes["attention/q_a_proj", "attention_internal_norms/q_a_layernorm"] == "1536"
    assert shapes["attention/q_b_proj", "attention_scores"] == "128\u00d7128"
    assert shapes["rope_q", "attention_scores"] == "128\u00d764"
    assert shapes["attention/kv_a_proj_with_mqa", "rope_k"] == "64"
    assert shapes["cache", "attention/kv_b_proj"] == "512"
    assert shapes["attention/o_proj", "sum"] == "7168"
    assert shapes["routed_experts/down_proj", "weighted"] == "8\u00d77168"
    labels = {text for text, _, _ in draw(graph("deepseek-v3", "last")).labels}
    assert {"7168", "1536", "128\u00d7128", "128\u00d764", "64", "512", "2048", "8 weights"} <= labels


@pytest.mark.parametrize(
    ("slug", "role", "titles"),
    [
        ("deepseek-v3", "first", ["Multi-head latent attention", "Dense feed-forward, gated"]),
        ("deepseek-v3.2", "last", ["Multi-head latent attention, 2,048 tokens that an indexer chooses"]),
        ("gpt-oss-120b", "first", ["Grouped-query attention, a window of 128 tokens"]),
        ("llama-3.1-405b", "last", ["Grouped-query attention", "Dense feed-forward, gated"]),
        ("olmoe-1b-7b", "last", ["Multi-head attention", "Mixture of experts: a token uses 8 of 64"]),
        ("qwen3-next-80b-a3b", "first", ["Linear attention: a gated delta rule behind a short convolution"]),
        ("qwen3-next-80b-a3b", "last", ["Grouped-query attention, gated"]),
        ("minimax-m1", "first", ["Linear attention: lightning attention with a decay"]),
    ],
)
def test_each_kind_of_part_says_what_it_is(slug, role, titles):
    assert [band.title for band in graph(slug, role)][: len(titles)] == titles


CASES = json.loads(TRUTH.read_text(encoding="utf-8"))


def things_drawn(config):
    """What is drawn of a config as one: embedding and head, and each different layer and MTP module."""
    anatomy = config.anatomy
    return [[anatomy.embedding, anatomy.head], *([one] for one in dict.fromkeys(anatomy.layers + anatomy.mtp))]


def parts_drawn(bands):
    return [part for band in bands for node in band.nodes for part in (node.part, *node.tabs) if part is not None]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if supports(case["config"])])
def test_every_block_of_the_truth_is_drawn_whole(name):
    """With every tensor, product and cache once, at places on the screen, and arrows that have two ends."""
    config = ModelConfig(CASES[name]["config"])
    for blocks in things_drawn(config):
        bands = bands_of(blocks, config.hidden_size)
        parts = [part for block in blocks for part in (*block.tensors, *block.scores, *block.cache)]
        assert sorted(map(id, parts_drawn(bands))) == sorted(map(id, parts)), blocks[0].name
        for band in bands:
            keys = [node.key for node in band.nodes]
            assert len(set(keys)) == len(keys)
            assert {key for edge in band.edges for key in (edge.source, edge.target)} == set(keys), blocks[0].name
        for screen in SCREENS.values():
            drawing = draw(bands, screen)
            assert len(drawing.arrows) == sum(len(band.edges) for band in bands)
            assert all(0 <= box.x < box.right <= screen.width and box.height > 0 for box in drawing.boxes)


def block_of(tensors, **what):
    return Block("layer", [matrix(component, name, 8, 8) for component, name in tensors], **what)


@pytest.mark.parametrize(
    "tensors",
    [
        [("attention", "q_proj"), ("dense_mlp", "w1"), ("dense_mlp", "w2")],
        [("convolution", "conv"), ("attention", "k_proj"), ("router", "gate")],
        [("dense_mlp", "up_proj")] * 3,
        [("routed_experts", "up_proj"), ("norms", "norm"), ("new", "thing")],
        [("norms", "norm")],
        [("attention", f"part_{index}") for index in range(60)],
    ],
    ids=str,
)
def test_a_kind_that_is_not_known_is_drawn_in_one_line(tensors):
    block = block_of(tensors, scores=[Score("products", 2, 4)], cache=[Cache("kept", 8), Cache("state", 8, once=True)])
    bands = bands_of([block], 8)
    assert sorted(map(id, parts_drawn(bands))) == sorted(map(id, [*block.tensors, *block.scores, *block.cache]))
    for screen in SCREENS.values():
        assert all(box.width > 0 for box in draw(bands, screen).boxes)


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        (
            "falcon-h1-0.5b",
            ["State space: Mamba-2 behind a short convolution beside grouped-query attention", "Dense feed-forward, gated"],
        ),
        ("jamba-mini-1.5", ["State space: Mamba-1 behind a short convolution", "Dense feed-forward, gated"]),
        ("lfm2-1.2b", ["Short convolution between two gates", "Dense feed-forward, gated"]),
        ("kimi-linear-48b-a3b", ["Kimi delta attention behind short convolutions", "Dense feed-forward, gated"]),
        ("mamba-130m", ["State space: Mamba-1 behind a short convolution"]),
    ],
)
def test_recurrences_say_what_they_are_and_each_band_reads_a_norm(name, titles):
    config = ModelConfig(CASES[name]["config"])
    bands = bands_of([config.anatomy.layers[0]], config.hidden_size)
    assert [band.title for band in bands] == titles
    for band in bands:
        assert [node.part.component for node in band.nodes if node.column == 0 and node.lane == 1] == ["norms"]
        assert not [node for node in band.nodes if node.column > 0 and getattr(node.part, "component", "") == "norms"]


def test_what_a_kind_is_not_known_to_have_stands_in_a_lane_of_its_own():
    layer = load_model("llama-3.1-8b").anatomy.layers[0]
    further = [matrix("attention", "q_adapter", 4096, 8), vector("attention", "scale", 8)]
    at = [tensor.name for tensor in layer.tensors].index("o_proj")
    block = Block("layer", [*layer.tensors[:at], *further, *layer.tensors[at:]], layer.scores, layer.cache)
    before, after = bands_of([layer], 4096)[0], bands_of([block], 4096)[0]
    assert after.title == before.title == "Grouped-query attention"
    added = next(node for node in after.nodes if node.part is further[0])
    assert added.lane == 1 + max(node.last_lane for node in before.nodes)
    assert {edge.target for edge in after.edges if edge.source == added.key} == {"sum"}
    assert any(further[1] in node.tabs for node in after.nodes)


def test_a_pasted_config_is_drawn():
    text = json.dumps({**load_model("deepseek-v3").raw, "q_lora_rank": None, "n_shared_experts": 0, "num_hidden_layers": 4})
    config = parse_config(text)
    bands = bands_of([config.anatomy.layers[-1]], config.hidden_size)
    keys = {node.key for band in bands for node in band.nodes}
    assert "attention/q_proj" in keys and not {key for key in keys if key.startswith("shared_experts")}


@pytest.mark.parametrize("bars", ["flops", "params", "activated", "bytes"])
@pytest.mark.parametrize(("slug", "role"), STATES)
def test_rows_place_every_box_and_bars_fit_into_them(slug, role, bars):
    rows = FIGURE.run({"model": slug, "block": role, "bars": bars}).rows
    lines, boxes = rows[0], [row for row in rows if row["part"] == "box"]
    assert lines["bars"] == bars and all(row[bars] >= 0 for row in boxes)
    for screen in SCREENS:
        places = [row[screen].split("|") for row in boxes]
        assert len(set(map(str, places))) == len(boxes)
        largest = max(row[bars] for row in boxes)
        for row, (_, _, width, _, text) in zip(boxes, places, strict=True):
            if text and largest:
                assert lines[f"{screen}_room"] * row[bars] / largest <= int(width)
        assert lines[f"{screen}_arrows"].count("M") == len(draw(graph(slug, role), SCREENS[screen]).arrows)


@pytest.mark.parametrize(("slug", "role"), STATES)
def test_a_click_on_a_cell_or_a_box_sets_its_control(slug, role):
    rows = FIGURE.run({"model": slug, "block": role}).rows
    words = {text for control in FIGURE.controls if control.key == "box" for _, text in control.options}
    assert {row["component"] for row in rows if row["part"] == "box"} <= words
    # a kind of layer that is neither the first nor the last one has no role
    kinds = [row["role"] for row in rows if row["part"] == "pattern" and row["role"] is not None]
    assert set(kinds) <= set(ROLES) and len(set(kinds)) == len(kinds)
    assert dict(FIGURE.picks) == {"box": "component", "block": "role"}
