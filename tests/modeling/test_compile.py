"""Losses, metrics and compiling: what follows from the task, and what is written instead."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers.choices import config_of, read_choice

from kerasdeep import custom_objects, modeling
from kerasdeep.config.lowering.lower import Head, lower_network
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import Target
from kerasdeep.errors import InputError

RANDOM = np.random.default_rng(0)
BINARY, MANY, NUMBER = (Head("output", "binary", 1), Head("output", "multiclass", 4), Head("output", "regression", 1))
TWO = [Head("kind", "multiclass", 3), Head("price", "regression", 1)]


def dataset_of(targets, scale=1.0, center=0.0):
    encoders = [TargetEncoder(each.name, each.kind, each.classes, each.classes, center, scale) for each in targets]
    preprocessing = Preprocessing("array", {}, encoders)
    return SimpleNamespace(heads=preprocessing.heads, preprocessing=preprocessing, train=SimpleNamespace(weight=None))


def compiled(text, targets, shape=(5,), **more):
    config = config_of(text)
    dataset = dataset_of(targets, **more)
    model = modeling.build_functional_model(
        lower_network(config, modeling.output_heads(dataset), {"input": shape}), {"input": shape}
    )
    modeling.compile_model(model, config, dataset, 2, 4)
    model.run_eagerly = True  # one batch each: a graph would cost more than it saves
    return model


def test_losses_follow_the_task():
    assert isinstance(modeling.build_losses("auto", [BINARY]), keras.losses.BinaryCrossentropy)
    assert isinstance(modeling.build_losses("auto", [MANY]), keras.losses.SparseCategoricalCrossentropy)
    assert isinstance(modeling.build_losses("auto", [NUMBER]), keras.losses.MeanSquaredError)
    several = modeling.build_losses({"price": read_choice("loss", "Huber: {delta: 2.0}")}, TWO)
    assert isinstance(several["kind"], keras.losses.SparseCategoricalCrossentropy)
    assert several["price"]._fn_kwargs == {"delta": 2.0}


@pytest.mark.parametrize(
    "text", ["CategoricalFocalCrossentropy", "KLDivergence", "categorical_hinge", "Dice", "Poisson"]
)
def test_losses_that_want_one_column_per_class_take_class_numbers(text):
    y, probability = RANDOM.integers(0, 4, 6), RANDOM.dirichlet(np.ones(4), 6).astype("float32")
    loss = modeling.build_losses(read_choice("loss", text), [MANY])
    plain = modeling.create(read_choice("loss", text))
    assert float(loss(y, probability)) == pytest.approx(float(plain(np.eye(4, dtype="float32")[y], probability)))


def test_label_smoothing_reaches_every_cross_entropy():
    y, probability = RANDOM.integers(0, 4, 6), RANDOM.dirichlet(np.ones(4), 6).astype("float32")
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(np.eye(4, dtype="float32")[y], probability)
    for wanted in ("auto", read_choice("loss", "categorical_crossentropy")):
        assert float(modeling.build_losses(wanted, [MANY], 0.1)(y, probability)) == pytest.approx(float(expected))
    assert modeling.build_losses("auto", [BINARY], 0.1)._fn_kwargs["label_smoothing"] == 0.1
    assert isinstance(modeling.build_losses("auto", [NUMBER], 0.1), keras.losses.MeanSquaredError)
    with pytest.raises(InputError, match="no effect on KLDivergence"):
        modeling.build_losses(read_choice("loss", "KLDivergence"), [MANY], 0.1)


def test_metrics_follow_the_task():
    assert modeling.build_metrics("auto", [BINARY]) == modeling.build_metrics("auto", [MANY]) == ["accuracy"]
    numbers = modeling.build_metrics("auto", [NUMBER], {"output": (3.0, 1.0)})
    assert [metric.name for metric in numbers] == ["mean_absolute_error", "root_mean_squared_error", "r2_score"]
    assert [type(metric) for metric in numbers] == [
        custom_objects.InOriginalUnit,
        custom_objects.InOriginalUnit,
        keras.metrics.R2Score,
    ]
    several = modeling.build_metrics("auto", TWO)
    assert several["kind"] == ["accuracy"] and len(several["price"]) == 3


@pytest.mark.parametrize(
    "text",
    [
        *("F1Score: {average: macro}", "AUC", "Precision", "Recall: {class_id: 1}", "categorical_accuracy"),
        *("TopKCategoricalAccuracy: {k: 2}", "SparseTopKCategoricalAccuracy: {k: 2}", "categorical_crossentropy"),
        *("MeanSquaredError", "sparse_categorical_accuracy", "MeanIoU: {num_classes: 4, sparse_y_pred: false}"),
    ],
)
def test_class_metrics_take_class_numbers(text):
    metrics = modeling.build_metrics([read_choice("metric", text), read_choice("metric", "accuracy")], [MANY])
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "softmax")])
    model.compile("sgd", modeling.build_losses("auto", [MANY]), metrics=metrics, run_eagerly=True)
    x, y = RANDOM.normal(size=(12, 3)).astype("float32"), RANDOM.integers(0, 4, 12).astype("int32")
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert len(logs) == 3 and all(np.isfinite(value) for value in logs.values())


@pytest.mark.parametrize("text", ["F1Score: {threshold: 0.5}", "AUC", "Precision", "BinaryIoU", "binary_accuracy"])
def test_yes_no_metrics(text):
    metrics = modeling.build_metrics([read_choice("metric", text)], [BINARY])
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", modeling.build_losses("auto", [BINARY]), metrics=metrics, run_eagerly=True)
    x, y = RANDOM.normal(size=(12, 3)).astype("float32"), RANDOM.integers(0, 2, 12).astype("int32")
    assert np.isfinite(list(model.evaluate(x, y, verbose=0, return_dict=True).values())).all()


def test_a_metric_with_a_number_per_class_is_refused():
    with pytest.raises(InputError, match="average: macro"):
        modeling.build_metrics([read_choice("metric", "f1_score")], [MANY])


def test_metrics_of_scaled_numbers_are_in_the_original_unit():
    x, y = RANDOM.normal(size=(64, 5)).astype("float32"), RANDOM.normal(size=64).astype("float32")
    model = compiled("network: [Output]", [Target("price", "regression")], scale=1000.0, center=5000.0)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    error = 1000 * (y - model.predict(x, verbose=0)[:, 0])
    assert logs["mean_absolute_error"] == pytest.approx(abs(error).mean(), rel=1e-4)
    assert logs["root_mean_squared_error"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    assert logs["r2_score"] == pytest.approx(1 - (error**2).mean() / (1000 * y).var(), rel=1e-3)


def test_penalties_bring_the_data_loss_apart():
    x, y = RANDOM.normal(size=(20, 5)).astype("float32"), RANDOM.integers(0, 3, 20).astype("int32")
    target = [Target("kind", "multiclass", ["a", "b", "c"])]
    text = "network: [Dense: 4, Output]\n"
    plain = compiled(text, target).evaluate(x, y, verbose=0, return_dict=True)
    model = compiled(text + "regularization: {l2: 0.1}", target)
    penalised = model.evaluate(x, y, verbose=0, return_dict=True)
    assert "data_loss" not in plain
    assert penalised["data_loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert penalised["loss"] == pytest.approx(plain["loss"] + float(sum(model.losses)), rel=1e-4)
    one = [Head("output", "multiclass", 3)]
    assert modeling.data_loss_from_logs(plain, one) == plain["loss"]
    assert modeling.data_loss_from_logs(penalised, one) == penalised["data_loss"]


def test_the_data_loss_of_an_ensemble_is_without_what_holds_its_members_together():
    x, y = RANDOM.normal(size=(20, 5)).astype("float32"), RANDOM.integers(0, 3, 20).astype("int32")
    model = compiled("network: [EnsembleMembers: 3, Dense: 4, Output]", [Target("kind", "multiclass", ["a", "b", "c"])])
    expected = keras.losses.SparseCategoricalCrossentropy()(y, model(x))
    logs = model.train_on_batch(x, y, return_dict=True)
    assert logs["data_loss"] == pytest.approx(float(expected), rel=1e-5)
    assert logs["loss"] > logs["data_loss"] * 1.001


def test_several_heads_train_and_their_data_loss_is_the_sum():
    targets = [Target("kind", "multiclass", ["a", "b", "c"]), Target("price", "regression")]
    text = "network: [Dense: 4, Output: {name: kind}, Output: {name: price}]\nregularization: {l1: 0.1}"
    model = compiled(text, targets)
    x = RANDOM.normal(size=(20, 5)).astype("float32")
    y = {"kind": RANDOM.integers(0, 3, 20).astype("int32"), "price": RANDOM.normal(size=20).astype("float32")}
    logs = model.fit(x, y, verbose=0).history
    logs = {name: values[-1] for name, values in logs.items()}
    assert {"kind_accuracy", "price_mean_absolute_error"} <= set(logs)
    total = modeling.data_loss_from_logs(logs, TWO)
    assert total == pytest.approx(logs["kind_loss"] + logs["price_loss"])
    assert total < logs["loss"] - 0.1


def test_several_numbers_share_a_head():
    targets = [Target("a", "regression"), Target("b", "regression")]
    model = compiled("network: [Output]", targets, scale=2.0)
    assert model.output_shape == (None, 2)
    y = RANDOM.normal(size=(10, 2)).astype("float32")
    assert np.isfinite(model.evaluate(np.zeros((10, 5)), y, verbose=0)).all()


def test_the_compiled_optimizer_has_schedule_and_spared_decay():
    model = compiled(
        "network: [Dense: 4, Output]\noptimizer: {AdamW: {weight_decay: 0.05}}\nschedule: {one_cycle: {max_rate: 0.1}}",
        [Target("kind", "binary", ["no", "yes"])],
    )
    assert model.optimizer.weight_decay == 0.05
    assert model.optimizer._learning_rate.total_steps == 4
    assert not model.optimizer._use_weight_decay(model.get_layer("dense_1").bias)
    assert model.optimizer._use_weight_decay(model.get_layer("dense_1").kernel)
