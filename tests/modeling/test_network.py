"""Planned layers become a functional model with the same names, seeded by layer, with errors at the right line."""

import random

import keras
import numpy as np
import pytest
from helpers.choices import DIGIT, IMAGE, ROW, config_of, read_choice

from kerasdeep import data, modeling
from kerasdeep.config import load_config
from kerasdeep.config.lowering.lower import Head, lower_network
from kerasdeep.errors import InputError


def built(text, heads=DIGIT, shapes=ROW, features=None, **more):
    planned = lower_network(config_of(text), heads, shapes, features)
    return modeling.build_functional_model(planned, shapes, **more), planned


def weights(model, name):
    return [variable.numpy() for variable in model.get_layer(name).variables]


def test_the_chapters_batch_norm_net_has_the_books_parameters():
    model, planned = built(
        "network: [Flatten, Dense: 300, Dense: 100, Output]\n"
        "regularization: {batch_norm: {placement: after, input: true}}",
        shapes=IMAGE,
    )
    assert model.count_params() == 271_346
    facts = modeling.describe_network(model, planned)
    assert (facts["parameters"], facts["trainable"], facts["non_trainable"]) == (271_346, 268_978, 2_368)
    assert [layer.name for layer in model.layers[1:]] == [layer.name for layer in planned]
    row = next(row for row in facts["layers"] if row["name"] == "dense_1")
    assert row["output_shape"] == [300] and row["parameters"] == 784 * 300 + 300 and row["inputs"] == ["input_bn"]
    assert "units=300" in row["settings"] and "activation=relu" in row["settings"]


def test_draws_depend_on_the_seed_and_the_layers_name_alone():
    one, _ = built("network: [{Dense: 4, name: a}, {Dense: 4, name: b}, Output]", seed=1)
    more, _ = built(
        "network: [Flatten, {Dense: 4, name: a}, {Dropout: 0.5, name: d}, {Dense: 4, name: b}, Output]", seed=1
    )
    other, _ = built("network: [{Dense: 4, name: a}, {Dense: 4, name: b}, Output]", seed=2)
    for name in ("a", "b", "output"):
        np.testing.assert_array_equal(weights(one, name)[0], weights(more, name)[0])
        assert abs(weights(one, name)[0] - weights(other, name)[0]).max() > 1e-3
    assert abs(weights(one, "a")[0][:4] - weights(one, "b")[0]).max() > 1e-3


def test_dropout_masks_follow_the_seed():
    x = np.ones((6, 8), "float32")

    def mask(seed):
        model, _ = built("network: [{Dropout: 0.5, name: drop}, Output]", seed=seed)
        return np.asarray(model.get_layer("drop")(x, training=True))

    np.testing.assert_array_equal(mask(3), mask(3))
    assert abs(mask(3) - mask(4)).max() > 0


def test_copies_inside_a_layer_start_differently():
    model, _ = built("network: [Bidirectional: {LSTM: 3}, Output]", shapes={"input": (5, 2)})
    both = model.get_layer("bidirectional_1")
    forward, backward = both.forward_layer.cell.kernel.numpy(), both.backward_layer.cell.kernel.numpy()
    assert abs(forward - backward).max() > 1e-3
    model, _ = built(
        "network: [MultiHeadAttention: {num_heads: 2, key_dim: 3}, Flatten, Output]", shapes={"input": (5, 2)}
    )
    attention = model.get_layer("multi_head_attention_1")
    assert abs(attention.query_dense.kernel.numpy() - attention.key_dense.kernel.numpy()).max() > 1e-3


def test_a_residual_that_changes_the_shape_says_what_to_write():
    with pytest.raises(InputError, match=r"Residual.*inputs: \[stem\].*incompatible"):
        built("network: [Dense: 8, Residual: [Dense: 12], Output]")


def test_pythons_own_generator_is_left_alone():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    built("network: [Dense: 4, Output]")
    assert random.random() == expected


def test_several_inputs_heads_and_merges():
    heads = [Head("kind", "multiclass", 3), Head("price", "regression", 1)]
    shapes = {"picture": (4, 4), "table": (5,)}
    model, _ = built(
        "network:\n"
        "  - {Flatten: {inputs: [picture]}, name: flat}\n"
        "  - Concatenate: {inputs: [flat, table]}\n"
        "  - Dense: 9\n  - Output: {name: kind}\n  - Output: {name: price}\n",
        heads,
        shapes,
    )
    answer = model({"picture": np.zeros((2, 4, 4)), "table": np.zeros((2, 5))})
    assert {name: tuple(value.shape) for name, value in answer.items()} == {"kind": (2, 3), "price": (2, 1)}


