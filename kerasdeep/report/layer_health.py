"""Activations and gradients of each layer during training: heat maps over epochs, and what they show.

The limits are those of `diagnose`, which also names what would help.
"""

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kerasdeep.evaluation.thresholds import (
    COLLAPSED_ACTIVATIONS,
    DEAD_SHARE,
    EXPLODING_RATIO,
    SATURATED_SHARE,
    VANISHING_RATIO,
)
from kerasdeep.formatting import number, percent, pluralize, whole_percent
from kerasdeep.report.insights import Insight
from kerasdeep.runs.training_facts import HealthFact, HealthReading

MAX_READINGS = 24  # columns of a heat map; more are thinned, the last is kept
MAX_LAYERS = 60
MIN_LOG_SPAN = 100.0  # of a logarithmic scale: values that hardly differ get much the same colour


@dataclass(frozen=True)
class HeatMapMetric:
    """What a heat map shows of each layer. A fraction from `limit` on is marked; other metrics have a log scale."""

    key: str
    title: str
    description: str
    limit: float | None = None

    @property
    def is_fraction(self) -> bool:
        return self.limit is not None

    def format_value(self, value: float | None) -> str:
        return percent(value) if self.is_fraction else number(value, 2)


HEAT_MAP_METRICS = (
    HeatMapMetric(
        "gradient",
        "Gradients",
        "Root mean square of the gradient of the loss with respect to each kernel: what a layer has to learn from.",
    ),
    HeatMapMetric(
        "update_ratio",
        "Updates",
        "The change of a kernel in one step relative to its size: about a thousandth is usual.",
    ),
    HeatMapMetric("deviation", "Activations", "Standard deviation of each layer's outputs."),
    HeatMapMetric("dead", "Dead units", "Share of units that output zero for every row.", DEAD_SHARE),
    HeatMapMetric(
        "saturated",
        "Saturation",
        "Share of outputs at the lower or upper limit of the activation function.",
        SATURATED_SHARE,
    ),
)


@dataclass(frozen=True)
class HeatMapCell:
    """One layer at one epoch; `strength` is the depth of its colour, 0 to 1, None where the value is unknown."""

    label: str
    strength: float | None
    out_of_range: bool = False


@dataclass(frozen=True)
class HeatMap:
    """`rows` are (layer, cells), a cell for each of `epochs`."""

    title: str
    description: str
    epochs: list[str]
    rows: list[tuple[str, list[HeatMapCell]]]


def heat_maps(health: HealthFact) -> list[HeatMap]:
    """A map for each metric that was read, in reading order; none for a run that was not monitored."""
    readings = _thinned_readings(health.readings)
    layers = [layer.name for layer in health.layers][:MAX_LAYERS]
    hidden, epochs, maps = _hidden_layers(health), [str(reading.epoch) for reading in readings], []
    for metric in HEAT_MAP_METRICS:
        values = [[_layer_value(reading, layer, metric.key) for reading in readings] for layer in layers]
        known = [v for row in values for v in row if v is not None and (v > 0 or metric.is_fraction)]
        if not any(known):  # a share that is zero everywhere needs no map
            continue
        low, high = (0.0, 1.0) if metric.is_fraction else _log_range(known)
        rows = [
            (layer, [_cell(metric, value, low, high, layer in hidden) for value in row])
            for layer, row in zip(layers, values, strict=True)
            if any(value is not None for value in row)
        ]
        maps.append(HeatMap(metric.title, metric.description, epochs, rows))
    return maps


def layer_insights(health: HealthFact, path: str) -> list[Insight]:
    """What the readings show, by the limits of `diagnose`; that all is well, where they are kept."""
    readings, hidden = health.readings, _hidden_layers(health)
    if not readings or not hidden:
        return []
    remedy = f"kerasdeep diagnose {shlex.quote(path)}"
    symptoms = (rule(readings, hidden) for rule in SYMPTOM_RULES)
    insights = [
        Insight("warning", symptom.title, f"{symptom.text} {_epochs_text(readings, symptom.affected)}", remedy)
        for symptom in symptoms
        if symptom.affected
    ]
    if insights:
        return insights
    text = f"No layer died, saturated or lost its gradient in {pluralize(len(readings), 'reading')}."
    ratio = _gradient_ratio(readings[-1], hidden)
    if ratio:
        text += f" The first layer's gradient is {number(ratio, 2)} times the last one's."
    frozen = [
        name
        for name in hidden
        if not any(reading.layers[name].gradient for reading in readings if name in reading.layers)
    ]
    if frozen:
        text += f" No gradient is read in {pluralize(len(frozen), 'layer')}, frozen or without weights."
    where = "every layer that trains" if frozen else "every layer"
    return [Insight("good", f"Activations and gradients are healthy in {where}.", text)]


# The rules


@dataclass(frozen=True)
class Symptom:
    """`affected` are the readings that show it."""

    title: str
    text: str
    affected: list[int]


