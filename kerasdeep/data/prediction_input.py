"""Raw rows for a trained model: what `predict` and `evaluate` are given, read the way the training data was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data.builtin import BUILTINS
from kerasdeep.data.builtin import read as read_builtin
from kerasdeep.data.preprocessing import ArrayTransform, Preprocessing
from kerasdeep.data.sources import infer_format
from kerasdeep.data.targets import check_labels, strip_labels
from kerasdeep.data.types import INPUT, RawSplit
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

# Of a file or folder with several parts, the one that a trained model is usually asked about.
PREFERRED_SPLITS = ("test", "validation", "train")


@dataclass
class PredictionInput:
    """Rows to predict. `x` is for `preprocessing.apply`, `y` (labels by target name, or None) for `apply_target`.

    `rows` are numbers or file names; `columns` is the table as it was read, where the input is a table.
    """

    x: pd.DataFrame | np.ndarray | dict[str, np.ndarray]
    y: dict[str, np.ndarray] | None
    rows: np.ndarray
    columns: pd.DataFrame | None
    warnings: list[Problem]

    def __len__(self) -> int:
        return len(self.rows)


def read_for_prediction(preprocessing: Preprocessing, path: str | Path, labels: bool = False) -> PredictionInput:
    """Rows of a table, an `.npz`, a folder of pictures (with or without class folders), one picture, or a built-in
    data set.

    With `labels`, every target must be there and every label a known class. Raises InputError for what cannot be
    read, columns that are missing, and inputs of another kind than the model's.
    """
    problems = Problems()
    location = SourceLocation(str(path))
    split, columns = _read(preprocessing, path, location, problems)
    problems.raise_if_errors()
    split = strip_labels(split)
    names = [encoder.name for encoder in preprocessing.targets]
    missing_targets = [name for name in names if name not in split.y]
    y = None if missing_targets else {name: split.y[name] for name in names}
    if labels:
        if missing_targets:
            message = f"{path} lacks the target {', '.join(missing_targets)}. Expected it, to compare predictions with."
            problems.error("missing-column", message, location)
        else:
            check_labels(preprocessing.targets, split, str(path), location, problems)
        problems.raise_if_errors()
    return PredictionInput(split.x, y, split.rows, columns, problems.warnings)


def _read(
    preprocessing: Preprocessing, path: str | Path, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    source_path = Path(path)
    if str(path) in BUILTINS:
        splits = read_builtin(str(path), location).splits
        split = _rename_single_target(next(splits[name] for name in PREFERRED_SPLITS if name in splits), preprocessing)
        return split, split.x if preprocessing.kind == "table" else None
    if not source_path.exists():
        raise InputError(f"{path} does not exist.", "missing-file", location)
    if preprocessing.kind == "table":
        return _read_table(preprocessing, source_path, location)
    if (source_path.is_dir() and not any(source_path.glob("*.npy"))) or _is_image_path(source_path):
        return _read_images(preprocessing, source_path, location, problems), None
    return _read_arrays(preprocessing, source_path, location, problems), None


def _read_table(preprocessing: Preprocessing, path: Path, location: SourceLocation) -> tuple[RawSplit, pd.DataFrame]:
    from kerasdeep.data.table import labels_from_column, read_frame

    transform = preprocessing.inputs[INPUT]
    read_options = preprocessing.read_options
    targets = [target.name for target in preprocessing.targets]
    frame = read_frame(
        path,
        infer_format(str(path), location),
        location,
        separator=read_options["separator"],
        encoding=read_options["encoding"],
        target_columns=targets,
        text_columns=transform.text_columns,
    )
    transform.require_columns(frame, location)
    y = {name: labels_from_column(frame[name]) for name in targets if name in frame.columns}
    return RawSplit(frame[transform.columns], y, np.arange(len(frame))), frame


def _read_arrays(preprocessing: Preprocessing, path: Path, location: SourceLocation, problems: Problems) -> RawSplit:
    from kerasdeep.data.arrays import INPUTS, LABELS, as_images, labels_to_vectors, open_arrays, parse_array_name

    arrays = open_arrays(path, location)
    inputs = list(preprocessing.inputs)
    single = inputs == [INPUT]
    input_names = INPUTS if single else tuple(inputs)
    arrays_by_split: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        base, split = parse_array_name(name)
        arrays_by_split.setdefault(split, {})[base] = array
    for split in PREFERRED_SPLITS:
        split_arrays = arrays_by_split.get(split, {})
        x = {base: split_arrays[base] for base in input_names if base in split_arrays}
        if x and (single or len(x) == len(input_names)):
            break
    else:
        if not (single and len(arrays) == 1):
            array_list = ", ".join(arrays) or "none"
            message = f"{path} has the arrays {array_list}. Expected {'`x`' if single else ', '.join(input_names)}."
            raise InputError(message, "missing-array", location)
        split_arrays, x = {}, arrays
    y: dict[str, np.ndarray] = {}
    targets = [encoder.name for encoder in preprocessing.targets]
    for base, array in split_arrays.items():
        if base in LABELS or any(name == base or name.startswith(f"{base}_") for name in targets):
            y |= labels_to_vectors(base, array, problems, location)
    first_input = next(iter(x.values()))
    if not first_input.ndim or not len(first_input):
        raise InputError(f"{path} has no rows.", "empty-file", location)
    if single:
        images = as_images(first_input) if preprocessing.kind == "image" else None
        x = first_input if images is None else images
    split = RawSplit(x, y, np.arange(len(first_input)))
    return _rename_single_target(split, preprocessing)


def _read_images(preprocessing: Preprocessing, path: Path, location: SourceLocation, problems: Problems) -> RawSplit:
    from kerasdeep.data import image_decoding, image_folder

    transform = preprocessing.inputs.get(INPUT)
    if not isinstance(transform, ArrayTransform) or (image_format := _image_format(transform)) is None:
        message = f"{path} holds pictures, but the model was trained on {preprocessing.kind} data."
        raise InputError(message, "wrong-shape", location)
    if path.is_file():
        root, files, class_names = path.parent, [path], []
    else:
        folders = image_folder.split_folders(path)
        root = next(folders[split] for split in PREFERRED_SPLITS if split in folders)
        files = image_folder.list_image_files(root)
        class_names = [file.relative_to(root).parts[0] for file in files if len(file.relative_to(root).parts) > 1]
    if not files:
        raise InputError(f"{path} holds no pictures.", "no-images", location)
    is_labelled = len(class_names) == len(files)
    decoded = image_decoding.decode_images(files, image_format)
    split = image_folder.readable_split(
        root, files, class_names if is_labelled else [""] * len(files), decoded, problems, location
    )
    return _rename_single_target(split if is_labelled else replace(split, y={}), preprocessing)


def _image_format(transform: ArrayTransform) -> Any:
    """The rule for picture files; a model trained on arrays of pictures takes files of that shape too."""
    from kerasdeep.data.images import ImageFormat

    if (
        transform.image
        or len(transform.shape) not in (2, 3)
        or (len(transform.shape) == 3 and transform.shape[2] not in (1, 3))
    ):
        return transform.image
    return ImageFormat(transform.shape[0], transform.shape[1], transform.shape[2] if len(transform.shape) == 3 else 0)


def _rename_single_target(split: RawSplit, preprocessing: Preprocessing) -> RawSplit:
    """A single target is the same however it is called: `y`, `digit`, or the class folders' `class`."""
    if len(split.y) == 1 == len(preprocessing.targets):
        return replace(split, y={preprocessing.targets[0].name: next(iter(split.y.values()))})
    return split


def _is_image_path(path: Path) -> bool:
    from kerasdeep.data.image_folder import is_image_file

    return is_image_file(path)
