r"""What each change that DeepSeek asks makers of chips for would buy V3, in a training step and in a step of decoding.

.. math:: b_w = t(\varnothing) - t(\{w\}), \qquad b_w \le t(\varnothing) \, s_w

A wish w alters the accelerator or how the program runs on it; t is the time by :mod:`moecalc.training.step` and
:mod:`moecalc.serving.step_time`, and s the share of it that the wish touches, which no wish can do better than remove [1]_.

A wish that would make a step longer is not used: a larger domain serves as a smaller one too, and old kernels still run.

.. [1] G. Amdahl, Validity of the single processor approach, AFIPS 1967.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.limits import MAX_PARALLEL_SIZE
from ..hardware.accelerator import Accelerator
from ..hardware.collectives.normal import Offload
from ..model.catalog import counted_config
from ..serving.served_types import served_types
from ..serving.step_time import Running as Serving
from ..serving.step_time import StepTime, decode_time
from ..serving.throughput import expert_parallel
from ..training.activation_policy import ActivationPolicy
from ..training.memory import Batch
from ..training.memory_examples import V3_LAYOUT
from ..training.memory_savings import v3_recompute
from ..training.published_step import V3_GLOBAL_BATCH
from ..training.step import Step, training_step
from ..training.timing.balance import balanced
from ..training.timing.settings import Running, TensorCores

#: Wish -> what a reader calls it. The order is the report's, then the later paper's.
WISHES = {
    "engine": "SMs freed from communication",
    "one_network": "one interface, no forwarding",
    "accumulation": "FP8 sums in full, scales inside",
    "cast": "FP8 cast fused with the load",
    "transposed": "transposed reads",
    "in_network": "network copies and adds",
    "domain": "larger scale-up domain",
    "power": "power head-room",
}
TOGETHER = "together"
#: Wishes of the report's section on communication, and of that on computing; the later papers ask for the others.
NETWORK, COMPUTE = ("engine", "one_network"), ("accumulation", "cast", "transposed")
MODEL, RECIPE, SEQ_LEN = "deepseek-v3", "deepseek-v3", 4096
#: SMs of V3's kernels for dispatch and combine; copies of popular experts in a unit of decode.
SMS, REDUNDANT = 20, 32
#: GPUs of the domains that are compared; the first is that of the nodes V3 was trained on.
DOMAINS = (8, 16, 32, 72, 144, 576)
NODE = DOMAINS[0]


class Bought(NamedTuple):
    """What a wish, or several together, buys of one step."""

    wish: str  #: of :data:`WISHES`, or :data:`TOGETHER`
    before_s: float
    after_s: float
    low_s: float  #: saved, if steps are as short as measured ones allow
    high_s: float  #: and if they are as long
    most: float  #: share of the step that it touches, and can remove at most

    @property
    def saved_s(self) -> float:
        return self.before_s - self.after_s

    @property
    def saved(self) -> float:
        """Share of the step."""
        return self.saved_s / self.before_s


def altered(accelerator: Accelerator, wishes: tuple, domain: int) -> Accelerator:
    """The accelerator with `domain` of them in one scale-up network [accelerators], and power enough, if these are wishes.

    The bandwidth of the network stays as it is; what power slows is not slowed where no power is known.
    """
    if "power" in wishes:
        accelerator = accelerator._replace(power_w=None)
    if "domain" in wishes:
        accelerator = accelerator._replace(scale_up_domain_gpus=domain)
    return accelerator


def altered_ways(accelerator: Accelerator, wishes: tuple, domain: int) -> list:
    """The altered accelerator, and ones with each smaller domain of :data:`DOMAINS`."""
    sizes = (*(one for one in DOMAINS if one < domain), domain) if "domain" in wishes else (domain,)
    return [altered(accelerator, wishes, size) for size in sizes]


@lru_cache(maxsize=1024)
def training(accelerator: Accelerator, wishes: tuple = (), domain: int = NODE, sms: int = SMS, free: bool = False) -> Step:
    """V3's own step of 15,360 sequences on 2,048 GPUs, as if `wishes` were granted.

    `domain` is that of :func:`altered`, `sms` [SMs] move data, `free` dispatch and combine take no time.
    """
    config = counted_config(MODEL)
    offload = Offload("engine" in wishes, "one_network" in wishes, "in_network" in wishes, free)
    cores = TensorCores("accumulation" in wishes, "cast" in wishes, "transposed" in wishes)
    running = Running(sms=sms, dispatcher="deepep", offload=offload, cores=cores)
    layout = balanced(config, V3_LAYOUT, SEQ_LEN)
    batch = Batch(1, SEQ_LEN, V3_GLOBAL_BATCH // V3_LAYOUT.dp)
    policy = ActivationPolicy(v3_recompute(config), "fp8", True)
    ways = altered_ways(accelerator, wishes, domain)
    steps = [training_step(config, chip, layout, RECIPE, batch, policy, running=running) for chip in ways]
    return min(steps, key=lambda step: step.step_s)


@lru_cache(maxsize=1024)
def decoding(
    accelerator: Accelerator, wishes: tuple = (), domain: int = NODE, batch: int = 128, ep: int = 144, context: int = 4096
) -> StepTime:
    """A step of V3's decoding in two micro-batches: `batch` [sequences] of `context` [tokens] on each of `ep` GPUs [GPUs].

    Kernels of low latency take no SMs while messages are under way and forward nothing; a step has no gradients; its kernels
    are not held against the power.
    """
    config = counted_config(MODEL)
    (layout,) = expert_parallel(config, (ep,), 1, REDUNDANT)
    own = served_types(config, accelerator)._replace(cast_on_load="cast" in wishes)
    kinds = [own]
    if "accumulation" in wishes:  # the kernels that promote sums remain for where they are faster
        kinds.append(own._replace(**{name: "fp8" for name, kind in own._asdict().items() if kind == "fp8_block"}))
    steps = [
        decode_time(config, chip, layout, batch, context, Serving(types=one, two_micro_batches=True))
        for one in kinds
        for chip in altered_ways(accelerator, wishes, domain)
    ]
    return min(steps, key=lambda step: step.step_s)


def training_bought(accelerator: Accelerator, wishes: tuple = tuple(WISHES), domain: int = NODE, sms: int = SMS) -> list:
    """What each of :data:`WISHES` buys of a training step alone, and last what `wishes` buy together.

    >>> from ..hardware.accelerator import load_accelerator
    >>> engine, *_, all_of_them = training_bought(load_accelerator("h800-sxm"), domain=64)
    >>> engine.wish, engine.saved_s < all_of_them.saved_s
    ('engine', True)
    """
    before, free = training(accelerator, (), NODE, sms), training(accelerator, (), NODE, sms, True)
    inside, parts = before.inside, before.components
    busy = parts.forward + parts.backward + parts.weight + parts.overlapped
    scaled = (before.step_s - parts.between_steps) / busy / before.step_s  # ranks wait for each other in proportion
    shares = {
        "products": (inside.products + inside.experts) * scaled,
        "attention": inside.attention * scaled,
        "elementwise": inside.elementwise * scaled,
        "exchange": 1 - free.step_s / before.step_s,
    }
    taken = sms / (accelerator.num_sms or sms)
    touched = {
        "engine": {"products": taken, "attention": taken},
        "one_network": {"products": taken / 2, "attention": taken / 2, "exchange": 1},
        "accumulation": {"products": 1},
        "cast": {"elementwise": 1},
        "transposed": {"elementwise": 1},
        "in_network": {"exchange": 1},
        "domain": {"exchange": 1},
        "power": {"products": 1, "attention": 1},
    }
    return _bought(before, lambda some: training(accelerator, some, domain, sms), shares, touched, _checked(wishes, domain))


def decoding_bought(
    accelerator: Accelerator,
    wishes: tuple = tuple(WISHES),
    domain: int = NODE,
    batch: int = 128,
    ep: int = 144,
    context: int = 4096,
) -> list:
    """The same of a step of decoding, with the `batch` [sequences], `ep` [GPUs] and `context` [tokens] of :func:`decoding`.

    >>> from ..hardware.accelerator import load_accelerator
    >>> bought = {one.wish: one for one in decoding_bought(load_accelerator("h800-sxm"), domain=64)}
    >>> bought["engine"].saved, bought["domain"].saved > 0.05
    (0.0, True)
    """
    how = batch, ep, context
    before = decoding(accelerator, (), NODE, *how)
    parts = {
        "products": ("projections", "dense_feed_forward", "experts"),
        "elementwise": ("small_kernels",),
        "exchange": ("dispatch", "combine"),
    }
    shares = {part: sum(before.components.get(name, 0.0) for name in names) for part, names in parts.items()}
    shares = {part: value / before.step_s for part, value in shares.items()}
    touched = {"accumulation": {"products": 1}, "cast": {"elementwise": 1}}
    touched |= dict.fromkeys(("in_network", "domain"), {"exchange": 1})
    return _bought(before, lambda some: decoding(accelerator, some, domain, *how), shares, touched, _checked(wishes, domain))


def _checked(wishes: tuple, domain: int) -> tuple:
    """The wishes in one order, so that their steps are found again."""
    for wish in wishes:
        one_of("wishes", wish, WISHES)
    whole("domain", domain, 1, MAX_PARALLEL_SIZE)
    return tuple(wish for wish in WISHES if wish in wishes)


def _bought(before, after, shares: dict, touched: dict, wishes: tuple) -> list:
    """One :class:`Bought` for each wish and one for all of `wishes`.

    `shares` are parts of the step, `touched` how much of a part a wish touches: what several touch counts once.
    """
    found = []
    for name, some in [*((wish, (wish,)) for wish in WISHES), (TOGETHER, wishes)]:
        after_s = min(before.step_s, after(some).step_s)
        saved = before.step_s - after_s
        ends = (saved * end / before.step_s for end in (before.low_s, before.high_s))
        most = sum(max((touched.get(wish, {}).get(part, 0) for wish in some), default=0) * shares[part] for part in shares)
        found.append(Bought(name, before.step_s, after_s, *ends, min(1.0, most)))
    return found
