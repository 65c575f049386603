"""What instances of a question's deployments are, and what they hold and take: each counted once, for all that share it."""

from ...model.checkpoint import storage_bytes
from ..capacity import instance
from ..fewest import cuts_cache
from ..layout import ServingLayout, num_experts
from ..request_steps import decode_context, prefill_of_requests
from ..served_types import served_types
from ..step_time import Running, StepTime, decode_time
from ..throughput import CACHE_BYTES
from ..workspace import workspace
from .question import Question, setting_of
from .space import Candidate


class Steps:
    """Instances of prefill and of decode: how they are laid out, the memory that is left, and a step of each."""

    def __init__(self, question: Question):
        self.question, self.setting = question, setting_of(question)
        self.config = self.setting.config
        self.experts = num_experts(self.config)
        self.heads = getattr(self.config, "num_attention_heads", None)
        self.weights = storage_bytes(self.config)["total"]
        self.types = [served_types(self.config, chip) for chip in self.setting.chips]
        self.known_rooms, self.known_steps, self.known_prefills = {}, {}, {}

    def cuts(self, tp: int) -> bool:
        """Whether so many GPUs can share attention."""
        return not (self.heads and self.heads % tp) and cuts_cache(self.config, tp)

    def decode_layout(self, one: Candidate) -> ServingLayout:
        """An instance of decode."""
        return ServingLayout(one.tp, one.dp, one.ep, 1, one.redundant)

    def prefill_layout(self, one: Candidate) -> ServingLayout | None:
        """An instance of prefill: experts are dealt out over all of it, with the fewest copies; None where none can be."""
        if self.experts == 1:
            return ServingLayout(one.prefill_tp) if one.prefill_tp == one.prefill_unit else None
        copies = -self.experts % one.prefill_unit
        if copies > self.experts:
            return None
        return ServingLayout(one.prefill_tp, one.prefill_unit // one.prefill_tp, one.prefill_unit, 1, copies)

    def room(self, place: int, layout: ServingLayout, batch: int) -> float:
        """Bytes that a GPU has left beside the caches of a batch, on the accelerator at a `place` [bytes]."""
        key = place, layout
        if key not in self.known_rooms:
            memory = self.setting.chips[place].memory_bytes
            width = CACHE_BYTES[self.types[place].cache]
            self.known_rooms[key] = instance(
                self.config, layout, memory, workspace(self.config, memory, layout.num_gpus), width
            )
        found = self.known_rooms[key]
        paged = found.paged(self.setting.context)
        return min(stage.room - batch * stage.sequence_bytes(paged) for stage in found.stages)

    def step(self, one: Candidate) -> StepTime:
        """A step of decode."""
        key = *one[:5], *one[-2:]
        if key not in self.known_steps:
            running = Running(
                types=self.types[one.accelerator], acceptance=self.question.acceptance if one.mtp == "yes" else None
            )
            chip, context = self.setting.chips[one.accelerator], decode_context(self.setting.requests)
            self.known_steps[key] = decode_time(self.config, chip, self.decode_layout(one), one.batch, context, running)
        return self.known_steps[key]

    def prefill(self, one: Candidate) -> StepTime:
        """A step of prefill."""
        key = one.accelerator, one.prefill_tp, one.prefill_unit
        if key not in self.known_prefills:
            chip, running = self.setting.chips[one.accelerator], Running(types=self.types[one.accelerator])
            self.known_prefills[key] = prefill_of_requests(
                self.config, chip, self.prefill_layout(one), self.setting.requests, running
            )
        return self.known_prefills[key]
