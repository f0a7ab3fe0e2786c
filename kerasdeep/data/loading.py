"""Load the data: read, infer targets, split, fit, transform, profile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import ROW_ROLES, DataConfig
from kerasdeep.data import row_roles, splitters, streaming, target_inference, targets
from kerasdeep.data.column_store import ColumnStore
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.fitting import fit_inputs
from kerasdeep.data.hardware import host_memory_bytes
from kerasdeep.data.labels import strip_labels
from kerasdeep.data.prediction_input import read_for_prediction
from kerasdeep.data.preprocessing import (
    Preprocessing,
    Replaced,
    TableTransform,
    Transform,
    encode_stored_rows,
    encode_target,
    transform_inputs,
    warn_of_replaced_values,
)
from kerasdeep.data.profile import count_classes, describe_dataset
from kerasdeep.data.source_splits import KIND_NAMES, check_rows, read_source, split_source
from kerasdeep.data.sources import format_of
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, DataSplit, RawSplit, Rows, Source, input_arrays
from kerasdeep.data.windows import LAZY, Window, WindowedRows, WindowTransform
from kerasdeep.errors import InputError, Problems
from kerasdeep.keras_names import keras_name

if TYPE_CHECKING:
    import pandas as pd


def load(
    section: DataConfig,
    task: str | Mapping[str, Any] = "auto",
    batch_size: int | None = None,
    say: Callable[[str], None] | None = None,
    fitted_preprocessing: Preprocessing | None = None,
) -> Dataset:
    """The data that `section` (the `data:` of a specification) describes, ready for a network.

    `task` is auto or one of `tasks.TASKS`, alone or with its options. `batch_size`, where given, is the least number of
    training rows. `say` is told of what takes long: downloads and large folders. `fitted_preprocessing` has the
    transforms of the inputs where they are not to be fitted on these rows. Raises InputError with every problem found:
    files, columns, labels, splits.
    """
    problems = Problems()
    task = section.window.task if section.window else task
    if section.image.channels == 2:
        problems.error("wrong-value", "Pictures have 1 or 3 channels, not 2.", section.location_or_key("image"))
    format = format_of(section)
    source = read_source(format, section, problems, say)
    if section.window and source.kind != "table":
        message = f"`data.window` cuts a table, and {section.source} is {KIND_NAMES[source.kind]}."
        raise InputError(message, "conflict", section.location_or_key("window"))
    decision = streaming.streaming_decision(source, section)
    splits = {
        name: streaming.as_lazy_or_array(strip_labels(row_roles.keep_rows(raw_split, section)), decision.streamed)
        for name, raw_split in source.splits.items()
    }
    rows_left_out = sum(len(source.splits[name]) - len(split) for name, split in splits.items())
    if rows_left_out and say:
        say(f"Left out, without a target or with weight 0: {rows_left_out} rows.")
    label_columns = target_inference.label_columns(splits["train"].y, task)
    splits = {name: target_inference.join_label_columns(split, label_columns) for name, split in splits.items()}
    facts = {**source.facts, "stream": asdict(decision), "rows_left_out": rows_left_out}
    source = replace(source, splits=splits, streaming=decision, facts=facts, label_columns=label_columns)
    train = source.splits["train"]
    encoders = target_inference.infer_encoders(train, source.class_names, section, task, problems, label_columns)
    problems.raise_if_errors()
    _warn_about_unused_settings(section, source, encoders, problems)

    source_splits = split_source(source, encoders, section, problems, say)
    raw_splits, fit_rows, digests = source_splits.splits, source_splits.fit_rows, source_splits.digests
    check_rows(raw_splits, encoders, section, batch_size, problems)
    problems.raise_if_errors()

    columns = None
    if source.kind == "table":
        from kerasdeep.data.columns import infer_columns

        columns = infer_columns(fit_rows.x, section, problems)
        problems.raise_if_errors()
    inputs = (
        fitted_preprocessing.inputs
        if fitted_preprocessing
        else fit_inputs(fit_rows, source, columns, section, problems)
    )
    encoders = targets.fit_target_scaling(encoders, raw_splits["train"].y, section.target_scaling)
    read_options = {"format": format, "separator": section.separator, "encoding": section.encoding, **source.reading}
    window, fitted = Window.of(section), inputs.get(INPUT)
    if fitted_preprocessing and (fitted.window.length if isinstance(fitted, WindowTransform) else None) != (
        window.length if window else None
    ):
        message = "`window` makes other inputs of these rows than the network takes. Expected the run's own `length`."
        raise InputError(message, "conflict", section.location_or_key("window"))
    if window and not fitted_preprocessing:
        inputs = {INPUT: WindowTransform(_only_input(inputs, section).encoders, window)}
    if window and section.stream is not False:
        source.facts["stream"] = asdict(LAZY)
    if section.weight:
        read_options["weight"] = section.weight
    preprocessing = Preprocessing(source.kind, inputs, encoders, read_options)
    _check_memory_for_columns(preprocessing, source, section)
    has_classes = encoders[0].task.has_classes
    counts = count_classes(encoders[0], raw_splits["train"], weighted=True) if has_classes else np.zeros(0)
    weight = targets.compute_class_weight(section, encoders, counts, problems)
    problems.raise_if_errors()

    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    replaced: dict[str, Replaced] = {}
    suspicions = None
    if columns is not None:
        from kerasdeep.data.suspicions import find_suspicions, warn_of_suspicions

        for name, raw_split in raw_splits.items():
            replaced[name] = preprocessing.table.count_replaced(raw_split.x)
            warn_of_replaced_values(replaced[name], f"The {name.replace('train', 'training')} rows", problems)
        if not window:  # rows of a series are alike, and what was says what will be
            suspicions = find_suspicions(raw_splits["train"], columns, preprocessing.table, encoders)
            warn_of_suspicions(suspicions, section, problems)
    prepared = {
        name: _prepare_split(name, raw_split, preprocessing, section, say) for name, raw_split in raw_splits.items()
    }
    profile = describe_dataset(section, source, raw_splits, prepared, columns, replaced, preprocessing, problems)
    profile |= (
        {"hash": digest}
        | row_roles.describe_separation(raw_splits)
        | {"suspicions": asdict(suspicions) if suspicions else {}}
    )
    return Dataset(
        train=prepared["train"],
        validation=prepared.get("validation"),
        test=prepared.get("test"),
        unlabelled=prepared.get("unlabelled"),
        targets=[encoder.target for encoder in encoders],
        input_shapes=preprocessing.input_shapes,
        preprocessing=preprocessing,
        profile=profile,
        warnings=problems.warnings,
        hash=digest,
        class_weight=weight,
    )


def load_unlabelled(section: DataConfig, fitted_preprocessing: Preprocessing) -> Dataset:
    """Rows without labels at the path `section.source`, prepared by `fitted_preprocessing`.

    `limit` and `validation` act as in `load`, but nothing is stratified. Raises InputError as `load` does.
    """
    problems, source = Problems(), str(section.source)
    unlabelled_input = read_for_prediction(fitted_preprocessing, source, every_window=True)
    raw_split = RawSplit(unlabelled_input.x, {}, unlabelled_input.rows)
    split_configs = {"validation": section.validation, "test": None}
    if section.validation is not None and section.validation.path:
        message = f"`validation` of unlabelled rows is cut off {source}: a fraction, a count, first or last."
        raise InputError(message, "split", section.location_or_key("validation"))
    split_indices = splitters.split_rows(
        section, split_configs, len(raw_split), np.ones(len(raw_split), bool), splitters.RowKeys(), problems
    )
    problems.raise_if_errors()
    data_splits = {}
    for name in ("train", "validation"):
        chosen_rows = raw_split.take(getattr(split_indices, name))
        data_splits[name] = (
            DataSplit(np.asarray(transform_inputs(fitted_preprocessing, chosen_rows.x)), None, chosen_rows.rows)
            if len(chosen_rows)
            else None
        )
    if data_splits["train"] is None:
        raise InputError(f"{source} has no rows to learn from.", "too-few-rows", section.location_or_key("source"))
    digest = hashlib.sha256()
    for data_split in data_splits.values():
        digest.update(np.asarray(data_split.x).tobytes() if data_split is not None else b"")
    return Dataset(
        train=data_splits["train"],
        validation=data_splits["validation"],
        test=None,
        unlabelled=None,
        targets=[],
        input_shapes=fitted_preprocessing.input_shapes,
        preprocessing=fitted_preprocessing,
        profile={},
        warnings=unlabelled_input.warnings,
        hash=digest.hexdigest(),
    )


def _warn_about_unused_settings(
    section: DataConfig, source: Source, encoders: list[TargetEncoder], problems: Problems
) -> None:
    image = section.image
    is_table = source.kind == "table"
    has_columns = is_table or source.format == "image_list"
    has_classes = any(not encoder.task.predicts_numbers for encoder in encoders)
    unused_settings = {
        "header": section.header != "auto" and source.format not in ("csv", "excel", "image_list"),
        "separator": section.separator != "auto" and source.format not in ("csv", "image_list"),
        "encoding": section.encoding != "auto" and source.format not in ("csv", "image_list"),
        "features": bool(section.features) and not has_columns and source.format not in ("npz", "npy"),
        "drop": bool(section.drop) and not has_columns,
        "columns": bool(section.columns) and not has_columns,
        **{key: getattr(section, key) is not None and not has_columns for key in ROW_ROLES},
        "target": bool(section.target) and not has_columns and source.format not in ("npz", "npy"),
        "image": (image.size is not None or image.channels != "auto" or image.resize != "stretch")
        and source.kind != "image"
        and not source.picture_columns,
        "per_class": section.per_class is not None and not has_classes,
        "target_scaling": section.target_scaling == "standardize"
        and not any(encoder.task.predicts_numbers for encoder in encoders),
    }
    for key, is_unused in unused_settings.items():
        if is_unused:
            message = f"`data.{key}` has no effect on this source ({source.format}, {source.kind}) and target."
            problems.warn("no-effect", message, section.location_or_key(key))


def _check_memory_for_columns(preprocessing: Preprocessing, source: Source, section: DataConfig) -> None:
    """Raises InputError for columns with an input of their own that would not fit into memory."""
    rows = sum(map(len, source.splits.values()))
    needed = sum(rows * prod(column.shape) * streaming.FLOAT32_BYTES for column in preprocessing.column_inputs.values())
    memory = host_memory_bytes()
    if memory and needed > streaming.MAX_MEMORY_SHARE * memory:
        names = ", ".join(preprocessing.column_inputs)
        message = f"{names} would take {needed / 2**30:.1f} GiB, more than half of the memory. Expected a smaller "
        message += "`image: {size: [height, width]}`, a smaller `length` of text, or fewer rows."
        raise InputError(message, "no-room", section.location_or_key("columns"))


def _only_input(inputs: dict[str, Transform], section: DataConfig) -> TableTransform:
    """The table's input. Raises InputError for columns with an input of their own, which windows cannot have."""
    transform = inputs.get(INPUT)
    if len(inputs) == 1 and isinstance(transform, TableTransform) and not transform.own_input:
        return transform
    apart = [name for name, each in inputs.items() if name != INPUT or getattr(each, "own_input", None)]
    message = f"{', '.join(apart)} would be an input of the network's own, and `data.window` has one alone. Expected "
    raise InputError(message + "another kind under `columns`.", "conflict", section.location_or_key("columns"))


