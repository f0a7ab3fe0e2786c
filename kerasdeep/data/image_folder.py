"""A folder of pictures: `class/*.png`, or `train/class/*.png` with `val/` and `test/` beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data import streaming
from kerasdeep.data.image_decoding import DecodedImages, decode_images
from kerasdeep.data.images import MAX_SIDE, SUFFIXES, ImageFormat, infer_image_format
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.data.types import RawSplit, Source
from kerasdeep.errors import Problems, SourceLocation

SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".npz")
MAX_UNREADABLE_SHARE = 0.1
MAX_SHOWN = 5


def read(
    path: Path,
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None = None,
    image_format: ImageFormat | None = None,
) -> Source:
    """The folder as a source, its target called `class`. `rule`, where given, is that of another folder to match.

    Raises InputError for a folder without pictures, pictures outside class folders, an empty class, and when more
    than one picture and a tenth of all cannot be read; fewer are skipped with a warning.
    """
    location = section.location_or_key("source")
    folders = split_folders(path)
    files_and_labels = {
        split_name: list_labelled_images(folder, problems, location) for split_name, folder in folders.items()
    }
    problems.raise_if_errors()
    files = files_and_labels["train"][0]
    image = section.image
    format_given = image_format is not None
    image_format = image_format or infer_image_format(files, image.size, image.channels, image.resize)
    image_count = sum(len(image_files) for image_files, _ in files_and_labels.values())
    if say and len(files) > 2 * MAX_SHOWN:
        say(f"reading {image_count} pictures")
    decision = streaming.decide_by_size(image_count * prod(image_format.shape) * streaming.FLOAT32_BYTES, section)
    decoded = {
        split_name: decode_images(
            image_files, image_format, folders[split_name] if section.cache else None, decision.streamed, say
        )
        for split_name, (image_files, _) in files_and_labels.items()
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
    splits = {}
    for split_name, (image_files, labels) in files_and_labels.items():
        splits[split_name] = readable_split(path, image_files, labels, decoded[split_name], problems, location)
    problems.raise_if_errors()
    facts = {
        "image": {
            "size": [image_format.height, image_format.width],
            "channels": image_format.channels,
            "resize": image_format.resize,
        }
    }
    return Source(
        "images",
        "image",
        splits,
        _folder_hash(path, files_and_labels, decoded),
        image=image_format,
        facts=facts,
        streaming=decision,
    )


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
            f"{folder} has {len(unlabelled_images)} picture{'s' * (len(unlabelled_images) > 1)} that belong to no class, such as "
            f"{unlabelled_images[0].name}. Expected every picture in a folder named for its class."
        )
        problems.error("images-without-class", message, location)
    elif not classes:
        problems.error(*_no_images_problem(folder, entries), location)
    files, labels = [], []
    for entry in classes:
        image_files = list_image_files(entry)
        if not image_files:
            message = f"The class folder {entry} holds no picture. Expected at least one, or no such folder."
            problems.error("empty-class", message, location)
        files += image_files
        labels += [entry.name] * len(image_files)
    return files, labels


def list_image_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_image_file(path))


def is_image_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _no_images_problem(folder: Path, entries: list[Path]) -> tuple[str, str]:
    tables = [entry for entry in entries if entry.suffix.lower() in TABLE_SUFFIXES]
    if tables:
        message = (
            f"{folder} is a folder that holds a table, {tables[0].name}. Expected the table itself: "
            f"`source: {folder / tables[0].name}`; a folder as source holds pictures."
        )
        return "folder-with-table", message
    message = f"{folder} holds no pictures. Expected a folder for each class with {', '.join(sorted(SUFFIXES))} files."
    return "no-images", message


def readable_split(
    root: Path,
    files: list[Path],
    labels: list[str],
    decoded: DecodedImages,
    problems: Problems,
    location: SourceLocation | None,
) -> RawSplit:
    """The pictures that could be read; the others are named in a warning, or in an error when they are many."""
    unreadable = np.flatnonzero(~decoded.readable)
    file_names = np.array([file.relative_to(root).as_posix() for file in files])
    y = np.array(labels)
    if not len(unreadable):
        return RawSplit(decoded.x, {"class": y}, file_names)
    names = ", ".join(file_names[unreadable][:MAX_SHOWN]) + (", …" if len(unreadable) > MAX_SHOWN else "")
    if (len(unreadable) > 1 and len(unreadable) > MAX_UNREADABLE_SHARE * len(files)) or len(unreadable) == len(files):
        message = (
            f"{len(unreadable)} of {len(files)} pictures in {root} cannot be read: {names}. Expected at most a tenth."
        )
        problems.error("unreadable-images", message, location)
    else:
        message = f"{len(unreadable)} of {len(files)} pictures cannot be read and are skipped: {names}."
        problems.warn("unreadable-images", message, location)
    readable = decoded.readable
    x = decoded.x.take_rows(readable) if isinstance(decoded.x, LazyRows) else decoded.x[readable]
    return RawSplit(x, {"class": y[readable]}, file_names[readable])


def _warn_about_downscaling(image_format: ImageFormat, section: DataConfig, problems: Problems) -> None:
    if section.image.size is None and max(image_format.height, image_format.width) == MAX_SIDE:
        message = (
            f"Pictures are read at {image_format.height} × {image_format.width}, since no side may be longer than {MAX_SIDE} "
            "unless `image: {size: [height, width]}` says so."
        )
        problems.warn("image-size", message, section.location_or_key("image"))


def _folder_hash(
    root: Path, files_and_labels: dict[str, tuple[list[Path], list[str]]], decoded: dict[str, DecodedImages]
) -> str:
    digest = hashlib.sha256()
    for split_name, (files, _) in files_and_labels.items():
        for file, file_digest in zip(files, decoded[split_name].digests, strict=True):
            digest.update(f"{file.relative_to(root).as_posix()}\0{file_digest}\n".encode())
    return digest.hexdigest()
