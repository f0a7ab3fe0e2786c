"""Own losses and metrics against closed forms."""

import keras
import numpy as np
import pytest

from kerasdeep.extras import DataLoss, InOriginalUnit, SmoothedSparseCategoricalCrossentropy

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
def test_smoothed_labels_formula(from_logits):
    logits = RANDOM.normal(size=(6, 5)).astype("float32")
    probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = RANDOM.integers(0, 5, 6)
    wanted = np.eye(5)[y] * 0.8 + 0.2 / 5
    loss = copied(SmoothedSparseCategoricalCrossentropy(0.2, from_logits=from_logits))
    expected = -(wanted * np.log(probability)).sum(1).mean()
    prediction = logits if from_logits else probability
    assert float(loss(y, prediction)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(y[:, None], prediction)) == pytest.approx(expected, rel=1e-5)


def test_no_smoothing_is_keras_sparse_crossentropy():
    probability = RANDOM.dirichlet(np.ones(4), 8).astype("float32")
    y = RANDOM.integers(0, 4, 8)
    ours, own = (
        loss(y, probability)
        for loss in (SmoothedSparseCategoricalCrossentropy(0.0), keras.losses.SparseCategoricalCrossentropy())
    )
    assert float(ours) == pytest.approx(float(own), rel=1e-5)
