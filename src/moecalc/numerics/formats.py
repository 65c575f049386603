"""Floating-point formats of few bits: a sign, an exponent, a mantissa; rounding, codes, and codes' values."""

from functools import lru_cache
from math import copysign, frexp, inf, isfinite, ldexp, nan
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError, quoted

#: What the codes of the largest exponent mean -> how many of the largest codes are no finite numbers, with m mantissa bits.
SPECIALS = {
    "ieee": lambda m: 2**m,  # infinity and NaNs
    "nan": lambda m: 1,  # one NaN, at all ones; the rest are numbers
    "none": lambda m: 0,  # all are numbers
}
#: Doubles compute here: twice the mantissa and a bit must fit into theirs, and no quantum may be below their smallest.
MAX_EXPONENT_BITS, MAX_MANTISSA_BITS = 8, 23
#: Most values that are rounded at once
MAX_VALUES = 10**6


class FloatFormat(NamedTuple):
    r"""A binary format with a sign, as IEEE 754 builds it.

    .. math:: x = (-1)^s \, 2^{e - b} \, (1 + f / 2^m), \qquad
              x = (-1)^s \, 2^{1 - b} f / 2^m \text{ for } e = 0, \qquad b = 2^{k - 1} - 1

    k are `exponent_bits`, m `mantissa_bits`; `specials`, one of :data:`SPECIALS`, says what the largest exponent means.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    specials: str = "ieee"

    @property
    def num_bits(self) -> int:
        """Width of a number with its sign [bits]."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bias(self) -> int:
        """b, which the exponent field exceeds the exponent by [powers of two]."""
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def largest_code(self) -> int:
        """Code of the largest finite number [codes]."""
        return 2 ** (self.num_bits - 1) - 1 - SPECIALS[self.specials](self.mantissa_bits)

    @property
    def largest(self) -> float:
        """The largest finite number, as a factor of 1; a block's scale maps its largest entry here."""
        return _magnitude(self, self.largest_code)

    @property
    def smallest_normal(self) -> float:
        """The smallest number with all mantissa bits, as a factor of 1."""
        return ldexp(1.0, 1 - self.bias)

    @property
    def smallest_subnormal(self) -> float:
        """The smallest number above 0, as a factor of 1."""
        return ldexp(1.0, 1 - self.bias - self.mantissa_bits)


#: Without infinity, as accelerators have it
E4M3 = FloatFormat("e4m3", 4, 3, "nan")
E5M2 = FloatFormat("e5m2", 5, 2)
#: DeepSeek-V3 keeps the inputs of attention's output projection in it
E5M6 = FloatFormat("e5m6", 5, 6)
BF16 = FloatFormat("bf16", 8, 7)
FP32 = FloatFormat("fp32", 8, 23)

#: The formats of DeepSeek-V3's recipe
FORMATS = {one.name: one for one in (E4M3, E5M2, E5M6, BF16, FP32)}


def float_format(name: str) -> FloatFormat:
    """The format of a name of :data:`FORMATS`."""
    return FORMATS[one_of("format", name, FORMATS)]


def check_format(fmt: FloatFormat) -> FloatFormat:
    """`fmt`, if doubles can compute in it."""
    whole("exponent_bits", fmt.exponent_bits, 2, MAX_EXPONENT_BITS)
    whole("mantissa_bits", fmt.mantissa_bits, 1, MAX_MANTISSA_BITS)
    one_of("specials", fmt.specials, SPECIALS)
    return fmt


def check_values(values) -> list:
    """`values` as a list, if all are finite numbers."""
    values = list(values) if isinstance(values, (list, tuple)) else values
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        found = f"{len(values):,} values" if isinstance(values, list) else quoted(values)
        raise InputError(f"values must be a list of at most {MAX_VALUES:,} finite numbers; found {found}")
    for place, value in enumerate(values):
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
                continue
        except OverflowError:  # an integer beyond all doubles
            pass
        raise InputError(f"values must be finite numbers, as a double holds them; found {quoted(value)} at place {place}")
    return values


def rounded(values, fmt: FloatFormat) -> list:
    """Values rounded to the nearest number of a format, ties to the even one; beyond the largest, the largest.

    The values must be finite floats, which is not checked: figures round whole matrices in a browser.

    >>> rounded([0.3, 17.0, 19.0, -1e6], E4M3)
    [0.3125, 16.0, 20.0, -448.0]
    """
    largest, smallest_normal, splitter, anchor = _constants(fmt)
    if values and (max(values) > largest or min(values) < -largest):
        values = [min(max(value, -largest), largest) for value in values]
    # Below the normal numbers a sum with 1.5 x 2^52 quanta is rounded to a quantum by the double itself; above, a product
    # with 2^s + 1 is, since 2^s x is a multiple of the quantum (Veltkamp's splitting), an even one wherever x is a tie.
    return [
        x + anchor - anchor or copysign(0.0, x) if -smallest_normal < x < smallest_normal else (p := x * splitter) - (p - x)
        for x in values
    ]


def codes(values, fmt: FloatFormat) -> list:
    """Codes of rounded values, the sign in the highest bit.

    >>> codes([0.3, -448.0, 0.0], E4M3)
    [42, 254, 0]
    """
    return [_code(value, fmt) for value in rounded(values, fmt)]


def decoded(code: int, fmt: FloatFormat) -> float:
    """The number that a code stands for, as a factor of 1; infinity and NaN where the format has them.

    >>> decoded(42, E4M3), decoded(255, E4M3)
    (0.3125, nan)
    """
    whole("code", code, 0, 2**fmt.num_bits - 1)
    sign, magnitude = divmod(code, 2 ** (fmt.num_bits - 1))
    if magnitude <= fmt.largest_code:
        found = _magnitude(fmt, magnitude)
    else:
        found = inf if fmt.specials == "ieee" and magnitude == fmt.largest_code + 1 else nan
    return -found if sign else found


def _magnitude(fmt: FloatFormat, code: int) -> float:
    exponent, fraction = divmod(code, 2**fmt.mantissa_bits)
    if exponent:
        fraction += 2**fmt.mantissa_bits
    return ldexp(fraction, max(exponent, 1) - fmt.bias - fmt.mantissa_bits)


def _code(number: float, fmt: FloatFormat) -> int:
    sign = 2 ** (fmt.num_bits - 1) if copysign(1.0, number) < 0 else 0
    if number == 0:
        return sign
    exponent = max(frexp(number)[1] - 1 + fmt.bias, 1)
    # a normal number's leading one raises the field of the exponent by one, so a subnormal's is 0
    return sign + (exponent - 1) * 2**fmt.mantissa_bits + int(ldexp(abs(number), fmt.bias + fmt.mantissa_bits - exponent))


@lru_cache(maxsize=64)
def _constants(fmt: FloatFormat) -> tuple:
    check_format(fmt)
    splitter = 2.0 ** (52 - fmt.mantissa_bits) + 1
    return fmt.largest, fmt.smallest_normal, splitter, ldexp(1.5, 52) * fmt.smallest_subnormal
