"""The tasks: everything that depends on what kind of thing is predicted, one entry a task.

`module` names the file that decodes and measures a target's outputs; `kerasdeep.evaluation.types.TargetModule` says
what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Task:
    """What follows from the kind of a target.

    Args:
        activation: Of the output layer.
        loss: The loss where `loss: auto`.
        metrics: The metrics where `metrics: auto`.
        headline: The one metric of an evaluation that says most.
        baseline: The constant prediction that a model must beat, a key of `evaluation.baseline.BASELINES`.
        module: The functions for its outputs, by the module's full name.
        needs: The units that `Output` must have, in words; `units` stands for their number.
        has_classes: Whether labels are encoded as class numbers; then held-out rows are drawn from every class.
        unit_per_class: Whether the output is a distribution over the classes, one unit each.
        class_count: How many classes a target must have; None for any number.
        shares_head: Whether several such targets share one head, a column each.
        opponents: What a network for tables is held against: scikit-learn's estimators, keys of
            `evaluation.opponents.OPPONENTS`; none where none fits.
    """

    activation: str
    loss: str
    metrics: tuple[str, ...]
    headline: str
    baseline: Literal["most_frequent", "mean"]
    module: str
    needs: str
    has_classes: bool = False
    unit_per_class: bool = False
    class_count: int | None = None
    shares_head: bool = False
    opponents: tuple[str, ...] = ()


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
        has_classes=True,
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
        has_classes=True,
        unit_per_class=True,
        opponents=CLASSIFIERS,
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
NUMBERS = "regression"
"""What `task: auto` makes of numbers."""


def setting_type() -> str:
    """The type of the setting `task`, in the catalogue's language."""
    return "|".join(f"'{name}'" for name in ("auto", *TASKS))


def task_of_classes(count: int) -> str:
    """What `task: auto` makes of a target with so many classes."""
    return "binary" if count == 2 else "multiclass"


def predicts_numbers(name: str) -> bool:
    """Whether the setting `task` says that numbers are predicted; `auto` leaves it open."""
    return name in TASKS and not TASKS[name].has_classes
