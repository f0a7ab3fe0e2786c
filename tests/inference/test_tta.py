"""Test-time augmentation: the mean over mirrored and moved views, by hand and through the verbs."""

import json

import keras
import numpy as np
import pytest

import kerasdeep
from kerasdeep.cli.app import app
from kerasdeep.cli.exit_codes import run_app
from kerasdeep.errors import InputError
from kerasdeep.inference.tta import averaged_over_views

LAYERS = keras.layers


@pytest.mark.parametrize("shape", [(6, 5, 3), pytest.param((6, 5), marks=pytest.mark.slow)])
def test_six_views_are_averaged(shape):
    image = keras.Input(shape)
    hidden = LAYERS.Dense(4, "tanh")(LAYERS.Flatten()(image))
    heads = {"kind": LAYERS.Dense(3, "softmax")(hidden), "size": LAYERS.Dense(1)(hidden)}
    model = keras.Model(image, heads)
    pictures = np.random.default_rng(0).normal(size=(4, *shape)).astype("float32")
    padded = np.pad(pictures, [(0, 0), (1, 1), (1, 1), *[(0, 0)] * (len(shape) - 2)], mode="reflect")
    mirrored = padded[:, :, ::-1]
    found = averaged_over_views(model).predict(pictures, verbose=0)
    for head in heads:
        plain, moved = (
            np.mean([model.predict(np.ascontiguousarray(view), verbose=0)[head] for view in views], axis=0)
            for views in (
                (pictures, pictures[:, :, ::-1]),
                [part for whole in (padded, mirrored) for part in (whole[:, :-2, :-2], whole[:, 2:, 2:])],
            )
        )
        np.testing.assert_allclose(found[head], (plain + moved) / 2, rtol=1e-5, atol=1e-6)


def test_the_verbs_take_it_for_pictures_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config = {
        "data": {"source": "digits", "limit": 100, "validation": 20, "test": 50},
        "network": ["Flatten", "Output"],
        "training": {"epochs": 1, "watch": None},
        "report": {"tensorboard": False},
    }
    run = kerasdeep.train({"name": "pictures", **config}, progress="quiet")
    assert run_app(app, ["evaluate", str(run.path), "--tta", "--json"]) == 0
    averaged = json.loads(capsys.readouterr().out)["metrics"]
    assert averaged.keys() == run.metrics.keys() and averaged["test_loss"] != run.metrics["test_loss"]
    table = kerasdeep.predict(run, np.zeros((2, 8, 8), "float32"), tta=True)
    np.testing.assert_allclose(table.filter(like="probability").sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(InputError, match="exclude each other"):
        kerasdeep.evaluate(run, mc=3, tta=True)
    with pytest.raises(InputError, match="does not take one picture"):
        averaged_over_views(keras.Model(rows := keras.Input((4,)), LAYERS.Dense(1)(rows)))
