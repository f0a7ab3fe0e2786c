"""Files that are damaged, or no data at all: whatever is wrong is a problem of the file, and no pipe is waited for."""

import io
import os
import random
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from helpers.damage import damages, no_longer_than
from PIL import Image

from kerasdeep import data
from kerasdeep.config import load_config
from kerasdeep.data.npz_file import PickledArrayError, read_npz
from kerasdeep.errors import InputError
from kerasdeep.scaffold.data_summary import inspect_data

ROWS = 60


def config(source, **more):
    return load_config(
        {"data": {"source": str(source), "validation": 10, **more}, "network": {"layers": ["Output"]}}
    ).config


def load(source, **more):
    loaded = config(source, **more)
    return data.load(loaded.data, loaded.task)


def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"a": rng.normal(size=ROWS), "b": rng.choice(["x", "ö"], ROWS), "y": rng.choice(["no", "yes"], ROWS)}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    frame().to_csv(folder / "t.csv", index=False)
    frame().to_parquet(folder / "t.parquet")
    x = np.random.default_rng(0).normal(size=(ROWS, 3))
    np.savez_compressed(folder / "t.npz", x=x, y=(x[:, 0] > 0).astype(int))
    for name in ("one", "two"):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (8, 8), (number * 20, 0, 255)).save(folder / "pictures" / name / f"{number}.png")
    (folder / "arrays").mkdir()
    np.save(folder / "arrays" / "x.npy", x)
    np.save(folder / "arrays" / "y.npy", (x[:, 0] > 0).astype(int))
    return folder


SOURCES = {
    "t.csv": ["t.csv"],
    "t.parquet": ["t.parquet"],
    "t.npz": ["t.npz"],
    "pictures": ["pictures/one/3.png", "pictures/two/5.png"],
    "arrays": ["arrays/x.npy", "arrays/y.npy"],
}


def attempts(whole, place, seed, count):
    """How each attempt ended: None, or its error."""
    for source, files in SOURCES.items():
        for what, damage in damages(place, files, seed, count):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(whole, place)
            damage()
            with no_longer_than(10):
                try:
                    load(place / source, **({"target": "y"} if source.startswith("t.") else {}))
                except InputError as error:
                    assert str(error)
                except Exception as error:
                    raise AssertionError(f"{source}, {what}") from error


def test_damaged_files_are_read_or_refused(whole, tmp_path):
    attempts(whole, tmp_path / "place", seed=7, count=12)


@pytest.mark.fuzz
def test_many_damaged_files(whole, tmp_path):
    attempts(whole, tmp_path / "place", seed=77, count=2000)


@pytest.mark.parametrize("name", ["rot13", "hex", "base64", "uu", "quopri", "zlib", "bz2", "\0", "undefined", "ütf"])
def test_only_encodings_of_text(whole, name):
    with pytest.raises(InputError, match="is not a text encoding"):
        load(whole / "t.csv", target="y", encoding=name)


@pytest.mark.parametrize("separator", ["ab", "", "\n", "é", "[,;]", "a", '"'])
def test_a_separator_is_one_sign(whole, separator):
    with pytest.raises(InputError, match=r"one sign|separator"):
        load(whole / "t.csv", target="y", separator=separator)


@pytest.mark.parametrize("shape", [(20, 0), (20, *(1,) * 8), (20, *(1,) * 32), (20, 3, 0)])
def test_rows_that_no_network_takes(tmp_path, shape):
    np.savez(tmp_path / "t.npz", x=np.zeros(shape), y=np.arange(20) % 2)
    with pytest.raises(InputError, match="at most 6 sides"):
        load(tmp_path / "t.npz")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.xlsx", "t.parquet", "t.feather", "t.npz", "t.png"])
def test_a_pipe_is_not_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with no_longer_than(10):
        with pytest.raises(InputError):
            load(tmp_path / name, target="y")
        with pytest.raises(InputError):
            inspect_data(str(tmp_path / name))


def npz(shape, content=b"", compression=zipfile.ZIP_STORED, dtype="<f8"):
    file, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("x.npy", header.getvalue() + content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (npz((10**11,)), "shape"),
        (npz((2**62, 2**62)), "shape"),
        (npz((1,), b"12345678" * 2), "shape"),
        (b"no zip", "not a sound"),
        (npz((2,), b"0" * 16)[:-40], "not a sound"),
    ],
)
def test_what_a_header_claims_takes_no_memory(tmp_path, content, problem):
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(ValueError, match=problem):
        read_npz(tmp_path / "t.npz")


@pytest.mark.parametrize(("offset", "value"), [("flag", 1), ("method", 9)])
def test_a_zip_that_python_cannot_open(tmp_path, offset, value):
    """Encrypted, and Deflate64."""
    with zipfile.ZipFile(tmp_path / "t.csv.zip", "w") as archive:
        archive.writestr("t.csv", "a,y\n1,0\n")
    content = bytearray((tmp_path / "t.csv.zip").read_bytes())
    directory = content.index(b"PK\1\2")
    for place in {"flag": (6, directory + 8), "method": (8, directory + 10)}[offset]:
        content[place] = value
    (tmp_path / "t.csv.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"encrypted|compression"):
        load(tmp_path / "t.csv.zip", target="y")


def test_arrays_of_any_plain_type_are_read(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array("ö"), "c": np.zeros((0, 3)), "d": np.array([True])}
    np.savez(tmp_path / "t.npz", **arrays, e=np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    found = read_npz(tmp_path / "t.npz", 10_000)
    assert all((found[name] == array).all() and found[name].dtype == array.dtype for name, array in arrays.items())
    with pytest.raises(ValueError, match="more than 0 MiB"):
        read_npz(tmp_path / "t.npz", 100)
    np.savez(tmp_path / "p.npz", x=np.array([{}]))
    with pytest.raises(PickledArrayError):
        read_npz(tmp_path / "p.npz")


def test_files_with_names_of_any_bytes(whole, tmp_path):
    shutil.copytree(whole / "pictures", tmp_path / "pictures")
    odd = tmp_path / "pictures" / "one" / "\udcff\udcfe.png"
    shutil.copy(tmp_path / "pictures" / "one" / "1.png", odd)
    assert len(load(tmp_path / "pictures").train.rows) == 15


def test_a_csv_that_stops_being_text(tmp_path):
    rng = random.Random(0)
    lines = "".join(f"{n},{rng.random()},{n % 2}\n" for n in range(9000))
    (tmp_path / "t.csv").write_bytes(b"a,b,y\n" + lines.encode() + b"1,\xff\xfe,0\n")
    with pytest.raises(InputError, match=r"t\.csv"):
        load(tmp_path / "t.csv", target="y", encoding="utf-8")


def test_init_names_a_table_that_stops_being_one(tmp_path):
    """UTF-16 by its mark, cut off in the middle of a letter."""
    (tmp_path / "t.csv").write_bytes(("a,y\n" + "1,0\n" * 40_000).encode("utf-16")[:-1])
    with pytest.raises(InputError, match=r"t\.csv"):
        inspect_data(str(tmp_path / "t.csv"))
