"""The predictions that went most wrong, with what the model was shown: the fact behind `samples.json`."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from kerasdeep.data import Dataset
from kerasdeep.runs import to_jsonable

if TYPE_CHECKING:
    from kerasdeep.evaluation.prediction_metrics import TargetEvaluation

MAX_IMAGE_SIDE = 96  # pixels: enough to see why, small enough that a report stays far below a megabyte
MAX_FEATURES = 60
MIN_IMAGE_SIDE = 4  # arrays smaller than this are not pictures


def mistakes(dataset: Dataset, part: str, target_evaluations: list[TargetEvaluation], examples: int) -> dict[str, Any]:
    """At most `examples` mistakes per target: the most confident wrong class first, the largest error first."""
    entries = [
        _mistake(dataset, part, target_evaluation, int(position))
        for target_evaluation in target_evaluations
        for position in _worst_first(target_evaluation)[:examples]
    ]
    return to_jsonable({"part": part, "mistakes": entries})


def _worst_first(target_evaluation: TargetEvaluation) -> np.ndarray:
    if target_evaluation.confidence is None:
        error = np.abs(target_evaluation.predicted - target_evaluation.actual)
        return np.argsort(-error, kind="stable")
    wrong = np.flatnonzero(target_evaluation.predicted != target_evaluation.actual)
    return wrong[np.argsort(-target_evaluation.confidence[wrong], kind="stable")]


def _mistake(dataset: Dataset, part: str, target_evaluation: TargetEvaluation, position: int) -> dict[str, Any]:
    data = getattr(dataset, part)
    inputs = data.x if isinstance(data.x, dict) else {next(iter(dataset.preprocessing.inputs)): data.x}
    decoded = {name: dataset.preprocessing.inputs[name].invert(x[position]) for name, x in inputs.items()}
    images = [x for x in decoded.values() if isinstance(x, np.ndarray) and is_image(x)]
    return {
        "row": data.rows[position],
        "target": target_evaluation.target.name,
        "actual": _readable_label(target_evaluation.actual[position], target_evaluation.target.classes),
        "predicted": _readable_label(target_evaluation.predicted[position], target_evaluation.target.classes),
        "confidence": None if target_evaluation.confidence is None else float(target_evaluation.confidence[position]),
        "image": png_data_url(images[0]) if images else None,
        "features": None if images else named_features(decoded),
    }


def _readable_label(value: np.ndarray, classes: list[str]) -> str | float | None:
    """A class by its name (None for a label that training never saw), a number in six digits."""
    if not classes:
        return float(f"{value:.6g}")
    return classes[value] if value >= 0 else None


def named_features(decoded: dict[str, np.ndarray | dict[str, Any]]) -> dict[str, Any] | None:
    """The first MOST_FEATURES values by name; an array's values by their number."""
    named: dict[str, Any] = {}
    for name, row in decoded.items():
        if isinstance(row, dict):
            named |= row
        else:
            named |= {f"{name}[{index}]": value for index, value in enumerate(row.reshape(-1)[:MAX_FEATURES])}
    limited = list(named.items())[:MAX_FEATURES]
    return {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in limited} or None


def is_image(x: np.ndarray) -> bool:
    """(height, width) or (height, width, 1 or 3)."""
    return x.ndim in (2, 3) and min(x.shape[:2]) >= MIN_IMAGE_SIDE and (x.ndim == 2 or x.shape[2] in (1, 3))


def png_data_url(pixels: np.ndarray) -> str:
    """A PNG as a data address. The whole range is 0 … 1 or 0 … 255 where the pixels fit it, else their own."""
    pixels = np.asarray(pixels, np.float64).squeeze()
    low, high = 0.0, next((limit for limit in (1.0, 255.0) if pixels.max() <= limit), float(pixels.max()))
    if pixels.min() < 0 or 1 < high < 255 or pixels.max() < 0.2 * high:
        low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels - low) / ((high - low) or 1.0)
    image = Image.fromarray(np.round(255 * scaled).astype(np.uint8))
    image.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
