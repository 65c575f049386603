"""The layer to scale: an area is a number of parameters, nothing overlaps, and what is drawn is the whole layer."""

import itertools
import json
from pathlib import Path

import pytest

from moecalc import InputError, load_model
from moecalc.explorers import explorer
from moecalc.explorers.model._blocks import ROLES, chosen_blocks, chosen_experts, third_kind
from moecalc.explorers.model.layer_to_scale import rows_of
from moecalc.model.catalog import counted_slugs
from moecalc.model.config import ModelConfig
from moecalc.model.to_scale import NARROW, WIDE, groups_of, picture
from moecalc.model.wrappers import supports

FIGURE = explorer("layer-to-scale")
MODELS = counted_slugs()
FRAMES = {"wide": WIDE, "narrow": NARROW}
CASES = json.loads((Path(__file__).parent / "truth" / "families.json").read_text(encoding="utf-8"))


#: A layer of it holds more than twice the weights of one of DeepSeek-V3.
LARGER = ("deepseek-v4-pro",)


def roles(config):
    there = {"mtp": config.anatomy.mtp, "other": third_kind(config.anatomy)}
    return [role for role in ROLES if there.get(role, True)]


STATES = [(slug, role) for slug in MODELS for role in roles(load_model(slug))]


def groups(slug, role, token=1):
    config = load_model(slug)
    tensors = [tensor for block in chosen_blocks(config, role) for tensor in block.tensors]
    return groups_of(tensors, config.hidden_size, chosen_experts(config, tensors, token))


def overlapping(boxes):
    """The first two of some boxes (left, top, right, bottom) that overlap by more than rounding."""
    slack, open_ones = 1e-6, []
    for box in sorted(boxes):
        open_ones = [one for one in open_ones if one[2] > box[0] + slack]
        for one in open_ones:
            if one[1] + slack < box[3] and box[1] + slack < one[3]:
                return one, box
        open_ones.append(box)
    return None


def test_overlapping_boxes_are_found():
    assert overlapping([(0, 0, 2, 2), (5, 5, 6, 6), (1, 1, 3, 3)]) == ((0, 0, 2, 2), (1, 1, 3, 3))
    assert overlapping([(0, 0, 2, 2), (2, 0, 3, 2), (0, 2, 2, 3)]) is None


@pytest.mark.parametrize(("slug", "role"), STATES)
def test_all_of_the_block_is_there_once(slug, role):
    pieces = [piece for group in groups(slug, role) for piece in group.pieces]
    blocks = chosen_blocks(load_model(slug), role)
    assert sum(piece.num_params for piece in pieces) == sum(block.num_params for block in blocks)
    used = sum(piece.num_params for piece in pieces if piece.used)
    assert used == sum(block.num_activated_params for block in blocks)
    owned = [tensor for block in blocks for tensor in block.tensors if tensor.owned]
    assert sum(piece.flops for piece in pieces) == sum(tensor.flops for tensor in owned)
    for (_, component), parts in itertools.groupby(pieces, key=lambda piece: (piece.used, piece.component)):
        sides = {side for tensor in owned if tensor.component == component for side in (tensor.inputs, tensor.outputs)}
        assert all(part.height in sides for part in parts)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if supports(case["config"])])
def test_every_block_of_the_truth_is_drawn_whole(name):
    config = ModelConfig(CASES[name]["config"])
    anatomy = config.anatomy
    for blocks in [[anatomy.embedding, anatomy.head], *([one] for one in dict.fromkeys(anatomy.layers + anatomy.mtp))]:
        tensors = [tensor for block in blocks for tensor in block.tensors]
        found = groups_of(tensors, config.hidden_size, chosen_experts(config, tensors, 1))
        pieces = [piece for group in found for piece in group.pieces]
        assert sum(piece.num_params for piece in pieces) == sum(block.num_params for block in blocks)
        for frame in FRAMES.values():
            drawn = picture(found, frame)
            assert len(drawn.placed) == len(pieces) and drawn.height <= frame.height


