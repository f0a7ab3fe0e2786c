"""The commented file that `init` writes: what was found, then sections that fit it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from kerasdeep.drafting.findings import Findings, kinds_of_features
from kerasdeep.explaining.yaml_text import flow
from kerasdeep.recipes import modeline
from kerasdeep.spec.data import BUILT_IN

WIDE = 128
"""Pictures with a longer side are read smaller: a small network on a CPU learns them in minutes."""
FEW_ROWS, MANY_ROWS = 200, 20_000
FILTERS = (32, 64, 128, 128)
MOST_LISTED = 12


def lines(found: Findings, path: Path) -> Iterator[str]:
    """The lines of the file that will lie at `path`."""
    yield f"# kerasdeep train {path.name}"
    yield modeline()
    yield "#"
    yield from (f"# {line}" for line in told(found))
    yield "version: 1"
    yield f"name: {flow(path.stem)}"
    yield f"description: {flow(f'Predict {_said(found.target.name)} from {_said(Path(found.source).name)}.')}"
    yield "data:"
    yield from ("  " + line for line in _data(found, path))
    yield "network:"
    yield "  layers:"
    yield from ("    " + line for line in _layers(found))
    yield from _learning(found)
    yield ""


def told(found: Findings) -> Iterator[str]:
    """What was found, in sentences, for the file's head and for the screen."""
    inputs = f"{len(found.profile['features'])} columns to learn from ({kinds_of_features(found)})"
    if found.kind != "table":
        what = "pictures" if found.kind == "image" else "inputs"
        inputs = f"{what} of shape {' × '.join(map(str, found.shape))}"
    yield f"{found.rows:,} rows, {inputs}."
    yield f"`{_said(found.target.name)}` is predicted: {found.chosen}."
    if found.counts:
        shown = [f"{_said(name)} {count:,}" for name, count in found.counts.items()]
        more = f", … ({len(shown)} in all)" if len(shown) > MOST_LISTED else ""
        yield f"It has {len(shown)} classes: {', '.join(shown[:MOST_LISTED])}{more}."
        if found.target.kind == "multiclass" and all(name.lstrip("-").isdecimal() for name in found.counts):
            yield "They are whole numbers; `task: regression` would predict the number instead."
        most = max(found.counts, key=found.counts.get)
        share = found.counts[most] / sum(found.counts.values())
        yield f"To beat: whoever always says {_said(most)} is right {share:.1%} of the time."
    else:
        summary = found.profile["targets"][0]["summary"]
        yield f"It is a number from {summary['min']:g} to {summary['max']:g}, {summary['mean']:.4g} on average."
        yield f"To beat: whoever always says the average is {summary['std']:.4g} off (root mean square)."
    for sentence in found.noticed:
        yield f"Noticed: {_said(sentence)}"


def _data(found: Findings, path: Path) -> Iterator[str]:
    yield f"source: {flow(_source(found.source, path))}"
    if found.format in ("csv", "parquet"):
        yield f"target: {flow(found.target.name)}"
    if found.left_out:
        yield f"drop: {flow(list(found.left_out))}"
        yield from (f"# {_said(name)}: {_said(reason)}" for name, reason in found.left_out.items())
    share = flow(0.1 if found.rows >= FEW_ROWS else 0.2)
    for part, purpose in (("validation", "watched while training"), ("test", "seen by the finished model only")):
        if part in found.own_parts:
            yield f"# {part}: the source has such a part of its own"
        else:
            yield f"{part}: {share}  # of the rows, {purpose}"
    if found.format == "images":
        height, width = _size(found)
        smaller = "" if (height, width) == found.shape[:2] else "; smaller than they are, to train faster"
        yield f"image: {{size: [{height}, {width}]}}  # height and width in pixels{smaller}"
    if found.kind == "image":
        yield "# For photographs, altered copies in training often help; take away the # to try:"
        yield "# augmentation: [RandomFlip: horizontal, RandomRotation: 0.05, RandomZoom: 0.1]"
    if found.uneven:
        most, least = max(found.counts.values()), min(found.counts.values())
        yield f"class_weight: balanced  # one class has {most:,} rows, another {least:,}"


def _layers(found: Findings) -> Iterator[str]:
    if found.kind == "image":
        side = min(_size(found))
        for filters in FILTERS[: max(1, min(4, int(math.log2(max(side, 8) / 4))))]:
            yield f"- Conv2D: {{filters: {filters}, kernel_size: 3, padding: same}}"
            yield "- MaxPooling2D: 2"
        yield "- Flatten"
        yield "- Dense: 100"
    else:
        if len(found.shape) > 1:
            yield "- Flatten"
        for units in (64, 32) if found.rows < MANY_ROWS else (128, 64):
            yield f"- Dense: {units}"
    yield "- Output  # units, activation and loss follow from the target"


def _learning(found: Findings) -> Iterator[str]:
    if found.kind == "image":
        yield "regularization: {batch_norm: before}"
    elif found.rows < MANY_ROWS:
        yield "regularization: {dropout: 0.1}"
    yield "optimizer: {AdamW: {learning_rate: 1e-3, weight_decay: 0.01}}"
    batch = _batch_size(found.rows)
    epochs, patience = (30, 8) if found.kind == "image" or found.rows >= MANY_ROWS else (100, 15)
    yield f"training: {{epochs: {epochs}, batch_size: {batch}, early_stopping: {{patience: {patience}}}}}"


def _batch_size(rows: int) -> int:
    """32, as Keras has it; fewer where an epoch would have hardly a step, more where it would have thousands."""
    if rows >= MANY_ROWS:
        return 128
    return max(1, min(32, 2 ** int(math.log2(max(2, rows / 8)))))


def _size(found: Findings) -> tuple[int, int]:
    height, width = found.shape[:2]
    shrink = min(1.0, WIDE / max(height, width)) if found.format == "images" else 1.0
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _source(source: str, path: Path) -> str:
    """Relative to the file where the data lies near it, so that both can move together; absolute elsewhere."""
    if source in BUILT_IN:
        return source
    absolute = Path(source).absolute()
    relative = Path(os.path.relpath(absolute, path.absolute().parent))
    return relative.as_posix() if relative.parts.count("..") < 2 else absolute.as_posix()


def _said(text: str) -> str:
    """A name from the data, fit for one line of a comment."""
    return " ".join(str(text).split())
