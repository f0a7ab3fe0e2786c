"""The trained head of a pretrained model: what it predicts, and how a new `Output` goes on from it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdeep.data.dataset import Dataset
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import Target
from kerasdeep.errors import InputError
from kerasdeep.heads import by_head
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.freezing import leaf_layers
from kerasdeep.modeling.pretrained.weights_by_name import TransferRecord
from kerasdeep.runs import RunDir
from kerasdeep.runs.files import read_json

UNKNOWN_ORDER = "whose names the file does not hold, taken to be in this order"
_WITHOUT_WEIGHTS_BEHIND = (
    *("Activation", "Softmax", "ReLU", "Dropout", "Flatten", "Reshape", "GlobalAveragePooling2D", "Identity"),
)
MAX_SHOWN = 20
CHECKED_ROWS = 256


@dataclass(frozen=True)
class SourceHead:
    """The last layer with weights of a model, as a dense layer: `kernel` (features, units), `bias` (units,).

    `digest` stands for its weights: what is drawn with it in the seed is not drawn as they once were.
    """

    layer: keras.Layer
    kernel: np.ndarray
    bias: np.ndarray
    activation: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.kernel.tobytes()).hexdigest()[:12]


def find_head(model: keras.Model) -> SourceHead | None:
    """The model's head, where it is one dense layer or a convolution of one pixel; None for any other end."""
    layers = [layer for _, layer in leaf_layers(model)]
    last = max((index for index, layer in enumerate(layers) if layer.weights), default=-1)
    if last < 0 or len(model.outputs) != 1:
        return None
    head, behind = layers[last], layers[last + 1 :]
    is_conv = isinstance(head, keras.layers.Conv2D) and tuple(head.kernel_size) == (1, 1) and head.groups == 1
    if not (isinstance(head, keras.layers.Dense) or is_conv):
        return None
    if any(type(layer).__name__ not in _WITHOUT_WEIGHTS_BEHIND for layer in behind):
        return None
    kernel = keras.ops.convert_to_numpy(head.kernel)
    kernel = kernel.reshape(kernel.shape[-2:])
    bias = keras.ops.convert_to_numpy(head.bias) if head.use_bias else np.zeros(kernel.shape[1], kernel.dtype)
    activations = [head.activation.__name__]
    for layer in behind:
        activations += ["softmax"] * isinstance(layer, keras.layers.Softmax)
        activations += [layer.activation.__name__] if isinstance(layer, keras.layers.Activation) else []
    named = [name for name in activations if name != "linear"]
    return SourceHead(head, kernel, bias, named[-1] if named else "linear")


COPIED_BY_UNIT = frozenset({"binary", "multiclass", "regression"})
"""Kinds of targets of which each unit is one class or number, whatever the others are."""


def source_targets(path: Path) -> list[TargetEncoder] | None:
    """What a model predicts, by its run directory or the description that `export` wrote beside it; None if unknown."""
    run = RunDir(path if path.is_dir() else path.parent)
    if path.is_dir() or (run.model == path and run.preprocessing_json.is_file()):
        try:
            return Preprocessing.load(run.preprocessing_npz, run.preprocessing_json).targets
        except InputError:  # the model alone is all that is needed
            return None
    description = read_json(path.with_name(f"{path.name}.json"))
    try:
        targets = [target for output in description["outputs"] for target in output["targets"]]
        known = [TargetEncoder(str(t["name"]), str(t["kind"]), [], [str(c) for c in t["classes"]]) for t in targets]
    except (TypeError, KeyError):
        return None
    return known or None


def continue_head(
    head: SourceHead | None,
    known: list[TargetEncoder] | None,
    layer: keras.layers.Dense,
    targets: Sequence[Target],
    scaling: tuple[Any, Any],
) -> TransferRecord:
    """Gives `layer`, which predicts `targets`, the weights of `head`; says what it has now.

    Args:
        head: The trained head.
        known: What it predicts, where that is known.
        layer: The new output.
        targets: What that predicts.
        scaling: (scale, offset) of its numbers: original = output · scale + offset.

    Raises:
        ValueError: The head does not fit; the message says why.
    """
    if head is None:
        raise ValueError("what is kept does not end in front of a dense head")
    kernel, bias = layer.get_weights() if layer.use_bias else (*layer.get_weights(), None)
    if head.kernel.shape[0] != kernel.shape[0]:
        raise ValueError(f"it takes {head.kernel.shape[0]} features, and the new one {kernel.shape[0]}")
    if bias is None and head.bias.any():
        raise ValueError("it has a bias, and the new one none")
    kinds = {targets[0].kind, *(encoder.kind for encoder in known or ())}
    if not kinds <= COPIED_BY_UNIT:
        reason = _copy_whole(head, known, targets, kernel, bias)
    elif targets[0].task.has_classes:
        reason = _copy_classes(head, known, targets[0], kernel, bias)
    else:
        reason = _copy_numbers(head, known, targets, scaling, kernel, bias)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return TransferRecord(written_name(layer.name), "loaded", reason)


