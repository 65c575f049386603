"""The layout that the controls of several figures stand for."""

from ...training.layout import Layout, split_evenly


def laid_out(config, schedule: str, vpp: int, pp: int, etp: int, **sizes) -> Layout:
    """The layout of the controls: virtual stages are for one schedule, and as even as can be; 0 leaves ETP as usual."""
    if schedule != "interleaved":
        return Layout(pp=pp, etp=etp or None, schedule=schedule, **sizes)
    num_layers = len(config.anatomy.layers)
    split = tuple(map(len, split_evenly(num_layers, pp * vpp))) if pp * vpp <= num_layers else None
    return Layout(pp=pp, vpp=vpp, etp=etp or None, schedule=schedule, layers_per_stage=split, **sizes)
