"""A choice becomes the Keras object it names, with every argument on it."""

import keras
import numpy as np
import pytest
from helpers.choices import read_choice

from kerasdeep import catalog
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.modeling.factory import KERAS_MODULES, create, resolve_class

NETWORK_WORDS = ("Output", "Input", "Repeat", "Residual", "Pretrained")


def test_every_writable_name_has_a_class_or_a_function():
    built_elsewhere = set(catalog.entries("schedule"))
    for family in KERAS_MODULES:
        for name, entry in catalog.entries(family).items():
            if entry.refused or name in (*NETWORK_WORDS, "accuracy") or (entry.is_custom and name in built_elsewhere):
                continue
            assert entry.layer or callable(resolve_class(Choice(family, name))), name


def test_arguments_that_keras_configs_forget_reach_the_object():
    assert create(read_choice("loss", "Huber: {delta: 9.0}"))._fn_kwargs == {"delta": 9.0}
    assert create(read_choice("initializer", "Identity: {gain: 3.0}")).gain == 3.0


def test_nested_choices_become_objects():
    dense = create(
        read_choice("layer", "Dense: {units: 3, kernel_initializer: he_normal, kernel_regularizer: {L2: 0.1}}")
    )
    assert isinstance(dense.kernel_initializer, keras.initializers.HeNormal)
    assert float(dense.kernel_regularizer.l2) == pytest.approx(0.1)
    both = create(read_choice("layer", "Bidirectional: {LSTM: 4}"), name="both")
    assert both.forward_layer.units == 4 and both.name == "both"
    cells = create(read_choice("layer", "RNN: {cell: {StackedRNNCells: [{GRUCell: 3}, {LSTMCell: 2}]}}"))
    assert [type(cell).__name__ for cell in cells.cell.cells] == ["GRUCell", "LSTMCell"]


@pytest.mark.parametrize("name", ["Lamb", "lamb", "l1_l2", "re_lu"])
def test_names_that_keras_get_refuses(name):
    family = {"l1_l2": "regularizer", "re_lu": "layer"}.get(name, "optimizer")
    assert create(read_choice(family, name)) is not None


def test_activations_are_functions_objects_with_arguments_or_layers():
    assert create(read_choice("activation", "relu")) is keras.activations.relu
    leaky = create(read_choice("activation", "leaky_relu: {negative_slope: 0.1}"))
    assert float(np.array(leaky(np.array([-1.0])))[0]) == pytest.approx(-0.1)
    assert isinstance(create(read_choice("activation", "prelu")), keras.layers.PReLU)
    assert type(create(read_choice("activation", "rrelu"))).__name__ == "RReLU"


def test_accuracy_stays_keras_string():
    assert create(read_choice("metric", "accuracy")) == "accuracy"
    assert isinstance(create(read_choice("metric", "Accuracy")), keras.metrics.Accuracy)


def test_a_metric_that_is_a_function_takes_its_arguments():
    metric = create(read_choice("metric", "huber: {delta: 0.5}"))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 2.0))
    assert metric.name == "huber"
    assert float(metric.result()) == pytest.approx(0.5 * 2 - 0.5 * 0.25)


def test_keras_refusal_is_an_input_error_at_the_line():
    choice = Choice("layer", "Dense", {"units": -1}, SourceLocation("net.yaml", 7, 3))
    with pytest.raises(InputError) as caught:
        create(choice)
    (problem,) = caught.value.problems
    assert problem.location.line == 7
    assert problem.message.startswith("Dense: ") and "-1" in problem.message
    with pytest.raises(InputError, match="momentum"):
        create(Choice("optimizer", "SGD", {"momentum": 3.0}, SourceLocation("net.yaml", 2, 1)))
