"""An accelerator as its maker describes it and its driver reports it: peaks, memory and links; or one typed in."""

from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError, instead, quoted
from ..base.names import find
from ..base.units import si
from ..facts import tables


class Accelerator(NamedTuple):
    """One accelerator, dense peaks; what neither a source nor the reader gives is None: see :meth:`needed`."""

    slug: str  #: empty for one that is typed in
    name: str
    peak_dense_bf16_flops_per_s: float | None
    peak_dense_fp8_flops_per_s: float | None
    memory_bytes: float | None  #: as the driver reports it, where that is known; else as the data sheet says
    memory_bandwidth_bytes_per_s: float | None
    scale_up_bandwidth_bytes_per_s: float | None  #: per direction
    scale_up_domain_gpus: int | None
    scale_out_bandwidth_bytes_per_s: float | None
    power_w: float | None
    num_sms: int | None
    peak_dense_fp16_flops_per_s: float | None = None
    peak_dense_fp4_flops_per_s: float | None = None
    data_sheet_memory_bytes: float | None = None  #: as printed, with GB of 10^9 bytes: a name rather than a size
    #: what someone measured on theirs, see ``moecalc calibrate``; kernels take what was fitted on its generation if None
    launch_s: float | None = None
    products_share: float | None = None  #: of the speed of products that was fitted
    attention_share: float | None = None
    bandwidth_share: float | None = None

    def needed(self, field: str):
        """The value of a field that cannot be done without.

        Raises
        ------
        InputError
            If it is None; the sentence says what is missing, of which accelerator, and how to type it in.

        >>> load_accelerator("h800-sxm").needed("power_w")
        700
        """
        value = getattr(self, field)
        if value is not None:
            return value
        key = next(key for key, (known, *_) in TYPED.items() if known == field)
        _, what, unit, example = TYPED[key]
        also = ""
        if key == "bf16" and self.peak_dense_fp16_flops_per_s:
            also = f"; in FP16 it is {si(self.peak_dense_fp16_flops_per_s, 'FLOP/s')}"
        start = f"{self.slug}," if self.slug else ""
        raise InputError(f"no {what} of {self.name} is known{also}; type it in [{unit}], as in {start}{key}={example}")

    @property
    def ridge(self) -> float:
        """BF16 FLOPs in the time in which memory moves a byte: below this intensity the memory decides."""
        return self.needed("peak_dense_bf16_flops_per_s") / self.needed("memory_bandwidth_bytes_per_s")


#: field of Accelerator -> (unit used inside, quantities of data/accelerators.csv: the first that is there)
_FACTS = {
    "name": ("text", "name"),
    "peak_dense_bf16_flops_per_s": ("FLOP/s", "peak_dense_bf16"),
    "peak_dense_fp8_flops_per_s": ("FLOP/s", "peak_dense_fp8"),
    "memory_bytes": ("bytes", "memory_reported_by_driver", "memory"),
    "memory_bandwidth_bytes_per_s": ("bytes/s", "memory_bandwidth"),
    "scale_up_bandwidth_bytes_per_s": ("bytes/s", "scale_up_bandwidth"),
    "scale_up_domain_gpus": ("GPUs", "scale_up_domain"),
    "scale_out_bandwidth_bytes_per_s": ("bytes/s", "scale_out_bandwidth"),
    "power_w": ("W", "power"),
    "num_sms": ("SMs", "num_sms"),
    "peak_dense_fp16_flops_per_s": ("FLOP/s", "peak_dense_fp16"),
    "peak_dense_fp4_flops_per_s": ("FLOP/s", "peak_dense_fp4"),
    "data_sheet_memory_bytes": ("bytes", "memory"),
}

#: key as it is typed -> (field of Accelerator, what it is, its unit, an example)
TYPED = {
    "bf16": ("peak_dense_bf16_flops_per_s", "dense BF16 peak", "FLOP/s", "400e12"),
    "fp16": ("peak_dense_fp16_flops_per_s", "dense FP16 peak", "FLOP/s", "400e12"),
    "fp8": ("peak_dense_fp8_flops_per_s", "dense FP8 peak", "FLOP/s", "800e12"),
    "fp4": ("peak_dense_fp4_flops_per_s", "dense FP4 peak", "FLOP/s", "1600e12"),
    "hbm": ("memory_bandwidth_bytes_per_s", "memory bandwidth", "bytes/s", "2e12"),
    "memory": ("memory_bytes", "device memory", "bytes", "64e9"),
    "scale_up": ("scale_up_bandwidth_bytes_per_s", "scale-up bandwidth in one direction", "bytes/s", "300e9"),
    "scale_out": ("scale_out_bandwidth_bytes_per_s", "scale-out bandwidth", "bytes/s", "50e9"),
    "domain": ("scale_up_domain_gpus", "scale-up domain", "accelerators", "8"),
    "power": ("power_w", "power", "W", "700"),
    "sms": ("num_sms", "number of SMs", "SMs", "132"),
    "launch": ("launch_s", "launch of a product", "s", "3e-6"),
    "products": ("products_share", "speed of products, over that fitted on its generation", "ratio", "0.9"),
    "attention": ("attention_share", "speed of attention, over that fitted on its generation", "ratio", "0.9"),
    "bandwidth": ("bandwidth_share", "speed of memory, over that fitted on its generation", "ratio", "0.9"),
}
KEYS = ("name", *TYPED)
#: An accelerator by its numbers, as an example of the form.
EXAMPLE = "name=mine,bf16=400e12,fp8=800e12,hbm=2e12,memory=64e9,scale_up=300e9,scale_out=50e9,domain=8"


