"""Tables of the page on how training changed."""

from statistics import median

from moecalc.base.units import show
from moecalc.claims.registry import report_fact, run_fact
from moecalc.facts import tables as facts
from moecalc.hardware.accelerator import load_accelerator
from moecalc.industry.rl_compute import TABLE, RlTime, r1_fact, r1_zero_answers, r1_zero_rollout, rl_flops, rl_time
from moecalc.industry.training_history import DENSE, GENERATIONS, MOE, training_history
from moecalc.industry.v3_practices import CHIPS_2026, MEASURED_2026, practices, run_cost
from moecalc.model.config import load_model
from moecalc.training.v3_run import v3_run

from ..prose import fact_table, source_link, table

_WORDS = (
    "matmul_precision", "optimizer", "batch", "sequence", "context_stages", "extension_tokens", "mtp", "shipped",
)  # fmt: skip
_UNITS = {"batch": "tokens", "sequence": "tokens", "extension_tokens": "tokens"}
#: Mean lengths of R1-Zero's answers that are tried: its own is not published.
LENGTHS = (2000, 5355, 10_000)
#: Post-training whose hours are published: row of training_practice -> (its name, the accelerator).
_RL_RUNS = {
    "DeepSeek-R1, in all": ("DeepSeek-R1: R1-Zero, data and R1", "H800"),
    "Llama-Nemotron Ultra 253B": ("Llama-Nemotron Ultra, RL", "H100"),
    "Qwen3-8B": ("Qwen3-8B, RL", "not given"),
}


def known() -> dict:
    """Facts of practice: subject -> quantity -> fact."""
    return facts.by_subject(TABLE)


def _said(fact, unit: str = "") -> str | None:
    if fact is None or not unit:
        return fact and str(fact.value)
    ends = [show(end, unit, 2) for end in dict.fromkeys(fact.range_to(unit))]
    return " to ".join(ends)


def practice():
    """Precision, optimizer, batch, stages of context and MTP, run by run."""
    rows = []
    for name, found in known().items():
        if any(key in found for key in ("matmul_precision", "optimizer", "context_stages")):
            first = next(iter(found.values()))
            row = {key: _said(found.get(key), _UNITS.get(key, "")) for key in _WORDS}
            rows.append({"name": name, "date": first.date, **row})
    columns = {
        "name": "Run",
        "date": "Date",
        "matmul_precision": "Products in",
        "optimizer": "Optimizer",
        "batch": "Batch",
        "sequence": "First length",
        "context_stages": "Lengths",
        "extension_tokens": "Tokens beyond the first",
        "mtp": "MTP",
        "shipped": "Published in",
    }
    return table(sorted(rows, key=lambda row: row["date"]), columns, "Practice of pre-training, run by run; blank: not read")


def synthetic():
    """Share of synthetic text among the tokens of pre-training."""
    rows = [
        {"name": name, **found["synthetic_share"]._asdict(), "share": found["synthetic_share"].to("ratio")}
        for name, found in known().items()
        if "synthetic_share" in found
    ]
    for row in rows:
        row["source"] = source_link(row["source"], row["locator"])
    columns = {"name": "Model", "date": "Date", "share": ("Synthetic", "%", 0), "note": "Counted are", "source": "Source"}
    rows.sort(key=lambda row: row["date"])
    return table(rows, columns, "Synthetic text among the tokens of pre-training", raw=("source",))


def by_generation():
    """Medians of hours and utilisation, by generation of accelerator and kind of model."""
    rows = []
    for name in GENERATIONS:
        for kind in (DENSE, MOE):
            runs = [run for run in training_history("all") if (run.generation, run.kind) == (name, kind)]
            if not runs:
                continue
            each = [run.gpu_hours_per_t_tokens / run.activated_params * 1e9 for run in runs]
            mfu = [run.mfu() for run in runs]
            rows.append(
                {
                    "generation": name,
                    "kind": kind,
                    "num": len(runs),
                    "low": min(each),
                    "middle": median(each),
                    "high": max(each),
                    "mfu": median(mfu),
                    "own": median(run.mfu(True) for run in runs),
                    "dates": " to ".join(dict.fromkeys((runs[0].date[:4], runs[-1].date[:4]))),
                }
            )
    columns = {
        "generation": "Accelerators",
        "kind": "Models",
        "num": "Rows",
        "dates": "Dates",
        "low": ("Least", "GPU-hours", 3),
        "middle": ("Median", "GPU-hours", 3),
        "high": ("Most", "GPU-hours", 3),
        "mfu": ("MFU of BF16", "%", 0),
        "own": ("MFU of the width used", "%", 0),
    }
    return table(rows, columns, "GPU-hours for a trillion tokens and a billion activated parameters; MFU by 6ND, medians")


def practice_costs() -> list:
    """V3's run under each practice, by 2026's first accelerator."""
    tokens = run_fact("dsv3-pretrain", "num_tokens").to("tokens")
    return [run_cost(one, tokens) for one in practices()]


def practices_table(costs: list):
    """What each practice assumes, and what comes out."""
    rows = [
        {
            "name": one.practice.name,
            "said": one.practice.said,
            "gpu": load_accelerator(one.practice.accelerator).name,
            "layout": _layout(one.practice.layout),
            "hours": one.gpu_hours,
            "low": one.low_gpu_hours,
            "high": one.high_gpu_hours,
            "measured": one.measured_gpu_hours,
            "mfu": one.step.mfu,
        }
        for one in costs
    ]
    columns = {
        "name": "Practice",
        "said": "Which is",
        "gpu": "On",
        "layout": "Laid out",
        "hours": ("Computed", "GPU-hours", 3),
        "low": ("From", "GPU-hours", 3),
        "high": ("to", "GPU-hours", 3),
        "measured": ("Published", "GPU-hours", 3),
        "mfu": ("MFU", "%", 0),
    }
    return table(rows, columns, "V3's tokens by each practice; the interval is that of measured steps")


