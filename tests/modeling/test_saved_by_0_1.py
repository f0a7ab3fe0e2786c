"""A model that version 0.1 saved, with every custom layer in it, still loads and still answers the same.

Its file says `"module": "kerasdeep.extras.…"` for each of them; Keras finds them by their registered names.
"""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasdeep.extras
from kerasdeep import custom_objects
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.errors import InputError
from kerasdeep.inference import predictor
from kerasdeep.modeling.pretrained import load_pretrained
from kerasdeep.modeling.pretrained.model_scan import scan_model_file

FILE = Path(__file__).with_name("written_by_0_1.keras")
CUSTOM = {"TakeColumns", "FeatureMask", "RReLU", "LearnedSwish", "TransposedDense"}
ROWS = np.linspace(-1, 1, 12, dtype="float32").reshape(2, 6)
PREDICTED = [
    [0.4689028561115265, 0.21523301303386688, 0.35327908396720886, 0.3055046498775482],
    [0.9479111433029175, -0.05467255041003227, 0.7064915299415588, 0.8782311081886292],
]
"""What 0.1 predicted for `ROWS` in the process that saved the file."""


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def test_the_file_names_modules_that_are_gone():
    layers = config_of(FILE)["config"]["layers"]
    own = [layer for layer in layers if layer["class_name"] in CUSTOM]
    assert {layer["class_name"] for layer in own} == CUSTOM
    assert all(layer["module"].startswith("kerasdeep.extras.") for layer in own)


def load_by_predictor():
    class Run:
        model = FILE

    return predictor._load_model(Run)


def load_by_pretrained():
    model, notes = load_pretrained(PretrainedConfig(from_=str(FILE)))
    assert not notes
    return model


@pytest.mark.parametrize("load", [load_by_predictor, load_by_pretrained])
def test_it_loads_and_answers_as_in_0_1(load):
    model = load()
    assert {type(layer).__name__ for layer in model.layers} >= CUSTOM
    assert type(model.get_layer("code").activation).__name__ == "ActivationWith"
    assert model.get_layer("decoder").tied_to is model.get_layer("code")
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), PREDICTED, rtol=1e-6)


def test_what_it_is_saved_as_today_says_today_s_modules(tmp_path):
    load_by_pretrained().save(tmp_path / "again.keras")
    scan_model_file(tmp_path / "again.keras")
    own = [layer for layer in config_of(tmp_path / "again.keras")["config"]["layers"] if layer["class_name"] in CUSTOM]
    assert own and all(layer["module"].startswith("kerasdeep.custom_objects.") for layer in own)


@pytest.mark.parametrize("registered", ["kerasdeep>keep_zeros", "kerasdeep>Other", "other>RReLU"])
def test_a_registered_name_that_is_not_in_the_table_is_refused(tmp_path, registered):
    config = config_of(FILE)
    next(layer for layer in config["config"]["layers"] if layer["class_name"] == "RReLU")["registered_name"] = (
        registered
    )
    with zipfile.ZipFile(FILE) as source, zipfile.ZipFile(tmp_path / "bad.keras", "w") as target:
        for name in source.namelist():
            target.writestr(name, json.dumps(config) if name == "config.json" else source.read(name))
    with pytest.raises(InputError, match=registered):
        scan_model_file(tmp_path / "bad.keras")


def test_every_registered_class_of_ours_is_in_the_table():
    listed = {target for family in custom_objects.CUSTOM_OBJECTS.values() for target in family.values()}
    registered = {
        target
        for name, target in keras.saving.get_custom_objects().items()
        if name.startswith("kerasdeep>") and target.__module__.startswith("kerasdeep.")
    }
    assert listed == registered


def test_scripts_of_0_1_still_import():
    assert kerasdeep.extras.RReLU is custom_objects.RReLU
