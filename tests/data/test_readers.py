"""Readers: a new file format is a module with two functions, an entry in each of two tables, and nothing else."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config import load_config
from kerasdeep.config.sections.data import FORMAT_BY_SUFFIX, FORMATS, DataConfig, SourceFormat
from kerasdeep.data.readers import READERS
from kerasdeep.data.table import TableFile, read_table, read_table_for_prediction
from kerasdeep.errors import InputError


def open_json_lines(path, location, options):
    frame = pd.read_json(path, lines=True)
    return TableFile(list(frame.columns), path.stat().st_size, lambda columns: frame[columns or list(frame.columns)])


@pytest.fixture
def json_lines(tmp_path, monkeypatch):
    """The format, and a file of it."""
    read = partial(read_table, "lines", open_json_lines)
    read_for_prediction = partial(read_table_for_prediction, open_json_lines)
    monkeypatch.setitem(FORMATS, "lines", SourceFormat("table", (".lines",)))
    monkeypatch.setitem(FORMAT_BY_SUFFIX, ".lines", "lines")
    monkeypatch.setitem(READERS, "lines", SimpleNamespace(read=read, read_for_prediction=read_for_prediction))
    frame = pd.DataFrame({"size": np.arange(60) / 7, "colour": ["red", "blue", "green"] * 20, "y": ["a", "b"] * 30})
    frame.to_json(tmp_path / "rows.lines", orient="records", lines=True)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.lines"


def test_a_new_format_is_an_entry(json_lines):
    found, expected = (
        data.load(DataConfig(source=str(path), target=["y"])) for path in (json_lines, json_lines.with_suffix(".csv"))
    )
    np.testing.assert_allclose(found.train.x, expected.train.x, rtol=1e-6)
    np.testing.assert_array_equal(found.validation.rows, expected.validation.rows)
    assert found.profile["format"] == "lines"
    rows = data.read_for_prediction(found.preprocessing, json_lines, labels=True)
    np.testing.assert_array_equal(data.transform_inputs(found.preprocessing, rows.x)[found.train.rows], found.train.x)


def test_every_format_has_a_reader():
    assert list(FORMATS) == list(READERS)


def test_rows_of_another_kind_are_refused(tmp_path, json_lines):
    found = data.load(DataConfig(source=str(json_lines), target=["y"]))
    np.savez(tmp_path / "own.npz", x=np.ones((4, 2)))
    (tmp_path / "pictures").mkdir()
    for path in (tmp_path / "own.npz", tmp_path / "pictures"):
        with pytest.raises(InputError, match="trained on table data"):
            data.read_for_prediction(found.preprocessing, path)
    digits = data.load(DataConfig(source="digits"))
    with pytest.raises(InputError, match="no column of picture files, which the model was trained on"):
        data.read_for_prediction(digits.preprocessing, json_lines.with_suffix(".csv"))


def test_validate_knows_that_a_txt_file_is_a_table(tmp_path):
    (tmp_path / "mine.yaml").write_text("version: 1\nname: mine\ndata: {source: rows.txt}\nnetwork: [Output]\n")
    with pytest.raises(InputError, match=r"data\.target. is missing"):
        load_config(tmp_path / "mine.yaml")
