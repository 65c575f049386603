"""moecalc: what a large language model costs to hold, to train and to serve, counted exactly.

>>> import moecalc
>>> config = moecalc.load_model("deepseek-v3")
>>> moecalc.num_total_params(config)
671026404352
"""

__version__ = "0.1.0"

#: public name -> module; loaded when first asked for, so that a command starts quickly
_EXPORTS = {
    "model.config": ("ModelConfig", "load_config", "load_model", "parse_config"),
    "hardware.accelerator": ("Accelerator", "load_accelerator", "load_accelerators", "read_accelerator"),
    "base.errors": ("InputError",),
    "explorers": ("explore",),
    "model.params": (
        "num_activated_params",
        "num_activated_params_without",
        "num_mtp_params",
        "num_total_params",
        "params_by_component",
        "params_by_layer",
        "params_by_tensor",
    ),
    "model.flops": (
        "attention_score_flops_per_token",
        "forward_flops_by_component",
        "forward_flops_by_operator",
        "forward_flops_per_token",
        "training_flops_per_token",
    ),
    "model.kv_cache": ("kv_cache_bytes", "kv_cache_elements_per_token"),
    "model.checkpoint": ("storage_bytes",),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _MODULE_OF:
        from importlib import import_module

        return getattr(import_module("." + _MODULE_OF[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
