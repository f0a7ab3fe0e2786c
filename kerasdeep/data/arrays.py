"""A user's `.npz`, or folder of `.npy` files: which arrays are inputs, which are labels, and of which part.

Names are read as Keras's own files write them: `x`/`y`, or `x_train` `y_train` `x_val` `y_val` `x_test` `y_test`,
with the usual synonyms. `target` may name the label array instead, `features` the input arrays (several of them
make a network with several inputs).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.data.dataset import RawPart, Source, place
from kerasdeep.data.download import sha256
from kerasdeep.data.rows import Stored
from kerasdeep.errors import InputError, Mark, Report, closest

INPUTS = ("x", "data", "images", "features", "inputs")
LABELS = ("y", "labels", "label", "target", "targets", "classes")
PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_SUFFIX = re.compile(rf"(?P<base>.+?)_(?P<part>{'|'.join(PARTS)})", re.IGNORECASE)
_PREFIX = re.compile(rf"(?P<part>{'|'.join(PARTS)})_(?P<base>.+)", re.IGNORECASE)


def open_arrays(path: Path, mark: Mark | None) -> dict[str, np.ndarray]:
    """Every array of the file, or of the folder of `.npy` files, which are only opened.

    Raises InputError when it is no `.npz` or `.npy`, or holds pickled objects.
    """
    try:
        if path.is_dir():
            return {file.stem: Stored(file) for file in stored_files(path)}
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, OSError, AttributeError, TypeError) as error:
        wanted = ".npy files: {}. Expected the output of numpy.save." if path.is_dir() else ".npz file: {}. "
        wanted += "" if path.is_dir() else "Expected the output of numpy.savez."
        message = f"{path} is no {wanted.format(error)}"
        raise InputError(message, "not-an-npz", mark) from error
    except ValueError as error:
        message = (
            f"{path} cannot be read without pickle, which could run code: {error} "
            "Save plain arrays of numbers or text."
        )
        raise InputError(message, "pickled-array", mark) from error


def stored_files(path: Path) -> list[Path]:
    """The `.npy` files of a folder, by name."""
    return sorted(path.glob("*.npy"))


def read(path: Path, format: str, section: Any, report: Report) -> Source:
    """The file or folder as a source; problems with its arrays are reported."""
    arrays = open_arrays(path, place(section, "source"))
    roles = {name: role(name) for name in arrays}
    labels = _named(section.target, LABELS, roles, "target", section, report)
    inputs = _named(section.features, INPUTS, roles, "features", section, report)
    report.raise_if_errors()
    parts = {}
    for part in ("train", "validation", "test"):
        found = {base: name for name, (base, of) in roles.items() if of == part}
        x = {base: arrays[found[base]] for base in inputs if base in found}
        y = {base: arrays[found[base]] for base in labels if base in found}
        if x and y:
            parts[part] = _part(x, y, part, section, report)
    report.raise_if_errors()
    if "train" not in parts:
        found = ", ".join(arrays) or "none"
        message = f"{path} has the arrays {found}. Expected `x` and `y`, or `x_train` and `y_train`."
        raise InputError(message, "missing-array", place(section, "source"))
    digest = sha256(path) if path.is_file() else _digest(path)
    pictures = {name: as_pictures(part.x) for name, part in parts.items()}
    if any(x is None for x in pictures.values()):
        return Source(format, "array", parts, digest)
    stored = parts["train"].x.dtype
    unit = None if stored == np.uint8 else float(pictures["train"].max()) or None
    parts = {name: replace(part, x=pictures[name]) for name, part in parts.items()}
    return Source(format, "image", parts, digest, unit=unit)


def _digest(folder: Path) -> str:
    listed = "".join(f"{file.name}\0{sha256(file)}\n" for file in stored_files(folder))
    return hashlib.sha256(listed.encode()).hexdigest()


def as_pictures(x: np.ndarray | dict[str, np.ndarray]) -> np.ndarray | None:
    """`x` as bytes when it holds pictures, else None: rows of rank 2 (grey) or rank 3 with 1 or 3 channels, of
    whole numbers 0 … 255. In a `.npy` file only bytes count, since others would have to be read to know."""
    if isinstance(x, dict) or x.dtype.kind not in "iu" or x.ndim not in (3, 4) or not x.size:
        return None
    if x.ndim == 4 and x.shape[-1] not in (1, 3):
        return None
    if x.dtype == np.uint8:
        return x
    if isinstance(x, Stored):
        return None
    return x.astype(np.uint8) if x.min() >= 0 and x.max() <= 255 else None


def role(name: str) -> tuple[str, str]:
    """(base, part): `x_train` is ("x", "train"), `x` alone belongs to the training part."""
    match = _SUFFIX.fullmatch(name) or _PREFIX.fullmatch(name)
    base, part = (match["base"], PARTS[match["part"].lower()]) if match else (name, "train")
    return (base.lower() if base.lower() in INPUTS + LABELS else base), part


def _named(
    stated: list[str] | None, usual: tuple[str, ...], roles: dict[str, Any], key: str, section: Any, report: Report
) -> list[str]:
    """The bases that play this part: those the user names, or the first usual name that is there."""
    bases = {base for base, _ in roles.values()}
    if stated is None:
        return [base for base in usual if base in bases][:1]
    found = []
    for word in stated:
        base = word if word in bases else roles.get(word, (None,))[0]
        if base is None:
            message = f"There is no array '{word}'. The file has: {', '.join(roles)}."
            report.error("missing-column", message, place(section, key), closest(word, roles))
        else:
            found.append(base)
    return found


def _part(x: dict[str, np.ndarray], y: dict[str, np.ndarray], part: str, section: Any, report: Report) -> RawPart:
    mark = place(section, "source")
    counts = {name: len(array) if array.ndim else 0 for name, array in (x | y).items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        message = (
            f"The arrays of the {part} part have different or no rows ({listed}). Expected one label per row."
        )
        report.error("wrong-shape", message, mark)
    for name, array in x.items():
        if array.dtype.kind not in "iufb":
            message = f"The input array '{name}' holds {array.dtype}. Expected numbers."
            report.error("text-array", message, mark)
    labels = {}
    for name, array in y.items():
        labels |= flat_labels(name, np.asarray(array), report, mark)
    inputs = {name: np.asarray(array)[:, None] if array.ndim == 1 else array for name, array in x.items()}
    rows = np.arange(max(counts.values()))
    return RawPart(next(iter(inputs.values())) if len(inputs) == 1 else inputs, labels, rows)


def flat_labels(name: str, array: np.ndarray, report: Report, mark: Mark | None) -> dict[str, np.ndarray]:
    """Labels as one vector per target: `(n, 1)` is flattened, one-hot rows become class numbers, other columns
    are a target each."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1:
        return {name: array}
    if array.ndim != 2:
        message = f"The label array '{name}' has shape {array.shape}. Expected (rows,) or (rows, targets)."
        report.error("wrong-shape", message, mark)
        return {}
    if array.dtype.kind in "iufb" and ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all():
        report.warn("one-hot-target", f"'{name}' is one-hot; it is read as class numbers.", mark)
        return {name: array.argmax(axis=1)}
    return {f"{name}_{number}": array[:, number] for number in range(array.shape[1])}
