"""Checkpoints: what comes back is bit for bit what was there; what is damaged is found out."""

import json
import shutil

import keras
import numpy as np
import pytest

from kerasdeep.engine import checkpoint
from kerasdeep.engine.checkpoint import Position, Snapshot
from kerasdeep.engine.engine import Engine
from kerasdeep.errors import InputError, RunFailed

LAYERS = keras.layers


def model(policy="float32"):
    net = keras.Sequential(
        [
            keras.Input((4,)),
            LAYERS.Dense(8, dtype=policy),
            LAYERS.BatchNormalization(),
            LAYERS.Dropout(0.5, seed=1),
            LAYERS.Dense(1),
        ]
    )
    net.compile(keras.optimizers.Nadam(0.01), "mse", metrics=["mae"])
    return net


def engine(net, seed=0):
    random = np.random.default_rng(0)
    made = Engine(net, 8, seed=seed)
    data = made.to_device(random.normal(size=(32, 4)).astype("float32"), random.normal(size=(32,)).astype("float32"))
    made.build(data)
    return made, data


def train(made, data, epoch, first=0, steps=None):
    running = made.train(data, epoch, first)
    while not running.done and (steps is None or running.step < first + steps):
        running.run(None if steps is None else 1)
    return running


def state(net):
    variables = [*net.variables, *net.optimizer.variables, *net.metrics_variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def snapshot(**position):
    return Snapshot(Position(**position), history=[{"epoch": 1, "loss": 0.1 + 0.2}])


def test_a_new_model_goes_on_from_the_middle_of_an_epoch_bit_for_bit(tmp_path):
    keras.utils.set_random_seed(1)
    whole = model()
    made, data = engine(whole)
    train(made, data, 0)
    train(made, data, 1, steps=2)
    checkpoint.save(tmp_path / "checkpoints", whole, snapshot(epoch=1, step=2))
    train(made, data, 1, first=2)

    keras.utils.set_random_seed(99)
    resumed = model()
    made, data = engine(resumed)
    found, passed = checkpoint.restore(tmp_path / "checkpoints", resumed)
    assert (found.position, found.history, passed) == (Position(epoch=1, step=2), [{"epoch": 1, "loss": 0.1 + 0.2}], [])
    train(made, data, 1, first=found.position.step)
    for expected, actual in zip(state(whole), state(resumed), strict=True):
        np.testing.assert_array_equal(expected, actual)


def test_the_state_of_watchers_comes_back_with_its_arrays_and_infinities(tmp_path):
    net = model()
    engine(net)
    weights = [np.arange(3, dtype="float32"), np.zeros((2, 0), "int64")]
    watchers = {"early_stopping": {"best": float("inf"), "weights": weights, "stop": False}, "performance": {"wait": 2}}
    checkpoint.save(tmp_path, net, Snapshot(Position(), [], watchers))
    found, _ = checkpoint.restore(tmp_path, net)
    assert found.callbacks["early_stopping"]["best"] == float("inf")
    assert found.callbacks["performance"] == {"wait": 2}
    for expected, actual in zip(weights, found.callbacks["early_stopping"]["weights"], strict=True):
        np.testing.assert_array_equal(expected, actual)
        assert expected.dtype == actual.dtype


def test_bfloat16_travels_as_it_is(tmp_path):
    net = model("bfloat16")
    engine(net)
    kernel = keras.ops.convert_to_numpy(net.layers[0].kernel)
    assert kernel.dtype.name == "bfloat16"
    checkpoint.save(tmp_path, net, snapshot())
    net.layers[0].kernel.assign(np.zeros_like(kernel))
    checkpoint.restore(tmp_path, net)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(net.layers[0].kernel), kernel)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder, net = tmp_path_factory.mktemp("saved"), model()
    engine(net)
    for epoch in (1, 2, 3):
        checkpoint.save(folder, net, snapshot(epoch=epoch))
    return folder, net


@pytest.fixture
def two(saved, tmp_path):
    """The two checkpoints that are kept of three, in a folder of the test's own, and the network they are of."""
    folder, net = saved
    return shutil.copytree(folder, tmp_path / "checkpoints"), net


def test_the_last_two_are_kept_and_nothing_else(two):
    folder, net = two
    assert sorted(path.name for path in folder.iterdir()) == ["000002", "000003"]
    assert checkpoint.restore(folder, net)[0].position.epoch == 3


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-20])


def written_by(**versions):
    def write(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **versions}))

    return write


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("arrays.npz", flip),
        ("arrays.npz", truncate),
        ("arrays.npz", lambda path: path.unlink()),
        ("state.json", flip),
        ("manifest.json", flip),
        ("manifest.json", truncate),
    ],
)
def test_a_damaged_newest_one_is_passed_over_and_said(two, file, damage):
    folder, net = two
    damage(folder / "000003" / file)
    found, passed = checkpoint.restore(folder, net)
    assert found.position.epoch == 2
    assert len(passed) == 1 and "000003 is damaged" in passed[0]
    flip(folder / "000002" / "arrays.npz")
    with pytest.raises(InputError, match=r"Checkpoint 000003 is damaged.*Checkpoint 000002 is damaged"):
        checkpoint.restore(folder, net)


@pytest.mark.parametrize(
    ("versions", "said"), [({"format": 99}, "format 99, expected 1"), ({"keras": "3.9"}, "keras 3.9")]
)
def test_one_from_another_version_is_passed_over_and_said(two, versions, said):
    folder, net = two
    written_by(**versions)(folder / "000003" / "manifest.json")
    found, passed = checkpoint.restore(folder, net)
    assert found.position.epoch == 2
    assert len(passed) == 1 and f"000003 is from another version ({said}" in passed[0]
    written_by(**versions)(folder / "000002" / "manifest.json")
    with pytest.raises(InputError, match="Checkpoint 000002 is from another version"):
        checkpoint.restore(folder, net)


def test_a_checkpoint_of_another_network_is_refused(two):
    folder, _ = two
    other = keras.Sequential([keras.Input((4,)), LAYERS.Dense(3)])
    other.compile("sgd", "mse")
    with pytest.raises(InputError, match="do not fit this network"):
        checkpoint.restore(folder, other)


def test_weights_that_are_not_finite_are_never_saved(two):
    folder, net = two
    net.layers[0].bias.assign(np.full(8, np.nan, "float32"))
    with pytest.raises(RunFailed, match=r"no longer finite.*bias"):
        checkpoint.save(folder, net, snapshot(epoch=4))
    net.layers[0].bias.assign(np.zeros(8, "float32"))
    assert sorted(path.name for path in folder.iterdir()) == ["000002", "000003"]


def test_an_unfinished_write_is_no_checkpoint(two, monkeypatch):
    folder, net = two
    monkeypatch.setattr(checkpoint, "write_text", _full_disk)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(folder, net, snapshot(epoch=4))
    assert sorted(path.name for path in folder.iterdir()) == ["000002", "000003"]
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoint.restore(folder / "elsewhere", net)


def _full_disk(*_):
    raise OSError(28, "No space left on device")
