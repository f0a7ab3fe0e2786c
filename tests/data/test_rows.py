"""Rows of one group, in order of time, of a weight, or without a target: what each is held out by, and what counts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data, modeling, training
from kerasdeep.config import load_config
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.splitters import SPLITTERS, RowKeys
from kerasdeep.errors import InputError
from kerasdeep.inference.predictor import Predictor

PARTS = ("train", "validation", "test")


def table(rows=240, seed=0, **columns):
    rng = np.random.default_rng(seed)
    numbers = {"a": rng.normal(size=rows), "b": rng.normal(size=rows)}
    customers = [f"c{number}" for number in rng.integers(0, 40, rows)]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), "D")
    labels = rng.permuted(np.resize(["no", "yes"], rows))
    own = {"customer": customers, "day": days.strftime("%Y-%m-%d"), "w": rng.integers(0, 4, rows), "y": labels}
    return pd.DataFrame(numbers | own | columns)


@pytest.fixture
def load(tmp_path):
    def load_table(frame, **settings):
        path = tmp_path / f"table_{abs(hash(frame.to_csv()))}.csv"
        frame.to_csv(path, index=False)
        settings = {"validation": SplitConfig(fraction=0.2), "test": SplitConfig(fraction=0.2)} | settings
        return data.load(DataConfig(source=str(path), target=["y"], **settings))

    return load_table


def by(name, fraction=0.2):
    return {key: SplitConfig(fraction=fraction, by=name) for key in ("validation", "test")}


def test_no_group_on_both_sides_and_no_later_row_before_an_earlier_one():
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(10, 300))
        keys = RowKeys(*(rng.integers(0, rng.integers(1, most), count) for most in (4, 60, 60)))
        rows = np.sort(rng.permutation(count)[: count - 2])
        size = max(1, round(len(rows) * rng.uniform(0.05, 0.6)))
        held_out, rest = SPLITTERS["group"].hold_out(rows, size, keys, seed)
        assert not set(keys.group[held_out]) & set(keys.group[rest])
        np.testing.assert_array_equal(np.sort(np.concatenate([held_out, rest])), rows)
        assert len(rest) and bool(len(held_out)) == (len(set(keys.group[rows])) > 1)
        held_out, rest = SPLITTERS["time"].hold_out(rows, size, keys, seed)
        np.testing.assert_array_equal(np.sort(np.concatenate([held_out, rest])), rows)
        assert len(rest) and bool(len(held_out)) == (len(set(keys.time[rows])) > 1)
        assert not len(held_out) or keys.time[held_out].min() > keys.time[rest].max()


def test_groups_are_held_out_whole_near_the_size_and_share_of_classes(load):
    frame = table()
    loaded = load(frame, group="customer")
    groups = [set(frame.customer[getattr(loaded, part).rows]) for part in PARTS]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    assert [len(getattr(loaded, part)) for part in PARTS] == pytest.approx([144, 48, 48], abs=3)
    assert all(0.4 < getattr(loaded, part).y.mean() < 0.6 for part in PARTS)
    assert "customer" not in [feature["name"] for feature in loaded.profile["features"]]
    again, other = load(frame, group="customer"), load(frame, group="customer", seed=1)
    np.testing.assert_array_equal(loaded.test.rows, again.test.rows)
    assert not np.array_equal(loaded.test.rows, other.test.rows)


@pytest.mark.parametrize("times", ["days", "numbers", "dates of two kinds"])
def test_the_latest_rows_are_held_out_and_ties_stay_together(load, times):
    frame = table()
    day = pd.to_datetime(frame.day)
    if times == "numbers":
        frame["day"] = day.dt.day_of_year / 7
    elif times == "dates of two kinds":
        frame.loc[::2, "day"] = day[::2].dt.strftime("%Y-%m-%dT00:00:00")
    loaded = load(frame, time="day")
    train, validation, test = (day[getattr(loaded, part).rows] for part in PARTS)
    assert train.max() < validation.min() and validation.max() < test.min()
    assert len(test) == pytest.approx(48, abs=4)
    assert [feature["name"] for feature in loaded.profile["features"]] == ["a", "b", "customer", "w"]


def test_time_is_a_feature_where_features_says_so(load):
    loaded = load(table(day=np.arange(240)), time="day", features=["a", "day"])
    assert [feature["name"] for feature in loaded.profile["features"]] == ["a", "day"]


def test_a_stated_way_beats_auto_and_random_is_as_ever(load):
    frame = table()
    plain = load(frame.drop(columns=["customer", "day"]))
    random = load(frame, group="customer", time="day", **by("random"))
    np.testing.assert_array_equal(plain.test.rows, random.test.rows)
    latest = load(frame, group="customer", time="day", **by("time"))
    assert frame.day[latest.train.rows].max() < frame.day[latest.test.rows].min()


def test_one_group_or_one_time_cannot_be_split(load):
    for role in ("group", "time"):
        with pytest.raises(InputError, match=f"by {role}.*same 'k'"):
            load(table(k=7), **{role: "k"})


@pytest.mark.parametrize("settings", [{"group": "customer"}, {"time": "day"}, {"weight": "w"}])
def test_streamed_rows_are_split_and_weighted_to_the_same_bits(load, settings):
    frame = table()
    lazy, plain = (
        load(frame, stream=stream, drop=["customer"][: "group" not in settings], **settings) for stream in (True, False)
    )
    for part in PARTS:
        one, other = getattr(lazy, part), getattr(plain, part)
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.x[np.arange(len(one))], other.x)
        np.testing.assert_array_equal(one.weight, other.weight)


def test_rows_without_a_target_are_refused_with_the_cure_or_dropped(load):
    frame = table()
    frame.loc[[3, 8], "y"] = None
    with pytest.raises(InputError, match=r"row 3, 8.*drop_unlabelled: true"):
        load(frame)
    loaded, without = load(frame, drop_unlabelled=True), load(frame.drop(index=[3, 8]))
    np.testing.assert_array_equal(loaded.train.x, without.train.x)
    assert not {3, 8} & {row for part in PARTS for row in getattr(loaded, part).rows}


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        ({"weight": "w"}, {"w": -1}, "'w'.*is negative.*row 5"),
        ({"weight": "w"}, {"w": None}, "'w'.*missing.*row 5"),
        ({"group": "customer"}, {"customer": None}, "'customer'.*missing.*row 5"),
        ({"time": "day"}, {"day": "soon"}, "'day'.*not a date.*row 5"),
        ({"time": "days"}, {}, "no column 'days'"),
    ],
)
def test_values_that_cannot_be_used_are_named_by_row_and_column(load, settings, change, message):
    frame = table().astype({"w": float})
    for name, value in change.items():
        frame.loc[5, name] = value
    with pytest.raises(InputError, match=message):
        load(frame, **settings)


def test_weight_0_equals_the_row_left_out_to_the_bit(load):
    frame = table()
    loaded, without = load(frame, weight="w"), load(frame[frame.w > 0], weight="w")
    for part in PARTS:
        one, other = getattr(loaded, part), getattr(without, part)
        for key in ("x", "y", "weight"):
            np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
        weights = frame.w[one.rows].to_numpy()
        np.testing.assert_allclose(one.weight, weights / weights.mean(), rtol=1e-6)
    assert [feature["name"] for feature in loaded.profile["features"]] == ["a", "b", "customer", "day"]


def test_balanced_classes_weigh_alike_together_with_the_weights_of_rows(load):
    loaded = load(table(), weight="w", class_weight="balanced")
    weights = modeling.sample_weights(loaded)
    sums = np.bincount(loaded.train.y, weights)
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-5)


@pytest.mark.slow
def test_a_group_on_both_sides_flatters_and_by_group_it_is_chance(tmp_path, monkeypatch):
    """Labels are random per customer: what is learnt at random is who the customer is."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    customer = np.repeat(np.arange(400), 6)
    features = rng.normal(size=(400, 12))[customer] + rng.normal(scale=0.05, size=(2400, 12))
    frame = pd.DataFrame(features, columns=list("abcdefghijkl")).assign(
        customer=[f"c{number}" for number in customer], w=rng.integers(0, 3, 2400), y=rng.integers(0, 2, 400)[customer]
    )
    frame.to_csv("leak.csv", index=False)
    metrics = {}
    for by in ("random", "group"):
        Path("mine.yaml").write_text(
            f"data: {{source: leak.csv, target: y, group: customer, weight: w, test: {{fraction: 0.3, by: {by}}}}}\n"
            "network: {layers: [Dense: 64, Dense: 32, Output]}\ntraining: {epochs: 30, batch_size: 32}\n"
        )
        run = training.train(load_config(Path("mine.yaml")), Path("runs"))
        metrics[by] = result = run.read_result()["metrics"]
        assert result["test_loss"] == pytest.approx(result["test_log_loss"], rel=1e-5)  # both count rows by weight
    assert metrics["random"]["test_accuracy"] > 0.7
    assert 0.36 < metrics["group"]["test_accuracy"] < 0.64  # three deviations of 120 customers
    measured = Predictor.load(run).evaluate()
    assert measured["baseline"] == run.read_result()["baseline"]
    assert measured["metrics"] == pytest.approx(result, rel=1e-5)
    again = Predictor.load(run).evaluate(frame[frame.w > 0])["metrics"]
    assert Predictor.load(run).evaluate(frame)["metrics"] == pytest.approx(again, rel=1e-6)
    with pytest.raises(InputError, match=r"weight 'w' is negative.*row 7"):
        Predictor.load(run).evaluate(frame.assign(w=np.where(np.arange(2400) == 7, -1, 1)))
