"""A pretrained body among other layers, and heads that go on: what is built, kept, copied and drawn anew."""

import keras
import numpy as np
import pytest

from kerasdeep.backends import runtime
from kerasdeep.config import Overrides, load_config
from kerasdeep.data.preprocessing import ArrayTransform, Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.errors import InputError
from kerasdeep.experiment import prepare
from kerasdeep.runs import RunDir

NAMES = ["ant", "bee", "cat"]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Rows of three classes, and a model that knows them: class i is where column i is the greatest."""
    folder = tmp_path_factory.mktemp("heads")
    x = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    np.savez(folder / "rows.npz", x=x, y=np.array(NAMES)[x.argmax(1)])
    body = [keras.layers.Dense(4, name="low"), keras.layers.Dropout(0.1, name="drop")]
    model = keras.Sequential([keras.Input((3,)), *body, keras.layers.Dense(3, "softmax", name="top")])
    model.get_layer("low").set_weights([np.eye(3, 4), np.zeros(4)])
    model.get_layer("top").set_weights([5 * np.eye(4, 3), np.zeros(3)])
    model.save(folder / "model.keras")
    model.get_layer("top").set_weights([5 * np.eye(4, 3)[:, [1, 2, 0]], np.zeros(3)])
    model.save(folder / "other_order.keras")
    nested = keras.Sequential([keras.Input((4,)), *[keras.layers.Dense(n, name=f"in_{n}") for n in (5, 3)]])
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="low"), nested]).save(folder / "nested.keras")
    return folder


def built(folder, text, *sets):
    path = folder / "one.yaml"
    path.write_text(f"data: {{source: rows.npz, scaling: none}}\n{text}\n")
    loaded = load_config(path, Overrides(sets))
    return prepare(loaded.config, runtime.prepare(loaded.config.runtime, 0))


def names(model):
    return [layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def accuracy(experiment):
    outputs = experiment.model(experiment.dataset.train.x, training=False).numpy()
    return float((outputs.argmax(1) == experiment.dataset.train.y).mean())


def test_layers_stand_behind_a_body_and_are_its_head(room):
    text = "network: [{Pretrained: model.keras}, {Dropout: 0.3}, {Dense: 6}, Output]\nstages: [{train: head}]"
    experiment = built(room, text + "\nregularization: {batch_norm: before, l2: 0.1, dropout: 0.2}")
    assert names(experiment.model) == [
        *("low", "drop", "dropout_1", "dense_1", "dense_1_bn", "dense_1_activation", "dense_1_dropout", "output")
    ]
    assert experiment.objectives[0].head_layers >= {"dense_1", "dense_1_bn", "output"}
    assert "low" not in experiment.objectives[0].head_layers
    assert experiment.model.get_layer("low").kernel_regularizer is None
    assert experiment.model.get_layer("dense_1").kernel_regularizer is not None


def test_short_forms_mean_the_same(room):
    layer, section, both = (
        built(room, text).model
        for text in (
            "network: [{Pretrained: {from: model.keras, head: new}}, Output]",
            "pretrained: {from: model.keras, head: new}",
            "pretrained: {from: model.keras, head: new}\nnetwork: [{Dropout: 0.3}, Output]",
        )
    )
    assert names(layer) == names(section) == ["low", "drop", "output"]
    assert names(both) == ["low", "drop", "dropout_1", "output"]
    for one, two in zip(layer.get_weights(), section.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_two_bodies_have_names_of_their_own(room):
    text = """network:
      - Pretrained: {from: model.keras, name: left, inputs: [input]}
      - Pretrained: {from: model.keras, name: right, inputs: [input], keep: 'until:low'}
      - Concatenate: {inputs: [left, right]}
      - Output"""
    made = names(built(room, text).model)
    assert sorted(made) == ["concatenate_1", "drop", "low", "output", "right_low"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network: [{Pretrained: model.keras}, Output]\npretrained: model.keras", "each bring a body"),
        ("network: [{Residual: [{Pretrained: model.keras}]}, Output]", "cannot stand inside Residual"),
        ("network: [{Pretrained: {from: model.keras, head: keep}}, {Dense: 3}, Output]", "right behind the body"),
        ("pretrained: {from: model.keras, head: keep}\ndata: {classes: [ant, bee]}", "3 outputs, and the data 2 class"),
    ],
)
def test_what_does_not_go_together_is_refused(room, text, said):
    with pytest.raises(InputError, match=said):
        built(room, text) if "data:" not in text else built(room, text.split("\n")[0], "data.classes=[ant, bee]")


def test_a_head_of_the_same_classes_goes_on_and_one_of_others_does_not(room):
    kept = built(room, "pretrained: model.keras")
    assert accuracy(kept) == 1.0
    assert next(row["why"] for row in kept.pretrained_log if row["layer"] == "output").endswith("to be in this order")
    assert [row["became"] for row in kept.pretrained_log if row["layer"] == "top"] == []
    other = built(room, "pretrained: other_order.keras")
    assert any("knows other classes" in row["why"] for row in other.pretrained_log)
    assert accuracy(built(room, "pretrained: {from: other_order.keras, head: keep}")) < 0.2
    assert accuracy(built(room, "pretrained: other_order.keras", "data.classes=[bee, cat, ant]")) == 1.0


def test_a_head_in_a_model_within_the_model_is_found(room):
    experiment = built(room, "pretrained: {from: nested.keras, head: keep}")
    assert names(experiment.model) == ["low", "in_5", "output"]


def as_run(folder, name, classes):
    run = RunDir(folder / name)
    run.path.mkdir()
    run.model.write_bytes((folder / "model.keras").read_bytes())
    run.result.write_text('{"status": "completed"}')
    kind = "multiclass" if len(classes) > 2 else "binary"
    inputs = {"input": ArrayTransform((3,), np.asarray(np.nan), np.asarray(0.0), np.asarray(1.0))}
    Preprocessing("array", inputs, [TargetEncoder("y", kind, classes, classes)]).save(
        run.preprocessing_npz, run.preprocessing_json
    )
    return name


def test_a_run_says_its_classes_and_new_ones_stand_beside_them(room):
    experiment = built(room, f"pretrained: {as_run(room, 'other', ['bee', 'cat', 'dog'])}")
    kernel, source = experiment.model.get_layer("output").kernel.numpy(), 5 * np.eye(4, 3)
    np.testing.assert_array_equal(kernel[:, 1:], source[:, :2])  # bee and cat
    assert not np.isin(kernel[:, 0], source).any()
    assert any(row["why"].endswith("the classes bee, cat; new: ant") for row in experiment.pretrained_log)
    two = built(room, f"pretrained: {as_run(room, 'same', NAMES)}", "data.classes=[cat, ant]")
    outputs = two.model(two.dataset.train.x, training=False).numpy()[:, 0]
    assert ((outputs > 0.5) == two.dataset.train.y).all()


def test_a_new_head_is_not_drawn_as_the_old_one_was(room):
    first = built(room, "network: [{Dense: {units: 4, name: low}}, Output]", "data.classes=[ant, bee, cat]").model
    first.save(room / "fresh.keras")
    second = built(room, "pretrained: {from: fresh.keras, head: new}").model
    one, two = (model.get_layer("output").kernel.numpy() for model in (first, second))
    assert one.shape == two.shape and not np.isclose(one, two).any()