def _copy_whole(
    head: SourceHead,
    known: list[TargetEncoder] | None,
    targets: Sequence[Target],
    kernel: np.ndarray,
    bias: np.ndarray | None,
) -> str:
    """Writes the head as it is, where its units mean something only together: the target must be the same."""
    if known is None or [encoder.target for encoder in known] != list(targets) or targets[0].task.predicts_numbers:
        raise ValueError(f"what it predicts is not known to be the same ({targets[0].kind})")
    kernel[:] = head.kernel
    if bias is not None:
        bias[:] = head.bias
    return "the trained head, as it was"


def check_beats_constant(model: keras.Model, dataset: Dataset, head: str) -> None:
    """Raises ValueError where the head is no better on training rows than their commonest class, or their mean."""
    rows = np.unique(np.linspace(0, len(dataset.train) - 1, min(CHECKED_ROWS, len(dataset.train))).astype(int))
    x = keras.tree.map_structure(lambda array: np.asarray(array[rows]), dataset.train.x)
    labels = np.asarray(by_head(dataset.train.y)[head][rows])
    outputs = keras.ops.convert_to_numpy(by_head(model(x, training=False))[head])
    if not dataset.heads[head][0].task.has_classes:
        labels = labels.reshape(outputs.shape)
        error, spread = float(np.square(outputs - labels).mean()), float(np.square(labels - labels.mean(0)).mean())
        if error >= spread:
            raise ValueError(f"as it is, its error on {len(rows)} training rows is no less than that of their mean")
        return
    predicted = outputs.argmax(1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(int)
    right, commonest = float((predicted == labels).mean()), np.bincount(labels[labels >= 0]).max() / len(labels)
    if right <= commonest:
        message = f"as it is, it is right on {right:.0%} of {len(rows)} training rows, and their commonest class makes "
        message += f"up {commonest:.0%}: it knows other classes, or pixels of another range (`data.scaling`)"
        raise ValueError(message)


def _copy_classes(
    head: SourceHead, known: list[TargetEncoder] | None, target: Target, kernel: np.ndarray, bias: np.ndarray | None
) -> str:
    """Writes the columns of the classes that the head knows into `kernel` and `bias`."""
    columns, biases = head.kernel, head.bias
    if columns.shape[1] == 1:  # one sigmoid: the first class is where it is small
        columns = np.hstack([np.zeros_like(columns), columns])
        biases = np.append(np.zeros_like(biases), biases)
    if known is None:
        if columns.shape[1] != len(target.classes):
            message = f"it has {head.kernel.shape[1]} outputs, and the data {len(target.classes)} classes"
            raise ValueError(message)
        known_classes, order = target.classes, f", {UNKNOWN_ORDER}"
    else:
        if len(known) != 1 or not known[0].task.has_classes or len(known[0].classes) > columns.shape[1]:
            raise ValueError(f"it predicts {', '.join(encoder.name for encoder in known)}, which is something else")
        known_classes, order = known[0].classes, ""
    position = {name: number for number, name in enumerate(known_classes)}
    old = {number: position[name] for number, name in enumerate(target.classes) if name in position}
    new_names = [name for name in target.classes if name not in position]
    is_single = kernel.shape[1] == 1
    if not old or (is_single and new_names):
        raise ValueError(f"it knows {_shown(known_classes)}, and {_shown(new_names)} are not among them")
    if is_single:
        first, second = old[0], old[1]
        kernel[:, 0] = columns[:, second] - columns[:, first]
        if bias is not None:
            bias[0] = biases[second] - biases[first]
    else:
        for number, source in old.items():
            kernel[:, number] = columns[:, source]
            if bias is not None:
                bias[number] = biases[source]
    kept = [target.classes[number] for number in old]
    added = f"; new: {_shown(new_names)}" if new_names else ""
    return f"the trained head goes on with the classes {_shown(kept)}{order}{added}"


def _copy_numbers(
    head: SourceHead,
    known: list[TargetEncoder] | None,
    targets: Sequence[Target],
    scaling: tuple[Any, Any],
    kernel: np.ndarray,
    bias: np.ndarray | None,
) -> str:
    """The head's numbers in the scale of the new output."""
    names = [target.name for target in targets]
    if head.kernel.shape[1] != len(targets) or head.activation != "linear":
        raise ValueError(f"it has {head.kernel.shape[1]} {head.activation} outputs, and {', '.join(names)} are numbers")
    if known is not None and [encoder.name for encoder in known] != names:
        raise ValueError(f"it predicts {', '.join(encoder.name for encoder in known)}, not {', '.join(names)}")
    scale, offset = (np.broadcast_to(np.asarray(value, np.float64), len(targets)) for value in scaling)
    old_scale = np.array([encoder.scale for encoder in known]) if known else np.ones(len(targets))
    old_offset = np.array([encoder.center for encoder in known]) if known else np.zeros(len(targets))
    kernel[:] = head.kernel * (old_scale / scale)
    if bias is not None:
        bias[:] = (head.bias * old_scale + old_offset - offset) / scale
    elif (old_offset != offset).any():
        raise ValueError("its numbers have another mean, and the new one has no bias for it")
    return f"the trained head goes on with {', '.join(names)}"


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_SHOWN]) + (f", … ({len(names)})" if len(names) > MAX_SHOWN else "")
