"""From a path to a checked experiment: read, put together, check; every problem at once."""

from collections import abc
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from kerasdeep import collection
from kerasdeep.catalog import Choice, types
from kerasdeep.config.checks import check_config
from kerasdeep.config.checks.context import count_unrolled
from kerasdeep.config.effective_stages import with_inherited_settings
from kerasdeep.config.merge import canonicalize, merge
from kerasdeep.config.overrides import ROOT_NODE, Overrides
from kerasdeep.config.resolved import flatten_yaml, resolved_yaml
from kerasdeep.config.root import Config
from kerasdeep.config.schema import read_section
from kerasdeep.config.sections.data import BUILT_IN_DATASETS, HUGGING_FACE, DataConfig, SplitConfig
from kerasdeep.config.sections.pretrained import (
    PRETRAINED_LAYER,
    PretrainedConfig,
    as_layer,
    from_layer,
    with_default_network,
)
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.config.sweep_space import Parameter, check_sweep
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation, sort_problems, suggest
from kerasdeep.paths import expand_user
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence, count_nodes, parse_yaml, read_yaml_file

ConfigSource = str | Path | abc.Mapping[str, Any]
"""A YAML file, or a mapping of the same keys."""
DataSection = TypeVar("DataSection", bound=DataConfig)
_OVERLAY_SECTIONS = {"profile": "profiles", "variant": "variants"}
_MAX_EXTENDS_DEPTH = 10
_MAX_EXTENDED_FILES = 50
_MAX_OVERLAY_NODES = 200_000
_MAX_OVERLAY_LAYERS = 20_000


@dataclass(frozen=True)
class LoadedConfig:
    """A checked experiment.

    Attributes:
        path: The file; what was given as a mapping or text has a name, but no file.
        config: The experiment.
        tree: What was merged, each value with its location.
        warnings: Those that `allow` does not accept.
        text: The YAML, where there is no file.
        space: The parameters of its `sweep`.
    """

    path: Path
    config: Config
    tree: Mapping
    warnings: list[Problem]
    text: str | None = None
    space: list[Parameter] = field(default_factory=list)

    def copy_to(self, path: Path) -> None:
        """Write the file as it was given, byte by byte, to `path`."""
        path.write_bytes(self.path.read_bytes() if self.text is None else self.text.encode("utf-8"))


def load_config(config: ConfigSource, overrides: Overrides = Overrides()) -> LoadedConfig:
    """The experiment that a file or a mapping of the same keys describes, with `overrides` put over it.

    Raises InputError with every problem found: unknown keys, wrong types, conflicts, in the file and in all its
    profiles and variants.
    """
    if not isinstance(config, abc.Mapping):
        path = Path(config)
        return _check_tree(read_with_extends(path), path, overrides)
    try:
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=110)
    except yaml.YAMLError as error:
        message = f"cannot be written as YAML: {error}. Expected dicts, lists, numbers and strings."
        raise InputError(message, "wrong-type", SourceLocation("config")) from error
    return load_text(text, Path("experiment.yaml"), overrides, line=0)


def load_text(text: str, path: Path, overrides: Overrides = Overrides(), line: int | None = None) -> LoadedConfig:
    """The experiment in YAML that is not in a file; `path` names it and is where its relative paths begin.

    With `line=0`, problems are located by `path` alone, for text that nobody has seen.
    """
    tree = _merge_extends(parse_yaml(text, str(path), line=line), path)
    return replace(_check_tree(tree, path, overrides), text=text)


def _check_tree(tree: Mapping, path: Path, overrides: Overrides) -> LoadedConfig:
    problems = Problems()
    chosen = {"profile": overrides.profile, "variant": overrides.variant}
    _check_overlays(tree, chosen, problems)
    for option, name in chosen.items():
        if name is not None:
            tree = _apply_overlay(tree, option, name)
    tree = overrides.apply_sets(tree)
    config = read_config(tree, problems)
    sweep = config.sweep if config else None
    space = check_sweep(ROOT_NODE, tree, sweep, read_config, problems) if sweep else []
    accepted = _allowed_warnings(tree)
    problems.items = [p for p in problems.items if p.severity == "error" or p.name not in accepted]
    problems.raise_if_errors()
    assert config is not None
    config = replace(_with_absolute_paths(config), name=config.name or path.stem)
    return LoadedConfig(path, config, tree, sort_problems(problems.warnings), space=space)


