"""Metrics, baselines, intervals and mistakes, on data sets small enough to check by hand."""

import base64
import io
import json

import numpy as np
import pytest
from helpers.evaluated import evaluate_dataset
from PIL import Image

from kerasdeep.data import Dataset, DataSplit, Preprocessing
from kerasdeep.data.encoders.category import CategoryEncoder
from kerasdeep.data.encoders.number import NumberEncoder
from kerasdeep.data.preprocessing import ArrayTransform, TableTransform
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.worst_predictions import is_image, png_data_url

ZERO, ONE = np.array(0.0), np.array(1.0)


def dataset(rules, inputs, train, validation=None, test=None):
    """A Dataset of (x, y) pairs; rows are numbered from 100."""
    parts = [
        None
        if pair is None
        else DataSplit(pair[0], pair[1], np.arange(100, 100 + len(pair[2] if pair[2:] else pair[0])))
        for pair in (train, validation, test)
    ]
    preprocessing = Preprocessing("array", inputs, rules)
    targets = [rule.target for rule in rules]
    return Dataset(*parts, None, targets, preprocessing.input_shapes, preprocessing, {}, [], "hash")


def pixels(count):
    return np.linspace(0, 1, count * 64, dtype=np.float32).reshape(count, 8, 8)


@pytest.fixture
def animals():
    """Three classes on 8 × 8 pictures scaled from 0 … 255; the training part has mostly cats."""
    rule = TargetEncoder("animal", "multiclass", ["0", "1", "2"], ["cat", "dog", "owl"])
    inputs = {"input": ArrayTransform((8, 8), ZERO, ZERO, np.array(255.0))}
    y = np.array([0, 0, 1, 2], np.int32)
    return dataset([rule], inputs, (pixels(5), np.array([0, 0, 0, 1, 2], np.int32)), test=(pixels(4), y))


PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.04, 0.95, 0.01], [0.01, 0.98, 0.01]])


def test_classes_are_measured_against_the_majority_of_the_training_part(animals):
    found = evaluate_dataset(animals, {"test": PROBABILITIES})
    assert found.metrics["test_accuracy"] == 0.5
    assert found.baseline == {"test_accuracy": 0.5}
    target = found.evaluation["parts"]["test"]["targets"][0]
    assert target["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert target["confused"] == [
        {"actual": "cat", "predicted": "dog", "count": 1},
        {"actual": "owl", "predicted": "dog", "count": 1},
    ]
    dog, owl = target["per_class"][1:]
    assert dog == {"class": "dog", "precision": pytest.approx(1 / 3), "recall": 1.0, "f1": 0.5, "support": 1}
    assert owl["precision"] is None, "nothing was called an owl, so its precision is not known"
    assert owl["recall"] == 0.0


def test_the_interval_of_the_accuracy_is_wilsons(animals):
    low, high = evaluate_dataset(animals, {"test": PROBABILITIES}).intervals["test_accuracy"]
    n, share, z = 4, 0.5, 1.959963984540054
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert (low, high) == pytest.approx((middle - half, middle + half))


def test_mistakes_come_most_confident_first_with_their_pictures(animals):
    samples = evaluate_dataset(animals, {"test": PROBABILITIES}).samples
    assert samples["part"] == "test"
    first, second = samples["mistakes"]
    assert (first["row"], first["actual"], first["predicted"], first["confidence"]) == (103, "owl", "dog", 0.98)
    assert second["row"] == 101
    assert first["features"] is None
    image = Image.open(io.BytesIO(base64.b64decode(first["image"].removeprefix("data:image/png;base64,"))))
    expected = np.round(255 * np.linspace(0, 1, 256)[192:]).reshape(8, 8)
    assert np.abs(np.asarray(image, float) - expected).max() <= 1


def test_examples_limits_the_mistakes(animals):
    assert len(evaluate_dataset(animals, {"test": PROBABILITIES}, examples=1).samples["mistakes"]) == 1
    assert evaluate_dataset(animals, {"test": PROBABILITIES}, examples=0).samples["mistakes"] == []


def test_one_column_of_probabilities_is_class_one():
    rule = TargetEncoder("ill", "binary", ["no", "yes"], ["no", "yes"])
    y = np.array([0, 1, 1], np.int32)
    data = dataset(
        [rule], {"input": ArrayTransform((1,), ZERO, ZERO, ONE)}, (y[:, None] * 1.0, y), (y[:, None] * 1.0, y)
    )
    found = evaluate_dataset(data, {"validation": np.array([[0.5], [0.9], [0.2]])})
    assert found.metrics["val_accuracy"] == pytest.approx(2 / 3), "0.5 is not above the threshold"
    (mistake,) = found.samples["mistakes"]
    assert (mistake["actual"], mistake["predicted"]) == ("yes", "no")
    assert mistake["confidence"] == pytest.approx(0.8)


