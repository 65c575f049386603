r"""A moving average of the parameters in the memory of the CPU: what it frees on the GPU, and what crosses PCIe for it.

.. math:: t_{\text{copy}} = \frac{w N}{B}, \qquad t_{\text{host}} = \frac{g \, (2 w + 2 e) N}{B_h}

A GPU sends N parameters of w bytes over PCIe at B bytes/s. Its host, which serves g GPUs at B_h bytes/s, writes what comes
and reads it again, and reads and writes the average of e bytes. Both are hidden if they end before the next update.
Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real, whole
from ..model.config import ModelConfig
from .layout import Layout
from .rank_states import RankStates, rank_states
from .recipes import recipe


class Links(NamedTuple):
    """What joins GPUs and their host [bytes/s]."""

    pcie: float  #: of one GPU, one direction
    host_memory: float  #: reads and writes together
    gpus: int = 8  #: of a host
    hbm: float | None = None  #: of a GPU, to compare with an average that stays there


class CpuAverage(NamedTuple):
    """The average of what one GPU updates."""

    num_params: int  #: whose average a GPU is asked for: its shard of the optimizer's states
    freed_bytes: int  #: on the GPU
    host_bytes: int  #: that the averages of all GPUs take in the host's memory
    sent_bytes: int  #: over PCIe in one update
    copy_s: float
    host_s: float  #: of the host's memory, for all its GPUs
    on_gpu_s: float | None  #: the same update in the GPU's own memory: read the weights, read and write the average

    @property
    def done_s(self) -> float:
        """When an update that begins with the step is done: the host adds up as data comes in."""
        return max(self.copy_s, self.host_s)

    def hidden(self, step_s: float) -> bool:
        """Whether it is done before the next update, in a step of `step_s` [s]."""
        return self.done_s <= step_s

    def share_of_pcie(self, step_s: float) -> float:
        """Share of the link's time that the copy takes, where one is made in each step of `step_s` [s]; a ratio."""
        return self.copy_s / real("step_s", step_s, positive=True)


def cpu_average(num_params: int, sent_width: float, average_width: float, links: Links) -> CpuAverage:
    """:class:`CpuAverage` of so many parameters of a GPU.

    Parameters
    ----------
    num_params : int
        N, that one GPU updates [parameters]
    sent_width, average_width : float
        w and e, of a parameter [bytes]
    links : Links
        PCIe and the host's memory

    Examples
    --------
    >>> found = cpu_average(10**9, 4, 4, Links(pcie=50e9, host_memory=320e9, hbm=3e12))
    >>> found.copy_s, found.host_s, found.on_gpu_s
    (0.08, 0.4, 0.004)
    """
    whole("num_params", num_params, 0)
    for name, value in (("sent_width", sent_width), ("average_width", average_width)):
        real(name, value, positive=True)
    real("pcie", links.pcie, positive=True)
    real("host_memory", links.host_memory, positive=True)
    sent, kept = num_params * sent_width, num_params * average_width
    copy_s = sent / links.pcie
    host_s = whole("gpus", links.gpus) * (2 * sent + 2 * kept) / links.host_memory
    on_gpu_s = None if links.hbm is None else (sent + 2 * kept) / real("hbm", links.hbm, positive=True)
    return CpuAverage(num_params, round(kept), round(links.gpus * kept), round(sent), copy_s, host_s, on_gpu_s)


def shard_of(states: RankStates, bytes_per_param: int) -> int:
    """Parameters whose optimizer's states a GPU keeps [parameters]; the average has `bytes_per_param` [bytes] of each."""
    return states.ema_cpu // whole("bytes_per_param", bytes_per_param)


def layout_average(config: ModelConfig, layout: Layout, recipe_name: str, links: Links, sharded: bool = True) -> CpuAverage:
    """:class:`CpuAverage` on the pipeline rank that sends most.

    `sharded` averages come from the master weights of a GPU's own shard; else each GPU sends all weights that it holds, as
    wide as the recipe keeps them at most. The report of DeepSeek-V3 does not say which.

    >>> links = Links(pcie=50e9, host_memory=320e9)
    >>> own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    >>> layout_average(v3, own, "deepseek-v3", links).sent_bytes
    1438410752
    """
    dtypes = recipe(recipe_name)
    width = dtypes.ema or 4
    ranks = rank_states(config, layout, dtypes._replace(ema=width))
    if sharded:
        num_params = max(shard_of(one, width) for one in ranks)
        return cpu_average(num_params, dtypes.master_weight or dtypes.kept_weight, width, links)
    return cpu_average(max(one.num_params for one in ranks), dtypes.kept_weight, width, links)
