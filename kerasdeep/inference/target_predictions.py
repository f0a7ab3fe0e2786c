"""What the model says to rows: probabilities and numbers by target, and how sure it is where that was sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.data.types import OUTPUT, Target
from kerasdeep.evaluation.probabilities import predict_classes, to_class_probabilities
from kerasdeep.inference import mc_dropout
from kerasdeep.modeling.batches import keras_data_arguments


@dataclass(frozen=True)
class TargetPrediction:
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


def predict_outputs(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """The model's outputs in inference by head, (rows, units)."""
    raw_outputs = model.predict(**keras_data_arguments(model, x), verbose=0)
    return mc_dropout.outputs_by_head(raw_outputs)


def decode_predictions(
    preprocessing: Preprocessing, outputs: dict[str, np.ndarray], moments: dict[str, mc_dropout.Moments] | None = None
) -> list[TargetPrediction]:
    """An answer for each target, from the outputs by head and, where there are some, their moments."""
    predictions, single = [], len(preprocessing.heads) == 1
    for column, encoder in enumerate(preprocessing.targets):
        head = OUTPUT if single else encoder.name
        head_moments = moments[head] if moments else None
        if encoder.kind != "regression":
            predictions.append(_class_prediction(encoder, outputs[head], head_moments))
            continue
        output_column = column if single else 0
        values = encoder.decode(outputs[head].reshape(len(outputs[head]), -1)[:, output_column])
        std = None if head_moments is None else head_moments.std[:, output_column] * encoder.scale
        predictions.append(TargetPrediction(encoder.target, values, None, std))
    return predictions


def _class_prediction(encoder: Any, output: np.ndarray, head_moments: mc_dropout.Moments | None) -> TargetPrediction:
    class_probabilities = to_class_probabilities(output)
    predicted, _ = predict_classes(class_probabilities)
    if head_moments is None:
        return TargetPrediction(encoder.target, encoder.decode(predicted), class_probabilities)
    # A lone output is one class's probability; the other's deviates as much.
    std = (
        head_moments.std[:, 0]
        if head_moments.std.shape[1] == 1
        else head_moments.std[np.arange(len(predicted)), predicted]
    )
    return TargetPrediction(
        encoder.target,
        encoder.decode(predicted),
        class_probabilities,
        std,
        head_moments.predictive_entropy,
        head_moments.mutual_information,
    )
