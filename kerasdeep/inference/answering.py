"""What the model says to rows: probabilities and numbers by target, and how sure it is where that was sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep.build.batches import for_keras
from kerasdeep.data import Preprocessing
from kerasdeep.data.dataset import OUTPUT, Target
from kerasdeep.inference import monte_carlo
from kerasdeep.measuring.probabilities import both_columns, decide


@dataclass(frozen=True)
class Answer:
    """One target of every row.

    `prediction` is (rows,): class names, or numbers in the target's own unit; `probabilities` is (rows, classes),
    None for numbers. Sampled answers have `std` (of the predicted class's probability, or of the number) and, for
    classes, the two uncertainties in nats; all (rows,).
    """

    target: Target
    prediction: np.ndarray
    probabilities: np.ndarray | None
    std: np.ndarray | None = None
    predictive_entropy: np.ndarray | None = None
    mutual_information: np.ndarray | None = None


def outputs(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """The model's outputs in inference by head, (rows, units)."""
    said = model.predict(**for_keras(model, x), verbose=0)
    return monte_carlo.by_head(said)


def answers(
    preprocessing: Preprocessing,
    said: dict[str, np.ndarray],
    moments: dict[str, monte_carlo.Moments] | None = None,
) -> list[Answer]:
    """An answer for each target, from the outputs by head and, where there are some, their moments."""
    found, single = [], len(preprocessing.heads) == 1
    for column, rule in enumerate(preprocessing.targets):
        head = OUTPUT if single else rule.name
        spread = moments[head] if moments else None
        if rule.kind != "regression":
            found.append(_class(rule, said[head], spread))
            continue
        place = column if single else 0
        number = rule.decode(said[head].reshape(len(said[head]), -1)[:, place])
        std = None if spread is None else spread.std[:, place] * rule.scale
        found.append(Answer(rule.target, number, None, std))
    return found


def _class(rule: Any, said: np.ndarray, spread: monte_carlo.Moments | None) -> Answer:
    shares = both_columns(said)
    predicted, _ = decide(shares)
    if spread is None:
        return Answer(rule.target, rule.decode(predicted), shares)
    # A lone output is one class's probability; the other's deviates as much.
    std = spread.std[:, 0] if spread.std.shape[1] == 1 else spread.std[np.arange(len(predicted)), predicted]
    return Answer(
        rule.target, rule.decode(predicted), shares, std, spread.predictive_entropy, spread.mutual_information
    )
