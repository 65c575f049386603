"""What a number of users asks of accelerators, memory, networks, power and money, by the calculators of serving.

Examples use ``v3 = load_model("deepseek-v3")``. Throughputs are those of :mod:`moecalc.economics.estimated`, with their
intervals. Published volumes are in ``data/demand.csv``, each with what it counts.
"""

from typing import NamedTuple

from ..base.checks import real
from ..economics.cost import HOURS_PER_DAY, SECONDS_PER_HOUR
from ..economics.estimated import Estimate
from ..economics.tokens import Service, gpu_seconds, token_cost
from ..facts import tables
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from ..serving.capacity import instance
from ..serving.disaggregation import Requests
from ..serving.kv_transfer import kv_transfer
from ..serving.layout import num_experts
from ..serving.request_steps import decode_context
from ..serving.served_types import served_types
from ..serving.step_time import USUAL, Running, decode_time
from ..serving.throughput import CACHE_BYTES, sequences_of_group
from ..serving.tpot_bound import tpot_bound
from ..serving.workspace import workspace

TABLE = "demand"
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR
#: Whose energy of a prompt was published part by part.
PARTS = "Gemini, median text prompt"


class Load(NamedTuple):
    """What users ask of a service in a day."""

    answers_per_day: float
    requests: Requests  #: what an answer takes; how many a second is not read

    @property
    def tokens_per_day(self) -> float:
        """Read and written [tokens]."""
        return self.answers_per_day * (self.requests.input_tokens + self.requests.output_tokens)


class Fleet(NamedTuple):
    """Accelerators that serve a load, and what they take."""

    gpus: float
    low_gpus: float  #: if steps are as fast as is likely
    high_gpus: float  #: if they are as slow
    prefill_gpus: float
    memory_bytes: float  #: of all of them
    sent_bytes_per_s: float  #: dispatched and combined, and of caches handed from prefill to decode
    power_w: float  #: with hosts and building
    usd_per_day: float
    wh_per_answer: float
    low_wh: float
    high_wh: float


class Limits(NamedTuple):
    """What a step of decode uses of what there is [shares]."""

    compute: float  #: of the FP8 peak where there is one, else of BF16
    bandwidth: float  #: of the memory's, if weights and caches are read once
    network: float  #: of the step's time, hidden or not
    memory: float  #: of the sequences for whose caches there is room


class Volume(NamedTuple):
    """Tokens that someone says were served."""

    subject: str
    date: str
    tokens_per_day: float
    high: float  #: the same where no range was given
    scope: str


def overheads() -> tuple:
    """(factor of hosts, factor of the building) over accelerators, from the published parts of a prompt's energy.

    Machines that wait are left out: a service's use of its hours counts them.

    >>> [round(factor, 2) for factor in overheads()]
    [1.43, 1.09]
    """
    known = tables.by_subject(TABLE)[PARTS]
    parts = {name: known[f"{name}_share"].to("ratio") for name in ("accelerator", "host", "idle", "overhead")}
    computing = sum(parts[name] for name in ("accelerator", "host", "idle"))
    return 1 + parts["host"] / parts["accelerator"], 1 + parts["overhead"] / computing


def gpus_of(service: Service, tokens_per_day: float) -> float:
    """GPUs that serve so many tokens as a `service` mixes them, `tokens_per_day` [tokens a day]; parts of one too [GPUs].

    >>> round(gpus_of(Service(2, 1000, 1000), 2 * 86.4e6))
    2
    """
    return real("tokens_per_day", tokens_per_day, most=1e24) / token_cost(service).tokens_per_day_per_gpu


def fleet(
    config: ModelConfig,
    accelerator: Accelerator,
    estimate: Estimate,
    load: Load,
    utilisation: float = 1,
    hosts: float | None = None,
    pue: float | None = None,
) -> Fleet:
    """What serves a `load` where accelerators are in use for `utilisation` [a share] of their hours.

    Power is the accelerators' rated power, times `hosts` [a factor] for what stands around them, times `pue` [a factor] for
    the building; those of :func:`overheads` where None is given. Rated power is rarely drawn in full: it is a bound.
    Networks carry a token to its experts and back in each layer, prefill and decode alike, and every cache once.
    """
    real("answers_per_day", load.answers_per_day, positive=True, most=1e18)
    own, building = overheads()
    hosts, pue = (own if hosts is None else hosts), (building if pue is None else pue)
    real("hosts", hosts, least=1, most=10)
    real("pue", pue, least=1, most=10)
    services = [one._replace(utilisation=utilisation) for one in (estimate.service, estimate.fast, estimate.slow)]
    gpus, low, high = (gpus_of(one, load.tokens_per_day) for one in services)
    prefill, decode = gpu_seconds(services[0])
    watts = accelerator.needed("power_w") * hosts * pue

    def wh(number):
        return number * watts * HOURS_PER_DAY / load.answers_per_day

    return Fleet(
        gpus=gpus,
        low_gpus=low,
        high_gpus=high,
        prefill_gpus=gpus * prefill / (prefill + decode),
        memory_bytes=gpus * accelerator.needed("memory_bytes"),
        sent_bytes_per_s=load.answers_per_day / SECONDS_PER_DAY * sent_bytes(config, load.requests),
        power_w=gpus * watts,
        usd_per_day=gpus * HOURS_PER_DAY * services[0].usd_per_gpu_hour,
        wh_per_answer=wh(gpus),
        low_wh=wh(low),
        high_wh=wh(high),
    )


