"""A folder of pictures: `class/*.png`, or `train/class/*.png` with `val/` and `test/` beside it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasdeep.config.sections.data import FORMAT_BY_SUFFIX, IMAGE_SUFFIXES, DataConfig
from kerasdeep.data import streaming
from kerasdeep.data.image_decoding import DecodedImages, decode_images
from kerasdeep.data.images import MAX_SIDE, infer_image_format, unreadable_reason
from kerasdeep.data.npz_file import read_npz_shapes
from kerasdeep.data.preprocessing import ArrayTransform, Preprocessing, TableTransform
from kerasdeep.data.types import INPUT, PREDICTED_SPLITS, ImageFormat, RawSplit, Source
from kerasdeep.errors import InputError, Problems, SourceLocation

SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}
PART_COLUMN = "part"
"""In a table of predictions for a folder with parts: which of them a picture is of."""
MAX_UNREADABLE_SHARE = 0.1
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
_FILES_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
MAX_SHOWN = 5
MAX_MEASURED = 200
"""Pictures of which the size is looked at, where it is only to be estimated."""


def read(
    section: DataConfig, problems: Problems, say: Callable[[str], None] | None = None, matched: Source | None = None
) -> Source:
    """The folder as a source, its target called `class`; its pictures take the format of another folder, `matched`.

    Raises InputError for a folder without pictures, pictures outside class folders, an empty class, and when more
    than one picture and a tenth of all cannot be read; fewer are skipped with a warning.
    """
    path, location = Path(section.source), section.location_or_key("source")
    if not path.is_dir():
        message = f"{path} is a file. Expected a folder with a folder of pictures for each class."
        raise InputError(message, "missing-file", location)
    splits = {}
    for split_name, folder in split_folders(path).items():
        files, labels = list_labelled_images(folder, problems, location)
        split = RawSplit(np.zeros(len(files)), {"class": np.array(labels)}, np.arange(len(files)))
        splits[split_name] = ListedImages(path, files, split, folder)
    problems.raise_if_errors()
    return source_of(splits, "images", section, problems, say, matched)


def source_of(
    listed: dict[str, ListedImages],
    format: str,
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None,
    matched: Source | None,
    reading: dict[str, Any] | None = None,
) -> Source:
    """The pictures of each split as a source; they take the format of another one, `matched`."""
    files = listed["train"].files
    image, location = section.image, section.location_or_key("source")
    image_format = matched.image if matched else None
    format_given = image_format is not None
    image_format = image_format or infer_image_format(files, image.size, image.channels, image.resize)
    image_count = sum(len(split.files) for split in listed.values())
    if say and len(files) > 2 * MAX_SHOWN:
        say(f"reading {image_count} pictures")
    decision = streaming.decide_by_size(image_count * prod(image_format.shape) * streaming.FLOAT32_BYTES, section)
    decoded = {
        split_name: decode_images(
            split.files, image_format, split.folder if section.cache else None, decision.streamed, say
        )
        for split_name, split in listed.items()
    }
    if (
        not format_given
        and image.channels == "auto"
        and image_format.channels == 3
        and all(images.is_grayscale for images in decoded.values())
    ):
        image_format = replace(image_format, channels=1)
        decoded = {split_name: images.to_grayscale() for split_name, images in decoded.items()}
    if not format_given:
        _warn_about_downscaling(image_format, section, problems)
    splits = {
        split_name: split.readable(decoded[split_name], problems, location)[0] for split_name, split in listed.items()
    }
    _warn_about_two_classes(listed, decoded, problems, location)
    problems.raise_if_errors()
    facts = {
        "image": {
            "size": [image_format.height, image_format.width],
            "channels": image_format.channels,
            "resize": image_format.resize,
        }
    }
    return Source(
        format,
        "image",
        splits,
        _hash(listed, decoded, with_labels=reading is not None),
        image=image_format,
        facts=facts,
        streaming=decision,
        reading=reading or {},
    )


def read_for_prediction(
    path: str, preprocessing: Preprocessing, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    """The pictures of a folder, with or without class folders, or one picture.

    Of a folder with parts all of them, and a table that says which is of which.
    """
    image_format = image_format_of(preprocessing.inputs.get(INPUT))
    if image_format is None:
        message = f"{path} holds pictures, but the model was trained on {preprocessing.kind} data."
        raise InputError(message, "wrong-shape", location)
    root, class_names, part_names = Path(path), [], []
    if root.is_file():
        root, files = root.parent, [root]
    else:
        folders = split_folders(root)
        by_part = {split: list_image_files(folders[split]) for split in PREDICTED_SPLITS if split in folders}
        files = [file for part in by_part.values() for file in part]
        part_names = [split for split, part in by_part.items() for _ in part] if len(by_part) > 1 else []
        inner = [file.relative_to(folders[split]).parts for split, part in by_part.items() for file in part]
        class_names = [parts[0] for parts in inner if len(parts) > 1]
    if not files:
        raise InputError(f"{path} holds no pictures.", "no-images", location)
    is_labelled = len(class_names) == len(files)
    listed = RawSplit(
        np.zeros(len(files)), {"class": np.array(class_names)} if is_labelled else {}, np.arange(len(files))
    )
    images = ListedImages(root, files, listed, most_may_fail=True)
    split, kept = images.decode(image_format, problems, location)
    if not part_names:
        return split, None
    return split, pd.DataFrame({"row": split.rows, PART_COLUMN: np.array(part_names)[kept]})


def describe_pictures(path: Path) -> tuple[int, int, bool] | None:
    """(longer side of most pictures, number of training pictures, whether there is a validation part).

    Of a folder, or of an `.npz` with an array of pictures; None for anything else.
    """
    if path.is_dir():
        folders = split_folders(path)
        files = list_image_files(folders["train"])
        if not files:
            return None
        image_format = infer_image_format(files[:: max(1, len(files) // MAX_MEASURED)], None, 3, "stretch")
        return max(image_format.height, image_format.width), len(files), "validation" in folders
    if path.suffix != ".npz":
        return None
    try:
        shapes = read_npz_shapes(path)
    except ValueError:
        return None  # the reader says what is wrong
    ranked = [shape for shape in shapes.values() if len(shape) in (3, 4) and (len(shape) == 3 or shape[3] in (1, 3))]
    has_validation = any(name.startswith(("x_val", "x_valid")) for name in shapes)
    return (max(ranked[0][1:3]), ranked[0][0], has_validation) if ranked else None


def image_format_of(transform: TableTransform | ArrayTransform | None) -> ImageFormat | None:
    """The format for picture files; a model trained on arrays of pictures takes files of that shape too."""
    if not isinstance(transform, ArrayTransform):
        return None
    shape = transform.shape
    if transform.image or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        return transform.image
    return ImageFormat(shape[0], shape[1], shape[2] if len(shape) == 3 else 0)


def split_folders(path: Path) -> dict[str, Path]:
    """The folder of each part: those named train, val, test where there is a train folder, else the whole."""
    subfolders = {entry.name.lower(): entry for entry in path.iterdir() if entry.is_dir()}
    folders_by_split = {
        split_name: next(subfolders[name] for name in names if name in subfolders)
        for split_name, names in SPLIT_FOLDERS.items()
        if any(name in subfolders for name in names)
    }
    return folders_by_split if "train" in folders_by_split else {"train": path}


def list_labelled_images(
    folder: Path, problems: Problems, location: SourceLocation | None
) -> tuple[list[Path], list[str]]:
    """Every picture below a class folder with the folder's name, in alphabetical order."""
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    classes = [entry for entry in entries if entry.is_dir()]
    unlabelled_images = [entry for entry in entries if is_image_file(entry)]
    if unlabelled_images:
        message = (
            f"{folder} has {len(unlabelled_images)} picture{'s' * (len(unlabelled_images) > 1)} without a class, "
            f"such as {unlabelled_images[0].name}. Expected every picture in a folder named for its class."
        )
        problems.error("images-without-class", message, location)
    elif not classes:
        problems.error(*_no_images_problem(folder, entries), location)
    files, labels = [], []
    others = [path for entry in classes for path in entry.rglob("*") if _is_left_out(path)]
    if others:
        kinds = Counter(path.suffix.lower() or "without extension" for path in others).most_common()
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds[:MAX_SHOWN])
        are = "1 file is not a picture and is" if len(others) == 1 else f"{len(others)} files are not pictures and are"
        message = f"In {folder} {are} left out: {counted}, such as "
        problems.warn("left-out-files", f"{message}{others[0].relative_to(folder).as_posix()}.", location)
    for entry in classes:
        image_files = list_image_files(entry)
        if not image_files:
            message = f"The class folder {entry} holds no picture. Add a picture or remove the folder."
            problems.error("empty-class", message, location)
        files += image_files
        labels += [entry.name] * len(image_files)
    return files, labels


