"""Targets: classes or numbers, how they are encoded, and every way in which labels can be wrong."""

import numpy as np
import pytest
from helpers.decoding import decode_target

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.labels import label_to_text
from kerasdeep.errors import InputError

N = 120


@pytest.fixture
def load(tmp_path):
    def of(labels, task="auto", **settings):
        np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).normal(size=(len(labels), 3)), y=labels)
        settings.setdefault("validation", None)
        return data.load(DataConfig(source=str(tmp_path / "own.npz"), **settings), task)

    return of


@pytest.mark.parametrize(
    ("labels", "kind", "classes"),
    [
        (np.arange(N) % 2, "binary", ["0", "1"]),
        (np.arange(N) % 20, "multiclass", [str(number) for number in range(20)]),
        (np.arange(N) % 21, "regression", []),
        (np.arange(N) % 3 + 0.5, "regression", []),
        (np.arange(N) % 3 * 1.0, "multiclass", ["0", "1", "2"]),
        (np.arange(N) % 2 == 0, "binary", ["False", "True"]),
        (np.array(["b", "a", "c"] * 40), "multiclass", ["a", "b", "c"]),
        (np.array(["10", "9", "1"] * 40), "multiclass", ["1", "9", "10"]),
        (np.array(["a ", "a", "b", " b"] * 30), "binary", ["a", "b"]),
        (np.array([b"a", b"b"] * 60), "binary", ["a", "b"]),
    ],
)
def test_the_kind_follows_the_labels(load, labels, kind, classes):
    found = load(labels)
    assert (found.targets[0].kind, found.targets[0].classes) == (kind, classes)


def test_the_stated_task_decides(load):
    assert load(np.arange(N) % 30, "multiclass").targets[0].units == 30
    assert load(np.arange(N) % 3, "regression").targets[0].kind == "regression"
    assert load(np.arange(N) % 2, "multiclass").targets[0].units == 2
    assert load(np.arange(N) % 2).targets[0].units == 1


def test_labels_become_class_numbers_and_names_again(load):
    labels = np.array(["b", "a", "c"] * 40)
    found = load(labels)
    assert found.train.y.dtype == np.int32
    np.testing.assert_array_equal(found.train.y, np.array([1, 0, 2] * 40))
    np.testing.assert_array_equal(decode_target(found.preprocessing, found.train.y)["y"], labels)


def test_numbers_are_standardized_on_training_rows_and_restored(load):
    numbers = np.random.default_rng(1).normal(200_000, 50_000, N)
    found = load(numbers)
    assert abs(found.train.y.mean()) < 1e-5 and abs(found.train.y.std() - 1) < 1e-5
    for predicted in (found.train.y, found.train.y[:, None]):
        np.testing.assert_allclose(decode_target(found.preprocessing, predicted)["y"], numbers, rtol=1e-5)
    np.testing.assert_allclose(load(numbers, target_scaling="none").train.y, numbers, rtol=1e-6)


def test_a_constant_number_is_no_division_by_zero(load):
    assert np.isfinite(load(np.full(N, 7.5), "regression").train.y).all()


@pytest.mark.parametrize(
    ("labels", "task", "name"),
    [
        (np.zeros(N, int), "auto", "one-class-target"),
        (np.where(np.arange(N) == 3, np.nan, 1.5), "auto", "nan-target"),
        (np.where(np.arange(N) == 3, np.inf, 1.5), "auto", "nan-target"),
        (np.where(np.arange(N) == 3, "", "a"), "auto", "nan-target"),
        (np.arange(N) % 3, "binary", "wrong-task"),
        (np.array(["a", "b"] * 60), "regression", "text-target"),
        (np.zeros((N, 2, 2)), "auto", "wrong-shape"),
        (np.array([f"person {number}" for number in range(N)]), "auto", "too-many-classes"),
        (np.array([f"{number / 7:.2f}" for number in range(N - 1)] + ["n/a!"]), "auto", "text-target"),
    ],
)
def test_bad_labels_are_named(load, labels, task, name):
    with pytest.raises(InputError) as caught:
        load(labels, task)
    assert [problem.name for problem in caught.value.problems] == [name]