def _prepare_split(
    name: str, raw_split: RawSplit, preprocessing: Preprocessing, section: DataConfig, say: Callable[[str], None] | None
) -> DataSplit:
    y = None if name == "unlabelled" else encode_target(preprocessing, raw_split.y)
    transform = preprocessing.inputs.get(INPUT)
    x: Rows | dict[str, Rows]
    if isinstance(raw_split.x, WindowedRows) and isinstance(transform, WindowTransform):
        windows = transform.gather(
            _encode_table(raw_split.x.table, transform.table_transform, section, say), raw_split.x
        )
        x = windows[:] if section.stream is False else windows
    elif isinstance(raw_split.x, ColumnStore) and isinstance(transform, TableTransform):
        x = _encode_table(raw_split.x, transform, section, say)
    elif streaming.is_streamed(raw_split.x):
        raw = input_arrays(raw_split.x)
        lazy = {keras_name(name): raw[name].with_transform(each) for name, each in preprocessing.inputs.items()}
        x = lazy if isinstance(raw_split.x, dict) else lazy[INPUT]
    else:
        x = transform_inputs(preprocessing, raw_split.x)
    return DataSplit(x, y, raw_split.rows, row_roles.mean_one(raw_split.roles.get("weight")))


def _encode_table(
    table: pd.DataFrame | ColumnStore, transform: TableTransform, section: DataConfig, say: Callable[[str], None] | None
) -> Rows:
    if not isinstance(table, ColumnStore):
        return transform.apply(table)
    path = table.source
    with streaming.explain_full_disk(path, path.stat().st_size, section.location_or_key("source")):
        return encode_stored_rows(table, transform, say)
