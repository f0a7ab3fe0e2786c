"""Checks of `data:` and of what belongs to it, as far as they can be made without reading the data."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import LABEL_MIXING_LAYERS
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.schema import Section
from kerasdeep.config.sections.data import (
    BUILT_IN_DATASETS,
    BUILT_IN_IMAGE_DATASETS,
    FORMATS,
    DataConfig,
    SplitConfig,
    WindowConfig,
    format_of_name,
)
from kerasdeep.config.sections.pretraining import SupervisedConfig
from kerasdeep.errors import Problems, SourceLocation, suggest
from kerasdeep.tasks import NUMBERS, TASKS, parse_setting, predicts_numbers, stated_tasks

_ONLY_FOR_FORMATS = {
    "separator": ("csv", "image_list"),
    "encoding": ("csv", "image_list"),
    "header": ("csv", "excel", "image_list"),
}
_ONLY_FOR_IMAGES = ("image", "augmentation")
_ONLY_FOR_TABLES = ("features", "drop", "columns", "group", "time", "weight", "window")
_ONLY_FOR_CLASSES = ("classes", "per_class", "class_weight")


def format_from_name(data: DataConfig) -> str | None:
    """The source's format as far as its name tells: a key of FORMATS, or None."""
    if data.picture_column:
        return "image_list"
    if data.format != "auto":
        return data.format
    is_builtin = data.source in BUILT_IN_DATASETS
    return "builtin" if is_builtin else format_of_name(data.source)


def kind_from_name(data: DataConfig) -> str | None:
    """image or table, where the name of the source tells; an .npz file may hold either, and so may a table that has
    pictures."""
    source_format = format_from_name(data)
    if source_format == "image_list":
        return None
    if source_format == "builtin":
        kinds = {**dict.fromkeys(BUILT_IN_DATASETS, "table"), **dict.fromkeys(BUILT_IN_IMAGE_DATASETS, "image")}
        return kinds.get(data.source)
    return FORMATS[source_format].kind if source_format else None


def _task(context: CheckContext, problems: Problems) -> None:
    """Options that a task has, and levels that rise."""
    config = context.config
    settings = [(config.task, config.location("task"))]
    kinds = [stage.pretrain.kind for stage in context.stages if stage.pretrain]
    settings += [(kind.task, kind.location("task")) for kind in kinds if isinstance(kind, SupervisedConfig)]
    for setting, location in settings:
        if isinstance(setting, str):
            continue
        name = next(iter(setting), "")
        if len(setting) != 1 or name not in stated_tasks():
            message = (
                f"`task` names {', '.join(setting) or 'nothing'}. Expected one of: auto, {', '.join(stated_tasks())}."
            )
            problems.error("wrong-value", message, location, suggest(name, stated_tasks()))
            continue
        for option in setting[name]:
            if option not in TASKS[name].options:
                known = ", ".join(TASKS[name].options) or "none"
                message = f"`{option}` is not an option of `task: {name}`. Its options: {known}."
                problems.error("unknown-key", message, location, suggest(option, TASKS[name].options))
        levels = parse_setting(setting)[1].get("levels")
        if levels is not None and (not levels or sorted(set(levels)) != levels or not 0 < levels[0] <= levels[-1] < 1):
            message = f"`levels` are {', '.join(f'{level:g}' for level in levels) or 'missing'}. Expected rising "
            problems.error("wrong-value", f"{message}numbers above 0 and below 1, such as 0.05, 0.5, 0.95.", location)


