"""The tasks: everything that depends on what kind of thing is predicted, one entry a task.

`module` names the file that decodes and measures a target's outputs; `kerasdeep.evaluation.types.TargetModule` says
what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Task:
    """What follows from the kind of a target.

    Args:
        activation: Of the output layer.
        loss: The loss where `loss: auto`; it is given the options that it has arguments for.
        metrics: The metrics where `metrics: auto`.
        headline: The one metric of an evaluation that says most.
        baseline: The constant prediction that a model must beat, a key of `evaluation.baseline.BASELINES`.
        module: The functions for its outputs, by the module's full name.
        needs: The units that `Output` must have, in words; `units` stands for their number.
        labels: How labels are encoded: class, a class number; set, a column of 0 and 1 for each label; number; or
            steps, a column for each of the next values.
        unit_per_class: Whether the output has one unit for each class or label.
        class_count: How many classes a target must have; None for any number.
        shares_head: Whether several such targets share one head, a column each.
        opponents: What a network for tables is held against: scikit-learn's estimators, keys of
            `evaluation.opponents.OPPONENTS`; none where none fits.
        scaling: How numbers are scaled for the network: standardize, or mean, which only divides them by their mean.
        ordered: Whether the classes have an order, that of numbers or of `data.classes`.
        calibration: What is fitted on the validation rows and applied to predictions, a key of
            `evaluation.calibration.CALIBRATIONS`; empty for nothing.
        options: What the task may be told, `task: {name: {option: value}}`, with its defaults.
    """

    activation: str
    loss: str
    metrics: tuple[str, ...]
    headline: str
    baseline: Literal["most_frequent", "median", "mean", "quantiles", "label_frequencies"]
    module: str
    needs: str
    labels: Literal["class", "set", "number", "steps"] = "number"
    unit_per_class: bool = False
    class_count: int | None = None
    shares_head: bool = False
    opponents: tuple[str, ...] = ()
    scaling: Literal["standardize", "mean"] = "standardize"
    ordered: bool = False
    calibration: Literal["", "threshold", "conformal"] = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_classes(self) -> bool:
        """Whether a label is one class number; then held-out rows are drawn from every class."""
        return self.labels == "class"

    @property
    def predicts_numbers(self) -> bool:
        return self.labels in ("number", "steps")


CLASSIFIERS = ("LogisticRegression", "HistGradientBoostingClassifier")

TASKS: dict[str, Task] = {
    "binary": Task(
        activation="sigmoid",
        loss="BinaryCrossentropy",
        metrics=("accuracy",),
        headline="accuracy",
        baseline="most_frequent",
        module="kerasdeep.evaluation.classes",
        needs="one unit (the probability of the second class)",
        calibration="threshold",
        labels="class",
        class_count=2,
        opponents=CLASSIFIERS,
    ),
    "multiclass": Task(
        activation="softmax",
        loss="SparseCategoricalCrossentropy",
        metrics=("accuracy",),
        headline="accuracy",
        baseline="most_frequent",
        module="kerasdeep.evaluation.classes",
        needs="{units} units, one for each class",
        labels="class",
        unit_per_class=True,
        opponents=CLASSIFIERS,
    ),
    "multilabel": Task(
        activation="sigmoid",
        loss="BinaryCrossentropy",
        metrics=("BinaryAccuracy",),
        headline="micro_f1",
        baseline="label_frequencies",
        module="kerasdeep.evaluation.label_sets",
        needs="{units} units, one for each label",
        labels="set",
        unit_per_class=True,
        calibration="threshold",
    ),
    "ordinal": Task(
        activation="cumulative_link",
        loss="OrdinalCrossentropy",
        metrics=("accuracy",),
        headline="quadratic_kappa",
        baseline="median",
        module="kerasdeep.evaluation.ordered_classes",
        needs="{units} units, one for each class",
        labels="class",
        unit_per_class=True,
        ordered=True,
    ),
    "regression": Task(
        activation="linear",
        loss="MeanSquaredError",
        metrics=("MeanAbsoluteError", "RootMeanSquaredError", "R2Score"),
        headline="r2_score",
        baseline="mean",
        module="kerasdeep.evaluation.numbers",
        needs="{units} units, one for each number",
        shares_head=True,
        opponents=("LinearRegression", "HistGradientBoostingRegressor"),
    ),
}
TASKS |= {
    "count": replace(
        TASKS["regression"],
        activation="exponential",
        loss="Poisson",
        metrics=("MeanAbsoluteError", "RootMeanSquaredError"),
        headline="deviance_explained",
        module="kerasdeep.evaluation.counts",
        scaling="mean",
        opponents=(),
    ),
    "quantile": Task(
        activation="ascending",
        loss="PinballLoss",
        metrics=(),
        headline="d2_pinball_score",
        baseline="quantiles",
        module="kerasdeep.evaluation.quantiles",
        needs="{units} units, one for each level",
        calibration="conformal",
        options={"levels": [0.05, 0.5, 0.95]},
    ),
    "forecast": replace(
        TASKS["regression"],
        metrics=("MeanAbsoluteError", "RootMeanSquaredError"),
        module="kerasdeep.evaluation.forecasts",
        needs="{units} units, one for each step",
        labels="steps",
        shares_head=False,
        opponents=("as last time", "as a season ago", "LinearRegression"),
    ),
}
NUMBERS = "regression"
"""What `task: auto` makes of numbers."""


def stated_tasks() -> list[str]:
    """The tasks that the setting `task` names; `data.window` makes a forecast of numbers."""
    return [name for name, task in TASKS.items() if task.labels != "steps"]


def setting_type() -> str:
    """The type of the setting `task`, in the catalogue's language: a name, or a name with options."""
    return "|".join([*(f"'{name}'" for name in ("auto", *stated_tasks())), "map[map[list[float]]]"])


def parse_setting(setting: str | Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The name and the options of the setting `task`, defaults included."""
    name, written = (setting, {}) if isinstance(setting, str) else next(iter(setting.items()), ("", {}))
    return name, {**TASKS[name].options, **written} if name in TASKS else {}


def task_of_classes(count: int) -> str:
    """What `task: auto` makes of a target with so many classes."""
    return "binary" if count == 2 else "multiclass"


def predicts_numbers(setting: str | Mapping[str, Any]) -> bool:
    """Whether the setting `task` says that numbers are predicted; `auto` leaves it open."""
    name = parse_setting(setting)[0]
    return name in TASKS and TASKS[name].predicts_numbers
