"""Checks of `data:` and of what belongs to it, as far as they can be made without reading the data."""

from __future__ import annotations

from pathlib import Path, PurePath

from kerasdeep.errors import Report
from kerasdeep.spec.conflicts.view import View, stated
from kerasdeep.spec.data import BUILT_IN, PICTURES, Data, Split

_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".npz": "npz"}
_ONLY_FOR_CSV = ("separator", "encoding")
_ONLY_FOR_PICTURES = ("image", "augmentation")
_ONLY_FOR_TABLES = ("features", "drop")
_ONLY_FOR_CLASSES = ("classes", "per_class", "class_weight")


def format_of(data: Data) -> str | None:
    """The source's format as far as its name tells: builtin, csv, parquet, npz, images or None."""
    if data.format != "auto":
        return data.format
    return "builtin" if data.source in BUILT_IN else _SUFFIXES.get(PurePath(data.source).suffix.lower())


def kind_of(data: Data) -> str | None:
    """image or table, where the name of the source tells; an .npz file may hold either."""
    format = format_of(data)
    if format == "builtin":
        return "image" if data.source in PICTURES else "table" if data.source in BUILT_IN else None
    return {"images": "image", "csv": "table", "parquet": "table"}.get(format or "")


def _splits(view: View, report: Report) -> None:
    data = view.spec.data
    shares = 0.0
    for key in ("validation", "test"):
        split: Split | None = getattr(data, key)
        if split is None:
            continue
        names = ("fraction", "count", "first", "last", "path")
        written = [name for name in names if getattr(split, name) is not None]
        if len(written) != 1 or split.fraction == 0.0:
            message = f"`data.{key}` states {' and '.join(written) or 'nothing'}. Expected exactly one of: a "
            message += "share above 0, a count, first: N, last: N or a path; null for none."
            report.error("split", message, data.mark(key))
        elif split.path and not _looks_like_a_path(split):
            message = f"`data.{key}` is {split.path}, and nothing here is called that. Expected a share, "
            report.error("split", message + "a count, first: N, last: N or a path.", data.mark(key))
        shares += split.fraction or 0.0
    if shares >= 1.0:
        message = f"validation and test together take {shares:g} of the rows. Expected less than 1."
        report.error("split", message, data.mark("test") or data.mark("validation"))


def _looks_like_a_path(split: Split) -> bool:
    """A bare word that names nothing is rather a mistake than a folder that is still to come."""
    mark = split.mark("path")
    folder = Path(mark.file).parent if mark and mark.line else Path()
    return "." in split.path or "/" in split.path or (folder / split.path).exists()


def _classes(view: View, report: Report) -> None:
    classes = view.spec.data.classes
    if classes is None:
        return
    if len(set(classes)) < 2:
        report.error("one-class", "`data.classes` must name at least two labels.", view.spec.data.mark("classes"))
    twice = [label for label in dict.fromkeys(classes) if classes.count(label) > 1]
    if twice:
        message = f"`data.classes` names {', '.join(twice)} twice. Expected every label once."
        report.error("conflict", message, view.spec.data.mark("classes"))


def _columns(view: View, report: Report) -> None:
    data = view.spec.data
    roles = {"target": data.target or [], "features": data.features or [], "drop": data.drop}
    for one, other in (("features", "target"), ("drop", "target"), ("drop", "features")):
        both = [name for name in roles[one] if name in roles[other]]
        if both:
            message = f"{', '.join(both)} is named under `{one}` and under `{other}`. A column has one role."
            report.error("conflict", message, data.mark(one))


def _source(view: View, report: Report) -> None:
    data = view.spec.data
    if data.format == "builtin" and data.source not in BUILT_IN:
        message = f"there is no built-in data set {data.source}. Expected one of: {', '.join(BUILT_IN)}."
        report.error("missing-file", message, data.mark("source"))
    if format_of(data) in ("csv", "parquet") and not data.target:
        message = "`data.target` is missing. Expected the column to predict, or a list of them."
        report.error("missing-key", message, data.mark("source"))


def _without_effect(view: View, report: Report) -> None:
    data, format, kind = view.spec.data, format_of(view.spec.data), kind_of(view.spec.data)
    idle = []
    if format not in (None, "csv"):
        idle += [key for key in _ONLY_FOR_CSV if stated(data, key)]
    if kind == "image":
        idle += [key for key in _ONLY_FOR_TABLES if stated(data, key)]
        if format in ("builtin", "images") and stated(data, "target"):
            idle.append("target")
    if kind == "table" and stated(data, "image"):
        idle.append("image")
    for key in idle:
        message = f"`data.{key}` has no effect on this source ({format}, {kind})."
        report.warn("no-effect", message, data.mark(key))
    if kind == "table" and data.augmentation:
        message = "`data.augmentation` alters pictures; this source is a table."
        report.error("conflict", message, data.mark("augmentation"))
    for key in _ONLY_FOR_CLASSES if view.spec.task == "regression" else ("target_scaling",):
        if stated(data, key) and view.spec.task != "auto":
            message = f"`data.{key}` has no effect while the task is {view.spec.task}."
            report.warn("no-effect", message, data.mark(key))


CHECKS = (_splits, _classes, _columns, _source, _without_effect)
