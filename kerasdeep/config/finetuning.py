"""The YAML of a fine-tuning: pretrained layers, a new head trained alone, then all at a tenth of the rate."""

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from kerasdeep.catalog.types import to_python
from kerasdeep.config.load import read_with_extends
from kerasdeep.config.merge import canonicalize
from kerasdeep.config.overrides import ROOT_NODE, Overrides
from kerasdeep.config.sections.data import BUILT_IN_DATASETS
from kerasdeep.config.sections.pretrained import APPLICATION_PREFIX, KERAS_HUB_PREFIX
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import expand_user
from kerasdeep.yaml_nodes import Mapping, parse_yaml
from kerasdeep.yaml_nodes import Sequence as ListNode

DEFAULT_EPOCHS = 10
DEFAULT_LEARNING_RATE = 1e-3
FINE_TUNING_RATE_FACTOR = 0.1
"""The second stage's share of the rate: large steps would undo what was learnt before."""
BUILT_IN_IMAGE_SIZE = [96, 96]
FOLDER_IMAGE_SIZE = [160, 160]
"""What small built-in pictures, and photos in folders, are brought to for an application."""
_OPTION_NAMES = {"source": "--from"}
STAGE_OPTIONS = ("freeze", "unfreeze_after", "rate", "epochs")


@dataclass(frozen=True)
class FinetuneOptions:
    """The options of `finetune`; None where one was not given.

    Attributes:
        source: The model: a run directory, `FILE.keras`, `FILE.h5` or `application:NAME`.
        data: What to learn from: a file, folder or the name of a built-in data set.
        target: The column to predict.
        freeze: What stays frozen to the end: `first:N`, a layer's name, `all`.
        unfreeze_after: Epochs of the head alone; a third of all where None.
        rate: The learning rate of the head; fine-tuning uses a tenth of it. 0.001 where None.
        epochs: Epochs of both stages together; 10 where None.
    """

    source: str
    data: str | None = None
    target: str | None = None
    freeze: str | None = None
    unfreeze_after: int | None = None
    rate: float | None = None
    epochs: int | None = None


def compose_yaml(options: FinetuneOptions, config: Path | None = None, overrides: Overrides = Overrides()) -> str:
    """A complete file for `kerasdeep train`; paths in it are absolute, so that it works wherever it lies.

    With `config`, that file decides everything else, its stages too unless an option is about stages. Sets and flags
    are written into the file. Raises `InputError` for options that conflict.
    """
    if config is None and options.data is None:
        raise InputError(
            "there is no data to learn from. Give --data PATH, or a CONFIG that has data.",
            "usage",
            SourceLocation("--data"),
        )
    content: dict[str, Any] = {"version": 1}
    if config is None:
        content["name"] = f"{_dataset_stem(options.data or '')}-finetuned"
    else:
        content["extends"] = str(config.absolute())
    data = _data_section(options)
    if data:
        content["data"] = data
    content["pretrained"] = _pretrained_section(options)
    changes_stages = any(getattr(options, key) is not None for key in STAGE_OPTIONS)
    written_stages = None if config is None or changes_stages else _read_stages(config)
    if not written_stages:
        content["stages"] = _stages_section(options)
    elif any(text.startswith("stages.") for text in overrides.sets):
        # One item of a list cannot be changed without the others.
        content["stages"] = written_stages
    if overrides:
        tree = canonicalize(ROOT_NODE, parse_yaml(yaml.safe_dump(content, sort_keys=False), "finetune"))
        assert isinstance(tree, Mapping)
        content = to_python(overrides.apply_sets(tree))
    header = [
        f"# {shlex.join(_command_line(options, config, overrides))}",
        "# Written by finetune; edit it and train it again: kerasdeep train FILE",
    ]
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return "\n".join([*header, str(text)])


def _command_line(options: FinetuneOptions, config: Path | None, overrides: Overrides) -> list[str]:
    words = ["kerasdeep", "finetune", *([str(config)] if config else [])]
    for option_field in fields(options):
        value = getattr(options, option_field.name)
        if value is not None:
            words += [_OPTION_NAMES.get(option_field.name, f"--{option_field.name.replace('_', '-')}"), str(value)]
    return [*words, *overrides.command_words()]


def _data_section(options: FinetuneOptions) -> dict[str, Any]:
    section: dict[str, Any] = {}
    if options.data is not None:
        section["source"] = options.data if _is_builtin(options.data) else _absolute_path(options.data)
        if expand_user(options.data).is_dir() and options.source.startswith(APPLICATION_PREFIX):
            section["image"] = {"size": FOLDER_IMAGE_SIZE}
    if options.target is not None:
        section["target"] = options.target
    return section


def _pretrained_section(options: FinetuneOptions) -> dict[str, Any]:
    if options.source.startswith((APPLICATION_PREFIX, KERAS_HUB_PREFIX)):
        section: dict[str, Any] = {"from": options.source}
        if options.data is not None and _is_builtin(options.data):
            section["size"] = BUILT_IN_IMAGE_SIZE
        return section
    return {"from": _absolute_path(options.source)}


def _stages_section(options: FinetuneOptions) -> list[dict[str, Any]]:
    epochs, rate = options.epochs or DEFAULT_EPOCHS, options.rate or DEFAULT_LEARNING_RATE
    head_only = options.freeze == "all"
    head_epochs = epochs if head_only else options.unfreeze_after or max(1, epochs // 3)
    if not head_only and head_epochs >= epochs and options.unfreeze_after is not None:
        message = f"after {head_epochs} epochs nothing is left of {epochs} to fine-tune in. Raise --epochs, "
        raise InputError(f"{message}or write --freeze all.", "usage", SourceLocation("--unfreeze-after"))
    stages = [_stage_section("head", "head", head_epochs, rate)]
    if head_epochs < epochs:
        # Batch norm keeps its statistics: few new pictures would spoil them.
        frozen = ["!norms", *([f"!{options.freeze}"] if options.freeze else [])]
        fine_rate = float(f"{rate * FINE_TUNING_RATE_FACTOR:.6g}")
        fine_tuning = _stage_section("fine", ["all", *frozen], epochs - head_epochs, fine_rate)
        stages.append({**fine_tuning, "early_stopping": {"patience": 5}})
    return stages


def _stage_section(name: str, train: str | list[str], epochs: int, rate: float) -> dict[str, Any]:
    optimizer = {"Nadam": {"learning_rate": rate}}
    return {"name": name, "train": train, "epochs": epochs, "optimizer": optimizer, "schedule": None}


def _read_stages(config: Path) -> list[Any]:
    node = read_with_extends(config).get("stages")
    return to_python(node) if isinstance(node, ListNode) else []


def _is_builtin(data: str) -> bool:
    return data in BUILT_IN_DATASETS and not Path(data).exists()


def _absolute_path(path: str) -> str:
    return str(expand_user(path).absolute())


def _dataset_stem(data: str) -> str:
    return Path(data).stem.replace(" ", "_") or "data"
