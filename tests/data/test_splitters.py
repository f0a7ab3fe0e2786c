"""Splits and cuts: which rows go where, and that only `data.seed` decides it."""

import numpy as np
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.splitters import stratified_sample
from kerasdeep.errors import InputError

N = 200
LABELS = np.repeat([0, 1, 2, 3], N // 4)


@pytest.fixture
def own(tmp_path):
    """A file whose row number can be read off its input."""
    np.savez(tmp_path / "own.npz", x=np.arange(N, dtype=float)[:, None], y=np.random.default_rng(0).permutation(LABELS))
    return str(tmp_path / "own.npz")


def load(source, task="auto", batch_size=None, **settings):
    return data.load(DataConfig(source=source, **settings), task, batch_size)


def rows(found):
    return [part.rows for part in (found.train, found.validation, found.test, found.unlabelled) if part]


def test_fractions_and_counts_are_stratified_and_cover_every_row_once(own):
    found = load(own, validation=SplitConfig(fraction=0.1), test=SplitConfig(count=40))
    assert [len(part) for part in rows(found)] == [140, 20, 40]
    np.testing.assert_array_equal(np.sort(np.concatenate(rows(found))), np.arange(N))
    assert np.bincount(found.validation.y).tolist() == [5, 5, 5, 5]
    assert np.bincount(found.test.y).tolist() == [10, 10, 10, 10]
    for part in rows(found):
        assert (np.diff(part) > 0).all()


def test_the_split_follows_data_seed_alone(own):
    first, again, other = (load(own, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.validation.rows, again.validation.rows)
    assert not np.array_equal(first.validation.rows, other.validation.rows)


def test_the_validation_part_does_not_move_the_test_part(own):
    one = load(own, test=SplitConfig(fraction=0.2), validation=SplitConfig(fraction=0.1))
    other = load(own, test=SplitConfig(fraction=0.2), validation=SplitConfig(count=33))
    np.testing.assert_array_equal(one.test.rows, other.test.rows)


def test_first_and_last_are_rows_as_they_stand(own):
    found = load(own, validation=SplitConfig(first=30), test=SplitConfig(last=50))
    np.testing.assert_array_equal(found.validation.rows, np.arange(30))
    np.testing.assert_array_equal(found.test.rows, np.arange(150, 200))
    np.testing.assert_array_equal(found.train.rows, np.arange(30, 150))


def test_null_holds_nothing_out(own):
    found = load(own, validation=None)
    assert found.validation is None and found.test is None and len(found.train) == N


def test_positions_count_the_source_before_classes_select(own):
    found = load(own, validation=SplitConfig(last=40), classes=["2", "0"])
    assert found.validation.rows.min() >= 160
    assert len(found.train) + len(found.validation) == 100


def test_classes_are_renumbered_in_the_stated_order(own):
    raw = np.load(own)["y"]
    found = load(own, classes=["2", "0"], validation=None)
    np.testing.assert_array_equal(found.train.y, (raw[found.train.rows] == 0).astype(int))
    assert found.targets == [data.Target("y", "binary", ["2", "0"])]


def test_per_class_limit_and_labelled_cut_the_training_part_only(own):
    found = load(own, per_class=20, validation=SplitConfig(count=40))
    assert np.bincount(found.train.y).tolist() == [20] * 4 and len(found.validation) == 40
    found = load(own, limit=60, labelled=8, validation=SplitConfig(count=40))
    assert np.bincount(found.train.y).tolist() == [2] * 4
    assert len(found.unlabelled) == 52 and found.unlabelled.y is None
    assert not set(found.train.rows) & set(found.unlabelled.rows)
    assert found.profile["rows"] == {"train": 8, "validation": 40, "test": 0, "unlabelled": 52}


def test_limits_above_the_number_of_rows_change_nothing(own):
    found = load(own, limit=10_000, per_class=10_000, labelled=10_000, validation=None)
    assert len(found.train) == N and found.unlabelled is None


def test_a_class_with_one_row_does_not_stop_the_split():
    strata = np.array([0] * 20 + [1])
    drawn, rest = stratified_sample(np.arange(21), 4, strata, 0)
    assert len(drawn) == 4 and len(rest) == 17


def test_numbers_are_split_without_strata(own):
    found = load(own, "regression", validation=SplitConfig(fraction=0.25))
    assert len(found.validation) == 50


def test_too_few_rows(own):
    for settings in (
        {"validation": SplitConfig(count=200)},
        {"validation": SplitConfig(last=200)},
        {"limit": 10, "batch_size": 32},
    ):
        with pytest.raises(InputError) as caught:
            load(own, **settings)
        assert "too-few-rows" in [problem.name for problem in caught.value.problems]


def test_a_class_without_training_rows(tmp_path):
    np.savez(tmp_path / "sorted.npz", x=np.arange(N, dtype=float)[:, None], y=LABELS)
    with pytest.raises(InputError, match="class 3") as caught:
        load(str(tmp_path / "sorted.npz"), validation=SplitConfig(last=50))
    assert [problem.name for problem in caught.value.problems] == ["empty-class"]


def test_a_part_from_a_file(tmp_path, own):
    np.savez(tmp_path / "other.npz", x=np.ones((5, 1)), y=[0, 1, 2, 3, 0])
    found = load(own, test=SplitConfig(path=str(tmp_path / "other.npz")))
    assert found.test.y.tolist() == [0, 1, 2, 3, 0]
    assert found.hash != load(own).hash
    np.savez(tmp_path / "other.npz", x=np.ones((2, 1)), y=[0, 7])
    with pytest.raises(InputError, match="7") as caught:
        load(own, test=SplitConfig(path=str(tmp_path / "other.npz")))
    assert [problem.name for problem in caught.value.problems] == ["unknown-label"]
    with pytest.raises(InputError, match="does not exist"):
        load(own, test=SplitConfig(path=str(tmp_path / "nowhere.npz")))