def _dead_units(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    sentence = "of the units in {layer} output zero for every row."
    return _fraction_symptom(readings, hidden, "dead", DEAD_SHARE, "Units died.", sentence)


def _saturated(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    sentence = "of the outputs of {layer} are at a limit of their activation function."
    return _fraction_symptom(readings, hidden, "saturated", SATURATED_SHARE, "Layers saturate.", sentence)


def _fraction_symptom(
    readings: Sequence[HealthReading], hidden: Sequence[str], key: str, limit: float, title: str, sentence: str
) -> Symptom:
    affected, worst = [], (0.0, "")
    for index, reading in enumerate(readings):
        largest = max((_layer_value(reading, layer, key) or 0.0, layer) for layer in hidden)
        if largest[0] >= limit:
            affected.append(index)
            worst = max(worst, largest)
    return Symptom(title, f"{whole_percent(worst[0])} {sentence.format(layer=worst[1])}", affected)


def _vanishing_gradients(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    ratios = {index: _gradient_ratio(reading, hidden) for index, reading in enumerate(readings)}
    beyond = {index: ratio for index, ratio in ratios.items() if ratio is not None and ratio < VANISHING_RATIO}
    smallest = number(min(beyond.values(), default=0.0), 2)
    text = f"The gradient of {hidden[0]} is down to {smallest} times that of {hidden[-1]}."
    return Symptom("Gradients vanish towards the input.", text, list(beyond))


def _exploding_gradients(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    ratios = {index: _gradient_ratio(reading, hidden) for index, reading in enumerate(readings)}
    beyond = {index: ratio for index, ratio in ratios.items() if ratio is not None and ratio > EXPLODING_RATIO}
    largest = number(max(beyond.values(), default=0.0), 2)
    text = f"The gradient of {hidden[0]} is up to {largest} times that of {hidden[-1]}."
    return Symptom("Gradients explode towards the input.", text, list(beyond))


def _collapsed_signal(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    affected, smallest = [], math.inf
    for index, reading in enumerate(readings):
        first, *others = [_layer_value(reading, layer, "typical") for layer in hidden]
        sizes = [size for size in others if size is not None]
        if first is not None and sizes and min(sizes) < COLLAPSED_ACTIVATIONS * first:
            affected.append(index)
            smallest = min(smallest, min(sizes) / first)
    ratio = number(smallest, 2)
    text = f"Activations shrink to {ratio} of those of {hidden[0]}: the output barely depends on the input."
    return Symptom("Activations collapse towards the output.", text, affected)


SYMPTOM_RULES: tuple[Callable[[Sequence[HealthReading], Sequence[str]], Symptom], ...] = (
    _exploding_gradients,
    _vanishing_gradients,
    _collapsed_signal,
    _dead_units,
    _saturated,
)


def _epochs_text(readings: Sequence[HealthReading], affected: Sequence[int]) -> str:
    first, last = (readings[index].epoch for index in (affected[0], affected[-1]))
    if len(affected) == len(readings):
        return "In every reading."
    return f"In epoch {first}." if first == last else f"In {len(affected)} readings from epoch {first} to {last}."


def _gradient_ratio(reading: HealthReading, hidden: Sequence[str]) -> float | None:
    """The gradient of the first hidden kernel that learns over that of the last; None for fewer than two."""
    gradients = [gradient for layer in hidden if (gradient := _layer_value(reading, layer, "gradient"))]
    return gradients[0] / gradients[-1] if len(gradients) > 1 else None


def _hidden_layers(health: HealthFact) -> list[str]:
    return [layer.name for layer in health.layers if not layer.output]


def _layer_value(reading: HealthReading, layer: str, key: str) -> float | None:
    return getattr(reading.layers.get(layer), key, None)


def _thinned_readings(readings: Sequence[HealthReading]) -> Sequence[HealthReading]:
    step = math.ceil(len(readings) / MAX_READINGS) or 1
    return readings[::-1][::step][::-1]


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    """The smallest and largest value, widened about their middle to a ratio of MIN_LOG_SPAN."""
    low, high = min(values), max(values)
    margin = math.sqrt(max(1.0, MIN_LOG_SPAN * low / high))
    return low / margin, high * margin


def _cell(metric: HeatMapMetric, value: float | None, low: float, high: float, is_hidden: bool) -> HeatMapCell:
    out_of_range = is_hidden and metric.limit is not None and value is not None and value >= metric.limit
    return HeatMapCell(metric.format_value(value), _color_strength(value, low, high, metric.is_fraction), out_of_range)


def _color_strength(value: float | None, low: float, high: float, linear: bool) -> float | None:
    if value is None:
        return None
    if not linear:
        if value <= 0:
            return 0.0
        value, low, high = math.log(value), math.log(low), math.log(high)
    return round(max(0.0, min(1.0, (value - low) / (high - low))), 3)
