"""How each layer's weights are spread, and the last gradients that were read: histograms side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.reading import Facts

MOST_LAYERS = 60


@dataclass(frozen=True)
class Spread:
    """A histogram on a range symmetric about zero: `path` fills a box of 100 × 100, `reach` is the range's end."""

    path: str
    reach: str
    said: str


@dataclass(frozen=True)
class Kernel:
    """What a row of the table shows of one kernel."""

    name: str
    weights: Spread | None
    gradients: Spread | None
    norm: str
    largest_unit_norm: str
    small: str
    zero: str


def kernels(facts: Facts) -> list[Kernel]:
    """A row for each kernel of the saved model, in the network's order; none where nothing was written of them."""
    gradients = facts.health.get("gradients") or {}
    found = facts.weights.get("layers")
    rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [
        Kernel(
            str(one.get("name")),
            spread(one.get("histogram")),
            spread(gradients.get(one.get("name"))) if isinstance(gradients, dict) else None,
            numbers.number(one.get("norm"), 3),
            numbers.number(one.get("largest_unit_norm"), 3),
            numbers.percent(one.get("small")),
            numbers.percent(one.get("zero")),
        )
        for one in rows[:MOST_LAYERS]
    ]


def spread(found: Any) -> Spread | None:
    """The histogram as a shape; None where it is empty or no histogram."""
    if not isinstance(found, dict):
        return None
    edges, counts = found.get("edges") or [], found.get("counts") or []
    if len(edges) != len(counts) + 1 or not all(map(is_number, [*edges, *counts])) or not sum(counts):
        return None
    width, most, total = 100 / len(counts), max(counts), sum(counts)
    steps = "".join(f"V{100 - 96 * count / most:.4g}h{width:.4g}" for count in counts)
    reach = numbers.number(edges[-1], 2)
    inner = sum(
        count for low, high, count in zip(edges, edges[1:], counts, strict=False) if abs(low + high) < edges[-1]
    )
    said = f"{numbers.whole_percent(inner / total)} within ±{numbers.number(edges[-1] / 2, 2)}, ends at ±{reach}"
    return Spread(f"M0 100{steps}V100z", reach, said)
