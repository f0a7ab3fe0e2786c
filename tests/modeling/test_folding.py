"""Folded batch normalization: the same answers without it."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasdeep.custom_objects import TransposedDense
from kerasdeep.modeling.batch_norm_folding import fold_batch_norm


def with_statistics(model):
    """Batch norms as after training, not as new."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if "normalization" in variable.path or "bias" in variable.path:
            variable.assign(rng.uniform(0.5, 2.0, variable.shape))
    return model


def norms(model):
    return [one.name for one in model._flatten_layers() if isinstance(one, layers.BatchNormalization)]


def check(model, shape, left=0):
    with_statistics(model)
    before = [variable.numpy() for variable in model.variables]
    folded, names = fold_batch_norm(model)
    assert len(norms(folded)) == left
    assert len(names) == len(norms(model)) - left
    x = np.random.default_rng(1).normal(size=(5, *shape)).astype("float32")
    expected = keras.tree.flatten(model(x, training=False))
    for found, wanted in zip(keras.tree.flatten(folded(x, training=False)), expected, strict=True):
        assert float(np.abs(np.asarray(found) - np.asarray(wanted)).max()) < 1e-5
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    return folded


def functional(shape, *hidden):
    tensor = inputs = keras.Input(shape)
    for layer in hidden:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


BN = layers.BatchNormalization


@pytest.mark.parametrize("make", [functional, lambda shape, *hidden: keras.Sequential([keras.Input(shape), *hidden])])
def test_dense_before_activation(make):
    stack = [
        layers.Dense(7, use_bias=False),
        BN(),
        layers.ReLU(),
        layers.Dense(5),
        BN(scale=False),
        layers.Dropout(0.3),
        layers.Dense(2, "softmax"),
    ]
    assert check(make((4,), *stack), (4,)).count_params() == 4 * 7 + 7 + 7 * 5 + 5 + 5 * 2 + 2


def test_convolutions_of_every_kind():
    stack = [
        layers.Conv2D(4, 3),
        BN(center=False),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
        BN(),
        layers.Conv2DTranspose(3, 2, strides=2),
        BN(),
        layers.GlobalAveragePooling2D(),
    ]
    check(functional((9, 9, 2), *stack), (9, 9, 2))


def test_what_cannot_be_folded_stays():
    stack = [BN(), layers.Dense(4, "relu"), BN(), layers.Dense(3), layers.Dropout(0.1), BN()]
    check(functional((4,), *stack), (4,), left=3)


def test_a_layer_that_feeds_others_too_stays():
    inputs = keras.Input((4,))
    shared = layers.Dense(4)(inputs)
    model = keras.Model(inputs, {"sum": layers.Add()([BN()(shared), shared]), "norm": BN()(layers.Dense(3)(inputs))})
    check(model, (4,), left=1)


def test_nested_models():
    inner = functional((4,), layers.Dense(6), BN(), layers.ReLU())
    check(functional((4,), inner, layers.Dense(2), BN()), (4,))


def test_a_model_with_a_tied_kernel_is_left_alone():
    inputs = keras.Input((4,))
    dense = layers.Dense(3)
    tensor = BN()(dense(inputs))
    model = keras.Model(inputs, TransposedDense(dense)(tensor))
    folded, names = fold_batch_norm(with_statistics(model))
    assert folded is model
    assert names == []
