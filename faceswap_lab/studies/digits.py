"""Numbers as a reader wants them: as many digits as the noise allows, a real minus sign, and never a "nan"."""

import math

NOT_KNOWN = "not known"
_MOST_PLACES = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def places(scale: float | None) -> int:
    """Return the decimal places that show two significant digits of ``scale``, 0 to 6.

    ``scale`` is the size of the noise, in the metric's unit: digits beyond it are chance. 3 places where it is unknown.
    """
    if scale is None or not math.isfinite(scale) or scale <= 0:
        return 3
    return min(max(1 - math.floor(math.log10(scale)), 0), _MOST_PLACES)


def fixed(value: float | None, decimals: int, *, sign: bool = False) -> str:
    """Return ``value`` with a fixed number of decimal places, with a plus sign too if ``sign``."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    text = f"{abs(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return f"−{text}" if value < 0 else f"+{text}" if sign else text


def interval(low: float, high: float, decimals: int, *, sign: bool = False) -> str:
    """Return both ends; an interval that is infinite on either side is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return NOT_KNOWN
    return f"{fixed(low, decimals, sign=sign)} to {fixed(high, decimals, sign=sign)}"


def effect(difference: float, low: float, high: float) -> str:
    """Return a difference with its interval, in as many digits as the interval allows: "−0.070 (−0.091 to −0.049)"."""
    if not math.isfinite(difference):
        return NOT_KNOWN
    decimals = places(max((high - low) / 2, abs(difference) / 100))
    return f"{fixed(difference, decimals, sign=True)} ({interval(low, high, decimals, sign=True)})"


def general(value: float | None) -> str:
    """Return a number of unknown size with three significant digits."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return fixed(value, max(2 - math.floor(math.log10(abs(value))), 0))
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}".replace("-", "−")


def p_value(p: float | None) -> str:
    """Return a p-value with two significant digits, or its bound where it is tiny."""
    if p is None or not math.isfinite(p):
        return NOT_KNOWN
    if p < 0.0001:
        return "< 0.0001"
    return "1" if p >= 0.995 else fixed(p, max(1 - math.floor(math.log10(p)), 2))


def percent(share: float | None) -> str:
    """Return a share in [0, 1] in whole per cent."""
    if share is None or not math.isfinite(share):
        return NOT_KNOWN
    return f"{100 * share:.0f} %"


def parameters(count: int | None) -> str:
    """Return a number of parameters in millions, or in thousands where it is small."""
    if count is None:
        return NOT_KNOWN
    return f"{count / 1e6:.2f} M" if count >= 1e6 else f"{count / 1e3:.0f} k" if count >= 1e4 else f"{count:,}"


def duration(seconds: float | None) -> str:
    """Return a time span in the two largest units."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_KNOWN
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
