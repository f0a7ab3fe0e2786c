"""How signal and gradients fared in each layer while the run trained: heat maps over epochs, and what they show.

The limits are those of `diagnose`, which also names what would help.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerasdeep.evaluation.thresholds import (
    COLLAPSED_ACTIVATIONS,
    DEAD_SHARE,
    EXPLODING_RATIO,
    SATURATED_SHARE,
    VANISHING_RATIO,
)
from kerasdeep.report import formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.insights import Insight
from kerasdeep.report.run_facts import RunFacts

MAX_READINGS = 24  # columns of a heat map; more are thinned, the last is kept
MAX_LAYERS = 60
MIN_LOG_SPAN = 100.0  # of a logarithmic scale: figures that hardly differ get much the same colour

HealthReading = dict[str, Any]


@dataclass(frozen=True)
class HeatMapCell:
    """One layer at one epoch; `strength` is 0 to 1, `sick` where it is beyond a limit, None where unknown."""

    label: str
    strength: float | None
    out_of_range: bool = False


@dataclass(frozen=True)
class HeatMap:
    """`rows` are (layer, cells), a cell for each of `epochs`; `about` says what the figure is."""

    title: str
    description: str
    epochs: list[str]
    rows: list[tuple[str, list[HeatMapCell]]]


def heat_maps(facts: RunFacts) -> list[HeatMap]:
    """A map for each figure that was read, in reading order; none for a run that was not watched."""
    readings = _thinned_readings(_readings(facts))
    layers = [name for name, _ in _layers(facts)][:MAX_LAYERS]
    if not readings or not layers:
        return []
    hidden = [name for name, is_output in _layers(facts) if not is_output]
    epochs = [str(reading.get("epoch")) for reading in readings]
    maps = []
    for key, title, description, formatter, log_scale, is_out_of_range in HEAT_MAP_METRICS:
        values = [[_layer_value(reading, layer, key) for reading in readings] for layer in layers]
        known_values = [value for row in values for value in row if is_number(value) and (value > 0 or not log_scale)]
        if not known_values or (
            not log_scale and not any(known_values)
        ):  # a share that is zero everywhere is told in words
            continue
        low, high = _log_range(known_values) if log_scale else (0.0, 1.0)
        rows = [
            (
                layer,
                [
                    HeatMapCell(
                        formatter(value),
                        _color_strength(value, low, high, log_scale),
                        layer in hidden and is_out_of_range(value),
                    )
                    for value in row
                ],
            )
            for layer, row in zip(layers, values, strict=True)
            if any(is_number(value) for value in row)
        ]
        maps.append(HeatMap(title, description, epochs, rows))
    return maps


def layer_insights(facts: RunFacts) -> list[Insight]:
    """What the readings show, by the limits of `diagnose`; that all is well, where nothing is beyond them."""
    readings, hidden = _readings(facts), [name for name, is_output in _layers(facts) if not is_output]
    if not readings or not hidden:
        return []
    remedy = f"kerasdeep diagnose {shlex.quote(facts.path)}"
    insights = [
        Insight("warning", title, f"{text} {_epochs_text(readings, affected)}", remedy)
        for title, text, affected in (rule(readings, hidden) for rule in SYMPTOM_RULES)
        if affected
    ]
    if insights:
        return insights
    ratio = _gradient_ratio(readings[-1], hidden)
    ratio_text = f" The first layer's gradient is {formatting.number(ratio, 2)} times the last one's." if ratio else ""
    text = f"No layer died, saturated or lost its gradient in {formatting.pluralize(len(readings), 'reading')}.{ratio_text}"
    return [Insight("good", "Signal and gradients reached every layer.", text)]


Symptom = tuple[str, str, list[int]]


def _dead_units(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    return _fraction_symptom(
        readings, hidden, "dead", DEAD_SHARE, "Units died", "of the units of {layer} give zero for every row."
    )


def _saturated(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    sentence = "of the outputs of {layer} lie at the floor or ceiling of their activation."
    return _fraction_symptom(readings, hidden, "saturated", SATURATED_SHARE, "Layers saturate", sentence)


def _fraction_symptom(
    readings: Sequence[HealthReading], hidden: Sequence[str], key: str, limit: float, title: str, sentence: str
) -> Symptom:
    affected, worst = [], (0.0, "")
    for index, reading in enumerate(readings):
        fractions = [(_layer_value(reading, layer, key) or 0.0, layer) for layer in hidden]
        if max(fractions)[0] >= limit:
            affected.append(index)
            worst = max(worst, max(fractions))
    return f"{title}.", f"{formatting.whole_percent(worst[0])} {sentence.format(layer=worst[1])}", affected


def _vanishing_gradients(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    ratios = [_gradient_ratio(reading, hidden) for reading in readings]
    affected = [index for index, ratio in enumerate(ratios) if ratio is not None and ratio < VANISHING_RATIO]
    smallest = min((ratios[index] for index in affected), default=0.0)
    text = f"The gradient of {hidden[0]} is down to {formatting.number(smallest, 2)} times that of {hidden[-1]}."
    return "Gradients vanish on their way down.", text, affected


def _exploding_gradients(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    ratios = [_gradient_ratio(reading, hidden) for reading in readings]
    affected = [index for index, ratio in enumerate(ratios) if ratio is not None and ratio > EXPLODING_RATIO]
    largest = max((ratios[index] for index in affected), default=0.0)
    text = f"The gradient of {hidden[0]} is up to {formatting.number(largest, 2)} times that of {hidden[-1]}."
    return "Gradients explode on their way down.", text, affected


def _collapsed_signal(readings: Sequence[HealthReading], hidden: Sequence[str]) -> Symptom:
    affected, smallest = [], math.inf
    for index, reading in enumerate(readings):
        first, *others = [_layer_value(reading, layer, "typical") for layer in hidden]
        sizes = [size for size in others if is_number(size)]
        if is_number(first) and sizes and min(sizes) < COLLAPSED_ACTIVATIONS * first:
            affected.append(index)
            smallest = min(smallest, min(sizes) / first)
    shrink_text = f"Activations shrink to {formatting.number(smallest, 2)} of those of {hidden[0]}"
    text = f"{shrink_text}: the output hardly sees the input."
    return "The signal collapses on its way up.", text, affected


SYMPTOM_RULES: tuple[Callable[[Sequence[HealthReading], Sequence[str]], Symptom], ...] = (
    _exploding_gradients,
    _vanishing_gradients,
    _collapsed_signal,
    _dead_units,
    _saturated,
)


def _epochs_text(readings: Sequence[HealthReading], affected: Sequence[int]) -> str:
    first, last = (readings[index].get("epoch") for index in (affected[0], affected[-1]))
    if len(affected) == len(readings):
        return "In every reading."
    return f"In epoch {first}." if first == last else f"In {len(affected)} readings from epoch {first} to {last}."


def _gradient_ratio(reading: HealthReading, hidden: Sequence[str]) -> float | None:
    """The gradient of the first hidden kernel that learns over that of the last; None for fewer than two."""
    gradients = [_layer_value(reading, layer, "gradient") for layer in hidden]
    nonzero = [value for value in gradients if is_number(value) and value > 0]
    return nonzero[0] / nonzero[-1] if len(nonzero) > 1 else None


def _never(value: Any) -> bool:
    return False


def _at_or_above(limit: float) -> Callable[[Any], bool]:
    return lambda value: is_number(value) and value >= limit


def _two_digits(value: Any) -> str:
    return formatting.number(value, 2)


HEAT_MAP_METRICS: tuple[tuple[str, str, str, Callable[[Any], str], bool, Callable[[Any], bool]], ...] = (
    (
        "gradient",
        "Gradients",
        "Root mean square of the loss's gradient over each kernel: what a layer has to learn from.",
        _two_digits,
        True,
        _never,
    ),
    (
        "update_ratio",
        "Updates",
        "What one step changes a kernel by, relative to its size: about a thousandth is usual.",
        _two_digits,
        True,
        _never,
    ),
    ("deviation", "Activations", "Standard deviation of what each layer gives.", _two_digits, True, _never),
    (
        "dead",
        "Dead units",
        "Share of units that give zero for every row.",
        formatting.percent,
        False,
        _at_or_above(DEAD_SHARE),
    ),
    (
        "saturated",
        "Saturation",
        "Share of outputs at the floor or ceiling of the activation.",
        formatting.percent,
        False,
        _at_or_above(SATURATED_SHARE),
    ),
)


def _readings(facts: RunFacts) -> list[HealthReading]:
    readings = facts.health.get("readings")
    return [reading for reading in readings if isinstance(reading, dict)] if isinstance(readings, list) else []


def _layers(facts: RunFacts) -> list[tuple[str, bool]]:
    """(name, whether it is an output) of each layer that was read."""
    layers = facts.health.get("layers")
    rows = [row for row in layers if isinstance(row, dict)] if isinstance(layers, list) else []
    return [(str(row.get("name")), bool(row.get("output"))) for row in rows]


def _layer_value(reading: HealthReading, layer: str, key: str) -> Any:
    layers = reading.get("layers")
    layer_values = layers.get(layer) if isinstance(layers, dict) else None
    value = layer_values.get(key) if isinstance(layer_values, dict) else None
    return value if is_number(value) else None


def _thinned_readings(readings: list[HealthReading]) -> list[HealthReading]:
    step = math.ceil(len(readings) / MAX_READINGS) or 1
    return readings[::-1][::step][::-1]


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    """Least and largest value, widened about their middle to a span of `LEAST_SPAN`."""
    low, high = min(values), max(values)
    margin = math.sqrt(max(1.0, MIN_LOG_SPAN * low / high))
    return low / margin, high * margin


def _color_strength(value: Any, low: float, high: float, log_scale: bool) -> float | None:
    if not is_number(value):
        return None
    if log_scale:
        if value <= 0:
            return 0.0
        value, low, high = math.log(value), math.log(low), math.log(high)
    return round(max(0.0, min(1.0, (value - low) / (high - low))), 3)
