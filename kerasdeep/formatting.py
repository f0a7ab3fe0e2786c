"""Numbers as text, so that a value looks the same in the report, in tables and in messages."""

from __future__ import annotations

import math
from typing import TypeGuard

NO_VALUE = "–"
"""Stands for what is not known."""


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: object, digits: int = 4) -> str:
    """Thousands separators, four significant digits, a true minus sign."""
    if not is_number(value):
        return NO_VALUE
    if isinstance(value, int) or (abs(value) < 1e15 and value == int(value) and abs(value) >= 1000):
        text = f"{int(value):,}"
    elif value == 0:
        text = "0"
    elif 1e-4 <= abs(value) < 1e6:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{places}f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return text.replace("-", "−")


def compact_number(value: object) -> str:
    """A number without trailing zeros, for axes and running text."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def significant(value: float | None) -> str:
    """Four significant digits in plain ASCII, for tables on the screen."""
    return NO_VALUE if value is None else f"{value:.4g}"


def learning_rate(value: object) -> str:
    """A learning rate as people write it: 0.05, 1e-3, 2.5e-5."""
    if not is_number(value):
        return NO_VALUE
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def percent(fraction: object) -> str:
    """One decimal; two from 99 % on, where one would hide the difference."""
    if not is_number(fraction):
        return NO_VALUE
    places = 2 if 0.99 <= fraction < 1 else 1
    return f"{100 * fraction:.{places}f}\u202f%".replace("-", "−")


def whole_percent(fraction: float) -> str:
    return f"{100 * fraction:.0f}\u202f%".replace("-", "−")


def duration(seconds: object) -> str:
    if not is_number(seconds):
        return NO_VALUE
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def byte_size(count: float) -> str:
    """A size in memory or on disk in decimal units: 1.2 GB."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.0f} GB" if count >= 100 else f"{count:.1f} GB"


def pluralize(count: float | None, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number(count)} {noun}" + ("" if count == 1 else "s")
