"""How signal and gradients fared in each layer while the run trained: heat maps over epochs, and what they show.

The limits are those of `diagnose`, which also names what would help.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerasdeep.measuring.limits import COLLAPSED, DEAD, EXPLODED, SATURATED, VANISHED
from kerasdeep.report import numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.reading import Facts
from kerasdeep.report.verdicts import Finding

MOST_READINGS = 24  # columns of a heat map; more are thinned, the last is kept
MOST_LAYERS = 60
LEAST_SPAN = 100.0  # of a logarithmic scale: figures that hardly differ get much the same colour

Reading = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One layer at one epoch; `strength` is 0 to 1, `sick` where it is beyond a limit, None where unknown."""

    said: str
    strength: float | None
    sick: bool = False


@dataclass(frozen=True)
class HeatMap:
    """`rows` are (layer, cells), a cell for each of `epochs`; `about` says what the figure is."""

    title: str
    about: str
    epochs: list[str]
    rows: list[tuple[str, list[Cell]]]


def heat_maps(facts: Facts) -> list[HeatMap]:
    """A map for each figure that was read, in reading order; none for a run that was not watched."""
    readings = _thinned(_readings(facts))
    layers = [name for name, _ in _layers(facts)][:MOST_LAYERS]
    if not readings or not layers:
        return []
    hidden = [name for name, output in _layers(facts) if not output]
    epochs = [str(reading.get("epoch")) for reading in readings]
    drawn = []
    for key, title, about, spell, log, sick in FIGURES:
        values = [[_figure(reading, layer, key) for reading in readings] for layer in layers]
        known = [value for row in values for value in row if is_number(value) and (value > 0 or not log)]
        if not known or (not log and not any(known)):  # a share that is zero everywhere is told in words
            continue
        low, high = _span(known) if log else (0.0, 1.0)
        rows = [
            (
                layer,
                [
                    Cell(spell(value), _strength(value, low, high, log), layer in hidden and sick(value))
                    for value in row
                ],
            )
            for layer, row in zip(layers, values, strict=True)
            if any(is_number(value) for value in row)
        ]
        drawn.append(HeatMap(title, about, epochs, rows))
    return drawn


def findings(facts: Facts) -> list[Finding]:
    """What the readings show, by the limits of `diagnose`; that all is well, where nothing is beyond them."""
    readings, hidden = _readings(facts), [name for name, output in _layers(facts) if not output]
    if not readings or not hidden:
        return []
    remedy = f"kerasdeep diagnose {shlex.quote(facts.path)}"
    found = [
        Finding("warning", title, f"{text} {_when(readings, at)}", remedy)
        for title, text, at in (rule(readings, hidden) for rule in RULES)
        if at
    ]
    if found:
        return found
    ratio = _ratio(readings[-1], hidden)
    said = f" The first layer's gradient is {numbers.number(ratio, 2)} times the last one's." if ratio else ""
    text = f"No layer died, saturated or lost its gradient in {numbers.count(len(readings), 'reading')}.{said}"
    return [Finding("good", "Signal and gradients reached every layer.", text)]


Sign = tuple[str, str, list[int]]


def _dead(readings: Sequence[Reading], hidden: Sequence[str]) -> Sign:
    return _shares(
        readings, hidden, "dead", DEAD, "Units died", "of the units of {layer} give zero for every row."
    )


def _saturated(readings: Sequence[Reading], hidden: Sequence[str]) -> Sign:
    said = "of the outputs of {layer} lie at the floor or ceiling of their activation."
    return _shares(readings, hidden, "saturated", SATURATED, "Layers saturate", said)


def _shares(
    readings: Sequence[Reading], hidden: Sequence[str], key: str, limit: float, title: str, said: str
) -> Sign:
    at, worst = [], (0.0, "")
    for number, reading in enumerate(readings):
        shares = [(_figure(reading, layer, key) or 0.0, layer) for layer in hidden]
        if max(shares)[0] >= limit:
            at.append(number)
            worst = max(worst, max(shares))
    return f"{title}.", f"{numbers.whole_percent(worst[0])} {said.format(layer=worst[1])}", at


def _vanishing(readings: Sequence[Reading], hidden: Sequence[str]) -> Sign:
    ratios = [_ratio(reading, hidden) for reading in readings]
    at = [number for number, ratio in enumerate(ratios) if ratio is not None and ratio < VANISHED]
    least = min((ratios[number] for number in at), default=0.0)
    text = f"The gradient of {hidden[0]} is down to {numbers.number(least, 2)} times that of {hidden[-1]}."
    return "Gradients vanish on their way down.", text, at


