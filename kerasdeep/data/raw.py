"""Raw rows for a trained model: what `predict` and `evaluate` are given, read the way the training data was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data.builtin import BUILTINS
from kerasdeep.data.builtin import read as read_builtin
from kerasdeep.data.dataset import INPUT, RawPart
from kerasdeep.data.preprocessing import ArrayRule, Preprocessing
from kerasdeep.data.sources import infer_format
from kerasdeep.data.targets import check_labels, plain_labels
from kerasdeep.errors import InputError, Mark, Problem, Report

if TYPE_CHECKING:
    import pandas as pd

# Of a file or folder with several parts, the one that a trained model is usually asked about.
PREFERRED = ("test", "validation", "train")


@dataclass
class RawInput:
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


def read_raw(preprocessing: Preprocessing, path: str | Path, labels: bool = False) -> RawInput:
    """Rows of a table, an `.npz`, a folder of pictures (with or without class folders), one picture, or a built-in
    data set.

    With `labels`, every target must be there and every label a known class. Raises InputError for what cannot be
    read, columns that are missing, and inputs of another kind than the model's.
    """
    report = Report()
    mark = Mark(str(path))
    part, columns = _read(preprocessing, path, mark, report)
    report.raise_if_errors()
    part = plain_labels(part)
    names = [rule.name for rule in preprocessing.targets]
    absent = [name for name in names if name not in part.y]
    y = None if absent else {name: part.y[name] for name in names}
    if labels:
        if absent:
            message = f"{path} lacks the target {', '.join(absent)}. Expected it, to compare predictions with."
            report.error("missing-column", message, mark)
        else:
            check_labels(preprocessing.targets, part, str(path), mark, report)
        report.raise_if_errors()
    return RawInput(part.x, y, part.rows, columns, report.warnings)


def _read(
    preprocessing: Preprocessing, path: str | Path, mark: Mark, report: Report
) -> tuple[RawPart, pd.DataFrame | None]:
    where = Path(path)
    if str(path) in BUILTINS:
        parts = read_builtin(str(path), mark).parts
        part = _rightly_named(next(parts[name] for name in PREFERRED if name in parts), preprocessing)
        return part, part.x if preprocessing.kind == "table" else None
    if not where.exists():
        raise InputError(f"{path} does not exist.", "missing-file", mark)
    if preprocessing.kind == "table":
        return _table(preprocessing, where, mark)
    if (where.is_dir() and not any(where.glob("*.npy"))) or _is_picture(where):
        return _pictures(preprocessing, where, mark, report), None
    return _arrays(preprocessing, where, mark, report), None


def _table(preprocessing: Preprocessing, path: Path, mark: Mark) -> tuple[RawPart, pd.DataFrame]:
    from kerasdeep.data.table import labels_of, open_frame

    rule = preprocessing.inputs[INPUT]
    reading = preprocessing.reading
    targets = [target.name for target in preprocessing.targets]
    frame = open_frame(
        path,
        infer_format(str(path), mark),
        mark,
        separator=reading["separator"],
        encoding=reading["encoding"],
        labels=targets,
        texts=rule.categories,
    )
    rule.require(frame, mark)
    y = {name: labels_of(frame[name]) for name in targets if name in frame.columns}
    return RawPart(frame[rule.columns], y, np.arange(len(frame))), frame


def _arrays(preprocessing: Preprocessing, path: Path, mark: Mark, report: Report) -> RawPart:
    from kerasdeep.data.arrays import INPUTS, LABELS, as_pictures, flat_labels, open_arrays, role

    arrays = open_arrays(path, mark)
    inputs = list(preprocessing.inputs)
    single = inputs == [INPUT]
    wanted = INPUTS if single else tuple(inputs)
    by_part: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        base, part = role(name)
        by_part.setdefault(part, {})[base] = array
    for part in PREFERRED:
        found = by_part.get(part, {})
        x = {base: found[base] for base in wanted if base in found}
        if x and (single or len(x) == len(wanted)):
            break
    else:
        if not (single and len(arrays) == 1):
            listed = ", ".join(arrays) or "none"
            message = f"{path} has the arrays {listed}. Expected {'`x`' if single else ', '.join(wanted)}."
            raise InputError(message, "missing-array", mark)
        found, x = {}, arrays
    y: dict[str, np.ndarray] = {}
    targets = [rule.name for rule in preprocessing.targets]
    for base, array in found.items():
        if base in LABELS or any(name == base or name.startswith(f"{base}_") for name in targets):
            y |= flat_labels(base, array, report, mark)
    first = next(iter(x.values()))
    if not first.ndim or not len(first):
        raise InputError(f"{path} has no rows.", "empty-file", mark)
    if single:
        pictures = as_pictures(first) if preprocessing.kind == "image" else None
        x = first if pictures is None else pictures
    part = RawPart(x, y, np.arange(len(first)))
    return _rightly_named(part, preprocessing)


def _pictures(preprocessing: Preprocessing, path: Path, mark: Mark, report: Report) -> RawPart:
    from kerasdeep.data import decoding, folder

    rule = preprocessing.inputs.get(INPUT)
    if not isinstance(rule, ArrayRule) or (image := _image_rule(rule)) is None:
        message = f"{path} holds pictures, but the model was trained on {preprocessing.kind} data."
        raise InputError(message, "wrong-shape", mark)
    if path.is_file():
        root, files, names = path.parent, [path], []
    else:
        folders = folder.part_folders(path)
        root = next(folders[part] for part in PREFERRED if part in folders)
        files = folder.list_pictures(root)
        names = [file.relative_to(root).parts[0] for file in files if len(file.relative_to(root).parts) > 1]
    if not files:
        raise InputError(f"{path} holds no pictures.", "no-images", mark)
    labelled = len(names) == len(files)
    decoded = decoding.decode(files, image)
    part = folder.readable_part(root, files, names if labelled else [""] * len(files), decoded, report, mark)
    return _rightly_named(part if labelled else replace(part, y={}), preprocessing)


def _image_rule(rule: ArrayRule) -> Any:
    """The rule for picture files; a model trained on arrays of pictures takes files of that shape too."""
    from kerasdeep.data.images import ImageRule

    if rule.image or len(rule.shape) not in (2, 3) or (len(rule.shape) == 3 and rule.shape[2] not in (1, 3)):
        return rule.image
    return ImageRule(rule.shape[0], rule.shape[1], rule.shape[2] if len(rule.shape) == 3 else 0)


def _rightly_named(part: RawPart, preprocessing: Preprocessing) -> RawPart:
    """A single target is the same however it is called: `y`, `digit`, or the class folders' `class`."""
    if len(part.y) == 1 == len(preprocessing.targets):
        return replace(part, y={preprocessing.targets[0].name: next(iter(part.y.values()))})
    return part


def _is_picture(path: Path) -> bool:
    from kerasdeep.data.folder import is_picture

    return is_picture(path)
