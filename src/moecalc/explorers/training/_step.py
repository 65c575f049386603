"""Controls that figures of a training step share, and the step that they stand for."""

from math import gcd
from typing import NamedTuple

from ...hardware.accelerator import Accelerator, load_accelerators
from ...model.catalog import counted_config
from ...model.config import ModelConfig
from ...training.activation_policy import ActivationPolicy
from ...training.layout import Layout, num_routed_experts
from ...training.memory import Batch
from ...training.recipes import RECIPES, recipe
from ...training.step import RUNNING, Step, training_step
from ...training.step_work import fp8_type
from ...training.timing.balance import balanced
from ...training.timing.settings import USUAL, Running
from ...training.waterfall import spent, times_at_peak, waterfall
from .._choices import TYPED_IN, accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice
from .._define import Choice, Number
from ._laid_out import laid_out
from .gpu_memory import RECOMPUTE, recompute_list
from .model_states import SCHEDULES

AUTO = "auto"
RECIPE_CHOICES = ((AUTO, "FP8 as V3, where the GPU has it"), *((one.name, one.title) for one in RECIPES.values()))

#: Fields of an accelerator without which no time of a step follows.
NEEDED = (
    "peak_dense_bf16_flops_per_s",
    "memory_bandwidth_bytes_per_s",
    "scale_up_bandwidth_bytes_per_s",
    "scale_up_domain_gpus",
    "scale_out_bandwidth_bytes_per_s",
)
SPLITS = (("balanced", "so that no stage is much longer"), ("even", "as many layers to each stage"))


class Setting(NamedTuple):
    """What :func:`~moecalc.training.step.training_step` is asked."""

    model: str
    accelerator: Accelerator
    layout: Layout
    recipe: str
    batch: Batch
    policy: ActivationPolicy
    running: Running

    @property
    def fp8(self) -> bool:
        """Whether products run in FP8."""
        return bool(fp8_type(recipe(self.recipe)))

    @property
    def config(self) -> ModelConfig:
        """The model's config, the same object each time: times of its layers are kept."""
        return counted_config(self.model)

    def step(self) -> Step:
        """The step."""
        return training_step(self.config, *self[1:6], running=self.running)

    def factors(self, step: Step) -> tuple:
        """What stands between the peak and the MFU of the step."""
        without = tuple(name for name in USUAL if name != "ep")
        alone = self._replace(running=self.running._replace(overlap=without)).step()
        tokens = step.num_tokens / step.num_gpus
        peaks = times_at_peak(self.config, self.accelerator, self.batch.seq_len, tokens, self.fp8, self.policy.recompute)
        return waterfall(spent(peaks, alone, step))


def setting(
    model="deepseek-v3", accelerator="h800-sxm", accelerator_numbers="", schedule="dualpipe", micro_batches=120,
    recipe=AUTO, recompute="v3", pp=16, ep=64, dp=128, tp=1, zero=1, micro_batch=1, seq_len=4096, sms=RUNNING.sms, vpp=1,
    split="balanced",
) -> Setting:  # fmt: skip
    """What the controls stand for; their defaults are V3's own run.

    Experts are spread as far as they and the GPUs go: 64 stands for 8 where there are 8, and for 1 where there are none.
    """
    config, gpu = counted_config(model), chosen_accelerator(accelerator, accelerator_numbers)
    ep = gcd(ep, gcd(*num_routed_experts(config)) or 1, tp * dp)
    layout = laid_out(config, schedule, vpp, pp, 0, tp=tp, ep=ep, dp=dp, zero=zero)
    # a run with as many layers everywhere would wait for the stage that has the head too
    if split == "balanced":
        layout = balanced(config, layout, seq_len)
    recipe = chosen_recipe(recipe, gpu)
    # V3 would not fit if the outputs of its experts were kept: see the page on memory
    policy = ActivationPolicy(recompute_list(recompute, config), "fp8" if recipe == "deepseek-v3" else "bf16", True)
    return Setting(model, gpu, layout, recipe, Batch(micro_batch, seq_len, micro_batches), policy, RUNNING._replace(sms=sms))


def chosen_recipe(recipe: str, gpu: Accelerator) -> str:
    """The recipe that a choice of :data:`RECIPE_CHOICES` stands for on an accelerator."""
    if recipe != AUTO:
        return recipe
    return "deepseek-v3" if gpu.peak_dense_fp8_flops_per_s else "bf16"


def networked_accelerators() -> Choice:
    """Those accelerators of which all is known that a step on several nodes needs, and another by its numbers."""
    known = {one.slug for one in load_accelerators() if all(getattr(one, name) for name in NEEDED)}
    every = accelerator_choice()
    return every._replace(options=tuple(option for option in every.options if option[0] in known or option[0] == TYPED_IN))


def controls(*keys) -> tuple:
    """The controls of these keys, in this order."""
    known = (
        model_choice(),
        networked_accelerators(),
        accelerator_numbers(),
        Choice("schedule", "Pipeline schedule", "dualpipe", (*SCHEDULES.items(), ("interleaved", "1F1B, interleaved"))),
        Number("micro_batches", "Micro-batches", 120, 32, 256, 8, "of a pipeline", "powers"),
        Choice("recipe", "Dtype recipe", AUTO, RECIPE_CHOICES),
        Choice("recompute", "Recomputed", "v3", tuple(RECOMPUTE.items())),
        Choice("split", "Layers are split", "balanced", SPLITS),
        Number("pp", "Pipeline parallel", 16, 1, 32, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 256, 1, "GPUs, at most", "powers"),
        Number("dp", "Data parallel", 128, 1, 1024, 1, "replicas", "powers"),
        Number("tp", "Tensor parallel", 1, 1, 8, 1, "GPUs", "powers"),
        Choice("zero", "ZeRO stage", 1, ((0, "none"), (1, "ZeRO-1"), (2, "ZeRO-2"), (3, "ZeRO-3"))),
        Number("micro_batch", "Micro-batch", 1, 1, 8, 1, "sequences", "powers"),
        Number("seq_len", "Sequence", 4096, 1024, 131072, 1024, "tokens", "powers"),
        Number("sms", "SMs of communication", RUNNING.sms, 4, 64, 4, "SMs"),
        Number("vpp", "Virtual stages, interleaved", 1, 1, 4, 1, "a rank", "powers"),
    )
    by_key = {control.key: control for control in known}
    return tuple(by_key[key] for key in keys)
