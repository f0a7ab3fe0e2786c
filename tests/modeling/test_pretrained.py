"""Bodies cut from other models and weights copied by name: what is kept, cloned, loaded and refused."""

import keras
import numpy as np
import pytest

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.sections.pretrained import PretrainedConfig, as_layer
from kerasdeep.errors import InputError
from kerasdeep.modeling import pretrained

RNG = np.random.default_rng(0)


def dense(name, units, source, role="hidden"):
    return PlannedLayer(name, Choice("layer", "Dense", {"units": units}), (source,), role)


HEAD = (dense("output", 3, "body", "output"),)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    inputs = keras.Input((4,), name="data")
    x = keras.layers.Dense(6, activation="relu", name="low")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    skip = keras.layers.Add(name="sum")([x, keras.layers.Dense(6, name="side")(x)])
    x = keras.layers.Dropout(0.5, name="drop")(skip)
    x = keras.layers.Dense(5, activation="relu", name="high")(x)
    model = keras.Model(inputs, keras.layers.Dense(9, activation="softmax", name="output")(x))
    for variable in model.weights:
        variable.assign(RNG.uniform(0.1, 1.0, variable.shape))
    model.get_layer("low").trainable = False
    path = tmp_path_factory.mktemp("models") / "m.keras"
    model.save(path)
    return path, model


def body(section, **more):
    layer = as_layer(section)
    return PlannedLayer("body", layer.replace(pooled=True, **more), ("input",), "pretrained")


def make_with_log(path, planned=HEAD, shape=(4,), **settings):
    section = PretrainedConfig(from_=str(path), **settings)
    by_name = None if planned is HEAD else section
    layers = (body(section), *planned) if planned is HEAD else planned
    return pretrained.build_pretrained_model(layers, {"input": shape}, seed=1, scaling="unit", weights_by_name=by_name)


def make(*arguments, **settings):
    return make_with_log(*arguments, **settings)[0]


@pytest.mark.parametrize(
    ("keep", "kept", "end"),
    [
        ("all_but_head", ["low", "norm", "side", "sum", "drop", "high"], "high"),
        ("first:3", ["low", "norm", "side", "sum", "drop"], "drop"),
        ("until:norm", ["low", "norm"], "norm"),
        ("norm", ["low", "norm"], "norm"),
        (["low", "norm"], ["low", "norm"], "norm"),
        ("[ln]o*", ["low", "norm"], "norm"),
    ],
)
def test_what_is_kept_gives_what_it_gave_and_is_free_to_learn(saved, keep, kept, end):
    path, source = saved
    made, log = make_with_log(path, keep=keep)
    assert [layer.name for layer in made.layers if not isinstance(layer, keras.layers.InputLayer)] == [*kept, "output"]
    x = RNG.normal(size=(7, 4)).astype("float32")
    found, expected = (
        keras.Model(one.inputs, one.get_layer(end).output).predict(x, verbose=0) for one in (made, source)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert all(layer.trainable for layer in made.layers)
    loaded = [row["layer"] for row in log if row["became"] == "loaded"]
    assert loaded == [name for name in kept if name not in ("sum", "drop")]


def test_a_sequential_model_is_a_source_too(tmp_path):
    hidden = [keras.layers.Flatten(name="flat"), keras.layers.Dense(5, activation="tanh", name="low")]
    source = keras.Sequential([keras.Input((2, 2)), *hidden, keras.layers.Dense(3, name="head")])
    source.save(tmp_path / "s.keras")
    made = make(tmp_path / "s.keras", shape=(2, 2))
    x = RNG.normal(size=(4, 2, 2)).astype("float32")
    found = keras.Model(made.inputs, made.get_layer("low").output).predict(x, verbose=0)
    np.testing.assert_allclose(found, np.tanh(x.reshape(4, 4) @ source.get_layer("low").get_weights()[0]), rtol=1e-5)
    assert [layer.name for layer in made.layers][1:] == ["flat", "low", "output"]


def test_layers_are_clones_that_learn_without_the_source(saved):
    path, _ = saved
    one, other = make(path), make(path)
    one.get_layer("high").kernel.assign_add(np.ones((6, 5)))
    assert not np.allclose(one.get_layer("high").kernel, other.get_layer("high").kernel)


def test_new_draws_depend_on_the_seed_alone(saved):
    one, other = (make(saved[0]).get_layer("output").get_weights() for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])


