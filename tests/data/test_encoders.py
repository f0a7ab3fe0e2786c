"""Encoders: what kerasdeep 0.1 saved still encodes the same, and a new kind of column is one entry and one class."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.encoders import ENCODERS
from kerasdeep.data.encoders.base import FeatureEncoder
from kerasdeep.data.preprocessing import Preprocessing

VERSION_0_1 = Path(__file__).parent / "version_0_1"


def test_what_version_0_1_saved_encodes_the_same(tmp_path):
    loaded = Preprocessing.load(VERSION_0_1 / "preprocessing.npz", VERSION_0_1 / "preprocessing.json")
    rows = data.read_for_prediction(loaded, VERSION_0_1 / "rows.csv")
    expected = np.load(VERSION_0_1 / "expected.npy")
    np.testing.assert_array_equal(data.transform_inputs(loaded, rows.x), expected)
    assert loaded.inputs["input"].feature_names == [
        "age",
        "member",
        "income",
        *(f"city={city}" for city in ("Bonn", "Paris", "Rome", "missing")),
        "colour=blue",
        "colour=red",
    ]
    assert [(target.name, target.kind, target.classes) for target in loaded.targets] == [
        ("k", "multiclass", ["a", "b", "c"]),
        ("z", "regression", []),
    ]
    loaded.save(tmp_path / "now.npz", tmp_path / "now.json")
    assert json.loads((tmp_path / "now.json").read_text())["format"] == 2
    assert Preprocessing.load(tmp_path / "now.npz", tmp_path / "now.json") == loaded


@dataclass(frozen=True)
class WordsEncoder(FeatureEncoder):
    """A kind that 0.1 did not have: how often each of some words occurs in a text, with an array in its state."""

    name: str
    words: list[str]
    weights: np.ndarray

    @classmethod
    def recognizes(cls, sample):
        return sample.is_text and sample.texts.str.contains(" ").mean() > 0.5

    @classmethod
    def exclusion_reason(cls, sample, problems):
        return None

    @classmethod
    def fit(cls, name, series, scaling):
        words = sorted({word for text in series for word in text.split()})
        return cls(name, words, np.arange(1.0, len(words) + 1))

    @property
    def feature_names(self):
        return [f"{self.name}:{word}" for word in self.words]

    def apply(self, series):
        counts = [[(text or "").split().count(word) for word in self.words] for text in series]
        return np.array(counts) * self.weights

    def invert(self, features):
        return " ".join(word for word, count in zip(self.words, features, strict=True) if count)

    @staticmethod
    def summarize(series):
        return {"mean": float(series.str.len().mean())}


@pytest.fixture
def words_kind():
    kinds = dict(ENCODERS)
    ENCODERS.clear()
    ENCODERS.update({"words": WordsEncoder, **kinds})
    yield
    ENCODERS.clear()
    ENCODERS.update(kinds)


def test_a_new_kind_of_column_is_one_entry(tmp_path, words_kind):
    texts = ["red car", "blue car", "blue boat", "old red boat"]
    frame = pd.DataFrame({"text": texts * 30, "size": np.arange(120) / 7, "y": ["a", "b"] * 60})
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = data.load(DataConfig(source=str(tmp_path / "table.csv"), target=["y"], scaling="none", validation=None))
    names = ["size", *(f"text:{word}" for word in ("blue", "boat", "car", "old", "red"))]
    assert found.preprocessing.inputs["input"].feature_names == names
    np.testing.assert_array_equal(found.train.x[0, 1:], [0, 0, 3, 0, 5])
    assert [(feature["name"], feature["kind"]) for feature in found.profile["features"]] == [
        ("text", "words"),
        ("size", "number"),
    ]
    assert found.profile["features"][0]["mean"] == pytest.approx(9)
    found.preprocessing.save(tmp_path / "p.npz", tmp_path / "p.json")
    loaded = Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")
    np.testing.assert_array_equal(data.transform_inputs(loaded, frame.iloc[:5]), found.train.x[:5])
    assert loaded.inputs["input"].invert(found.train.x[3])["text"] == "boat old red"
    streamed = data.load(
        DataConfig(source=str(tmp_path / "table.csv"), target=["y"], scaling="none", validation=None, stream=True)
    )
    np.testing.assert_array_equal(streamed.train.x[:], found.train.x)