def _splits(context: CheckContext, problems: Problems) -> None:
    data = context.config.data
    shares = 0.0
    for key in ("validation", "test"):
        split: SplitConfig | None = getattr(data, key)
        if split is None:
            continue
        names = ("fraction", "count", "first", "last", "path", "fold")
        written = [name for name in names if getattr(split, name) is not None]
        if len(written) != 1 or split.fraction == 0.0:
            message = f"`data.{key}` states {' and '.join(written) or 'nothing'}. Expected exactly one of: a "
            message += "share above 0, a count, first: N, last: N, a path or fold: [k, n]; null for none."
            problems.error("split", message, data.location(key))
        elif split.path and not _looks_like_path(split.path, split.location("path")):
            message = f"`data.{key}` is {split.path}, which does not exist. Expected a share, "
            problems.error("split", message + "a count, first: N, last: N or a path.", data.location(key))
        elif split.fold and not (split.fold[0] <= split.fold[1] and split.fold[1] > 1):
            message = f"`data.{key}` is fold {split.fold[0]} of {split.fold[1]}. Expected fold: [k, n], k from 1 to n, "
            problems.error("split", message + "n from 2.", split.location("fold"))
        elif split.by != "auto" and not (split.count or split.fraction or split.fold):
            message = f"`data.{key}` states `by` beside {written[0]}. Expected it beside a fraction, count or fold."
            problems.error("split", message, split.location("by"))
        elif split.by in ("group", "time") and getattr(data, split.by) is None:
            message = f"`data.{key}` goes by {split.by}, but no column is named. Expected `data.{split.by}`: a column."
            problems.error("split", message, split.location("by"))
        for role in ("group", "time"):
            name = getattr(data, role)
            if split.by == "random" and name is not None:
                message = f"`data.{key}` is drawn at random, so that '{name}' is on both sides of it. Expected "
                problems.warn("ignored-order", f"{message}`by: {role}`, or no `data.{role}`.", split.location("by"))
        shares += split.fraction or 0.0
    if shares >= 1.0:
        message = f"validation and test together take {shares:g} of the rows. Expected less than 1."
        problems.error("split", message, data.location("test") or data.location("validation"))


def _looks_like_path(path: str, location: SourceLocation | None) -> bool:
    """A bare word that names nothing is rather a mistake than a folder that is still to come."""
    folder = Path(location.file).parent if location and location.line else Path()
    return "." in path or "/" in path or (folder / path).exists()


def _classes(context: CheckContext, problems: Problems) -> None:
    classes, location = context.config.data.classes, context.config.data.location("classes")
    if classes is None:
        return
    if len(set(classes)) < 2:
        problems.error("one-class", "`data.classes` must name at least two labels.", location)
    duplicates = [label for label in dict.fromkeys(classes) if classes.count(label) > 1]
    if duplicates:
        message = f"`data.classes` names {', '.join(duplicates)} twice. Expected every label once."
        problems.error("conflict", message, location)


def _columns(context: CheckContext, problems: Problems) -> None:
    data = context.config.data
    roles = {"target": data.target or [], "features": data.features or [], "drop": data.drop}
    roles |= {key: [name] if (name := getattr(data, key)) else [] for key in ("group", "time", "weight")}
    for role, other_role in (
        *(() if data.window else (("features", "target"),)),
        *(("drop", "target"), ("drop", "features")),
        *((key, "target") for key in ("group", "time", "weight")),
        *(("group", "features"), ("weight", "features"), ("weight", "group"), ("weight", "time")),
    ):
        both = [name for name in roles[role] if name in roles[other_role]]
        if both:
            message = f"{', '.join(both)} is named under `{role}` and under `{other_role}`. A column has one role."
            problems.error("conflict", message, data.location(role))


def _column_settings(context: CheckContext, problems: Problems) -> None:
    """How text is encoded is said of text, and how tokens are made of tokens."""
    for name, column in context.config.data.columns.items():
        if column.as_ != "auto" and column.kind not in ("auto", "text"):
            message = f"`as: {column.as_}` is for text, and '{name}' is stated to be of kind {column.kind}."
            problems.error("conflict", message, column.location("as"))
        for key in ("words", "length"):
            if column.differs_from_default(key) and column.as_ != "tokens":
                message = f"`data.columns.{name}.{key}` has no effect without `as: tokens`."
                problems.warn("no-effect", message, column.location(key))


def _data_sections(context: CheckContext) -> Iterator[tuple[DataConfig, Section]]:
    """The run's data and those that stages pretrain on, each with the section that may state its task."""
    yield context.config.data, context.config
    for stage in context.stages:
        if stage.pretrain and stage.pretrain.kind.data:
            yield stage.pretrain.kind.data, stage.pretrain.kind


def _windows(context: CheckContext, problems: Problems) -> None:
    for data, section in _data_sections(context):
        if data.window is not None:
            _window(data, data.window, section, problems)


