"""What `init` infers from data, in the way that training will read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from kerasdeep.config.sections.data import BUILT_IN_DATASETS, FORMATS, HUGGING_FACE, DataConfig
from kerasdeep.data import loading, sources
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.hugging_face import local_path
from kerasdeep.data.profile import MAX_IMBALANCE
from kerasdeep.data.readers import READERS, TableReader
from kerasdeep.data.readers.image_list import find_picture_column
from kerasdeep.data.table import ReadOptions
from kerasdeep.data.types import Target
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest
from kerasdeep.paths import expand_user

TARGET_NAMES = ("target", "label", "labels", "class", "classes", "y", "outcome", "response")


@dataclass(frozen=True)
class DataSummary:
    """`target_reason` says why the target is the target; `profile` is of all rows, nothing held out."""

    source: str
    format: str
    kind: str
    target: Target
    target_reason: str
    profile: dict[str, Any]
    input_shape: tuple[int, ...]
    provided_splits: tuple[str, ...]
    data_warnings: tuple[str, ...]
    has_header: bool = True
    picture_column: str | None = None

    @property
    def rows(self) -> int:
        return self.profile["rows"]["train"]

    @property
    def class_counts(self) -> dict[str, int]:
        """Rows of each class; empty where a number is predicted."""
        (target,) = self.profile["targets"]
        return dict(zip(target["classes"], target["counts"]["train"], strict=True)) if target["classes"] else {}

    @property
    def is_imbalanced(self) -> bool:
        return bool(self.class_counts) and max(self.class_counts.values()) > MAX_IMBALANCE * min(
            self.class_counts.values()
        )

    @property
    def left_out(self) -> dict[str, str]:
        return {column["name"]: column["reason"] for column in self.profile["left_out"]}

    @property
    def group(self) -> str | None:
        """The column that looks like what rows belong to."""
        return next(iter((self.profile.get("suspicions") or {}).get("group", ())), None)

    def as_dict(self) -> dict[str, Any]:
        """The shape that `--json` prints."""
        return {
            "source": self.source,
            "format": self.format,
            "rows": self.rows,
            "target": self.target.name,
            "target_chosen": self.target_reason,
            "task": self.target.kind,
            "classes": self.class_counts,
            "inputs": list(self.input_shape),
            "features": [feature["name"] for feature in self.profile["features"]],
            "left_out": self.left_out,
            "group": self.group,
            "noticed": list(self.data_warnings),
        }


def inspect_data(source: str, target: str | None = None, say: Callable[[str], None] | None = None) -> DataSummary:
    """Loads the data with nothing held out. Raises `InputError` where it cannot be learned from."""
    is_name = source in BUILT_IN_DATASETS or source.startswith(HUGGING_FACE)
    data_path = source if is_name else str(expand_user(source))
    section = DataConfig(
        source=data_path,
        validation=None,
        locations={"source": SourceLocation(source), "target": SourceLocation("--target")},
    )
    format = sources.infer_format(data_path, SourceLocation(source))
    target_reason = "you named it" if target else "the data says so"
    guess_note = ""
    if FORMATS[format].kind == "table":
        reader = cast(TableReader, READERS[format])
        path = local_path(data_path, SourceLocation(source), say)
        opened = reader.open_table(path, SourceLocation(source), ReadOptions())
        columns, picture = opened.columns, find_picture_column(path, opened.read_columns(None))
        if picture:
            format, section = "image_list", replace(section, columns={picture: "picture"})
        if target is None:
            target, target_reason = _guess_target([name for name in columns if name != picture])
            guess_note = f"`{target}` was taken as the target, since {target_reason}. Name another with --target; "
            guess_note += f"there are: {', '.join(columns)}."
        elif target not in columns:
            message = f"there is no column `{target}`. The table has: {', '.join(columns)}."
            raise InputError(
                [Problem("error", "missing-column", message, SourceLocation("--target"), suggest(target, columns))]
            )
    try:
        dataset = loading.load(replace(section, target=[target] if target else None), say=say)
    except InputError as error:
        hint = [Problem("error", "target", guess_note, SourceLocation(source))] if guess_note else []
        raise InputError([*error.problems, *hint]) from error
    return _summarize(data_path, format, target_reason, dataset)


def _guess_target(columns: list[str]) -> tuple[str, str]:
    """The column to predict, and why: one with the name of a target, else the last."""
    by_name = {name.lower(): name for name in columns}
    for candidate in TARGET_NAMES:
        if candidate in by_name:
            return by_name[candidate], "it is called so"
    return columns[-1], "it is the last column"


def _summarize(source: str, format: str, target_reason: str, dataset: Dataset) -> DataSummary:
    if len(dataset.targets) != 1 or len(dataset.input_shapes) != 1:
        names = ", ".join([*(entry.name for entry in dataset.targets), *dataset.input_shapes])
        message = f"{source} has several targets or inputs ({names}). Name one target with --target, or start from "
        message += "`kerasdeep recipes copy reference`."
        raise InputError(message, "several-targets", SourceLocation(source))
    (target,) = dataset.targets
    (shape,) = dataset.input_shapes.values()
    hidden_warnings = ("left-out-column", "class-imbalance")
    return DataSummary(
        source,
        format,
        dataset.preprocessing.kind,
        target,
        target_reason,
        dataset.profile,
        tuple(shape),
        tuple(split for split in ("validation", "test") if getattr(dataset, split) is not None),
        tuple(problem.message for problem in dataset.warnings if problem.name not in hidden_warnings),
        dataset.preprocessing.read_options.get("header") != "none",
        dataset.preprocessing.read_options.get("picture"),
    )


def format_feature_kinds(data_summary: DataSummary) -> str:
    """`8 numbers, 4 categories`."""
    plural = {"category": "categories", "boolean": "yes-or-no columns"}
    counts = Counter(feature["kind"] for feature in data_summary.profile["features"])
    return ", ".join(
        f"{count} {kind if count == 1 else plural.get(kind, f'{kind}s')}" for kind, count in counts.items()
    )