def sent_bytes(config: ModelConfig, requests: Requests) -> float:
    """Bytes that one answer sends: each computed token to its experts and back, and the cache to decode once [bytes].

    Sends to experts on the same GPU are counted too.

    >>> sent_bytes(v3, Requests(1, 1000, 0)) < sent_bytes(v3, Requests(1, 1000, 100))
    True
    """
    computed = requests.input_tokens * (1 - requests.cache_hit) + requests.output_tokens
    bound = tpot_bound(config, 1e9) if num_experts(config) > 1 else None
    experts = bound.token_bytes * bound.layers if bound else 0
    return computed * experts + kv_transfer(config, round(requests.input_tokens), 1e9).bytes


def decode_limits(
    config: ModelConfig, accelerator: Accelerator, estimate: Estimate, requests: Requests, running: Running = USUAL
) -> Limits:
    """What decode uses of compute, bandwidth, network and memory, at the batch and in the layout of an `estimate`."""
    point, layout, context = estimate.point, estimate.point.layout, decode_context(requests)
    types = running.types or served_types(config, accelerator)
    halves = running.two_micro_batches and point.batch > 1
    step = decode_time(
        config, accelerator, layout, point.batch, context, running._replace(types=types, two_micro_batches=halves)
    )
    memory, width = accelerator.needed("memory_bytes"), CACHE_BYTES[types.cache]
    stage = instance(config, layout, memory, workspace(config, memory, layout.num_gpus), width).stages[0]
    read = sum(stage.weights.values()) + point.batch * stage.sequence_bytes(context)
    peak = accelerator.peak_dense_fp8_flops_per_s or accelerator.needed("peak_dense_bf16_flops_per_s")
    sent = step.hidden_s + sum(step.components.get(part, 0) for part in ("dispatch", "combine", "all_reduce"))
    return Limits(
        compute=step.flops / layout.num_gpus / peak / step.step_s,
        bandwidth=read / accelerator.needed("memory_bandwidth_bytes_per_s") / step.step_s,
        network=sent / step.step_s,
        memory=point.batch / max(1, sequences_of_group(config, accelerator, layout, context, width)),
    )


def volumes() -> list:
    """Every :class:`Volume` of ``data/demand.csv``, in its order.

    >>> found = volumes()[0]
    >>> found.subject, found.date, round(found.tokens_per_day / 1e9)
    ('Google, all products', '2024-04', 319)
    """
    return [
        Volume(fact.subject, fact.date, *(SECONDS_PER_DAY * end for end in fact.range_to("tokens/s")), fact.note)
        for fact in tables.facts(TABLE)
        if fact.quantity == "tokens"
    ]


def growth_per_year() -> dict:
    """By what factor a year each published volume grew between its first date and its last: subject -> [a factor].

    >>> round(growth_per_year()["ByteDance, Doubao"], 1)
    12.7
    """
    told = {}
    for one in volumes():
        year, month = map(int, one.date.split("-"))
        told.setdefault(one.subject, []).append((year + month / 12, one.tokens_per_day))
    return {
        subject: (found[-1][1] / found[0][1]) ** (1 / (found[-1][0] - found[0][0]))
        for subject, found in told.items()
        if len(found) > 1
    }


def site_watts() -> dict:
    """Published power of computing for each H100-equivalent of a site: site -> [W].

    >>> [round(watts) for watts in site_watts().values()][:2]
    [1590, 1156]
    """
    known = tables.by_subject(TABLE)
    return {
        name: facts["it_power"].to("W") / facts["h100_equivalents"].value
        for name, facts in known.items()
        if "it_power" in facts
    }
