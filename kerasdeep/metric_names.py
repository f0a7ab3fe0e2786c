"""What a metric's name says: its part of the data, its rank, how it is written for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kerasdeep import formatting
from kerasdeep.formatting import NO_VALUE, is_number
from kerasdeep.tasks import TASKS

PREFIXES = {"test": "test_", "validation": "val_", "train": ""}
"""By part: what Keras puts in front of a metric's name. The best evidence comes first."""
_HEADLINES = (*dict.fromkeys(task.headline for task in TASKS.values()), "mean_absolute_error", "loss")
_FRACTIONS = ("accuracy", "precision", "recall", "f1", "specificity", "sensitivity")
_LABELS = {
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
    "d2_pinball_score": "share of the pinball loss saved",
    "quadratic_kappa": "quadratic kappa",
    "learning_rate": "learning rate",
}


def headline(metrics: Mapping[str, float | None], parts: Sequence[str] = tuple(PREFIXES)) -> str | None:
    """The metric that says most, of the first of `parts` that has it; None where there is none."""
    names = (f"{PREFIXES[part]}{name}" for name in _HEADLINES for part in parts)
    return next((name for name in names if metrics.get(name) is not None), None)


def ranking_metric(metrics: Mapping[str, float | None]) -> str | None:
    """The metric to choose by: of the validation rows, so that the test rows stay unseen; None where there is none."""
    return headline(metrics, ("validation", "test", "train"))


def on_test_rows(name: str) -> str:
    """The same metric of the test rows."""
    return PREFIXES["test"] + base_name(name)


def base_name(name: str) -> str:
    """The name without the prefix of its part."""
    return name.removeprefix("val_").removeprefix("test_")


def is_fraction(name: str) -> bool:
    """Whether a metric of this name is a fraction of one, which is easier to read in per cent."""
    name = base_name(name)
    return name.split("_")[-1] in _FRACTIONS or name.startswith("coverage_") or name == "deviance_explained"


def formatter(name: str) -> Callable[[object], str]:
    """How the metric's values are written on an axis."""
    if name.startswith("learning_rate"):
        return formatting.learning_rate
    return formatting.percent if is_fraction(name) else formatting.number


def format_value(name: str, value: object) -> str:
    if name.endswith("r2_score") and is_number(value) and abs(value) < 10:
        return f"{value:.4f}".replace("-", "−")  # digits below the fourth decimal mean nothing
    return formatter(name)(value)


def format_interval(name: str, bounds: tuple[float | None, float | None] | None) -> str:
    if bounds is None or None in bounds:
        return NO_VALUE
    return f"{format_value(name, bounds[0])} – {format_value(name, bounds[1])}"


def label(name: str) -> str:
    """A metric's name in words: `val_mean_absolute_error` is "mean absolute error"."""
    name = base_name(name)
    return _LABELS.get(name) or " ".join(_LABELS.get(word, word) for word in name.split("_"))


def heading(name: str) -> str:
    """The label with a capital letter."""
    words = label(name)
    return words[:1].upper() + words[1:]
