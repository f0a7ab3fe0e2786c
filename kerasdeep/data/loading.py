"""From `data:` to arrays, told from top to bottom: read, choose targets, split, fit, apply, describe."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.data import split, streamed, targets
from kerasdeep.data.builtin import BUILTINS
from kerasdeep.data.builtin import read as read_builtin
from kerasdeep.data.dataset import INPUT, Dataset, Part, RawPart, Source, place
from kerasdeep.data.fitting import fit_inputs
from kerasdeep.data.preprocessing import Preprocessing, apply, apply_target
from kerasdeep.data.profile import count_classes, describe
from kerasdeep.data.raw import read_raw
from kerasdeep.data.sources import infer_format
from kerasdeep.data.stored_table import StoredTable, encoded
from kerasdeep.data.targets import TargetRule, plain_labels
from kerasdeep.errors import InputError, Problem, Report, closest
from kerasdeep.spec.data import Data
from kerasdeep.spec.settings import default_of, find_setting


def load(
    section: Any,
    task: str = "auto",
    batch_size: int | None = None,
    say: Callable[[str], None] | None = None,
    like: Preprocessing | None = None,
) -> Dataset:
    """The data that `section` (the `data:` of a specification) describes, ready for a network.

    `task` is auto, binary, multiclass or regression. `batch_size`, where given, is the least number of training
    rows. `say` is told of what takes long: downloads and large folders. `like` gives the rules of inputs where
    they are not to be fitted on these rows. Raises InputError with every problem found: files, columns, labels,
    splits.
    """
    report = Report()
    if section.image.channels == 2:
        report.error("wrong-value", "Pictures have 1 or 3 channels, not 2.", place(section, "image"))
    format = section.format
    if format == "auto":
        format = infer_format(str(section.source), place(section, "source"))
    source = read(format, section, report, say)
    choice = streamed.choice_of(source, section)
    parts = {name: streamed.settle(plain_labels(part), choice.streamed) for name, part in source.parts.items()}
    source = replace(source, parts=parts, stream=choice, facts={**source.facts, "stream": asdict(choice)})
    rules = targets.infer(source.parts["train"], source.class_names, section, task, report)
    report.raise_if_errors()
    _warn_of_settings_without_effect(section, source, rules, report)

    raw, digests = cut(source, rules, section, report, say)
    _check_rows(raw, rules, section, batch_size, report)
    report.raise_if_errors()

    learnt = raw.pop("learnt")
    columns = None
    if source.kind == "table":
        from kerasdeep.data.columns import judge

        columns = judge(learnt.x, section, report)
        report.raise_if_errors()
    inputs = like.inputs if like else fit_inputs(learnt, source, columns, section, report)
    rules = targets.fit_scaling(rules, raw["train"].y, section.target_scaling)
    reading = {"format": format, "separator": section.separator, "encoding": section.encoding}
    preprocessing = Preprocessing(source.kind, inputs, rules, reading)
    counts = count_classes(rules[0], raw["train"]) if rules[0].kind != "regression" else np.zeros(0)
    weight = targets.class_weight(section, rules, counts, report)
    report.raise_if_errors()

    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    parts = {name: _prepared(name, part, preprocessing, section, say) for name, part in raw.items()}
    profile = describe(section, source, raw, parts, columns, preprocessing, digest, report)
    return Dataset(
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        unlabelled=parts.get("unlabelled"),
        targets=[rule.target for rule in rules],
        input_shapes=preprocessing.input_shapes,
        preprocessing=preprocessing,
        profile=profile,
        warnings=report.warnings,
        hash=digest,
        class_weight=weight,
    )


def load_unlabelled(section: Any, like: Preprocessing) -> Dataset:
    """Rows without labels at the path `section.source`, prepared by the rules of `like`.

    `limit` and `validation` act as in `load`, but nothing is stratified. Raises InputError as `load` does.
    """
    report, source = Report(), str(section.source)
    raw = read_raw(like, source)
    part = RawPart(raw.x, {}, raw.rows)
    splits = {"validation": section.validation, "test": None}
    if section.validation is not None and section.validation.path:
        message = f"`validation` of unlabelled rows is cut off {source}: a fraction, a count, first or last."
        raise InputError(message, "split", place(section, "validation"))
    rows = split.cut(section, splits, len(part), np.ones(len(part), bool), None, report)
    report.raise_if_errors()
    parts = {}
    for name in ("train", "validation"):
        chosen = part.take(getattr(rows, name))
        parts[name] = Part(apply(like, chosen.x), None, chosen.rows) if len(chosen) else None
    if parts["train"] is None:
        raise InputError(f"{source} has no rows to learn from.", "too-few-rows", place(section, "source"))
    digest = hashlib.sha256()
    for found in parts.values():
        digest.update(found.x.tobytes() if found is not None else b"")
    return Dataset(
        train=parts["train"],
        validation=parts["validation"],
        test=None,
        unlabelled=None,
        targets=[],
        input_shapes=like.input_shapes,
        preprocessing=like,
        profile={},
        warnings=raw.warnings,
        hash=digest.hexdigest(),
    )


def read(format: str, section: Any, report: Report, say: Callable[[str], None] | None) -> Source:
    """The source as it stands. Raises InputError when it cannot be read; reports wrong columns."""
    where = Path(str(section.source))
    if format == "builtin":
        if str(section.source) not in BUILTINS:
            message = f"There is no built-in data set '{section.source}'. Expected one of: {', '.join(BUILTINS)}."
            suggestion = closest(str(section.source), BUILTINS)
            raise InputError([Problem("error", "missing-file", message, place(section, "source"), suggestion)])
        source = read_builtin(str(section.source), place(section, "source"), say)
        return (
            _choose_columns(source, section, report)
            if source.kind == "table"
            else _shape_pictures(source, section)
        )
    if not where.exists():
        raise InputError(f"{where} does not exist.", "missing-file", place(section, "source"))
    if format == "images":
        from kerasdeep.data import folder

        if not where.is_dir():
            message = f"{where} is a file. Expected a folder with a folder of pictures for each class."
            raise InputError(message, "missing-file", place(section, "source"))
        return folder.read(where, section, report, say)
    if format in ("npz", "npy"):
        from kerasdeep.data import arrays

        return _shape_pictures(arrays.read(where, format, section, report), section)
    from kerasdeep.data import table

    return table.read(where, format, section, report, say)


def _choose_columns(source: Source, section: Any, report: Report) -> Source:
    """A built-in table with the target and features that the user prefers to its own."""
    from kerasdeep.data.table import separate

    parts = {}
    for name, part in source.parts.items():
        ((target, labels),) = part.y.items()
        parts[name] = separate(part.x.assign(**{target: labels}), section, report, target)
        report.raise_if_errors()
    return replace(source, parts=parts)


def _shape_pictures(source: Source, section: Any) -> Source:
    """Pictures in arrays stay as they are unless `image` states a size or channels."""
    if source.kind != "image" or (section.image.size is None and section.image.channels == "auto"):
        return source
    from kerasdeep.data.images import array_rule

    image, shape = section.image, source.parts["train"].x.shape[1:]
    return replace(source, image=array_rule(shape, image.size, image.channels, image.resize))


def _warn_of_settings_without_effect(
    section: Any, source: Source, rules: list[TargetRule], report: Report
) -> None:
    image = section.image
    table, classes = source.kind == "table", any(rule.kind != "regression" for rule in rules)
    written = {
        "separator": section.separator != "auto" and source.format != "csv",
        "encoding": section.encoding != "auto" and source.format != "csv",
        "features": bool(section.features) and not table and source.format not in ("npz", "npy"),
        "drop": bool(section.drop) and not table,
        "target": bool(section.target) and not table and source.format not in ("npz", "npy"),
        "image": (image.size is not None or image.channels != "auto" or image.resize != "stretch")
        and source.kind != "image",
        "per_class": section.per_class is not None and not classes,
        "target_scaling": section.target_scaling == "standardize"
        and all(rule.kind != "regression" for rule in rules),
    }
    for key, without_effect in written.items():
        if without_effect:
            message = f"`data.{key}` has no effect on this source ({source.format}, {source.kind}) and target."
            report.warn("no-effect", message, place(section, key))


def cut(
    source: Source, rules: list[TargetRule], section: Any, report: Report, say: Callable[[str], None] | None
) -> tuple[dict[str, RawPart], list[str]]:
    """The raw rows of every part, and the hashes of the files they came from.

    A part is, in this order: what `validation` or `test` states, if that is not the default; the source's own
    part; what the default cuts off. "learnt" are the rows that preprocessing is fitted on: training and unlabelled
    together.
    """
    raw: dict[str, RawPart] = {}
    digests = [source.hash]
    splits: dict[str, Any] = {}
    for key in ("validation", "test"):
        wanted = getattr(section, key)
        own = source.parts.get(key)
        # A resolved file writes the default out, which must not mean anything else than leaving it out.
        stated = wanted != default_of(find_setting(Data, key))
        splits[key] = None
        if wanted is not None and wanted.path:
            part, digest = _part_at(wanted.path, source, section, key, report, say)
            digests.append(digest)
            raw[key] = _selected(part, rules, section, wanted.path, key, report)
        elif own is not None and (wanted is None or not stated):
            if wanted is not None or key == "test":
                raw[key] = _selected(own, rules, section, f"the source's {key} part", key, report)
        else:
            if own is not None:
                message = f"The source has a {key} part of its own, which `{key}` leaves unused."
                report.warn("unused-part", message, place(section, key))
            splits[key] = wanted
    report.raise_if_errors()

    train = source.parts["train"]
    codes = [rule.encode(train.y[rule.name]) for rule in rules if rule.kind != "regression"]
    selected = np.logical_and.reduce([np.ones(len(train), bool), *(numbers >= 0 for numbers in codes)])
    rows = split.cut(section, splits, len(train), selected, codes[0] if codes else None, report)
    report.raise_if_errors()
    for name in ("train", "validation", "test", "unlabelled"):
        index = getattr(rows, name)
        if len(index) or name == "train" or splits.get(name) is not None:
            raw[name] = train.take(index)
    raw["learnt"] = train.take(np.sort(np.concatenate([rows.train, rows.unlabelled])))
    return raw, digests


def _part_at(
    path: str, source: Source, section: Any, key: str, report: Report, say: Callable[[str], None] | None
) -> tuple[RawPart, str]:
    """The rows of a file or folder that is a part of its own, with its hash."""
    mark = place(section, key)
    where = Path(path)
    if not where.exists():
        raise InputError(f"`{key}` names {where}, which does not exist.", "missing-file", mark)
    target = list(source.parts["train"].y) if source.kind == "table" else section.target
    marks = {**section.marks, "source": mark}
    settled = source.stream.streamed
    there = replace(section, source=str(where), format="auto", target=target, stream=settled, marks=marks)
    format = infer_format(str(where), mark)
    if format == "images" and source.format == "images":
        from kerasdeep.data import folder

        other = folder.read(where, there, report, say, rule=source.image)
    else:
        other = read(format, there, report, say)
    if other.kind != source.kind:
        message = (
            f"`{key}` names {where}, which is of the kind {other.kind}. Expected {source.kind}, like the source."
        )
        raise InputError(message, "wrong-shape", mark)
    part = plain_labels(other.parts["train"])
    return streamed.settle(part, settled), other.hash


def _selected(
    part: RawPart, rules: list[TargetRule], section: Any, what: str, key: str, report: Report
) -> RawPart:
    """The rows of a part of its own that have one of the selected classes; every label must be one otherwise."""
    absent = [rule.name for rule in rules if rule.name not in part.y]
    if absent:
        message = f"{what} lacks the target {', '.join(absent)}. It has: {', '.join(part.y)}."
        report.error("missing-column", message, place(section, key))
        return part
    if not section.classes:
        targets.check_labels(rules, part, what, place(section, key), report)
        return part
    codes = [rule.encode(part.y[rule.name]) for rule in rules if rule.kind != "regression"]
    return part.take(np.flatnonzero(np.logical_and.reduce([numbers >= 0 for numbers in codes])))


def _check_rows(
    raw: dict[str, RawPart], rules: list[TargetRule], section: Any, batch_size: int | None, report: Report
) -> None:
    """Every part has rows, training at least a batch of them, and every class is among the training rows."""
    for key in ("validation", "test"):
        if key in raw and not len(raw[key]):
            report.error("too-few-rows", f"The {key} part has no rows.", place(section, key))
    train = raw["train"]
    if len(train) < (batch_size or 1):
        message = (
            f"Only {len(train)} rows are left to train on, fewer than a batch of {batch_size or 1}. "
            "Expected more rows, a smaller `training.batch_size`, or smaller held-out parts."
        )
        report.error("too-few-rows", message, place(section, "source"))
    for rule in rules:
        if rule.kind == "regression" or not len(train):
            continue
        absent = [rule.classes[number] for number in np.flatnonzero(count_classes(rule, train) == 0)]
        if absent:
            named = f"class{'es' * (len(absent) > 1)} {', '.join(absent[:12])}"
            message = (
                f"No training row has the {named} of '{rule.name}'. "
                "Expected some of each: hold out a fraction or a count, which are drawn from every class, "
                "or keep more training rows."
            )
            report.error("empty-class", message, place(section, "validation"))


def _prepared(
    name: str, part: RawPart, preprocessing: Preprocessing, section: Any, say: Callable[[str], None] | None
) -> Part:
    y = None if name == "unlabelled" else apply_target(preprocessing, part.y)
    if isinstance(part.x, StoredTable):
        rule, path = preprocessing.inputs[INPUT], part.x.source
        size = path.stat().st_size
        with streamed.needing_room(path, size, place(section, "source")):
            return Part(encoded(part.x, rule, say), y, part.rows)
    if not streamed.is_streamed(part.x):
        return Part(apply(preprocessing, part.x), y, part.rows)
    raw = part.x if isinstance(part.x, dict) else {INPUT: part.x}
    x = {name: raw[name].prepared(rule) for name, rule in preprocessing.inputs.items()}
    return Part(x if isinstance(part.x, dict) else x[INPUT], y, part.rows)