def _exploding(readings: Sequence[Reading], hidden: Sequence[str]) -> Sign:
    ratios = [_ratio(reading, hidden) for reading in readings]
    at = [number for number, ratio in enumerate(ratios) if ratio is not None and ratio > EXPLODED]
    most = max((ratios[number] for number in at), default=0.0)
    text = f"The gradient of {hidden[0]} is up to {numbers.number(most, 2)} times that of {hidden[-1]}."
    return "Gradients explode on their way down.", text, at


def _collapsed(readings: Sequence[Reading], hidden: Sequence[str]) -> Sign:
    at, least = [], math.inf
    for number, reading in enumerate(readings):
        first, *others = [_figure(reading, layer, "typical") for layer in hidden]
        sizes = [size for size in others if is_number(size)]
        if is_number(first) and sizes and min(sizes) < COLLAPSED * first:
            at.append(number)
            least = min(least, min(sizes) / first)
    shrunk = f"Activations shrink to {numbers.number(least, 2)} of those of {hidden[0]}"
    text = f"{shrunk}: the output hardly sees the input."
    return "The signal collapses on its way up.", text, at


RULES: tuple[Callable[[Sequence[Reading], Sequence[str]], Sign], ...] = (
    _exploding,
    _vanishing,
    _collapsed,
    _dead,
    _saturated,
)


def _when(readings: Sequence[Reading], at: Sequence[int]) -> str:
    first, last = (readings[number].get("epoch") for number in (at[0], at[-1]))
    if len(at) == len(readings):
        return "In every reading."
    return f"In epoch {first}." if first == last else f"In {len(at)} readings from epoch {first} to {last}."


def _ratio(reading: Reading, hidden: Sequence[str]) -> float | None:
    """The gradient of the first hidden kernel that learns over that of the last; None for fewer than two."""
    found = [_figure(reading, layer, "gradient") for layer in hidden]
    learning = [value for value in found if is_number(value) and value > 0]
    return learning[0] / learning[-1] if len(learning) > 1 else None


def _never(value: Any) -> bool:
    return False


def _over(limit: float) -> Callable[[Any], bool]:
    return lambda value: is_number(value) and value >= limit


def _brief(value: Any) -> str:
    return numbers.number(value, 2)


FIGURES: tuple[tuple[str, str, str, Callable[[Any], str], bool, Callable[[Any], bool]], ...] = (
    (
        "gradient",
        "Gradients",
        "Root mean square of the loss's gradient over each kernel: what a layer has to learn from.",
        _brief,
        True,
        _never,
    ),
    (
        "update_ratio",
        "Updates",
        "What one step changes a kernel by, relative to its size: about a thousandth is usual.",
        _brief,
        True,
        _never,
    ),
    ("deviation", "Activations", "Standard deviation of what each layer gives.", _brief, True, _never),
    ("dead", "Dead units", "Share of units that give zero for every row.", numbers.percent, False, _over(DEAD)),
    (
        "saturated",
        "Saturation",
        "Share of outputs at the floor or ceiling of the activation.",
        numbers.percent,
        False,
        _over(SATURATED),
    ),
)


def _readings(facts: Facts) -> list[Reading]:
    found = facts.health.get("readings")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _layers(facts: Facts) -> list[tuple[str, bool]]:
    """(name, whether it is an output) of each layer that was read."""
    found = facts.health.get("layers")
    rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [(str(one.get("name")), bool(one.get("output"))) for one in rows]


def _figure(reading: Reading, layer: str, key: str) -> Any:
    layers = reading.get("layers")
    signal = layers.get(layer) if isinstance(layers, dict) else None
    value = signal.get(key) if isinstance(signal, dict) else None
    return value if is_number(value) else None


def _thinned(readings: list[Reading]) -> list[Reading]:
    step = math.ceil(len(readings) / MOST_READINGS) or 1
    return readings[::-1][::step][::-1]


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Least and largest value, widened about their middle to a span of `LEAST_SPAN`."""
    low, high = min(values), max(values)
    spare = math.sqrt(max(1.0, LEAST_SPAN * low / high))
    return low / spare, high * spare


def _strength(value: Any, low: float, high: float, log: bool) -> float | None:
    if not is_number(value):
        return None
    if log:
        if value <= 0:
            return 0.0
        value, low, high = math.log(value), math.log(low), math.log(high)
    return round(max(0.0, min(1.0, (value - low) / (high - low))), 3)
