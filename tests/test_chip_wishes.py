"""What chips could do better: wishes that change nothing where they ask for nothing, and never more than they touch."""

import pytest

from moecalc import InputError, load_accelerator
from moecalc.explorers.training._step import setting
from moecalc.hardware.collectives.normal import TODAY, NormalParameters, Offload, normal_s
from moecalc.hardware.collectives.parameters import fitted
from moecalc.hardware.collectives.shape import Shape
from moecalc.industry import chip_wishes
from moecalc.industry.chip_wishes import NODE, TOGETHER, WISHES, decoding, decoding_bought, training, training_bought
from moecalc.training.step_work import taken_sms
from moecalc.training.timing.device import BF16, timer_of
from moecalc.training.timing.parameters import step_parameters
from moecalc.training.timing.settings import Running, TensorCores

CHIPS = [load_accelerator(slug) for slug in ("h800-sxm", "h100-sxm", "h20", "b200-sxm")]
H800 = CHIPS[0]
KINDS = {"training": training_bought, "decoding": decoding_bought}


def test_without_wishes_the_step_is_the_one_of_the_other_pages():
    assert training(H800).step_s == pytest.approx(setting().step().step_s, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_what_asks_for_nothing_buys_nothing(kind):
    found = {one.wish: one for one in KINDS[kind](H800, wishes=("domain",), domain=NODE)}
    assert found["domain"].saved_s == found[TOGETHER].saved_s == 0
    assert KINDS[kind](H800, wishes=())[-1].saved_s == 0
    assert training(H800, ("domain",), NODE).step_s == training(H800).step_s
    assert decoding(H800, ("engine", "one_network", "transposed", "in_network", "power")).step_s == decoding(H800).step_s


@pytest.mark.parametrize("chip", CHIPS, ids=lambda one: one.slug)
@pytest.mark.parametrize("domain", (16, 64, 576))
@pytest.mark.parametrize("kind", KINDS)
def test_together_is_at_least_each_alone_and_none_beats_what_it_touches(chip, domain, kind):
    *alone, together = KINDS[kind](chip, domain=domain)
    assert [one.wish for one in alone] == list(WISHES) and together.wish == TOGETHER
    assert together.saved_s >= max(one.saved_s for one in alone) - 1e-12
    for one in (*alone, together):
        assert 0 <= one.saved <= one.most + 1e-9, one
        assert one.low_s <= one.saved_s <= one.high_s


@pytest.mark.parametrize("kind", KINDS)
def test_a_larger_domain_never_hurts(kind):
    for chip in CHIPS:
        saved = [KINDS[kind](chip, ("domain",), domain)[-1].saved_s for domain in chip_wishes.DOMAINS]
        assert saved == sorted(saved)


def test_freed_sms_are_worth_more_where_power_is_no_limit():
    """At V3's power limit its products hardly slow down when they lose SMs."""
    alone = [training_bought(H800, (wish,))[-1].saved_s for wish in ("engine", "power")]
    assert training_bought(H800, ("engine", "power"))[-1].saved_s > sum(alone)
    h20 = {one.wish: one for one in training_bought(load_accelerator("h20"))}  # which has power to spare
    assert h20["power"].saved_s == 0 and h20["engine"].saved > 0.2


def test_links_set_the_time_of_v3s_exchange_so_that_forwarding_costs_sms_and_no_time():
    shape = Shape(4096, 7168, num_nodes=8)
    for direction in ("dispatch", "combine"):
        found = fitted(f"DeepEP normal {direction}", "hopper", NormalParameters)

        def time_s(sms, offload=TODAY, found=found, direction=direction):
            return normal_s(found, direction, shape, sms, 200e9, 50e9, 1.0, 4, offload)

        assert time_s(20, Offload(forwarding=True)) == time_s(20)
        assert time_s(2, Offload(replication=True)) < time_s(2)
        assert time_s(2, Offload(forwarding=True)) == time_s(20)
        assert time_s(20, Offload(engine=True)) == time_s(20)
        assert time_s(20, Offload(free=True)) == 0
    running = Running(dispatcher="deepep")
    taken = [taken_sms(running._replace(offload=one), H800) for one in (Offload(), Offload(forwarding=True), Offload(True))]
    assert taken == [20, 10, 0]


def test_casts_move_the_bytes_that_they_must():
    """Bytes of a number: 2 read and 1 written, or 1 more in the product; a copy along tokens unless it is read across."""
    plain, cast, across, both = (
        timer_of(H800, "fp8_block", 0, False, False, step_parameters(), TensorCores(False, *one))
        for one in ((False, False), (True, False), (False, True), (True, True))
    )

    def moved(timer):
        return [round(timer.quantise(1e9, along) * timer.bandwidth / 1e9) for along in (False, True)]

    assert [moved(one) for one in (plain, cast, across, both)] == [[3, 3], [1, 3], [3, 0], [1, 1]]


def test_sums_in_full_leave_no_product_slower():
    how = (0, False, False, step_parameters())
    plain, full = (timer_of(H800, "fp8_block", *how, TensorCores(sums=one)) for one in (False, True))
    for shape in ((4096, 7168, 2048), (4096, 4096, 7168), (64, 7168, 2048)):
        assert full.product(*shape, True) <= plain.product(*shape, True)
        assert full.product(*shape, False) == plain.product(*shape, False) == plain._by(BF16, *shape, 1)
    assert full.weight_product(4096, 7168, 2048, True) < plain.weight_product(4096, 7168, 2048, True)


@pytest.mark.parametrize(("how", "said"), [({"wishes": ("wine",)}, "wishes"), ({"domain": 0}, "domain")])
def test_what_is_no_wish_is_named(how, said):
    with pytest.raises(InputError, match=said):
        training_bought(H800, **how)