def load_accelerator(name: str) -> Accelerator:
    """An accelerator of ``data/accelerators.csv`` by its slug, such as ``h800-sxm``, or a name that people or drivers use.

    ``moecalc accelerators`` lists them. A name that may stand for several is asked back.

    >>> load_accelerator("h800-sxm").peak_dense_bf16_flops_per_s
    989000000000000.0
    >>> load_accelerator("NVIDIA H100 80GB HBM3").slug
    'h100-sxm'
    """
    known = tables.by_subject("accelerators")
    slug = name if name in list(known) else find("accelerator", name, _names())  # a slug needs no comparing
    return from_facts(slug)


def from_facts(slug: str, table: str = "accelerators") -> Accelerator:
    """The accelerator that a subject of a table of facts describes, in the quantities of ``data/accelerators.csv``."""
    values = {field: one.to(_FACTS[field][0]) for field, one in accelerator_facts(slug, table).items()}
    return Accelerator(slug, **{field: values.get(field) for field in _FACTS})


def load_accelerators() -> list:
    """Every accelerator of ``data/accelerators.csv``, in the order of the file."""
    return [load_accelerator(slug) for slug in tables.by_subject("accelerators")]


def accelerator_facts(slug: str, table: str = "accelerators") -> dict:
    """Field of :class:`Accelerator` -> the :class:`~moecalc.facts.tables.Fact` that it is read from, of a `table`."""
    known = tables.by_subject(table)[slug]
    found = {field: [known[one] for one in quantities if one in known] for field, (_, *quantities) in _FACTS.items()}
    return {field: facts[0] for field, facts in found.items() if facts}


def read_accelerator(text: str) -> Accelerator:
    """The accelerator that a text names, or that it gives by its numbers, in FLOP/s, bytes/s and bytes.

    Parts stand between commas or on lines of their own; a name in front is the accelerator whose other numbers hold.

    >>> read_accelerator("H20").slug, read_accelerator("name=mine, bf16=400e12, memory=64e9").memory_bytes
    ('h20', 64000000000.0)
    >>> read_accelerator("t4,bf16=65e12").memory_bytes == load_accelerator("t4").memory_bytes
    True
    """
    parts = [part.strip() for part in str(text).replace(",", "\n").splitlines() if part.strip()]
    if not any("=" in part for part in parts):
        return load_accelerator(text if len(parts) > 1 or not isinstance(text, str) else text.strip())
    given = {}
    for part in parts if "=" in parts[0] else parts[1:]:
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals:
            raise InputError(f"an accelerator is typed in as key=value, with commas, as in {EXAMPLE}; found {quoted(part)}")
        if key not in KEYS:
            raise InputError(f"an accelerator has no key {quoted(key)}{instead(key, KEYS)}")
        if key in given:
            raise InputError(f"{key} is given twice, as {quoted(given[key])} and {quoted(value)}")
        given[key] = value
    start = Accelerator("", "the accelerator typed in", *[None] * 9) if "=" in parts[0] else load_accelerator(parts[0])
    values = {TYPED[key][0]: _number(key, value) for key, value in given.items() if key != "name"}
    name = given.get("name")
    if name == "":
        raise InputError("name is empty; a name is accepted, such as name=mine")
    return start._replace(**values, **({} if name is None else {"name": name}))


def read_accelerators(texts) -> dict[str, Accelerator]:
    """Text -> accelerator, as :func:`read_accelerator` reads it, each text once; one text alone is one of them.

    >>> list(read_accelerators(("h20", "h800-sxm", "h20"))), list(read_accelerators("h20"))
    (['h20', 'h800-sxm'], ['h20'])
    """
    found = {text: read_accelerator(text) for text in ((texts,) if isinstance(texts, str) else texts)}
    if not found:
        raise InputError("an accelerator is needed; found none")
    return found


def _names() -> dict:
    """Slug -> name and driver's name, each also without the maker, its first word."""
    found = {}
    for slug, known in tables.by_subject("accelerators").items():
        names = [known[one].value for one in ("name", "driver_name") if one in known]
        found[slug] = (*names, *(name.partition(" ")[2] for name in names))
    return found


def _number(key: str, text: str):
    """The number of a key, as it was typed."""
    _, what, unit, example = TYPED[key]
    try:
        value = float(text)
    except ValueError:
        found = quoted(text) if text else "nothing"
        raise InputError(f"{key}, the {what}, is a number [{unit}], as in {key}={example}; found {found}") from None
    if key in ("domain", "sms"):
        return whole(key, int(value) if value == value // 1 else value, most=10**9)
    return real(f"{key} [{unit}]", value, positive=True)


#: Sparsity of two in four doubles the peak that a data sheet prints first.
SPARSE = 2


def sparse_peak_note(peak_flops_per_s: float, name: str | None = None) -> str:
    """A sentence, where P = `peak_flops_per_s` [FLOP/s] is the peak of sparse products, twice the dense one; else empty.

    It is compared with the accelerator `name`, or with all of them.

    >>> sparse_peak_note(1979e12, "h100-sxm")
    '1979 TFLOP/s is twice the dense BF16 peak of h100-sxm, the peak of sparse products or of FP8; is 989 TFLOP/s meant?'
    """
    known = load_accelerators() if name is None else [read_accelerator(name)]
    dense = [(one, one.peak_dense_bf16_flops_per_s) for one in known if one.peak_dense_bf16_flops_per_s is not None]
    if any(_near(peak_flops_per_s, peak) for _, peak in dense):
        return ""
    for one, peak in dense:
        if _near(peak_flops_per_s, SPARSE * peak):
            typed, meant = f"{peak_flops_per_s / 1e12:g} TFLOP/s", f"{peak / 1e12:g} TFLOP/s"
            of = f"the dense BF16 peak of {one.slug or one.name}, the peak of sparse products or of FP8"
            return f"{typed} is twice {of}; is {meant} meant?"
    return ""


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 0.002 * other
