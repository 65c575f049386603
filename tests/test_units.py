"""Units by their definitions, and numbers as readers see them."""

import pytest

from moecalc.base.units import convert, show, si

DEFINITIONS = [
    (1, "GB", "bytes", 10**9),
    (1, "GiB", "bytes", 2**30),
    (1, "KB", "bytes", 1000),
    (1, "TiB/s", "GiB/s", 1024),
    (60, "TiB/min", "TiB/s", 1),
    (400, "Gb/s", "GB/s", 50),
    (3.35, "TB/s", "GB/s", 3350),
    (989, "TFLOP/s", "FLOP/s", 989e12),
    (250, "GFLOPs/token", "GFLOPs/token", 250),
    (9.96912e12, "10^12 FLOPs", "FLOPs", 9.96912e24),
    (14.8, "T tokens", "tokens", 14.8e12),
    (671, "B parameters", "M parameters", 671_000),
    (2.788, "M GPU-hours", "K GPU-hours", 2788),
    (180_000, "GPU-hours/T tokens", "GPU-hours/T tokens", 180_000),
    (5.576, "M USD", "k USD", 5576),
    (2, "USD/GPU-hour", "USD/GPU-hour", 2),
    (56.7, "days", "s", 56.7 * 24 * 3600),
    (14.76, "ms", "us", 14_760),
    (43.73, "%", "ratio", 0.4373),
    (86_400, "tokens/s", "B tokens/day", 86_400**2 / 1e9),
]


@pytest.mark.parametrize(("value", "unit", "to", "expected"), DEFINITIONS)
def test_conversion(value, unit, to, expected):
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "digits", "shown"),
    [
        (671_026_404_352, "parameters", 4, "671.0 B parameters"),
        (37_552_282_624, "parameters", 3, "37.6 B parameters"),
        (14.8e12, "tokens", 3, "14.8 T tokens"),
        (70_272, "bytes", 5, "70.272 KB"),
        (999, "bytes", 4, "999 bytes"),
        (250_449_887_232, "FLOPs", 6, "250.450 GFLOPs"),
        (386.5e12, "FLOP/s", 4, "386.5 TFLOP/s"),
        (2_788_000, "GPU-hours", 4, "2.788 M GPU-hours"),
        (0, "bytes", 4, "0 bytes"),
        (-70_272, "bytes", 5, "-70.272 KB"),
    ],
)
def test_si(value, unit, digits, shown):
    assert si(value, unit, digits) == shown


@pytest.mark.parametrize(
    ("value", "unit", "digits", "shown"),
    [
        (0.39062, "%", 2, "39.06 %"),
        (5_576_000, "USD", 4, "$5.576 M"),
        (56.72, "days", 3, "56.7 days"),
        (2048, "GPUs", 4, "2,048 GPUs"),
        (671_026_404_352, "count", 4, "671.0 B"),
        (None, "bytes", 4, "\N{EN DASH}"),
        ("MoE", "", 4, "MoE"),
        (10.918, "x", 3, "10.9 x"),
    ],
)
def test_show(value, unit, digits, shown):
    assert show(value, unit, digits) == shown
