"""Watching the layers while they learn: it changes nothing, says what `diagnose` says, and survives a resume."""

import keras
import numpy as np
import pytest

from kerasdeep import diagnostics, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import Interrupted
from kerasdeep.evaluation import layer_stats
from kerasdeep.runs import latest_run
from kerasdeep.training.callbacks import layer_monitor

NET = """
name: watched
seed: 3
data: {source: digits, validation: 197}
network: {layers: [Flatten, Dense: 24, Dense: 16, Output]}
optimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}
training: {epochs: 3, batch_size: 100, watch: 1 epoch}
report: {tensorboard: false}
"""
ROUGH = ("regularization.batch_norm=before", "regularization.dropout=0.3", "regularization.max_norm=0.7")


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "watched.yaml"
    path.write_text(NET)
    return path


def train(config, *sets, out="runs", **more):
    return training.train(load_config(config, Overrides(sets)), config.parent / out, progress="quiet", **more)


def readings(run):
    return run.read_fact("health")["readings"]


@pytest.mark.parametrize(
    "sets",
    [
        pytest.param((), marks=pytest.mark.slow),
        pytest.param(ROUGH, marks=pytest.mark.slow),
        pytest.param(("stages=[{train: head}, {epochs: 2, rates: {'first:1': 0.1}}]",), marks=pytest.mark.slow),
        pytest.param(("optimizer=Nadam",), marks=pytest.mark.slow),
    ],
)
def test_the_weights_are_the_same_bit_for_bit_with_and_without(config, sets):
    watched, alone = train(config, *sets), train(config, *sets, "training.watch=null")
    assert alone.read_fact("health") is None and len(readings(watched)) >= 3
    weights = [keras.saving.load_model(run.model).get_weights() for run in (watched, alone)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    columns = [[(row["loss"], row["val_loss"]) for row in run.history.rows()] for run in (watched, alone)]
    assert columns[0] == columns[1]


def test_the_last_reading_is_what_diagnose_reads_of_the_run(config):
    run = train(config)
    last = readings(run)[-1]
    found = diagnostics.diagnose(load_config(run.resolved), run)
    assert [layer["name"] for layer in found.layers] == list(last["layers"])
    for layer in found.layers:
        now = last["layers"][layer["name"]]
        for name in ("mean", "deviation", "gradient", "norm"):
            assert now[name] == pytest.approx(layer["saved"][name], rel=1e-3), name
        assert now["dead"] == layer["saved"]["dead"]
    assert all(0 < signal["update_ratio"] < 1 for signal in last["layers"].values())


def test_a_second_reading_adds_no_variables():
    fed = keras.Input((4,))
    model = keras.Model(fed, keras.layers.Dense(2)(keras.layers.Dense(3)(fed)))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    reader = layer_stats.LayerReader(model, "mean_squared_error", optimizer)
    batch = np.ones((5, 4), "float32"), np.ones((5, 2), "float32"), None
    counts = []
    for _ in range(3):
        reader.read(batch)
        counts.append((len(reader._model.optimizer.variables), len(optimizer.variables), int(optimizer.iterations)))
    assert counts == [counts[0]] * 3


@pytest.mark.slow
def test_a_resumed_run_goes_on_without_repeating_a_reading(config, monkeypatch):
    save = checkpoint.save

    def save_and_stop(*given):
        save(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(Interrupted):
        train(config, "training.checkpoint=20 steps", *ROUGH)  # within the second epoch
    monkeypatch.setattr(checkpoint, "save", save)
    run = latest_run(config.parent / "runs", "watched")
    train(config, "training.checkpoint=20 steps", *ROUGH, resume=run)
    whole = train(config, *ROUGH, out="whole")
    assert [reading["epoch"] for reading in readings(run)] == [1, 2, 3]
    assert [reading["layers"] for reading in readings(run)] == [reading["layers"] for reading in readings(whole)]


def test_readings_come_as_often_as_asked(config):
    assert [one["epoch"] for one in readings(train(config, "training.watch=2 epochs", "training.epochs=5"))] == [2, 4]
    assert [one["epoch"] for one in readings(train(config, "training.watch=20 steps"))] == [2, 3]


@pytest.mark.slow
def test_auto_reads_while_it_costs_little(config, monkeypatch):
    monkeypatch.setattr(layer_monitor, "MAX_TIME_SHARE", 1e-9)
    assert train(config, "training.watch=auto").read_fact("health") is None
    monkeypatch.setattr(layer_monitor, "MAX_TIME_SHARE", 1e6)
    assert [one["epoch"] for one in readings(train(config, "training.watch=auto"))] == [1, 2, 3]


def test_histograms_reach_tensorboard_with_every_weight_counted(config):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(config, "report.tensorboard=true", "training.epochs=2")
    log = EventAccumulator(str(run.logs / "train"), size_guidance={"histograms": 0})
    log.Reload()
    assert "learning_rate" in log.Tags()["scalars"]
    tags = log.Tags()["histograms"]
    assert sorted(tags) == sorted(
        f"{kind}/{layer}" for kind in ("weights", "gradients") for layer in ("dense_1", "dense_2", "output")
    )
    found = log.Histograms("weights/dense_1")
    assert [event.step for event in found] == [1, 2]
    assert found[0].histogram_value.num == 64 * 24