def _window(data: DataConfig, window: WindowConfig, section: Section, problems: Problems) -> None:
    """What windows need beside them, and what they cannot have."""
    task = getattr(section, "task", "auto")
    if data.time is None:
        message = "`data.window` needs the order of the rows. Expected `data.time`: the column of dates or numbers."
        problems.error("missing-key", message, data.location("window"))
    if parse_setting(task)[0] not in ("auto", NUMBERS):
        message = f"`task` is {parse_setting(task)[0]}, but `data.window` forecasts numbers. Expected auto."
        problems.error("wrong-task", message, section.location("task"))
    for key in ("weight", "labelled"):
        if getattr(data, key) is not None:
            message = f"`data.{key}` is for single rows, and `data.window` makes sequences of them. Remove one of both."
            problems.error("conflict", message, data.location(key))
    for key in ("validation", "test"):
        split: SplitConfig | None = getattr(data, key)
        if split is not None and (split.first or split.last or split.by == "random"):
            message = f"`data.{key}` would share rows with windows of other parts. Expected a fraction, count or fold "
            problems.error("split", f"{message}by time or group, or a path.", data.location(key))
    if isinstance(window.season, int) and window.season > window.length:
        message = f"`season` is {window.season} rows, more than the {window.length} of a window. Expected a longer "
        problems.error("wrong-value", f"{message}`length`, or `season: null`.", window.location("season"))


def _source(context: CheckContext, problems: Problems) -> None:
    data = context.config.data
    if data.format == "builtin" and data.source not in BUILT_IN_DATASETS:
        message = f"there is no built-in data set {data.source}. Expected one of: {', '.join(BUILT_IN_DATASETS)}."
        problems.error("missing-file", message, data.location("source"))
    source_format = format_from_name(data)
    has_columns = source_format == "image_list" or (source_format and FORMATS[source_format].kind == "table")
    if has_columns and not data.target:
        message = "`data.target` is missing. Expected the column to predict, or a list of them."
        problems.error("missing-key", message, data.location("source"))


def _settings_without_effect(context: CheckContext, problems: Problems) -> None:
    data = context.config.data
    source_format, kind = format_from_name(data), kind_from_name(data)
    without_effect = []
    for key, formats in _ONLY_FOR_FORMATS.items():
        if source_format not in (None, *formats) and data.differs_from_default(key):
            without_effect.append(key)
    if kind == "image":
        without_effect += [key for key in _ONLY_FOR_TABLES if data.differs_from_default(key)]
        if source_format in ("builtin", "images") and data.differs_from_default("target"):
            without_effect.append("target")
    if kind == "table" and data.differs_from_default("image"):
        without_effect.append("image")
    for key in without_effect:
        message = f"`data.{key}` has no effect on this source ({source_format}, {kind})."
        problems.warn("no-effect", message, data.location(key))
    if kind == "table" and data.augmentation:
        message = (
            "`data.augmentation` alters pictures; this source is a table. Expected `columns: {NAME: picture}` where it "
        )
        message += "has a column of them."
        problems.error("conflict", message, data.location("augmentation"))
    for key in _ONLY_FOR_CLASSES if predicts_numbers(context.task) else ("target_scaling",):
        if data.differs_from_default(key) and context.task != "auto":
            message = f"`data.{key}` has no effect while the task is {parse_setting(context.task)[0]}."
            problems.warn("no-effect", message, data.location(key))


def _augmentation(context: CheckContext, problems: Problems) -> None:
    layers = {id(layer): layer for data, _ in _data_sections(context) for layer in data.augmentation}  # some inherited
    for layer in chain.from_iterable(map(_in_pipeline, layers.values())):
        if layer.name in LABEL_MIXING_LAYERS:
            message = f"{layer.name} mixes the labels of images, which a layer of the network cannot do. "
            problems.error("conflict", f"{message}Use another augmentation.", layer.location)
        elif any(name.endswith("_initializer") or name in ("layer", "layers") for name in layer.entry.arguments):
            message = f"{layer.name} has weights, so it belongs into `network`. Expected layers that alter pictures at "
            problems.error("conflict", f"{message}random, such as RandomFlip and RandomRotation.", layer.location)


def _in_pipeline(layer: Choice) -> list[Choice]:
    """The layers of a Pipeline, or the layer."""
    return list(layer.value("layers")) if layer.name == "Pipeline" else [layer]


CHECKS = (
    _task,
    _splits,
    _classes,
    _columns,
    _column_settings,
    _windows,
    _source,
    _settings_without_effect,
    _augmentation,
)
