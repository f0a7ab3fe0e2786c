"""Hostile and broken model files: each is refused with a sentence, runs no code and writes nothing."""

import io
import json
import os
import resource
import zipfile

import h5py
import keras
import numpy as np
import pytest
from helpers.hostile_models import HOSTILE, bombs, net, put, rewritten

from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.errors import InputError
from kerasdeep.modeling.pretrained import load_pretrained


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "m.keras"
    net().save(path)
    return path


@pytest.fixture(scope="module")
def sound_h5(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "m.h5"
    net().save(path)
    return path


def read(path):
    return load_pretrained(PretrainedConfig(from_=str(path)))[0]


def refused(path, said="."):
    before = {entry: entry.stat().st_mtime_ns for entry in path.parent.iterdir()}
    with pytest.raises(InputError, match=said) as caught:
        read(path)
    assert {entry: entry.stat().st_mtime_ns for entry in path.parent.iterdir()} == before
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_configuration_must_not_ask_for(name, sound, tmp_path):
    value, said = HOSTILE[name]
    refused(rewritten(sound, tmp_path / "m.keras", put(value)), said)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_same_in_an_old_h5(name, sound_h5, tmp_path):
    value, said = HOSTILE[name]
    path = tmp_path / "m.h5"
    path.write_bytes(sound_h5.read_bytes())
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        put(value)(config)
        file.attrs["model_config"] = json.dumps(config)
    refused(path, said)


def test_a_configuration_that_asks_for_more_than_there_is(sound, tmp_path):
    def grow(config):
        config["config"]["layers"][-1]["config"]["units"] = 10**9

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(rewritten(sound, tmp_path / "m.keras", grow), "describes .* numbers")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize("name", bombs())
@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_weights_that_point_elsewhere_or_never_end(name, kind, sound, sound_h5, tmp_path):
    path = tmp_path / f"m.{kind}"
    if kind == "h5":
        path.write_bytes(sound_h5.read_bytes())
        with h5py.File(path, "r+") as file:
            bombs()[name](file)
    else:
        with zipfile.ZipFile(sound) as old:
            buffer = io.BytesIO(old.read("model.weights.h5"))
        with h5py.File(buffer, "r+") as file:
            bombs()[name](file)
        rewritten(sound, path, weights=buffer.getvalue())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, "link|another file|bomb")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize(
    ("more", "drop", "said"),
    [
        ([("../evil.txt", b"x")], (), "outside its folder"),
        ([("/tmp/evil.txt", b"x")], (), "outside its folder"),
        ([("assets/../../evil", b"x")], (), "outside its folder"),
        ([("assets/vocabulary.txt", b"x")], (), "carries files"),
        ([("evil.py", b"x")], (), "not part of a Keras model"),
        ([], ("config.json",), "lacks config.json"),
        ([], ("model.weights.h5",), "lacks model.weights.h5"),
    ],
)
def test_zips_that_hold_something_else(more, drop, said, sound, tmp_path):
    refused(rewritten(sound, tmp_path / "m.keras", more=more, drop=drop), said)


def test_a_zip_bomb(sound, tmp_path):
    path = rewritten(sound, tmp_path / "m.keras", drop=("metadata.json",))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", b"0" * 50_000_000)
    refused(path, "zip bomb")


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_files_cut_short_anywhere(kind, sound, sound_h5, tmp_path):
    whole = (sound if kind == "keras" else sound_h5).read_bytes()
    path = tmp_path / f"m.{kind}"
    for place in np.linspace(0, len(whole) - 1, 50, dtype=int):
        path.write_bytes(whole[:place])
        refused(path)


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_damaged_bytes_end_in_a_model_or_a_sentence(kind, sound, sound_h5, tmp_path):
    whole = bytearray((sound if kind == "keras" else sound_h5).read_bytes())
    random, path = np.random.default_rng(0), tmp_path / f"m.{kind}"
    for _ in range(40):
        damaged = whole.copy()
        for place in random.integers(0, len(whole), 8):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            read(path)
        except InputError as error:
            assert "m." in str(error)


def test_a_weights_file_of_an_application_is_looked_through_too(tmp_path):
    def application(path):
        load_pretrained(PretrainedConfig(from_="application:MobileNet", weights=str(path)), (32, 32))

    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(InputError, match="link to somewhere else"):
        application(path)
    path.write_bytes(b"no weights")
    with pytest.raises(InputError, match="not an HDF5 file"):
        application(path)
    with pytest.raises(InputError, match="damaged"):
        application(tmp_path / "gone.h5")


