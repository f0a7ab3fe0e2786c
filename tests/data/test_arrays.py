"""A user's `.npz`: parts and roles by name, scaling by shape and type."""

import numpy as np
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, ImageConfig, SplitConfig
from kerasdeep.data.arrays import parse_array_name
from kerasdeep.errors import InputError

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (60, 6, 5), np.uint8)
LABELS = np.arange(60) % 3


def load(tmp_path, arrays, task="auto", **settings):
    np.savez(tmp_path / "own.npz", **arrays)
    return data.load(DataConfig(source=str(tmp_path / "own.npz"), **settings), task)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x", ("x", "train")),
        ("X_train", ("x", "train")),
        ("y_valid", ("y", "validation")),
        ("test_images", ("images", "test")),
        ("labels_val", ("labels", "validation")),
        ("Depth_test", ("Depth", "test")),
    ],
)
def test_names_say_role_and_part(name, expected):
    assert parse_array_name(name) == expected


def test_the_files_own_parts_are_used(tmp_path):
    arrays = {
        "x_train": PICTURES[:40], "y_train": LABELS[:40],
        "x_val": PICTURES[40:50], "y_val": LABELS[40:50],
        "x_test": PICTURES[50:], "y_test": LABELS[50:],
    }  # fmt: skip
    found = load(tmp_path, arrays)
    assert [len(part) for part in found.splits.values()] == [40, 10, 10]
    np.testing.assert_array_equal(found.train.x, PICTURES[:40].astype(np.float32) / 255)


def test_a_written_split_beats_the_files_own_part_with_a_warning(tmp_path):
    arrays = {"x_train": PICTURES[:50], "y_train": LABELS[:50], "x_val": PICTURES[50:], "y_val": LABELS[50:]}
    locations = {"validation": None}
    found = load(tmp_path, arrays, validation=SplitConfig(first=5), locations=locations)
    np.testing.assert_array_equal(found.validation.rows, np.arange(5))
    assert "unused-part" in [problem.name for problem in found.warnings]


def test_scaling_by_kind_of_array(tmp_path):
    table = RANDOM.normal(50, 9, (60, 4))
    found = load(tmp_path, {"x": table, "y": LABELS})
    np.testing.assert_allclose(found.train.x.std(axis=0), 1, atol=1e-5)
    waves = RANDOM.normal(0, 1, (60, 10, 2))
    np.testing.assert_array_equal(
        load(tmp_path, {"x": waves, "y": LABELS}, validation=None).train.x, waves.astype(np.float32)
    )
    found = load(tmp_path, {"x": waves * 100, "y": LABELS})
    assert "unscaled-inputs" in [problem.name for problem in found.warnings]


def test_pictures_stored_as_integers_are_pictures(tmp_path):
    found = load(tmp_path, {"x": PICTURES.astype(np.int64) // 16, "y": LABELS}, validation=None)
    assert found.train.x.max() == 1 and found.preprocessing.kind == "image"
    found = load(tmp_path, {"x": PICTURES.astype(np.int64) * 10, "y": LABELS})
    assert found.preprocessing.kind == "array"


def test_several_inputs(tmp_path):
    arrays = {"left": RANDOM.normal(size=(60, 4)), "right": PICTURES, "y": LABELS}
    found = load(tmp_path, arrays, features=["left", "right"])
    assert found.input_shapes == {"left": (4,), "right": (6, 5)}
    assert found.train.x["left"].shape == (54, 4)
    assert len(data.transform_inputs(found.preprocessing, arrays)["right"]) == 60


def test_target_names_the_label_array(tmp_path):
    found = load(tmp_path, {"x": PICTURES, "y": LABELS, "price": LABELS / 7}, target=["price"])
    assert found.targets == [data.Target("price", "regression")]


def test_one_hot_labels_become_class_numbers(tmp_path):
    found = load(tmp_path, {"x": PICTURES, "y": np.eye(3)[LABELS]}, validation=None)
    np.testing.assert_array_equal(found.train.y, LABELS)
    assert "one-hot-target" in [problem.name for problem in found.warnings]


def test_a_column_of_labels_is_flattened_and_several_columns_are_targets(tmp_path):
    assert load(tmp_path, {"x": PICTURES, "y": LABELS[:, None]}).train.y.shape == (54,)
    numbers = RANDOM.normal(size=(60, 2))
    found = load(tmp_path, {"x": PICTURES, "y": numbers})
    assert [target.name for target in found.targets] == ["y_0", "y_1"]


def test_gaps_in_flat_rows_are_filled_and_elsewhere_refused(tmp_path):
    table = RANDOM.normal(size=(60, 4))
    table[3, 1] = np.nan
    found = load(tmp_path, {"x": table, "y": LABELS})
    assert np.isfinite(found.train.x).all()
    assert "imputed" in [problem.name for problem in found.warnings]
    with pytest.raises(InputError, match="missing or infinite"):
        load(tmp_path, {"x": table.reshape(60, 2, 2), "y": LABELS})


def test_pictures_in_arrays_take_a_stated_size_and_channels(tmp_path):
    found = load(tmp_path, {"x": PICTURES, "y": LABELS}, image=ImageConfig(size=[12, 10], channels=3))
    assert found.input_shapes == {"input": (12, 10, 3)}
    found = load(tmp_path, {"x": PICTURES, "y": LABELS}, image=ImageConfig(channels=1), validation=None)
    np.testing.assert_array_equal(found.train.x[..., 0], PICTURES.astype(np.float32) / 255)


@pytest.mark.parametrize(
    ("arrays", "name"),
    [
        ({"a": PICTURES, "b": LABELS}, "missing-array"),
        ({"x": PICTURES, "y": LABELS[:-1]}, "wrong-shape"),
        ({"x": PICTURES[:0], "y": LABELS[:0]}, "wrong-shape"),
        ({"x": np.array(["a"] * 60), "y": LABELS}, "text-array"),
        ({"x": PICTURES, "y": LABELS, "bad": np.array([{}], object)}, "pickled-array"),
    ],
)
def test_bad_arrays_are_named(tmp_path, arrays, name):
    with pytest.raises(InputError) as caught:
        load(tmp_path, arrays)
    assert [problem.name for problem in caught.value.problems] == [name]


def test_a_file_that_is_no_npz(tmp_path):
    for content in (b"", b"text", b"PK\x03\x04 broken"):
        (tmp_path / "own.npz").write_bytes(content)
        with pytest.raises(InputError) as caught:
            data.load(DataConfig(source=str(tmp_path / "own.npz")))
        assert caught.value.problems[0].name in ("not-an-npz", "pickled-array")
