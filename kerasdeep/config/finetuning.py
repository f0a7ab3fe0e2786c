"""The YAML of a fine-tuning: the head alone on the body's features until it has converged, then all of it, gently.

Kumar et al. 2022 (linear probing, then fine-tuning): a head that is random when the layers below it begin to move
distorts what they know. A new head starts from zeros: with fewer rows than features, what random weights say of the
directions that no row has would stay. Both stages keep the best weights that the validation rows have seen, those that
they began with included, so that fine-tuning never leaves less than there was.
"""

import json
import math
import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from kerasdeep.catalog.types import to_python
from kerasdeep.config.applications import DEFAULT_APPLICATION, CachedWeights, cached_weights
from kerasdeep.config.load import read_with_extends
from kerasdeep.config.merge import canonicalize
from kerasdeep.config.overrides import ROOT_NODE, Overrides
from kerasdeep.config.sections.data import BUILT_IN_DATASETS
from kerasdeep.config.sections.pretrained import APPLICATION_PREFIX, KERAS_HUB_PREFIX
from kerasdeep.config.sections.training import TrainingConfig
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import expand_user
from kerasdeep.yaml_nodes import Mapping, parse_yaml
from kerasdeep.yaml_nodes import Sequence as ListNode

HEAD_EPOCHS, HEAD_PATIENCE = 300, 20
"""At most; an epoch on cached features takes moments, and the validation rows say when the head has converged."""
FINE_EPOCHS, FINE_PATIENCE = 20, 5
DEFAULT_LEARNING_RATE = 1e-3
FINE_TUNING_RATE_FACTOR = 0.1
"""The second stage's share of the rate: large steps would undo what was learnt before."""
LEAST_SIZE, PHOTO_SIZE, ENLARGED = 96, 224, 3
"""Small pictures are brought to three times their side, but no less and no more than these: at its own 32 pixels a
picture would leave the last layers of a body a single position."""
PHOTO_SIDE, AUGMENTED_SIDE = 160, 64
"""From these sides on pictures are photos, read at the size that the bodies learnt at; and altered in training."""
FEW_PICTURES = 100
"""With fewer a tenth of them says too little of when to stop."""
HEAD_DROPOUT = 0.3
DEFAULT_BATCH = TrainingConfig().batch_size
AUGMENTATIONS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "light": [{"RandomFlip": "horizontal"}, {"RandomRotation": 0.05}, {"RandomZoom": 0.1}],
    "strong": [
        *({"RandomFlip": "horizontal"}, {"RandomRotation": 0.1}, {"RandomZoom": 0.2}, {"RandomTranslation": 0.1}),
        *({"RandomBrightness": 0.2}, {"RandomContrast": 0.2}),
    ],
}
"""What `--augment` stands for; digits and text have no mirror image, and take `none`."""
_OPTION_NAMES = {"source": "--from"}
_BUILT_IN_SIDES = {"digits": 8, "mnist": 28, "fashion_mnist": 28, "cifar10": 32, "cifar100": 32}
STAGE_OPTIONS = ("freeze", "unfreeze_after", "rate", "epochs")


@dataclass(frozen=True)
class FinetuneOptions:
    """The options of `finetune`; None where one was not given.

    Attributes:
        source: The model: a run directory, `FILE.keras`, `FILE.h5` or `application:NAME`. For pictures it may be left
            out: then it is an application whose weights are at hand.
        data: What to learn from: a file, folder or the name of a built-in data set.
        target: The column to predict.
        freeze: What stays frozen to the end: `first:N`, a layer's name, `all`.
        unfreeze_after: Epochs of the head alone; until it has converged where None.
        rate: The learning rate of the head; fine-tuning uses a tenth of it. 0.001 where None.
        epochs: Epochs of both stages together, a third of them for the head; where None, as many as help.
        alpha: The width of an application that has several.
        size: Height and width of the pictures for an application.
        augment: How pictures are altered in training, a key of `AUGMENTATIONS`.
    """

    source: str | None = None
    data: str | None = None
    target: str | None = None
    freeze: str | None = None
    unfreeze_after: int | None = None
    rate: float | None = None
    epochs: int | None = None
    alpha: float | None = None
    size: int | None = None
    augment: str | None = None