def test_every_unknown_class_is_named_with_a_suggestion(load):
    labels = np.array(["setosa", "virginica", "versicolor"] * 40)
    with pytest.raises(InputError) as caught:
        load(labels, classes=["setossa", "virginica", "nothing"])
    assert [problem.name for problem in caught.value.problems] == ["unknown-class"] * 2
    assert caught.value.problems[0].suggestion == "setosa"


def test_classes_may_be_written_by_name_or_number():
    by_name = data.load(DataConfig(source="iris", classes=["virginica", "Setosa"]))
    by_number = data.load(DataConfig(source="iris", classes=["2", "0"]))
    np.testing.assert_array_equal(by_name.train.y, by_number.train.y)
    assert by_number.targets[0].classes == ["virginica", "setosa"]


def test_balanced_weights_are_scikit_learns(load):
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0] * 90 + [1] * 20 + [2] * 10)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    found = load(labels, class_weight="balanced")
    assert found.class_weight == pytest.approx(dict(enumerate(expected)))


def test_weights_by_label(load):
    labels = np.array(["rare", "common", "common", "common"] * 30)
    assert load(labels, class_weight={"rare": 3.0}).class_weight == {0: 1.0, 1: 3.0}
    with pytest.raises(InputError) as caught:
        load(labels, class_weight={"rar": 3.0})
    assert caught.value.problems[0].suggestion == "rare"
    with pytest.raises(InputError, match="needs one target"):
        load(np.linspace(0, 1, N), class_weight="balanced")


def test_imbalance_is_a_warning_unless_weights_answer_it(load):
    labels = np.array([0] * 110 + [1] * 10)
    assert [problem.name for problem in load(labels).warnings] == ["class-imbalance"]
    assert load(labels, class_weight="balanced").warnings == []


def test_a_label_reads_the_same_however_it_is_stored():
    assert {label_to_text(label) for label in (3, 3.0, np.float32(3), "3", " 3 ", np.int8(3))} == {"3"}
    assert label_to_text(3.5) == "3.5"


TAGS = np.array(["art;news", "", "news", "sport; art"] * 30)


def test_lists_become_a_column_for_each_label(load):
    found = load(TAGS, "multilabel")
    (encoder,) = found.preprocessing.targets
    assert (encoder.labels, encoder.separator) == (["art", "news", "sport"], ";")
    assert found.train.y[:4].tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert encoder.decode(found.train.y[:4]).tolist() == ["art;news", "", "news", "art;sport"]
    assert found.profile["targets"][0]["frequencies"] == [0.5, 0.5, 0.25]
    assert load(np.char.replace(TAGS, ";", "|"), "multilabel").preprocessing.targets[0].separator == "|"
    assert load(TAGS, "multilabel", classes=["sport", "art"]).train.y[3].tolist() == [1, 1]
    assert load(TAGS, "multilabel", drop_unlabelled=True).train.y.sum(axis=1).min() == 1


def test_held_out_rows_have_some_of_every_label(load):
    sets = np.zeros((N, 4), int)
    sets[:, 0], sets[:60, 1], sets[::24, 2], sets[3::40, 3] = 1, 1, 1, 1
    found = load(sets, "multilabel", validation=SplitConfig(fraction=0.4))
    assert found.validation.y.any(axis=0).all() and found.train.y.any(axis=0).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(N) % 2, "holds one value such as '0'.*`a;b`, or several columns of 0 and 1"),
        (np.array(["a", "b"] * 60), "holds one value such as 'a'"),
        (np.array([f"{n};{n + 200}" for n in range(N)]), "240 different labels in 120 rows"),
    ],
)
def test_what_is_no_set_of_labels_is_refused(load, labels, message):
    with pytest.raises(InputError, match=message):
        load(labels, "multilabel")
