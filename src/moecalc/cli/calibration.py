"""From a file of timed kernels to the numbers of an accelerator, with predicted beside measured."""

from statistics import median

from ..base.errors import InputError, quoted
from .kernel_rows import OPS, read_rows, values_of

#: Ops that are measured as one time.
CALIBRATED = tuple(op for op in OPS if OPS[op].measured == ("latency_us",))
#: One row of so many of each op is not fitted on: its error says what the fit on the others is worth.
CHECKED = 3


def calibration_of(path: str, gpu: str | None) -> dict:
    """What ``moecalc calibrate`` prints of the rows of a file; `gpu` is what they were timed on, as it is typed."""
    from ..hardware.accelerator import TYPED, read_accelerator
    from ..hardware.calibration import calibrated

    rows = read_rows(path)
    text = gpu or _named(rows)
    accelerator = _with_sms(read_accelerator(text), rows)
    kinds, measurements, counted = [], [], {}
    for number, row in enumerate(rows, start=2):
        op, what, one = _measurement(row, f"row {number}", accelerator, counted)
        kinds.append((op, what))
        measurements.append(one)
    found = calibrated(accelerator, measurements)
    listed = [
        {
            "op": op,
            "what": what,
            "measured_us": 1e6 * one.seconds,
            "before_us": 1e6 * before,
            "predicted_us": 1e6 * after,
            "error": after / one.seconds - 1,
            "fitted": one.fitted,
        }
        for (op, what), one, before, after in zip(kinds, measurements, found.before_s, found.after_s, strict=True)
    ]
    values = {key: float(f"{value:.4g}") for key, value in found.keys.items()}
    if accelerator.num_sms and read_accelerator(text).num_sms is None:
        values["sms"] = accelerator.num_sms
    keys = {key: {"value": value, "unit": TYPED[key][2], "what": TYPED[key][1]} for key, value in values.items()}
    kept = [part.strip() for part in text.replace(",", "\n").splitlines() if part.partition("=")[0].strip() not in keys]
    typed = ",".join([*kept, *(f"{key}={one['value']:g}" for key, one in keys.items())])
    left = [key for key in ("launch", "products", "attention", "bandwidth") if key not in found.keys]
    notes = [f"too few rows depend on {', '.join(left)}: left as fitted on its generation"] if left else []
    notes.append(f"one row in {CHECKED} of each op was not fitted on; with so few rows its errors are a rough guide")
    return {"gpu": typed, "keys": keys, "rows": listed, "summary": _summary(listed), "notes": notes}


def _named(rows: list) -> str:
    """The accelerator that the rows name."""
    names = sorted({row.get("accelerator") or "" for row in rows})
    if len(names) > 1:
        raise InputError(f"a file of one accelerator is accepted; found {quoted(names[0])} and {quoted(names[1])}")
    if not names[0]:
        raise InputError("the rows name no accelerator; a column accelerator or --gpu does")
    return names[0]


def _with_sms(accelerator, rows: list):
    """The accelerator, with the SMs that the rows tell where no source does."""
    told = {row.get("num_sms") or "" for row in rows}
    if accelerator.num_sms is not None or len(told) > 1 or not (text := told.pop()).isdecimal() or not 0 < int(text) < 10**9:
        return accelerator
    return accelerator._replace(num_sms=int(text))


def _measurement(row: dict, where: str, accelerator, counted: dict) -> tuple:
    """(op, its columns as a text, :class:`~moecalc.hardware.calibration.Measurement`) of a row."""
    from ..base.checks import one_of
    from ..hardware.calibration import Measurement

    op = one_of(f"{where}: op", row.get("op"), CALIBRATED)
    values = values_of(op, row, where)
    try:
        seconds = float(row.get("latency_us") or "") / 1e6
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{where}: latency_us must be a time above 0 [us]; found {quoted(row.get('latency_us'))}")

    def time_s(one):
        return OPS[op].time(one, values).time_s

    try:
        time_s(accelerator)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    counted[op] = counted.get(op, -1) + 1
    what = " ".join(value if isinstance(value, str) else f"{column}={value}" for column, value in values.items())
    return op, what, Measurement(seconds, time_s, counted[op] % CHECKED != CHECKED - 1)


def _summary(rows: list) -> list:
    """Median errors by op, of the rows that were fitted on and of the others."""
    found = []
    for op in dict.fromkeys(row["op"] for row in rows):
        for fitted in (True, False):
            chosen = [row for row in rows if row["op"] == op and row["fitted"] is fitted]
            if chosen:
                before = median(abs(row["before_us"] / row["measured_us"] - 1) for row in chosen)
                after = median(abs(row["error"]) for row in chosen)
                found.append(
                    {"op": op, "rows": len(chosen), "fitted": fitted, "median_error_before": before, "median_error": after}
                )
    return found