def test_files_that_are_something_else_say_what(sound, sound_h5, tmp_path):
    (tmp_path / "a.h5").write_bytes(sound.read_bytes())
    refused(tmp_path / "a.h5", r"Rename it to \.keras")
    (tmp_path / "b.keras").write_bytes(b"\x80\x04pickle")
    refused(tmp_path / "b.keras", "neither a .keras file nor an .h5")
    (tmp_path / "c.keras").write_bytes(b"")
    refused(tmp_path / "c.keras", "is empty")
    os.mkfifo(tmp_path / "pipe.keras")
    with pytest.raises(InputError, match="not a regular file"):
        read(tmp_path / "pipe.keras")
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nothing.keras")
    net().save_weights(tmp_path / "w.weights.h5")
    refused(tmp_path / "w.weights.h5", "weights without the model")


def test_sound_files_are_read_as_keras_reads_them(sound, sound_h5):
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    for path in (sound, sound_h5):
        expected = keras.saving.load_model(path, compile=False).predict(x, verbose=0)
        np.testing.assert_array_equal(read(path).predict(x, verbose=0), expected)


@pytest.mark.parametrize(
    ("layer", "key", "value"),
    [
        (keras.layers.DepthwiseConv2D(3), "groups", 1),
        (keras.layers.RandomFlip(), "rng_type", "stateful"),
        (keras.layers.TimeDistributed(keras.layers.LSTM(2)), "time_major", False),
    ],
)
def test_harmless_differences_of_keras_2_are_mended_and_told(tmp_path, layer, key, value):
    kind = type(getattr(layer, "layer", layer)).__name__
    inputs = keras.Input((8, 8, 2))
    x = layer(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="head")(keras.layers.Flatten()(x)))
    path = tmp_path / "old.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for one in config["config"]["layers"]:
            inner = one["config"].get("layer", one)
            if inner["class_name"] == kind:
                inner["config"][key] = value
        file.attrs["model_config"] = json.dumps(config)
    found, notes = load_pretrained(PretrainedConfig(from_=str(path)))
    assert notes == [f"old.h5: left out `{key}: {value}` of {kind}, which Keras 3 does not have."]
    for one, other in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_harmless_differences_of_keras_2_do_not_stand_in_the_way(sound, sound_h5, tmp_path):
    (tmp_path / "a.keras").write_bytes(sound_h5.read_bytes())

    def as_keras_2(config):
        config["module"] = "keras.src.engine.functional"

    old = rewritten(sound, tmp_path / "b.keras", as_keras_2)
    for path, plain in ((tmp_path / "a.keras", sound_h5), (old, sound)):
        for one, other in zip(read(path).get_weights(), read(plain).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_names_that_are_no_models_are_told_apart():
    with pytest.raises(InputError, match=r"not a model of keras.applications.*MobileNet"):
        load_pretrained(PretrainedConfig(from_="application:MobilNet"))
    with pytest.raises(InputError, match="KerasHub cannot be used yet"):
        load_pretrained(PretrainedConfig(from_="keras_hub:bert"))


def test_a_functional_model_as_keras_2_wrote_it_is_read(sound_h5, tmp_path):
    path = tmp_path / "old.h5"
    path.write_bytes(sound_h5.read_bytes())
    with h5py.File(path, "r+") as file:
        layers, before = [], None
        for one in json.loads(file.attrs["model_config"])["config"]["layers"]:
            config = {key: value for key, value in one["config"].items() if key not in ("module", "registered_name")}
            config["dtype"] = "float32"
            if one["class_name"] == "InputLayer":
                config["batch_input_shape"] = config.pop("batch_shape", None) or config["batch_input_shape"]
                config.pop("optional", None)
            for key, value in config.items():
                if isinstance(value, dict) and "class_name" in value:
                    config[key] = {"class_name": value["class_name"], "config": value["config"]}
            nodes = [[[before, 0, 0, {}]]] if before else []
            layers.append(
                {"class_name": one["class_name"], "config": config, "name": config["name"], "inbound_nodes": nodes}
            )
            before = config["name"]
        whole = {"name": "old", "layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["b", 0, 0]]}
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": whole})
        file.attrs["keras_version"] = "2.15.0"
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(read(path).predict(x, verbose=0), read(sound_h5).predict(x, verbose=0))
