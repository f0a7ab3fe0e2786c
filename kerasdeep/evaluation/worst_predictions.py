"""The predictions that went most wrong, with what the model was shown: the fact behind `samples.json`."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from kerasdeep.data import Dataset, DataSplit, Preprocessing
from kerasdeep.evaluation.types import TargetEvaluation, module_of
from kerasdeep.keras_names import written_name
from kerasdeep.runs import to_jsonable

MAX_IMAGE_SIDE = 96  # pixels: enough to see why, small enough that a report stays far below a megabyte
MAX_FEATURES = 60
MIN_IMAGE_SIDE = 4  # arrays smaller than this are not images


def mistakes(dataset: Dataset, targets: Mapping[str, list[TargetEvaluation]], examples: int) -> dict[str, Any]:
    """The worst predictions on test rows, or without any on validation or training rows.

    At most `examples` per target: the most confident wrong class first, the largest error first.
    """
    name = next(name for name in ("test", "validation", "train") if name in targets)
    entries = [
        _mistake(dataset.splits[name], dataset.preprocessing, evaluation, int(row))
        for evaluation in targets[name]
        for row in module_of(evaluation.target.task).worst_rows(evaluation)[:examples]
    ]
    return to_jsonable({"part": name, "mistakes": entries})


def _mistake(split: DataSplit, preprocessing: Preprocessing, evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    inputs = split.x if isinstance(split.x, dict) else {next(iter(preprocessing.inputs)): split.x}
    decoded: dict[str, Any] = {}
    for name, x in inputs.items():
        value = preprocessing.inputs[written_name(name)].invert(np.asarray(x[row]))
        decoded |= value if isinstance(value, dict) else {name: value}
    images = [name for name, x in decoded.items() if isinstance(x, np.ndarray) and is_image(x)]
    return {
        "row": split.rows[row],
        "target": evaluation.target.name,
        **module_of(evaluation.target.task).describe_row(evaluation, row),
        "image": png_data_url(decoded[images[0]]) if images else None,
        "features": named_features({name: value for name, value in decoded.items() if name not in images}),
    }


def named_features(decoded: dict[str, Any]) -> dict[str, Any] | None:
    """The first `MAX_FEATURES` values by name; those of an array by their index, those of a table by their columns."""
    named: dict[str, Any] = {}
    for name, row in decoded.items():
        if isinstance(row, dict):
            named |= row
        elif not isinstance(row, np.ndarray):
            named[name] = row
        else:
            named |= {f"{name}[{index}]": value for index, value in enumerate(row.reshape(-1)[:MAX_FEATURES])}
    limited = list(named.items())[:MAX_FEATURES]
    return {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in limited} or None


def is_image(x: np.ndarray) -> bool:
    """(height, width) or (height, width, 1 or 3)."""
    return x.ndim in (2, 3) and min(x.shape[:2]) >= MIN_IMAGE_SIDE and (x.ndim == 2 or x.shape[2] in (1, 3))


def png_data_url(pixels: np.ndarray, shades: tuple[float, float] | None = None) -> str:
    """A PNG as a data URL; `shades` are black and white, those of `black_and_white` where they are not given."""
    pixels = np.asarray(pixels, np.float64).squeeze()
    low, high = shades or black_and_white(pixels)
    scaled = np.clip((pixels - low) / ((high - low) or 1.0), 0, 1)
    image = Image.fromarray(np.round(255 * scaled).astype(np.uint8))
    image.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def black_and_white(pixels: np.ndarray) -> tuple[float, float]:
    """0 and 1 or 0 and 255 where the pixels lie between them, else their own range."""
    high = max_pixel(pixels)
    if pixels.min() < 0 or 1 < high < 255 or pixels.max() < 0.2 * high:
        return float(pixels.min()), float(pixels.max())
    return 0.0, high


def max_pixel(pixels: np.ndarray) -> float:
    """The largest value that a pixel can have, judged by the range that the image lies in."""
    return next((limit for limit in (1.0, 255.0) if pixels.max() <= limit), float(pixels.max()))