def _allowed_warnings(tree: Mapping) -> set[str]:
    """What `allow` names, be the rest of the file right or wrong."""
    node = tree.get("allow")
    return {item.text for item in node.items if isinstance(item, Scalar)} if isinstance(node, Sequence) else set()


def parse_resolved(text: str) -> Config | None:
    """The experiment that a `resolved.yaml` describes; None when this version cannot read it."""
    try:
        node = parse_yaml(text, "resolved.yaml")
    except InputError:
        return None
    return read_config(node, Problems()) if isinstance(node, Mapping) else None


def recorded_settings(text: str) -> dict[str, str]:
    """Every scalar of a run's `resolved.yaml` by its dotted path, such as `optimizer.SGD.learning_rate`.

    Settings that came after the run was trained have their defaults, so that the run still is what its file gives.
    """
    config = parse_resolved(text)
    written = flatten_yaml(text)
    return written if config is None else flatten_yaml(resolved_yaml(config)) | written


def read_config(tree: Mapping, problems: Problems) -> Config | None:
    """The checked config of a merged tree, or None when it cannot be read; `problems` collects what is wrong."""
    config = read_section(Config, with_default_network(tree), problems)
    if config is None:
        return None
    config = with_inherited_settings(config)
    check_config(config, problems, tree)
    return config


def read_with_extends(path: Path) -> Mapping:
    """The file's canonical tree put over the files that it extends, first to last."""
    return _merge_extends(read_yaml_file(path), path, (path.resolve(),))


def _merge_extends(
    tree: Node, path: Path, ancestors: tuple[Path, ...] = (), files: list[Path] | None = None
) -> Mapping:
    """The canonical tree put over what it extends.

    `ancestors` are the files that led here, the tree's own among them; `files` collects every file read.
    """
    files = [] if files is None else files
    files.append(path)
    tree = canonicalize(ROOT_NODE, tree)
    assert isinstance(tree, Mapping)
    node = tree.get("extends")
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return tree
    if len(ancestors) > _MAX_EXTENDS_DEPTH:
        raise InputError(f"`extends` goes deeper than {_MAX_EXTENDS_DEPTH} files.", "extends", node.location)
    if len(files) > _MAX_EXTENDED_FILES:
        raise InputError(f"`extends` reads more than {_MAX_EXTENDED_FILES} files.", "extends", node.location)
    base: Node | None = None
    for reference in node.items if isinstance(node, Sequence) else (node,):
        if not isinstance(reference, Scalar):
            message = f"`extends` is {types.describe_node(reference)}. Expected a name or path."
            raise InputError(message, "extends", reference.location)
        extended_path = _find_extended_file(reference, path.parent)
        if (resolved := extended_path.resolve()) in ancestors:
            raise InputError(f"`extends` is circular: {reference.text} leads back here.", "extends", reference.location)
        extended = _merge_extends(read_yaml_file(extended_path), extended_path, (*ancestors, resolved), files)
        base = merge(ROOT_NODE, base, extended) if base is not None else extended
    merged = merge(ROOT_NODE, base, tree) if base is not None else tree
    assert isinstance(merged, Mapping)
    return Mapping({key: pair for key, pair in merged.pairs.items() if key != "extends"}, tree.location)


def _find_extended_file(item: Scalar, folder: Path) -> Path:
    relative = folder / expand_user(item.text)
    if relative.is_file():
        return relative
    known = collection.collection_files()
    if item.text in known:
        return known[item.text]
    message = f"`extends` names {item.text}: no such file beside this one, and nothing shipped has that name."
    raise InputError(message, "extends", item.location, suggest(item.text, known))


def _overlays(tree: Mapping, option: str) -> dict[str, Pair]:
    node = tree.get(_OVERLAY_SECTIONS[option])
    return node.pairs if isinstance(node, Mapping) else {}


