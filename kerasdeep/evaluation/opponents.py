"""Opponents: scikit-learn's linear models and gradient boosting with their defaults, on the rows of a run.

They see what the network sees: the encoded features and targets of the same training rows, with the same weights; but
no columns that have inputs of their own, such as pictures.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from threadpoolctl import threadpool_limits

from kerasdeep import metric_names
from kerasdeep.config.sections.threshold import ThresholdConfig
from kerasdeep.data import Dataset, Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, DataSplit, input_arrays, take_rows
from kerasdeep.data.windows import WindowTransform, past_values
from kerasdeep.evaluation import calibration
from kerasdeep.evaluation.persistence import PERSISTENCE, AsLastTime
from kerasdeep.evaluation.prediction_metrics import combine_metrics
from kerasdeep.evaluation.types import TargetEvaluation, module_of
from kerasdeep.heads import TargetSlice, target_slices
from kerasdeep.metric_names import PREFIXES
from kerasdeep.runs.files import to_jsonable

OPPONENTS: dict[str, Callable[[], Any]] = {
    "LinearRegression": LinearRegression,
    "LogisticRegression": LogisticRegression,
    "HistGradientBoostingClassifier": partial(HistGradientBoostingClassifier, random_state=0),
    "HistGradientBoostingRegressor": partial(HistGradientBoostingRegressor, random_state=0),
}
"""With scikit-learn's defaults and, where they draw, a seed. Forecasts also have those of `PERSISTENCE`."""

SHARE_OF_TRAINING = 0.1
ITERATIONS = 100  # of boosting, and at most of logistic regression
OPERATION_COST = 8  # multiplications in a network that take as long as one operation of an opponent
STEP_COST = 1_000_000  # and as one training step beside its multiplications
MIN_BUDGET = 1_500_000_000  # multiplications: about 0.3 seconds of a core
MAX_VALUES = 50_000_000  # 200 MB of float32
SERIAL_VALUES = 1_000_000
"""Below so many numbers threads cost more than they bring; on a busy machine they wait for each other for seconds."""
PREDICTED_ROWS = 65_536
"""Rows that are predicted at once."""
Evaluations = dict[str, dict[int, TargetEvaluation]]
"""By split and number of the target."""


@dataclass(frozen=True, slots=True)
class TrainingWork:
    """What the training of the network took, in numbers that are the same on every machine.

    Args:
        steps: Of the optimizer.
        examples: Rows seen, each as often as it was seen.
        parameters: Of the network.
    """

    steps: int
    examples: int
    parameters: int


