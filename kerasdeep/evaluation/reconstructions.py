"""A few rows beside their reconstructions by an autoencoder: the fact behind `reconstructions.json`."""

from typing import Any

import numpy as np

from kerasdeep.data import DataSplit, Preprocessing
from kerasdeep.data.types import INPUT
from kerasdeep.evaluation.worst_predictions import is_image, max_pixel, named_features, png_data_url
from kerasdeep.runs import to_jsonable

EXAMPLE_COUNT = 6


def example_rows(part: DataSplit) -> np.ndarray:
    """The numbers of the rows to show, spread evenly over the part."""
    return np.unique(np.linspace(0, len(part) - 1, EXAMPLE_COUNT).round().astype(int))


def reconstruction_examples(
    part: DataSplit, rows: np.ndarray, outputs: np.ndarray, preprocessing: Preprocessing
) -> list[dict[str, Any]]:
    """Each of `rows` with its reconstruction, both in the data's own units, and the mean squared error between
    them in the units that the network sees."""
    transform, examples = preprocessing.inputs[INPUT], []
    for index, output in zip(rows, outputs, strict=True):
        input_row = part.only_x[index]
        pair: list[Any] = [transform.invert(input_row), transform.invert(output.reshape(input_row.shape))]
        are_images = all(isinstance(values, np.ndarray) and is_image(values) for values in pair)
        if are_images:
            pair = [pair[0], np.clip(pair[1], pair[0].min(), max(float(pair[0].max()), max_pixel(pair[0])))]
        examples.append(
            {
                "row": part.rows[index],
                "error": float(np.mean((output.reshape(input_row.shape) - input_row) ** 2)),
                "input": png_data_url(pair[0]) if are_images else None,
                "output": png_data_url(pair[1]) if are_images else None,
                "features": None if are_images else named_features({INPUT: pair[0]}),
                "reconstructed": None if are_images else named_features({INPUT: pair[1]}),
            }
        )
    return to_jsonable(examples)
