"""Own layers against their formulas, and through save and load in safe mode."""

import keras
import numpy as np
import pytest

from kerasdeep.custom_objects import (
    ActivationWith,
    EnsembleMembers,
    EnsembleOutput,
    LearnedSwish,
    ParametricActivation,
    PiecewiseLinear,
    RReLU,
    SmoothClip,
    TransposedDense,
)

X = np.linspace(-3, 3, 24, dtype="float32").reshape(4, 6)


def reloaded(model, path):
    model.save(path / "model.keras")
    return keras.saving.load_model(path / "model.keras", safe_mode=True)


def test_rrelu_draws_a_slope_per_unit_in_training_and_uses_the_mean_otherwise():
    layer = RReLU(seed=1)
    mean = (1 / 8 + 1 / 3) / 2
    np.testing.assert_allclose(layer(X), np.where(X >= 0, X, mean * X), rtol=1e-6)
    drawn = np.array(layer(X, training=True))
    np.testing.assert_array_equal(drawn[X >= 0], X[X >= 0])
    slopes = drawn[X < 0] / X[X < 0]
    assert slopes.min() >= 1 / 8 - 1e-6 and slopes.max() <= 1 / 3 + 1e-6
    assert len(np.unique(slopes.round(5))) > 8
    assert abs(np.array(layer(X, training=True)) - drawn).max() > 1e-3


def test_rrelu_slopes_are_uniform():
    slopes = -np.array(RReLU(seed=2)(-np.ones((100, 200), "float32"), training=True))
    assert slopes.mean() == pytest.approx((1 / 8 + 1 / 3) / 2, abs=2e-3)
    assert slopes.std() == pytest.approx((1 / 3 - 1 / 8) / np.sqrt(12), rel=0.03)


def test_learned_swish_formula_gradient_and_size():
    layer = LearnedSwish(initial_beta=1.5)
    np.testing.assert_allclose(layer(X), X / (1 + np.exp(-1.5 * X)), rtol=1e-5)
    assert layer.count_params() == 6
    single = LearnedSwish(per_unit=False)
    np.testing.assert_allclose(single(X), keras.activations.swish(X), rtol=1e-5)
    assert single.count_params() == 1
    model = keras.Sequential([keras.Input((6,)), LearnedSwish()])
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    assert abs(model.layers[0].beta.numpy() - 1).min() > 0


def test_parametric_activation_formula_gradient_and_reload(tmp_path):
    layer = ParametricActivation("selu")
    np.testing.assert_allclose(layer(X), keras.activations.selu(X), rtol=1e-5, atol=1e-6)
    layer.strength.assign([0, 0.5, 1, 1, 1, 2])
    expected = X + np.array([0, 0.5, 1, 1, 1, 2]) * (np.array(keras.activations.selu(X)) - X)
    np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-6)
    model = keras.Sequential([keras.Input((6,)), ParametricActivation()])
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    assert abs(model.layers[0].strength.numpy() - 1).min() > 0
    np.testing.assert_allclose(reloaded(model, tmp_path)(X), model(X))


def test_smooth_clip_formula_limit_and_reload(tmp_path):
    x = np.array([[0, 0.01, -2, 50, 1e30, -np.inf]], "float32")
    found = np.array(SmoothClip(2)(x))
    np.testing.assert_allclose(found[0, :4], x[0, :4] / np.sqrt(1 + x[0, :4] ** 2 / 4), rtol=1e-6)
    np.testing.assert_allclose(found[0, 4:], [2, -2], rtol=1e-6)
    half = np.array(SmoothClip(2, dtype="mixed_float16")(np.array([[-800, 60000]], "float16")))
    np.testing.assert_allclose(half, [[-2, 2]], rtol=1e-3)
    model = keras.Sequential([keras.Input((6,)), SmoothClip(2)])
    np.testing.assert_array_equal(reloaded(model, tmp_path)(X), model(X))
    with pytest.raises(ValueError, match="positive"):
        SmoothClip(0)


def tied_pair():
    inputs = keras.Input((6,))
    encoder = keras.layers.Dense(3, activation="tanh", name="encoder")
    outputs = TransposedDense(encoder, activation="sigmoid", name="decoder")(encoder(inputs))
    return keras.Model(inputs, outputs)


def test_transposed_dense_uses_the_tied_kernel_and_its_own_bias():
    model = tied_pair()
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    decoder.bias.assign(np.arange(6, dtype="float32"))
    code = np.array(encoder(X))
    expected = 1 / (1 + np.exp(-(code @ encoder.kernel.numpy().T + np.arange(6))))
    np.testing.assert_allclose(model(X), expected, rtol=1e-5)
    assert model.count_params() == 6 * 3 + 3 + 6
    assert decoder.count_params() == 6
    decoder.trainable = False
    assert encoder.trainable


def test_transposed_dense_trains_one_kernel_through_both_ends_and_stays_tied_after_loading(tmp_path):
    model = tied_pair()
    model.compile("sgd", "mse")
    before = model.get_layer("encoder").kernel.numpy()
    model.fit(X, X, verbose=0)
    assert abs(model.get_layer("encoder").kernel.numpy() - before).max() > 0
    loaded = reloaded(model, tmp_path)
    np.testing.assert_allclose(loaded(X), model(X), rtol=1e-6)
    assert loaded.get_layer("decoder").tied_to is loaded.get_layer("encoder")
    assert loaded.count_params() == model.count_params()


