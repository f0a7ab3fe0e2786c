"""How the report spells numbers, so that the same figure looks the same everywhere."""

from __future__ import annotations

import math
from typing import Any

NO_VALUE = "–"
FRACTION_METRICS = ("accuracy", "precision", "recall", "f1", "specificity", "sensitivity")
_METRIC_LABELS = {
    "r2_score": "R²",
    "data_loss": "loss without penalties",
    "auc": "AUC",
    "roc_auc": "area under the ROC curve",
    "pr_auc": "area under precision-recall",
    "brier_score": "Brier score",
    "f1": "F1",
    "mae": "MAE",
    "mse": "MSE",
    "rmse": "RMSE",
    "learning_rate": "learning rate",
}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 4) -> str:
    """Thousands separated, four significant digits, a true minus; `–` for what is not known."""
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


def compact_number(value: Any) -> str:
    """A number without idle zeros: for ticks and for facts in passing."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def learning_rate(value: Any) -> str:
    """Learning rates as people write them: 0.05, 1e-3, 2.5e-5."""
    if not is_number(value):
        return NO_VALUE
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def percent(share: Any) -> str:
    """One decimal; two from 99 % on, where one would hide the difference."""
    if not is_number(share):
        return NO_VALUE
    places = 2 if 0.99 <= share < 1 else 1
    return f"{100 * share:.{places}f}\u202f%".replace("-", "−")


def whole_percent(share: float) -> str:
    return f"{100 * share:.0f}\u202f%".replace("-", "−")


def is_fraction(name: str) -> bool:
    """Whether a metric of this name is a share of one, better read in per cent."""
    return name.removeprefix("val_").removeprefix("test_").split("_")[-1] in FRACTION_METRICS


def metric_value(name: str, value: Any) -> str:
    if name.startswith("learning_rate"):
        return learning_rate(value)
    if name.endswith("r2_score"):  # a score about 0 … 1: digits below the fourth place mean nothing
        return f"{value:.4f}".replace("-", "−") if is_number(value) else NO_VALUE
    return percent(value) if is_fraction(name) else number(value)


def metric_label(name: str) -> str:
    """A metric's name in words: `val_mean_absolute_error` is "mean absolute error"."""
    name = name.removeprefix("val_").removeprefix("test_")
    return _METRIC_LABELS.get(name) or " ".join(_METRIC_LABELS.get(word, word) for word in name.split("_"))


def metric_heading(name: str) -> str:
    """The label as a title begins: in capitals only its first letter."""
    words = metric_label(name)
    return words[:1].upper() + words[1:]


def interval(name: str, bounds: Any) -> str:
    if not bounds or not all(is_number(bound) for bound in bounds):
        return NO_VALUE
    return f"{metric_value(name, bounds[0])} – {metric_value(name, bounds[1])}"


def duration(seconds: Any) -> str:
    if not is_number(seconds):
        return NO_VALUE
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def pluralize(value: Any, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number(value)} {noun}" + ("" if value == 1 else "s")
