"""The same questions put to llm-analysis, in one process of an environment that holds both.

Run as a script it is that process; `report` makes the environment and runs it.
"""

import os
import subprocess
import sys

ENVIRONMENT = os.path.join("_build", "bench-env")
MODEL, SEQ_LEN = "llama-3.1-8b", 4096


def report() -> str:
    """What each counts and how long it takes."""
    python = os.path.join(ENVIRONMENT, "bin", "python")
    installed = os.path.join(ENVIRONMENT, ".installed")
    if not os.path.exists(installed):
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "llm-analysis"], check=True)
        open(installed, "w").close()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "TRANSFORMERS_VERBOSITY": "error"}
    run = subprocess.run([python, "-m", "bench.peers"], env=env, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.rstrip()


def compare() -> None:
    """Print a line for each question."""
    from importlib.metadata import version

    from llm_analysis.analysis import LLMAnalysis
    from llm_analysis.config import ModelConfig, get_gpu_config_by_name

    from bench.timing import median_ms, median_us
    from moecalc import forward_flops_per_token, load_model, num_total_params

    ours = load_model(MODEL)
    peer = LLMAnalysis(
        ModelConfig(
            name=MODEL,
            model_type="llama",
            num_layers=ours.num_hidden_layers,
            n_head=ours.num_attention_heads,
            num_key_value_heads=ours.num_key_value_heads,
            hidden_dim=ours.hidden_size,
            ffn_embed_dim=ours.intermediate_size,
            expansion_ratio=ours.intermediate_size / ours.hidden_size,
            vocab_size=ours.vocab_size,
        ),
        get_gpu_config_by_name("a100-sxm-80gb"),
    )
    questions = {
        "total parameters": (lambda: num_total_params(ours), peer.get_num_params_total),
        "forward FLOPs a token, non-causal": (
            lambda: forward_flops_per_token(ours, SEQ_LEN, causal=False),
            lambda: peer.get_num_flops_fwd_total(1, SEQ_LEN) / SEQ_LEN,
        ),
    }
    print(f"\n{MODEL}, beside llm-analysis {version('llm-analysis')}")
    print(f"{'':34} {'moecalc':>22} {'us':>7} {'llm-analysis':>22} {'us':>7} {'ratio':>6}")
    for question, (mine, theirs) in questions.items():
        taken = median_us(mine), median_us(theirs)
        counts = f"{mine():>22,} {taken[0]:>7.3g} {theirs():>22,.0f} {taken[1]:>7.3g}"
        print(f"{question:34} {counts} {taken[1] / taken[0]:>5.2g}x")
    imports = {name: [sys.executable, "-c", f"import {name}"] for name in ("moecalc.model.params", "llm_analysis.analysis")}
    taken = list(median_ms(imports, runs=11).values())
    print(f"{'import, as a process (ms)':34} {'':22} {taken[0]:>7.3g} {'':22} {taken[1]:>7.3g} {taken[1] / taken[0]:>5.2g}x")


if __name__ == "__main__":
    compare()