def list_image_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_image_file(path))


def is_image_file(path: Path) -> bool:
    """Whether a file is a picture by its extension, or has none and begins as pictures do."""
    if path.name.startswith(".") or not path.is_file():
        return False
    return path.suffix.lower() in IMAGE_SUFFIXES or (not path.suffix and _begins_as_picture(path))


def _begins_as_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(12).startswith(_SIGNATURES)
    except OSError:
        return False


def _is_left_out(path: Path) -> bool:
    hidden = path.name.startswith(".") or path.name.lower() in _FILES_OF_SYSTEMS
    return path.is_file() and not hidden and not is_image_file(path)


def _no_images_problem(folder: Path, entries: list[Path]) -> tuple[str, str]:
    tables = [entry for entry in entries if entry.suffix.lower() in FORMAT_BY_SUFFIX]
    if tables:
        message = (
            f"{folder} is a folder that holds a table, {tables[0].name}. Expected the table itself: "
            f"`source: {folder / tables[0].name}`; a folder as source holds pictures."
        )
        return "folder-with-table", message
    message = (
        f"{folder} holds no pictures. Expected a folder for each class with {', '.join(sorted(IMAGE_SUFFIXES))} files."
    )
    return "no-images", message


@dataclass(frozen=True)
class ListedImages:
    """Picture files below `root`, with a split that has what is known of each; `folder` is what the
    cache of decoded pictures belongs to. With `most_may_fail` only files of which none can be read are an error."""

    root: Path
    files: list[Path]
    split: RawSplit
    folder: Path | None = None
    most_may_fail: bool = False

    def decode(
        self, image_format: ImageFormat, problems: Problems, location: SourceLocation | None
    ) -> tuple[RawSplit, np.ndarray]:
        return self.readable(decode_images(self.files, image_format), problems, location)

    def readable(
        self, decoded: DecodedImages, problems: Problems, location: SourceLocation | None
    ) -> tuple[RawSplit, np.ndarray]:
        """The pictures that could be read, by their names, and which these are; the others are named in a warning, or
        in an error when they are many."""
        kept = decoded.readable
        names = np.array([os.path.relpath(file, self.root).replace(os.sep, "/") for file in self.files])
        if not kept.all():
            first = np.flatnonzero(~kept)[:MAX_SHOWN]
            named = [f"{names[row]} ({unreadable_reason(self.files[row])})" for row in first]
            counts = int((~kept).sum()), len(names), 1.0 if self.most_may_fail else MAX_UNREADABLE_SHARE
            _report_unreadable(self.root, named, *counts, problems, location)
        chosen = np.flatnonzero(kept)
        return replace(self.split, x=decoded.x, rows=names).take(chosen), kept


