"""A folder of pictures: `class/*.png`, or `train/class/*.png` with `val/` and `test/` beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from kerasdeep.config.sections.data import FORMAT_BY_SUFFIX, IMAGE_SUFFIXES, DataConfig
from kerasdeep.data import streaming
from kerasdeep.data.image_decoding import DecodedImages, decode_images
from kerasdeep.data.images import MAX_SIDE, infer_image_format
from kerasdeep.data.lazy_rows import LazyRows
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
    folders = split_folders(path)
    files_and_labels = {
        split_name: list_labelled_images(folder, problems, location) for split_name, folder in folders.items()
    }
    problems.raise_if_errors()
    files = files_and_labels["train"][0]
    image = section.image
    image_format = matched.image if matched else None
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


def read_for_prediction(
    path: str, preprocessing: Preprocessing, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, None]:
    """The pictures of a folder, with or without class folders, or one picture."""
    image_format = _image_format(preprocessing.inputs.get(INPUT))
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
    labels = class_names if is_labelled else [""] * len(files)
    split = readable_split(root, files, labels, decode_images(files, image_format), problems, location)
    return split if is_labelled else replace(split, y={}), None


def _image_format(transform: TableTransform | ArrayTransform | None) -> ImageFormat | None:
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
            f"Pictures are read at {image_format.height} × {image_format.width}, since no side may be longer than "
            f"{MAX_SIDE} unless `image: {{size: [height, width]}}` says so."
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
