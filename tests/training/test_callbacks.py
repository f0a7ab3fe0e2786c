"""Early stopping and performance scheduling against Keras's own callbacks, and their state."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.training.callbacks.early_stopping import EarlyStopping
from kerasdeep.training.callbacks.monitor import check_monitor, monitor_direction
from kerasdeep.training.callbacks.reduce_lr import ReduceLROnPlateau


def model(rate=0.1):
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.BatchNormalization()])
    net.compile(keras.optimizers.SGD(rate), "mse", metrics=["accuracy", "mae", keras.metrics.R2Score()])
    net._symbolic_build(data_batch=(np.zeros((2, 2), "float32"), np.zeros((2, 1), "float32")))
    return net


def settings(**changed):
    base = {
        "monitor": "val_loss",
        "patience": 2,
        "min_delta": 0.0,
        "mode": "auto",
        "start_from_epoch": 0,
        "restore_best_weights": True,
    }
    return SimpleNamespace(**{**base, **changed})


PLATEAU = {"factor": 0.5, "patience": 2, "monitor": "val_loss", "min_delta": 1e-4, "cooldown": 0, "min_rate": 0.0}
LOSSES = [1.0, 0.9, 0.95, 0.89, 0.88999, 0.95, 0.7, 0.8, 0.8, 0.8, 0.9]


def mark_weights(net, epoch):
    for variable in net.weights:
        variable.assign(np.full(variable.shape, epoch, "float32"))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"patience": 0},
        {"patience": 3, "min_delta": 0.05},
        {"patience": 1, "start_from_epoch": 3},
        {"patience": 20},
        {"monitor": "val_accuracy"},
        {"mode": "max", "patience": 1},
    ],
)
def test_early_stopping_stops_where_keras_does_and_restores_the_same_weights(changed):
    ours = EarlyStopping(settings(**changed), model())
    theirs = keras.callbacks.EarlyStopping(**vars(settings(**changed)))
    theirs.set_model(model())
    theirs.on_train_begin()
    theirs.model.stop_training = False
    for epoch, loss in enumerate(LOSSES):
        mark_weights(ours._model, epoch)
        mark_weights(theirs.model, epoch)
        row = {"val_loss": loss, "val_accuracy": loss, "loss": loss}
        ours.on_epoch_end(epoch, row)
        theirs.on_epoch_end(epoch, row)
        assert ours.should_stop == theirs.model.stop_training
        if ours.should_stop:
            break
    theirs.on_train_end()
    ours.on_phase_end()
    assert ours.best_epoch == ours.restored_epoch == theirs.best_epoch
    for one, other in zip(ours._model.get_weights(), theirs.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_restoring_the_last_weights_stay():
    ours = EarlyStopping(settings(restore_best_weights=False), model())
    mark_weights(ours._model, 0)
    ours.on_epoch_end(0, {"val_loss": 1.0})
    mark_weights(ours._model, 1)
    ours.on_phase_end()
    assert ours.restored_epoch is None
    assert all((weights == 1).all() for weights in ours._model.get_weights())


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"patience": 1, "cooldown": 2},
        {"min_delta": 0.1, "patience": 1},
        {"factor": 0.1, "min_rate": 0.03, "patience": 1},
    ],
)
def test_performance_scheduling_lowers_the_rate_when_keras_does(changed):
    chosen = {
        "factor": 0.5,
        "patience": 2,
        "monitor": "val_loss",
        "min_delta": 1e-4,
        "cooldown": 0,
        "min_rate": 0.0,
    } | changed
    ours_net, theirs_net = model(), model()
    ours = ReduceLROnPlateau(chosen, ours_net)
    theirs = keras.callbacks.ReduceLROnPlateau(
        **{{"min_rate": "min_lr"}.get(name, name): value for name, value in chosen.items()}
    )
    theirs.set_model(theirs_net)
    theirs.on_train_begin()
    rates = []
    for epoch, loss in enumerate(LOSSES):
        ours.on_epoch_end(epoch, {"val_loss": loss})
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(ours_net.optimizer.learning_rate))
        assert rates[-1] == pytest.approx(float(theirs_net.optimizer.learning_rate))
    assert rates[-1] < 0.1


def test_state_goes_on_where_it_was():
    first = EarlyStopping(settings(), model())
    for epoch, loss in enumerate([1.0, 0.5, 0.6]):
        first.on_epoch_end(epoch, {"val_loss": loss})
    second = EarlyStopping(settings(), model())
    second.load_state_dict(first.state_dict())
    second.on_epoch_end(3, {"val_loss": 0.6})
    assert second.should_stop and second.best_epoch == 1

    net = model()
    slow = ReduceLROnPlateau(
        {"factor": 0.5, "patience": 2, "monitor": "loss", "min_delta": 0, "cooldown": 0, "min_rate": 0}, net
    )
    slow.load_state_dict({"best": 0.5, "wait": 1, "cooldown": 0})
    slow.on_epoch_end(7, {"loss": 0.6})
    assert float(net.optimizer.learning_rate) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [("val_loss", "min"), ("val_accuracy", "max"), ("mae", "min"), ("val_r2_score", "max"), ("val_data_loss", "min")],
)
def test_the_direction_comes_from_the_metric_itself(monitor, expected):
    assert monitor_direction(monitor, model()) == expected


def test_a_figure_that_is_not_recorded_is_refused_where_it_was_written():
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    check_monitor("val_loss", columns, None)
    with pytest.raises(InputError, match="Did you mean val_accuracy") as caught:
        check_monitor("val_acuracy", columns, SourceLocation("net.yaml", 9, 3))
    assert str(caught.value).startswith("net.yaml:9:3: ")
    with pytest.raises(InputError, match=r"set `data\.validation`"):
        check_monitor("val_loss", ["loss", "accuracy"], None)