def _report_unreadable(
    root: Path,
    named: list[str],
    unreadable: int,
    count: int,
    most: float,
    problems: Problems,
    location: SourceLocation | None,
) -> None:
    """`named` are the first of those that cannot be read, with the reason; `most` is the share that may be so."""
    examples = ", ".join(named) + (", …" if unreadable > len(named) else "")
    if unreadable == count or (unreadable > 1 and unreadable > most * count):
        message = f"{unreadable} of {count} pictures in {root} cannot be read: {examples}. Expected at most a tenth."
        problems.error("unreadable-images", message, location)
    else:
        message = f"{unreadable} of {count} pictures cannot be read and are skipped: {examples}."
        problems.warn("unreadable-images", message, location)


def _warn_about_two_classes(
    listed: dict[str, ListedImages],
    decoded: dict[str, DecodedImages],
    problems: Problems,
    location: SourceLocation | None,
) -> None:
    """Says which pictures are, byte for byte, in more than one class."""
    by_digest: dict[str, dict[str, str]] = {}
    for split_name, images in listed.items():
        labels = images.split.y.get("class")
        if labels is None:
            continue
        for row in np.flatnonzero(decoded[split_name].readable):
            file = images.files[row]
            name = os.path.relpath(file, images.root).replace(os.sep, "/")
            by_digest.setdefault(decoded[split_name].digests[row], {}).setdefault(str(labels[row]), name)
    pairs = [list(by_label.values())[:2] for by_label in by_digest.values() if len(by_label) > 1]
    if pairs:
        shown = "; ".join(" and ".join(pair) for pair in pairs[:MAX_SHOWN])
        more = "; …" if len(pairs) > MAX_SHOWN else ""
        count = "1 picture is" if len(pairs) == 1 else f"{len(pairs)} pictures are"
        message = (
            f"{count} in two classes: {shown}{more}. Remove the wrong ones. What has several labels belongs into one "
        )
        message += "folder, called `a;b`."
        problems.warn("two-classes", message, location)


def _warn_about_downscaling(image_format: ImageFormat, section: DataConfig, problems: Problems) -> None:
    if section.image.size is None and max(image_format.height, image_format.width) == MAX_SIDE:
        message = (
            f"Pictures are read at {image_format.height} × {image_format.width}, since no side may be longer than "
            f"{MAX_SIDE} unless `image: {{size: [height, width]}}` says so."
        )
        problems.warn("image-size", message, section.location_or_key("image"))


def _hash(listed: dict[str, ListedImages], decoded: dict[str, DecodedImages], with_labels: bool) -> str:
    """Of names and contents, and of the labels where folders do not name them."""
    digest = hashlib.sha256()
    for split_name, split in listed.items():
        for file, file_digest in zip(split.files, decoded[split_name].digests, strict=True):
            relative = os.path.relpath(file, split.root).replace(os.sep, "/")
            digest.update(os.fsencode(f"{relative}\0{file_digest}\n"))
        if with_labels:
            for name, values in {**split.split.y, **split.split.roles}.items():
                digest.update(os.fsencode("\0".join([name, *map(str, values)])))
    return digest.hexdigest()
