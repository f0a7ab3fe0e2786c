"""Streamed rows: read on demand, trained in chunks, with the bits of rows that lie in memory."""

import keras
import numpy as np
import pytest

from kerasdeep.data.lazy_rows import LazyRows, NpyFile
from kerasdeep.data.preprocessing import ArrayTransform
from kerasdeep.engine import feeder
from kerasdeep.engine.engine import Engine

ROWS, BATCH = 203, 16  # twelve full batches and a partial one of 11
ON_TENSORFLOW = keras.config.backend() == "tensorflow"
LAYERS = keras.layers


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Pictures in a file, as they are in memory and as streamed rows; five batches fill a chunk."""
    monkeypatch.setattr(feeder, "CHUNK_BYTES", 5 * BATCH * (36 * 4 + 4))
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (ROWS, 6, 6), np.uint8)
    np.save(tmp_path / "x.npy", x)
    rule = ArrayTransform((6, 6), np.array(np.nan), np.array(0.0), np.array(255.0))
    rows = LazyRows(NpyFile(tmp_path / "x.npy"), np.arange(ROWS), rule)
    return rule.apply(x), rows, (x.mean(axis=(1, 2)) > 127).astype("int32")


def net():
    keras.utils.set_random_seed(3)
    hidden = [LAYERS.Dense(12), LAYERS.BatchNormalization(), LAYERS.Activation("swish"), LAYERS.Dropout(0.3)]
    layers = [keras.Input((6, 6)), LAYERS.Flatten(), *hidden, LAYERS.Dense(1, activation="sigmoid")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model


def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def train(x, y, *, xla=False, chunk=2, epochs=2, limit=None, weights=None):
    """A trained model's state, its evaluation and its predictions."""
    engine = Engine(net(), BATCH, seed=5, xla=xla, chunk=chunk, evaluation_rows=24)
    data = engine.to_device(x, y, weights)
    for number in range(epochs):
        epoch = engine.train(data, number)
        while not epoch.done:
            epoch.run(limit)
    return state(engine.model), engine.evaluate(engine.to_device(x, y)), engine.predict(x)


def assert_same(one, other):
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]
    np.testing.assert_array_equal(one[2], other[2])


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)] if ON_TENSORFLOW else [True])
def test_streamed_rows_give_the_bits_of_placed_ones(stored, xla):
    x, rows, y = stored
    weights = np.linspace(0, 2, ROWS, dtype="float32")
    expected = train(x, y, xla=xla, weights=weights)
    for chunk, limit in ((2, 3), ("auto", 7)):
        assert_same(train(rows, y, xla=xla, chunk=chunk, limit=limit, weights=weights), expected)


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 7])
def test_an_epoch_goes_on_from_the_middle_of_a_chunk(stored, step):
    x, rows, y = stored
    engine = Engine(net(), BATCH, seed=5, chunk=step)
    first = engine.train(engine.to_device(rows, y), 0)
    while first.step < step:
        first.run(step - first.step)
    rest = engine.train(engine.to_device(rows, y), 0, first.step)
    while not rest.done:
        rest.run()
    expected = Engine(net(), BATCH, seed=5, chunk=4)
    epoch = expected.train(expected.to_device(x, y), 0)
    while not epoch.done:
        epoch.run()
    for a, b in zip(state(engine.model), state(expected.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_chunks_have_one_shape_and_no_more_than_one_is_gathered_ahead(stored):
    _, rows, y = stored
    shapes, gathered = [], []

    class Watched(LazyRows):
        def __getitem__(self, numbers):
            gathered.append(len(numbers))
            return super().__getitem__(numbers)

    watched = Watched(rows._source, rows._row_numbers, rows._transform)
    passing = feeder.StreamedPass((watched, y), np.arange(ROWS)[::-1], BATCH, lambda arrays: arrays)
    for step in range(passing.steps):
        chunk = passing.chunk_at(step)
        if step == chunk.start and isinstance(chunk.data, tuple):
            shapes.append(chunk.data[0].shape[0])
            assert len(gathered) <= len(shapes) + 1
        first = (step - chunk.start) * BATCH
        wanted = np.arange(ROWS)[::-1][step * BATCH : (step + 1) * BATCH]
        found = chunk.data[0][chunk.order[first : first + BATCH]]
        np.testing.assert_array_equal(found[: len(wanted)], rows[wanted])
    assert shapes == [80, 80, 80, 11]


def test_a_file_that_vanishes_ends_the_epoch_with_its_reason(stored, tmp_path):
    _, rows, y = stored
    engine = Engine(net(), BATCH, seed=5, chunk=1)
    epoch = engine.train(engine.to_device(rows, y), 0)
    epoch.run()
    (tmp_path / "x.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"x\.npy"):
        while not epoch.done:
            epoch.run()


def test_rows_are_indexed_like_an_array(stored):
    x, rows, _ = stored
    for which in (3, slice(5, 9), slice(None), np.array([9, 2, 2, 200])):
        np.testing.assert_array_equal(rows[which], x[which])
    taken = rows.take_rows(np.array([7, 1, 5]))
    np.testing.assert_array_equal(taken[np.array([2, 0])], x[[5, 7]])
    assert rows.nbytes == 0 and rows.shape == x.shape and np.asarray(taken).dtype == np.float32
