"""Raw rows for prediction: read as the training data was, with or without labels."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.errors import InputError

RANDOM = np.random.default_rng(0)


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"zip": RANDOM.choice(["1000", "2000", "A1"], 120), "x": RANDOM.normal(size=120), "y": ["a", "b"] * 60}
    )


@pytest.fixture
def table(tmp_path, frame):
    frame.to_csv(tmp_path / "train.csv", index=False)
    return data.load(DataConfig(source=str(tmp_path / "train.csv"), target=["y"], validation=None)).preprocessing


def test_a_table_keeps_its_columns_and_needs_no_target(tmp_path, table, frame):
    new = frame[frame["zip"] != "A1"].drop(columns="y").assign(extra=1)
    new.to_csv(tmp_path / "new.csv", index=False, sep=";")
    found = data.read_for_prediction(table, tmp_path / "new.csv")
    assert list(found.columns.columns) == ["zip", "x", "extra"]
    assert found.y is None and len(found) == len(new)
    np.testing.assert_allclose(data.transform_inputs(table, found.x), data.transform_inputs(table, new), rtol=1e-6)
    with pytest.raises(InputError, match="has no target y"):
        data.read_for_prediction(table, tmp_path / "new.csv", labels=True)


def test_labels_are_read_where_they_are(tmp_path, table, frame):
    frame.to_parquet(tmp_path / "new.parquet")
    found = data.read_for_prediction(table, tmp_path / "new.parquet", labels=True)
    np.testing.assert_array_equal(data.encode_target(table, found.y), np.array([0, 1] * 60))
    frame.assign(y="z").to_parquet(tmp_path / "new.parquet")
    with pytest.raises(InputError) as caught:
        data.read_for_prediction(table, tmp_path / "new.parquet", labels=True)
    assert caught.value.problems[0].name == "unknown-label"
    assert len(data.read_for_prediction(table, tmp_path / "new.parquet")) == 120


def test_rows_in_memory_may_have_an_index_that_repeats(tmp_path):
    frame = pd.DataFrame({"day": [f"2024-03-{row % 28 + 1:02}" for row in range(60)], "x": RANDOM.normal(size=60)})
    frame["y"] = [f"${row * 1000:,}" for row in range(60)]
    frame.to_csv(tmp_path / "train.csv", index=False)
    rule = data.load(DataConfig(source=str(tmp_path / "train.csv"), target=["y"], validation=None)).preprocessing
    expected, found = (
        data.read_for_prediction(rule, rows, labels=True) for rows in (frame, frame.set_axis([7, 8] * 30))
    )
    np.testing.assert_array_equal(data.transform_inputs(rule, found.x), data.transform_inputs(rule, expected.x))
    np.testing.assert_array_equal(found.y["y"], expected.y["y"])


def test_a_missing_feature_column_is_named(tmp_path, table, frame):
    frame.drop(columns="x").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match="no column 'x'") as caught:
        data.read_for_prediction(table, tmp_path / "new.csv")
    assert caught.value.problems[0].name == "missing-column"


@pytest.fixture
def arrays(tmp_path):
    x, y = RANDOM.integers(0, 256, (40, 5, 4), np.uint8), np.arange(40) % 2
    np.savez(tmp_path / "train.npz", x=x, y=y)
    return data.load(DataConfig(source=str(tmp_path / "train.npz"), validation=None)).preprocessing


def test_arrays_prefer_the_test_part(tmp_path, arrays):
    x = RANDOM.integers(0, 256, (6, 5, 4), np.uint8)
    np.savez(tmp_path / "new.npz", x_train=x, y_train=np.zeros(6), x_test=x[:2], y_test=[0, 1])
    found = data.read_for_prediction(arrays, tmp_path / "new.npz", labels=True)
    assert len(found) == 2 and data.encode_target(arrays, found.y).tolist() == [0, 1]
    np.savez(tmp_path / "new.npz", whatever=x)
    assert data.transform_inputs(arrays, data.read_for_prediction(arrays, tmp_path / "new.npz").x).shape == (6, 5, 4)
    np.savez(tmp_path / "new.npz", one=x, two=x)
    with pytest.raises(InputError, match="Expected `x`"):
        data.read_for_prediction(arrays, tmp_path / "new.npz")


def draw(path, shape=(5, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    array = RANDOM.integers(0, 256, shape, np.uint8)
    Pillow.fromarray(array).save(path)
    return array


def test_picture_files_suit_a_model_trained_on_arrays(tmp_path, arrays):
    array = draw(tmp_path / "one.png")
    found = data.read_for_prediction(arrays, tmp_path / "one.png")
    np.testing.assert_array_equal(data.transform_inputs(arrays, found.x)[0], array.astype(np.float32) / 255)
    assert found.rows.tolist() == ["one.png"] and found.y is None


def test_folders_with_and_without_classes(tmp_path):
    for name in ("cat", "dog"):
        for number in range(10):
            draw(tmp_path / "pets" / name / f"{number}.png")
    rule = data.load(DataConfig(source=str(tmp_path / "pets"), cache=False)).preprocessing
    found = data.read_for_prediction(rule, tmp_path / "pets", labels=True)
    assert data.encode_target(rule, found.y).tolist() == [0] * 10 + [1] * 10
    for number in range(11):
        draw(tmp_path / "new" / f"{number:02}.png", (9, 9, 3))
    (tmp_path / "new" / "10.png").write_bytes(b"broken")
    found = data.read_for_prediction(rule, tmp_path / "new")
    assert data.transform_inputs(rule, found.x).shape == (10, 5, 4, 1)
    assert found.y is None and [problem.name for problem in found.warnings] == ["unreadable-images"]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        data.read_for_prediction(rule, tmp_path / "none")


def test_a_built_in_set_can_be_asked_for():
    rule = data.load(DataConfig(source="digits")).preprocessing
    found = data.read_for_prediction(rule, "digits", labels=True)
    assert data.transform_inputs(rule, found.x).shape == (1797, 8, 8)
    assert data.encode_target(rule, found.y).max() == 9


def test_inputs_of_another_kind_are_refused(tmp_path, table):
    draw(tmp_path / "one.png")
    with pytest.raises(InputError):
        data.read_for_prediction(table, tmp_path / "one.png")
    with pytest.raises(InputError, match="does not exist"):
        data.read_for_prediction(table, tmp_path / "nowhere.csv")
