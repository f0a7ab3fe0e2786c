"""Own losses and metrics against closed forms."""

import keras
import numpy as np
import pytest

from kerasdeep.custom_objects import DataLoss, InOriginalUnit, OneHotLoss, OneHotMetric

RANDOM = np.random.default_rng(0)


def copied(thing):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(thing))


def test_in_original_unit_scales_both_sides():
    y, p = RANDOM.normal(size=20).astype("float32"), RANDOM.normal(size=(20, 1)).astype("float32")
    metric = InOriginalUnit(keras.metrics.MeanAbsoluteError(), scale=50.0, offset=7.0)
    metric.update_state(y, p)
    assert metric.name == "mean_absolute_error"
    assert float(metric.result()) == pytest.approx(50 * abs(y - p[:, 0]).mean(), rel=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
    relative = InOriginalUnit(keras.metrics.MeanAbsolutePercentageError(), scale=2.0, offset=100.0)
    relative.update_state(y, p)
    expected = 100 * (abs(2 * (y - p[:, 0])) / (2 * y + 100)).mean()
    assert float(relative.result()) == pytest.approx(expected, rel=1e-4)


def test_in_original_unit_takes_a_scale_per_column_and_survives_serialization():
    y, p = RANDOM.normal(size=(20, 2)).astype("float32"), np.zeros((20, 2), "float32")
    metric = copied(InOriginalUnit(keras.metrics.RootMeanSquaredError(), [10.0, 1.0], [0.0, 3.0]))
    metric.update_state(y, p)
    assert float(metric.result()) == pytest.approx(np.sqrt(((y * [10, 1]) ** 2).mean()), rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_data_loss_is_keras_loss_without_penalties(weighted):
    x, y = RANDOM.normal(size=(50, 3)).astype("float32"), RANDOM.integers(0, 4, 50)
    weights = RANDOM.uniform(0.5, 2, 50).astype("float32") if weighted else None

    def history(penalty):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((3,)), keras.layers.Dense(4, "softmax", kernel_regularizer=penalty)]
        model = keras.Sequential(layers)
        loss = keras.losses.SparseCategoricalCrossentropy()
        model.compile(keras.optimizers.SGD(0.0), loss, weighted_metrics=[DataLoss(loss)])
        return model.fit(x, y, sample_weight=weights, batch_size=16, verbose=0).history

    plain, penalised = history(None), history(keras.regularizers.L2(0.1))
    assert plain["data_loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert penalised["data_loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert penalised["loss"][0] > penalised["data_loss"][0] + 0.01


def test_data_loss_survives_serialization():
    metric = copied(DataLoss(keras.losses.MeanSquaredError()))
    metric.update_state(np.zeros((4, 1)), np.full((4, 1), 2.0))
    assert float(metric.result()) == pytest.approx(4.0)


@pytest.mark.parametrize("from_logits", [False, True])
def test_label_smoothing_of_class_numbers(from_logits):
    logits = RANDOM.normal(size=(6, 5)).astype("float32")
    probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = RANDOM.integers(0, 5, 6)
    wanted = np.eye(5)[y] * 0.8 + 0.2 / 5
    inner = keras.losses.CategoricalCrossentropy(from_logits=from_logits, label_smoothing=0.2)
    loss = copied(OneHotLoss(inner))
    expected = -(wanted * np.log(probability)).sum(1).mean()
    prediction = logits if from_logits else probability
    assert float(loss(y, prediction)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(y[:, None], prediction)) == pytest.approx(expected, rel=1e-5)


def test_one_hot_loss_without_smoothing_is_keras_sparse_crossentropy():
    probability = RANDOM.dirichlet(np.ones(4), 8).astype("float32")
    y, weights = RANDOM.integers(0, 4, 8), RANDOM.uniform(size=8).astype("float32")
    ours = OneHotLoss(keras.losses.CategoricalCrossentropy())(y, probability, weights)
    own = keras.losses.SparseCategoricalCrossentropy()(y, probability, weights)
    assert float(ours) == pytest.approx(float(own), rel=1e-5)


def test_one_hot_metric_lets_f1_take_class_numbers():
    probability = RANDOM.dirichlet(np.ones(3), 30).astype("float32")
    y = RANDOM.integers(0, 3, 30)
    metric = copied(OneHotMetric(keras.metrics.F1Score(average="macro")))
    metric.update_state(y, probability)
    guess = probability.argmax(1)
    parts = [(guess == c, y == c) for c in range(3)]
    f1 = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in parts]
    assert metric.name == "f1_score"
    assert float(metric.result()) == pytest.approx(np.mean(f1), rel=1e-4)
    yes_no = OneHotMetric(keras.metrics.F1Score(threshold=0.5, average="micro"))
    yes_no.update_state(y > 0, probability[:, 1:2])
    guess = probability[:, 1] > 0.5
    expected = 2 * (guess & (y > 0)).sum() / (guess.sum() + (y > 0).sum())
    assert float(yes_no.result()) == pytest.approx(expected, rel=1e-4)
    yes_no.reset_state()
    assert float(yes_no.result()) == 0