def _layout(layout) -> str:
    sizes = [f"{name.upper()}{getattr(layout, name)}" for name in ("tp", "pp", "ep", "dp") if getattr(layout, name) > 1]
    return " ".join(sizes) + (f", {layout.schedule}" if layout.schedule else "")


def rl_rows() -> list:
    """R1-Zero's arithmetic and its time at rates of full GPUs, for each mean length that is tried."""
    config, answers = load_model("deepseek-v3"), r1_zero_answers()
    peak = load_accelerator("h800-sxm").peak_dense_bf16_flops_per_s
    pretraining = v3_run(config, peak)["pre-training"]
    rate = known()["RL step of a V3-class model"]["generation_rate"].value
    hours = r1_fact("gpu_hours").value
    rows = []
    for length in LENGTHS:
        most, least = (rl_flops(config, answers, length, passes) for passes in (2, 0))
        time: RlTime = rl_time(most, rate, pretraining.mfu * peak)
        rows.append(
            {
                "length": length,
                "tokens": most.num_tokens,
                "flops": most.total,
                "of_pretraining": most.total / pretraining.flops,
                "generation_low": most.generation_share,
                "generation_high": least.generation_share,
                "hours": time.total,
                "generation_hours": time.generation_share,
                "published": hours,
                "explained": time.total / hours,
                "mfu": most.total / (hours * 3600 * peak),
                "pretraining_mfu": pretraining.mfu,
            }
        )
    return rows


def rl(rows: list):
    """:func:`rl_rows` as a table."""
    columns = {
        "length": ("Mean answer", "tokens", 4),
        "tokens": ("All answers", "tokens", 3),
        "flops": ("Arithmetic", "FLOPs", 3),
        "of_pretraining": ("of pre-training's", "%", 2),
        "generation_low": ("Rollouts' share, from", "%", 0),
        "generation_high": ("to", "%", 0),
        "hours": ("At full rates", "GPU-hours", 3),
        "generation_hours": ("Rollouts' share", "%", 0),
        "explained": ("of the published hours", "%", 0),
        "mfu": ("MFU of those", "%", 1),
    }
    return table(rows, columns, "R1-Zero's reinforcement learning, for three mean lengths of an answer")


def post_training():
    """Hours of reinforcement learning and post-training as published."""
    pretraining = run_fact("dsv3-pretrain", "gpu_hours").value
    minimax = facts.by_subject("training_runs")["minimax-m1-rl"]
    post = run_fact("dsv3-post", "gpu_hours")
    rows = [{"name": "DeepSeek-V3, post-training", "chip": "H800", "hours": post.value, "fact": post}]
    for subject, (name, chip) in _RL_RUNS.items():
        fact = known()[subject]["gpu_hours"]
        rows.append({"name": name, "chip": chip, "hours": fact.value, "fact": fact})
    hours = minimax["num_gpus"].value * minimax["wall_days"].value * 24
    rows.append({"name": "MiniMax-M1, RL", "chip": "H800", "hours": hours, "fact": minimax["wall_days"]})
    for row in rows:
        fact = row.pop("fact")
        row |= {"source": source_link(fact.source, fact.locator), "note": fact.note, "date": fact.date}
        row["share"] = row["hours"] / pretraining
    columns = {
        "name": "Run",
        "chip": "On",
        "hours": ("GPU-hours", "GPU-hours", 3),
        "share": ("of V3's pre-training", "%", 1),
        "note": "Note",
        "source": "Source",
    }
    return table(rows, columns, "Hours of reinforcement learning and post-training", raw=("source",))


def rollout_shares() -> list:
    """Published shares of rollouts in the time of reinforcement learning, both ends of each."""
    found = [one["rollout_share"] for name, one in known().items() if name.startswith("rollout share")]
    return [end for fact in found for end in fact.range_to("ratio")]


def peak_ratio() -> float:
    """Peak of a chip of 2026 in FP8 over that of a chip of 2022 in BF16."""
    new, old = load_accelerator(CHIPS_2026[0]), load_accelerator("a100-sxm")
    return new.peak_dense_fp8_flops_per_s / old.peak_dense_bf16_flops_per_s


def user_speed() -> tuple:
    """Tokens a second of a user of DeepSeek's service, as it said."""
    return facts.lookup("serving", "DeepSeek V3/R1 online service", "output_speed_per_user").range_to("tokens/s")


def rollout():
    """One rollout of R1-Zero."""
    return r1_zero_rollout()


def facts_used():
    """Facts that the page uses."""
    runs = [
        facts.by_subject("training_runs")[run.slug][quantity]
        for run in training_history("all")
        for quantity in ("gpu_hours", "gpu_hours_per_t_tokens", "tokens_per_s_per_gpu", "activated_params")
        if quantity in facts.by_subject("training_runs")[run.slug]
    ]
    held = [facts.lookup("training_runs", MEASURED_2026[chip], "tokens_per_s_per_gpu") for chip in CHIPS_2026[:2]]
    more = [report_fact("model", "mtp_depth"), run_fact("dsv3-post", "gpu_hours")]
    more.append(facts.lookup("serving", "DeepSeek V3/R1 online service", "output_speed_per_user"))
    return fact_table([*facts.facts(TABLE), *more, *dict.fromkeys([*runs, *held])])