def _apply_overlay(tree: Mapping, option: str, name: str) -> Mapping:
    known = _overlays(tree, option)
    if name not in known:
        listed = f"It has: {', '.join(known)}." if known else "It has none."
        message = f"the file has no {option} `{name}`. {listed}"
        raise InputError(message, f"unknown-{option}", SourceLocation(f"--{option}"), suggest(name, known))
    override = canonicalize(ROOT_NODE, known[name].value)
    merged = merge(ROOT_NODE, tree, override) if isinstance(override, Mapping) else tree
    assert isinstance(merged, Mapping)
    return merged


def _check_overlays(tree: Mapping, chosen: dict[str, str | None], problems: Problems) -> None:
    """Checks profiles and variants that were not selected, too."""
    count, layers = sum(len(_overlays(tree, option)) for option in _OVERLAY_SECTIONS), 0
    for option in _OVERLAY_SECTIONS:
        for name, pair in _overlays(tree, option).items():
            if not isinstance(pair.value, Mapping) and not (isinstance(pair.value, Scalar) and pair.value.is_null):
                message = f"{option} `{name}` is {types.describe_node(pair.value)}. Expected a mapping of overrides."
                problems.error("wrong-type", message, pair.value.location)
            elif name != chosen[option] and not problems.is_full:
                if count * count_nodes(tree) > _MAX_OVERLAY_NODES or layers > _MAX_OVERLAY_LAYERS:
                    message = f"{count} variants and profiles of a file this long cannot be checked. Split the file."
                    raise InputError(message, "too-large", pair.key.location)
                overlay_problems = Problems()
                config = read_config(_apply_overlay(tree, option, name), overlay_problems)
                layers += count_unrolled(config.network.layers) if config else 0
                problems.items.extend(overlay_problems.errors)


def _with_absolute_paths(config: Config) -> Config:
    """Relative paths made to belong to the file that wrote them, or to the working folder for `--set`."""
    pretrained = config.pretrained and _pretrained_with_absolute_paths(config.pretrained)
    layers = [_layer_with_absolute_paths(layer) for layer in config.network.layers]
    stages = [_stage_with_absolute_paths(stage) for stage in config.stages]
    network = replace(config.network, layers=layers)
    data = _data_with_absolute_paths(config.data)
    return replace(config, data=data, network=network, stages=stages, pretrained=pretrained)


def _data_with_absolute_paths(data: DataSection) -> DataSection:
    changes: dict[str, Any] = {}
    if data.source not in BUILT_IN_DATASETS or data.format not in ("auto", "builtin"):
        changes["source"] = _absolute_path(data.source, data.location("source"))
    for key in ("validation", "test"):
        split: SplitConfig | None = getattr(data, key)
        if split is not None and split.path is not None:
            changes[key] = replace(split, path=_absolute_path(split.path, split.location("path")))
    return replace(data, **changes) if changes else data


def _stage_with_absolute_paths(stage: StageConfig) -> StageConfig:
    if stage.pretrain is None:
        return stage
    kind = stage.pretrain.kind
    if kind.data is not None:
        kind = replace(kind, data=_data_with_absolute_paths(kind.data))
    return replace(stage, pretrain=stage.pretrain.with_kind(kind))


def _pretrained_with_absolute_paths(section: PretrainedConfig) -> PretrainedConfig:
    changes: dict[str, Any] = {}
    if section.is_path:
        changes["from_"] = _absolute_path(section.from_, section.location("from"))
    if section.weights is not None and section.weights != "imagenet":
        changes["weights"] = _absolute_path(section.weights, section.location("weights"))
    return replace(section, **changes)


def _layer_with_absolute_paths(layer: Choice) -> Choice:
    if layer.name != PRETRAINED_LAYER:
        return layer
    section = as_layer(_pretrained_with_absolute_paths(from_layer(layer)))
    return layer.replace(**{key: value for key, value in section.arguments.items() if key in layer.arguments})


def _absolute_path(text: str, location: SourceLocation | None) -> str:
    if text.startswith(HUGGING_FACE):
        return text
    folder = Path(location.file).parent if location and location.line else Path()
    return str((folder / expand_user(text)).absolute())
