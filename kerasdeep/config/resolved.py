"""`resolved.yaml`: the experiment with every value and every default written out, ready to be trained again."""

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

import yaml

from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.optimizer_rules import overridden_arguments
from kerasdeep.config.root import Config
from kerasdeep.config.schema import Section, settings_of
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml

LOAD_TIME_KEYS = tuple(key for key, entry in settings_of(Config).items() if entry.affects == "loading")
"""Keys that act while files are put together, or on several runs."""


def resolve(config: Config) -> dict[str, Any]:
    """Every setting with its value; arguments of choices outside the network have their defaults too."""
    values = _section_dict(config)
    values |= _optimizer_and_schedule(config, config)
    values["stages"] = [_section_dict(stage) | _optimizer_and_schedule(stage, config) for stage in config.stages]
    return {key: value for key, value in values.items() if key not in LOAD_TIME_KEYS}


def _optimizer_and_schedule(section: Config | StageConfig, config: Config) -> dict[str, Any]:
    """Optimizer and schedule of the file or of a stage, with their defaults."""
    decided = overridden_arguments(section.optimizer, section.schedule, config.regularization)
    schedule = choice_with_defaults(section.schedule) if section.schedule else None
    return {"optimizer": to_plain(choice_with_defaults(section.optimizer, decided)), "schedule": to_plain(schedule)}


def resolved_yaml(config: Config) -> str:
    """The text of `resolved.yaml`."""
    return str(yaml.safe_dump(resolve(config), sort_keys=False, allow_unicode=True, width=100))


def flatten_yaml(text: str) -> dict[str, str]:
    """Every scalar of a `resolved.yaml` by its dotted path, such as `optimizer.SGD.learning_rate`."""
    return dict(_flatten(parse_yaml(text, "resolved.yaml")))


def _flatten(node: Node, key_path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, pair in node.pairs.items():
            yield from _flatten(pair.value, f"{key_path}.{key}" if key_path else key)
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from _flatten(item, f"{key_path}.{number}")
    elif isinstance(node, Scalar):
        yield key_path, node.text


def choice_with_defaults(choice: Choice, decided: Set[str] = frozenset()) -> Choice:
    """The choice with every argument of its entry that has a default and is not `decided` by another section.

    A choice without a location is itself a default, so that what it states yields to the other section too.
    """
    names = [name for name, argument in choice.entry.arguments.items() if not argument.required]
    defaults = {name: choice.value(name) for name in names if name not in decided}
    yielding = set() if choice.location else decided
    written = {name: value for name, value in choice.arguments.items() if name not in yielding}
    return replace(choice, arguments={**defaults, **written})


def _section_dict(section: Section) -> dict[str, Any]:
    values = {key: getattr(section, entry.name) for key, entry in settings_of(type(section)).items()}
    return {key: _plain_value(value) for key, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain_value(item) for key, item in value.items()}
    return _section_dict(value) if isinstance(value, Section) else to_plain(value)
