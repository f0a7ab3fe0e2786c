"""How the weights of each kernel are distributed, and its last gradients: histograms side by side."""

from dataclasses import dataclass

from kerasdeep.formatting import number, percent, whole_percent
from kerasdeep.report.run_facts import RunFacts
from kerasdeep.runs.training_facts import HistogramFact

MAX_LAYERS = 60


@dataclass(frozen=True)
class HistogramShape:
    """A histogram on the range ± `limit`: `path` fills a box of 100 × 100."""

    path: str
    limit: str
    label: str


@dataclass(frozen=True)
class KernelRow:
    """One kernel in the table."""

    name: str
    weights: HistogramShape | None
    gradients: HistogramShape | None
    norm: str
    largest_unit_norm: str
    small: str
    zero: str


def kernel_rows(run: RunFacts) -> list[KernelRow]:
    """A row for each kernel of the saved model, in the network's order."""
    return [
        KernelRow(
            kernel.name,
            histogram_shape(kernel.histogram),
            histogram_shape(run.health.gradients.get(kernel.name)),
            number(kernel.norm, 3),
            number(kernel.largest_unit_norm, 3),
            percent(kernel.small),
            percent(kernel.zero),
        )
        for kernel in run.weights.layers[:MAX_LAYERS]
    ]


def histogram_shape(histogram: HistogramFact | None) -> HistogramShape | None:
    """The histogram as a shape; None for an empty one."""
    if histogram is None or not sum(histogram.counts):
        return None
    edges, counts = histogram.edges, histogram.counts
    width, highest, total = 100 / len(counts), max(counts), sum(counts)
    steps = "".join(f"V{100 - 96 * count / highest:.4g}h{width:.4g}" for count in counts)
    limit = number(edges[-1], 2)
    inner_count = sum(
        count for low, high, count in zip(edges, edges[1:], counts, strict=False) if abs(low + high) < edges[-1]
    )
    inner_share = whole_percent(inner_count / total)
    label = f"{inner_share} within ±{number(edges[-1] / 2, 2)}, ends at ±{limit}"
    return HistogramShape(f"M0 100{steps}V100z", limit, label)
