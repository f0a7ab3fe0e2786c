"""Names of people as Keras takes them: every name has an alias of its own, and the way back is known."""

import json
import re
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerasdeep
from kerasdeep.keras_names import keras_name, written_name

SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")  # what TensorFlow's name scopes take


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=8), st.from_regex(r"(\.u[0-9a-f]{0,3}\.?|[a.u0])*", fullmatch=True)), unique=True
    )
)
def test_two_names_never_become_one_and_each_comes_back(names):
    aliases = [keras_name(name) for name in names]
    assert len(set(aliases)) == len(names)
    assert all(SCOPE.fullmatch(alias) and "/" not in alias for alias in aliases)
    assert [written_name(alias) for alias in aliases] == names
    assert [written_name(f"val_{alias}_loss") for alias in aliases] == [f"val_{name}_loss" for name in names]


@pytest.mark.parametrize("name", ["dense_1", "Dense-2", "a.b", "0", "x" * 500, "block1.conv_bn"])
def test_ordinary_names_stay_as_they_are(name):
    assert keras_name(name) == name


def mapping(layer_names, first, second):
    """A network with every layer named, and two targets."""
    layers = [{"Dense": {"units": 2, "name": name}} for name in layer_names]
    outputs = [{"Output": {"name": name, "inputs": [layer_names[-1]]}} for name in (first, second)]
    return {
        "data": {"source": "table.csv", "target": [first, second], "validation": 20, "test": 20},
        "network": {"layers": [*layers, *outputs]},
        "training": {"epochs": 1, "batch_size": 32, "watch": None},
        "optimizer": "SGD",
        "report": {"tensorboard": False, "opponents": False},
        "name": "odd",
    }


@pytest.fixture
def table(tmp_path, monkeypatch):
    def write(first, second):
        monkeypatch.chdir(tmp_path)
        x = np.random.default_rng(0).normal(size=(120, 3))
        frame = pd.DataFrame(x, columns=["a b", "größe", "层/1"])
        frame[first] = np.where(x[:, 0] > 0, "ja: ☀", "nein, 'nie'")
        frame[second] = (x[:, 1] + x[:, 2] > 0).astype(int)
        frame.to_csv("table.csv", index=False)
        return frame

    return write


def check(frame, layer_names, first, second):
    run = kerasdeep.train(mapping(layer_names, first, second), progress="quiet")
    assert {f"val_{first}_accuracy", f"val_{second}_loss"} <= set(run.history.columns)
    layers = json.loads((run.path / "facts" / "network.json").read_text(encoding="utf-8"))["layers"]
    assert [layer["name"] for layer in layers] == [*layer_names, first, second]
    assert layers[1]["inputs"] == [layer_names[0]]
    weights = json.loads((run.path / "facts" / "weights.json").read_text(encoding="utf-8"))["layers"]
    assert {kernel["name"].partition("/")[0] for kernel in weights if kernel["hidden"]} <= {
        n.partition("/")[0] for n in layer_names
    }
    found = run.predict(frame.drop(columns=[first, second]))
    assert {f"prediction_{first}", f"prediction_{second}"} <= set(found.columns)
    assert set(found[f"prediction_{first}"]) <= {"ja: ☀", "nein, 'nie'"}
    page = run.report.read_text(encoding="utf-8")
    assert ".uf6." not in page and ".u20." not in page
    return run


def test_any_name_trains_is_reported_and_predicts(table):
    check(
        table("a%s:", "ö/2"), ["first layer", "größe_", "a/b", "_", "-", "A", ".u41.", *"!#@", "层", "é"], "a%s:", "ö/2"
    )


@pytest.mark.slow
def test_names_in_thirty_scripts_and_with_every_sign_are_resumed_and_exported(table):
    scripts = "aяωאبअঅਅઅଅஅఅಅഅඅกກཀကაአᎠᐁក一あア가ᠠⴰ𐤀"
    names = [f"{sign}x" for sign in string.punctuation] + list(scripts)
    frame = table("t 1", "t/2")
    run = check(frame, names, "t 1", "t/2")
    run = kerasdeep.train(run.path, overrides={"training.epochs": 2}, resume=True, progress="quiet")
    assert len(run.history) == 2 and len(run.predict(frame)) == len(frame)
    for format in ("keras", "saved_model", "litert", "onnx"):
        try:
            facts = kerasdeep.export(run, format)
        except kerasdeep.InputError as error:
            assert "must be installed" in str(error)
            continue
        assert [target["name"] for output in facts["outputs"] for target in output["targets"]] == ["t 1", "t/2"]
