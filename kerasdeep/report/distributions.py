"""How each layer's weights are spread, and the last gradients that were read: histograms side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.run_facts import RunFacts

MAX_LAYERS = 60


@dataclass(frozen=True)
class HistogramShape:
    """A histogram on a range symmetric about zero: `path` fills a box of 100 × 100, `reach` is the range's end."""

    path: str
    limit: str
    label: str


@dataclass(frozen=True)
class KernelRow:
    """What a row of the table shows of one kernel."""

    name: str
    weights: HistogramShape | None
    gradients: HistogramShape | None
    norm: str
    largest_unit_norm: str
    small: str
    zero: str


def kernel_rows(facts: RunFacts) -> list[KernelRow]:
    """A row for each kernel of the saved model, in the network's order; none where nothing was written of them."""
    gradients = facts.health.get("gradients") or {}
    layers = facts.weights.get("layers")
    rows = [row for row in layers if isinstance(row, dict)] if isinstance(layers, list) else []
    return [
        KernelRow(
            str(row.get("name")),
            histogram_shape(row.get("histogram")),
            histogram_shape(gradients.get(row.get("name"))) if isinstance(gradients, dict) else None,
            formatting.number(row.get("norm"), 3),
            formatting.number(row.get("largest_unit_norm"), 3),
            formatting.percent(row.get("small")),
            formatting.percent(row.get("zero")),
        )
        for row in rows[:MAX_LAYERS]
    ]


def histogram_shape(histogram: Any) -> HistogramShape | None:
    """The histogram as a shape; None where it is empty or no histogram."""
    if not isinstance(histogram, dict):
        return None
    edges, counts = histogram.get("edges") or [], histogram.get("counts") or []
    if len(edges) != len(counts) + 1 or not all(map(is_number, [*edges, *counts])) or not sum(counts):
        return None
    width, highest, total = 100 / len(counts), max(counts), sum(counts)
    steps = "".join(f"V{100 - 96 * count / highest:.4g}h{width:.4g}" for count in counts)
    limit = formatting.number(edges[-1], 2)
    inner_count = sum(
        count for low, high, count in zip(edges, edges[1:], counts, strict=False) if abs(low + high) < edges[-1]
    )
    label = f"{formatting.whole_percent(inner_count / total)} within ±{formatting.number(edges[-1] / 2, 2)}, ends at ±{limit}"
    return HistogramShape(f"M0 100{steps}V100z", limit, label)
