"""The figures of kernels, by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerasdeep.evaluation import weight_stats


def test_norms_and_shares_by_hand():
    kernel = np.array([[3.0, 0.0], [4.0, 5e-4]], np.float32)
    found = weight_stats.kernel_summary(kernel)
    assert found["norm"] == pytest.approx(5.0)
    assert found["largest_unit_norm"] == pytest.approx(5.0)
    assert found["mean_unit_norm"] == pytest.approx(2.50025)
    assert (found["small"], found["zero"], found["size"]) == (0.5, 0.25, 4)


def test_the_histogram_counts_every_weight_once_whatever_lies_far_out():
    kernel = np.random.default_rng(0).normal(size=(100, 50)).astype(np.float32)
    kernel[0, 0] = 1e6
    found = weight_stats.kernel_summary(kernel)["histogram"]
    assert sum(found["counts"]) == kernel.size
    assert len(found["edges"]) == len(found["counts"]) + 1 == weight_stats.HISTOGRAM_BINS + 1
    assert found["edges"][-1] == -found["edges"][0] < 10


def test_a_kernel_of_zeros_or_without_numbers_is_described():
    assert weight_stats.kernel_summary(np.zeros((3, 2), np.float32))["zero"] == 1.0
    broken = weight_stats.kernel_summary(np.full((3, 2), np.nan, np.float32))
    assert sum(broken["histogram"]["counts"]) == 0


def test_units_are_outputs_also_where_the_kernel_has_them_elsewhere():
    layers = [
        keras.layers.Conv2D(4, 3),
        keras.layers.Conv2DTranspose(4, 3),
        keras.layers.DepthwiseConv2D(3, depth_multiplier=2),
    ]
    units = []
    for layer in layers:
        layer.build((None, 8, 8, 5))
        ((_, kernel, axes),) = weight_stats.layer_kernels(layer.name, layer)
        units.append(int(np.prod([kernel.shape[axis] for axis in axes])))
    assert units == [4, 4, 10]


def test_several_kernels_of_a_layer_have_names_of_their_own_and_heads_are_not_hidden():
    inputs = keras.Input((4, 3))
    hidden = keras.layers.LSTM(2, name="lstm_1")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="output")(hidden))
    found = weight_stats.describe_weights([(layer.name, layer) for layer in model.layers], {"output"})["layers"]
    assert [(layer["name"], layer["hidden"]) for layer in found] == [
        ("lstm_1/lstm_cell/kernel", True),
        ("lstm_1/lstm_cell/recurrent_kernel", True),
        ("output", False),
    ]
