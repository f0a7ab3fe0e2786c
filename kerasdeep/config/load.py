"""From a path to a checked experiment: read, put together, check; every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from kerasdeep import collection
from kerasdeep.catalog import types
from kerasdeep.config.checks import check_config
from kerasdeep.config.checks.context import count_unrolled
from kerasdeep.config.merge import SchemaNode, canonicalize, merge, set_path
from kerasdeep.config.root import Config
from kerasdeep.config.schema import read_section
from kerasdeep.config.sections.data import BUILT_IN_DATASETS, DataConfig, SplitConfig
from kerasdeep.config.sections.pretrained import PretrainedConfig, with_default_network
from kerasdeep.config.sections.stages import StageConfig, with_inherited_settings
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation, sort_problems, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence, count_nodes, parse_yaml, read_yaml_file

ROOT_NODE = SchemaNode(Config)
DataSection = TypeVar("DataSection", bound=DataConfig)
_OVERLAY_SECTIONS = {"profile": "profiles", "variant": "variants"}
_NOT_SETTABLE = ("extends", *_OVERLAY_SECTIONS.values())
_MAX_EXTENDS_DEPTH = 10
_MAX_EXTENDED_FILES = 50
_MAX_OVERLAY_NODES = 200_000
_MAX_OVERLAY_LAYERS = 20_000


@dataclass(frozen=True)
class LoadedConfig:
    """A checked experiment: `tree` has the location of every written value, `warnings` those not under `allow`."""

    path: Path
    config: Config
    tree: Mapping
    warnings: list[Problem]


def load_config(
    path: str | Path,
    sets: Iterable[str] = (),
    profile: str | None = None,
    variant: str | None = None,
    flags: dict[str, tuple[str, str]] | None = None,
) -> LoadedConfig:
    """The experiment that `path` describes, with everything put over it.

    `sets` are `section.key=value` texts, `flags` maps a path (`training.epochs`) to (option, text). Raises
    `InputError` with every problem found: unknown keys, wrong types, conflicts, in the file and in all its
    profiles and variants.
    """
    tree = read_with_extends(Path(path))
    problems = Problems()
    chosen = {"profile": profile, "variant": variant}
    _check_overlays(tree, chosen, problems)
    for option, name in chosen.items():
        if name is not None:
            tree = _apply_overlay(tree, option, name)
    tree = with_overrides(tree, sets, flags)
    config = read_config(tree, problems)
    accepted = _allowed_warnings(tree)
    problems.items = [p for p in problems.items if p.severity == "error" or p.name not in accepted]
    problems.raise_if_errors()
    assert config is not None
    return LoadedConfig(
        Path(path), _with_name(_with_absolute_paths(config), Path(path)), tree, sort_problems(problems.warnings)
    )


def with_overrides(tree: Mapping, sets: Iterable[str], flags: dict[str, tuple[str, str]] | None) -> Mapping:
    """The tree with `sets` and `flags`, as `load` takes them, put over it."""
    for text in sets:
        tree = _apply_set(tree, *_split_set(text))
    for key_path, (option, text) in (flags or {}).items():
        _refuse_epochs_with_stages(tree, key_path, option, text)
        tree = _set_scalar(tree, key_path, text, option)
    return tree


def _allowed_warnings(tree: Mapping) -> set[str]:
    """What `allow` names, be the rest of the file right or wrong."""
    node = tree.get("allow")
    return {item.text for item in node.items if isinstance(item, Scalar)} if isinstance(node, Sequence) else set()


def read_config(tree: Mapping, problems: Problems) -> Config | None:
    """The checked config of a merged tree, or None when it cannot be read; `problems` collects what is wrong."""
    config = read_section(Config, with_default_network(tree), problems)
    if config is None:
        return None
    config = with_inherited_settings(config)
    check_config(config, problems, tree)
    return config


def read_with_extends(path: Path, ancestors: tuple[Path, ...] = (), files: list[Path] | None = None) -> Mapping:
    """The file's canonical tree put over the files that it extends, first to last.

    `ancestors` are the files that led here, `files` collects every file read.
    """
    files = [] if files is None else files
    files.append(path)
    tree = canonicalize(ROOT_NODE, read_yaml_file(path))
    assert isinstance(tree, Mapping)
    node = tree.get("extends")
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return tree
    ancestors = (*ancestors, path.resolve())
    if len(ancestors) > _MAX_EXTENDS_DEPTH:
        raise InputError(f"`extends` goes deeper than {_MAX_EXTENDS_DEPTH} files.", "extends", node.location)
    if len(files) > _MAX_EXTENDED_FILES:
        raise InputError(f"`extends` reads more than {_MAX_EXTENDED_FILES} files.", "extends", node.location)
    base: Node | None = None
    for reference in node.items if isinstance(node, Sequence) else (node,):
        if not isinstance(reference, Scalar):
            raise InputError(
                f"`extends` is {types.describe_node(reference)}. Expected a name or path.",
                "extends",
                reference.location,
            )
        extended_path = _find_extended_file(reference, path.parent)
        if extended_path.resolve() in ancestors:
            raise InputError(f"`extends` is circular: {reference.text} leads back here.", "extends", reference.location)
        extended = read_with_extends(extended_path, ancestors, files)
        base = merge(ROOT_NODE, base, extended) if base is not None else extended
    merged = merge(ROOT_NODE, base, tree) if base is not None else tree
    assert isinstance(merged, Mapping)
    return Mapping({key: pair for key, pair in merged.pairs.items() if key != "extends"}, tree.location)


def _find_extended_file(item: Scalar, folder: Path) -> Path:
    relative = folder / Path(item.text).expanduser()
    if relative.is_file():
        return relative
    known = collection.collection_files()
    if item.text in known:
        return known[item.text]
    message = f"`extends` names {item.text}: no such file beside this one, and nothing shipped has that name."
    raise InputError([Problem("error", "extends", message, item.location, suggest(item.text, known))])


def _overlays(tree: Mapping, option: str) -> dict[str, Pair]:
    node = tree.get(_OVERLAY_SECTIONS[option])
    return node.pairs if isinstance(node, Mapping) else {}


def _apply_overlay(tree: Mapping, option: str, name: str) -> Mapping:
    known = _overlays(tree, option)
    if name not in known:
        listed = f"It has: {', '.join(known)}." if known else "It has none."
        message = f"the file has no {option} `{name}`. {listed}"
        raise InputError(
            [Problem("error", f"unknown-{option}", message, SourceLocation(f"--{option}"), suggest(name, known))]
        )
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


def _split_set(text: str) -> tuple[str, str]:
    key_path, separator, value = text.partition("=")
    if not separator or not key_path.strip():
        message = f"`--set {text}` has no `=`. Expected --set section.key=value, for example training.epochs=5."
        raise InputError(message, "usage", SourceLocation("--set"))
    if key_path.strip().split(".")[0] in _NOT_SETTABLE:
        message = f"`--set {key_path.strip()}` comes too late: files are put together, and a profile and a variant put "
        raise InputError(f"{message}on, before `--set`. Write it in the file.", "usage", SourceLocation("--set"))
    return key_path.strip(), value


def _apply_set(tree: Mapping, key_path: str, value: str) -> Mapping:
    return _set_scalar(tree, key_path, value, f"--set {key_path}")


def _refuse_epochs_with_stages(tree: Mapping, key_path: str, option: str, text: str) -> None:
    """Stages have epochs of their own; one number for all of them would be a guess."""
    node = tree.get("stages")
    if key_path == "training.epochs" and isinstance(node, Sequence) and node.items:
        last = len(node.items) - 1
        message = f"this file has stages, and each has epochs of its own. Use --set stages.N.epochs={text}, "
        raise InputError(f"{message}N from 0 to {last}.", "usage", SourceLocation(option))


def _set_scalar(tree: Mapping, key_path: str, text: str, origin: str) -> Mapping:
    updated = set_path(ROOT_NODE, tree, key_path.split("."), parse_yaml(text, origin, line=0), origin)
    assert isinstance(updated, Mapping)
    return updated


def _with_absolute_paths(config: Config) -> Config:
    """Relative paths made to belong to the file that wrote them, or to the working folder for `--set`."""
    config = replace(
        config,
        data=_data_with_absolute_paths(config.data),
        stages=[_stage_with_absolute_paths(stage) for stage in config.stages],
    )
    return (
        replace(config, pretrained=_pretrained_with_absolute_paths(config.pretrained)) if config.pretrained else config
    )


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


def _absolute_path(text: str, location: SourceLocation | None) -> str:
    folder = Path(location.file).parent if location and location.line else Path()
    return str((folder / Path(text).expanduser()).absolute())


def _with_name(config: Config, path: Path) -> Config:
    return config if config.name else replace(config, name=path.stem)
