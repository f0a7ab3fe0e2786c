"""Folders of pictures: parts and classes from folders, one shape for all, bad files named."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, ImageConfig, SplitConfig
from kerasdeep.data import image_decoding
from kerasdeep.data.image_decoding import decode_images
from kerasdeep.data.images import ImageFormat, image_to_array, infer_image_format, to_image_format
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.errors import InputError, SourceLocation

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras_home"))


def draw(path, shape=(8, 6), value=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full(shape, value, np.uint8) if value is not None else RANDOM.integers(0, 256, shape, np.uint8)
    Pillow.fromarray(array).save(path, **options)
    return array


def fill(root, classes=("cat", "dog"), each=12, **options):
    for name in classes:
        for number in range(each):
            draw(root / name / f"{number:02}.png", **options)
    return root


def load(path, **settings):
    return data.load(DataConfig(source=str(path), **settings))


def names(caught):
    return [problem.name for problem in caught.value.problems]


def test_folders_are_classes(tmp_path):
    root = fill(tmp_path / "pets", ("dog", "cat", "emu"))
    array = draw(root / "cat" / "00.png")
    found = load(root, validation=SplitConfig(last=3))
    assert found.targets == [data.Target("class", "multiclass", ["cat", "dog", "emu"])]
    assert found.input_shapes == {"input": (8, 6, 1)}
    np.testing.assert_array_equal(found.train.x[0, ..., 0], array.astype(np.float32) / 255)
    assert found.train.rows[0] == "cat/00.png"
    assert len(found.train) == 33


def test_numbered_folders_are_in_numeric_order(tmp_path):
    root = fill(tmp_path / "digits", tuple(str(number) for number in range(11)), each=3)
    assert load(root).targets[0].classes == [str(number) for number in range(11)]


@pytest.mark.parametrize(("validation", "test"), [("val", "test"), ("validation", "testing")])
def test_parts_above_the_classes(tmp_path, validation, test):
    for part, each in (("train", 10), (validation, 4), (test, 5)):
        fill(tmp_path / "pets" / part, each=each)
    found = load(tmp_path / "pets")
    assert [len(part) for part in found.splits.values()] == [20, 8, 10]


def test_the_default_written_out_still_means_the_source_s_own_part(tmp_path):
    for part, each in (("train", 10), ("val", 4)):
        fill(tmp_path / "pets" / part, each=each)
    written = {"validation": SourceLocation("resolved.yaml", 9, 1)}
    found = load(tmp_path / "pets", validation=SplitConfig(fraction=0.1), locations=written)
    assert [len(part) for part in found.splits.values()] == [20, 8]
    found = load(tmp_path / "pets", validation=SplitConfig(fraction=0.2), locations=written)
    assert [len(part) for part in found.splits.values()] == [16, 4]
    assert "unused-part" in [warning.name for warning in found.warnings]


def test_a_part_of_its_own_is_read_by_the_training_rule(tmp_path):
    fill(tmp_path / "pets")
    fill(tmp_path / "others", each=3, shape=(20, 20, 3))
    found = load(tmp_path / "pets", test=SplitConfig(path=str(tmp_path / "others")))
    assert found.test.x.shape == (6, 8, 6, 1)
    fill(tmp_path / "others", ("yak",), each=1)
    with pytest.raises(InputError, match="yak"):
        load(tmp_path / "pets", test=SplitConfig(path=str(tmp_path / "others")))


def test_colour_and_grey(tmp_path):
    root = fill(tmp_path / "pets")
    assert load(root, image=ImageConfig(channels=3)).input_shapes["input"] == (8, 6, 3)
    for path in root.rglob("*.png"):  # grey, but stored in colour
        Pillow.open(path).convert("RGB").save(path)
    assert load(root).input_shapes["input"] == (8, 6, 1)
    draw(root / "cat" / "colour.png", (8, 6, 3))
    assert load(root).input_shapes["input"] == (8, 6, 3)


def test_size_is_the_commonest_or_the_median_and_bounded(tmp_path):
    files = []
    for number, side in enumerate([10, 10, 10, 30, 50]):
        draw(tmp_path / f"{number}.png", (side, side))
        files.append(tmp_path / f"{number}.png")
    assert infer_image_format(files, None, "auto", "crop") == ImageFormat(10, 10, 1, "crop")
    assert infer_image_format(files[2:], None, "auto", "stretch").shape == (30, 30, 1)
    draw(tmp_path / "large.png", (1000, 500))
    assert infer_image_format([tmp_path / "large.png"], None, 3, "stretch").shape == (224, 112, 3)


def test_exif_orientation_is_applied(tmp_path):
    array = np.zeros((4, 8), np.uint8)
    array[:, 4:] = 255  # bright on the right
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter: bright at the bottom
    file = tmp_path / "turned.jpg"
    Pillow.fromarray(array).save(file, exif=exif, quality=100)
    rule = infer_image_format([file], None, "auto", "stretch")
    assert rule.shape == (8, 4, 1)
    x = decode_images([file], rule).x[0, ..., 0]
    assert x[:3].max() < 30 and x[-3:].min() > 225


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_resizing_keeps_or_changes_the_aspect_ratio(resize):
    white = Pillow.fromarray(np.full((10, 20), 255, np.uint8))
    x = image_to_array(white, ImageFormat(10, 10, 1, resize))
    assert x.shape == (10, 10, 1)
    assert (x == 0).any() == (resize == "pad")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_bytes(mode):
    deep = mode == "I;16"
    picture = Pillow.fromarray(np.full((4, 4), 200 * 256 if deep else 200, np.uint16 if deep else np.uint8))
    picture = picture if deep else picture.convert(mode)
    for channels in (1, 3):
        x = image_to_array(picture, ImageFormat(4, 4, channels))
        assert x.dtype == np.uint8
        assert abs(int(x[0, 0, 0]) - (255 if mode == "1" else 200)) <= 1


def test_a_few_unreadable_files_are_skipped_and_many_are_an_error(tmp_path):
    root = fill(tmp_path / "pets")
    (root / "cat" / "00.png").write_bytes(b"nonsense")
    found = load(root)
    (warning,) = found.warnings
    assert warning.name == "unreadable-images" and "cat/00.png" in warning.message
    assert len(found.train) + len(found.validation) == 23
    for number in range(1, 4):
        whole = (root / "dog" / f"0{number}.png").read_bytes()
        (root / "dog" / f"0{number}.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"4 of 24 .*cat/00.png"):
        load(root)


def test_unreadable_files_are_no_pictures_in_two_classes(tmp_path):
    root = fill(tmp_path / "pets")
    (root / "cat" / "00.png").write_bytes(b"")
    (root / "dog" / "00.png").write_bytes(b"")
    (root / "dog" / "01.png").write_bytes((root / "cat" / "01.png").read_bytes())
    (root / "dog" / "notes.txt").write_text("x")
    said = {warning.name: warning.message for warning in load(root).warnings}
    assert said["two-classes"].startswith("1 picture is in two classes: cat/01.png and dog/01.png.")
    assert "1 file is not a picture and is left out" in said["left-out-files"]


def test_a_folder_for_several_labels(tmp_path):
    root = fill(tmp_path / "pets")
    (root / "cat;dog").mkdir()
    (root / "cat" / "00.png").rename(root / "cat;dog" / "00.png")
    (root / ";").mkdir()
    (root / "dog" / "00.png").rename(root / ";" / "00.png")
    found = data.load(DataConfig(source=str(root), validation=None), "multilabel")
    assert found.targets[0].classes == ["cat", "dog"]
    labels = dict(zip(found.train.rows, found.train.y.tolist(), strict=True))
    assert labels["cat;dog/00.png"] == [1, 1] and labels[";/00.png"] == [0, 0] and labels["dog/01.png"] == [0, 1]


def test_pictures_of_no_class_and_empty_classes_are_reported_together(tmp_path):
    root = fill(tmp_path / "pets")
    draw(root / "stray.png")
    (root / "emu").mkdir()
    with pytest.raises(InputError) as caught:
        load(root)
    assert sorted(names(caught)) == ["empty-class", "images-without-class"]


def test_a_folder_that_holds_a_table_says_so(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"source: .*table.csv") as caught:
        load(tmp_path)
    assert names(caught) == ["folder-with-table"]


def test_an_empty_folder_and_a_single_class(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        load(tmp_path / "empty")
    assert names(caught) == ["no-images"]
    with pytest.raises(InputError) as caught:
        load(fill(tmp_path / "one", ("cat",)))
    assert names(caught) == ["one-class-target"]


def test_large_folders_are_kept_decoded_until_a_file_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(image_decoding, "MIN_CACHED_FILES", 10)
    root = fill(tmp_path / "pets")
    first = load(root)
    with monkeypatch.context() as patch:
        patch.setattr(image_decoding, "decode_in_memory", None)  # a second look must not decode
        second = load(root)
    np.testing.assert_array_equal(first.train.x, second.train.x)
    assert first.hash == second.hash
    draw(root / "cat" / "00.png", (8, 6), value=255)
    assert load(root).hash != first.hash
    for kept in (tmp_path / "keras_home" / "kerasdeep").rglob("x.npy"):
        kept.write_bytes(b"damaged")
    assert len(load(root).train) == len(first.train)


def test_without_cache_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(image_decoding, "MIN_CACHED_FILES", 1)
    for stream in (False, True):
        load(fill(tmp_path / "pets"), cache=False, stream=stream)
        assert not (tmp_path / "keras_home").exists()


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("grey", [True, False])
def test_streamed_pictures_are_those_in_memory(tmp_path, monkeypatch, cache, grey):
    monkeypatch.setattr(image_decoding, "BLOCK_FILES", 7)
    root = fill(tmp_path / "pets")
    if not grey:
        draw(root / "cat" / "00.png", (8, 6, 3))
    (root / "dog" / "01.png").write_bytes(b"no picture")
    whole, later = load(root, stream=False), load(root, stream=True, cache=cache)
    assert whole.hash == later.hash and whole.input_shapes == later.input_shapes
    assert [str(one) for one in whole.warnings] == [str(one) for one in later.warnings]
    for name, part in later.splits.items():
        assert isinstance(part.x, LazyRows) and part.x.nbytes == 0
        np.testing.assert_array_equal(part.x[:], whole.splits[name].x)
        np.testing.assert_array_equal(part.rows, whole.splits[name].rows)


def test_decoding_goes_on_where_it_was_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(image_decoding, "BLOCK_FILES", 7)
    root, decode_now, seen = fill(tmp_path / "pets"), image_decoding.decode_in_memory, []

    def dying(files, rule):
        seen.append(len(files))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return decode_now(files, rule)

    monkeypatch.setattr(image_decoding, "decode_in_memory", dying)
    with pytest.raises(KeyboardInterrupt):
        load(root, stream=True)
    later = load(root, stream=True)
    monkeypatch.undo()
    files = sum(1 for _ in root.rglob("*.png"))
    assert sum(seen) == files + seen[2]
    np.testing.assert_array_equal(later.train.x[:], load(root, cache=False).train.x)


def test_a_streamed_picture_that_vanishes_is_named(tmp_path):
    root = fill(tmp_path / "pets")
    later = load(root, stream=True, cache=False)
    name = later.train.rows[3]
    (root / name).unlink()
    with pytest.raises(OSError, match=re.escape(Path(name).name)):
        later.train.x[:]


def test_the_hash_follows_names_and_contents(tmp_path):
    root = fill(tmp_path / "pets")
    before = load(root).hash
    assert load(root).hash == before
    (root / "cat" / "00.png").rename(root / "cat" / "zz.png")
    assert load(root).hash != before


def test_conform_leaves_what_is_right_alone():
    array = RANDOM.integers(0, 256, (3, 4, 5), np.uint8)
    assert to_image_format(array, ImageFormat(4, 5, 0)) is array
    np.testing.assert_array_equal(to_image_format(array, ImageFormat(4, 5, 3))[..., 2], array)
    colour = RANDOM.integers(0, 256, (3, 4, 5, 3), np.uint8)
    assert to_image_format(colour, ImageFormat(4, 5, 1)).shape == (3, 4, 5, 1)
    assert to_image_format(colour, ImageFormat(8, 8, 3)).shape == (3, 8, 8, 3)


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Pillow.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    (tmp_path / "a.gif").write_bytes(file.getvalue())
    assert decode_images([tmp_path / "a.gif"], ImageFormat(4, 4, 1)).x.max() == 10


def test_pictures_that_people_have_are_read_or_named(tmp_path):
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(20):
            picture = Pillow.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
            picture.save(tmp_path / label / f"{number}.{'tif' if number % 2 else 'png'}")
    (tmp_path / "cat" / "3.png").write_bytes(b"nothing")
    (tmp_path / "cat" / "no_extension").write_bytes((tmp_path / "cat" / "0.png").read_bytes())
    (tmp_path / "dog" / "twice.png").write_bytes((tmp_path / "cat" / "2.png").read_bytes())
    for name in ("notes.txt", "scan.pdf", "Thumbs.db", ".hidden"):
        (tmp_path / "dog" / name).write_text("x")
    dataset = data.load(DataConfig(source=str(tmp_path), validation=None))
    assert dataset.profile["rows"]["train"] == 42
    said = {problem.name: problem.message for problem in dataset.warnings}
    assert "2 files" in said["left-out-files"] and "1 .txt, 1 .pdf" in said["left-out-files"]
    assert "cat/3.png (no picture of a known format)" in said["unreadable-images"]
    assert "cat/2.png and dog/twice.png" in said["two-classes"]
