"""The rows of a source, read and split, before anything is learned from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kerasdeep.config.schema import settings_of
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data import row_roles, splitters, streaming, target_inference, targets
from kerasdeep.data.labels import strip_labels
from kerasdeep.data.profile import count_classes
from kerasdeep.data.readers import READERS
from kerasdeep.data.sources import format_of, path_exists
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import HELD_OUT_SPLITS, SPLITS, RawSplit, Source
from kerasdeep.data.unreadable import explain_unreadable
from kerasdeep.data.windows import Window, cut_parts
from kerasdeep.errors import InputError, Problems

KIND_NAMES = {"table": "a table", "array": "arrays", "image": "pictures"}


def read_source(
    format: str,
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None,
    matched: Source | None = None,
) -> Source:
    """The source as it stands. Raises InputError when it cannot be read; reports wrong columns."""
    if format != "builtin" and not path_exists(section.source):
        message = f"{section.source} does not exist."
        raise InputError(message, "missing-file", section.location_or_key("source"))
    with explain_unreadable(section.source, section.location_or_key("source")):
        return READERS[format].read(section, problems, say, matched)


@dataclass
class SourceSplits:
    """The raw rows of every split, or their windows; the rows that preprocessing is fitted on (training and unlabelled
    together); and the hashes of the files they come from."""

    splits: dict[str, RawSplit]
    fit_rows: RawSplit
    digests: list[str]


def split_source(
    source: Source,
    encoders: list[TargetEncoder],
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None,
) -> SourceSplits:
    """Split the source's rows, and read the files that are splits of their own.

    A split is, in this order: what `validation` or `test` states, if that is not the default; the source's own
    split; what the default cuts off.
    """
    raw_splits: dict[str, RawSplit] = {}
    digests = [source.hash]
    split_configs: dict[str, SplitConfig | None] = {}
    for key in HELD_OUT_SPLITS:
        split_config = getattr(section, key)
        source_split = source.splits.get(key)
        # A resolved file writes the default out, which must not mean anything else than leaving it out.
        stated = split_config != settings_of(DataConfig)[key].default
        split_configs[key] = None
        if split_config is not None and split_config.path:
            loaded_split, digest = _read_split_at(split_config.path, source, section, key, problems, say)
            digests.append(digest)
            raw_splits[key] = _keep_selected_classes(loaded_split, encoders, section, split_config.path, key, problems)
        elif source_split is not None and (split_config is None or not stated):
            if split_config is not None or key == "test":
                raw_splits[key] = _keep_selected_classes(
                    source_split, encoders, section, f"the source's {key} part", key, problems
                )
        else:
            if source_split is not None:
                message = f"The source has its own {key} split; `{key}` overrides it."
                problems.warn("unused-part", message, section.location_or_key(key))
            split_configs[key] = split_config
    problems.raise_if_errors()

    train = source.splits["train"]
    codes, selected = _encode_classes(train, encoders)
    codes += [targets.rarest_labels(encoder.encode(train.y[encoder.name])) for encoder in encoders if encoder.is_set]
    group = row_roles.group_numbers(train) if "group" in train.roles else None
    keys = splitters.RowKeys(codes[0] if codes else None, group, train.roles.get("time"))
    window = Window.of(section)
    by_rows = replace(section, limit=None) if window else section  # `limit` counts windows
    split_indices = splitters.split_rows(by_rows, split_configs, len(train), selected, keys, problems)
    problems.raise_if_errors()
    parts = {name: getattr(split_indices, name) for name in SPLITS}
    parts = {
        name: index
        for name, index in parts.items()
        if len(index) or name == "train" or split_configs.get(name) is not None
    }
    fit_rows = train.take(np.sort(np.concatenate([split_indices.train, split_indices.unlabelled])))
    if window:
        raw_splits = cut_parts(raw_splits, train, parts, window, section, problems)
    else:
        raw_splits |= {name: train.take(index) for name, index in parts.items()}
    return SourceSplits(raw_splits, fit_rows, digests)


def _read_split_at(
    path: str, source: Source, section: DataConfig, key: str, problems: Problems, say: Callable[[str], None] | None
) -> tuple[RawSplit, str]:
    """The rows of a file or folder that is a part of its own, with its hash."""
    location = section.location_or_key(key)
    if not path_exists(path):
        raise InputError(f"`{key}` names {path}, which does not exist.", "missing-file", location)
    target = section.target
    if source.kind == "table":
        target = source.label_columns or list(source.splits["train"].y)
    locations = {**section.locations, "source": location}
    assert source.streaming is not None  # decided before other parts are read
    stream_rows = source.streaming.streamed
    split_section = replace(section, source=path, format="auto", target=target, stream=stream_rows, locations=locations)
    split_source_data = read_source(format_of(split_section), split_section, problems, say, source)
    if split_source_data.kind != source.kind:
        message = f"`{key}` names {path}, which is {KIND_NAMES[split_source_data.kind]}. "
        message += f"Expected {KIND_NAMES[source.kind]}, like the source."
        raise InputError(message, "wrong-shape", location)
    raw_split = strip_labels(row_roles.keep_rows(split_source_data.splits["train"], section))
    raw_split = target_inference.join_label_columns(raw_split, source.label_columns)
    return streaming.as_lazy_or_array(raw_split, stream_rows), split_source_data.hash


def _keep_selected_classes(
    raw_split: RawSplit, encoders: list[TargetEncoder], section: DataConfig, origin: str, key: str, problems: Problems
) -> RawSplit:
    """The rows of a part of its own that have one of the selected classes; every label must be one otherwise."""
    missing_targets = [encoder.name for encoder in encoders if encoder.name not in raw_split.y]
    if missing_targets:
        message = f"{origin} has no target {', '.join(missing_targets)}. Its targets are: {', '.join(raw_split.y)}."
        problems.error("missing-column", message, section.location_or_key(key))
        return raw_split
    if not section.classes or any(encoder.is_set for encoder in encoders):
        targets.check_labels(encoders, raw_split, origin, section.location_or_key(key), problems)
        return raw_split
    return raw_split.take(np.flatnonzero(_encode_classes(raw_split, encoders)[1]))


def _encode_classes(raw_split: RawSplit, encoders: list[TargetEncoder]) -> tuple[list[np.ndarray], np.ndarray]:
    """The class numbers of each class target, and which rows have a known class in all of them."""
    codes = [encoder.encode(raw_split.y[encoder.name]) for encoder in encoders if encoder.task.has_classes]
    return codes, np.logical_and.reduce([np.ones(len(raw_split), bool), *(numbers >= 0 for numbers in codes)])


def check_rows(
    raw_splits: dict[str, RawSplit],
    encoders: list[TargetEncoder],
    section: DataConfig,
    batch_size: int | None,
    problems: Problems,
) -> None:
    """Every part has rows, training at least a batch of them, and every class is among the training rows."""
    none, unit = ("window whose steps all lie in it", "windows") if section.window else ("rows", "rows")
    for key in HELD_OUT_SPLITS:
        if key in raw_splits and not len(raw_splits[key]):
            problems.error("too-few-rows", f"The {key} part has no {none}.", section.location_or_key(key))
    train = raw_splits["train"]
    if len(train) < (batch_size or 1):
        message = (
            f"Only {len(train)} {unit} are left to train on, fewer than a batch of {batch_size or 1}. "
            "Expected more rows, a smaller `training.batch_size`, or smaller held-out parts."
        )
        problems.error("too-few-rows", message, section.location_or_key("source"))
    for encoder in encoders:
        if encoder.task.predicts_numbers or not len(train):
            continue
        empty_classes = [encoder.classes[number] for number in np.flatnonzero(count_classes(encoder, train) == 0)]
        if empty_classes:
            class_list = f"class{'es' * (len(empty_classes) > 1)} {', '.join(empty_classes[:12])}"
            if encoder.is_set:
                message = f"No training row has the label {', '.join(empty_classes[:12])} of '{encoder.name}'."
                problems.warn("class-imbalance", message, section.location_or_key("target"))
                continue
            message = (
                f"No training row has the {class_list} of '{encoder.name}'. "
                "Expected some of each: hold out a fraction or a count, which are drawn from every class, "
                "or keep more training rows."
            )
            problems.error("empty-class", message, section.location_or_key("validation"))