def test_transposed_dense_refuses_what_it_cannot_tie():
    with pytest.raises(ValueError, match="must be a Dense layer"):
        TransposedDense(keras.layers.Conv1D(2, 3))
    with pytest.raises(ValueError, match="no kernel yet"):
        TransposedDense(keras.layers.Dense(3))(X)
    encoder = keras.layers.Dense(3)
    encoder(X)
    with pytest.raises(ValueError, match="3 values"):
        TransposedDense(encoder)(X)
    with pytest.raises(ValueError, match="clone_model"):
        keras.models.clone_model(tied_pair())


def test_activation_with_arguments_survives_save_and_load(tmp_path):
    activation = ActivationWith("leaky_relu", {"negative_slope": 0.1})
    np.testing.assert_allclose(activation(X), np.where(X >= 0, X, 0.1 * X), rtol=1e-6)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation=activation)])
    loaded = reloaded(model, tmp_path)
    assert loaded.layers[0].activation.arguments == {"negative_slope": 0.1}
    np.testing.assert_allclose(loaded(X), model(X))


@pytest.mark.parametrize("name", ["no_such", "deserialize", "get"])
def test_activation_with_refuses_other_names(name):
    with pytest.raises(ValueError, match="has no"):
        ActivationWith(name, {})


def test_own_layers_survive_save_and_load(tmp_path):
    model = keras.Sequential([keras.Input((6,)), RReLU(0.2, 0.4, seed=3), LearnedSwish(2.0, per_unit=False)])
    loaded = reloaded(model, tmp_path)
    assert [layer.get_config() for layer in loaded.layers] == [layer.get_config() for layer in model.layers]
    np.testing.assert_allclose(loaded(X), model(X))


def test_pieces_are_the_papers_formula_and_keep_the_feature_itself():
    data = np.stack([np.arange(101.0), np.arange(101) % 2, np.repeat(7.0, 101)], axis=1)
    layer = PiecewiseLinear(bins=4)
    layer.adapt(data)
    assert layer.edges == [[0, 25, 50, 75, 100], [0, 1], [7]]
    found = np.array(layer(np.float32([[60, 1, 7], [-10, 0, 9]])))
    np.testing.assert_allclose(found, [[60, 1, 1, 0.4, 0, 1, 7], [-10, 0, 0, 0, 0, 0, 9]], rtol=1e-6)
    assert layer.compute_output_shape((None, 3)) == (None, 7)


def test_pieces_need_edges_for_every_feature(tmp_path):
    with pytest.raises(ValueError, match="call `adapt`"):
        PiecewiseLinear()(X)
    with pytest.raises(ValueError, match="each of 6 features, found 1"):
        PiecewiseLinear(edges=[[0, 1, 2]])(X)


def members(activation, units):
    inputs = keras.Input((6,))
    split = EnsembleMembers(3, name="split")
    head = EnsembleOutput(units, 3, activation=activation, name="head")
    model = keras.Model(inputs, head(keras.layers.Dense(5, activation="relu", name="shared")(split(inputs))))
    head.bias.assign(np.linspace(-1, 1, 3 * units))
    return model, split, head


def each_members_output(model, split, head):
    """By hand: every member is a network of its own."""
    kernel, bias = model.get_layer("shared").get_weights()
    hidden = np.maximum(X[:, None] * np.array(split.signs) @ kernel + bias, 0)
    shape = (-1, head.members, head.units)
    return np.einsum("rmf,fmu->rmu", hidden, head.get_weights()[0].reshape(shape)) + head.get_weights()[1].reshape(
        3, -1
    )


@pytest.mark.parametrize(
    ("activation", "units", "loss", "labels"),
    [
        ("softmax", 4, "sparse_categorical_crossentropy", np.array([0, 3, 1, 2])),
        ("sigmoid", 1, "binary_crossentropy", np.array([[0.0], [1], [1], [0]])),
        ("exponential", 1, "poisson", np.float32([[0], [3], [1], [2]])),
        (None, 2, "mse", np.float32([[0, 1], [2, 3], [-1, 1], [0, 0]])),
    ],
)
def test_training_minimizes_the_mean_of_the_members_losses_and_predicts_with_their_mean(
    activation, units, loss, labels, tmp_path
):
    model, split, head = members(activation, units)
    each = each_members_output(model, split, head)
    assert set(np.unique(np.array(split.signs))) == {-1, 1}
    apply = keras.activations.get(activation)
    np.testing.assert_allclose(model(X), apply(each.mean(axis=1)), rtol=1e-4, atol=1e-6)
    function = keras.losses.get(loss)
    by_member = [np.mean(np.array(function(labels, apply(each[:, k].astype("float32"))))) for k in range(3)]
    of_the_mean = float(np.mean(np.array(function(labels, model(X, training=True)))))
    assert of_the_mean + float(model.losses[0]) == pytest.approx(np.mean(by_member), rel=1e-4)
    assert float(model.losses[0]) > 1e-3
    model(X)
    assert not model.losses or float(model.losses[0]) == 0
    np.testing.assert_array_equal(reloaded(model, tmp_path)(X), model(X))