def test_with_a_network_weights_go_to_layers_of_the_same_name(saved):
    path, source = saved
    planned = (
        dense("low", 6, "input"),
        dense("mine", 6, "low"),
        dense("high", 7, "mine"),
        dense("output", 9, "high", "output"),
    )
    made, log = make_with_log(path, planned)
    table = {row["layer"]: row["became"] for row in log}
    assert table == {
        "low": "loaded",
        "mine": "new",
        "high": "skipped",
        "output": "new",
        "norm": "skipped",
        "side": "skipped",
    }
    assert "(6, 5)" in next(row["why"] for row in log if row["layer"] == "high")
    for one, two in zip(made.get_layer("low").get_weights(), source.get_layer("low").get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(InputError, match=r"nothing of .* fits the network by name"):
        make(path, (dense("a", 6, "input"), dense("output", 9, "a", "output")))


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("first:9", "it has 5 layers with weights"),
        ("until:lo", r"low, norm"),
        ("dense_*", "matches no layer"),
        (["high"], "leaves out low, norm, side, on which the kept layers depend"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_names(saved, keep, said):
    with pytest.raises(InputError, match=said):
        make(saved[0], keep=keep)


def test_rows_of_another_shape_are_refused(saved):
    with pytest.raises(InputError, match=r"rows of shape \(5,\) do not fit"):
        make(saved[0], shape=(5,))
    picture = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    picture.save(saved[0].with_name("grey.keras"))
    with pytest.raises(InputError, match=r"size: \[6, 6\], channels: 1"):
        make(saved[0].with_name("grey.keras"), shape=(9, 9, 3))


def test_pictures_are_coloured_resized_and_rescaled_for_an_application():
    section = PretrainedConfig(from_="application:MobileNet", weights=None, arguments={"alpha": 0.25}, size=[40, 48])
    made, log = pretrained.build_pretrained_model((body(section), *HEAD), {"input": (28, 28)}, seed=1, scaling="unit")
    names = [layer.name for layer in made.layers]
    for name in ("body_picture", "body_colour", "body_resizing", "body_scaling", "body_pooling"):
        assert name in names
    x = RNG.uniform(size=(2, 28, 28)).astype("float32")
    pixels = keras.Model(made.inputs, made.get_layer("body_scaling").output).predict(x, verbose=0)
    assert pixels.shape == (2, 40, 48, 3) and -1 <= pixels.min() < -0.5 and 0.5 < pixels.max() <= 1
    assert not log  # new weights are no transfer
    assert made.output.shape == (None, 3)


@pytest.mark.parametrize(("name", "mode"), [("VGG16", "caffe"), ("DenseNet121", "torch"), ("MobileNet", "tf")])
def test_pixels_reach_an_application_as_keras_preprocesses_them(name, mode):
    from keras.src.applications.imagenet_utils import preprocess_input

    from kerasdeep.modeling.pretrained.backbone import PretrainedBackbone

    section = PretrainedConfig(from_=f"application:{name}")
    inputs = keras.Input((8, 8, 3))
    front = PretrainedBackbone(section, keras.Model(inputs, keras.layers.Flatten()(inputs)), 0, "unit")
    x = RNG.integers(0, 256, (2, 8, 8, 3)).astype("float32")
    found = keras.Model(inputs, front._adapt_input(inputs)).predict(x / 255, verbose=0)
    np.testing.assert_allclose(found, preprocess_input(x.copy(), mode=mode), atol=2e-3)