@dataclass(frozen=True)
class PictureFacts:
    """What a source of pictures looks like: the longer side of most of them, their number, and whether it has parts."""

    side: int
    count: int = FEW_PICTURES
    has_validation: bool = False


def compose_yaml(
    options: FinetuneOptions,
    config: Path | None = None,
    overrides: Overrides = Overrides(),
    pictures: PictureFacts | None = None,
) -> str:
    """A complete file for `kerasdeep train`; paths in it are absolute, so that it works wherever it lies.

    With `config`, that file decides everything else, its stages too unless an option is about stages. Sets and flags
    are written into the file; `pictures` is what is known of the data. Raises `InputError` for options that conflict.
    """
    if options.data in _BUILT_IN_SIDES and _is_builtin(options.data):
        pictures = PictureFacts(_BUILT_IN_SIDES[options.data])
    body = _choose_body(options, pictures)
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
    data = _data_section(options, body, pictures)
    if data:
        content["data"] = data
    content["pretrained"] = _pretrained_section(options, body, pictures)
    if config is None:
        dropout = [{"Dropout": HEAD_DROPOUT}] if body else []
        content["network"] = [*dropout, {"Output": {"kernel_initializer": "zeros"}}]
        batch = _batch_size(pictures)
        if batch < DEFAULT_BATCH:
            content["training"] = {"batch_size": batch}
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


def option_flags(options: FinetuneOptions, overrides: Overrides) -> dict[str, tuple[str, str]]:
    """What the options set, by the paths of `Overrides.flags`, so that a problem there names the option.

    What a set of `overrides` says at or above a path is left to it.
    """
    values: dict[str, tuple[str, str | None]] = {"data.target": ("--target", options.target)}
    if options.data is not None:
        values["data.source"] = ("--data", options.data if _is_builtin(options.data) else _absolute_path(options.data))
    if options.source is not None:
        is_path = not options.source.startswith((APPLICATION_PREFIX, KERAS_HUB_PREFIX))
        values["pretrained.from"] = ("--from", _absolute_path(options.source) if is_path else options.source)
    return {
        path: (option, json.dumps(value))
        for path, (option, value) in values.items()
        if value is not None and not any(f"{path}.".startswith(f"{one}.") for one in overrides.set_paths)
    }


def _command_line(options: FinetuneOptions, config: Path | None, overrides: Overrides) -> list[str]:
    words = ["kerasdeep", "finetune", *([str(config)] if config else [])]
    for option_field in fields(options):
        value = getattr(options, option_field.name)
        if value is not None:
            words += [_OPTION_NAMES.get(option_field.name, f"--{option_field.name.replace('_', '-')}"), str(value)]
    return [*words, *overrides.command_words()]


def _choose_body(options: FinetuneOptions, pictures: PictureFacts | None) -> CachedWeights | None:
    """The application to start from, its weights at hand where that can be; None for a file or run."""
    source = options.source
    if source is not None and not source.startswith(APPLICATION_PREFIX):
        for option in ("alpha", "size"):
            if getattr(options, option) is not None:
                message = f"{source} has its own. It is for --from {APPLICATION_PREFIX}NAME."
                raise InputError(message, "usage", SourceLocation(f"--{option}"))
        return None
    if source is None and pictures is None:
        message = "say what to start from: a run directory, FILE.keras, FILE.h5, or application:NAME for pictures."
        raise InputError(message, "usage", SourceLocation("--from"))
    name = None if source is None else source.removeprefix(APPLICATION_PREFIX)
    wanted = {} if options.alpha in (None, 1.0) else {"alpha": options.alpha}
    at_hand = [one for one in cached_weights(name) if options.alpha is None or one.arguments == wanted]
    return at_hand[0] if at_hand else CachedWeights(name or DEFAULT_APPLICATION, wanted, None)


