"""The engine: bit-equal to a plain loop over `train_step`, whatever the chunk, and the rule for compiling."""

from contextlib import nullcontext
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasdeep.backends.xla_rng_patch import threefry
from kerasdeep.engine import compile_policy
from kerasdeep.engine.engine import ChunkSizer, Engine, epoch_permutation, evaluation_batch_size
from kerasdeep.errors import InputError

ROWS, BATCH = 75, 16  # four full batches and a partial one of 11
LAYERS = keras.layers


def table():
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 6)).astype("float32")
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1)


def net(optimizer="Nadam"):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            LAYERS.Dense(12, kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(1.0)),
            LAYERS.BatchNormalization(),
            LAYERS.Activation("swish"),
            LAYERS.Dropout(0.3),
            LAYERS.Dense(3, activation="softmax"),
        ]
    )
    made = getattr(keras.optimizers, optimizer)(0.01, clipnorm=1.0)
    model.compile(made, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_equal_bits(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def engine_run(model, *, xla, chunk, weights=None, epochs=2):
    engine = Engine(model, BATCH, seed=5, xla=xla, chunk=chunk)
    data = engine.to_device(*table(), weights)
    for number in range(epochs):
        epoch = engine.train(data, number)
        while not epoch.done:
            epoch.run()
    return state(model)


def plain_loop(model, *, xla, weights=None, epochs=2):
    """Keras's train_step, one call a batch; under XLA masks are Threefry's and the partial batch stays plain."""
    x, y = table()
    model._symbolic_build(data_batch=(x[:BATCH], y[:BATCH]))
    draws = threefry if xla else nullcontext

    def step(*batch):
        with draws():
            return model.train_step(batch)

    compiled = tf.function(step, autograph=False, jit_compile=xla)
    traced = tf.function(lambda *batch: model.train_step(batch), autograph=False)
    for number in range(epochs):
        model.reset_metrics()
        order = epoch_permutation(5, number, ROWS)
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            batch = [tf.constant(array[rows]) for array in (x, y, weights) if array is not None]
            (compiled if len(rows) == BATCH else traced)(*batch)
    return state(model)


@pytest.mark.parametrize(
    "chunks", [("auto",), pytest.param((1, 3, 100), marks=pytest.mark.slow)], ids=["auto", "stated"]
)
@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_any_chunk_gives_the_bits_of_a_plain_loop_over_train_step(xla, chunks):
    for chunk in chunks:
        assert_equal_bits(engine_run(net(), xla=xla, chunk=chunk), expected(xla))


@cache
def expected(xla):
    return plain_loop(net(), xla=xla)


def test_sample_weights_reach_the_step():
    weights = np.linspace(0, 2, ROWS, dtype="float32")
    weighted = engine_run(net("SGD"), xla=False, chunk=2, weights=weights)
    assert_equal_bits(weighted, plain_loop(net("SGD"), xla=False, weights=weights))
    assert not np.array_equal(weighted[0], plain_loop(net("SGD"), xla=False)[0])


def test_dictionaries_of_inputs_and_outputs_go_through():
    x, y = table()
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((4,), name="b")}
    joined = LAYERS.Dense(8, "relu")(LAYERS.Concatenate()(list(inputs.values())))
    outputs = {"kind": LAYERS.Dense(3, "softmax", name="kind")(joined), "size": LAYERS.Dense(1, name="size")(joined)}
    model = keras.Model(inputs, outputs)
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    engine = Engine(model, BATCH, seed=0, xla=False, chunk="auto")
    data = engine.to_device({"a": x[:, :2], "b": x[:, 2:]}, {"kind": y, "size": x[:, 0]})
    epoch = engine.train(data, 0)
    while not epoch.done:
        epoch.run()
    found = engine.evaluate(data)
    assert {"loss", "kind_loss", "size_loss"} <= set(found)
    predicted = engine.predict({"a": x[:, :2], "b": x[:, 2:]})
    assert predicted["kind"].shape == (ROWS, 3) and predicted["size"].shape == (ROWS, 1)


def test_evaluation_and_prediction_agree_with_keras():
    model = net("SGD")
    engine_run(model, xla=False, chunk="auto")
    x, y = table()
    expected = model.evaluate(x, y, batch_size=ROWS, verbose=0, return_dict=True)
    for rows in (ROWS, 20):
        engine = Engine(model, BATCH, seed=0, evaluation_rows=rows)
        found = engine.evaluate(engine.to_device(x, y))
        assert found == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(engine.predict(x), model.predict(x, verbose=0), rtol=1e-5)


def test_evaluation_leaves_when_asked():
    engine = Engine(net(), BATCH, seed=0, chunk=1, evaluation_rows=10)
    assert engine.evaluate(engine.to_device(*table()), stop_requested=lambda: True) is None


def test_orders_are_permutations_that_differ_by_epoch_and_seed_and_never_change():
    orders = [epoch_permutation(seed, epoch, 1000) for seed in (0, 1) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert epoch_permutation(0, 0, 8).tolist() == [2, 4, 3, 6, 5, 0, 1, 7]


@pytest.mark.slow
def test_without_shuffle_rows_keep_their_order():
    x, y = table()
    ordered = Engine(net("SGD"), BATCH, seed=5, xla=False, chunk="auto", shuffle=False)
    epoch = ordered.train(ordered.to_device(x, y), 1)
    while not epoch.done:
        epoch.run()
    model = net("SGD")
    model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
    np.testing.assert_allclose(state(ordered.model)[0], state(model)[0], rtol=1e-4, atol=1e-6)


def test_a_chunk_grows_to_half_a_second_and_never_by_leaps():
    pace = ChunkSizer("auto")
    assert pace.next_steps(1000) == 1
    pace.record(1, 3.0)  # compiling
    assert pace.next_steps(1000) == 1
    pace.record(1, 0.001)
    assert pace.next_steps(1000) == 32
    pace.record(32, 0.032)
    assert pace.next_steps(1000) == 500
    pace.record(500, 5.0)  # the machine got busy
    assert pace.next_steps(1000) == 50
    assert ChunkSizer(7).next_steps(1000) == 7 and ChunkSizer(7).next_steps(3) == 3


def test_a_slow_step_is_a_chunk_of_its_own():
    pace = ChunkSizer("auto")
    pace.record(1, 9.0)
    pace.record(1, 2.0)
    assert pace.next_steps(100) == 1


def test_the_evaluation_batch_follows_the_widest_layer():
    assert evaluation_batch_size(net()) == 1024
    wide = keras.Sequential([keras.Input((64, 64, 3)), LAYERS.Conv2D(64, 3, padding="same"), LAYERS.Flatten()])
    assert evaluation_batch_size(wide) == 61


def dense():
    return keras.Sequential([keras.Input((4, 4, 3)), LAYERS.Flatten(), LAYERS.Dense(1)])


def convolution():
    return keras.Sequential([keras.Input((4, 4, 3)), LAYERS.SeparableConv2D(2, 3)])


def refused(layer):
    return keras.Sequential([keras.Input((4, 4, 3)), layer, LAYERS.Flatten()])


@pytest.mark.parametrize(
    ("model", "device", "steps", "choice", "reason"),
    [
        (dense(), "cpu", 10_000, "xla", "repay"),
        (dense(), "cpu", 1000, "none", "do not repay"),
        (convolution(), "cpu", 10_000, "none", "convolutions"),
        (convolution(), "gpu", 10, "xla", "GPU"),
        (refused(LAYERS.RandomRotation(0.1)), "gpu", 10_000, "none", "RandomRotation"),
        (refused(LAYERS.MixUp()), "cpu", 10_000, "none", "MixUp"),
    ],
)
def test_compiling_follows_the_rule(model, device, steps, choice, reason):
    found = compile_policy.choose(model, "auto", device=device, steps=steps)
    assert found.choice == choice and reason in found.reason


@pytest.mark.parametrize(
    ("model", "device", "alone"), [(convolution(), "cpu", True), (convolution(), "gpu", False), (dense(), "cpu", False)]
)
def test_jax_runs_convolutions_on_a_cpu_a_step_a_call(model, device, alone):
    found = compile_policy.choose(model, "auto", device=device, steps=10, backend="jax")
    assert found.xla and ("a step a call" in found.reason) is alone is compile_policy.one_step_per_call(model, device)


def test_what_the_file_says_about_compiling_is_done_or_refused():
    assert compile_policy.choose(dense(), "none", device="gpu", steps=10_000).choice == "none"
    assert compile_policy.choose(dense(), "xla", device="cpu", steps=1).xla
    with pytest.raises(InputError, match="XLA cannot compile RandomZoom"):
        compile_policy.choose(refused(LAYERS.RandomZoom(0.1)), "xla", device="cpu", steps=1)


@pytest.mark.parametrize(
    "layer",
    [
        LAYERS.MixUp(),
        pytest.param(LAYERS.RandAugment(), marks=pytest.mark.slow),
        pytest.param(LAYERS.RandomElasticTransform(), marks=pytest.mark.slow),
    ],
)
def test_layers_in_the_table_are_really_refused_by_xla(layer):
    assert type(layer).__name__ in compile_policy.XLA_UNSUPPORTED_LAYERS
    compiled = tf.function(lambda images: layer(images, training=True), jit_compile=True, autograph=False)
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)):
        compiled(tf.zeros([2, 8, 8, 3]))
