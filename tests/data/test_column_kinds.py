"""Kinds of columns: what a planted signal in each gives the network, and that nothing in a column breaks it."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import COLUMN_KINDS, OWN_INPUT_KINDS, DataConfig
from kerasdeep.data.encoders import ENCODERS, text
from kerasdeep.data.encoders.date import DateEncoder
from kerasdeep.data.encoders.text import TextEncoder
from kerasdeep.data.labels import find_separator, split_list
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.table import labels_from_column
from kerasdeep.data.written_numbers import find_style, parse_numbers
from kerasdeep.errors import InputError

ROWS = 240


def load(folder, column, **settings):
    path = folder / "table.csv"
    labels = ["no", "yes"] * (ROWS // 2)
    pd.DataFrame({"noise": np.arange(ROWS) % 7 / 3, "column": column, "y": labels}).to_csv(path, index=False)
    return data.load(DataConfig(source=str(path), target=["y"], **settings))


def encoder(dataset):
    return next(entry for entry in dataset.preprocessing.inputs["input"].encoders if entry.name == "column")


def columns():
    draw = np.random.default_rng(0)
    words = [f"{a}{b}" for a in "bdfgklm" for b in ("alo", "enar", "irin", "osum")]
    days = pd.Timestamp("2020-01-31") + pd.to_timedelta(draw.integers(0, 900, ROWS), "D")
    items = [draw.choice(["red", "green", "blue", "wood", "steel", "old"], size, False) for size in [2, 3, 4] * 80]
    return {
        "number": [f"${value:,.2f}" for value in draw.uniform(1, 1e5, ROWS)],
        "boolean": draw.choice(["Yes", "no"], ROWS),
        "date": days.strftime("%d/%m/%Y"),
        "text": [" ".join(draw.choice(words, 6)) for _ in range(ROWS)],
        "list": ["; ".join(row) for row in items],
        "category": draw.choice(["007", "7", "12"], ROWS),
    }


def test_every_kind_that_may_be_stated_has_an_encoder():
    assert {*COLUMN_KINDS, *OWN_INPUT_KINDS} == set(ENCODERS) and set(COLUMN_KINDS) == set(columns())


@pytest.mark.parametrize("kind", COLUMN_KINDS)
def test_a_kind_is_the_same_stated_streamed_saved_and_applied_to_nonsense(tmp_path, kind):
    stated = load(tmp_path, columns()[kind], columns={"column": kind})
    assert isinstance(encoder(stated), ENCODERS[kind])
    if kind not in ("boolean", "category"):  # the one would be a category, the other numbers
        inferred = load(tmp_path, columns()[kind])
        np.testing.assert_array_equal(inferred.train.x, stated.train.x)
    streamed = load(tmp_path, columns()[kind], columns={"column": kind}, stream=True)
    np.testing.assert_array_equal(streamed.train.x[:], stated.train.x)
    stated.preprocessing.save(tmp_path / "p.npz", tmp_path / "p.json")
    loaded = Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")
    raw = data.read_for_prediction(loaded, tmp_path / "table.csv")
    np.testing.assert_array_equal(data.transform_inputs(loaded, raw.x)[stated.train.rows], stated.train.x)
    nonsense = pd.DataFrame({"noise": 0.0, "column": ["", None, "☃", "31/31/31", ";;,", "-", "1e999", "x" * 9999]})
    nonsense.to_csv(tmp_path / "nonsense.csv", index=False)
    raw = data.read_for_prediction(loaded, tmp_path / "nonsense.csv")
    assert np.isfinite(data.transform_inputs(loaded, raw.x)).all()
    assert any(warning.name == "replaced-values" for warning in raw.warnings)


LOAD = """
import sys
import helpers.on_jax
import numpy as np
from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig
np.save(sys.argv[2], data.load(DataConfig(source=sys.argv[1], target=["y"])).train.x)
assert "tensorflow" not in sys.modules
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_features_are_the_same_where_only_jax_is_installed(tmp_path):
    source, tests = tmp_path / "kinds.csv", Path(__file__).resolve().parents[1]
    pd.DataFrame({**columns(), "y": ["no", "yes"] * (ROWS // 2)}).to_csv(source, index=False)
    paths = os.pathsep.join([str(tests), str(tests.parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": paths}
    command = [sys.executable, "-c", LOAD, str(source), str(tmp_path / "x.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    here = data.load(DataConfig(source=str(source), target=["y"])).train.x
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), here)


def test_ignore_and_wrong_statements(tmp_path):
    assert load(tmp_path, columns()["number"], columns={"column": "ignore"}).train.x.shape[1] == 1
    with pytest.raises(InputError, match="stated to be a date"):
        load(tmp_path, columns()["text"], columns={"column": "date"})
    with pytest.raises(InputError, match="no column 'colum'"):
        load(tmp_path, columns()["text"], columns={"colum": "date"})
    with pytest.raises(InputError, match="is a target"):
        load(tmp_path, columns()["text"], columns={"y": "category"})


@pytest.mark.parametrize(
    ("texts", "style", "numbers"),
    [
        (["1,234.50", "12", "-3.5"], "point", [1234.5, 12, -3.5]),
        (["1.234,56", "0,5", "1.234"], "comma", [1234.56, 0.5, 1234]),
        (["12.3%", " 4 %"], "point", [12.3, 4]),
        (["$1,200", "(15)", "−3"], "point", [1200, -15, -3]),
        (["1'234.5 CHF", "€ 7"], "point", [1234.5, 7]),
        (["3.5", "1e3"], "plain", [3.5, 1000]),
    ],
)
def test_numbers_as_people_write_them(texts, style, numbers):
    found, strays = find_style(pd.Series(texts).value_counts())
    assert (found, len(strays)) == (style, 0)
    assert parse_numbers(pd.Series(texts), style).tolist() == numbers


@pytest.mark.parametrize("text", ["1.2.3", "12-13", "a1", "%", "1,23,4", ""])
def test_what_is_no_number(text):
    for style in ("plain", "point", "comma"):
        assert parse_numbers(pd.Series([text]), style).isna().all()


def test_absurd_numbers_are_named_and_cut(tmp_path):
    values = np.linspace(0, 1, ROWS)
    values[3], values[5] = 1e300, np.inf
    loaded = load(tmp_path, values, validation=None)
    messages = [str(warning) for warning in loaded.warnings if warning.name == "absurd-number"]
    assert any("1e+300 in row 3" in message for message in messages)
    assert any("inf in row 5" in message for message in messages)
    assert np.abs(loaded.train.x).max() < 5
    (facts,) = [feature for feature in loaded.profile["features"] if feature["name"] == "column"]
    assert (facts["missing"], facts["clipped"], facts["max"]) == (1, 1, 1.0)


def test_dates_in_many_formats():
    texts = ["2024-03-05", "05.03.2024", "5/3/24", "Mar 5, 2024", "5 March 2024", "2024-03-05T00:00:00Z", "25/12/2023"]
    fitted = DateEncoder.fit("d", pd.Series(texts), DataConfig(source="", scaling="none"))
    assert fitted.day_first
    features = fitted.apply(pd.Series([*texts, "soon", None]))
    assert features[:6, 0].tolist() == [71] * 6
    assert not features[7:].any()
    assert fitted.count(pd.Series([*texts, "soon", None])) == {"missing": 2, "unreadable": 1}
    assert fitted.invert(features[0]) == "2024-03-05"


def test_texts_of_unknown_words_are_zeros():
    fitted = TextEncoder.fit("t", pd.Series(columns()["text"]), DataConfig(source=""))
    assert not fitted.apply(pd.Series(["", None, "☃ ☃ ☃"])).any()
    one = pd.Series(columns()["text"][:1])
    np.testing.assert_array_equal(fitted.apply(one), fitted.apply(pd.Series(columns()["text"]))[:1])


def test_a_text_without_words_is_left_out_and_many_texts_are_sampled(tmp_path, monkeypatch):
    found = load(tmp_path, ["? ? !" + " ☃" * row for row in range(ROWS)])
    assert found.train.x.shape[1] == 1
    assert any("no words are in several rows and not in all: column" in str(warning) for warning in found.warnings)
    monkeypatch.setattr(text, "MAX_FITTED_TEXTS", 160)
    assert len(text.fitted_texts(pd.Series(columns()["text"]))) == ROWS / 2


@pytest.mark.parametrize("kind", COLUMN_KINDS)
def test_missing_values_of_pandas_are_missing(kind):
    texts = [columns()[kind][0], pd.NA, columns()[kind][1], None] * 30
    for series in (pd.Series(texts, dtype=object), pd.Series(texts, dtype="string")):
        fitted = ENCODERS[kind].fit("column", series, DataConfig(source="", scaling="none"))
        assert np.isfinite(fitted.apply(series)).all()
        assert fitted.count(series)["missing"] == (0 if kind == "category" else 60)


def test_lists_proper_are_told_apart_by_a_sign_that_is_in_none_of_their_items():
    cities = pd.Series([["New York, NY"], ["Nice, FR", pd.NA], ["Rome, IT", "Nice, FR"], []])
    texts = labels_from_column(cities)
    separator = find_separator(texts.tolist())
    assert [split_list(text, separator) for text in texts] == [
        [str(i) for i in row if i is not pd.NA] for row in cities
    ]
    assert labels_from_column(cities[:1], separator="|").tolist() == ["New York, NY|"], "as in training"
    assert labels_from_column(pd.Series([["a", "b"], ["a"]])).tolist() == ["a;b", "a"]
    with pytest.raises(InputError, match="hold each of"):
        labels_from_column(pd.Series([["a;b", "c|d"], ["e,f"]]))
    assert ENCODERS["list"].fit("c", cities, DataConfig(source="")).separator == ";"


def test_a_target_may_be_written_as_people_write_numbers(tmp_path):
    prices = [f"{1000 + 7.5 * row:,.2f}" for row in range(ROWS)]
    pd.DataFrame({"x": np.arange(ROWS) % 11, "price": prices}).to_csv(tmp_path / "prices.csv", index=False)
    found = data.load(DataConfig(source=str(tmp_path / "prices.csv"), target=["price"], validation=None))
    assert found.targets[0].kind == "regression"
    assert any("'1,000.00', read as 1000" in str(warning) for warning in found.warnings)
    pd.read_csv(tmp_path / "prices.csv").iloc[:3].to_csv(tmp_path / "few.csv", index=False)
    raw = data.read_for_prediction(found.preprocessing, tmp_path / "few.csv", labels=True)
    assert raw.y["price"].tolist() == [1000, 1007.5, 1015]


def test_missing_numbers_are_a_feature_where_there_are_many(tmp_path):
    values = np.where(np.arange(ROWS) % 2, np.nan, np.arange(ROWS) / 7)
    loaded = load(tmp_path, values, validation=None)
    transform = loaded.preprocessing.inputs["input"]
    assert transform.feature_names == ["noise", "column", "column:missing"]
    np.testing.assert_array_equal(loaded.train.x[:, 2], np.arange(ROWS) % 2)
    raw = data.read_for_prediction(loaded.preprocessing, tmp_path / "table.csv").x
    served = transform.apply_with_keras(transform.serving_values(raw))
    np.testing.assert_allclose(np.asarray(served), loaded.train.x, atol=1e-6)
    assert transform.invert(loaded.train.x[1])["column"] is None
    few = load(tmp_path, np.where(np.arange(ROWS) < 9, np.nan, np.arange(ROWS) / 7))
    assert few.train.x.shape[1] == 2


def test_the_sidecar_of_an_export_says_how_each_kind_is_encoded(tmp_path):
    """A date and a list are encoded here from the sidecar alone."""
    for kind in ("date", "list", "category", "number", "boolean", "text"):
        loaded = load(tmp_path, columns()[kind], columns={"column": kind}, validation=None)
        transform = loaded.preprocessing.inputs["input"]
        (state,) = [
            state
            for state in json.loads(json.dumps(transform.serving_signature()["encodings"]))
            if state["name"] == "column"
        ]
        assert state["kind"] == kind and state["rule"]
        start = [encoder.name for encoder in transform.encoders].index("column")
        served = transform.serving_values(pd.read_csv(tmp_path / "table.csv", dtype={"column": str}))[0, start:]
        if kind == "date":
            day = pd.to_datetime(columns()[kind][0], dayfirst=state["day_first"])
            days = ((day - pd.Timestamp(1970, 1, 1)).days - state["first"] - state["offset"]) / state["scale"]
            angle = 2 * np.pi * day.month / 12
            np.testing.assert_allclose(served[:3], [days, np.sin(angle), np.cos(angle)], atol=1e-5)
        elif kind == "list":
            items = {item.strip() for item in columns()[kind][0].split(state["separator"])}
            assert served.tolist() == [item in items for item in state["items"]]
