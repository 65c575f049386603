"""Pipeline schedules side by side, at equal devices or at equal memory."""

from ...training.pipeline.compare import equal_devices, equal_memory
from ...training.pipeline.simulate import Durations
from .._define import Choice, Explorer, Metric, Number
from .pipeline import SCHEDULES, tidy

EQUAL = {
    "devices": ("one pipeline over all devices", equal_devices),
    "memory": ("two parts of the model on each", equal_memory),
}


def compute(equal, devices, per_device, forward, backward_input, weight, overlapped):
    durations = Durations(forward, backward_input + weight, weight, overlapped)
    compared = EQUAL[equal][1](devices, per_device * devices, durations)
    rows = [
        {
            "schedule": SCHEDULES[one.schedule],
            "makespan": tidy(one.makespan),
            "busy": tidy(one.busy),
            "bubble": tidy(one.bubble),
            "share": one.bubble / one.makespan,
            "parameters": one.parameters,
            "activations": tidy(one.activations),
            "pipelines": f"{one.pipelines} of {one.pipeline.ranks} devices",
            "stages": one.pipeline.num_stages,
        }
        for one in compared
    ]
    found = dict(zip((one.schedule for one in compared), rows, strict=True))
    quickest = min(rows, key=lambda row: row["makespan"])
    metrics = {
        "quickest": quickest["schedule"],
        "dualpipe_bubble": found["dualpipe"]["bubble"],
        "zb1p_bubble": found["zb1p"]["bubble"],
        "gain": 1 - found["dualpipe"]["makespan"] / found["zb1p"]["makespan"],
        "micro_batches": per_device * devices,
    }
    return metrics, rows


def _time(key: str, label: str, default: float, high: float = 4.0) -> Number:
    return Number(key, label, default, 0.1, high, 0.1)


EXPLORER = Explorer(
    name="pipeline-comparison",
    title="Five schedules for the same work",
    description="A bar for each schedule, as long as its makespan: the device that waits longest works in the blue part and "
    "waits in the grey one. Beside it stand parameters and activations of a device.",
    lead=("equal", "overlapped", "weight", "backward_input", "devices", "per_device"),
    headline=("dualpipe_bubble", "zb1p_bubble", "gain"),
    controls=(
        Choice("equal", "Equal", "devices", tuple((key, f"{key}: {words}") for key, (words, _) in EQUAL.items())),
        Choice("devices", "Devices", 8, tuple((devices, str(devices)) for devices in (4, 8, 12, 16))),
        Choice("per_device", "Micro-batches for each device", 3, tuple((number, str(number)) for number in (2, 3, 4))),
        _time("forward", "Forward, F", 1.0),
        _time("backward_input", "Backward for inputs, B - W", 1.0),
        _time("weight", "Backward for weights, W", 1.0),
        _time("overlapped", "Overlapped pair, F&B", 3.0, high=8.0),
    ),
    metrics={
        "dualpipe_bubble": Metric("Longest bubble, DualPipe"),
        "zb1p_bubble": Metric("Longest bubble, ZB1P"),
        "gain": Metric("DualPipe is quicker than ZB1P by", "%", 1),
        "quickest": Metric("Quickest"),
        "micro_batches": Metric("Micro-batches"),
    },
    columns={
        "schedule": Metric("Schedule"),
        "makespan": Metric("Makespan"),
        "bubble": Metric("Longest bubble"),
        "share": Metric("Bubble, of the makespan", "%", 1),
        "parameters": Metric("Parts of the model on a device"),
        "activations": Metric("Activations of a device", "micro-batches"),
        "pipelines": Metric("Pipelines"),
        "stages": Metric("Stages"),
    },
    compute=compute,
)
