"""Windows over rows in order of time: as cut by hand, each in one part, never across groups."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig, WindowConfig
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.data.types import INPUT, RawSplit
from kerasdeep.data.windows import Window, cut_windows, past_values
from kerasdeep.errors import InputError, Problems

WINDOW = WindowConfig(length=6, horizon=3)
PARTS = ("train", "validation", "test")


def series(rows=80, stores=("north", "south"), seed=0):
    """Rows of several stores, all mixed up: the time says in which order they belong."""
    rng = np.random.default_rng(seed)
    frames = []
    for store in stores:
        days = pd.date_range("2024-01-01", periods=rows, freq="D").strftime("%Y-%m-%d")
        sales = (10 + np.sin(np.arange(rows)) + rng.normal(size=rows) / 9).round(3)
        prices = rng.normal(size=rows).round(3)
        frames.append(pd.DataFrame({"day": days, "store": store, "price": prices, "sales": sales}))
    return pd.concat(frames).sample(frac=1, random_state=seed).reset_index(drop=True)


@pytest.fixture
def load(tmp_path):
    def load_table(frame, fitted=None, **settings):
        path = tmp_path / "table.csv"
        frame.to_csv(path, index=False)
        parts = {"validation": SplitConfig(fraction=0.2), "test": SplitConfig(fraction=0.2)}
        defaults = {"target": ["sales"], "time": "day", "group": "store", "window": WINDOW}
        return data.load(DataConfig(source=str(path), **parts | defaults | settings), fitted_preprocessing=fitted)

    return load_table


def standardized(dataset, name, values):
    encoder = next(e for e in dataset.preprocessing.inputs[INPUT].encoders if e.name == name)
    return (values - encoder.offset) / encoder.scale


def cut_by_hand(frame, length, horizon, stride, days):
    """{(store, day of the last row): (inputs, labels)} of windows with all their labels in these days."""
    found = {}
    for store, rows in frame.groupby("store"):
        rows = rows.sort_values("day")
        for start in range(0, len(rows) - length - horizon + 1, stride):
            seen, next_rows = rows.iloc[start : start + length], rows.iloc[start + length : start + length + horizon]
            if set(next_rows.day) <= days:
                found[store, seen.day.iloc[-1]] = seen[["price", "sales"]].to_numpy(), next_rows.sales.to_numpy()
    return found


@pytest.mark.parametrize("stride", [1, 4])
def test_windows_are_those_cut_by_hand(load, stride):
    frame = series()
    dataset = load(frame, window=replace(WINDOW, stride=stride))
    days = sorted(set(frame.day))
    parts = {"train": days[:48], "validation": days[48:64], "test": days[64:]}
    encoder = dataset.preprocessing.targets[0]
    for name, own in parts.items():
        expected, split = cut_by_hand(frame, 6, 3, stride, set(own)), dataset.splits[name]
        keys = [(frame.store[row], frame.day[row]) for row in split.rows]
        assert sorted(keys) == sorted(expected) and len(keys) > 4
        for column, feature in enumerate(("price", "sales")):
            seen = standardized(dataset, feature, np.stack([expected[key][0][:, column] for key in keys]))
            np.testing.assert_allclose(np.asarray(split.x)[..., column], seen, atol=1e-5)
        np.testing.assert_allclose(encoder.decode(split.y), [expected[key][1] for key in keys], atol=1e-5)
    assert dataset.input_shapes == {"input": (6, 2)} and dataset.targets[0].units == 3


def test_no_row_is_a_label_in_two_parts_and_none_is_before_what_was_learnt():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rows, groups = int(rng.integers(60, 200)), int(rng.integers(1, 5))
        window = Window(*(int(rng.integers(1, most)) for most in (9, 6, 4)), "t", "g")
        time = rng.permutation(rows).astype(float)
        group = rng.integers(0, groups, rows)
        split = RawSplit(
            pd.DataFrame({"t": time, "g": group, "row": np.arange(rows)}), {"row": np.arange(rows)}, np.arange(rows)
        )
        split.roles |= {"time": time, "group": group}
        cuts = [0, int(0.5 * rows), int(0.75 * rows), rows]
        parts = [np.flatnonzero((time >= low) & (time < high)) for low, high in pairwise(cuts)]
        cut = list(cut_windows(split, window, dict(enumerate(parts)), Problems(), None).values())
        labels = [set(part.y["row"].ravel()) for part in cut]
        assert not (labels[0] & labels[1] or labels[0] & labels[2] or labels[1] & labels[2])
        for part, own, end in zip(cut, labels, cuts[1:], strict=True):
            seen = part.x.table["row"].to_numpy()[part.x.starts[:, None] + np.arange(window.length)]
            both = np.concatenate([seen, part.y["row"]], axis=1)
            assert all(len(set(group[one])) == 1 for one in both)
            assert (np.diff(time[both], axis=1) > 0).all()
            assert all(time[row] < end for row in {*own, *seen.ravel()})
            np.testing.assert_array_equal(part.rows, seen[:, -1])


def test_by_group_whole_series_are_held_out(load):
    by_group = {key: SplitConfig(fraction=0.25, by="group") for key in ("validation", "test")}
    frame = series(40, "abcdefgh")
    dataset = load(frame, **by_group)
    stores = [set(frame.store[dataset.splits[name].rows]) for name in PARTS]
    assert sum(map(len, stores)) == len(set.union(*stores)) == 8
    assert [len(dataset.splits[name]) for name in PARTS] == [len(own) * (40 - 6 - 3 + 1) for own in stores]


def test_rows_are_kept_once_whether_or_not_they_are_read_from_a_file(load):
    frame = series()
    lazy, in_memory, stored = load(frame), load(frame, stream=False), load(frame, stream=True)
    assert isinstance(lazy.train.x, LazyRows) and isinstance(in_memory.train.x, np.ndarray)
    assert lazy.train.x.nbytes <= 96 * 2 * 4 < in_memory.train.x.nbytes  # 96 rows of two numbers
    for name in PARTS:
        for other in (in_memory, stored):
            np.testing.assert_array_equal(np.asarray(lazy.splits[name].x), np.asarray(other.splits[name].x))
            np.testing.assert_array_equal(lazy.splits[name].y, other.splits[name].y)


def test_the_past_of_a_target_is_found_among_the_features(load):
    dataset = load(series(), target_scaling="none")
    past = past_values(dataset.preprocessing.inputs[INPUT], dataset.preprocessing.targets[0])(dataset.train.x[:])
    np.testing.assert_allclose(past[:, -1], series().sales[dataset.train.rows], atol=1e-4)


def test_several_targets_have_an_output_each_and_a_limit_counts_windows(load):
    dataset = load(series(), target=["sales", "price"], limit=7)
    assert len(dataset.train) == 7 and {name: y.shape for name, y in dataset.train.y.items()} == {
        "sales": (7, 3),
        "price": (7, 3),
    }


def test_other_rows_for_a_network_have_windows_of_its_length(load):
    frame = series(stores=tuple("abcdefghij"))
    fitted = load(frame).preprocessing
    for window in (None, replace(WINDOW, length=WINDOW.length + 1)):
        with pytest.raises(InputError, match="Expected the run's own `length`"):
            load(frame, fitted=fitted, window=window)


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (lambda frame: frame.drop(columns="day"), {}, "no column 'day'"),
        (lambda frame: frame, {"group": None}, "the same in rows .*Expected one row at each time, or `data.group`"),
        (lambda frame: pd.concat([frame, frame.iloc[[5]]]), {}, "the same in rows 5 and 160 of the group"),
        (lambda frame: frame, {"window": WindowConfig(length=90)}, "longest group has 80 rows, and a window takes 91"),
        (lambda frame: frame, {"window": WindowConfig(length=9, horizon=20)}, "validation part has no window"),
        (
            lambda frame: pd.concat([frame.head(3).assign(y=None), frame, frame.iloc[[5]]]),
            {"drop_unlabelled": True},
            "the same in rows 8 and 163 of the group",
        ),
        (lambda frame: frame.assign(day="soon"), {}, "not a date"),
    ],
)
def test_what_cannot_be_cut_is_said(load, change, settings, words):
    with pytest.raises(InputError, match=words):
        load(change(series()), **settings)


def test_what_is_done_to_rows_is_said(load):
    frame = series()
    frame = frame[(frame.store == "north") | (frame.day < "2024-01-08")]
    frame = frame[(frame.day < "2024-02-01") | (frame.day > "2024-02-09")]
    warnings = {warning.name: warning.message for warning in load(frame).warnings}
    assert "are put in it" in warnings["unsorted-rows"]
    assert "1 of 2 groups have fewer than 9 rows" in warnings["short-groups"]
    assert "Between 1 of" in warnings["gaps-in-time"]
    one_day = series()
    one_day = one_day[one_day.day != "2024-02-01"]
    assert "Between 2 of 156" in {warning.name: warning.message for warning in load(one_day).warnings}["gaps-in-time"]
    in_order = load(series().sort_values(["store", "day"])).warnings
    assert not {"unsorted-rows", "gaps-in-time"} & {warning.name for warning in in_order}
