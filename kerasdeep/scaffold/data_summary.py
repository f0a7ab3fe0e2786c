"""What `init` infers from data, in the way that training will read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kerasdeep.config.sections.data import (
    BUILT_IN_DATASETS,
    FORMATS,
    HUGGING_FACE,
    ColumnConfig,
    DataConfig,
    WindowConfig,
)
from kerasdeep.data import loading, sources
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.hugging_face import local_path
from kerasdeep.data.labels import MAX_CLASSES, looks_like_lists
from kerasdeep.data.picture_paths import find_picture_column
from kerasdeep.data.profile import MAX_IMBALANCE
from kerasdeep.data.readers import READERS, TableReader
from kerasdeep.data.table import ReadOptions, open_nonempty
from kerasdeep.data.types import Target
from kerasdeep.data.unreadable import explain_unreadable
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest
from kerasdeep.paths import expand_user
from kerasdeep.scaffold.series import find_group, find_time, parse_window

if TYPE_CHECKING:
    import pandas as pd

TARGET_NAMES = ("target", "label", "labels", "class", "classes", "y", "outcome", "response")


@dataclass(frozen=True)
class Roles:
    """The columns that order rows and that tell which belong together; with a window, `48/12`, those that are not named
    are found."""

    time: str | None = None
    group: str | None = None
    window: str | None = None


NO_ROLES = Roles()


@dataclass(frozen=True)
class DataSummary:
    """`target_reason` says why the targets are the targets; `profile` is of all rows, nothing held out.

    `target_columns` are to be written under `data.target`, `task` where `auto` would take another one, and `heads` are
    the names of the outputs where several are needed.
    """

    source: str
    format: str
    kind: str
    targets: list[Target]
    target_columns: list[str]
    task: str | None
    heads: list[str]
    target_reason: str
    profile: dict[str, Any]
    input_shape: tuple[int, ...]
    provided_splits: tuple[str, ...]
    data_warnings: tuple[str, ...]
    has_header: bool = True
    picture_columns: tuple[str, ...] = ()
    picture_shape: tuple[int, ...] = ()
    time: str | None = None
    stated_group: str | None = None
    window: WindowConfig | None = None

    @property
    def rows(self) -> int:
        return self.profile["rows"]["train"]

    @property
    def class_counts(self) -> dict[str, int]:
        """Rows of each class or label; empty where numbers or several targets are predicted."""
        target = self.profile["targets"][0]
        has_counts = len(self.targets) == 1 and target["classes"]
        return dict(zip(target["classes"], target["counts"]["train"], strict=True)) if has_counts else {}

    @property
    def is_imbalanced(self) -> bool:
        counts = self.class_counts.values()
        return bool(counts) and self.targets[0].task.has_classes and max(counts) > MAX_IMBALANCE * min(counts)

    @property
    def left_out(self) -> dict[str, str]:
        return {column["name"]: column["reason"] for column in self.profile["left_out"]}

    @property
    def rows_left_out(self) -> int:
        """Rows without a target."""
        return self.profile["rows_left_out"]

    @property
    def group(self) -> str | None:
        """The column of what rows belong to: the one that was named, or looks so."""
        return self.stated_group or next(iter((self.profile.get("suspicions") or {}).get("group", ())), None)

    def as_dict(self) -> dict[str, Any]:
        """The shape that `--json` prints; what is one for every target is a list where there are several."""
        names, kinds = ([getattr(target, key) for target in self.targets] for key in ("name", "kind"))
        return {
            "source": self.source,
            "format": self.format,
            "rows": self.rows,
            "target": names[0] if len(names) == 1 else names,
            "target_chosen": self.target_reason,
            "task": kinds[0] if len(kinds) == 1 else kinds,
            "classes": self.class_counts,
            "inputs": list(self.input_shape),
            "features": [feature["name"] for feature in self.profile["features"]],
            "left_out": self.left_out,
            "rows_left_out": self.rows_left_out,
            "group": self.group,
            "noticed": list(self.data_warnings),
        }


def inspect_data(
    source: str, targets: Sequence[str] = (), say: Callable[[str], None] | None = None, roles: Roles = NO_ROLES
) -> DataSummary:
    """Loads the data with nothing held out. Raises `InputError` where it cannot be learned from."""
    is_name = source in BUILT_IN_DATASETS or source.startswith(HUGGING_FACE)
    data_path = source if is_name else str(expand_user(source))
    section = DataConfig(
        source=data_path,
        validation=None,
        locations={"source": SourceLocation(source), "target": SourceLocation("--target")},
    )
    format = sources.infer_format(data_path, SourceLocation(source))
    columns, target_reason = list(dict.fromkeys(targets)), "you named it" if targets else "the data says so"
    guess_note, frame = "", None
    if roles != NO_ROLES and FORMATS[format].kind != "table":
        message = f"{source} is no table, which --time, --group and --window are for."
        raise InputError(message, "conflict", SourceLocation(source))
    if FORMATS[format].kind == "table":
        reader = cast(TableReader, READERS[format])
        path = local_path(data_path, SourceLocation(source), say)
        with explain_unreadable(path, SourceLocation(source)):
            opened = open_nonempty(reader.open_table, path, SourceLocation(source), ReadOptions())
            frame = opened.read_columns(None)
            known, picture = opened.columns, find_picture_column(path, frame)
        if picture:
            format, section = "image_list", replace(section, columns={picture: ColumnConfig(kind="picture")})
        named = [*(("--target", name) for name in columns), ("--time", roles.time), ("--group", roles.group)]
        for option, name in named:
            if name is not None and name not in known:
                message = f"there is no column `{name}`. The table has: {', '.join(known)}."
                suggestion = suggest(name, known)
                raise InputError([Problem("error", "missing-column", message, SourceLocation(option), suggestion)])
        if not columns:
            guessed, target_reason = _guess_target([name for name in known if name != picture])
            columns = [guessed]
            guess_note = f"`{guessed}` was taken as the target, since {target_reason}. Name another with --target; "
            guess_note += f"there are: {', '.join(known)}."
        section = replace(section, time=roles.time, group=roles.group)
        if roles.window:
            time = roles.time or find_time(frame)
            group = roles.group or find_group(frame, time, columns)
            section = replace(section, time=time, group=group, window=parse_window(roles.window))
    section = replace(section, target=columns or None)
    try:
        task, dataset = _load_with_task(section, say)
        if lists := _categories_of_lists(dataset, frame):
            kinds = {**section.columns, **{name: ColumnConfig(kind="list") for name in lists}}
            task, dataset = _load_with_task(replace(section, columns=kinds), None)
    except InputError as error:
        hint = [Problem("error", "target", guess_note, SourceLocation(source))] if guess_note else []
        raise InputError([*error.problems, *hint]) from error
    summary = _summarize(data_path, format, columns, task, target_reason, dataset)
    return replace(summary, time=section.time, stated_group=section.group, window=section.window)


def _load_with_task(section: DataConfig, say: Callable[[str], None] | None) -> tuple[str | None, Dataset]:
    """The data, and the task that the file must state where `auto` takes another: labels in lists, or in columns.

    Rows without a target are left out, unless they are lists of no labels.
    """
    try:
        dataset = loading.load(section, say=say)
    except InputError as error:
        names = {problem.name for problem in error.problems}
        if names.isdisjoint(("too-many-classes", "nan-target")):
            raise
        with suppress(InputError):  # what has too many classes, or empty ones, may be lists of few labels
            dataset = loading.load(section, "multilabel")
            if all(map(_has_few_labels, dataset.profile["targets"])):
                return "multilabel", dataset
        if "nan-target" not in names or section.drop_unlabelled:
            raise
        return _load_with_task(replace(section, drop_unlabelled=True), None)
    kinds = {target.kind for target in dataset.targets}
    lists = all(looks_like_lists(np.array(target.classes, object)) for target in dataset.targets)
    if lists or (len(dataset.targets) > 1 and kinds == {"binary"}):
        with suppress(InputError):  # two classes each, but not 0 and 1
            return "multilabel", loading.load(section, "multilabel")
    return None, dataset


def _categories_of_lists(dataset: Dataset, frame: pd.DataFrame | None) -> list[str]:
    """The columns whose few values, each a category to `auto`, are combinations of fewer: several answers to one
    question."""
    categories = [feature["name"] for feature in dataset.profile["features"] if feature["kind"] == "category"]
    if frame is None:
        return []
    return [name for name in categories if name in frame.columns and looks_like_lists(frame[name].to_numpy(object))]


def _has_few_labels(profile: dict[str, Any]) -> bool:
    """Whether lists have labels that come back, and not the words of sentences."""
    return len(profile["classes"]) <= max(MAX_CLASSES, sum(profile["counts"]["train"]) / 10)


def _guess_target(columns: list[str]) -> tuple[str, str]:
    """The column to predict, and why: one with the name of a target, else the last."""
    by_name = {name.lower(): name for name in columns}
    for candidate in TARGET_NAMES:
        if candidate in by_name:
            return by_name[candidate], "it is called so"
    return columns[-1], "it is the last column"


def _summarize(
    source: str, format: str, columns: list[str], task: str | None, target_reason: str, dataset: Dataset
) -> DataSummary:
    kind, shapes = dataset.preprocessing.kind, dataset.preprocessing.input_shapes
    if len(shapes) != 1 and kind != "table":
        message = f"{source} has several inputs ({', '.join(dataset.input_shapes)}). Start from "
        message += "`kerasdeep recipes copy reference`."
        raise InputError(message, "several-inputs", SourceLocation(source))
    shape = next(iter(shapes.values()))
    pictures = {
        encoder.name: encoder.own_input.shape
        for encoder in dataset.preprocessing.table.encoders
        if encoder.own_input and encoder.holds_paths
    }
    if listed := dataset.preprocessing.read_options.get("picture"):
        pictures = {listed: shape}
    hidden_warnings = ("left-out-column", "class-imbalance", "found-pictures")
    return DataSummary(
        source,
        format,
        kind,
        dataset.targets,
        columns,
        task,
        list(dataset.heads) if len(dataset.heads) > 1 else [],
        target_reason,
        dataset.profile,
        tuple(shape),
        tuple(dataset.profile["own_parts"]),
        tuple(problem.message for problem in dataset.warnings if problem.name not in hidden_warnings),
        dataset.preprocessing.read_options.get("header") != "none",
        tuple(pictures),
        tuple(next(iter(pictures.values()), shape)),
    )


def format_feature_kinds(data_summary: DataSummary) -> str:
    """`8 numbers, 4 categories`."""
    plural = {"category": "categories", "boolean": "yes-or-no columns"}
    counts = Counter(feature["kind"] for feature in data_summary.profile["features"])
    return ", ".join(
        f"{count} {kind if count == 1 else plural.get(kind, f'{kind}s')}" for kind, count in counts.items()
    )
