"""Files that people have, compressed, Excel, JSON lines, Arrow, without names, on the Hub: each gives a CSV's rows."""

import bz2
import gzip
import lzma
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

from kerasdeep import data
from kerasdeep.config import load_config
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data import sources
from kerasdeep.data.table_header import read_header
from kerasdeep.errors import InputError
from kerasdeep.scaffold import draft_config

ROWS = 40
FRAME = pd.DataFrame(
    {
        "size": np.arange(ROWS) / 8,
        "colour": ["red", "blue", "green", None] * (ROWS // 4),
        "count": np.random.default_rng(0).integers(0, 99, ROWS),
        "y": ["a", "b"] * (ROWS // 2),
    }
)


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner/rows.csv", FRAME.to_csv(index=False))
        archive.writestr("__MACOSX/rows.csv", "x")


def write_stream(path):
    table = pa.Table.from_pandas(FRAME)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


CSV = FRAME.to_csv(index=False).encode()
LINES = FRAME.to_json(orient="records", lines=True).encode()
WRITERS = {
    "rows.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV)),
    "rows.csv.bz2": lambda path: path.write_bytes(bz2.compress(CSV)),
    "rows.csv.xz": lambda path: path.write_bytes(lzma.compress(CSV)),
    "rows.csv.zip": write_zip,
    "rows.jsonl": lambda path: path.write_bytes(LINES),
    "rows.jsonl.gz": lambda path: path.write_bytes(gzip.compress(LINES)),
    "rows.xlsx": lambda path: FRAME.to_excel(path, index=False),
    "rows.feather": lambda path: FRAME.to_feather(path),
    "rows.arrow": write_stream,
    "rows.parquet": lambda path: FRAME.to_parquet(path),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "rows.csv"
    path.write_bytes(CSV)
    return data.load(DataConfig(source=str(path), target=["y"]))


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path, monkeypatch, expected, name):
    monkeypatch.chdir(tmp_path)
    WRITERS[name](tmp_path / name)
    path, found = draft_config(name)
    assert path.name == "rows.yaml"
    written = load_config(path).config.data
    assert (written.target, found.target_reason) == (["y"], "it is called so")
    assert not sources.check_sources(written)
    loaded = data.load(DataConfig(source=name, target=["y"], stream=name == "rows.csv.gz"))
    np.testing.assert_allclose(loaded.train.x[:], expected.train.x, rtol=1e-6)
    np.testing.assert_array_equal(loaded.train.y, expected.train.y)
    rows = data.read_for_prediction(loaded.preprocessing, name, labels=True)
    np.testing.assert_array_equal(
        data.transform_inputs(loaded.preprocessing, rows.x)[loaded.train.rows], loaded.train.x
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08 no such thing" * 9)
    with pytest.raises(InputError, match=name):
        data.load(DataConfig(source=str(tmp_path / name), target=["y"]))


def test_a_file_that_ends_early_and_an_archive_of_two_tables(tmp_path):
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(CSV)[:-40])
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, "x,y\n")
    for name, reason in (("rows.csv.gz", "ended before"), ("rows.zip", "holds 2 files")):
        with pytest.raises(InputError, match=reason):
            data.load(DataConfig(source=str(tmp_path / name), format="csv", target=["y"]))
    (tmp_path / "rows.jsonl").write_text('{"y": 1}\n[3]\n')
    with pytest.raises(InputError, match="line 2: expected an object, found a list"):
        data.load(DataConfig(source=str(tmp_path / "rows.jsonl"), target=["y"]))


@pytest.mark.parametrize(
    ("lines", "in_first_line"),
    [
        (["5.1,3.5,setosa", "4.9,3.0,setosa", "6.2,2.8,virginica"], False),
        (["a,b,c", "4.9,3.0,setosa"], True),
        (["Anna,23", "Ben,31", "Cleo,44"], False),
        (["country,2019,2020,2021", "Chad,1,2,9", "Mali,3,4,4"], True),
        (["0,1,2", "3,9,1", "2,2,8"], True),
        (["7,1,9", "3,9,1", "2,2,8"], False),
        (["name,city", "Anna,Rome"], True),
        (["n", "1", "2"], True),
    ],
)
def test_whether_the_first_line_has_names(lines, in_first_line):
    assert read_header([line.split(",") for line in lines], "auto").in_first_line == in_first_line


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_file_without_names(tmp_path, monkeypatch, expected, suffix):
    monkeypatch.chdir(tmp_path)
    write = {"csv": FRAME.to_csv, "xlsx": FRAME.to_excel}[suffix]
    write(f"rows.{suffix}", index=False, header=False)
    path, found = draft_config(f"rows.{suffix}")
    assert "header: none" in path.read_text()
    assert any("is read as a row" in warning for warning in found.data_warnings)
    section = load_config(path).config.data
    assert section.target == ["column_4"]
    loaded = data.load(DataConfig(source=f"rows.{suffix}", target=["column_4"]))
    np.testing.assert_allclose(loaded.train.x, expected.train.x, rtol=1e-6)
    FRAME.drop(columns="y").to_csv("new.csv", index=False, header=False)
    rows = data.read_for_prediction(loaded.preprocessing, "new.csv")
    np.testing.assert_allclose(data.transform_inputs(loaded.preprocessing, rows.x)[loaded.train.rows], loaded.train.x)
    FRAME[["size"]].assign(x=1).to_csv("other.csv", index=False, header=False)
    with pytest.raises(InputError, match="2 columns without names"):
        data.read_for_prediction(loaded.preprocessing, "other.csv")


def test_cells_beside_an_excel_table_and_labels_that_look_missing(tmp_path):
    colour = [row % 7 if row % 2 else "NA" for row in range(ROWS)]
    frame = FRAME.assign(y=["NA", "None"] * (ROWS // 2), day=pd.Timestamp("2024-01-01"), colour=colour)
    frame.loc[len(frame) + 30, "day"] = pd.NaT  # blank rows
    frame.to_excel(tmp_path / "rows.xlsx", index=False)
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    book.active.cell(300, 90, "a note")
    book.save(tmp_path / "rows.xlsx")
    loaded = data.load(DataConfig(source=str(tmp_path / "rows.xlsx"), target=["y"], validation=None))
    assert [target.classes for target in loaded.targets] == [["NA", "None"]]
    assert (len(loaded.train), loaded.preprocessing.inputs["input"].columns) == (ROWS, ["size", "colour", "count"])
    assert loaded.preprocessing.inputs["input"].feature_names == ["size", "colour", "colour:missing", "count"]


def test_columns_of_one_name_are_told_apart(tmp_path):
    (tmp_path / "rows.csv").write_text(
        "x,x,x_2,y\n" + "".join(f"{i / 3},{i * i},{-i % 5},{i % 2}\n" for i in range(30))
    )
    loaded = data.load(DataConfig(source=str(tmp_path / "rows.csv"), target=["y"]))
    assert loaded.preprocessing.inputs["input"].columns == ["x", "x_3", "x_2"]
    assert any("'x' as 'x_3'" in str(warning) for warning in loaded.warnings)


@pytest.mark.parametrize("format", ["parquet", "feather"])
def test_an_index_with_a_name_is_a_column(tmp_path, format):
    indexed = FRAME.set_index("count")
    path = tmp_path / f"rows.{format}"
    if format == "parquet":
        indexed.to_parquet(path)
    else:
        pa.feather.write_feather(pa.Table.from_pandas(indexed), path)
    loaded = data.load(DataConfig(source=str(path), target=["y"]))
    assert set(loaded.preprocessing.inputs["input"].columns) == {"size", "colour", "count"}


def test_a_table_on_the_hub(tmp_path, monkeypatch, expected):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    source = "hf://datasets/me/rows/data/rows.parquet"
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"kerasdeep\[hub\]"):
        data.load(DataConfig(source=source, target=["y"]))
    asked = []

    class HfFileSystem:
        def get_file(self, remote, local):
            asked.append(remote)
            FRAME.to_parquet(local)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(HfFileSystem=HfFileSystem))
    path, _ = draft_config(source)
    section = load_config(path).config.data
    assert section.source == source
    assert not sources.check_sources(section)
    loaded = data.load(DataConfig(source=source, target=["y"]))
    np.testing.assert_allclose(loaded.train.x, expected.train.x, rtol=1e-6)
    assert asked == ["datasets/me/rows/data/rows.parquet"]