def housing(rows=400, noise=0.5):
    """A price = 3 + 2 z, network and target in units of z; predictions are z plus noise."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=rows).astype(np.float32)
    rule = TargetEncoder("price", "regression", center=3.0, scale=2.0)
    table = TableTransform([NumberEncoder("rooms", 0.0, 5.0, 10.0), CategoryEncoder("coast", ["far", "near"])])
    x = np.stack([z, np.ones(rows), np.zeros(rows)], axis=1).astype(np.float32)
    x[0, 1:] = 0
    data = dataset([rule], {"input": table}, (x, z), test=(x, z))
    return data, (z + noise * rng.normal(size=rows)).astype(np.float32)[:, None]


def test_numbers_are_measured_in_their_own_unit():
    data, said = housing()
    found = evaluate_dataset(data, {"test": said})
    error = 2 * (said[:, 0] - data.test.y)
    assert found.metrics["test_mean_absolute_error"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert found.metrics["test_root_mean_squared_error"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert found.metrics["test_r2_score"] == pytest.approx(1 - (error**2).mean() / (4 * data.test.y.var()), rel=1e-4)
    assert found.baseline["test_r2_score"] == pytest.approx(0, abs=1e-6)
    for name, (low, high) in found.intervals.items():
        assert low < found.metrics[name] < high
    pairs = found.evaluation["parts"]["test"]["targets"][0]["pairs"]
    assert pairs["actual"][0] == pytest.approx(3 + 2 * data.test.y[0], rel=1e-5)


def test_intervals_are_the_same_every_time_and_narrower_with_more_rows():
    data, said = housing()
    once, again = (evaluate_dataset(data, {"test": said}).intervals for _ in range(2))
    assert once == again
    data, said = housing(rows=4000)
    wide, narrow = (
        np.diff(found["test_r2_score"])[0] for found in (once, evaluate_dataset(data, {"test": said}).intervals)
    )
    assert narrow < 0.6 * wide


def test_the_largest_errors_are_shown_with_raw_values():
    data, said = housing()
    said[7] += 50
    said[0] -= 30
    first, second = evaluate_dataset(data, {"test": said}, examples=2).samples["mistakes"]
    assert (first["row"], first["confidence"], first["image"]) == (107, None, None)
    assert first["features"] == {"rooms": pytest.approx(5 + 10 * data.test.x[7, 0], rel=1e-5), "coast": "far"}
    assert second["features"]["coast"] is None, "no column of the category is set"


def test_many_rows_are_thinned_for_the_plot():
    data, said = housing(rows=5000)
    assert (
        len(evaluate_dataset(data, {"test": said}).evaluation["parts"]["test"]["targets"][0]["pairs"]["actual"]) == 2000
    )


def test_several_numbers_share_a_head_and_are_measured_together_and_apart():
    rules = [TargetEncoder("a", "regression"), TargetEncoder("b", "regression", center=10.0, scale=2.0)]
    y = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], np.float32)
    inputs = {"input": ArrayTransform((2,), ZERO, ZERO, ONE)}
    found = evaluate_dataset(dataset(rules, inputs, (y, y), (y, y)), {"validation": y + np.float32(1)})
    assert found.metrics["val_mean_absolute_error"] == pytest.approx(1.5)
    assert found.metrics["val_root_mean_squared_error"] == pytest.approx(np.sqrt((1 + 4) / 2))
    apart = [target["metrics"]["mean_absolute_error"] for target in found.evaluation["parts"]["validation"]["targets"]]
    assert apart == [pytest.approx(1.0), pytest.approx(2.0)]


def test_several_heads_carry_their_names():
    rules = [TargetEncoder("kind", "binary", ["a", "b"], ["a", "b"]), TargetEncoder("size", "regression", scale=2.0)]
    x, y = np.zeros((4, 3), np.float32), {"kind": np.array([0, 1, 1, 1]), "size": np.arange(4, dtype=np.float32)}
    data = dataset(rules, {"input": ArrayTransform((3,), ZERO, ZERO, ONE)}, (x, y), test=(x, y))
    found = evaluate_dataset(data, {"test": {"kind": np.array([0.1, 0.9, 0.9, 0.1]), "size": np.arange(4.0)}})
    assert found.metrics["test_kind_accuracy"] == 0.75
    assert found.metrics["test_size_mean_absolute_error"] == 0
    assert found.baseline["test_kind_accuracy"] == 0.75
    assert "test_size_r2_score" in found.intervals


def test_facts_are_json_without_nan_even_for_constant_targets_and_broken_predictions():
    data, said = housing(rows=5)
    data.test.y[:] = 1
    said[2] = np.nan
    found = evaluate_dataset(data, {"test": said})
    text = json.dumps([found.evaluation, found.samples, found.metrics, found.intervals], allow_nan=False)
    assert "mean_absolute_error" in text
    assert found.metrics["test_r2_score"] is None


def test_every_part_that_was_predicted_is_measured(animals):
    found = evaluate_dataset(animals, {"train": np.eye(3)[animals.train.y], "test": PROBABILITIES})
    assert (found.metrics["accuracy"], found.metrics["test_accuracy"]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [((28, 28), True), ((32, 32, 3), True), ((8, 8, 1), True), ((64,), False), ((3, 100), False), ((9, 9, 2), False)],
)
def test_what_is_a_picture(shape, verdict):
    assert is_image(np.zeros(shape)) is verdict


def test_large_pictures_are_made_small_and_dim_ranges_stretched():
    image = Image.open(io.BytesIO(base64.b64decode(png_data_url(np.full((500, 300, 3), 200.0)).partition(",")[2])))
    assert (image.size, image.mode) == ((58, 96), "RGB")
    image = Image.open(io.BytesIO(base64.b64decode(png_data_url(np.arange(16.0).reshape(4, 4)).partition(",")[2])))
    assert image.getextrema() == (0, 255)
    png_data_url(np.full((8, 8), 3.0))
