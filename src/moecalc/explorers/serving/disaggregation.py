"""Prefill and decode of DeepSeek-V3 on GPUs of their own: a request's way to its tokens, and the nodes of a day."""

from ...economics.service_account import GPUS_PER_NODE, SECONDS_PER_DAY, SUBJECT, deepseek_day
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...model.config import load_model
from ...serving.day_load import HOURS, held, load_by_hour
from ...serving.disaggregation import Prefill, Requests, Slo, decode_rate, plan
from ...serving.kv_transfer import kv_transfer, link_share
from ...serving.layout import ServingLayout
from ...serving.request_steps import decode_of_requests, prefill_of_requests
from ...serving.step_time import Running
from .._define import Choice, Explorer, Metric, Number, Switch

MODEL, GPU = "deepseek-v3", "h800-sxm"
PREFILL_GPUS = 32
WAY, DAY = "way", "day"
WAIT, READ, SEND, TOKEN, PROMISED = "waits", "prefill", "cache sent", "token", "promised"
PREFILL, DECODE = "prefill", "decode"
PRINTED = {"DeepSeek, busiest": "nodes_peak", "DeepSeek, mean": "nodes_avg"}
#: Tokens drawn after the first one.
TOKENS = 8
#: GPUs of a decode unit -> redundant experts, as DeepSeek chose them.
UNITS = {72: 32, 144: 32, 320: 64}
DIGITS = 5


def deepseek_load() -> tuple:
    """(input and output tokens of a mean request, requests a second, peak over mean of the nodes) of DeepSeek's day.

    Lengths were not printed. With as much output for each token of input as on that day, the mean context while an answer is
    written, which was printed, is the input and half of the answer.
    """
    day = deepseek_day()
    given = day.cached_input_tokens + day.computed_input_tokens
    known = tables.by_subject("serving")[SUBJECT]
    length = known["avg_kv_len_per_output_token"].to("tokens") / (1 + day.output_tokens / given / 2)
    peak = known["nodes_peak"].to("nodes") / day.nodes
    return length, length * day.output_tokens / given, given / length / SECONDS_PER_DAY, peak