def test_wide_and_deep_takes_the_named_columns():
    text = (
        "network:\n  - Input: {name: wide, features: [b]}\n  - Input: {name: deep, features: [c, a]}\n"
        "  - Dense: {units: 2, kernel_initializer: ones, activation: linear}\n"
        "  - Concatenate: {inputs: [wide, dense_1]}\n  - {Output: {kernel_initializer: ones}}\n"
    )
    model, _ = built(text, [Head("output", "regression", 1)], {"input": (3,)}, {"input": ["a", "b", "c"]})
    assert float(model(np.array([[1.0, 10.0, 100.0]]))[0, 0]) == pytest.approx(10 + 2 * 101)


def test_a_tied_decoder_shares_the_kernel():
    model, _ = built(
        "network: [{Dense: {units: 3, activation: tanh}, name: code}, TransposedDense: {layer: code}, Output]"
    )
    assert model.get_layer("transposed_dense_1").tied_to is model.get_layer("code")
    assert model.count_params() == 8 * 3 + 3 + 8 + 8 * 10 + 10


def test_augmentation_works_in_training_only_and_on_grey_pictures():
    layers = [read_choice("layer", "RandomFlip: horizontal"), read_choice("layer", "RandomBrightness: 0.5")]
    model, _ = built("network: [Flatten, Output]", shapes=IMAGE, augmentation=layers, seed=1)
    assert model.get_layer("augmentation_2").value_range == [0.0, 1.0]
    body = keras.Model(model.input, model.get_layer("input_from_picture").output)
    x = np.random.default_rng(0).uniform(size=(16, 28, 28)).astype("float32")
    np.testing.assert_allclose(body(x, training=False), x, rtol=1e-6)
    changed = np.asarray(body(x, training=True))
    assert changed.shape == x.shape and abs(changed - x).max() > 0.05


@pytest.mark.parametrize(
    ("text", "shapes", "line", "said"),
    [
        (
            "network:\n  - Dense: 5\n  - Conv1D: {filters: 2, kernel_size: 3}\n  - Output",
            ROW,
            4,
            r"Conv1D.*\(None, 5\)",
        ),
        ("network:\n  - Dense: 5\n  - Output", IMAGE, 4, r"\(28, 10\).*Flatten"),
        ("network:\n  - Residual: [Dense: 5]\n  - Output", ROW, 3, r"Add.*\(None, 8\), \(None, 5\)"),
        ("network:\n  - LSTM: {units: 3, return_state: true}\n  - Output", {"input": (4, 2)}, 3, "several outputs"),
        ("network:\n  - Dropout: 1.5\n  - Output", ROW, 3, "1.5"),
    ],
)
def test_layers_that_do_not_fit_are_input_errors_at_their_line(text, shapes, line, said):
    with pytest.raises(InputError, match=said) as caught:
        built(text, shapes=shapes)
    assert caught.value.problems[0].location.line == line


def test_augmentation_of_rows_is_refused():
    with pytest.raises(InputError, match="works on images"):
        built("network: [Output]", augmentation=[read_choice("layer", "RandomFlip")])
    with pytest.raises(InputError, match="sets no bounds"):
        bright = read_choice("layer", "RandomBrightness: 0.1")
        built("network: [Flatten, Output]", shapes=IMAGE, augmentation=[bright], scaling="standardize")


def test_a_model_with_everything_survives_save_and_load(tmp_path):
    model, _ = built(
        "network: [Dense: 6, {Dense: 6, name: code}, TransposedDense: {layer: code}, Dense: 4, Output]\n"
        "activation: {leaky_relu: {negative_slope: 0.1}}\n"
        "regularization: {l2: 0.01, max_norm: 1.0, batch_norm: before, dropout: 0.2, input_noise: 0.1}"
    )
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(x), model(x), rtol=1e-6)
    assert [layer.get_config() for layer in loaded.layers] == [layer.get_config() for layer in model.layers]


def test_pieces_take_their_edges_from_the_training_rows_and_members_reach_the_output(tmp_path):
    path = tmp_path / "iris.yaml"
    text = "data: {source: iris, validation: 30}\nnetwork: [%s, Dense: 4, Output]\n"
    path.write_text(text % "PiecewiseLinear: 4, {Dense: 8, name: first}, EnsembleMembers: 3")
    config = load_config(path).config
    dataset = data.load(config.data)
    planned = lower_network(config, modeling.output_heads(dataset), dataset.input_shapes)
    model = modeling.build_model(config, planned, dataset)
    edges = model.get_layer("piecewise_linear_1").edges
    np.testing.assert_allclose(edges[0], np.unique(np.quantile(dataset.train.x[:, 0], np.linspace(0, 1, 5))), rtol=1e-6)
    assert type(model.get_layer("output")).__name__ == "EnsembleOutput" and model.output.shape == (None, 3)
    assert model.get_layer("first").kernel.shape[0] == sum(
        map(len, edges)
    )  # each feature, and one piece less than edges
    path.write_text(text % "Dense: 8, PiecewiseLinear: 4")
    config = load_config(path).config
    planned = lower_network(config, modeling.output_heads(dataset), dataset.input_shapes)
    with pytest.raises(InputError, match="takes its edges from the data"):
        modeling.build_model(config, planned, dataset)
