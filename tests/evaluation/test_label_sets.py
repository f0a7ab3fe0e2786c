"""Sets of labels: figures against scikit-learn's, the constant baseline, what `predict` shows."""

import numpy as np
import pytest
from sklearn import metrics

from kerasdeep.data import Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.baseline import constant_predictions
from kerasdeep.evaluation.prediction_metrics import decode_outputs, evaluate
from kerasdeep.evaluation.types import module_of

NAMES = ["art", "news", "rare", "sport"]
ENCODER = TargetEncoder("tags", "multilabel", NAMES, NAMES, separator=";")
PREPROCESSING = Preprocessing("table", {}, [ENCODER])
RANDOM = np.random.default_rng(0)
OUTPUTS = RANDOM.uniform(size=(200, 4)).astype(np.float32)
LABELS = (RANDOM.uniform(size=(200, 4)) < OUTPUTS * [0.9, 0.8, 0.1, 0.5]).astype(np.float32)
WEIGHTS = RANDOM.uniform(0.5, 1.5, 200)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_every_figure_is_scikit_learns(weights):
    constant = constant_predictions(PREPROCESSING, LABELS, weights)
    found = evaluate(PREPROCESSING, {"test": LABELS}, {"test": OUTPUTS}, constant, weights={"test": weights})
    predicted, options = OUTPUTS > 0.5, {"sample_weight": weights}
    expected = {
        "micro_f1": metrics.f1_score(LABELS, predicted, average="micro", **options),
        "macro_f1": metrics.f1_score(LABELS, predicted, average="macro", **options),
        "micro_precision": metrics.precision_score(LABELS, predicted, average="micro", **options),
        "micro_recall": metrics.recall_score(LABELS, predicted, average="micro", **options),
        "subset_accuracy": metrics.accuracy_score(LABELS, predicted, **options),
        "roc_auc": metrics.roc_auc_score(LABELS, OUTPUTS, average="macro", **options),
        "pr_auc": metrics.average_precision_score(LABELS, OUTPUTS, average="macro", **options),
    }
    assert {name: found.metrics[f"test_{name}"] for name in expected} == pytest.approx(expected)
    losses = [metrics.log_loss(y, p.astype(float), **options) for y, p in zip(LABELS.T, OUTPUTS.T, strict=True)]
    assert found.metrics["test_log_loss"] == pytest.approx(np.mean(losses))
    low, high = found.intervals["test_micro_f1"]
    assert low < found.metrics["test_micro_f1"] < high
    for entry, y, p in zip(
        found.evaluation["parts"]["test"]["targets"][0]["per_class"], LABELS.T, OUTPUTS.T, strict=True
    ):
        assert entry["support"] == y.sum()
        assert entry["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p, **options))
        assert entry["pr_auc"] == pytest.approx(metrics.average_precision_score(y, p, **options))


def test_the_baseline_is_the_most_frequent_labels_and_their_shares():
    labels = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 1], [1, 0, 0, 0]], np.float32)
    constant = constant_predictions(PREPROCESSING, labels)
    assert constant["tags"].tolist() == [1, 0.5, 0, 0.25]
    found = evaluate(PREPROCESSING, {"test": labels}, {"test": labels}, constant)
    assert found.metrics["test_micro_f1"] == 1 and found.intervals.get("test_micro_f1") is None, "not 1 to 1"
    assert found.baseline["test_micro_recall"] == 6 / 7, "two labels, as rows have 1.75 on average"


def test_predictions_are_written_as_lists_and_wrong_rows_come_worst_first():
    outputs = np.array([[0.9, 0.8, 0.1, 0.1], [0.1, 0.2, 0.1, 0.1], [0.4, 0.1, 0.1, 0.9]])
    (prediction,) = decode_outputs(PREPROCESSING, outputs)
    columns = module_of(ENCODER.task).table_columns(prediction, "")
    assert columns["prediction"].tolist() == ["art;news", "", "sport"]
    assert columns["probability_sport"].tolist() == [0.1, 0.1, 0.9]
    labels = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    constant = constant_predictions(PREPROCESSING, labels)
    (evaluation,) = evaluate(PREPROCESSING, {"test": labels}, {"test": outputs}, constant).targets["test"]
    module = module_of(ENCODER.task)
    assert module.worst_rows(evaluation).tolist() == [2, 1]
    assert module.describe_row(evaluation, 2) == {"actual": "art", "predicted": "sport", "confidence": None}
