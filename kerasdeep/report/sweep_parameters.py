"""What matters among the parameters of a sweep: importances, the goal over each, and all at once."""

from collections.abc import Callable
from dataclasses import dataclass

from kerasdeep import metric_names
from kerasdeep.formatting import compact_number, is_number, learning_rate, number, percent
from kerasdeep.report import charts
from kerasdeep.runs.study_facts import ParameterFact, SweepFact, SweepTrial

MAX_LINES = 300
MAX_LABEL = 24


def _completed(facts: SweepFact) -> list[SweepTrial]:
    return [trial for trial in facts.trials if trial.status == "completed" and is_number(trial.goal)]


def goal_heading(name: str) -> str:
    return f"{metric_names.heading(name)}, validation"


def format_goal(facts: SweepFact, value: float | None) -> str:
    return metric_names.format_value(facts.goal, value)


def value_text(value: object) -> str:
    """A parameter's value as people write it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if is_number(value):
        return compact_number(value) if value == 0 or 0.01 <= abs(value) < 1e6 else learning_rate(value)
    if isinstance(value, dict) and len(value) == 1:
        (name, inner), *_ = value.items()
        return f"{name}: {value_text(inner)}"
    return str(value)


@dataclass(frozen=True)
class Importance:
    name: str
    label: str
    width: float


def importances(facts: SweepFact) -> list[Importance]:
    largest = max(facts.importances.values(), default=0.0)
    ordered = sorted(facts.importances.items(), key=lambda item: -item[1])
    return [Importance(name, percent(v), round(100 * v / largest, 1)) for name, v in ordered] if largest > 0 else []


@dataclass(frozen=True)
class Scale:
    """Where the values of a parameter lie, in per cent."""

    ticks: list[charts.Tick]
    position: Callable[[object], float | None]


def _parameter_scale(parameter: ParameterFact, values: list[object]) -> Scale | None:
    if parameter.choices is None:
        numbers = [float(value) for value in values if is_number(value)]
        bounds = [float(bound) for bound in (parameter.low, parameter.high) if bound is not None]
        if not numbers and not bounds:
            return None
        axis = charts.axis([*numbers, *bounds], learning_rate if parameter.log else number, padding=0.02)
        return Scale(axis.ticks, lambda value: round(axis.position(float(value)), 2) if is_number(value) else None)
    choices = parameter.choices
    places = [round(100 * (index + 0.5) / len(choices), 2) for index in range(len(choices))]
    every = max(1, len(choices) // 6)
    ticks = [charts.Tick(p, _cut(value_text(c))) for p, c in list(zip(places, choices, strict=True))[::every]]
    return Scale(ticks, lambda value: places[choices.index(value)] if value in choices else None)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"


@dataclass(frozen=True)
class Slice:
    """The goal over one parameter, a dot for each completed trial."""

    title: str
    path: str
    x_ticks: list[charts.Tick]
    y_ticks: list[charts.Tick]
    left: list[float]
    top: list[float]
    labels: list[str]


@dataclass(frozen=True)
class Slices:
    goal: str
    slices: list[Slice]


def slices(facts: SweepFact) -> Slices | None:
    trials = _completed(facts)
    if len(trials) < 2:
        return None
    y = _goal_axis(facts, trials)
    drawn = [_slice(facts, name, trials, y) for name in facts.parameters]
    return Slices(goal_heading(facts.goal), [one for one in drawn if one])


def _slice(facts: SweepFact, name: str, trials: list[SweepTrial], y: charts.Axis) -> Slice | None:
    scale = _parameter_scale(facts.parameters[name], [trial.parameters.get(name) for trial in trials])
    if scale is None:
        return None
    left, top, labels = [], [], []
    for trial in trials:
        across = scale.position(trial.parameters.get(name))
        if across is not None and trial.goal is not None:
            left.append(across)
            top.append(round(100 - y.position(trial.goal), 2))
            value = value_text(trial.parameters.get(name))
            labels.append(f"trial {trial.number}: {value}, {format_goal(facts, trial.goal)}")
    path = "".join(f"M{x:g} {down:g}h0" for x, down in zip(left, top, strict=True))
    return Slice(name, path, scale.ticks, y.ticks, left, top, labels) if left else None


def _goal_axis(facts: SweepFact, trials: list[SweepTrial]) -> charts.Axis:
    values = [trial.goal for trial in trials if trial.goal is not None]
    return charts.axis(values, metric_names.formatter(facts.goal))


@dataclass(frozen=True)
class ParallelAxis:
    name: str
    position: float
    ticks: list[charts.Tick]


@dataclass(frozen=True)
class Parallel:
    """A line for each completed trial over the axes of the parameters and the goal; the best tenth in front."""

    axes: list[ParallelAxis]
    paths: list[tuple[str, bool]]
    tops: list[list[float]]
    numbers: list[str]
    labels: list[str]
    shown: int


def parallel(facts: SweepFact) -> Parallel | None:
    trials = sorted(_completed(facts), key=lambda t: t.goal or 0.0, reverse=facts.direction == "maximize")[:MAX_LINES]
    names = list(facts.parameters)
    if len(trials) < 2 or len(names) < 2:
        return None
    y = _goal_axis(facts, trials)
    scales = [_parameter_scale(facts.parameters[n], [t.parameters.get(n) for t in trials]) for n in names]
    places = [round(100 * index / len(names), 2) for index in range(len(names) + 1)]
    paths, tops, numbers, labels = [], [], [], []
    trials = trials[::-1]  # the best are drawn last
    for rank, trial in enumerate(trials):
        across = [s.position(trial.parameters.get(n)) if s else None for n, s in zip(names, scales, strict=True)]
        if trial.goal is None or any(position is None for position in across):
            continue
        positions = [round(100 - (p or 0.0), 2) for p in [*across, y.position(trial.goal)]]
        points = "L".join(f"{x:g} {down:g}" for x, down in zip(places, positions, strict=True))
        paths.append((f"M{points}", rank >= len(trials) - max(1, len(trials) // 10)))
        tops.append(positions)
        numbers.append(str(trial.number))
        said = ", ".join(f"{n.rpartition('.')[2]} {value_text(trial.parameters.get(n))}" for n in names)
        labels.append(f"{format_goal(facts, trial.goal)} with {said}")
    axes = [ParallelAxis(n, x, s.ticks if s else []) for n, x, s in zip(names, places, scales, strict=False)]
    axes.append(ParallelAxis(facts.goal, 100.0, y.ticks))
    return Parallel(axes, paths, tops, numbers, labels, len(paths) - 1) if paths else None
