"""The space of a sweep: its parameters, its goal, and the check of every corner before anything trains."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerasdeep import yaml_nodes
from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.config.merge import SchemaNode, set_path
from kerasdeep.config.sections.sweep import SweepConfig
from kerasdeep.errors import InputError, Problems, SourceLocation
from kerasdeep.yaml_nodes import parse_yaml

MAX_CORNERS = 512
"""Where there are more, values alone and pairs of them are checked, so many of each, the others at their first."""
_RANGE_KEYS = ("between", "log", "steps")
_HIGHER_IS_BETTER = (
    "accuracy",
    "auc",
    "precision",
    "recall",
    "f1",
    "r2",
    "sensitivity",
    "specificity",
    "iou",
    "cosine",
)
_NOT_SEARCHED = ("extends", "profiles", "variants", "sweep", "seed", "name", "expect", "allow", "version")

Values = dict[str, Any]
"""A value for each parameter, by its path."""
ReadConfig = Callable[[yaml_nodes.Mapping, Problems], Any]


@dataclass(frozen=True)
class Parameter:
    """`choices`, or a range of numbers from `low` to `high`, whole ones where `whole` says so."""

    path: str
    choices: list[Any] | None = None
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def corners(self) -> list[Any]:
        return self.choices if self.choices is not None else [self.low, self.high]

    def as_dict(self) -> dict[str, Any]:
        if self.choices is not None:
            return {"choices": self.choices}
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


def parse_goal(text: str) -> tuple[str, str]:
    """(metric, "minimize" or "maximize"). Raises ValueError saying what is wrong."""
    words = text.split()
    direction = {"min": "minimize", "max": "maximize"}.get(words[0]) if len(words) == 2 else None
    if not words or (len(words) == 2 and direction is None) or len(words) > 2:
        raise ValueError("Expected a metric, such as val_accuracy, or min or max in front of one")
    metric = words[-1]
    if metric.startswith("test_"):
        raise ValueError("the test rows are for the finished model alone. Expected a metric of the validation rows")
    if not metric.startswith("val_"):
        raise ValueError("Expected a metric of the validation rows, such as val_accuracy")
    if direction is None and lower_is_better(metric):
        direction = "minimize"
    elif direction is None and any(word in metric for word in _HIGHER_IS_BETTER):
        direction = "maximize"
    if direction is None:
        raise ValueError(f"its name does not tell whether more is better. Expected `max {metric}` or `min {metric}`")
    return metric, direction


def check_sweep(
    root: SchemaNode, tree: yaml_nodes.Mapping, section: SweepConfig, read: ReadConfig, problems: Problems
) -> list[Parameter]:
    """The parameters of a checked file's `sweep`; `problems` collects what is wrong with them and with every corner.

    `read` reads a tree without a sweep; `root` is the node of the whole file.
    """
    try:
        parse_goal(section.goal)
    except ValueError as error:
        problems.error("sweep", f"`sweep.goal`: {error}.", section.location("goal"))
    location = section.location("parameters")
    pairs = {key: pair for key, pair in tree.pairs.items() if key not in ("sweep", "variants", "profiles", "expect")}
    base = yaml_nodes.Mapping(pairs, tree.location)
    space = _Space(root, base, read)
    before = len(problems.errors)
    parameters = [_parameter(path, written, location, problems) for path, written in section.parameters.items()]
    if not parameters:
        problems.error("sweep", "`sweep.parameters` is empty. Expected what to search.", location)
    if section.sampler == "grid" and any(one and one.choices is None for one in parameters):
        message = "`sweep.sampler: grid` needs a number of values for every parameter. Expected `steps`, or a list."
        problems.error("sweep", message, section.location("sampler"))
    if len(problems.errors) > before:
        return []
    found = [space.with_kind(one) for one in parameters if one]
    for values in _corners(found):
        if problems.is_full:
            break
        corner = Problems()
        space.read(values, corner)
        named = ", ".join(f"{path}={_written(value)}" for path, value in values.items())
        for problem in corner.errors:
            problems.error(problem.name, f"`sweep` with {named}: {problem.message}", location, problem.suggestion)
        if corner.errors and len(found) > 1:
            break  # one such corner says it; the others would say it again
    return found


@dataclass(frozen=True)
class _Space:
    root: SchemaNode
    base: yaml_nodes.Mapping
    read_config: ReadConfig

    def read(self, values: Values, problems: Problems) -> None:
        """Reads the file with these values put over it."""
        tree: Any = self.base
        try:
            for path, value in values.items():
                node = parse_yaml(json.dumps(value), f"sweep.parameters.{path}", line=0)
                tree = set_path(self.root, tree, path.split("."), node, f"sweep.parameters.{path}")
        except InputError as error:
            problems.items += error.problems
            return
        self.read_config(tree, problems)

    def with_kind(self, parameter: Parameter) -> Parameter:
        """Whole numbers where both bounds are and the setting takes nothing between them."""
        low, high = parameter.low, parameter.high
        if parameter.choices is not None or not (isinstance(low, int) and isinstance(high, int)):
            return parameter
        between, bound = Problems(), Problems()
        self.read({parameter.path: low + 0.5}, between)
        self.read({parameter.path: low}, bound)
        whole = bool(between.errors) and not bound.errors
        return Parameter(parameter.path, None, low, high, parameter.log, whole)


def _parameter(path: str, written: Any, location: SourceLocation | None, problems: Problems) -> Parameter | None:
    def refuse(message: str) -> None:
        problems.error("sweep", f"`sweep.parameters.{path}` {message}", location)

    if path.split(".")[0] in _NOT_SEARCHED:
        refuse("is nothing to search. Expected a setting of the training.")
    elif isinstance(written, list):
        if len(written) < 2 or any(value in written[:number] for number, value in enumerate(written)):
            refuse("has fewer than two different values. Expected a list of them.")
        else:
            return Parameter(path, written)
    elif not isinstance(written, Mapping) or "between" not in written or set(written) - set(_RANGE_KEYS):
        refuse("is neither. Expected a list of values, or `{between: [low, high], log: true, steps: N}`.")
    else:
        return _range(path, written, refuse)
    return None


def _range(path: str, written: Mapping[str, Any], refuse: Callable[[str], None]) -> Parameter | None:
    bounds, log, steps = written["between"], written.get("log", False), written.get("steps")
    is_pair = isinstance(bounds, list) and len(bounds) == 2
    if not is_pair or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in bounds):
        refuse("has no two numbers to search between. Expected `between: [low, high]`.")
    elif not bounds[0] < bounds[1] or (log and bounds[0] <= 0):
        refuse(f"goes from {bounds[0]} to {bounds[1]}. Expected a rise, from above 0 where `log` is true.")
    elif not isinstance(log, bool) or not (steps is None or (type(steps) is int and 2 <= steps <= 1000)):
        refuse("has a `log` that is neither true nor false, or `steps` that are not a number from 2 to 1000.")
    elif steps is None:
        return Parameter(path, None, bounds[0], bounds[1], log)
    else:
        return Parameter(path, list(_steps(bounds[0], bounds[1], steps, log)))
    return None


def _steps(low: float, high: float, steps: int, log: bool) -> Iterator[float]:
    whole = isinstance(low, int) and isinstance(high, int) and not log and (high - low) % (steps - 1) == 0
    for step in range(steps):
        share = step / (steps - 1)
        if whole:
            yield low + step * (int(high - low) // (steps - 1))
        else:
            value = (
                math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
                if log
                else low + share * (high - low)
            )
            yield float(f"{value:.6g}")


def _corners(parameters: list[Parameter]) -> Iterator[Values]:
    corners = {parameter.path: parameter.corners for parameter in parameters}
    if math.prod(map(len, corners.values())) <= MAX_CORNERS:
        for combination in itertools.product(*corners.values()):
            yield dict(zip(corners, combination, strict=True))
        return
    first = {path: values[0] for path, values in corners.items()}
    for path, values in corners.items():
        for index in _spread(len(values), MAX_CORNERS // len(corners)):
            yield {**first, path: values[index]}
    pairs = list(itertools.combinations(corners, 2))
    for number in _spread(len(pairs), MAX_CORNERS // 2):
        one, other = pairs[number]
        width = len(corners[other])
        for index in _spread(len(corners[one]) * width, MAX_CORNERS // len(pairs)):
            yield {**first, one: corners[one][index // width], other: corners[other][index % width]}


def _spread(count: int, most: int) -> Iterable[int]:
    """The numbers below `count`, or `most` of them (at least two), evenly spread from the first to the last."""
    most = max(2, most)
    return range(count) if count <= most else (index * (count - 1) // (most - 1) for index in range(most))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
