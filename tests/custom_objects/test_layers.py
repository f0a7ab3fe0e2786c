"""Own layers against their formulas, and through save and load in safe mode."""

import keras
import numpy as np
import pytest

from kerasdeep.custom_objects import ActivationWith, LearnedSwish, RReLU, TransposedDense

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
