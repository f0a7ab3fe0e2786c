"""What `init` finds in data, as the data room itself will see it in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerasdeep.data import header, loading, sources, table
from kerasdeep.data.dataset import Dataset, Target
from kerasdeep.data.profile import IMBALANCE
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.spec.data import BUILT_IN, Data

TARGET_NAMES = ("target", "label", "labels", "class", "classes", "y", "outcome", "response")


@dataclass(frozen=True)
class Findings:
    """`chosen` says why the target is the target; `profile` is the data room's, of all rows, nothing held out."""

    source: str
    format: str
    kind: str
    target: Target
    chosen: str
    profile: dict[str, Any]
    shape: tuple[int, ...]
    own_parts: tuple[str, ...]
    noticed: tuple[str, ...]

    @property
    def rows(self) -> int:
        return self.profile["rows"]["train"]

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each class; empty where a number is predicted."""
        (target,) = self.profile["targets"]
        return dict(zip(target["classes"], target["counts"]["train"], strict=True)) if target["classes"] else {}

    @property
    def uneven(self) -> bool:
        return bool(self.counts) and max(self.counts.values()) > IMBALANCE * min(self.counts.values())

    @property
    def left_out(self) -> dict[str, str]:
        return {one["name"]: one["reason"] for one in self.profile["left_out"]}

    def as_dict(self) -> dict[str, Any]:
        """The shape that `--json` prints."""
        return {
            "source": self.source,
            "format": self.format,
            "rows": self.rows,
            "target": self.target.name,
            "target_chosen": self.chosen,
            "task": self.target.kind,
            "classes": self.counts,
            "inputs": list(self.shape),
            "features": [one["name"] for one in self.profile["features"]],
            "left_out": self.left_out,
            "noticed": list(self.noticed),
        }


def look(source: str, target: str | None = None, say: Callable[[str], None] | None = None) -> Findings:
    """Loads the data with nothing held out. Raises `InputError` where it cannot be learned from."""
    where = source if source in BUILT_IN else str(Path(source).expanduser())
    section = Data(source=where, validation=None, marks={"source": Mark(source), "target": Mark("--target")})
    format = sources.infer_format(where, Mark(source))
    chosen = "you named it" if target else "the data says so"
    guessed = ""
    if format in ("csv", "parquet"):
        columns = _columns(Path(where), format, source)
        if target is None:
            target, chosen = _guess(columns)
            guessed = f"`{target}` was taken as the target, since {chosen}. Name another with --target; "
            guessed += f"there are: {', '.join(columns)}."
        elif target not in columns:
            message = f"there is no column `{target}`. The table has: {', '.join(columns)}."
            raise InputError(
                [Problem("error", "missing-column", message, Mark("--target"), closest(target, columns))]
            )
    try:
        dataset = loading.load(replace(section, target=[target] if target else None), say=say)
    except InputError as error:
        hint = [Problem("error", "target", guessed, Mark(source))] if guessed else []
        raise InputError([*error.problems, *hint]) from error
    return _findings(where, format, chosen, dataset)


def _columns(path: Path, format: str, source: str) -> list[str]:
    if format == "csv":
        return header.read(path, Mark(source)).columns
    return list(table.open_frame(path, format, Mark(source)).columns)


def _guess(columns: list[str]) -> tuple[str, str]:
    """The column to predict, and why: one that is called like a target, else the last."""
    by_name = {name.lower(): name for name in columns}
    for word in TARGET_NAMES:
        if word in by_name:
            return by_name[word], "it is called so"
    return columns[-1], "it is the last column"


def _findings(source: str, format: str, chosen: str, dataset: Dataset) -> Findings:
    if len(dataset.targets) != 1 or len(dataset.input_shapes) != 1:
        several = ", ".join([*(one.name for one in dataset.targets), *dataset.input_shapes])
        message = (
            f"{source} has several targets or inputs ({several}). Name one target with --target, or start from "
        )
        message += "`kerasdeep recipes copy reference`."
        raise InputError(message, "several-targets", Mark(source))
    (target,) = dataset.targets
    (shape,) = dataset.input_shapes.values()
    left_out = ("left-out-column", "class-imbalance")
    return Findings(
        source,
        format,
        dataset.preprocessing.kind,
        target,
        chosen,
        dataset.profile,
        tuple(shape),
        tuple(part for part in ("validation", "test") if getattr(dataset, part) is not None),
        tuple(problem.message for problem in dataset.warnings if problem.name not in left_out),
    )


def kinds_of_features(found: Findings) -> str:
    """`8 numbers, 4 categories`."""
    plural = {"number": "numbers", "category": "categories", "boolean": "yes-or-no columns"}
    counts = Counter(one["kind"] for one in found.profile["features"])
    return ", ".join(f"{count} {kind if count == 1 else plural.get(kind, kind)}" for kind, count in counts.items())
