"""Folders of `.npy` files, streamed or read whole: the same rows, prepared by the same rule."""

import numpy as np
import pytest

from kerasdeep.config.sections.data import DataConfig, ImageConfig, SplitConfig
from kerasdeep.data import fitting, hardware, loading, streaming
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.errors import InputError


def folder(path, kind="pictures"):
    path.mkdir()
    random = np.random.default_rng(0)
    for part, rows in (("train", 300), ("test", 40)):
        pictures = random.integers(0, 256, (rows, 6, 6), np.uint8)
        np.save(path / f"x_{part}.npy", pictures if kind == "pictures" else random.normal(size=(rows, 5)))
        np.save(path / f"y_{part}.npy", random.integers(0, 3, rows))
    return str(path)


@pytest.mark.parametrize("kind", ["pictures", "numbers"])
@pytest.mark.parametrize("scaling", ["auto", "standardize", "minmax", "robust", "unit", "none"])
def test_streamed_parts_hold_the_rows_of_those_in_memory(tmp_path, kind, scaling):
    source = folder(tmp_path / "set", kind)
    whole, later = (loading.load(DataConfig(source=source, scaling=scaling, stream=stream)) for stream in (False, True))
    assert whole.hash == later.hash and list(whole.splits) == ["train", "validation", "test"]
    for name, part in later.splits.items():
        assert isinstance(part.x, LazyRows) and part.x.nbytes == 0
        np.testing.assert_array_equal(part.x[:], whole.splits[name].x)
        np.testing.assert_array_equal(part.y, whole.splits[name].y)


def test_rows_are_streamed_where_they_take_more_than_half_of_the_memory(tmp_path, monkeypatch):
    source = folder(tmp_path / "set")
    taken = 340 * 36 * 4
    for memory, expected in ((2 * taken, False), (2 * taken - 2, True)):
        monkeypatch.setattr(streaming, "host_memory_bytes", lambda memory=memory: memory)
        dataset = loading.load(DataConfig(source=source))
        assert isinstance(dataset.train.x, LazyRows) is expected is dataset.profile["stream"]["streamed"]


def test_a_validation_folder_of_its_own_is_streamed_too(tmp_path):
    source, other = folder(tmp_path / "set"), folder(tmp_path / "other")
    dataset = loading.load(DataConfig(source=source, validation=SplitConfig(path=other), stream=True))
    assert isinstance(dataset.validation.x, LazyRows) and len(dataset.validation) == 300


def test_pictures_are_resized_as_they_are_read(tmp_path):
    source = folder(tmp_path / "set")
    image = ImageConfig(size=[4, 4])
    whole, later = (loading.load(DataConfig(source=source, image=image, stream=stream)) for stream in (False, True))
    assert later.input_shapes == {"input": (4, 4)}
    np.testing.assert_array_equal(later.train.x[:], whole.train.x)


def test_missing_numbers_get_the_median_of_their_column(tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "MAX_COLUMN_GROUP_BYTES", 2 * 8 * 300)
    source = folder(tmp_path / "set", "numbers")
    x = np.load(tmp_path / "set" / "x_train.npy")
    x[7, 2] = x[8, 4] = np.nan
    np.save(tmp_path / "set" / "x_train.npy", x)
    whole, later = (loading.load(DataConfig(source=source, stream=stream, validation=None)) for stream in (False, True))
    np.testing.assert_array_equal(later.train.x[:], whole.train.x)
    rules = [dataset.preprocessing.inputs["input"] for dataset in (whole, later)]
    np.testing.assert_array_equal(rules[0].fill, rules[1].fill)
    assert rules[0].fill.shape == (5,)


def test_a_built_in_table_lies_in_memory():
    with pytest.raises(InputError, match="built-in table, which lies in memory"):
        loading.load(DataConfig(source="iris", stream=True))


def test_a_file_that_is_no_npy_is_named(tmp_path):
    source = folder(tmp_path / "set")
    (tmp_path / "set" / "x_train.npy").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"\.npy"):
        loading.load(DataConfig(source=source))


def test_rows_that_are_too_many_for_the_card_go_there_in_chunks(tmp_path):
    section = DataConfig(source=folder(tmp_path / "set"))
    dataset = loading.load(section)
    wanted = dataset.train.x.nbytes + dataset.validation.x.nbytes
    assert streaming.stream_if_exceeds_device(dataset, section, None) is dataset
    assert streaming.stream_if_exceeds_device(dataset, section, 2 * wanted) is dataset
    small = streaming.stream_if_exceeds_device(dataset, section, 2 * wanted - 2)
    assert small.profile["stream"]["streamed"] and "of the card's" in small.profile["stream"]["reason"]
    for name, part in small.splits.items():
        assert isinstance(part.x, LazyRows)
        np.testing.assert_array_equal(part.x[:], dataset.splits[name].x)
    held = loading.load(DataConfig(source=section.source, stream=False))
    assert streaming.stream_if_exceeds_device(held, DataConfig(source=section.source, stream=False), 1) is held


@pytest.mark.parametrize(("said", "expected"), [("81920\n40960\n", 40960 << 20), ("[N/A]\n", None)])
def test_the_driver_says_how_much_memory_the_card_has(tmp_path, monkeypatch, said, expected):
    program = tmp_path / "nvidia-smi"
    (tmp_path / "said").write_text(said)
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert hardware.gpu_memory_bytes() == expected
