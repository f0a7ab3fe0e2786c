"""The predictions that went most wrong, with what the model was shown: the fact behind `samples.json`."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from kerasdeep.data import Dataset
from kerasdeep.data.preprocessing import ArrayRule, TableRule
from kerasdeep.run_dir import plain

if TYPE_CHECKING:
    from kerasdeep.measuring.evaluation import Answers

LONGEST_SIDE = 96  # pixels: enough to see why, small enough that a report stays far below a megabyte
MOST_FEATURES = 60
SHORTEST_SIDE = 4  # arrays smaller than this are not pictures


def mistakes(dataset: Dataset, part: str, answers: list[Answers], examples: int) -> dict[str, Any]:
    """At most `examples` mistakes per target: the most confident wrong class first, the largest error first."""
    found = [
        _mistake(dataset, part, target, int(position))
        for target in answers
        for position in _worst(target)[:examples]
    ]
    return plain({"part": part, "mistakes": found})


def _worst(answers: Answers) -> np.ndarray:
    if answers.confidence is None:
        error = np.abs(answers.predicted - answers.actual)
        return np.argsort(-error, kind="stable")
    wrong = np.flatnonzero(answers.predicted != answers.actual)
    return wrong[np.argsort(-answers.confidence[wrong], kind="stable")]


def _mistake(dataset: Dataset, part: str, answers: Answers, position: int) -> dict[str, Any]:
    data = getattr(dataset, part)
    inputs = data.x if isinstance(data.x, dict) else {next(iter(dataset.preprocessing.inputs)): data.x}
    raw = {name: restore(dataset.preprocessing.inputs[name], x[position]) for name, x in inputs.items()}
    pictures = [x for x in raw.values() if isinstance(x, np.ndarray) and is_picture(x)]
    return {
        "row": data.rows[position],
        "target": answers.target.name,
        "actual": _spelled(answers.actual[position], answers.target.classes),
        "predicted": _spelled(answers.predicted[position], answers.target.classes),
        "confidence": None if answers.confidence is None else float(answers.confidence[position]),
        "image": picture(pictures[0]) if pictures else None,
        "features": None if pictures else shown_features(raw),
    }


def _spelled(value: np.ndarray, classes: list[str]) -> str | float | None:
    """A class by its name (None for a label that training never saw), a number in six digits."""
    if not classes:
        return float(f"{value:.6g}")
    return classes[value] if value >= 0 else None


def restore(rule: TableRule | ArrayRule, x: np.ndarray) -> np.ndarray | dict[str, Any]:
    """One prepared row as it was before scaling: an array, or a table's row by column name.

    A missing number comes back as the value that stood in for it, an unknown category as None.
    """
    if isinstance(rule, ArrayRule):
        return x.astype(np.float64) * rule.scale + rule.offset
    count = len(rule.numbers)
    row = dict(zip(rule.numbers, x[:count].astype(np.float64) * rule.scale + rule.offset, strict=True))
    for column, values in rule.categories.items():
        block, count = x[count : count + len(values)], count + len(values)
        row[column] = values[int(block.argmax())] if block.any() else None
    return row


def shown_features(raw: dict[str, np.ndarray | dict[str, Any]]) -> dict[str, Any] | None:
    """The first MOST_FEATURES values by name; an array's values by their number."""
    named: dict[str, Any] = {}
    for name, row in raw.items():
        if isinstance(row, dict):
            named |= row
        else:
            named |= {f"{name}[{number}]": value for number, value in enumerate(row.reshape(-1)[:MOST_FEATURES])}
    shown = list(named.items())[:MOST_FEATURES]
    return {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in shown} or None


def is_picture(x: np.ndarray) -> bool:
    """(height, width) or (height, width, 1 or 3)."""
    return x.ndim in (2, 3) and min(x.shape[:2]) >= SHORTEST_SIDE and (x.ndim == 2 or x.shape[2] in (1, 3))


def picture(pixels: np.ndarray) -> str:
    """A PNG as a data address. The whole range is 0 … 1 or 0 … 255 where the pixels fit it, else their own."""
    pixels = np.asarray(pixels, np.float64).squeeze()
    low, high = 0.0, next((unit for unit in (1.0, 255.0) if pixels.max() <= unit), float(pixels.max()))
    if pixels.min() < 0 or 1 < high < 255 or pixels.max() < 0.2 * high:
        low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels - low) / ((high - low) or 1.0)
    image = Image.fromarray(np.round(255 * scaled).astype(np.uint8))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
