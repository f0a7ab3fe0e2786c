"""A network's heads: which of its outputs, and which columns of them, belong to which target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdeep.config.lowering.planned import Head
from kerasdeep.data import Dataset, Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import OUTPUT

Arrays = np.ndarray | Mapping[str, np.ndarray]
"""Outputs or labels of a network: one array, or arrays by head where there are several heads."""
TargetScale = tuple[Any, Any]
"""Scale and offset, numbers or one per column: original = scaled * scale + offset."""


@dataclass(frozen=True, slots=True)
class TargetSlice:
    """Where the outputs and the labels of one target are.

    Args:
        encoder: How the target's labels were encoded.
        head: The head that predicts it.
        columns: Its columns of that head's outputs (rows, units).
        label_column: Its column of that head's labels, (rows,) or (rows, targets); all of them for a set of labels
            and for steps.
    """

    encoder: TargetEncoder
    head: str
    columns: slice
    label_column: int | slice

    def outputs(self, outputs: Arrays) -> np.ndarray:
        """The target's share of a network's outputs: (rows, units)."""
        values = np.asarray(by_head(outputs)[self.head])
        return values.reshape(len(values), -1)[:, self.columns]

    def labels(self, labels: Arrays) -> np.ndarray:
        """The target's share of encoded labels: (rows,), (rows, labels) for a set of labels or (rows, steps)."""
        values = np.asarray(by_head(labels)[self.head])
        return values.reshape(len(values), -1)[:, self.label_column]


def target_slices(preprocessing: Preprocessing) -> Iterator[TargetSlice]:
    """Where each target is, in the order of the targets."""
    encoders = {encoder.name: encoder for encoder in preprocessing.targets}
    for head, targets in preprocessing.heads.items():
        start = 0
        for column, target in enumerate(targets):
            columns = slice(start, start + target.units) if len(targets) > 1 else slice(None)
            label_column = slice(None) if target.task.labels in ("set", "steps") else column
            yield TargetSlice(encoders[target.name], head, columns, label_column)
            start += target.units


def by_head(arrays: Any) -> dict[str, Any]:
    """Outputs or labels as a dict; a single head is nameless in the model and in the labels."""
    return dict(arrays) if isinstance(arrays, Mapping) else {OUTPUT: arrays}


def output_heads(data: Dataset | Preprocessing) -> list[Head]:
    """What the network must predict: a head for each target with classes, one for all numbers together."""
    return [
        Head(name, targets[0].kind, sum(target.units for target in targets), targets[0].options)
        for name, targets in data.heads.items()
    ]


def target_scales(preprocessing: Preprocessing) -> dict[str, TargetScale]:
    """How scaled targets become the original numbers, by head; empty where none was scaled."""
    scales_by_head: dict[str, tuple[list[float], list[float]]] = {}
    for target_slice in target_slices(preprocessing):
        scales, offsets = scales_by_head.setdefault(target_slice.head, ([], []))
        scales.append(target_slice.encoder.scale)
        offsets.append(target_slice.encoder.center)
    return {
        head: (scales, offsets) if len(scales) > 1 else (scales[0], offsets[0])
        for head, (scales, offsets) in scales_by_head.items()
        if any(scale != 1.0 for scale in scales) or any(offsets)
    }


def output_scales(preprocessing: Preprocessing) -> dict[str, TargetScale]:
    """How outputs become what is predicted, by head: `target_scales` with the shifts of calibrated quantiles."""
    scales = target_scales(preprocessing)
    for target_slice in target_slices(preprocessing):
        shifts = target_slice.encoder.shifts
        if shifts:
            scale, offset = scales.get(target_slice.head, (1.0, 0.0))
            scales[target_slice.head] = scale, [offset + shift for shift in shifts]
    return scales


def heads_in_order(preprocessing: Preprocessing) -> list[str]:
    """The heads whose outputs, once scaled, are put in order: shifts may have made quantiles cross."""
    return [target_slice.head for target_slice in target_slices(preprocessing) if target_slice.encoder.shifts]
