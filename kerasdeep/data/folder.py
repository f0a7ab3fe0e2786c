"""A folder of pictures: `class/*.png`, or `train/class/*.png` with `val/` and `test/` beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.data import streamed
from kerasdeep.data.dataset import RawPart, Source, place
from kerasdeep.data.decoding import Decoded, decode
from kerasdeep.data.images import LARGEST_SIDE, SUFFIXES, ImageRule, usual_rule
from kerasdeep.data.rows import Rows
from kerasdeep.errors import Mark, Report

PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}
TABLES = (".csv", ".tsv", ".parquet", ".npz")
TOLERATED = 0.1
SHOWN = 5


def read(
    path: Path,
    section: Any,
    report: Report,
    say: Callable[[str], None] | None = None,
    rule: ImageRule | None = None,
) -> Source:
    """The folder as a source, its target called `class`. `rule`, where given, is that of another folder to match.

    Raises InputError for a folder without pictures, pictures outside class folders, an empty class, and when more
    than one picture and a tenth of all cannot be read; fewer are skipped with a warning.
    """
    mark = place(section, "source")
    folders = part_folders(path)
    listed = {part: list_classes(folder, report, mark) for part, folder in folders.items()}
    report.raise_if_errors()
    files = listed["train"][0]
    image = section.image
    fixed = rule is not None
    rule = rule or usual_rule(files, image.size, image.channels, image.resize)
    pictures = sum(len(found) for found, _ in listed.values())
    if say and len(files) > 2 * SHOWN:
        say(f"reading {pictures} pictures")
    choice = streamed.choose(pictures * prod(rule.shape) * streamed.VALUE, section)
    decoded = {
        part: decode(found, rule, folders[part] if section.cache else None, choice.streamed, say)
        for part, (found, _) in listed.items()
    }
    if not fixed and image.channels == "auto" and rule.channels == 3 and all(one.grey for one in decoded.values()):
        rule = replace(rule, channels=1)
        decoded = {part: one.one_channel() for part, one in decoded.items()}
    if not fixed:
        _warn_of_shrinking(rule, section, report)
    parts = {}
    for part, (found, labels) in listed.items():
        parts[part] = readable_part(path, found, labels, decoded[part], report, mark)
    report.raise_if_errors()
    facts = {"image": {"size": [rule.height, rule.width], "channels": rule.channels, "resize": rule.resize}}
    return Source("images", "image", parts, _digest(path, listed, decoded), image=rule, facts=facts, stream=choice)


def part_folders(path: Path) -> dict[str, Path]:
    """The folder of each part: those named train, val, test where there is a train folder, else the whole."""
    below = {entry.name.lower(): entry for entry in path.iterdir() if entry.is_dir()}
    found = {
        part: next(below[name] for name in names if name in below)
        for part, names in PARTS.items()
        if any(name in below for name in names)
    }
    return found if "train" in found else {"train": path}


def list_classes(folder: Path, report: Report, mark: Mark | None) -> tuple[list[Path], list[str]]:
    """Every picture below a class folder with the folder's name, in alphabetical order."""
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    classes = [entry for entry in entries if entry.is_dir()]
    loose = [entry for entry in entries if is_picture(entry)]
    if loose:
        message = (
            f"{folder} has {len(loose)} picture{'s' * (len(loose) > 1)} that belong to no class, such as "
            f"{loose[0].name}. Expected every picture in a folder named for its class."
        )
        report.error("images-without-class", message, mark)
    elif not classes:
        report.error(*_no_pictures(folder, entries), mark)
    files, labels = [], []
    for entry in classes:
        pictures = list_pictures(entry)
        if not pictures:
            message = f"The class folder {entry} holds no picture. Expected at least one, or no such folder."
            report.error("empty-class", message, mark)
        files += pictures
        labels += [entry.name] * len(pictures)
    return files, labels


def list_pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_picture(path))


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _no_pictures(folder: Path, entries: list[Path]) -> tuple[str, str]:
    tables = [entry for entry in entries if entry.suffix.lower() in TABLES]
    if tables:
        message = (
            f"{folder} is a folder that holds a table, {tables[0].name}. Expected the table itself: "
            f"`source: {folder / tables[0].name}`; a folder as source holds pictures."
        )
        return "folder-with-table", message
    message = (
        f"{folder} holds no pictures. Expected a folder for each class with {', '.join(sorted(SUFFIXES))} files."
    )
    return "no-images", message


def readable_part(
    root: Path, files: list[Path], labels: list[str], decoded: Decoded, report: Report, mark: Mark | None
) -> RawPart:
    """The pictures that could be read; the others are named in a warning, or in an error when they are many."""
    bad = np.flatnonzero(~decoded.readable)
    rows = np.array([file.relative_to(root).as_posix() for file in files])
    y = np.array(labels)
    if not len(bad):
        return RawPart(decoded.x, {"class": y}, rows)
    names = ", ".join(rows[bad][:SHOWN]) + (", …" if len(bad) > SHOWN else "")
    if (len(bad) > 1 and len(bad) > TOLERATED * len(files)) or len(bad) == len(files):
        message = (
            f"{len(bad)} of {len(files)} pictures in {root} cannot be read: {names}. Expected at most a tenth."
        )
        report.error("unreadable-images", message, mark)
    else:
        message = f"{len(bad)} of {len(files)} pictures cannot be read and are skipped: {names}."
        report.warn("unreadable-images", message, mark)
    good = decoded.readable
    x = decoded.x.take_rows(good) if isinstance(decoded.x, Rows) else decoded.x[good]
    return RawPart(x, {"class": y[good]}, rows[good])


def _warn_of_shrinking(rule: ImageRule, section: Any, report: Report) -> None:
    if section.image.size is None and max(rule.height, rule.width) == LARGEST_SIDE:
        message = (
            f"Pictures are read at {rule.height} × {rule.width}, since no side may be longer than {LARGEST_SIDE} "
            "unless `image: {size: [height, width]}` says so."
        )
        report.warn("image-size", message, place(section, "image"))


def _digest(root: Path, listed: dict[str, tuple[list[Path], list[str]]], decoded: dict[str, Decoded]) -> str:
    digest = hashlib.sha256()
    for part, (files, _) in listed.items():
        for file, of_file in zip(files, decoded[part].digests, strict=True):
            digest.update(f"{file.relative_to(root).as_posix()}\0{of_file}\n".encode())
    return digest.hexdigest()
