"""Tables larger than memory: encoded once into files, with the numbers of the same table read whole."""

import errno

import numpy as np
import pandas as pd
import pytest

from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data import column_store, disk_cache, loading, preprocessing
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.errors import InputError

ROWS = 500


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """A machine of little memory, so that every column is a group of its own and there are several blocks."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras_home"))
    monkeypatch.setattr(column_store, "host_memory_bytes", lambda: 1)
    monkeypatch.setattr(preprocessing, "STORED_ROWS_BLOCK", 64)


def table(path, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "price": random.lognormal(size=ROWS),
            "rooms": random.integers(1, 9, ROWS),
            "city": random.choice(["Rom", "Bonn", "", "Übersee"], ROWS),
            "garden": random.choice([True, False], ROWS),
            "score": [f"{value:.3f}" for value in random.normal(size=ROWS)],
            "row": np.arange(ROWS),
            "kind": random.choice(["house", "flat"], ROWS),
        }
    )
    frame.loc[3, "price"] = np.nan
    frame.loc[11, "score"] = "unknown"
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return str(path)


def both(source, **more):
    return [loading.load(DataConfig(source=source, target="kind", stream=stream, **more)) for stream in (False, True)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_rows_are_those_of_the_table_read_whole(tmp_path, suffix):
    whole, later = both(table(tmp_path / f"homes.{suffix}"), test=SplitConfig(fraction=0.2))
    assert whole.hash == later.hash
    assert whole.input_shapes == later.input_shapes
    assert [str(one) for one in whole.warnings] == [str(one) for one in later.warnings]
    for name, part in later.splits.items():
        assert isinstance(part.x, LazyRows) and part.x.nbytes == 0
        np.testing.assert_array_equal(part.x[:], whole.splits[name].x)
        np.testing.assert_array_equal(part.y, whole.splits[name].y)
        np.testing.assert_array_equal(part.rows, whole.splits[name].rows)
    for key in ("features", "left_out", "targets"):
        assert whole.profile[key] == later.profile[key]


def test_an_index_of_pandas_is_no_column(tmp_path):
    path = tmp_path / "homes.parquet"
    table(path)
    frame = pd.read_parquet(path)
    frame.set_index(frame.pop("rooms")[::-1]).to_parquet(path)
    whole, later = both(str(path))
    assert whole.profile["features"] == later.profile["features"]
    np.testing.assert_array_equal(later.train.x[:], whole.train.x)


def test_rows_are_taken_in_the_order_asked_for(tmp_path):
    path = tmp_path / "homes.csv"
    table(path)
    opened = column_store.store_columns(
        path, "0", ["row", "rooms"], [], 1, lambda names: pd.read_csv(path)[names], None
    )
    order = np.random.default_rng(1).permutation(ROWS)
    order = np.r_[0, order[order > 0]]  # all rows, the first one first
    np.testing.assert_array_equal(opened.take_rows(order)["row"], order)


def test_a_test_file_of_its_own_is_encoded_by_the_same_rule(tmp_path):
    source, other = table(tmp_path / "homes.csv"), table(tmp_path / "later.csv", seed=1)
    whole, later = both(source, test=SplitConfig(path=other))
    np.testing.assert_array_equal(later.test.x[:], whole.test.x)


def test_what_is_encoded_is_not_encoded_again(tmp_path, monkeypatch):
    source = table(tmp_path / "homes.csv")
    _, first = both(source)
    monkeypatch.setattr(pd, "read_csv", None)
    monkeypatch.setattr(disk_cache, "write_in_blocks", None)
    again = loading.load(DataConfig(source=source, target="kind", stream=True))
    np.testing.assert_array_equal(again.train.x[:], first.train.x[:])


def test_encoding_goes_on_where_it_was_killed(tmp_path, monkeypatch):
    source, read, block = table(tmp_path / "homes.csv"), pd.read_csv, column_store.ColumnStore.block
    whole = loading.load(DataConfig(source=source, target="kind", stream=False))
    columns, started, deaths = [], [], {"column": 4, "row": 256}

    def reading(*arguments, **options):
        columns.append(options["usecols"])
        if len(columns) == deaths.get("column"):
            raise KeyboardInterrupt
        return read(*arguments, **options)

    def encoding(self, start, end, names):
        started.append(start)
        if start == deaths.get("row"):
            raise KeyboardInterrupt
        return block(self, start, end, names)

    monkeypatch.setattr(pd, "read_csv", reading)
    monkeypatch.setattr(column_store.ColumnStore, "block", encoding)
    for death in ("column", "row"):
        with pytest.raises(KeyboardInterrupt):
            loading.load(DataConfig(source=source, target="kind", stream=True))
        del deaths[death]
    later = loading.load(DataConfig(source=source, target="kind", stream=True))
    assert [len(names) for names in columns] == [1] * 8 and columns[3] == columns[4]
    assert started == [0, 64, 128, 192, 256, 256, 320, 384, 448]
    np.testing.assert_array_equal(later.train.x[:], whole.train.x)


def test_another_content_takes_the_place_of_the_old_entry(tmp_path, monkeypatch):
    source = table(tmp_path / "homes.csv")
    both(source)
    folder = tmp_path / "keras_home" / "kerasdeep"
    before = set(folder.iterdir())
    table(tmp_path / "homes.csv", seed=1)
    both(source)
    assert before < set(folder.iterdir())  # this process still reads them
    for lock in disk_cache._open_locks:
        lock.close()
    disk_cache._open_locks.clear()
    table(tmp_path / "homes.csv", seed=2)
    both(source)
    assert len(list(folder.iterdir())) == len(before) and not before & set(folder.iterdir())


def test_a_full_disk_is_told_with_what_is_needed(tmp_path, monkeypatch):
    source = table(tmp_path / "homes.csv")

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.feather.write_feather", full)
    with pytest.raises(InputError, match=r"No space left on device.*KERAS_HOME"):
        loading.load(DataConfig(source=source, target="kind", stream=True))
