"""A folder of pictures: `class/*.png`, or `train/class/*.png` with `val/` and `test/` beside it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import FORMAT_BY_SUFFIX, IMAGE_SUFFIXES, DataConfig
from kerasdeep.data import streaming
from kerasdeep.data.image_decoding import DecodedImages, decode_images
from kerasdeep.data.images import MAX_SIDE, infer_image_format
from kerasdeep.data.preprocessing import ArrayTransform, Preprocessing, TableTransform
from kerasdeep.data.types import INPUT, PREDICTED_SPLITS, ImageFormat, RawSplit, Source
from kerasdeep.errors import InputError, Problems, SourceLocation

SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}
MAX_UNREADABLE_SHARE = 0.1
MAX_SHOWN = 5


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
) -> tuple[RawSplit, None]:
    """The pictures of a folder, with or without class folders, or one picture."""
    image_format = image_format_of(preprocessing.inputs.get(INPUT))
    if image_format is None:
        message = f"{path} holds pictures, but the model was trained on {preprocessing.kind} data."
        raise InputError(message, "wrong-shape", location)
    root, class_names = Path(path), []
    if root.is_file():
        root, files = root.parent, [root]
    else:
        folders = split_folders(root)
        root = next(folders[split] for split in PREDICTED_SPLITS if split in folders)
        files = list_image_files(root)
        class_names = [file.relative_to(root).parts[0] for file in files if len(file.relative_to(root).parts) > 1]
    if not files:
        raise InputError(f"{path} holds no pictures.", "no-images", location)
    is_labelled = len(class_names) == len(files)
    listed = RawSplit(
        np.zeros(len(files)), {"class": np.array(class_names)} if is_labelled else {}, np.arange(len(files))
    )
    return ListedImages(root, files, listed).decode(image_format, problems, location)[0], None


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
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


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
    cache of decoded pictures belongs to."""

    root: Path
    files: list[Path]
    split: RawSplit
    folder: Path | None = None

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
            _report_unreadable(self.root, names[~kept], len(names), problems, location)
        chosen = np.flatnonzero(kept)
        return replace(self.split, x=decoded.x, rows=names).take(chosen), kept


def _report_unreadable(
    root: Path, names: np.ndarray, count: int, problems: Problems, location: SourceLocation | None
) -> None:
    examples = ", ".join(names[:MAX_SHOWN]) + (", …" if len(names) > MAX_SHOWN else "")
    if (len(names) > 1 and len(names) > MAX_UNREADABLE_SHARE * count) or len(names) == count:
        message = f"{len(names)} of {count} pictures in {root} cannot be read: {examples}. Expected at most a tenth."
        problems.error("unreadable-images", message, location)
    else:
        message = f"{len(names)} of {count} pictures cannot be read and are skipped: {examples}."
        problems.warn("unreadable-images", message, location)


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