@pytest.mark.parametrize("finest", [False, True], ids=["shared", "finest"])
@pytest.mark.parametrize("screen", FRAMES)
@pytest.mark.parametrize(("slug", "role"), STATES)
def test_areas_are_parameters_and_nothing_overlaps(slug, role, screen, finest):
    frame = FRAMES[screen]
    drawn = picture(groups(slug, role), frame, finest)
    boxes, labels = [], []
    for one in drawn.placed:
        copies = one.rectangles()
        area = sum(width * height for _, _, width, height in copies)
        assert area * drawn.weights_per_pixel**2 == pytest.approx(one.piece.num_params, rel=1e-12)
        boxes += [(x, y, x + width, y + height) for x, y, width, height in copies]
        if one.label:
            labels.append((one.x, one.y - frame.label_height, one.x + len(one.label) * frame.character_width, one.y))
    assert overlapping(boxes) is None and overlapping(boxes + labels) is None
    for left, top, right, bottom in boxes + labels:
        assert -1e-9 <= left < right <= frame.width + 1e-9 and -1e-9 <= top < bottom <= drawn.height + 1e-9
    assert drawn.height <= frame.height
    if finest:
        assert drawn.weights_per_pixel <= picture(groups(slug, role), frame).weights_per_pixel


@pytest.mark.parametrize(("slug", "role"), [state for state in STATES if state[1] != "ends"])
def test_every_layer_of_the_list_keeps_to_one_scale(slug, role):
    for frame in FRAMES.values():
        scale = picture(groups(slug, role), frame).weights_per_pixel
        assert scale == frame.weights_per_pixel or (slug in LARGER and scale > frame.weights_per_pixel)


def test_a_layer_that_is_too_large_takes_a_coarser_scale():
    raw = load_model("deepseek-v3").raw
    large = ModelConfig({**raw, "n_routed_experts": 2048, "num_experts_per_tok": 64}, "large")
    rows = rows_of(large)
    assert rows[0]["wide_scale"] > WIDE.weights_per_pixel
    assert sum(row["params"] for row in rows) == large.anatomy.layers[-1].num_params


@pytest.mark.parametrize("slug", MODELS)
def test_a_token_uses_as_many_experts_as_it_may(slug):
    config = load_model(slug)
    tensors = config.anatomy.layers[-1].tensors
    copies, used = max((tensor.copies, tensor.used) for tensor in tensors)
    chosen = [chosen_experts(config, tensors, token) for token in (1, 1, 2)]
    if copies == 1:
        assert chosen == [[], [], []]
        return
    assert chosen[0] == chosen[1] and set(chosen[0]) != set(chosen[2])
    for experts in chosen:
        assert len(set(experts)) == used and set(experts) <= set(range(copies))


@pytest.mark.parametrize("token", range(1, 41))
def test_experts_keep_to_the_groups_that_a_token_may_use(token):
    config = load_model("deepseek-v3")
    experts = chosen_experts(config, config.anatomy.layers[-1].tensors, token)
    assert len({expert * config.n_group // config.n_routed_experts for expert in experts}) <= config.topk_group == 4


@pytest.mark.parametrize("chosen", [(), range(7), [0] * 8, [*range(7), 256]], ids=str)
def test_a_wrong_choice_of_experts_is_refused(chosen):
    config = load_model("deepseek-v3")
    with pytest.raises(InputError, match="chosen must be 8 of the 256 experts; found"):
        groups_of(config.anatomy.layers[-1].tensors, config.hidden_size, chosen)


def test_the_figure_says_what_its_rows_sum_to():
    metrics, rows = FIGURE.run().metrics, FIGURE.run().rows
    layer = load_model("deepseek-v3").anatomy.layers[-1]
    assert metrics["layer_params"] == layer.num_params and metrics["token_params"] == layer.num_activated_params
    assert (metrics["experts"], metrics["experts_used"], metrics["layers"]) == (256, 8, 58)
    assert metrics["matrix_flops"] == sum(row["flops"] for row in rows) == layer.num_flops
    assert metrics["attention_share"] == layer.params["attention"] / layer.num_params
    dense = FIGURE.run({"model": "llama-3.1-405b"}).metrics
    assert dense["used_share"] == 1 and dense["experts"] is None is dense["experts_share"]
