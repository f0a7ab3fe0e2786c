"""A user's `.npz`, or folder of `.npy` files: which arrays are inputs, which are labels, and of which part.

Names are read as Keras's own files write them: `x`/`y`, or `x_train` `y_train` `x_val` `y_val` `x_test` `y_test`,
with the usual synonyms. `target` may name the label array instead, `features` the input arrays (several of them
make a network with several inputs).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.download import file_sha256
from kerasdeep.data.lazy_rows import NpyFile, RowSource
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.types import INPUT, LABELLED_SPLITS, PREDICTED_SPLITS, RawSplit, Source
from kerasdeep.errors import InputError, Problems, SourceLocation, suggest

MAX_RANK = 6
"""Rows included: backends have operations for no more."""
INPUTS = ("x", "data", "images", "features", "inputs")
LABELS = ("y", "labels", "label", "target", "targets", "classes")
SPLIT_SYNONYMS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_SUFFIX = re.compile(rf"(?P<base>.+?)_(?P<part>{'|'.join(SPLIT_SYNONYMS)})", re.IGNORECASE)
_PREFIX = re.compile(rf"(?P<part>{'|'.join(SPLIT_SYNONYMS)})_(?P<base>.+)", re.IGNORECASE)

OpenArrays = Callable[[Path, SourceLocation | None], Mapping[str, Any]]
"""Arrays, or what reads their rows (`RowSource`), by name."""


@contextmanager
def explain_broken_npy(path: Path, location: SourceLocation | None) -> Iterator[None]:
    """Raises InputError for what NumPy cannot read, or only with pickle."""
    try:
        yield
    except (OSError, ValueError, TypeError, EOFError) as error:
        if "pickle" in str(error) or "Python objects" in str(error):
            message = f"{path} cannot be read without pickle, which could run code: {error} "
            raise InputError(f"{message}Save plain arrays of numbers or text.", "pickled-array", location) from error
        message = f"{path} cannot be read as .npy files: {error}. Expected the output of numpy.save."
        raise InputError(message, "not-an-npz", location) from error


def npy_files(path: Path) -> list[Path]:
    """The `.npy` files of a folder, by name."""
    return sorted(path.glob("*.npy"))


def read_arrays(
    format: str,
    open_arrays: OpenArrays,
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None = None,
    matched: Source | None = None,
) -> Source:
    """The file or folder as a source; problems with its arrays are reported."""
    path = Path(section.source)
    arrays = open_arrays(path, section.location_or_key("source"))
    roles = {name: parse_array_name(name) for name in arrays}
    labels = _select_arrays(section.target, LABELS, roles, "target", section, problems)
    inputs = _select_arrays(section.features, INPUTS, roles, "features", section, problems)
    problems.raise_if_errors()
    splits = {}
    for split in LABELLED_SPLITS:
        array_names = {base: name for name, (base, split_of_array) in roles.items() if split_of_array == split}
        x = {base: arrays[array_names[base]] for base in inputs if base in array_names}
        y = {base: arrays[array_names[base]] for base in labels if base in array_names}
        if x and y:
            splits[split] = _make_split(x, y, split, section, problems)
    problems.raise_if_errors()
    if "train" not in splits:
        names = ", ".join(arrays) or "none"
        message = f"{path} has the arrays {names}. Expected `x` and `y`, or `x_train` and `y_train`."
        raise InputError(message, "missing-array", section.location_or_key("source"))
    digest = file_sha256(path) if path.is_file() else _folder_hash(path)
    images = {name: image for name, split in splits.items() if (image := as_images(split.x)) is not None}
    if len(images) < len(splits):
        return Source(format, "array", splits, digest)
    is_bytes = getattr(splits["train"].x, "dtype", None) == np.uint8
    pixel_max = None if is_bytes else float(images["train"].max()) or None
    splits = {name: replace(split, x=images[name]) for name, split in splits.items()}
    return set_image_format(Source(format, "image", splits, digest, pixel_max=pixel_max), section)


def read_arrays_for_prediction(
    open_arrays: OpenArrays, path: str, preprocessing: Preprocessing, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, None]:
    return split_arrays(open_arrays(Path(path), location), path, preprocessing, location, problems)


def split_arrays(
    arrays: Mapping[str, Any],
    origin: str,
    preprocessing: Preprocessing,
    location: SourceLocation | None,
    problems: Problems,
) -> tuple[RawSplit, None]:
    """The rows of the split that a trained model is usually asked about, or of the only array."""
    inputs = list(preprocessing.inputs)
    single = inputs == [INPUT]
    input_names = INPUTS if single else tuple(inputs)
    arrays_by_split: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        base, split = parse_array_name(name)
        arrays_by_split.setdefault(split, {})[base] = array
    for split in PREDICTED_SPLITS:
        split_arrays = arrays_by_split.get(split, {})
        x = {base: split_arrays[base] for base in input_names if base in split_arrays}
        if x and (single or len(x) == len(input_names)):
            break
    else:
        if not (single and len(arrays) == 1):
            array_list = ", ".join(arrays) or "none"
            message = f"{origin} has the arrays {array_list}. Expected {'`x`' if single else ', '.join(input_names)}."
            raise InputError(message, "missing-array", location)
        split_arrays, x = {}, dict(arrays)
    y: dict[str, np.ndarray] = {}
    targets = [column for encoder in preprocessing.targets for column in encoder.source_columns]
    for base, array in split_arrays.items():
        if base in LABELS or any(name == base or name.startswith(f"{base}_") for name in targets):
            y |= labels_to_vectors(base, array, problems, location)
    first_input = next(iter(x.values()))
    if not first_input.ndim or not len(first_input):
        raise InputError(f"{origin} has no rows.", "empty-file", location)
    rows = np.arange(len(first_input))
    if not single:
        return RawSplit(x, y, rows), None
    images = as_images(first_input) if preprocessing.kind == "image" else None
    return RawSplit(first_input if images is None else images, y, rows), None


def set_image_format(source: Source, section: DataConfig) -> Source:
    """Pictures in arrays stay as they are unless `image` states a size or channels."""
    if source.kind != "image" or (section.image.size is None and section.image.channels == "auto"):
        return source
    from kerasdeep.data.images import array_image_format

    image, pictures = section.image, cast(np.ndarray, source.splits["train"].x)
    image_format = array_image_format(pictures.shape[1:], image.size, image.channels, image.resize)
    return replace(source, image=image_format)


def _folder_hash(folder: Path) -> str:
    digest_lines = "".join(f"{file.name}\0{file_sha256(file)}\n" for file in npy_files(folder))
    return hashlib.sha256(digest_lines.encode()).hexdigest()


def as_images(x: Any) -> Any:
    """`x`, rows or a mapping of them, as bytes when it holds pictures, else None.

    Those are rows of rank 2 (grey) or rank 3 with 1 or 3 channels, of whole numbers 0 … 255. In a `.npy` file only
    bytes count, since others would have to be read to know.
    """
    if isinstance(x, dict) or x.dtype.kind not in "iu" or x.ndim not in (3, 4) or not x.size:
        return None
    if x.ndim == 4 and x.shape[-1] not in (1, 3):
        return None
    if x.dtype == np.uint8:
        return x
    if isinstance(x, NpyFile):
        return None
    return x.astype(np.uint8) if x.min() >= 0 and x.max() <= 255 else None


def parse_array_name(name: str) -> tuple[str, str]:
    """(base, part): `x_train` is ("x", "train"), `x` alone belongs to the training part."""
    match = _SUFFIX.fullmatch(name) or _PREFIX.fullmatch(name)
    base, split = (match["base"], SPLIT_SYNONYMS[match["part"].lower()]) if match else (name, "train")
    return (base.lower() if base.lower() in INPUTS + LABELS else base), split


def _select_arrays(
    stated: list[str] | None,
    default_names: tuple[str, ...],
    roles: dict[str, Any],
    key: str,
    section: DataConfig,
    problems: Problems,
) -> list[str]:
    """The bases that play this part: those the user names, or the first usual name that is there."""
    bases = {base for base, _ in roles.values()}
    if stated is None:
        return [base for base in default_names if base in bases][:1]
    selected_bases = []
    for word in stated:
        base = word if word in bases else roles.get(word, (None,))[0]
        if base is None:
            message = f"There is no array '{word}'. The file has: {', '.join(roles)}."
            problems.error("missing-column", message, section.location_or_key(key), suggest(word, roles))
        else:
            selected_bases.append(base)
    return selected_bases


def _make_split(
    x: dict[str, RowSource], y: dict[str, RowSource], split_name: str, section: DataConfig, problems: Problems
) -> RawSplit:
    location = section.location_or_key("source")
    counts = {name: len(array) if array.ndim else 0 for name, array in (x | y).items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        length_list = ", ".join(f"{name} {count}" for name, count in counts.items())
        message = f"The arrays of the {split_name} split have different or no rows ({length_list}). "
        message += "Expected one label per row."
        problems.error("wrong-shape", message, location)
    for name, array in x.items():
        if array.dtype.kind not in "iufb":
            message = f"The input array '{name}' holds {array.dtype}. Expected numbers."
            problems.error("text-array", message, location)
        if array.ndim > MAX_RANK or 0 in array.shape[1:]:
            message = f"The input array '{name}' has shape {array.shape}. Expected rows of at least one number, "
            problems.error("wrong-shape", f"{message}and at most {MAX_RANK} sides.", location)
    labels: dict[str, np.ndarray] = {}
    for name, array in y.items():
        labels |= labels_to_vectors(name, np.asarray(array), problems, location)
    inputs = {name: np.asarray(array)[:, None] if array.ndim == 1 else array for name, array in x.items()}
    rows = np.arange(max(counts.values()))
    return RawSplit(next(iter(inputs.values())) if len(inputs) == 1 else inputs, labels, rows)


def labels_to_vectors(
    name: str, array: np.ndarray, problems: Problems, location: SourceLocation | None
) -> dict[str, np.ndarray]:
    """Labels as one vector per target: `(n, 1)` is flattened, one-hot rows become class numbers, other columns
    are a target each."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1:
        return {name: array}
    if array.ndim != 2:
        message = f"The label array '{name}' has shape {array.shape}. Expected (rows,) or (rows, targets)."
        problems.error("wrong-shape", message, location)
        return {}
    if array.dtype.kind in "iufb" and ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all():
        problems.warn("one-hot-target", f"'{name}' is one-hot; it is read as class numbers.", location)
        return {name: array.argmax(axis=1)}
    return {f"{name}_{number}": array[:, number] for number in range(array.shape[1])}
