"""Monte Carlo dropout: who is random, and what the copies say."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasdeep.errors import InputError
from kerasdeep.inference import mc_dropout
from kerasdeep.inference.mc_layers import dropout_enabled, random_layers
from kerasdeep.inference.mc_split import split_at_dropout


def x(rows=6, features=8):
    return np.random.default_rng(0).normal(size=(rows, features)).astype("float32")


def net(*hidden, shape=(8,), units=3, activation="softmax"):
    keras.utils.set_random_seed(1)
    head = layers.Dense(units, activation=activation, name="head")
    return keras.Sequential([keras.Input(shape), *hidden, head])


def output(model, rows, samples=200, seed=0):
    return mc_dropout.sample_outputs(model, rows, samples, seed)["output"]


@pytest.mark.parametrize(
    ("hidden", "shape"),
    [
        ([layers.Dense(16), layers.Dropout(0.5)], (8,)),
        ([layers.Dense(16, activation="selu"), layers.AlphaDropout(0.3)], (8,)),
        ([layers.Dense(16), layers.GaussianDropout(0.5)], (8,)),
        ([layers.Reshape((4, 2)), layers.SpatialDropout1D(0.5), layers.Flatten()], (8,)),
        ([layers.Reshape((4, 2)), layers.TimeDistributed(layers.Dropout(0.5)), layers.Flatten()], (8,)),
        ([layers.Reshape((4, 2)), layers.LSTM(5, dropout=0.3, recurrent_dropout=0.3)], (8,)),
        ([layers.Reshape((4, 2)), layers.Bidirectional(layers.GRU(4, dropout=0.5))], (8,)),
        ([keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dropout(0.5)])], (8,)),
    ],
    ids=["dropout", "alpha", "gaussian", "spatial", "wrapped", "lstm", "bidirectional", "nested"],
)
def test_dropout_is_random_wherever_it_is(hidden, shape):
    found = output(net(*hidden, shape=shape), x(), samples=20)
    assert found.std.min() > 1e-3
    np.testing.assert_allclose(found.mean.sum(axis=1), 1, atol=1e-5)
    assert (found.mutual_information > 0).all()
    assert (found.mutual_information <= found.predictive_entropy).all()


def test_attention_drops_its_weights():
    inputs = keras.Input((4, 2))
    attended = layers.MultiHeadAttention(2, 3, dropout=0.5)(inputs, inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(attended)))
    rows = x().reshape(6, 4, 2)
    assert output(model, rows, samples=20).std.min() > 1e-4


def test_nothing_but_dropout_is_random():
    model = net(layers.BatchNormalization(), layers.GaussianNoise(1.0), layers.Dense(16), layers.Dropout(0.0))
    model.layers[0].moving_mean.assign(np.full(8, 5.0))
    found = output(model, x())
    assert found.std.max() == 0, "batch norm and noise stay in inference, and a rate of 0 drops nothing"
    np.testing.assert_allclose(found.mean, model.predict(x(), verbose=0), atol=1e-6)
    assert found.mutual_information.max() < 1e-6


def test_batch_norm_answers_each_row_for_itself():
    model = net(layers.BatchNormalization(), layers.Dropout(0.5))
    together, alone = output(model, x(), samples=50), output(model, x()[:1], samples=50)
    assert np.abs(together.mean[0] - alone.mean[0]).max() < 0.2
    np.testing.assert_array_equal(model.layers[0].moving_mean.numpy(), 0)


def test_the_mean_of_many_copies_of_a_linear_model_is_its_plain_answer_and_the_deviation_is_known():
    model = keras.Sequential([keras.Input((1,)), layers.Dropout(0.2), layers.Dense(1, use_bias=False)])
    model.layers[-1].kernel.assign([[2.0]])
    found = output(model, np.array([[3.0]], "float32"), samples=20_000)
    # 6 / 0.8 with probability 0.8, else 0.
    assert found.mean[0, 0] == pytest.approx(6, rel=0.02)
    assert found.std[0, 0] == pytest.approx(7.5 * np.sqrt(0.8 * 0.2), rel=0.02)


def test_entropies_of_a_coin_by_hand():
    # The copies say 0 or 1 with equal chance: the mean knows nothing, each copy is sure.
    model = keras.Sequential([keras.Input((1,)), layers.Dropout(0.5), layers.Dense(1, "sigmoid", use_bias=True)])
    model.layers[-1].set_weights([np.array([[100.0]]), np.array([-100.0])])
    found = output(model, np.array([[1.0]], "float32"), samples=5000)
    assert found.predictive_entropy[0] == pytest.approx(np.log(2), abs=0.01)
    assert found.mutual_information[0] == pytest.approx(np.log(2), abs=0.01)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    model = net(layers.Dense(16), layers.Dropout(0.5))
    one, again, other = (output(model, x(), samples=30, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.mean, again.mean)
    np.testing.assert_array_equal(one.std, again.std)
    assert np.abs(one.mean - other.mean).max() > 1e-4


def test_equal_rows_and_layers_draw_for_themselves():
    model = net(layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3))
    rows = np.repeat(x(1), 4, axis=0)
    means = output(model, rows, samples=10).mean
    assert len(np.unique(means[:, 0])) == 4
    model = net(layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3), shape=(64,))
    both = keras.Model(model.inputs[0], [model.layers[0].output, model.layers[1].output])
    layers_, seen = random_layers(both), []
    with dropout_enabled(layers_, 0, lambda: 0):
        seen = [np.asarray(part) for part in both(np.ones((1, 64), "float32"), training=False)]
    assert not np.array_equal(seen[0] > 0, seen[1] > 0), "two layers with one seed would drop the same units"


def test_many_batches_and_a_short_last_one(monkeypatch):
    monkeypatch.setattr(mc_dropout, "evaluation_batch_size", lambda model: 4)
    model = net(layers.Dense(16), layers.Dropout(0.5))
    found = output(model, np.repeat(x(1), 10, axis=0), samples=400)
    assert found.mean.shape == (10, 3)
    assert np.ptp(found.mean, axis=0).max() < 0.1
    assert len(np.unique(found.mean[:, 0])) == 10, "every batch has draws of its own"


def test_a_mask_shared_by_the_batch_is_not_shared_by_the_copies():
    model = net(layers.Dropout(0.5, noise_shape=(1, 8)))
    assert output(model, x(1), samples=100).std.min() > 1e-3


def test_several_inputs_and_heads():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    joined = layers.Dropout(0.5)(layers.Concatenate()([a, b]))
    heads = {"kind": layers.Dense(1, "sigmoid")(joined), "size": layers.Dense(1)(joined)}
    model = keras.Model({"a": a, "b": b}, heads)
    found = mc_dropout.sample_outputs(model, {"a": x(5, 3), "b": x(5, 2)}, 30, 0)
    assert set(found) == {"kind", "size"}
    assert found["size"].std.shape == (5, 1)


def test_the_model_is_left_as_it_was():
    model = net(layers.Dense(16), layers.Dropout(0.5))
    before, state = model.predict(x(), verbose=0), model.layers[1].seed_generator.state.numpy()
    output(model, x(), samples=10)
    assert "call" not in vars(model.layers[1])
    np.testing.assert_array_equal(model.layers[1].seed_generator.state.numpy(), state)
    np.testing.assert_array_equal(model.predict(x(), verbose=0), before)


def test_a_model_without_dropout_is_refused_with_the_reason():
    with pytest.raises(InputError, match="no dropout-like layer"):
        output(net(layers.Dense(4), layers.GaussianNoise(0.5)), x())


def test_what_is_the_same_for_all_copies_is_computed_once():
    inputs = keras.Input((8,))
    shared = layers.Dense(5, "relu")(inputs)
    dropped = layers.Dropout(0.5)(layers.Dense(4)(shared))
    model = keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([dropped, shared])))
    before, after = split_at_dropout(model, random_layers(model))
    assert [type(layer).__name__ for layer in after.layers if layer.weights] == ["Dense"]
    again = after(before(x(), training=False), training=False)
    np.testing.assert_allclose(again, model(x(), training=False), atol=1e-6)
    assert output(model, x(), samples=20).std.min() > 1e-3


def test_a_head_that_is_sure_stays_sure():
    inputs = keras.Input((8,))
    heads = {"random": layers.Dense(2)(layers.Dropout(0.5)(inputs)), "sure": layers.Dense(1)(inputs)}
    found = mc_dropout.sample_outputs(keras.Model(inputs, heads), x(), 20, 0)
    assert found["sure"].std.max() < 1e-6
    assert found["random"].std.min() > 1e-3


def test_nothing_is_split_where_dropout_comes_first_or_masks_are_passed_on():
    first = net(layers.Dropout(0.5), layers.Dense(4))
    assert split_at_dropout(first, random_layers(first)) is None
    masked = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Embedding(9, 4, mask_zero=True),
            layers.LSTM(3),
            layers.Dropout(0.5),
            layers.Dense(1),
        ]
    )
    assert split_at_dropout(masked, random_layers(masked)) is None


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="JAX draws Keras's own masks")
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.001])
def test_quick_masks_drop_each_value_with_the_rate_and_keep_the_expectation(rate):
    from kerasdeep.backends.tensorflow_steps import fast_dropout

    values = np.full((5000, 37), 3.0, "float32")
    seeds = [np.array([number, 7], "int32") for number in range(20)]
    drawn = np.stack([np.asarray(fast_dropout(keras.ops.convert_to_tensor(values), rate, seed)) for seed in seeds])
    share = (drawn == 0).mean()
    by_thresholds = 1 / 512 / np.sqrt(20 * 37)  # at most: each column of each call draws one
    assert abs(share - rate) < 5 * np.hypot(np.sqrt(rate * (1 - rate) / drawn.size), by_thresholds)
    assert abs((drawn == 0).mean(axis=(0, 1)) - rate).max() < 0.003 + 5 * np.sqrt(rate / 100_000)
    np.testing.assert_allclose(np.unique(drawn), [0, 3 / (1 - rate)], rtol=1e-6)
    assert abs(np.corrcoef(drawn[:, :, 0].ravel(), drawn[:, :, 1].ravel())[0, 1]) < 0.02
    assert (drawn[0] != drawn[1]).any()


def test_masks_of_an_odd_number_of_values_and_of_pictures_have_their_shape():
    shape = (3, 5, 7)
    model = keras.Sequential([keras.Input(shape), layers.Dropout(0.3), layers.Flatten(), layers.Dense(2)])
    rows = np.ones((1, *shape), "float32")
    assert output(model, rows, samples=7).std.min() > 0