def fitted_rows(rows: int, columns: int, outputs: int, work: TrainingWork) -> int:
    """How many of the training rows opponents are fitted on, so that they cost about a tenth of the training.

    A rule from counts of operations, never a stopwatch: the same run has the same opponents on every machine.
    """
    training = 3 * work.examples * work.parameters + STEP_COST * work.steps
    budget = max(MIN_BUDGET, SHARE_OF_TRAINING * training)
    per_row = OPERATION_COST * columns * (ITERATIONS * outputs + columns)
    return min(rows, MAX_VALUES // columns, int(budget // per_row))


def measure_opponents(
    dataset: Dataset,
    evaluations: Mapping[str, list[TargetEvaluation]],
    work: TrainingWork,
    threshold: ThresholdConfig | None = None,
) -> dict[str, Any]:
    """Fits the opponents of every target and holds the network against them.

    Args:
        dataset: Of the run.
        evaluations: The network's, by split.
        work: What its training took.
        threshold: How thresholds are chosen, where the network has any.

    Returns:
        `opponents` and `verdict` as `result.json` has them; empty without held-out rows, where no opponent fits, and
        where no column is left that they can read.
    """
    unread = list(dataset.preprocessing.column_inputs)
    if INPUT in unread or INPUT not in dataset.input_shapes:
        return {}
    splits = {name: _readable(split) for name, split in dataset.held_out.items() if name != "train"}
    slices = list(target_slices(dataset.preprocessing))
    names = dict.fromkeys(name for each in slices for name in each.encoder.task.opponents)
    if not splits or not names:
        return {}
    width = prod(dataset.input_shapes[INPUT])
    rows = fitted_rows(len(dataset.train), width, max(each.encoder.target.units for each in slices), work)
    train = _sample(_readable(dataset.train), rows)
    opponents: list[dict[str, Any]] = []
    rivals: dict[str, Evaluations] = {}
    with threadpool_limits(1 if rows * width < SERIAL_VALUES else None):
        for name in names:
            started = time.perf_counter()
            models = {
                number: model
                for number, each in enumerate(slices)
                if (model := _fit(name, each, train, dataset.preprocessing))
            }
            if not models:
                continue
            measured = {
                number: _evaluate(model, {split: evaluations[split][number] for split in splits}, splits, threshold)
                for number, model in models.items()
            }
            rivals[name] = {split: {number: each[split] for number, each in measured.items()} for split in splits}
            metrics = {
                PREFIXES[split] + key: value
                for split, by_target in rivals[name].items()
                for key, value in _metrics(list(by_target.values()), dataset.preprocessing).items()
            }
            seconds = round(time.perf_counter() - started, 3)
            opponents.append({"name": name, "metrics": metrics, "rows": rows, "seconds": seconds})
    split = next(name for name in PREFIXES if name in splits)
    verdict = []
    for number, mine in enumerate(evaluations[split]):
        others = {name: measured[split][number] for name, measured in rivals.items() if number in measured[split]}
        if others:
            verdict.append(_verdict(split, mine, others, len(slices) > 1, unread))
    return to_jsonable({"opponents": opponents, "verdict": verdict})


def _readable(split: DataSplit) -> DataSplit:
    """The rows with the input that all columns without an input of their own share."""
    return replace(split, x=input_arrays(split.x)[INPUT])


def _sample(train: DataSplit, rows: int) -> DataSplit:
    """That many rows, drawn with a fixed seed, in memory."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:rows])
    return DataSplit(
        np.asarray(take_rows(train.x, chosen)).reshape(rows, -1),
        take_rows(train.y, chosen),
        train.rows[chosen],
        None if train.weight is None else train.weight[chosen],
    )


def _fit(name: str, target: TargetSlice, train: DataSplit, preprocessing: Preprocessing) -> Any | None:
    """The opponent fitted to one target; None where it is not for such targets, or cannot be fitted."""
    assert train.y is not None
    if name not in target.encoder.task.opponents:
        return None
    with warnings.catch_warnings(), suppress(ValueError):  # a class with one row, or one class alone; no season
        warnings.simplefilter("ignore", ConvergenceWarning)  # its default is 100 iterations, converged or not
        model = OPPONENTS[name]() if name in OPPONENTS else persistence_opponent(name, target.encoder, preprocessing)
        return model.fit(np.asarray(train.x), target.labels(train.y), sample_weight=train.weight)
    return None


def persistence_opponent(name: str, encoder: TargetEncoder, preprocessing: Preprocessing) -> AsLastTime:
    """One of `PERSISTENCE` for a target of windows. Raises ValueError where its past is no feature."""
    transform = preprocessing.inputs[INPUT]
    assert isinstance(transform, WindowTransform)
    return PERSISTENCE[name](past_values(transform, encoder), transform.window.season)


def _evaluate(
    model: Any,
    network: Mapping[str, TargetEvaluation],
    splits: Mapping[str, DataSplit],
    threshold: ThresholdConfig | None,
) -> dict[str, TargetEvaluation]:
    """The fitted model's evaluations by split, on the rows of the network's.

    Where the network has a threshold that was chosen on validation rows, the model has its own, chosen likewise.
    """
    encoder = next(iter(network.values())).prediction.encoder
    outputs = {split: _outputs(model, encoder, part.x) for split, part in splits.items()}
    chosen_on = network.get("validation")
    if encoder.thresholds and chosen_on is not None:
        rows = outputs["validation"], chosen_on.actual, chosen_on.weights
        encoder = calibration.threshold(encoder, *rows, threshold)
    decode = module_of(encoder.task).decode
    return {split: replace(network[split], prediction=decode(encoder, outputs[split], None)) for split in splits}


def _outputs(model: Any, encoder: TargetEncoder, x: Any) -> np.ndarray:
    """What the fitted model says, as a network's outputs would: (rows, units)."""
    predict = model.predict_proba if encoder.task.has_classes else model.predict
    blocks = [np.asarray(x[start : start + PREDICTED_ROWS]) for start in range(0, len(x), PREDICTED_ROWS)]
    outputs = np.concatenate([predict(block.reshape(len(block), -1)) for block in blocks]).reshape(len(x), -1)
    if encoder.task.has_classes:  # a class that the sample lacks has probability 0
        known, outputs = outputs, np.zeros((len(x), len(encoder.classes)))
        outputs[:, model.classes_] = known
    return outputs


def _metrics(measured: list[TargetEvaluation], preprocessing: Preprocessing) -> dict[str, Any]:
    return combine_metrics(measured, [module_of(each.target.task).metrics(each) for each in measured], preprocessing)


def _verdict(
    split: str, mine: TargetEvaluation, rivals: Mapping[str, TargetEvaluation], several: bool, unread: Sequence[str]
) -> dict[str, Any]:
    """The network against the best of its opponents, which could not read some columns, on the rows of a split."""
    gains = {name: module_of(mine.target.task).gain(mine, rival) for name, rival in rivals.items()}
    best = min(gains, key=lambda name: gains[name][1])
    metric, difference, bounds = gains[best]
    low, high = bounds or (None, None)
    is_clear = low is not None and high is not None and (low > 0 or high < 0)
    winner = None if not is_clear else "network" if difference > 0 else best
    prefix = f"{mine.target.name}_" if several else ""
    return {
        "target": mine.target.name,
        "metric": f"{PREFIXES[split]}{prefix}{metric}",
        "winner": winner,
        "opponent": best,
        "difference": difference,
        "low": low,
        "high": high,
        "sentence": _sentence(split, mine.target.name if several else "", metric, winner, best, difference, bounds)
        + (f" Opponents do not see {', '.join(unread)}." if unread else ""),
    }


def _sentence(
    rows: str, target: str, metric: str, winner: str | None, best: str, difference: float, bounds: list[float] | None
) -> str:
    """Who wins by how much, with the interval."""
    is_percent = metric_names.is_fraction(metric)
    unit = f"points of {metric_names.label(metric)}" if is_percent else metric_names.label(metric)
    sign = 1 if winner in (None, "network") else -1  # of the opponent where it wins

    def written(*values: float) -> str:
        signed = "" if winner else "+"
        texts = (f"{100 * sign * v:{signed}.1f}" if is_percent else f"{sign * v:{signed}.3f}" for v in values)
        return " … ".join(texts).replace("-", "−")

    beginning = f"On the {rows} rows{target and f' of {target}'}"
    amount = f"{written(difference)} {unit}"
    if bounds is not None:
        amount += f" (95\u202f% interval {written(*bounds[::sign])})"
    if winner is None:
        return f"{beginning} there is no clear difference between the network and {best}: {amount}."
    return f"{beginning} {' beats '.join(('the network', best)[::sign])} by {amount}."