def _data_section(
    options: FinetuneOptions, body: CachedWeights | None, pictures: PictureFacts | None
) -> dict[str, Any]:
    section: dict[str, Any] = {}
    if options.data is not None:
        section["source"] = options.data if _is_builtin(options.data) else _absolute_path(options.data)
    if options.target is not None:
        section["target"] = options.target
    if pictures and pictures.count < FEW_PICTURES and not pictures.has_validation:
        section["validation"] = 0.2
    side = pictures.side if pictures else 0
    if body and side >= PHOTO_SIDE:
        section["image"] = {"size": [options.size or PHOTO_SIZE] * 2}
    augment = options.augment or ("light" if body and side >= AUGMENTED_SIDE else "none")
    if augment not in AUGMENTATIONS:
        message = f"there is no `{augment}`. Expected one of: {', '.join(AUGMENTATIONS)}."
        raise InputError(message, "usage", SourceLocation("--augment"))
    if AUGMENTATIONS[augment]:
        section["augmentation"] = AUGMENTATIONS[augment]
    return section


def _batch_size(pictures: PictureFacts | None) -> int:
    """The default; at most half of the training rows where they are no batch."""
    if pictures is None:
        return DEFAULT_BATCH
    rows = pictures.count if pictures.has_validation else 0.8 * pictures.count
    return DEFAULT_BATCH if rows >= DEFAULT_BATCH else 2 ** int(math.log2(max(2, rows) / 2))


def _pretrained_section(
    options: FinetuneOptions, body: CachedWeights | None, pictures: PictureFacts | None
) -> dict[str, Any]:
    if body is None:
        source = str(options.source)
        return {"from": source if source.startswith(KERAS_HUB_PREFIX) else _absolute_path(source)}
    section: dict[str, Any] = {"from": f"{APPLICATION_PREFIX}{body.name}"}
    if body.arguments:
        section["arguments"] = body.arguments
    if pictures and pictures.side < PHOTO_SIDE:
        enlarged = -(-pictures.side * ENLARGED // 32) * 32
        size = options.size or max(LEAST_SIZE, min(PHOTO_SIZE, enlarged))
        if options.size is None and body.size and size in (128, 160, 192, 224):
            size = body.size  # MobileNets have weights for each of these sizes, and others would be downloaded
        section["size"] = [size, size]
    return section


def _stages_section(options: FinetuneOptions) -> list[dict[str, Any]]:
    rate, head_only = options.rate or DEFAULT_LEARNING_RATE, options.freeze == "all"
    epochs, head_epochs = options.epochs, options.unfreeze_after
    if epochs is not None and not head_only:
        head_epochs = head_epochs or max(1, epochs // 3)
        if head_epochs >= epochs and options.unfreeze_after is not None:
            message = f"after {head_epochs} epochs nothing is left of {epochs} to fine-tune in. Raise --epochs, "
            raise InputError(f"{message}or write --freeze all.", "usage", SourceLocation("--unfreeze-after"))
    head_epochs = (epochs if head_only else head_epochs) or HEAD_EPOCHS
    head = _stage_section("head", "head", head_epochs, rate, HEAD_PATIENCE)
    stages = [{**head, "schedule": None, "cache_features": "auto"}]
    fine_epochs = FINE_EPOCHS if epochs is None else epochs - head_epochs
    if fine_epochs and not head_only:
        # Batch norm keeps its statistics: few new rows would spoil them.
        frozen = ["!norms", *([f"!{options.freeze}"] if options.freeze else [])]
        fine_rate = float(f"{rate * FINE_TUNING_RATE_FACTOR:.6g}")
        fine = _stage_section("fine", ["all", *frozen], fine_epochs, fine_rate, FINE_PATIENCE)
        stages.append({**fine, "schedule": {"cosine": {"warmup": "10%"}}})
    return stages


def _stage_section(name: str, train: str | list[str], epochs: int, rate: float, patience: int) -> dict[str, Any]:
    stopping = {"patience": patience, "include_start": True}
    optimizer = {"Nadam": {"learning_rate": rate}}
    return {"name": name, "train": train, "epochs": epochs, "optimizer": optimizer, "early_stopping": stopping}


def _read_stages(config: Path) -> list[Any]:
    node = read_with_extends(config).get("stages")
    return to_python(node) if isinstance(node, ListNode) else []


def _is_builtin(data: str) -> bool:
    return data in BUILT_IN_DATASETS and not Path(data).exists()


def _absolute_path(path: str) -> str:
    return str(expand_user(path).absolute())


def _dataset_stem(data: str) -> str:
    return Path(data).stem.replace(" ", "_") or "data"
