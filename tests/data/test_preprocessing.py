"""One rule for all rows: equal to scikit-learn's pipeline, fitted on training rows alone, saved without pickle."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, ImageConfig, SplitConfig
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.errors import InputError
from kerasdeep.inference.export.serving_model import serving_inputs

SCALERS = {"standardize": StandardScaler, "minmax": MinMaxScaler, "unit": MaxAbsScaler, "robust": RobustScaler}
CATEGORIES = ["city", "colour"]


def people(n, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, n).astype(float),
            "city": random.choice(["Paris", "Rome", "Bonn"], n),
            "income": random.lognormal(10, 1, n),
            "member": random.choice([True, False], n),
            "colour": random.choice(["red", "blue"], n),
            "y": random.choice(["no", "yes"], n),
        }
    )
    frame.loc[random.choice(n, n // 10, replace=False), "age"] = np.nan
    frame.loc[random.choice(n, n // 10, replace=False), "city"] = None
    return frame


@pytest.fixture
def table(tmp_path):
    people(300, 0).to_csv(tmp_path / "train.csv", index=False)
    return tmp_path / "train.csv"


@pytest.mark.parametrize("scaling", SCALERS)
def test_apply_is_scikit_learns_pipeline_fitted_on_training_rows(table, scaling):
    found = data.load(DataConfig(source=str(table), target=["y"], scaling=scaling, test=SplitConfig(count=60)))
    frame = pd.read_csv(table)
    pipeline = ColumnTransformer(
        [
            ("age", make_pipeline(SimpleImputer(strategy="median"), SCALERS[scaling]()), ["age"]),
            ("age:missing", MissingIndicator(), ["age"]),  # where enough rows lack it, that is a feature, too
            ("income", make_pipeline(SimpleImputer(strategy="median"), SCALERS[scaling]()), ["income", "member"]),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        ]
    ).fit(frame.iloc[found.train.rows])
    for part in (found.train, found.validation, found.test):
        np.testing.assert_allclose(part.x, pipeline.transform(frame.iloc[part.rows]), rtol=1e-5, atol=1e-6)
    strangers = people(50, 9)
    strangers.loc[:9, "city"] = "Oslo"
    np.testing.assert_allclose(
        data.transform_inputs(found.preprocessing, strangers), pipeline.transform(strangers), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("scaling", SCALERS)
def test_arrays_are_scaled_as_scikit_learn_scales_flat_rows(tmp_path, scaling):
    x = np.random.default_rng(0).normal(5, 3, (5000, 3, 4))
    x[:, 0, 0] = 2.0  # a position that never changes must not divide by zero
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(5000) % 2)
    found = data.load(DataConfig(source=str(tmp_path / "own.npz"), scaling=scaling, validation=SplitConfig(last=1000)))
    if scaling == "unit":
        expected = x / np.abs(x[:4000]).max()
    else:
        scaler = SCALERS[scaling]().fit(x[:4000].reshape(4000, -1))
        expected = scaler.transform(x.reshape(5000, -1)).reshape(x.shape)
    np.testing.assert_allclose(found.train.x, expected[:4000], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.validation.x, expected[4000:], rtol=1e-5, atol=1e-6)


def test_bytes_are_divided_as_keras_users_do(tmp_path):
    x = np.arange(256, dtype=np.uint8).reshape(16, 4, 4)
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(16) % 2)
    found = data.load(DataConfig(source=str(tmp_path / "own.npz"), validation=None))
    np.testing.assert_array_equal(found.train.x, x.astype("float32") / 255)
    found = data.load(DataConfig(source=str(tmp_path / "own.npz"), validation=None, scaling="none"))
    np.testing.assert_array_equal(found.train.x, x.astype("float32"))


def test_held_out_rows_do_not_touch_the_rule(tmp_path):
    frame = people(200, 0)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.loc[150:, ["age", "income"]] = 1e9
    frame.loc[150:, "city"] = "Atlantis"
    frame.to_csv(tmp_path / "b.csv", index=False)
    one, other = (
        data.load(
            DataConfig(source=str(tmp_path / name), target=["y"], validation=SplitConfig(last=50))
        ).preprocessing.inputs["input"]
        for name in ("a.csv", "b.csv")
    )
    assert one == other


@pytest.mark.parametrize("source", ["table", "digits", "inputs", "numbers"])
def test_saved_and_loaded_the_rule_does_the_same(tmp_path, table, source):
    if source == "inputs":
        arrays = {"a": np.random.default_rng(0).normal(size=(50, 3)), "b": np.ones((50, 2, 2), np.uint8)}
        np.savez(tmp_path / "own.npz", **arrays, y=np.arange(50) % 2)
        section, raw = DataConfig(source=str(tmp_path / "own.npz"), features=["a", "b"]), arrays
    elif source == "digits":
        section, raw = (
            DataConfig(source="digits", image=ImageConfig(size=[6, 6], channels=3)),
            np.ones((4, 8, 8), np.uint8),
        )
    else:
        target = ["y"] if source == "table" else ["age_x", "income"]
        frame = people(300, 0).assign(age_x=np.arange(300) / 7)
        frame.to_csv(table, index=False)
        section, raw = DataConfig(source=str(table), target=target), people(20, 3).assign(age_x=1.5)
    rule = data.load(section).preprocessing
    rule.save(tmp_path / "p.npz", tmp_path / "p.json")
    again = Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")
    np.testing.assert_equal(data.transform_inputs(again, raw), data.transform_inputs(rule, raw))
    assert again.targets == rule.targets
    assert again.input_shapes == rule.input_shapes
    assert again.read_options == rule.read_options
    json.loads((tmp_path / "p.json").read_text())
    with np.load(tmp_path / "p.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind == "f" for name in file.files)


def test_another_format_is_refused(tmp_path):
    (tmp_path / "p.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="format 99"):
        Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")


def test_apply_changes_nothing_that_it_is_given(table):
    rule = data.load(DataConfig(source=str(table), target=["y"])).preprocessing
    frame = people(20, 3)
    before = frame.copy(deep=True)
    data.transform_inputs(rule, frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_missing_feature_is_named_and_a_missing_target_is_normal(table):
    rule = data.load(DataConfig(source=str(table), target=["y"])).preprocessing
    frame = people(20, 3).drop(columns="y")
    assert data.transform_inputs(rule, frame).shape == (20, 10)
    with pytest.raises(InputError, match=r"'income' \(is it 'incom'\?\)"):
        data.transform_inputs(rule, frame.rename(columns={"income": "incom"}))


def test_categories_are_the_same_as_text_and_as_numbers(tmp_path):
    frame = pd.DataFrame({"zip": ["1000", "2000", "A1"] * 40, "x": np.arange(120) / 7, "y": [0, 1] * 60})
    frame.to_csv(tmp_path / "a.csv", index=False)
    rule = data.load(DataConfig(source=str(tmp_path / "a.csv"), target=["y"])).preprocessing
    as_text = data.transform_inputs(rule, pd.DataFrame({"zip": ["1000", "2000"], "x": [0, 0]}))
    for zips in ([1000, 2000], [1000.0, 2000.0]):
        np.testing.assert_array_equal(data.transform_inputs(rule, pd.DataFrame({"zip": zips, "x": [0, 0]})), as_text)


@pytest.mark.parametrize("prepare", [data.transform_inputs, serving_inputs])
def test_rows_of_another_shape_are_refused(prepare):
    rule = data.load(DataConfig(source="digits")).preprocessing
    with pytest.raises(InputError, match=r"\(9, 9\).*\(8, 8\)"):
        prepare(rule, np.zeros((2, 9, 9)))
    two = replace(rule, inputs={"left": rule.inputs["input"], "right": rule.inputs["input"]})
    for rows in ({"left": np.zeros((2, 8, 8))}, np.zeros((2, 8, 8))):
        with pytest.raises(InputError, match=r"no inputs .*right"):
            prepare(two, rows)


def test_gaps_in_prediction_rows(tmp_path):
    x = np.random.default_rng(0).normal(3, 1, (60, 2))
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(60) % 2)
    rule = data.load(DataConfig(source=str(tmp_path / "own.npz"), validation=None)).preprocessing
    filled = data.transform_inputs(rule, np.array([[np.nan, 3.0]]))
    np.testing.assert_allclose(filled[0, 0], (np.median(x[:, 0]) - x[:, 0].mean()) / x[:, 0].std(), rtol=1e-5)
