"""Anyone's model file in every verb: what it says of itself, what is asked for, and that it is measured as it is."""

import keras
import numpy as np
import pytest
from PIL import Image

import kerasdeep
from kerasdeep.errors import InputError

NAMES = ["ant", "bee", "cat"]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Pictures whose brightest third says the class, as files and as an array, and models that see it."""
    folder = tmp_path_factory.mktemp("strangers")
    random = np.random.default_rng(0)
    x, y = random.integers(0, 40, (30, 6, 6, 1), np.uint8), np.arange(30) % 3
    for row, label in enumerate(y):
        x[row, 2 * label : 2 * label + 2] += 200
        picture = folder / "photos" / NAMES[label] / f"{row}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(x[row, ..., 0]).resize((12, 12), 0).save(picture)
    np.savez(folder / "arrays.npz", x=x, y=y)
    rows = np.zeros((36, 3))
    for label in range(3):
        rows[12 * label : 12 * label + 12, label] = 1
    for name, front, activation in (
        ("unit", [], "softmax"),
        ("raw", [keras.layers.Rescaling(1 / 255)], "softmax"),
        ("logits", [], None),
    ):
        layers = [*front, keras.layers.Flatten(), keras.layers.Dense(3, activation, name="top")]
        model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
        model.get_layer("top").set_weights([rows, np.zeros(3)])
        model.save(folder / f"{name}.keras")
    return folder


@pytest.fixture(autouse=True)
def here(room, monkeypatch):
    monkeypatch.chdir(room)


def accuracy(result):
    return result["evaluation"]["parts"]["test"]["targets"][0]["metrics"]["accuracy"]


@pytest.mark.parametrize(
    ("model", "data", "options"),
    [
        ("unit.keras", "photos", {"scaling": "unit"}),
        ("unit.keras", "arrays.npz", {"scaling": "unit", "classes": "ant,bee,cat"}),
        ("raw.keras", "photos", {}),
        ("logits.keras", "arrays.npz", {"scaling": "unit"}),
    ],
)
def test_it_is_measured_as_it_is(model, data, options):
    assert accuracy(kerasdeep.evaluate(model, data, **options)) == 1.0


def test_classes_have_the_order_that_is_given(room):
    (room / "names.txt").write_text("bee\ncat\nant\n")
    assert accuracy(kerasdeep.evaluate("raw.keras", "photos", classes="names.txt")) == 0.0


def test_it_predicts_without_any_data():
    table = kerasdeep.predict("raw.keras", "photos")
    assert list(table.columns) == ["row", "prediction", "probability_0", "probability_1", "probability_2"]
    named = kerasdeep.predict("raw.keras", "photos", classes="ant,bee,cat")
    assert (named["prediction"] == named["row"].str.split("/").str[0]).all()


def test_it_is_planned_diagnosed_and_exported(room):
    plan = kerasdeep.plan("raw.keras", data="photos")
    assert plan["parameters"] == 111 and plan["config"] == "raw.keras"
    assert {origin["from"] for origin in plan["origins"].values()} == {"default", "raw.keras"}
    assert kerasdeep.diagnose("raw.keras", data="photos").as_dict()["layers"]
    result = kerasdeep.export("raw.keras", "keras", data="photos")
    assert result["file"] == "raw-export.keras" and (room / "raw-export.keras").exists()
    assert result["largest_difference"] < 1e-5


def test_one_logit_tells_two_classes_apart(room):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[0.0], [8.0]]), np.array([-4.0])])
    model.save(room / "logit.keras")
    x, y = np.tile(np.eye(2, dtype="float32"), (8, 1)), np.arange(16) % 2
    np.savez(room / "two.npz", x=x, y=y)
    assert accuracy(kerasdeep.evaluate("logit.keras", "two.npz")) == 1.0


def test_rows_with_some_of_the_classes(room):
    some = np.load(room / "arrays.npz")
    keep = some["y"] < 2
    np.savez(room / "some.npz", x=some["x"][keep], y=some["y"][keep])
    assert accuracy(kerasdeep.evaluate("raw.keras", "some.npz")) == 1.0


def test_a_sequence_is_no_picture_and_of_the_length_of_the_rows(room):
    layers = [keras.Input((None, 2)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential(layers)
    model.set_weights([8 * np.eye(2), np.zeros(2)])
    model.save(room / "steps.keras")
    y = np.arange(16) % 2
    np.savez(room / "steps.npz", x=np.repeat(np.eye(2, dtype="float32")[y][:, None], 5, axis=1), y=y)
    assert accuracy(kerasdeep.evaluate("steps.keras", "steps.npz")) == 1.0
    with pytest.raises(InputError, match=r"--data: .*takes rows of shape \(None, 2\)"):
        kerasdeep.predict("steps.keras", "steps.npz")


def test_many_classes_are_a_list_and_no_path():
    names = ",".join(f"a_kind_of_animal_{number}" for number in range(300))
    with pytest.raises(InputError, match="3 outputs, and 300 classes"):
        kerasdeep.evaluate("raw.keras", "photos", classes=names)


def test_names_are_text(room):
    (room / "latin.txt").write_bytes("b\xe4r\nant\nbee\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.txt cannot be read: .*Expected text in UTF-8"):
        kerasdeep.evaluate("raw.keras", "photos", classes="latin.txt")


def test_a_table_does_not_say_enough(room):
    (room / "rows.csv").write_text("a,b,label\n" + "1,2,ant\n3,4,bee\n" * 8)
    with pytest.raises(InputError, match=r"--data: rows.csv is a table.*`x`, rows of shape \(6, 6, 1\), and `y`"):
        kerasdeep.evaluate("raw.keras", "rows.csv")


def test_what_only_looks_at_its_input_is_no_defect(room):
    inputs = keras.Input((3,))
    keras.Model(inputs, inputs).save(room / "bare.keras")
    assert len(kerasdeep.predict("bare.keras", np.eye(3))) == 3


def test_outputs_that_are_no_probabilities_are_refused(room):
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Dense(2, "tanh")(inputs)).save(room / "tanh.keras")
    with pytest.raises(InputError, match=r"ends in `tanh`.*softmax"):
        kerasdeep.predict("tanh.keras", np.eye(3))


@pytest.mark.parametrize("classes", ["a,b", "b,a"])
def test_two_outputs_for_two_classes_are_diagnosed(room, classes):
    """In the order of the outputs: the model is right about every row, or about none."""
    inputs, x = keras.Input((2,)), np.eye(2)[np.arange(40) % 2]
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(inputs))
    model.layers[-1].set_weights([9 * np.eye(2), np.zeros(2)])
    model.save(room / "two.keras")
    np.savez(room / "two.npz", x=x, y=np.array(["a", "b"])[np.arange(40) % 2])
    diagnosis = kerasdeep.diagnose("two.keras", data="two.npz", classes=classes)
    assert diagnosis.layers
    assert accuracy(kerasdeep.evaluate("two.keras", "two.npz", classes=classes)) == (classes == "a,b")


def test_a_model_of_any_width_is_planned(room):
    """It is saved around the layer that fixes its width, so that its head is in a model of its own."""
    inputs, rows = keras.Input((None,)), np.eye(4)[np.arange(40) % 4]
    hidden = keras.layers.Dense(3, name="hidden")(keras.layers.Reshape((4,))(inputs))
    keras.Model(inputs, keras.layers.Dense(2, "softmax")(hidden)).save(room / "any.keras")
    keras.Model(inputs, keras.layers.Dense(2, "softmax")(keras.layers.Reshape((4,))(inputs))).save(room / "one.keras")
    np.savez(room / "rows.npz", x=rows, y=np.arange(40) % 2)
    for name in ("any.keras", "one.keras"):
        assert kerasdeep.plan(name, data="rows.npz")["parameters"] > 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: kerasdeep.evaluate("raw.keras", "photos", classes="ant,ant,bee"), "`ant` is named twice"),
        (lambda: kerasdeep.evaluate("unit.keras", "photos"), r"--scaling: .*how its pixels are scaled"),
        (lambda: kerasdeep.evaluate("raw.keras"), "--data"),
        (lambda: kerasdeep.export("raw.keras", "keras"), "--data: .*no rows of its own"),
        (lambda: kerasdeep.evaluate("raw.keras", "photos", classes="ant,bee"), "3 outputs, and 2 classes"),
        (lambda: kerasdeep.evaluate("raw.keras", "photos", classes="a,b,c"), "labelled ant, bee, cat"),
        (lambda: kerasdeep.predict("unit.keras", "photos", scaling="application"), "named after a model of keras.app"),
        (lambda: kerasdeep.predict("runs/one-1", "photos", classes="a,b"), "--classes is for a model file"),
        (lambda: kerasdeep.predict("runs/one-1", "photos", data="photos"), "--data is for a model file"),
        (lambda: kerasdeep.plan("quickstart", data="photos"), "--data is for a model file"),
        (lambda: kerasdeep.diagnose("quickstart", data="photos"), "--data is for a model file"),
        (lambda: kerasdeep.predict("gone.keras", "photos"), "does not exist"),
    ],
)
def test_what_cannot_be_known_is_asked_for(call, said):
    with pytest.raises(InputError, match=said):
        call()
