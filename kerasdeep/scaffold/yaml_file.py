"""The commented file that `init` writes: what was inferred, then sections that fit the data."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from kerasdeep.collection import schema_modeline
from kerasdeep.config.sections.data import BUILT_IN_DATASETS, HUGGING_FACE
from kerasdeep.help.yaml_format import to_flow
from kerasdeep.scaffold.data_summary import DataSummary, format_feature_kinds

FILE_FORMATS = ("images", "image_list")
"""Of pictures of any size."""
MAX_IMAGE_SIDE = 128
"""Images with a longer side are read smaller, so that a small network on a CPU learns them in minutes."""
MAX_SIDE_BESIDE_COLUMNS = 64
"""The same of pictures that are one column among others, whose default layers are smaller."""
MIN_PHOTO = 32
"""The shorter side, in pixels, from which on a picture may be a photograph, which `finetune` learns best."""
FEW_ROWS, MANY_ROWS = 200, 20_000
FEW_TABLE_ROWS, FEW_PICTURES, MAX_PIECES = 5_000, 5_000, 2_000
FILTERS = (32, 64, 128, 128)
MAX_LISTED_CLASSES = 12


def config_lines(data_summary: DataSummary, path: Path) -> Iterator[str]:
    """The lines of the file, which will be at `path`."""
    yield f"# kerasdeep train {path.name}"
    yield schema_modeline()
    yield "#"
    yield from (f"# {line}" for line in summary_lines(data_summary))
    yield "version: 1"
    yield f"name: {to_flow(path.stem)}"
    predicted, source = _target_names(data_summary), _one_line(Path(data_summary.source).name)
    yield f"description: {to_flow(f'Predict {predicted} from {source}.')}"
    if data_summary.task:
        yield f"task: {data_summary.task}  # every row has any number of the labels"
    yield "data:"
    yield from ("  " + line for line in _data_lines(data_summary, path))
    yield "network:"
    yield "  layers:"
    yield from ("    " + line for line in _layer_lines(data_summary))
    yield from _training_lines(data_summary)
    yield ""


def summary_lines(data_summary: DataSummary) -> Iterator[str]:
    """What was inferred, in sentences, for the head of the file and for the screen."""
    inputs = f"{len(data_summary.profile['features'])} columns to learn from ({format_feature_kinds(data_summary)})"
    if data_summary.kind != "table":
        input_noun = "images" if data_summary.kind == "image" else "inputs"
        inputs = f"{input_noun} of shape {' × '.join(map(str, data_summary.input_shape))}"
    rows = f"{data_summary.rows:,} rows"
    if data_summary.window:
        rows = f"{data_summary.rows:,} windows of {data_summary.window.length} rows"
    yield f"{rows}, {inputs}."
    names = _target_names(data_summary)
    yield f"`{names}` {'is' if len(data_summary.targets) == 1 else 'are'} predicted: {data_summary.target_reason}."
    if len(data_summary.targets) > 1:
        kinds = (f"{_one_line(target.name)} {target.kind}" for target in data_summary.targets)
        yield f"Their kinds: {', '.join(kinds)}."
    elif data_summary.targets[0].task.labels == "set":
        label_texts = [f"{_one_line(name)} {count:,}" for name, count in data_summary.class_counts.items()]
        more = f", … ({len(label_texts)} in all)" if len(label_texts) > MAX_LISTED_CLASSES else ""
        yield f"It is a set of labels: {', '.join(label_texts[:MAX_LISTED_CLASSES])}{more}."
        yield f"A row has {sum(data_summary.class_counts.values()) / data_summary.rows:.2g} of them on average."
    elif data_summary.class_counts:
        class_texts = [f"{_one_line(name)} {count:,}" for name, count in data_summary.class_counts.items()]
        more = f", … ({len(class_texts)} in all)" if len(class_texts) > MAX_LISTED_CLASSES else ""
        yield f"It has {len(class_texts)} classes: {', '.join(class_texts[:MAX_LISTED_CLASSES])}{more}."
        if data_summary.targets[0].kind == "multiclass" and all(
            name.lstrip("-").isdecimal() for name in data_summary.class_counts
        ):
            yield "They are whole numbers; `task: regression` would predict the number instead."
            yield "`task: ordinal` would learn that they have an order."
            if "0" in data_summary.class_counts and not any(name.startswith("-") for name in data_summary.class_counts):
                yield "If they count something, `task: count` fits better."
        majority_class = max(data_summary.class_counts, key=data_summary.class_counts.__getitem__)
        share = data_summary.class_counts[majority_class] / sum(data_summary.class_counts.values())
        yield f"To beat: always predicting {_one_line(majority_class)} is right {share:.1%} of the time."
    else:
        summary = data_summary.profile["targets"][0]["summary"]
        yield f"It is a number from {summary['min']:g} to {summary['max']:g}, {summary['mean']:.4g} on average."
        if data_summary.window:
            yield "To beat: the last value again, and the values a season ago; the report has them beside the network."
        else:
            if data_summary.profile["targets"][0]["counts_something"]:
                yield "Its values are whole numbers from 0 on: if it counts something, `task: count` fits better."
            yield f"To beat: always predicting the average is {summary['std']:.4g} off (root mean square)."
    if (
        data_summary.kind == "image"
        and data_summary.rows < MANY_ROWS
        and min(data_summary.input_shape[:2]) >= MIN_PHOTO
    ):
        command = f"kerasdeep finetune --data {shlex.quote(data_summary.source)}"
        yield f"With so few photographs, fine-tuning a pretrained network usually does better: {_one_line(command)}"
    if data_summary.rows_left_out:
        yield f"{data_summary.rows_left_out:,} more rows have no target and are left out."
    for sentence in data_summary.data_warnings:
        yield f"Noticed: {_one_line(sentence)}"


def _data_lines(data_summary: DataSummary, path: Path) -> Iterator[str]:
    yield f"source: {to_flow(_source_path(data_summary.source, path))}"
    if not data_summary.has_header:
        yield "header: none  # the first line names no columns"
    columns = data_summary.target_columns
    if columns:
        yield f"target: {to_flow(columns[0] if len(columns) == 1 else columns)}"
    if data_summary.rows_left_out:
        yield f"drop_unlabelled: true  # {data_summary.rows_left_out:,} rows without a target"
    left_out = {name: reason for name, reason in data_summary.left_out.items() if name != data_summary.group}
    if left_out:
        yield f"drop: {to_flow(list(left_out))}"
        yield from (f"# {_one_line(name)}: {_one_line(reason)}" for name, reason in left_out.items())
    kinds = {f["name"]: f["kind"] for f in data_summary.profile["features"] if f["kind"] in ("date", "text", "list")}
    kinds |= dict.fromkeys(data_summary.picture_columns, "picture")
    if kinds:
        yield f"columns: {to_flow(kinds)}  # as inferred; number, category, boolean and ignore are others"
    if "text" in kinds.values():
        yield "# {kind: text, as: tokens} instead of text would learn a vector for each word: explain data.columns.as"
    suspicions = data_summary.profile.get("suspicions") or {}
    if data_summary.time:
        yield f"time: {to_flow(data_summary.time)}  # orders the rows, the latest of which are held out; no feature"
    if data_summary.group:
        reason = suspicions.get("reasons", {}).get(data_summary.group, "you named it")
        note = "tells the series apart" if data_summary.window else f"held out whole, and no feature: {reason}"
        yield f"group: {to_flow(data_summary.group)}  # {note}"
    if data_summary.window:
        length, horizon = data_summary.window.length, data_summary.window.horizon
        yield f"window: {{length: {length}, horizon: {horizon}}}  # rows that the network sees, and forecasts"
    for name in suspicions.get("time", ())[:1]:
        yield f"# time: {to_flow(name)}  # would hold out the latest rows: {suspicions['reasons'][name]}"
        if len(columns) == 1 and data_summary.targets[0].kind == "regression":
            yield "# `kerasdeep init … --window 48/12` forecasts: 48 rows are seen, the next 12 values predicted"
    for name in suspicions.get("leak", ()):
        yield f"# '{_one_line(name)}' alone gives the answer (almost always): `drop` it unless it is known before."
    share = to_flow(0.1 if data_summary.rows >= FEW_ROWS else 0.2)
    for split, purpose in (("validation", "watched while training"), ("test", "seen by the finished model only")):
        if split in data_summary.provided_splits:
            yield f"# {split}: the source has its own part"
        else:
            yield f"{split}: {share}  # of the rows, {purpose}"
    if data_summary.format in FILE_FORMATS:
        height, width = _image_size(data_summary)
        shrink_note = (
            "" if (height, width) == data_summary.picture_shape[:2] else "; smaller than they are, to train faster"
        )
        yield f"image: {{size: [{height}, {width}]}}  # height and width in pixels{shrink_note}"
    if data_summary.kind == "image":
        yield "# For photographs, altered copies in training often help; remove the # to try:"
        yield "# augmentation: [RandomFlip: horizontal, RandomRotation: 0.05, RandomZoom: 0.1]"
    if data_summary.is_imbalanced:
        largest, smallest = max(data_summary.class_counts.values()), min(data_summary.class_counts.values())
        yield f"# One class has {largest:,} rows, another {smallest:,}: accuracy alone says little."
        yield "# class_weight: balanced  # would find more of the rare class, but its probabilities would be too high"


def _layer_lines(data_summary: DataSummary) -> Iterator[str]:
    if data_summary.kind == "image":
        side = min(_image_size(data_summary))
        for filters in FILTERS[: max(1, min(4, int(math.log2(max(side, 8) / 4))))]:
            yield f"- Conv2D: {{filters: {filters}, kernel_size: 3, padding: same}}"
            yield "- MaxPooling2D: 2"
        yield "- Flatten"
        yield "- Dense: 100"
    elif data_summary.kind == "table":
        yield from _table_layer_lines(data_summary)
    else:
        if len(data_summary.input_shape) > 1:
            yield "- Flatten"
        for units in (64, 32) if data_summary.rows < MANY_ROWS else (128, 64):
            yield f"- Dense: {units}"
    for head in data_summary.heads:
        yield f"- Output: {{name: {to_flow(head)}}}"
    if not data_summary.heads:
        yield "- Output  # units, activation and loss follow from the target"


def _table_layer_lines(data_summary: DataSummary) -> Iterator[str]:
    """Numbers in pieces, and members that share most weights, as `defaults` and `forecasts` in `benchmarks/` show."""
    if data_summary.window:
        yield "- Flatten  # GRU, LSTM or Conv1D layers in its place would take the rows of a window one after another"
    numbers = (
        0 if data_summary.window else sum(feature["kind"] == "number" for feature in data_summary.profile["features"])
    )
    is_small = data_summary.rows < FEW_TABLE_ROWS
    bins = min(16 if is_small else 48, MAX_PIECES // max(1, numbers))
    if bins >= 2 and numbers:
        yield f"- PiecewiseLinear: {bins}  # each number also as pieces between quantiles, so that it can bend at each"
    yield "- EnsembleMembers: 8  # eight networks in one from here on; the output is their mean"
    yield "- Dense: 128"
    yield "- Dense: 128"


def _table_training_lines(data_summary: DataSummary) -> Iterator[str]:
    rows = data_summary.rows
    epochs = max(5, min(40, 1_600_000 // rows))
    batch = max(16, min(256, 2 ** round(math.log2(max(2, rows / 64)))))
    if not data_summary.window:  # windows overlap, so that there are many
        yield "regularization: {dropout: 0.1}"
    yield f"optimizer: {{AdamW: {{learning_rate: 2e-3, weight_decay: {0.01 if data_summary.window else 0.2}}}}}"
    yield "schedule: cosine  # down to 0 at the last epoch"
    yield f"training: {{epochs: {epochs}, batch_size: {batch}, early_stopping: {{patience: {max(5, epochs // 2)}}}}}"


def _training_lines(data_summary: DataSummary) -> Iterator[str]:
    if data_summary.is_imbalanced and data_summary.targets[0].kind == "binary":
        common, rare = data_summary.class_counts.values()
        if rare < common:  # a threshold is for the second class
            yield "threshold: f1  # above which probability a row is called the rarer class: best F1 on validation rows"
    if data_summary.task == "multilabel":
        yield "threshold: f1  # of each label's probability: the best F1 on validation rows"
    if data_summary.kind == "table":
        yield from _table_training_lines(data_summary)
        return
    batch, is_large = _batch_size(data_summary.rows), data_summary.rows >= MANY_ROWS
    if data_summary.kind == "image" and data_summary.rows < FEW_PICTURES:
        yield from _few_picture_training_lines(batch)
        return
    if data_summary.kind == "image":
        yield "regularization: {batch_norm: before}"
    elif not is_large:
        yield "regularization: {dropout: 0.1}"
    yield "optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 0.01}}"
    epochs, patience = (30, 8) if data_summary.kind == "image" or is_large else (100, 15)
    yield f"training: {{epochs: {epochs}, batch_size: {batch}, early_stopping: {{patience: {patience}}}}}"


def _few_picture_training_lines(batch: int) -> Iterator[str]:
    """`benchmarks/defaults.py --pictures` measures them."""
    yield "regularization: {batch_norm: {momentum: 0.9}}  # 0.99 would know the data after some hundred steps only"
    yield "optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 0.01}}"
    yield "schedule: cosine  # down to 0 at the last epoch: few held-out pictures tell little about when to stop"
    yield f"training: {{epochs: 30, batch_size: {batch}}}"


def _batch_size(rows: int) -> int:
    """32, as Keras has it; fewer where an epoch would have few steps, more where it would have thousands."""
    if rows >= MANY_ROWS:
        return 128
    return max(1, min(32, 2 ** int(math.log2(max(2, rows / 8)))))


def _image_size(data_summary: DataSummary) -> tuple[int, int]:
    height, width = data_summary.picture_shape[:2]
    largest = MAX_SIDE_BESIDE_COLUMNS if data_summary.kind == "table" else MAX_IMAGE_SIDE
    shrink = min(1.0, largest / max(height, width)) if data_summary.format in FILE_FORMATS else 1.0
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _source_path(source: str, path: Path) -> str:
    """Relative to the file where the data is near it, so that both can move together; else absolute."""
    if source in BUILT_IN_DATASETS or source.startswith(HUGGING_FACE):
        return source
    absolute = Path(source).absolute()
    relative = Path(os.path.relpath(absolute, path.absolute().parent))
    return relative.as_posix() if relative.parts.count("..") < 2 else absolute.as_posix()


def _target_names(data_summary: DataSummary) -> str:
    names = [_one_line(target.name) for target in data_summary.targets]
    return ", ".join(names[:MAX_LISTED_CLASSES]) + (", …" if len(names) > MAX_LISTED_CLASSES else "")


def _one_line(text: str) -> str:
    """A name from the data, fit for one line of a comment."""
    return " ".join(str(text).split())
