"""A few rows beside what an autoencoder gives back for them: the fact behind `reconstructions.json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasdeep.data import Part, Preprocessing
from kerasdeep.data.dataset import INPUT
from kerasdeep.measuring.samples import is_picture, picture, restore, shown_features
from kerasdeep.run_dir import plain

EXAMPLES = 6


def chosen(part: Part) -> np.ndarray:
    """The numbers of the rows to show, spread evenly over the part."""
    return np.unique(np.linspace(0, len(part) - 1, EXAMPLES).round().astype(int))


def reconstructions(
    part: Part, rows: np.ndarray, outputs: np.ndarray, like: Preprocessing
) -> list[dict[str, Any]]:
    """Each of `rows` with its reconstruction, both in the data's own units, and the mean squared error between
    them in the units that the network sees."""
    rule, found = like.inputs[INPUT], []
    for number, output in zip(rows, outputs, strict=True):
        given = part.x[number]
        pair = [restore(rule, given), restore(rule, output.reshape(given.shape))]
        pictures = all(isinstance(one, np.ndarray) and is_picture(one) for one in pair)
        if pictures:
            pair = [pair[0], np.clip(pair[1], pair[0].min(), max(float(pair[0].max()), _top(pair[0])))]
        found.append(
            {
                "row": part.rows[number],
                "error": float(np.mean((output.reshape(given.shape) - given) ** 2)),
                "input": picture(pair[0]) if pictures else None,
                "output": picture(pair[1]) if pictures else None,
                "features": None if pictures else shown_features({INPUT: pair[0]}),
                "reconstructed": None if pictures else shown_features({INPUT: pair[1]}),
            }
        )
    return plain(found)


def _top(pixels: np.ndarray) -> float:
    """The largest value a pixel can have, by the range that the picture lies in."""
    return next((unit for unit in (1.0, 255.0) if pixels.max() <= unit), float(pixels.max()))