def compute(load, ttft, tpot, cache_hit, input_tokens, output_tokens, tp, decode_gpus, two, gb_per_s, peak):
    config, chip = load_model(MODEL), load_accelerator(GPU)
    asked = Requests(load, input_tokens, output_tokens, cache_hit / 100)
    running = Running(two_micro_batches=two)
    layouts = (
        ServingLayout(tp, PREFILL_GPUS // tp, PREFILL_GPUS, redundant_experts=32),
        ServingLayout(1, decode_gpus, decode_gpus, redundant_experts=UNITS[decode_gpus]),
    )
    read = prefill_of_requests(config, chip, layouts[0], asked, running)
    rates = decode_of_requests(config, chip, layouts[1], asked, running)
    prefill = Prefill(read.tokens_per_s_per_gpu, tp, PREFILL_GPUS)
    alone_s = input_tokens * (1 - asked.cache_hit) / prefill.tokens_per_s_per_gpu / tp
    sent = kv_transfer(config, round(input_tokens), gb_per_s * 1e9, prefill_s=alone_s)
    slo = Slo(ttft, tpot / 1e3)

    def made(share=1.0):
        return plan(asked._replace(per_s=load * share), slo, prefill, rates, decode_gpus, sent.exposed_s)

    now, hours = made(), [made(share) for share in load_by_hour(peak)]
    rate, _ = decode_rate(rates, slo.tpot_s)
    kept = held([(one.prefill_gpus + one.decode_gpus) / GPUS_PER_NODE for one in hours])
    metrics = {
        "nodes_mean": kept.mean,
        "nodes_peak": kept.peak,
        "saved": kept.saved,
        "prefill_nodes": sum(one.prefill_gpus for one in hours) / GPUS_PER_NODE / HOURS,
        "decode_nodes": sum(one.decode_gpus for one in hours) / GPUS_PER_NODE / HOURS,
        "ratio": now.ratio,
        "ttft_s": now.ttft_s,
        "tpot_ms": 1e3 * now.tpot_s,
        "kept": "both" if now.meets else "; ".join(now.missed),
        "batch": rate.tokens_per_s_per_gpu / rate.tokens_per_s_per_user,
        "kv_bytes": sent.bytes,
        "transfer_ms": 1e3 * sent.time_s,
        "link_share": link_share(config, prefill.tokens_per_s_per_gpu, gb_per_s * 1e9, min(asked.cache_hit, 0.99)),
    }
    rows, known = way(now, slo), tables.by_subject("serving")[SUBJECT]
    for hour, one in enumerate(hours):
        top = 0.0
        for kind, gpus in ((DECODE, one.decode_gpus), (PREFILL, one.prefill_gpus)):
            low, top = top, top + gpus / GPUS_PER_NODE
            rows.append({"panel": DAY, "what": kind, "hour": hour, "nodes": top - low, "low": low, "top": top})
    for what, quantity in PRINTED.items():
        rows.append({"panel": DAY, "what": what, "nodes": known[quantity].to("nodes")})
    for row in rows:
        row |= {key: None for key in EXPLORER.columns if key not in row}
    return metrics, rows


def way(made, slo) -> list:
    """A request's way to its first tokens, and what was promised."""
    rows, at = [], 0.0
    spans = ((WAIT, made.wait_s), (READ, made.prefill_s), (SEND, made.ttft_s - made.wait_s - made.prefill_s))
    for what, time in spans:
        rows.append({"panel": WAY, "line": "a request", "what": what, "start": at, "end": at + time})
        at += time
    for line, first, step in (("a request", made.ttft_s, made.tpot_s), (PROMISED, slo.ttft_s, slo.tpot_s)):
        if line == PROMISED:
            rows.append({"panel": WAY, "line": line, "what": PROMISED, "start": 0.0, "end": first})
        rows += [{"panel": WAY, "line": line, "what": TOKEN, "start": first + n * step} for n in range(TOKENS)]
    return [
        row | {key: float(f"{row[key]:.{DIGITS}g}") for key in ("start", "end") if key in row}
        for row in rows
    ]


_LENGTH, _ANSWER, _LOAD, _PEAK = deepseek_load()
_DAY = deepseek_day()
_HIT = 100 * _DAY.cached_input_tokens / (_DAY.cached_input_tokens + _DAY.computed_input_tokens)

EXPLORER = Explorer(
    name="disaggregation",
    title="Prefill and decode of V3 apart",
    description="Above, on one axis of seconds, a request: it waits, is read, its cache is sent, and its first tokens "
    "follow as dots; below it what was promised. Under that, for each hour of a day, a column of nodes: those of prefill "
    "stand on those of decode, and more are held by day than by night. Two level lines are what DeepSeek printed.",
    lead=("load", "ttft", "tpot", "cache_hit", "input_tokens", "output_tokens"),
    headline=("nodes_mean", "ratio", "kept"),
    controls=(
        Number("load", "Requests, mean of the day", round(_LOAD), 10, 10_000, 1, "a second", "log"),
        Number("ttft", "First token within", 1.0, 0.1, 3.0, 0.1, "s"),
        Number("tpot", "A token every", 50, 10, 150, 10, "ms"),
        Number("cache_hit", "Input found in the cache", _HIT, 0.0, 90.0, 10.0, "%"),
        Number("input_tokens", "Input of a request", round(_LENGTH), 128, 65_536, 1, "tokens", "powers"),
        Number("output_tokens", "Output of a request", round(_ANSWER), 16, 16_384, 1, "tokens", "powers"),
        Choice("tp", "GPUs that read one request", 1, tuple((number, str(number)) for number in (1, 2, 4, 8))),
        Choice("decode_gpus", "GPUs of a decode unit", 144, tuple((number, str(number)) for number in UNITS)),
        Switch("two", "Two micro-batches", True),
        Number("gb_per_s", "Link of a request to decode", 50, 5, 100, 5, "GB/s"),
        Number("peak", "Busiest hour over the mean", round(_PEAK, 3), 1.0, 2.0, 0.1),
    ),
    metrics={
        "nodes_mean": Metric("Nodes over the day, mean", "nodes", 4),
        "nodes_peak": Metric("in the busiest hour", "nodes"),
        "saved": Metric("Saved by giving nodes back", "%", 1),
        "prefill_nodes": Metric("Prefill, mean", "nodes", 4),
        "decode_nodes": Metric("Decode, mean", "nodes", 4),
        "ratio": Metric("GPUs of prefill for one of decode", "", 3),
        "ttft_s": Metric("First token after, mean", "s", 3),
        "tpot_ms": Metric("A token every", "ms", 3),
        "kept": Metric("Promises kept"),
        "batch": Metric("Sequences on a GPU of decode", "sequences", 3),
        "kv_bytes": Metric("Cache sent for a request", "bytes", 4),
        "transfer_ms": Metric("Its time on the link", "ms", 3),
        "link_share": Metric("Of a prefill GPU's link in use", "%", 1),
    },
    columns={
        "panel": Metric("Of"),
        "line": Metric("Line"),
        "what": Metric("What"),
        "start": Metric("From", "s", 4),
        "end": Metric("to", "s", 4),
        "hour": Metric("Hour"),
        "nodes": Metric("Nodes", "nodes", 4),
    },
    says=("what", "line", "start", "end", "hour", "nodes"),
    compute=compute,
)
